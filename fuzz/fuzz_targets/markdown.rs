//! Cartridges in Markdown: any text gives a cartridge, or an error at a place in it. A block of YAML alone
//! in the file reads as the same text would by itself.
//! Covers: crates/nanobots/src/cartridge
#![no_main]

use botsmith_nanobots::cartridge::{Cartridge, Format, Options, Profile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count() + 1;
    let options = Options::default().profile(Profile::Compat);
    match Cartridge::parse(text, Format::Markdown, &options) {
        Ok(cartridge) => {
            for warning in cartridge.warnings() {
                assert!((1..=lines).contains(&warning.line), "{warning}");
            }
        }
        Err(error) => {
            let botsmith_nanobots::Error::Core(core) = &error else {
                panic!("an error of a text has a place in it: {error}");
            };
            let place = core
                .diagnostic()
                .expect("an error of a text has a place in it");
            assert!((1..=lines).contains(&place.line), "{error}");
        }
    }
    // Neither fences nor carriage returns, which Markdown has its own mind about.
    if text.contains(['`', '~', '\r', '\t', '\0', '\u{feff}']) || text.trim().is_empty() {
        return;
    }
    let alone = Cartridge::parse(text, Format::Yaml, &options);
    let fenced = format!("# Bot\n\n```yaml\n{}\n```\n", text.trim_end_matches('\n'));
    let fenced = Cartridge::parse(&fenced, Format::Markdown, &options);
    if let (Ok(alone), Ok(fenced)) = (alone, fenced) {
        if alone
            .value()
            .as_object()
            .is_some_and(|map| map.contains_key("tools"))
        {
            return;
        }
        assert_eq!(alone.value(), fenced.value());
    }
});
