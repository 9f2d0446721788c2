//! CoNLL-U: any text gives a document that is written and read back the same, or an error that
//! names a line.
//! Covers: crates/nlp/src/conllu crates/nlp/src/conllu.rs crates/nlp/src/doc crates/nlp/src/doc.rs
#![no_main]

use botsmith_nlp::{Doc, Error, conllu};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match conllu::read("fuzz.conllu", text) {
    Ok(doc) => {
        let written = conllu::write(&doc);
        let back = conllu::read("written.conllu", &written).expect("what we write, we read");
        assert_eq!(doc, back);
        assert_eq!(
            Doc::from_bytes("doc", &doc.to_bytes()).expect("our bytes"),
            doc
        );
        for word in doc.words() {
            assert!(doc.text().get(word.span()).is_some());
            assert!(!word.token().form().is_empty());
        }
    }
    Err(Error::Core(error)) => {
        let place = error.diagnostic().expect("a place in the text");
        assert!(place.line >= 1 && place.line <= text.split('\n').count());
    }
    Err(error) => panic!("{error}"),
});
