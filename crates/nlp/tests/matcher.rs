//! The matchers over hand-tagged documents: every condition and operator, which matches are kept, laws
//! against a matcher that tries everything, and time that does not explode.

use std::fmt::Write as _;

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_nlp::matcher::{
    Compare, Flag, Keep, Match, Matcher, Pattern, PhraseMatcher, Text, Times, WordPattern,
};
use botsmith_nlp::{Doc, DocBuilder, Error, conllu};
use proptest::prelude::*;

/// Words as `form/lemma/UPOS/XPOS/FEATS`, sentences with `|` between.
fn doc(text: &str) -> Doc {
    let mut out = String::new();
    for sentence in text.split(" | ") {
        for (number, word) in sentence.split(' ').enumerate() {
            let mut fields: Vec<_> = word.split('/').collect();
            while fields.len() < 5 {
                fields.push("_");
            }
            let [form, lemma, upos, xpos, feats] = fields[..] else {
                panic!("{word}")
            };
            let feats = feats.replace('+', "|");
            let number = number + 1;
            let _ = writeln!(
                out,
                "{number}\t{form}\t{lemma}\t{upos}\t{xpos}\t{feats}\t_\t_\t_\t_"
            );
        }
        out.push('\n');
    }
    conllu::read("test.conllu", &out).expect("well formed")
}

fn read(yaml: &str) -> Result<Matcher, Error> {
    let source = Source::new("patterns.yaml", yaml);
    let root = parse(&source)?;
    Matcher::read(&Cursor::new(&source, &root))
}

fn texts<'a>(found: &[Match], doc: &'a Doc) -> Vec<&'a str> {
    found.iter().map(|one| one.span.text(doc)).collect()
}

/// The matches of one pattern in YAML.
fn matches(words: &str, keep: &str, doc: &Doc) -> Vec<String> {
    let yaml = format!("{{patterns: [{{name: p, words: {words}}}], keep: {keep}}}");
    let matcher = read(&yaml).unwrap_or_else(|error| panic!("{words}: {error}"));
    let found = matcher.find(doc);
    texts(&found, doc).iter().map(ToString::to_string).collect()
}

const CATS: &str = "The/the/DET/DT/Definite=Def+PronType=Art two/two/NUM/CD/NumType=Card \
    Cats/cat/NOUN/NNS/Number=Plur were/be/AUX/VBD/Mood=Ind+Tense=Past+VerbForm=Fin \
    not/not/PART/RB quickly/quickly/ADV/RB running/run/VERB/VBG/VerbForm=Ger ././PUNCT/. \
    | Mail/mail/VERB/VB ann@x.org/ann@x.org/X/ADD or/or/CCONJ/CC see/see/VERB/VB \
    www.x.org/www.x.org/X/ADD !/!/PUNCT/.";

