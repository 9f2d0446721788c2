//! Which versions of a bot may get sessions: an advisory verdict is no pass, what a person put in force counts.

use std::path::Path;
use std::sync::Arc;

use botsmith_core::store::StateStore;
use botsmith_eval::online::{Traffic, WantedBandit, WantedCanary};
use botsmith_nanobots::versions::{BotFile, By, Promotion, Version, Versions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::memory;

const BOT: &str = "meta: {version: 1.0.0}\n";

struct Place {
    folder: TempDir,
    store: Arc<dyn StateStore>,
    first: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("helper.yml"), BOT).unwrap();
        let store = memory();
        let first = Versions::of(&*store, "helper.yml")
            .adopt(BOT.as_bytes(), &ada())
            .unwrap()
            .hash;
        Self {
            folder,
            store,
            first,
        }
    }

    fn traffic(&self) -> Traffic {
        let (file, folder) = (Path::new("helper.yml"), self.folder.path());
        Traffic::of(self.store.clone(), BotFile::new(file, folder, folder))
    }

    fn versions(&self) -> Versions<'_> {
        Versions::of(&*self.store, "helper.yml")
    }

    /// A version with what a gate says of it.
    fn proposed(&self, name: &str, passed: bool, advisory: bool) -> Version {
        let text = format!("{BOT}# {name}\n");
        let evidence = json!({"gate": {
            "passed": passed, "advisory": advisory, "baseline": self.first, "reasons": ["few labels"],
        }});
        let parent = Some(self.first.as_str());
        self.versions()
            .propose(text.as_bytes(), parent, evidence, &ada())
            .unwrap()
    }

    fn promote(
        &self,
        version: &Version,
        promotion: &Promotion,
    ) -> botsmith_nanobots::Result<Version> {
        let file = self.folder.path().join("helper.yml");
        let moved = self
            .versions()
            .promote(&version.hash, Some(&file), promotion, &ada())?;
        Ok(moved.version)
    }

    fn canary(&self, new: Option<&str>) -> botsmith_eval::Result<()> {
        let mut wanted = WantedCanary::default();
        wanted.new = new.map(str::to_owned);
        self.traffic().start_canary(&wanted, 1).map(drop)
    }

    fn bandit(&self, version: &str) -> botsmith_eval::Result<()> {
        let mut wanted = WantedBandit::default();
        wanted.versions = vec!["current".into(), version.into()];
        self.traffic().start_bandit(&wanted, 1).map(drop)
    }
}

fn ada() -> By {
    By::new("ada", 1)
}

#[test]
fn an_advisory_version_gets_no_sessions_until_a_person_has_promoted_it() {
    let place = Place::new();
    let advisory = place.proposed("advisory", false, true);
    let error = place.canary(Some(&advisory.hash)).unwrap_err().to_string();
    assert!(error.contains("an advisory verdict is no pass"), "{error}");
    let error = place.bandit(&advisory.hash).unwrap_err().to_string();
    assert!(error.contains("did not pass the gate"), "{error}");

    place.promote(&advisory, &Promotion::default()).unwrap();
    // Now everybody gets it: a canary takes it from most, and a bandit measures others by it.
    place.canary(None).unwrap();
    let passed = place.proposed("passed", true, false);
    place.bandit(&passed.hash).unwrap();
}

#[test]
fn a_refused_version_is_promoted_with_a_reason_alone_and_then_counts_as_the_one_in_force() {
    let place = Place::new();
    let refused = place.proposed("refused", false, false);
    assert!(place.promote(&refused, &Promotion::default()).is_err());
    assert!(place.canary(Some(&refused.hash)).is_err());
    let reason = Promotion::default().without_gate("an outage");
    let promoted = place.promote(&refused, &reason).unwrap();
    assert_eq!(promoted.evidence["gate"]["passed"], Value::Bool(false));
    place.canary(None).unwrap();
}
