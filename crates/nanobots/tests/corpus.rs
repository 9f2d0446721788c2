//! Cartridges found in the wild load in both profiles, and each shows the request that it would send. They lie
//! outside the repository, in `shared/nanobots/cartridges` beside it; without them this test has nothing to do,
//! and says so.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use botsmith_core::config::{Config, Disk, Environment, MemoryFiles, Overrides};
use botsmith_nanobots::bot::Behavior;
use botsmith_nanobots::cartridge::{Format, Options, Profile};
use botsmith_nanobots::library::Shelf;
use botsmith_nanobots::provider::request_preview;
use botsmith_nanobots::{Cartridge, Workshop};
use serde_json::Value;

fn corpus() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/nanobots/cartridges");
    let files = Disk.files_under(&root).ok()?;
    let cartridge = |path: &PathBuf| {
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Format::of(&ending).is_ok() && path.file_name().is_some_and(|name| name != "SOURCES.md")
    };
    Some(files.into_iter().filter(cartridge).collect())
}

#[test]
fn every_cartridge_of_the_corpus_loads() {
    let Some(files) = corpus() else {
        // Said on purpose: a test that did nothing must not look as if it had.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"skipped: no shared/nanobots/cartridges beside the repository\n",
        );
        return;
    };
    assert!(
        files.len() >= 71,
        "{} cartridges, 71 were there",
        files.len()
    );
    let mut failed = Vec::new();
    for path in &files {
        for profile in [Profile::Compat, Profile::Native] {
            match Cartridge::open(path, &Options::default().profile(profile)) {
                Err(error) => failed.push(format!("{profile:?}: {error}")),
                Ok(cartridge) => {
                    assert!(cartridge.value().is_object(), "{}", path.display());
                    assert!(cartridge.is_bound(), "{}", path.display());
                    for warning in cartridge.warnings() {
                        assert!(warning.line > 0, "{warning}");
                        assert_eq!(&warning.path, path, "{warning}");
                    }
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// A workshop in which no variable is set and nobody changes anything.
fn workshop(profile: Profile) -> Workshop {
    let environment = Environment::new("/nowhere");
    let config = Config::load(&environment, &MemoryFiles::default(), &Overrides::default());
    Workshop::new(environment, config.unwrap()).profile(profile)
}

#[test]
fn every_cartridge_of_the_corpus_shows_its_request() {
    const INPUT: &str = "What would you say?";
    let mut failed = Vec::new();
    for path in corpus().unwrap_or_default() {
        for profile in [Profile::Compat, Profile::Native] {
            let workshop = workshop(profile);
            let shown = workshop
                .cartridge(&path.to_string_lossy())
                .and_then(|cartridge| {
                    let (config, request) = workshop.request(&cartridge, INPUT)?;
                    let shown = request_preview(&config, &request, config.streams())?;
                    let directive = cartridge.texts(Behavior::Interaction).directive;
                    Ok((shown, directive))
                });
            let (shown, directive) = match shown {
                Ok(shown) => shown,
                Err(error) => {
                    failed.push(format!("{} ({profile:?}): {error}", path.display()));
                    continue;
                }
            };
            assert!(
                shown.url.contains("://"),
                "{}: {}",
                path.display(),
                shown.url
            );
            let mut texts = Vec::new();
            collect(&shown.body, &mut texts);
            let said = |words: &str| texts.iter().any(|text| text.contains(words.trim()));
            assert!(said(INPUT), "{}: {:#}", path.display(), shown.body);
            if let Some(directive) = directive {
                assert!(said(&directive), "{}: {:#}", path.display(), shown.body);
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(map) => map.values().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

#[test]
fn both_profiles_read_the_same_from_the_corpus() {
    for path in corpus().unwrap_or_default() {
        let read = |profile| {
            let cartridge = Cartridge::open(&path, &Options::default().profile(profile));
            cartridge
                .map(|c| c.original().clone())
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            read(Profile::Compat),
            read(Profile::Native),
            "{}",
            path.display()
        );
    }
}