#[test]
fn every_condition_finds_its_words() {
    let doc = doc(CATS);
    for (words, wanted) in [
        ("[{form: Cats}]", &["Cats"][..]),
        ("[{form: cats}]", &[]),
        ("[{lower: cats}]", &["Cats"]),
        ("[{lower: CATS}]", &["Cats"]),
        ("[cats]", &["Cats"]),
        ("[{lemma: be}]", &["were"]),
        ("[{lemma: [be, run]}]", &["were", "running"]),
        (
            "[{upos: {not-in: [NOUN, VERB, AUX, X, PUNCT, ADV, PART]}}]",
            &["The", "two", "or"],
        ),
        ("[{xpos: {regex: '^VB[DG]$'}}]", &["were", "running"]),
        ("[{lower: {regex: 'ly$'}}]", &["quickly"]),
        ("[{feats: Number=Plur}]", &["Cats"]),
        ("[{feats: [Tense=Past, VerbForm=Fin]}]", &["were"]),
        ("[{feats: Tense=Past|VerbForm=Ger}]", &[]),
        (
            "[{feats: {any: [VerbForm=Ger, NumType=Card]}}]",
            &["two", "running"],
        ),
        (
            "[{feats: {none: [VerbForm=Fin]}, upos: [AUX, VERB]}]",
            &["running", "Mail", "see"],
        ),
        ("[{shape: Xxxx}]", &["Cats", "Mail"]),
        ("[{length: 3}]", &["The", "two", "not", "see"]),
        ("[{length: {min: 7, max: 7}}]", &["quickly", "running"]),
        ("[{length: {min: 8}}]", &["ann@x.org", "www.x.org"]),
        ("[{is-title: true}]", &["The", "Cats", "Mail"]),
        (
            "[{is-title: false, is-alpha: true, length: {max: 2}}]",
            &["or"],
        ),
        ("[{is-punct: true}]", &[".", "!"]),
        ("[{like-email: true}]", &["ann@x.org"]),
        ("[{like-url: true}]", &["www.x.org"]),
        ("[{like-number: true}]", &["two"]),
        ("[{is-sent-start: true}]", &["The", "Mail"]),
        ("[{is-sent-end: true}]", &[".", "!"]),
        ("[{upos: VERB, is-sent-start: true}]", &["Mail"]),
    ] {
        assert_eq!(matches(words, "all", &doc), wanted, "{words}");
    }
}

#[test]
fn operators_stand_for_as_many_words_as_they_say() {
    let doc = doc("a b b b c | b c a c");
    for (words, wanted) in [
        ("[a, b]", &["a b"][..]),
        ("[a, {lower: b, op: '?'}, c]", &["a c"]),
        ("[a, {lower: b, op: '*'}, c]", &["a b b b c", "a c"]),
        ("[a, {lower: b, op: '+'}, c]", &["a b b b c"]),
        ("[{lower: b, op: '{3}'}]", &["b b b"]),
        ("[{lower: b, op: '{2}'}]", &["b b", "b b"]),
        ("[{lower: b, op: '{2,}'}]", &["b b", "b b b", "b b"]),
        ("[a, {lower: b, op: '{,2}'}]", &["a", "a b", "a b b", "a"]),
        ("[a, {lower: b, op: '{1,2}'}]", &["a b", "a b b"]),
        ("[{lower: b, op: '!'}, c]", &["a c"]),
        ("[{op: '+'}, a]", &["b c a", "c a"]),
        ("[a, {op: '*'}, c]", &["a b b b c", "a c"]),
        ("[{lower: x, op: '*'}]", &[]),
        (
            "[{lower: b, op: '*'}, {lower: b, op: '+'}, c]",
            &["b b b c", "b b c", "b c", "b c"],
        ),
    ] {
        assert_eq!(matches(words, "all", &doc), wanted, "{words}");
    }
}

#[test]
fn of_overlapping_matches_the_wanted_ones_are_kept() {
    let doc = doc("a a b a a a");
    for (words, longest, first) in [
        (
            "[{lower: a, op: '+'}]",
            &["a a", "a a a"][..],
            &["a a", "a a a"][..],
        ),
        (
            "[a, {op: '{,3}'}]",
            &["a a b a", "a a"],
            &["a a b a", "a a"],
        ),
        ("[{op: '?'}, b, {op: '?'}]", &["a b a"], &["a b a"]),
    ] {
        assert_eq!(matches(words, "longest", &doc), longest, "{words}");
        assert_eq!(matches(words, "first", &doc), first, "{words}");
    }
    let two =
        "{patterns: [{name: x, words: [a]}, {name: y, words: [a, b]}, {name: x, words: [b]}]}";
    let matcher = read(two).expect("well formed");
    let found = matcher.find(&doc);
    let names: Vec<_> = found
        .iter()
        .map(|one| (&*one.name, one.span.words.start))
        .collect();
    assert_eq!(
        names,
        [
            ("x", 0),
            ("x", 1),
            ("y", 1),
            ("x", 2),
            ("x", 3),
            ("x", 4),
            ("x", 5)
        ]
    );
}

