//! CoNLL-U: what is read, what is written, what is refused and where.

use botsmith_nlp::{Doc, DocBuilder, conllu};
use proptest::prelude::*;

const RICH: &str = "# newdoc id = one
# sent_id = a-1
# text = Don't go.
# anything else
1-2\tDon't\t_\t_\t_\tTypo=Yes\t_\t_\t_\tFoo=1
1\tDo\tdo\tAUX\tVB\tMood=Imp|VerbForm=Fin\t3\taux\t3:aux\t_
2\tn't\tnot\tPART\tRB\tPolarity=Neg\t3\tadvmod\t3:advmod\tLSplit=no
2.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t0:root\t_
3\tgo\tgo\tVERB\tVB\tVerbForm=Inf\t0\troot\t0:root\tSpaceAfter=No
4\t.\t.\tPUNCT\t.\t_\t3\tpunct\t3:punct\t_

# sent_id = a-2
0.1\tx\tx\tX\tX\t_\t_\t_\t_\t_
1\tIn\tin\tADP\tIN\t_\t0\troot\t_\tSpacesAfter=\\n\\s
2\tso\tso\tADV\tRB\t_\t1\tx\t_\tSpaceAfter=No

# newpar id = p2
# sent_id = a-3
1-2\tda\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\t_\t_\t0\tcase\t_\t_
2\ta\to\tDET\t_\t_\t0\tdet\t_\t_

";

fn read(text: &str) -> Doc {
    conllu::read("test.conllu", text).expect("it is CoNLL-U")
}

#[test]
fn a_file_with_everything_comes_back_to_the_byte() {
    let doc = read(RICH);
    assert_eq!(conllu::write(&doc), RICH);
    assert_eq!(read(&conllu::write(&doc)), doc);
}

#[test]
fn a_carriage_return_inside_a_line_is_kept_in_every_form_one_at_its_end_is_not() {
    let doc = read("# a\rb\n1\tDo\tdo\tAUX\tVB\t_\t.\r_\t0\troot\t_\r\r\n\n");
    let written = conllu::write(&doc);
    assert_eq!(
        written,
        "# a\rb\n1\tDo\tdo\tAUX\tVB\t_\t.\r_\t0\troot\t_\n\n"
    );
    assert_eq!(read(&written), doc);
    let back = Doc::from_bytes("doc", &doc.to_bytes()).expect("our bytes");
    assert_eq!(back, doc);
}

#[test]
fn the_text_is_rebuilt_from_forms_and_white_space() {
    assert_eq!(read(RICH).text(), "Don't go. In\n so\n\nda\n");
}

#[test]
fn words_that_spell_their_token_have_their_own_spans_others_the_tokens() {
    let doc = read(RICH);
    let spans: Vec<_> = doc
        .words()
        .map(|word| (word.form().to_owned(), word.span()))
        .collect();
    assert_eq!(spans[0], ("Do".into(), 0..2));
    assert_eq!(spans[1], ("n't".into(), 2..5));
    assert_eq!(spans[6], ("de".into(), 18..20));
    assert_eq!(spans[7], ("a".into(), 18..20));
    let sentence = doc.sentence(2).expect("three sentences");
    assert_eq!(sentence.text(), "da");
    assert_eq!(doc.token_at(19).map(botsmith_nlp::Token::form), Some("da"));
    assert!(doc.token_at(17).is_none());
}

#[test]
fn morphology_is_asked_by_pair_and_by_name() {
    let doc = read(RICH);
    let word = doc.word(0).expect("a word");
    assert_eq!(
        (word.upos(), word.xpos(), word.lemma()),
        ("AUX", "VB", "do")
    );
    assert!(word.feats().has("Mood=Imp"));
    assert_eq!(word.feats().get("VerbForm"), Some("Fin"));
    assert!(!word.feats().has("Polarity=Neg"));
    assert!(doc.word(3).expect("a full stop").feats().is_empty());
}

#[test]
fn windows_line_ends_and_a_missing_last_blank_line_are_read() {
    let unix = read(RICH);
    assert_eq!(read(&RICH.replace('\n', "\r\n")), unix);
    assert_eq!(read(RICH.trim_end()), unix);
}

