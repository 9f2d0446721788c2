//! Tables of token vectors: any bytes give a table or a named error, also where the checksum is right; any text has
//! tokens in order and a vector of length 1 or 0.
//!
//! Covers: crates/core/src/static_embeddings crates/core/src/static_embeddings.rs
#![no_main]

use botsmith_core::Vectors;
use botsmith_core::static_embeddings::StaticEmbeddings;
use libfuzzer_sys::fuzz_target;

/// The bytes with the checksum that they should have.
fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let (head, rest) = (bytes.get(..32)?, bytes.get(64..)?);
    let mut hasher = blake3::Hasher::new();
    hasher.update(head).update(rest);
    let sum = *hasher.finalize().as_bytes();
    bytes[32..64].copy_from_slice(&sum);
    Some(bytes)
}

fn check(table: &StaticEmbeddings, text: &str) {
    let tokens = table.tokens(text);
    for token in &tokens {
        assert!(text.get(token.start..token.end).is_some(), "a token lies in the text");
        assert!((token.id as usize) < table.len());
    }
    let vector = table.embed(&[text]);
    let length: f32 = vector.row(0).iter().map(|x| x * x).sum();
    assert!(length == 0.0 || (length - 1.0).abs() < 1e-3, "{length}");
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for bytes in [Some(bytes.to_vec()), mended(bytes)].into_iter().flatten() {
        match StaticEmbeddings::from_bytes("fuzz.bse", bytes) {
            Ok(table) => check(&table, &text),
            Err(error) => assert_eq!(error.code(), "BS-CORE-023"),
        }
    }
    let vectors = Vectors::from_rows(1, vec![1.0, -1.0, 0.5]);
    let bytes = StaticEmbeddings::write(&["a", "##b", "\u{e9}"], &vectors, "").expect("a table");
    check(&StaticEmbeddings::from_bytes("own.bse", bytes).expect("a table"), &text);
});
