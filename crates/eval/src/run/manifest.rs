//! What a run is of.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Result;
use crate::suite::Suite;

/// The version that scores depend on.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All that decides a run's scores, and what `rerun` needs to make them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run's id.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// The suite file, as it was named.
    pub suite_file: String,
    /// Its text.
    pub suite_text: String,
    /// The suite without what does not decide scores; overrides included.
    pub identity: serde_json::Value,
    /// The data file, or `inline`.
    pub dataset: String,
    /// blake3 of the data.
    pub dataset_hash: String,
    /// blake3 of each bot's recorded file that is not the dataset.
    pub recorded_hashes: Vec<Option<String>>,
    /// 0, or counted up by `rerun`.
    pub attempt: u32,
    /// The version of this crate.
    pub version: String,
    /// Bots by name, in suite order.
    pub bots: Vec<String>,
    /// Metrics by name, in suite order.
    pub metrics: Vec<String>,
    /// Slices by name, in suite order.
    pub slices: Vec<String>,
}

impl Manifest {
    /// The manifest of a suite on the data that is there now; reads all data once to hash it.
    pub(super) fn of(suite: &Suite, asked: &serde_json::Value, attempt: u32) -> Result<Self> {
        let dataset_hash = suite.dataset.source.digest()?.to_string();
        let recorded_hashes = suite
            .bots
            .iter()
            .map(|bot| match bot.recorded().and_then(|r| r.source.as_ref()) {
                Some(source) if !source.same_file(&suite.dataset.source) => {
                    source.digest().map(|digest| Some(digest.to_string()))
                }
                _ => Ok(None),
            })
            .collect::<Result<Vec<_>>>()?;
        let mut identity = json!({
            "format": 1,
            "version": VERSION,
            "suite": suite.identity,
            "dataset": dataset_hash,
            "recorded": recorded_hashes,
            "attempt": attempt,
        });
        if !asked.is_null() {
            identity["asked"] = asked.clone();
        }
        let bytes = serde_json::to_vec(&identity).expect("JSON values serialise");
        let dataset = match &suite.dataset.source {
            crate::dataset::DataSource::File { path, .. } => path.display().to_string(),
            crate::dataset::DataSource::Inline { .. } => "inline".into(),
        };
        Ok(Self {
            id: Digest::of(&bytes).to_string(),
            suite: suite.name.clone(),
            suite_file: suite.path.display().to_string(),
            suite_text: suite.text.clone(),
            identity,
            dataset,
            dataset_hash,
            recorded_hashes,
            attempt,
            version: VERSION.into(),
            bots: suite.bots.iter().map(|bot| bot.name.clone()).collect(),
            metrics: suite
                .panel
                .evaluators()
                .iter()
                .map(|e| e.name().to_owned())
                .collect(),
            slices: suite
                .slices
                .iter()
                .map(|slice| slice.name.clone())
                .collect(),
        })
    }
}

/// A line of the list of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run's id.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// When it was begun, in milliseconds since 1970.
    pub started_ms: u64,
    /// Whether it is complete.
    #[serde(default)]
    pub complete: bool,
    /// Whether its gate passed; null while it is not complete.
    #[serde(default)]
    pub passed: Option<bool>,
    /// Cases judged so far (known when complete).
    #[serde(default)]
    pub cases: Option<usize>,
}

impl Manifest {
    /// The same, as another attempt.
    pub(super) fn again(&self, attempt: u32) -> Self {
        let mut identity = self.identity.clone();
        identity["attempt"] = json!(attempt);
        identity["version"] = json!(VERSION);
        let bytes = serde_json::to_vec(&identity).expect("JSON values serialise");
        Self {
            id: Digest::of(&bytes).to_string(),
            identity,
            attempt,
            version: VERSION.into(),
            ..self.clone()
        }
    }

    /// Whether both judge the same suite on the same data, attempt and version apart.
    pub(super) fn same_judgement(&self, other: &Self) -> bool {
        let same = |key| self.identity.get(key) == other.identity.get(key);
        same("suite") && same("dataset") && same("recorded") && same("asked")
    }
}