#[test]
fn a_match_stays_in_its_sentence_unless_asked() {
    let doc = doc("a b | c d");
    assert_eq!(matches("[b, c]", "all", &doc), [] as [&str; 0]);
    let yaml = "{patterns: [{words: [b, c]}], across-sentences: true}";
    let found = read(yaml).expect("well formed").find(&doc);
    assert_eq!(texts(&found, &doc).len(), 1);
    assert_eq!(&*found[0].name, "pattern 1");
    assert_eq!(
        (found[0].span.words.clone(), found[0].span.tokens.clone()),
        (1..3, 1..3)
    );
}

#[test]
fn words_of_a_multiword_token_match_apart_and_have_their_bytes() {
    let text = "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\tAUX\t_\t_\t_\t_\t_\t_\n\
                2\tn't\tnot\tPART\t_\t_\t_\t_\t_\t_\n3\tgo\tgo\tVERB\t_\t_\t_\t_\t_\t_\n\n";
    let doc = conllu::read("a", text).expect("well formed");
    let found = read("{patterns: [{words: [{lemma: not}, {upos: VERB}]}]}")
        .expect("fits")
        .find(&doc);
    assert_eq!(texts(&found, &doc), ["n't go"]);
    assert_eq!(
        (found[0].span.bytes.clone(), found[0].span.tokens.clone()),
        (2..8, 0..2)
    );
}

#[test]
fn a_mistake_in_a_pattern_names_its_place_and_the_nearest_word() {
    for (yaml, wanted, place) in [
        (
            "{patterns: [{words: [{lema: be}]}]}",
            "did you mean `lemma`?",
            ":1:",
        ),
        (
            "{patterns: [{words: [{LOWER: be}]}]}",
            "did you mean `lower`?",
            "words[0]",
        ),
        (
            "{patterns: [{words: [{upos: NUON}]}]}",
            "did you mean `NOUN`?",
            "words[0].upos",
        ),
        (
            "{patterns: [{words: [{upos: noun}]}]}",
            "did you mean `NOUN`?",
            "upos",
        ),
        (
            "{patterns: [{words: [{lemma: {regex: '('}}]}]}",
            "not a valid regular expression",
            "regex",
        ),
        (
            "{patterns: [{words: [{lemma: {inn: [a]}}]}]}",
            "did you mean `in`?",
            "lemma",
        ),
        (
            "{patterns: [{words: [{lower: a, op: '**'}]}]}",
            "is no operator",
            "op",
        ),
        (
            "{patterns: [{words: [{lower: a, op: '{3,2}'}]}]}",
            "stands for no number of words",
            "op",
        ),
        (
            "{patterns: [{words: [{lower: a, op: '{999}'}]}]}",
            "more than a match can hold",
            "op",
        ),
        (
            "{patterns: [{words: [{op: '!'}]}]}",
            "needs a condition",
            "op",
        ),
        (
            "{patterns: [{words: [{feats: Plur}]}]}",
            "one is written `Number=Plur`",
            "feats",
        ),
        (
            "{patterns: [{words: [{length: {min: 3, max: 2}}]}]}",
            "`min` is above `max`",
            "length",
        ),
        ("{patterns: [{words: []}]}", "at least one word", "words"),
        (
            "{patterns: [{words: [a]}], keep: longst}",
            "did you mean `longest`?",
            "keep",
        ),
        (
            "{patterns: [{word: [a]}]}",
            "did you mean `words`?",
            "patterns[0]",
        ),
    ] {
        let message = read(yaml).expect_err(yaml).to_string();
        assert!(message.contains(wanted), "{yaml}: {message}");
        assert!(message.contains(place), "{yaml}: {message}");
    }
    let long = WordPattern::any().times(Times::between(200, Some(256)));
    let long = Pattern::new("long", vec![long; 5]);
    let error = Matcher::builder()
        .pattern(long)
        .build()
        .expect_err("too long");
    assert_eq!(error.code(), "BS-NLP-021");
    let bad = Pattern::new("bad", [WordPattern::any().form(Text::regex("["))]);
    let error = Matcher::builder()
        .pattern(bad)
        .build()
        .expect_err("no regex");
    assert!(
        error
            .to_string()
            .starts_with("pattern `bad`: `[` is not a valid"),
        "{error}"
    );
}

