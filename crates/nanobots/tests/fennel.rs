//! The Fennel compiler is the one that its README says it is.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write;

use sha2::{Digest, Sha256};

const COMPILER: &[u8] = include_bytes!("../vendor/fennel/fennel.lua");
const README: &str = include_str!("../vendor/fennel/README.md");
const LICENSE: &str = include_str!("../vendor/fennel/LICENSE");

#[test]
fn the_vendored_compiler_has_its_checksum_and_licence() {
    let mut sum = String::new();
    for byte in Sha256::digest(COMPILER) {
        write!(sum, "{byte:02x}").unwrap();
    }
    assert!(
        README.contains(&format!("| `fennel.lua` | `{sum}` |")),
        "{sum}"
    );
    let text = String::from_utf8_lossy(COMPILER);
    assert!(text.contains("local version = \"1.5.3\"") && README.contains("version 1.5.3"));
    assert!(LICENSE.contains("Permission is hereby granted, free of charge"));
}
