//! Tokenizers built from GGUF metadata give the ids of their originals, on 500 strings in many scripts.

use std::collections::BTreeMap;
use std::path::Path;

use botsmith_core::engine::Tokenizer;
use botsmith_core::engine::gguf::Gguf;

use crate::support::fixture;

/// The CRC-32 of zlib over the ids with commas between.
fn check(ids: &[u32]) -> u32 {
    let text: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut sum = u32::MAX;
    for byte in text.join(",").bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

fn read<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let text = std::fs::read_to_string(fixture(file)).expect("a fixture");
    serde_json::from_str(&text).expect("JSON")
}

fn tokenizer(name: &str) -> Tokenizer {
    let path = fixture(&format!("tokenizer-{name}.gguf"));
    Tokenizer::from_gguf(Path::new(name), &Gguf::open(&path).expect("a head")).expect("a tokenizer")
}

#[test]
fn every_string_has_the_ids_of_the_original() {
    assert_eq!(check(&[1, 20, 300]), 0xF99D_8C52, "the sum is zlib's");
    let strings: Vec<String> = read("strings.json");
    assert_eq!(strings.len(), 500);
    let sums: BTreeMap<String, Vec<u32>> = read("strings-sums.json");
    let mut wrong = Vec::new();
    for (name, sums) in &sums {
        let tokenizer = tokenizer(name);
        for (text, wanted) in strings.iter().zip(sums) {
            let ids = tokenizer.encode(text, true).expect("ids");
            if check(&ids) != *wanted {
                wrong.push(format!("{name}: {text:?}: {ids:?}"));
            }
        }
    }
    let shown: Vec<&String> = wrong.iter().take(20).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {shown:#?}",
        wrong.len(),
        strings.len() * sums.len()
    );
}

#[test]
fn what_was_encoded_is_decoded() {
    let strings: Vec<String> = read("strings.json");
    for name in ["gpt2", "llama3", "llama2"] {
        let tokenizer = tokenizer(name);
        for text in &strings {
            let ids = tokenizer.encode(text, true).expect("ids");
            assert_eq!(tokenizer.decode(&ids, true).expect("text"), *text, "{name}");
        }
    }
}

#[test]
fn special_tokens_are_one_id_and_can_be_left_out() {
    let tokenizer = tokenizer("llama3");
    let end = tokenizer.id("<|end|>").expect("a special token");
    let ids = tokenizer.encode("a<|end|>", true).expect("ids");
    assert_eq!(
        (ids.first(), ids.last()),
        (tokenizer.id("<|begin|>").as_ref(), Some(&end))
    );
    assert_eq!(tokenizer.decode(&ids, true).expect("text"), "a");
    assert_eq!(tokenizer.encode("a", false).expect("ids").len(), 1);
    assert_eq!(tokenizer.token(end).as_deref(), Some("<|end|>"));
}
