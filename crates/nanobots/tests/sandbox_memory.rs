//! What the process takes while hostile code runs stays near the sandbox's cap.
#![cfg(feature = "lua")]
#![allow(dead_code, reason = "the cases are shared with another test")]

use botsmith_nanobots::sandbox::Language;

#[path = "sandbox/cases.rs"]
mod cases;

#[path = "support/counting.rs"]
mod counting;

/// What the host may add: the result in Rust, keys to sort, captures.
const HOST: usize = 2 << 20;

#[test]
fn peak_memory_stays_under_the_cap() {
    // The first one makes what is made once: the prelude, the Fennel compiler.
    for language in [Language::Lua, Language::Fennel] {
        let _ = cases::attempt(language, "x");
    }
    let mut wrong = Vec::new();
    for (language, attempts) in [
        (Language::Lua, cases::LUA),
        (Language::Fennel, cases::FENNEL),
    ] {
        for (name, source, _) in attempts {
            let taken = counting::peak_of(|| drop(cases::attempt(language, source)));
            // Fennel compiles in one machine and runs in another, one after the other.
            if taken > cases::limits().memory + HOST {
                wrong.push(format!("{language} {name}: {taken} bytes"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
