//! JSONL: any bytes give rows, cases and answers, or an error that names a line.
//!
//! Covers: crates/eval/src/dataset
#![no_main]

use botsmith_eval::dataset::Format;
use libfuzzer_sys::fuzz_target;

#[path = "../rows.rs"]
mod rows;

fuzz_target!(|bytes: &[u8]| rows::read(bytes, "fuzz.jsonl", Format::Jsonl));
