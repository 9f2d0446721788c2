//! The pipeline: any text is kept to the byte, tokens are in order, and the document survives CoNLL-U,
//! JSON and its binary form.
//! Covers: crates/nlp/src
#![no_main]

use std::sync::LazyLock;

use botsmith_nlp::{Doc, Pipeline, conllu};
use libfuzzer_sys::fuzz_target;

static ENGLISH: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::english().expect("the model inside"));

fuzz_target!(|text: &str| {
    let doc = ENGLISH.annotate(text).expect("a short text");
    assert_eq!(doc.text(), text);
    let mut end = 0;
    for token in doc.tokens() {
        assert!(
            text[end..token.span().start]
                .chars()
                .all(char::is_whitespace)
        );
        end = token.span().end;
    }
    assert!(text[end..].chars().all(char::is_whitespace));
    assert_eq!(
        Doc::from_json("doc", &doc.to_json()).expect("our JSON"),
        doc
    );
    assert_eq!(
        Doc::from_bytes("doc", &doc.to_bytes()).expect("our bytes"),
        doc
    );
    if doc.words().len() > 0 {
        assert_eq!(
            conllu::read("doc", &conllu::write(&doc)).expect("our CoNLL-U"),
            doc
        );
    }
});
