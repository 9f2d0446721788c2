//! The pipeline over the English model: laws for any text, hard input, the same answer everywhere.
#![cfg(feature = "english")]

use std::sync::LazyLock;

use botsmith_nlp::{Doc, Given, Pipeline, conllu};
use proptest::prelude::*;

static ENGLISH: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::english().expect("the model inside"));

fn annotate(text: &str) -> Doc {
    ENGLISH.annotate(text).expect("short")
}

fn forms(doc: &Doc) -> Vec<&str> {
    doc.words().map(botsmith_nlp::Word::form).collect()
}

/// What must hold for every document.
fn check(doc: &Doc, text: &str) {
    assert_eq!(doc.text(), text);
    let mut end = 0;
    let mut rebuilt = String::new();
    for (number, sentence) in doc.sentences().enumerate() {
        assert_eq!(sentence.index(), number);
        assert!(sentence.tokens().len() > 0, "an empty sentence");
        for token in sentence.tokens() {
            let span = token.span();
            assert!(
                span.start >= end && span.end > span.start,
                "{span:?} after {end}"
            );
            assert!(
                text[end..span.start].chars().all(char::is_whitespace),
                "text between tokens"
            );
            assert!(
                !token.form().contains(char::is_whitespace),
                "{:?}",
                token.form()
            );
            rebuilt.push_str(&text[end..span.start]);
            rebuilt.push_str(token.form());
            end = span.end;
            let mut inside = span.start;
            for word in token.words() {
                let place = word.span();
                assert!(place.start >= span.start && place.end <= span.end);
                assert!(text.get(place.clone()).is_some());
                assert!(
                    place == span || place.start == inside,
                    "words of one token follow each other"
                );
                inside = place.end;
                assert!(!word.form().is_empty() && !word.lemma().is_empty());
                assert_ne!(word.upos(), "_");
                assert_ne!(word.xpos(), "_");
            }
        }
    }
    assert!(
        text[end..].chars().all(char::is_whitespace),
        "text behind the last token"
    );
    rebuilt.push_str(&text[end..]);
    assert_eq!(rebuilt, text);
    assert_eq!(
        Doc::from_json("doc", &doc.to_json()).expect("our JSON"),
        *doc
    );
    assert_eq!(
        Doc::from_bytes("doc", &doc.to_bytes()).expect("our bytes"),
        *doc
    );
    if doc.words().len() > 0 {
        assert_eq!(
            conllu::read("doc", &conllu::write(doc)).expect("our CoNLL-U"),
            *doc
        );
    }
}

#[test]
fn a_plain_sentence_gets_words_tags_and_lemmas() {
    let doc = annotate("She wasn't running the company's offices.");
    check(&doc, "She wasn't running the company's offices.");
    assert_eq!(
        forms(&doc),
        [
            "She", "was", "n't", "running", "the", "company", "'s", "offices", "."
        ]
    );
    let lemmas: Vec<_> = doc.words().map(botsmith_nlp::Word::lemma).collect();
    assert_eq!(
        lemmas,
        [
            "she", "be", "not", "run", "the", "company", "'s", "office", "."
        ]
    );
    let upos: Vec<_> = doc.words().map(botsmith_nlp::Word::upos).collect();
    assert_eq!(
        upos,
        [
            "PRON", "AUX", "PART", "VERB", "DET", "NOUN", "PART", "NOUN", "PUNCT"
        ]
    );
    let offices = doc.word(7).expect("nine words");
    assert!(offices.feats().has("Number=Plur"));
    assert_eq!(&doc.text()[offices.span()], "offices");
    let token = doc.word(2).expect("nine words").token();
    assert_eq!((token.form(), token.is_multiword()), ("wasn't", true));
}