#[test]
fn what_is_no_conllu_is_refused_with_its_line_and_column() {
    let word = "1\ta\ta\tX\tX\t_\t_\t_\t_\t_";
    let cases = [
        (
            "too few columns",
            "1\ta\ta".to_owned(),
            1,
            6,
            "3 columns, ten wanted",
        ),
        (
            "too many columns",
            format!("{word}\tx"),
            1,
            21,
            "11 columns",
        ),
        (
            "an empty column",
            "1\ta\t\tX\tX\t_\t_\t_\t_\t_".into(),
            1,
            5,
            "column 3 is empty",
        ),
        (
            "a second word first",
            word.replacen('1', "2", 1),
            1,
            1,
            "id `2` where 1 was wanted",
        ),
        (
            "an id that is no number",
            word.replacen('1', "é", 1),
            1,
            1,
            "id `é`",
        ),
        (
            "a range of one",
            format!("1-1{}", &word[1..]),
            1,
            1,
            "holds no two words",
        ),
        (
            "a range backwards",
            format!("2-1{}", &word[1..]),
            1,
            1,
            "out of order",
        ),
        (
            "a range cut short",
            format!("1-2{}\n{word}\n", &word[1..]),
            3,
            0,
            "inside the range",
        ),
        (
            "a range in a range",
            format!("1-2{0}\n1-2{0}", &word[1..]),
            2,
            1,
            "before the one to word 2",
        ),
        (
            "a late comment",
            format!("{word}\n# x"),
            2,
            1,
            "a comment inside a sentence",
        ),
        (
            "an empty node elsewhere",
            format!("3.1{}", &word[1..]),
            1,
            1,
            "after word 3",
        ),
        (
            "comments alone",
            "# x\n\n".into(),
            2,
            0,
            "a sentence without words",
        ),
    ];
    for (name, text, line, column, message) in cases {
        let error = conllu::read("bad.conllu", &text).expect_err(name);
        assert_eq!(error.code(), "BS-NLP-001", "{name}");
        let botsmith_nlp::Error::Core(core) = &error else {
            panic!("{name}: {error}")
        };
        let place = core
            .diagnostic()
            .unwrap_or_else(|| panic!("{name}: {error}"));
        assert_eq!(
            (place.line, place.column),
            (line, column),
            "{name}: {error}"
        );
        assert!(place.message.contains(message), "{name}: {error}");
    }
}

#[test]
fn an_empty_file_is_an_empty_document() {
    for text in ["", "\n", "\n\n\n"] {
        let doc = read(text);
        assert_eq!(
            (doc.text(), doc.words().len(), doc.sentences().len()),
            ("", 0, 0)
        );
        assert_eq!(conllu::write(&doc), "");
    }
}

/// Text cut at white space, each piece a token, a sentence after each that ends in `.`.
fn plain(text: &str) -> Doc {
    let mut builder = DocBuilder::new(text.to_owned()).expect("short");
    let mut at = 0;
    for piece in text.split(char::is_whitespace) {
        let start = at;
        at += piece.len()
            + text[at + piece.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        if piece.is_empty() {
            continue;
        }
        let span = start..start + piece.len();
        let cuts: Vec<_> = piece.split_inclusive('-').collect();
        match cuts.len() {
            1 => builder.token(span),
            _ => builder.multiword(span, cuts.into_iter()),
        }
        builder.lemma(builder.words() - 1, &piece.to_lowercase());
        if piece.ends_with('.') {
            builder.end_sentence();
        }
    }
    builder.build()
}

proptest! {
    #[test]
    fn any_text_survives_conllu(text in "(\\PC|[ \\t\\r\\n.\\-#_\u{a0}\u{2028}\u{b}]){0,60}") {
        let doc = plain(&text);
        let written = conllu::write(&doc);
        let back = read(&written);
        prop_assert_eq!(conllu::write(&back), written);
        if doc.words().len() > 0 {
            prop_assert_eq!(back.text(), &text);
            prop_assert_eq!(&back, &doc);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in "([0-9#\\-.\\t\\n_a]|\\t_){0,200}") {
        if let Ok(doc) = conllu::read("any.conllu", &text) {
            let written = conllu::write(&doc);
            prop_assert_eq!(&read(&written), &doc);
        }
    }
}
