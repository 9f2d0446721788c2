//! The runs in a store.

use std::collections::BTreeSet;

use botsmith_core::store::StateStore;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::calibration;
use crate::report::{Report, Timings};
use crate::{Error, Result};

use super::kept::Kept;
use super::{CaseRecord, Manifest, RunInfo, chunk};

pub(super) const MANIFEST: &str = "manifest";
pub(super) const REPORT: &str = "report";
pub(super) const TIMES: &str = "times";
pub(super) const INFO: &str = "info";
pub(super) const CASES: &str = "cases";

const PREFIX: &str = "run/";

/// The partition of a run.
pub(super) fn partition(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// When and how long: kept apart from the report, which is the same for equal runs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) created_ms: u64,
    pub(super) timings: Timings,
}

impl Times {
    /// The report with its times.
    pub(super) fn onto(self, mut report: Report) -> Report {
        report.timings = self.timings;
        report.facts.created = jiff::Timestamp::from_millisecond(self.created_ms.cast_signed())
            .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .unwrap_or_default();
        report
    }
}

/// The runs in a store.
#[derive(Debug)]
pub struct Runs<'a> {
    store: &'a dyn StateStore,
}

/// A run that is there, complete or not.
#[derive(Debug)]
pub struct StoredRun<'a> {
    store: &'a dyn StateStore,
    /// What it is of.
    pub manifest: Manifest,
    /// What it says, once it is complete.
    pub report: Option<Report>,
}

/// What [`Runs::collect`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Runs.
    pub runs: usize,
    /// Blobs that no run refers to any more.
    pub blobs: usize,
    /// Runs that are not complete and stay all the same: they were begun within the last hour, and
    /// another process may be at work on them.
    pub young: usize,
}

impl<'a> Runs<'a> {
    /// The runs in this store.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self { store }
    }

    pub(super) fn store(&self) -> &'a dyn StateStore {
        self.store
    }

    fn ids(&self) -> Result<Vec<String>> {
        let partitions = self.store.partitions(PREFIX, None, usize::MAX)?;
        Ok(partitions
            .into_iter()
            .map(|name| name[PREFIX.len()..].to_owned())
            .collect())
    }

    fn record<T: DeserializeOwned>(&self, id: &str, key: &str) -> Result<Option<T>> {
        let Some(record) = self.store.get(&partition(id), key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&record.value)
            .map(Some)
            .map_err(|error| {
                botsmith_core::Error::StoreCorrupt {
                    url: self.store.url().into(),
                    reason: format!("{key} of run {id} does not read: {error}"),
                }
                .into()
            })
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub fn list(&self) -> Result<Vec<RunInfo>> {
        let mut runs = Vec::new();
        for id in self.ids()? {
            runs.extend(self.record::<RunInfo>(&id, INFO)?);
        }
        runs.sort_by(|a, b| (b.started_ms, &a.id).cmp(&(a.started_ms, &b.id)));
        Ok(runs)
    }

    /// The full id that a name stands for: `latest`, or the beginning of an id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or several begin so.
    pub fn resolve(&self, name: &str) -> Result<String> {
        let missing = |hint: String| Error::NotFound {
            what: "run",
            name: name.into(),
            hint: Some(hint),
        };
        if name == "latest" {
            let newest = self.list()?.into_iter().next();
            return newest.map(|run| run.id).ok_or_else(|| {
                missing("the store has no runs; `botsmith eval SUITE` makes one".into())
            });
        }
        let ids = self.ids()?;
        let found: Vec<_> = ids
            .iter()
            .filter(|id| !name.is_empty() && id.starts_with(name))
            .collect();
        match found.as_slice() {
            [id] => Ok((*id).clone()),
            [] => Err(missing(format!(
                "{} runs are there: see `botsmith eval list`",
                ids.len()
            ))),
            many => Err(missing(format!(
                "{} runs begin so: give more digits",
                many.len()
            ))),
        }
    }

    /// A run by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there.
    pub fn open(&self, id: &str) -> Result<StoredRun<'a>> {
        let manifest = self.record(id, MANIFEST)?.ok_or_else(|| Error::NotFound {
            what: "run",
            name: id.into(),
            hint: None,
        })?;
        Ok(StoredRun {
            store: self.store,
            manifest,
            report: self.report(id)?,
        })
    }

    /// Whether a run is there and complete.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn is_complete(&self, id: &str) -> Result<bool> {
        Ok(self.store.get(&partition(id), REPORT)?.is_some())
    }

    /// A complete run's report.
    pub(super) fn report(&self, id: &str) -> Result<Option<Report>> {
        let Some(report) = self.record::<Report>(id, REPORT)? else {
            return Ok(None);
        };
        let times: Option<Times> = self.record(id, TIMES)?;
        let mut report = match times {
            Some(times) => times.onto(report),
            None => report,
        };
        // Calibrations come and go after a run is complete.
        if !report.gate.rules.is_empty()
            && let Some(manifest) = self.record::<Manifest>(id, MANIFEST)?
        {
            calibration::mark(self.store, &manifest, &mut report)?;
        }
        Ok(Some(report))
    }

    /// A run's batches, in order.
    pub(super) fn chunks(
        &self,
        id: &str,
    ) -> impl Iterator<Item = Result<Vec<CaseRecord>>> + use<'a> {
        let (store, partition) = (self.store, partition(id));
        let mut at = 0;
        std::iter::from_fn(move || {
            let entry = store
                .log(&partition, CASES, at, 1)
                .map(|mut entries| entries.pop());
            at += 1;
            match entry {
                Ok(None) => None,
                Err(error) => Some(Err(error.into())),
                Ok(Some(entry)) => Some(
                    chunk::resolve(entry, store)
                        .and_then(|bytes| chunk::decode(&bytes, store.url())),
                ),
            }
        })
    }

    /// One more than the highest attempt at the same suite and data.
    pub(super) fn next_attempt(&self, of: &Manifest) -> Result<u32> {
        let mut highest = of.attempt;
        for id in self.ids()? {
            if let Some(manifest) = self.record::<Manifest>(&id, MANIFEST)?
                && manifest.same_judgement(of)
            {
                highest = highest.max(manifest.attempt);
            }
        }
        Ok(highest + 1)
    }

    /// Removes runs: all that are not complete and were begun more than an hour ago, and all but the
    /// newest `keep` of each suite (`None`: keeps every complete one). Blobs that no remaining run refers to go too, unless
    /// they were put in the last hour: a run may be about to refer to them.
    ///
    /// # Errors
    /// If the store fails.
    pub fn collect(&self, keep: Option<usize>, dry: bool) -> Result<Collected> {
        let mut collected = Collected::default();
        let mut kept: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        let now = self.store.now_ms()?;
        for run in self.list()? {
            let of_suite = kept.entry(run.suite.clone()).or_default();
            let fresh = now.saturating_sub(run.started_ms) < HOUR_MS;
            let stays = if run.complete {
                *of_suite += 1;
                keep.is_none_or(|keep| *of_suite <= keep)
            } else {
                // Another process may be at work on it.
                collected.young += usize::from(fresh);
                fresh
            };
            if stays && run.complete && !dry {
                // What a kill right after the end of a run has left.
                Kept::new(self.store, partition(&run.id)).clear()?;
            }
            if !stays {
                collected.runs += 1;
                if !dry {
                    self.store.delete_partition(&partition(&run.id))?;
                }
            }
        }
        if !dry {
            collected.blobs = self.collect_blobs(now)?;
        }
        Ok(collected)
    }

    fn collect_blobs(&self, now: u64) -> Result<usize> {
        let mut used = BTreeSet::new();
        for id in self.ids()? {
            let mut at = 0;
            loop {
                let entries = self.store.log(&partition(&id), CASES, at, 64)?;
                if entries.is_empty() {
                    break;
                }
                at += entries.len() as u64;
                used.extend(entries.iter().filter_map(|entry| chunk::blob_of(entry)));
            }
        }
        let all = self.store.blobs(None, usize::MAX)?;
        let unused: Vec<_> = all
            .into_iter()
            .map(|blob| blob.digest)
            .filter(|d| !used.contains(d))
            .collect();
        Ok(self
            .store
            .delete_blobs(&unused, now.saturating_sub(HOUR_MS))? as usize)
    }
}

