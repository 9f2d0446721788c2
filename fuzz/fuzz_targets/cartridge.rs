//! Cartridges in YAML: any text gives a cartridge whose warnings lie in it, or an error at a place in it;
//! no value of the environment is in any message.
//! Covers: crates/nanobots/src/cartridge crates/nanobots/src/cartridge.rs crates/core/src/yaml crates/core/src/yaml.rs
#![no_main]

use std::collections::BTreeMap;

use botsmith_nanobots::bot::Behavior;
use botsmith_nanobots::cartridge::{Cartridge, Format, Options, Profile};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "planted-secret-value";

fuzz_target!(|text: &str| {
    if text.contains(SECRET) {
        return;
    }
    // YAML ends lines with a lone carriage return, too; one past the last is where an empty value stands.
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count() + 1;
    let environment = BTreeMap::from([("A".to_owned(), SECRET.to_owned())]);
    for profile in [Profile::Compat, Profile::Native] {
        let options = Options::default().profile(profile).variables(&environment);
        match Cartridge::parse(text, Format::Yaml, &options) {
            Ok(cartridge) => {
                for warning in cartridge.warnings() {
                    let shown = warning.to_string();
                    assert!(warning.line <= lines, "{shown}");
                    assert!(
                        !shown.contains(SECRET) && !shown.contains('\u{1b}'),
                        "{shown}"
                    );
                }
                let _ = (cartridge.meta(), cartridge.tools(), cartridge.provider_id());
                let _ = cartridge.system_text(Behavior::Interaction);
                let shown = format!("{cartridge:?} {:?}", cartridge.native());
                assert!(!shown.contains(SECRET), "{shown}");
                if let Err(error) = cartridge.with_variables(&serde_json::Map::new()) {
                    assert!(!error.to_string().contains(SECRET), "{error}");
                }
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                assert!(
                    !shown.contains(SECRET) && !shown.contains('\u{1b}'),
                    "{shown}"
                );
                let botsmith_nanobots::Error::Core(core) = &error else {
                    panic!("an error of a text has a place in it: {error}");
                };
                let place = core
                    .diagnostic()
                    .expect("an error of a text has a place in it");
                assert!((1..=lines).contains(&place.line), "{error}");
            }
        }
    }
});
