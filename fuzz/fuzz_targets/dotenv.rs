//! `.env` files: any text gives variables, or an error that names a line and shows no text.
//!
//! Covers: crates/core/src/config
#![no_main]

use botsmith_core::config::dotenv;
use botsmith_core::yaml::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.matches('\n').count() + 1;
    match dotenv::parse(&Source::new(".env", text)) {
        Ok(variables) => {
            for variable in variables {
                assert!((1..=lines).contains(&variable.line));
                assert!(!variable.name.is_empty() && !variable.value.expose().contains('\0'));
            }
        }
        Err(error) => {
            let place = error.diagnostic().expect("an error has a place");
            assert!((1..=lines).contains(&place.line), "{error}");
            assert_eq!(place.excerpt, None);
        }
    }
});
