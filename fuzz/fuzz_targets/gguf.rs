//! GGUF files: any bytes give a head or a named error; what is read lies inside the file without an overlap, and its
//! configuration and tokenizer are made or refused without a panic.
//!
//! Covers: crates/core/src/engine/gguf crates/core/src/engine/gguf.rs crates/core/src/engine/header.rs crates/core/src/engine/tokenizer/gguf.rs crates/core/src/engine/config/gguf.rs
#![no_main]

use std::io::Cursor;
use std::path::Path;

use botsmith_core::engine::gguf::Gguf;
use botsmith_core::engine::{Config, Tokenizer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("fuzz.gguf");
    match Gguf::read(path, &mut Cursor::new(bytes)) {
        Ok(gguf) => {
            let mut free = 0;
            for entry in &gguf.entries {
                assert!(entry.start >= free, "tensors overlap");
                free = entry.start + entry.bytes as u64;
            }
            assert!(free <= bytes.len() as u64, "a tensor leaves the file");
            let config = Config::from_gguf(path, &gguf);
            let _ = config.count("hidden_size", 1..=1 << 16);
            if let Ok(tokenizer) = Tokenizer::from_gguf(path, &gguf) {
                let _ = tokenizer.encode("Some text, été 42 \u{1f680}", true);
                let _ = tokenizer.size();
            }
        }
        Err(error) => {
            assert!(error.code().starts_with("BS-ENG-"));
            assert!(!error.to_string().contains('\u{1b}'), "{error}");
        }
    }
});