const HOUR_MS: u64 = 3_600_000;

impl StoredRun<'_> {
    /// All cases, in order.
    pub fn cases(&self) -> impl Iterator<Item = Result<CaseRecord>> + '_ {
        Runs::new(self.store)
            .chunks(&self.manifest.id)
            .flat_map(|chunk| {
                let (records, error) = match chunk {
                    Ok(records) => (records, None),
                    Err(error) => (Vec::new(), Some(Err(error))),
                };
                records.into_iter().map(Ok).chain(error)
            })
    }

    /// One case, by its id or the beginning of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest id.
    pub fn case(&self, name: &str) -> Result<CaseRecord> {
        let mut begins = Vec::new();
        let mut ids = Vec::new();
        for record in self.cases() {
            let record = record?;
            if record.case.id == name {
                return Ok(record);
            }
            if begins.len() < 2 && record.case.id.starts_with(name) {
                begins.push(record);
            } else if ids.len() < 10_000 {
                ids.push(record.case.id);
            }
        }
        if begins.len() == 1 {
            return Ok(begins.remove(0));
        }
        let hint = if begins.is_empty() {
            botsmith_core::hint::nearest(name, ids.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"))
        } else {
            Some("several cases begin so: give more of the id".into())
        };
        Err(Error::NotFound {
            what: "case",
            name: name.into(),
            hint,
        })
    }

    /// The report, or an error that says how to finish the run.
    ///
    /// # Errors
    /// If the run is not complete.
    pub fn complete(&self) -> Result<&Report> {
        self.report.as_ref().ok_or_else(|| {
            Error::Invalid(format!(
                "run {} is not complete; `botsmith eval {}` goes on with it",
                &self.manifest.id[..12.min(self.manifest.id.len())],
                self.manifest.suite_file
            ))
        })
    }
}