#[test]
fn patterns_that_make_backtracking_explode_take_no_longer() {
    // One sentence of 5,000 words: `(a*)(a*)…b` tried word by word by a backtracking matcher would
    // take 5,000^20 steps.
    let mut builder = DocBuilder::new("a ".repeat(5_000)).expect("short");
    (0..5_000).for_each(|word| builder.token(word * 2..word * 2 + 1));
    let doc = builder.build();
    let many = WordPattern::any().form("a").times(Times::ANY);
    let words = std::iter::repeat_n(many, 20).chain([WordPattern::any().form("b")]);
    let matcher = Matcher::builder()
        .pattern(Pattern::new("deep", words))
        .build();
    assert_eq!(matcher.expect("fits").find(&doc), []);
}

#[test]
fn phrases_match_whole_words_in_each_way_of_comparing() {
    let doc = doc(
        "She/she ran/run out/out of/of New/new York/york | Cats/cat love/love new/new york/york \
                   | New/new Yorkers/yorker",
    );
    for (compare, phrases, wanted) in [
        (Compare::Exact, &["New York"][..], &["New York"][..]),
        (
            Compare::Exact,
            &["ew York", "New Yor", "York Cats", "run out"],
            &[],
        ),
        (
            Compare::IgnoreCase,
            &["NEW  york"],
            &["New York", "new york"],
        ),
        (
            Compare::Lemma,
            &["run out of", "cat"],
            &["ran out of", "Cats"],
        ),
        (
            Compare::Lemma,
            &["new", "new york"],
            &["New York", "new york", "New"],
        ),
        (
            Compare::IgnoreCase,
            &["new york", "of new", "of"],
            &["of New", "new york"],
        ),
    ] {
        let named = phrases.iter().map(|phrase| (*phrase, *phrase));
        let matcher = PhraseMatcher::new(compare, named).expect("phrases");
        assert_eq!(
            texts(&matcher.find(&doc), &doc),
            wanted,
            "{compare:?} {phrases:?}"
        );
    }
    let all = PhraseMatcher::new(Compare::IgnoreCase, [("a", "new"), ("b", "new york")]);
    let all = all.expect("phrases").keep(Keep::All);
    assert_eq!(
        texts(&all.find(&doc), &doc),
        ["New", "New York", "new", "new york", "New"]
    );
    let across = PhraseMatcher::new(Compare::IgnoreCase, [("a", "york cats")]).expect("phrases");
    assert_eq!(across.find(&doc).len(), 0);
    assert_eq!(across.across_sentences().find(&doc).len(), 1);
    assert!(PhraseMatcher::new(Compare::Exact, [("a", " ")]).is_err());
}

#[test]
fn a_hundred_thousand_phrases_load_and_are_found() {
    let phrases = (0..100_000).map(|n| ("number", format!("word{n} part{}", n % 100)));
    let matcher = PhraseMatcher::new(Compare::Exact, phrases).expect("phrases");
    let doc = doc("see word4711 part11 and word99999 part99 but word1 part2");
    assert_eq!(
        texts(&matcher.find(&doc), &doc),
        ["word4711 part11", "word99999 part99"]
    );
}

