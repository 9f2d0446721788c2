//! Model files: any bytes are refused or give a model that annotates without a panic. The checksum
//! is made right first, so that what lies behind it is reached.
//! Covers: crates/nlp/src/model crates/nlp/src/model.rs crates/nlp/src/engine.rs crates/nlp/src/lexicon.rs crates/nlp/src/script.rs
#![no_main]

use botsmith_nlp::{Model, Pipeline};
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 48;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() > HEADER {
        let sum = *blake3::hash(&bytes[HEADER..]).as_bytes();
        bytes[16..HEADER].copy_from_slice(&sum);
    }
    if let Ok(model) = Model::read("fuzz.bsm", bytes) {
        let doc = Pipeline::new(model)
            .annotate("It isn't so. U.S. 42%!")
            .expect("a short text");
        assert_eq!(doc.text(), "It isn't so. U.S. 42%!");
    }
});
