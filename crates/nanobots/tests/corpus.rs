//! Cartridges found in the wild load in both profiles. They lie outside the repository, in
//! `shared/nanobots/cartridges` beside it; without them this test has nothing to do, and says so.

use std::path::{Path, PathBuf};

use botsmith_core::config::Disk;
use botsmith_nanobots::Cartridge;
use botsmith_nanobots::cartridge::{Format, Options, Profile};
use botsmith_nanobots::library::Shelf;

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