/// All stretches that match, found by trying every way.
fn by_trying(words: &[(u8, Times)], doc: &[u8]) -> Vec<(usize, usize)> {
    fn ends(words: &[(u8, Times)], doc: &[u8], at: usize, out: &mut Vec<usize>) {
        let Some(((letter, times), rest)) = words.split_first() else {
            return out.push(at);
        };
        let (min, max, negated) = match *times {
            Times::OPTIONAL => (0, 1, false),
            Times::ANY => (0, doc.len(), false),
            Times::SOME => (1, doc.len(), false),
            Times::NOT => (1, 1, true),
            Times::ONCE => (1, 1, false),
            _ => (2, 3, false),
        };
        let mut taken = 0;
        loop {
            if taken >= min {
                ends(rest, doc, at + taken, out);
            }
            let fits = doc
                .get(at + taken)
                .is_some_and(|c| (c == letter) != negated);
            if taken == max || !fits {
                return;
            }
            taken += 1;
        }
    }
    let mut found = Vec::new();
    for start in 0..doc.len() {
        let mut out = Vec::new();
        ends(words, doc, start, &mut out);
        out.sort_unstable();
        out.dedup();
        found.extend(
            out.into_iter()
                .filter(|end| *end > start)
                .map(|end| (start, end)),
        );
    }
    found
}

fn letters(text: &[u8]) -> Doc {
    let written: String = text.iter().flat_map(|c| [char::from(*c), ' ']).collect();
    let mut builder = DocBuilder::new(written).expect("short");
    (0..text.len()).for_each(|at| builder.token(at * 2..at * 2 + 1));
    builder.build()
}

fn times() -> impl Strategy<Value = Times> {
    proptest::sample::select(vec![
        Times::ONCE,
        Times::OPTIONAL,
        Times::ANY,
        Times::SOME,
        Times::NOT,
        Times::between(2, Some(3)),
    ])
}

proptest! {
    #[test]
    fn the_automaton_finds_what_trying_every_way_finds(
        words in proptest::collection::vec((b'a'..=b'c', times()), 1..6),
        text in proptest::collection::vec(b'a'..=b'c', 0..12),
    ) {
        let doc = letters(&text);
        let pattern = || {
            let words = words.iter().map(|(letter, times)| {
                WordPattern::any().form(&*char::from(*letter).to_string()).times(*times)
            });
            Pattern::new("p", words)
        };
        let found = |keep| -> Vec<(usize, usize)> {
            let matcher = Matcher::builder().pattern(pattern()).keep(keep).build().expect("fits");
            let found = matcher.find(&doc);
            found.iter().map(|one| (one.span.words.start, one.span.words.end)).collect()
        };
        let all = found(Keep::All);
        prop_assert_eq!(&all, &by_trying(&words, &text));
        for keep in [Keep::Longest, Keep::First] {
            let kept = found(keep);
            prop_assert!(kept.iter().all(|pair| all.contains(pair)));
            prop_assert!(kept.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", kept);
            // Nothing that is left out could be added.
            for pair in &all {
                prop_assert!(kept.iter().any(|one| one.0 < pair.1 && pair.0 < one.1));
            }
        }
    }

    #[test]
    fn offsets_of_matches_are_borders_of_characters(text in "\\PC{0,40}") {
        let mut builder = DocBuilder::new(text.clone()).expect("short");
        let mut at = 0;
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            if !word.is_empty() {
                builder.token(at..at + word.len());
            }
            at += part.len();
        }
        let doc = builder.build();
        let any = WordPattern::any().not_flag(Flag::Digit).times(Times::SOME);
        let matcher = Matcher::builder().pattern(Pattern::new("p", [any])).keep(Keep::All).build();
        for one in matcher.expect("fits").find(&doc) {
            prop_assert!(text.get(one.span.bytes).is_some());
        }
        let phrases: Vec<_> = doc.words().map(|word| word.form().to_owned()).collect();
        let named = phrases.iter().map(|phrase| (phrase, phrase));
        for compare in [Compare::Exact, Compare::IgnoreCase] {
            let matcher = PhraseMatcher::new(compare, named.clone()).expect("phrases");
            let found = matcher.keep(Keep::All).find(&doc);
            prop_assert!(found.len() >= phrases.len());
            for one in found {
                prop_assert!(text.get(one.span.bytes).is_some());
            }
        }
    }
}
