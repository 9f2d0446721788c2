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

#[derive(serde::Deserialize)]
struct Splits {
    more: Vec<String>,
    /// A sum a name over all strings.
    names: BTreeMap<String, u32>,
    /// A sum a string over all names.
    strings: Vec<u32>,
}

/// The file whose merges go across every border, with another name for how texts are split.
fn unsplit(name: Option<&str>) -> Result<Tokenizer, botsmith_core::engine::EngineError> {
    let mut bytes = std::fs::read(fixture("tokenizer-unsplit.gguf")).expect("a head");
    let own = b"\x07\0\0\0\0\0\0\0unsplit";
    let at = bytes
        .windows(own.len())
        .position(|window| window == own)
        .expect("the name");
    if let Some(name) = name {
        let mut entry = (name.len() as u64).to_le_bytes().to_vec();
        entry.extend_from_slice(name.as_bytes());
        bytes.splice(at..at + own.len(), entry);
    } else {
        // The key is `tokenizer.ggml.pre`, before the kind of its value.
        bytes[at - 5] = b'_';
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).expect("a file");
    Tokenizer::from_gguf(&path, &Gguf::open(&path)?)
}

#[test]
fn every_name_of_a_split_gives_the_ids_of_the_original() {
    let wanted: Splits = read("splits.json");
    let mut strings: Vec<String> = read("strings.json");
    strings.extend(wanted.more);
    assert_eq!(strings.len(), wanted.strings.len());
    let mut rows = vec![Vec::new(); strings.len()];
    let mut wrong = Vec::new();
    for (name, sum) in &wanted.names {
        let tokenizer = unsplit(Some(name)).expect("a tokenizer");
        let sums: Vec<u32> = (strings.iter())
            .map(|text| check(&tokenizer.encode(text, true).expect("ids")))
            .collect();
        if check(&sums) != *sum {
            wrong.push(name);
        }
        for (row, sum) in rows.iter_mut().zip(sums) {
            row.push(sum);
        }
    }
    let texts: Vec<&String> = (strings.iter())
        .zip(rows.iter().zip(&wanted.strings))
        .filter(|(_, (row, sum))| check(row) != **sum)
        .map(|(text, _)| text)
        .collect();
    let shown = &texts[..texts.len().min(10)];
    assert!(wrong.is_empty(), "{wrong:?}, {}: {shown:#?}", texts.len());
    assert!(texts.is_empty());
}

#[test]
fn digits_are_split_one_by_one_where_the_file_says_smollm() {
    let tokenizer = unsplit(Some("smollm")).expect("a tokenizer");
    for (text, wanted) in [
        ("2024", vec!["2", "0", "2", "4"]),
        (" 10x", vec!["Ġ", "1", "0", "x"]),
        // Every number there is, not the ten digits alone.
        ("٣½", vec!["Ù£", "Â½"]),
    ] {
        let ids = tokenizer.encode(text, true).expect("ids");
        let pieces: Vec<String> = (ids.iter())
            .map(|id| tokenizer.token(*id).expect("a token"))
            .collect();
        let joined: Vec<&str> = pieces.iter().map(String::as_str).collect();
        // What no merge joins stays bytes; no piece has parts of two digits.
        assert_eq!(joined.concat(), wanted.concat(), "{text}");
        let borders = |pieces: &[&str]| -> Vec<usize> {
            let mut at = 0;
            pieces
                .iter()
                .map(|piece| {
                    at += piece.len();
                    at
                })
                .collect()
        };
        let made = borders(&joined);
        assert!(
            borders(&wanted).iter().all(|border| made.contains(border)),
            "{text}: {joined:?}"
        );
    }
    let digits = |name: &str| {
        let tokenizer = unsplit(Some(name)).expect("a tokenizer");
        tokenizer.encode("1234567", false).expect("ids").len()
    };
    assert_eq!(digits("smollm"), 7);
    assert!(digits("gpt-2") < 7, "merges that join digits are there");
}

#[test]
fn a_split_that_is_not_named_is_an_error() {
    for (name, said) in [
        (None, "`tokenizer.ggml.pre` is missing"),
        (Some("default"), "`tokenizer.ggml.pre` is `default`"),
        (Some("viking"), "viking"),
    ] {
        let error = unsplit(name).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(
            error.contains("safetensors with its tokenizer.json"),
            "{error}"
        );
    }
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
