//! Configurations and names of models: any text gives settings or an error at a place inside it; no name leads out of
//! a folder.
//!
//! Covers: crates/core/src/engine/config.rs crates/core/src/engine/library/reference.rs
#![no_main]

use std::path::{Component, Path};

use botsmith_core::engine::{Config, EngineError, ModelRef};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let inside = |error: EngineError| {
        let EngineError::Config(place) = &error else {
            panic!("{error}")
        };
        assert!(place.line <= text.split('\n').count(), "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    };
    match Config::parse("config.json", text) {
        Ok(config) => {
            for key in ["hidden_size", "vocab_size", "layer_types", "rope_theta"] {
                let _ = config.count(key, 1..=1 << 16).map_err(inside);
                let _ = config.number(key, 0.0..=1e6).map_err(inside);
                let _ = config.bool_or(key, true).map_err(inside);
                let _ = config.word(key, &[("a", 1), ("b", 2)]).map_err(inside);
            }
            let _ = config.labels().map_err(inside);
            if let Some(rope) = config.section("rope_parameters") {
                let _ = rope.number("rope_theta", 1.0..=1e9).map_err(inside);
            }
        }
        Err(error) => inside(error),
    }
    if let Ok(ModelRef::Hub(hub)) = text.parse() {
        for word in [&hub.owner, &hub.name, &hub.revision].into_iter().chain(&hub.file) {
            let plain = Path::new(word).components().all(|part| matches!(part, Component::Normal(_)));
            assert!(plain, "{word}");
        }
        assert_eq!(hub.to_string().parse::<ModelRef>().ok(), Some(ModelRef::Hub(hub)));
    }
});
