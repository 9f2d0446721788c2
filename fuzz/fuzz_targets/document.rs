//! Documents in binary form: any bytes are refused or give a document that can be looked through and
//! written. The checksum is made right first, so that what lies behind it is reached.
//! Covers: crates/nlp/src/doc/binary.rs crates/nlp/src/conllu/binary.rs
#![no_main]

use botsmith_nlp::{Doc, conllu};
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 44;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= HEADER {
        let sum = *blake3::hash(&bytes[HEADER..]).as_bytes();
        bytes[12..HEADER].copy_from_slice(&sum);
    }
    if let Ok(doc) = Doc::from_bytes("fuzz", &bytes) {
        for word in doc.words() {
            assert!(doc.text().get(word.span()).is_some());
            assert!(!word.form().is_empty() && !word.token().form().is_empty());
        }
        let _ = (conllu::write(&doc), doc.to_json());
        let again = Doc::from_bytes("again", &doc.to_bytes()).expect("our bytes");
        assert_eq!(doc, again);
    }
});