#[test]
fn sentences_end_where_readers_end_them() {
    let cases: [(&str, &[&str]); 4] = [
        (
            "Dr. Smith arrived at 5 p.m. yesterday. He left at once!",
            &["Dr. Smith arrived at 5 p.m. yesterday.", "He left at once!"],
        ),
        (
            "One paragraph\n\nanother paragraph",
            &["One paragraph", "another paragraph"],
        ),
        (
            "Is it true? Yes. It is.",
            &["Is it true?", "Yes.", "It is."],
        ),
        ("It costs $1,200.50 today.", &["It costs $1,200.50 today."]),
    ];
    for (text, wanted) in cases {
        let doc = annotate(text);
        let found: Vec<_> = doc.sentences().map(botsmith_nlp::Sentence::text).collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn what_is_given_stays() {
    let text = "Hello , world's end\nit is n't so";
    let doc = ENGLISH.annotate_given(text, Given::Tokens).expect("short");
    check(&doc, text);
    assert_eq!(forms(&doc), text.split_whitespace().collect::<Vec<_>>());
    assert_eq!(doc.sentences().len(), 2);
    let doc = ENGLISH
        .annotate_given("Hello. World's end\nNo", Given::Sentences)
        .expect("short");
    let sentences: Vec<_> = doc.sentences().map(botsmith_nlp::Sentence::text).collect();
    assert_eq!(sentences, ["Hello. World's end", "No"]);
}

#[test]
fn tagging_anew_keeps_tokens_and_what_conllu_says_beside() {
    let gold = "# sent_id = x\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\t_\t_\t_\t_\t3\taux\t_\tFoo=1\n2\tn't\t_\t_\t_\t_\t3\tadvmod\t_\t_\n3\tgo\t_\t_\t_\t_\t0\troot\t_\t_\n\n";
    let doc = ENGLISH
        .retag(&conllu::read("gold", gold).expect("CoNLL-U"))
        .expect("short");
    let written = conllu::write(&doc);
    assert!(
        written.starts_with("# sent_id = x\n1-2\tdon't\t"),
        "{written}"
    );
    assert!(written.contains("1\tdo\tdo\tAUX\t"), "{written}");
    assert!(written.contains("\t3\taux\t_\tFoo=1\n"), "{written}");
}

#[test]
fn hard_input_gives_sane_output_in_linear_time() {
    let long = "a".repeat(300_000);
    let lines = "\n".repeat(300_000);
    let words = "word ".repeat(40_000);
    let punctuation = "?!".repeat(20_000);
    let emoji = "👩‍👩‍👧 e\u{301}\u{301} \u{200d}\u{fe0f} ".repeat(500);
    for text in [
        "",
        " ",
        "\n\n\n",
        "\u{feff}",
        "\0",
        ".",
        "'s",
        "n't",
        &long,
        &lines,
        &words,
        &punctuation,
        &emoji,
    ] {
        check(&annotate(text), text);
    }
}

#[test]
fn a_paragraph_gets_the_same_answer_alone_and_among_others() {
    let long = "It was so, and so it was; ".repeat(90);
    let paragraphs = [
        "She wasn't here.",
        "Dr. Smith left at 5 p.m. yesterday. Did he? Yes",
        long.as_str(),
        "?",
        "naïve Zürich-based co-founder's e-mail: a.b@c.org",
    ];
    let tags = |doc: &Doc| -> Vec<String> {
        doc.sentences()
            .flat_map(|sentence| {
                let words = sentence.words().map(|word| {
                    let feats = word.feats().as_str();
                    format!("{} {} {} {feats}", word.form(), word.lemma(), word.xpos())
                });
                words.chain(["end".to_owned()]).collect::<Vec<_>>()
            })
            .collect()
    };
    let mut together = Vec::new();
    let mut alone = Vec::new();
    for round in 0..60 {
        let paragraph = paragraphs[(round * 7 + round / 3) % paragraphs.len()];
        together.push(paragraph);
        alone.extend(tags(&annotate(paragraph)));
    }
    assert_eq!(tags(&annotate(&together.join("\n\n"))), alone);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let texts: Vec<String> = (0..200)
        .map(|i| format!("Text {i} isn't long. The {}th cat's dogs ran to Al-Zaman, didn't they? Unseenword{i}ing!", i * 37))
        .collect();
    let alone: Vec<String> = texts
        .iter()
        .map(|text| conllu::write(&annotate(text)))
        .collect();
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let docs = pool
            .install(|| ENGLISH.annotate_all(&texts))
            .expect("short texts");
        let together: Vec<String> = docs.iter().map(conllu::write).collect();
        assert_eq!(together, alone, "{threads} threads");
    }
    let mut backwards = texts.clone();
    backwards.reverse();
    let fresh = Pipeline::english().expect("the model inside");
    for (text, wanted) in backwards.iter().zip(alone.iter().rev()) {
        assert_eq!(
            &conllu::write(&fresh.annotate(text.as_str()).expect("short")),
            wanted
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_text_is_recovered_to_the_byte(text in "(\\PC|[a-zA-Z'.,]{1,8}|[ \\t\\r\\n\u{a0}\u{2028}]|\\x00){0,40}") {
        check(&annotate(&text), &text);
    }
}
