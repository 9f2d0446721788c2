//! Calibrations in a store: the one in force for each judge of each suite, and all there ever were.
//!
//! Partition `calibration`: the record `now/KEY` holds the one in force (KEY: hash of suite and metric), the
//! log `made` every one that was made or became void, in order. A calibration knows which answers' labels it
//! has seen ([`Seen`]), so that newer ones, and only they, are held against it, each once.

use botsmith_core::digest::Digest;
use botsmith_core::store::{Outcome, StateStore, Transaction};
use serde::{Deserialize, Serialize};

use super::{Binding, Calibration, Drift, Permission, Requirements, Seen};
use crate::{Error, Result};

const PARTITION: &str = "calibration";
const MADE: &str = "made";

/// A calibration with what it is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// What it holds for.
    pub binding: Binding,
    /// What the labels say.
    pub calibration: Calibration,
    /// What is wanted of the judge if it is to gate.
    pub requirements: Requirements,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// When the newest of its labels was given, in milliseconds since 1970.
    pub labels_until_ms: u64,
    /// When the newest label that was held against it was given; at first `labels_until_ms`.
    pub fed_until_ms: u64,
    /// The bet against it, fed by newer labels.
    pub drift: Drift,
    /// Which labels it has seen: those that it was fitted to, and those that were fed to the bet.
    #[serde(default)]
    pub seen: Seen,
}

impl Stored {
    /// A calibration that holds from now on; newer labels weigh at most `most_weight`.
    ///
    /// # Errors
    /// A greatest weight below 1.
    pub fn new(
        binding: Binding,
        calibration: Calibration,
        requirements: Requirements,
        (made_ms, labels_until_ms): (u64, u64),
        most_weight: f64,
    ) -> Result<Self> {
        Ok(Self {
            drift: Drift::new(calibration.quality.agreement_bound, most_weight)?,
            binding,
            calibration,
            requirements,
            made_ms,
            labels_until_ms,
            fed_until_ms: labels_until_ms,
            seen: Seen::default(),
        })
    }

    /// How it stands for a judge that is bound as given.
    pub fn standing(&self, binding: &Binding) -> Standing {
        let changes = self.binding.changes(binding);
        if !changes.is_empty() {
            return Standing::Changed(changes.into_iter().map(str::to_owned).collect());
        }
        if let Some(labels) = self.drift.void_after {
            return Standing::Drifted {
                labels,
                agreement: self.drift.agreement().unwrap_or(0.0),
                bound: self.drift.bound,
            };
        }
        match self.calibration.permission(&self.requirements) {
            Permission::Gates => Standing::Gates,
            Permission::Advisory(reasons) => Standing::Advisory(reasons),
        }
    }
}

/// How a judge's calibration stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "standing", content = "because", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standing {
    /// There is none.
    Missing,
    /// It was made for another judge: what has changed since.
    Changed(Vec<String>),
    /// Newer labels agree with the judge less than it says.
    Drifted {
        /// With how many newer labels that was sure.
        labels: usize,
        /// Agreement over them.
        agreement: f64,
        /// What it was sure of before.
        bound: f64,
    },
    /// It holds, and the judge is not good enough to gate, or not surely so: why.
    Advisory(Vec<String>),
    /// It holds, and the judge may gate.
    Gates,
}

impl Standing {
    /// Whether the judge may gate.
    pub fn gates(&self) -> bool {
        *self == Self::Gates
    }

    /// Why the judge is advisory, in words; `None` where it may gate.
    pub fn reason(&self) -> Option<String> {
        Some(match self {
            Self::Gates => return None,
            Self::Missing => "the judge is not calibrated".into(),
            Self::Changed(what) => format!(
                "{} changed since the judge was calibrated",
                what.join(" and ")
            ),
            Self::Drifted {
                labels,
                agreement,
                bound,
            } => format!(
                "void: {labels} newer labels agree with the judge on {:.0} %, {:.0} % were sure",
                100.0 * agreement,
                100.0 * bound
            ),
            Self::Advisory(reasons) => reasons.join("; "),
        })
    }
}

/// The calibrations in a store.
///
/// ```
/// use botsmith_core::store;
/// use botsmith_eval::calibration::Calibrations;
/// let store = store::open("memory:")?;
/// assert!(Calibrations::new(&*store).get("support", "polite")?.is_none());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Calibrations<'a> {
    store: &'a dyn StateStore,
}

impl<'a> Calibrations<'a> {
    /// Those of this store.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self { store }
    }

    /// The one in force for a metric of a suite, whatever it is bound to.
    ///
    /// # Errors
    /// If the store fails or holds something else there.
    pub fn get(&self, suite: &str, metric: &str) -> Result<Option<Stored>> {
        Ok(self.read(suite, metric)?.map(|(stored, _)| stored))
    }

    /// How a judge that is bound as given stands.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn standing(&self, binding: &Binding) -> Result<Standing> {
        let found = self.get(&binding.suite, &binding.metric)?;
        Ok(found.map_or(Standing::Missing, |stored| stored.standing(binding)))
    }

    /// Puts one in force, in place of the one that was, and keeps both in the log.
    ///
    /// # Errors
    /// If the store fails, or another process put one in force at the same moment.
    pub fn put(&self, stored: &Stored) -> Result<()> {
        let key = key(&stored.binding.suite, &stored.binding.metric);
        let bytes = |of: &Stored| serde_json::to_vec(of).expect("our types serialise to JSON");
        // What it has seen is only looked at in the one in force.
        let history = bytes(&Stored {
            seen: Seen::default(),
            ..stored.clone()
        });
        let version = self.read(&stored.binding.suite, &stored.binding.metric)?;
        let begin = match version {
            Some((_, version)) => Transaction::new().at_version(&key, version),
            None => Transaction::new().absent(&key),
        };
        let outcome = self.store.transact(
            PARTITION,
            begin.put(&key, bytes(stored)).append(MADE, history),
        )?;
        match outcome {
            Outcome::Committed(_) => Ok(()),
            Outcome::Conflict(_) => Err(Error::Invalid(format!(
                "another process calibrated `{}` at the same moment; give the command again",
                stored.binding.metric
            ))),
        }
    }

    /// Every one that was put in force, oldest first; without the answers that it has seen.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn history(&self) -> Result<Vec<Stored>> {
        let mut all = Vec::new();
        loop {
            let page = self.store.log(PARTITION, MADE, all.len() as u64, 100)?;
            if page.is_empty() {
                return Ok(all);
            }
            for entry in page {
                all.push(self.parse(&entry)?);
            }
        }
    }

    fn read(&self, suite: &str, metric: &str) -> Result<Option<(Stored, u64)>> {
        let Some(record) = self.store.get(PARTITION, &key(suite, metric))? else {
            return Ok(None);
        };
        Ok(Some((self.parse(&record.value)?, record.version)))
    }

    fn parse(&self, bytes: &[u8]) -> Result<Stored> {
        serde_json::from_slice(bytes).map_err(|error| {
            botsmith_core::Error::StoreCorrupt {
                url: self.store.url().into(),
                reason: format!("a calibration does not read: {error}"),
            }
            .into()
        })
    }
}

fn key(suite: &str, metric: &str) -> String {
    let bytes = serde_json::to_vec(&[suite, metric]).expect("text serialises");
    format!("now/{}", Digest::of(&bytes))
}
