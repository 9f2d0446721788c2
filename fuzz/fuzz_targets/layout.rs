//! Agent text: prose and marks lie on characters and in order, no token is markup of a block, and the text
//! comes back to the byte.
//! Covers: crates/nlp/src/markdown
#![no_main]

use std::sync::LazyLock;

use botsmith_nlp::markdown::Layout;
use botsmith_nlp::readability::{Counts, Readability};
use botsmith_nlp::{Pipeline, conllu};
use libfuzzer_sys::fuzz_target;

static ENGLISH: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::english().expect("the model inside"));

fuzz_target!(|text: &str| {
    let layout = Layout::of(text);
    let mut end = 0;
    for span in layout.blocks().iter().flat_map(|block| block.prose()) {
        assert!(span.start >= end && span.end > span.start);
        assert!(text.get(span.clone()).is_some());
        end = span.end;
    }
    for mark in layout.marks() {
        assert!(text.get(mark.span.clone()).is_some());
    }
    layout.prose(text);
    let doc = ENGLISH.annotate_markdown(text).expect("a short text");
    assert_eq!(doc.text(), text);
    let mut end = 0;
    for token in doc.tokens() {
        assert!(token.span().start >= end);
        end = token.span().end;
    }
    if doc.tokens().len() > 0 && !text.contains('\0') {
        let back = conllu::read("doc", &conllu::write(&doc)).expect("our CoNLL-U");
        assert_eq!(back.text(), text);
    }
    assert!(Counts::of_doc(&doc).sentences <= doc.sentences().len());
    for (figure, value) in Readability::of_text(text).figures() {
        assert!(value.is_finite(), "{}", figure.name());
    }
});
