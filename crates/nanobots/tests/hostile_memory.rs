//! What a hostile cartridge takes while it is read and looked at stays under 100 MB, refused or not.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use botsmith_core::config::{Config, Environment, MemoryFiles, Overrides};
use botsmith_nanobots::cartridge::{Format, Options, Profile};
use botsmith_nanobots::pull::Contents;
use botsmith_nanobots::{Cartridge, Workshop};

#[path = "hostile/cases.rs"]
mod cases;
#[path = "support/counting.rs"]
mod counting;

const MOST: usize = 100_000_000;

fn workshop() -> Workshop {
    let environment = Environment::new("/nowhere");
    let config = Config::load(&environment, &MemoryFiles::default(), &Overrides::default());
    Workshop::new(environment, config.unwrap())
}

#[test]
fn peak_memory_stays_under_a_hundred_megabytes_and_warnings_under_some_hundred() {
    let workshop = workshop();
    let mut wrong = Vec::new();
    let mut check = |name: &str, taken: usize| {
        if taken > MOST {
            wrong.push(format!("{name}: {taken} bytes"));
        }
    };
    for (name, content, _) in cases::refused() {
        let files = MemoryFiles::default().with(name, content);
        for profile in [Profile::Compat, Profile::Native] {
            let options = Options::default().files(&files).profile(profile);
            let taken = counting::peak_of(|| drop(Cartridge::open(name, &options).unwrap_err()));
            check(name, taken);
        }
    }
    for (name, text) in cases::dear() {
        let taken = counting::peak_of(|| {
            let read = Cartridge::parse(&text, Format::Yaml, &Options::default());
            let cartridge = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            let contents = Contents::of(&cartridge);
            let warnings = workshop.warnings(&cartridge);
            assert!(warnings.len() <= 400, "{name}: {}", warnings.len());
            drop((contents, warnings));
        });
        check(name, taken);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
