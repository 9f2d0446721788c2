//! Headers of safetensors files: any bytes give a table or a named error; the tensors of a table fill the file.
//!
//! Covers: crates/core/src/engine/safetensors.rs crates/core/src/engine/header.rs
#![no_main]

use std::io::Cursor;
use std::path::Path;

use botsmith_core::engine::safetensors::read_header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read_header(Path::new("fuzz.safetensors"), &mut Cursor::new(bytes)) {
        Ok(entries) => {
            let mut end = entries.first().map(|entry| entry.start);
            for entry in &entries {
                assert_eq!(Some(entry.start), end, "a gap or an overlap");
                assert_eq!(entry.stored.bytes(entry.count()), Some(entry.bytes));
                end = Some(entry.start + entry.bytes as u64);
            }
            assert!(end.is_none_or(|end| end == bytes.len() as u64), "the file is not filled");
        }
        Err(error) => {
            assert!(error.code().starts_with("BS-ENG-"));
            assert!(!error.to_string().contains('\u{1b}'), "{error}");
        }
    }
});
