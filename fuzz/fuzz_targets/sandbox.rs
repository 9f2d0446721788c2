//! Functions of cartridges: any Lua or Fennel ends in text or in a named error, within its caps, and
//! never sees a variable of the environment.
//! Covers: crates/nanobots/src/sandbox
#![no_main]

use std::time::{Duration, Instant};

use botsmith_nanobots::sandbox::{Function, Language, Limits, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let limits = Limits {
        instructions: 200_000,
        memory: 4 << 20,
        time: Duration::from_millis(500),
        output: 16 << 10,
        ..Limits::default()
    };
    for language in [Language::Lua, Language::Fennel] {
        for basics in [true, false] {
            let limits = Limits { basics, ..limits };
            let values = [
                ("content", source.into()),
                ("parameters", [1, 2].as_slice().into()),
            ];
            let start = Instant::now();
            let result = run(&Function::new(language, source), &values, true, &limits);
            // Sanitizers slow everything down; a hang is far longer than this.
            assert!(
                start.elapsed() < Duration::from_secs(4),
                "{language} ran on"
            );
            if let Ok(text) = result {
                assert!(text.len() <= limits.output);
                let path = std::env::var("PATH").unwrap_or_default();
                assert!(path.len() < 16 || !text.contains(&path) || source.contains(&path));
            }
        }
    }
});
