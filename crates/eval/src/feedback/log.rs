//! The log of records in a store: append-only, edits by new records.
//!
//! Partition `feedback`: the log `records` has one JSON entry a record. Beside it, the record `id/ID`
//! says that a record is there, and `now/KEY` which record is the latest word of one rater on one
//! thing; both change in the transaction that appends, so two writers cannot both replace one record.

use std::collections::HashMap;

use botsmith_core::store::{Outcome, StateStore, Transaction};

use crate::{Error, Result};

use super::record::Against;
use super::{Record, Source, State};

pub(super) const PARTITION: &str = "feedback";
const RECORDS: &str = "records";
/// Entries that are read at once.
const PAGE: usize = 1_000;
/// Tries against other writers before giving up.
const TRIES: usize = 100;
/// A record may have this many bytes.
const MOST_BYTES: usize = 4 << 20;

/// The records of a store.
///
/// ```
/// use botsmith_core::store;
/// use botsmith_eval::feedback::{Filter, Log, Record};
/// let store = store::open("memory:")?;
/// let log = Log::open(&*store);
/// let said = Record { at: 1, run: "r".into(), case: "c".into(), bot: "b".into(), rater: "ana".into(),
///     question: "verdict".into(), value: "up".into(), ..Record::default() };
/// let first = log.append(said.clone())?.record;
/// // The same rater on the same thing: an edit, which replaces what was said before.
/// let second = log.append(Record { at: 2, value: "down".into(), ..said })?.record;
/// assert_eq!(second.replaces, Some(first.id));
/// assert_eq!(log.current(&Filter::default())?, [second]);
/// assert_eq!(log.all(&Filter::default())?.len(), 2);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    store: &'a dyn StateStore,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Appended {
    /// The record as it is kept.
    pub record: Record,
    /// Whether it is new; false where it was there already.
    pub new: bool,
}

/// Which records; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Of this suite.
    pub suite: Option<String>,
    /// Of this run: its whole id.
    pub run: Option<String>,
    /// Of this case.
    pub case: Option<String>,
    /// About this bot, also as the other of a pair.
    pub bot: Option<String>,
    /// Of this rater.
    pub rater: Option<String>,
    /// To this question.
    pub question: Option<String>,
    /// From this source.
    pub source: Option<Source>,
    /// Drafts, discarded and withdrawn ones too.
    pub every_state: bool,
}

impl Filter {
    /// Those of a run.
    pub fn of_run(run: impl Into<String>) -> Self {
        Self {
            run: Some(run.into()),
            ..Self::default()
        }
    }

    /// Whether what the record is about is wanted; its state is not looked at.
    fn wants(&self, record: &Record) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        let other = |record: &Record| match (&self.bot, &record.against) {
            (Some(bot), Some(Against { bot: other, .. })) => bot == other,
            _ => false,
        };
        same(&self.suite, &record.suite)
            && same(&self.run, &record.run)
            && same(&self.case, &record.case)
            && (same(&self.bot, &record.bot) || other(record))
            && same(&self.rater, &record.rater)
            && same(&self.question, &record.question)
            && self.source.is_none_or(|source| source == record.source)
    }
}

impl<'a> Log<'a> {
    /// The log of a store; nothing is read or made yet.
    pub fn open(store: &'a dyn StateStore) -> Self {
        Self { store }
    }

    pub(crate) fn store(&self) -> &'a dyn StateStore {
        self.store
    }

    /// Keeps a record. One without an id gets one by its content; a record that is there already is not
    /// kept twice. Where its rater had said something of the same thing, `replaces` is filled in.
    ///
    /// # Errors
    /// [`Error::Feedback`] where the record lacks its question, case, bot or rater, is too long, or
    /// replaces one that is not the latest of its rater on this thing; or the store fails.
    pub fn append(&self, record: Record) -> Result<Appended> {
        self.put(record, true)
    }

    /// As [`append`](Self::append), for records of another store: one that replaces what is not here takes
    /// the place of what its rater had said here.
    ///
    /// # Errors
    /// As [`append`](Self::append), but for what it replaces.
    pub fn import(&self, record: Record) -> Result<Appended> {
        self.put(record, false)
    }

    fn put(&self, mut record: Record, strict: bool) -> Result<Appended> {
        Self::check(&record)?;
        if record.id.is_empty() {
            record.id = record.content_id();
        }
        let id_key = format!("id/{}", record.id);
        let now_key = format!("now/{}", record.key());
        let told = record.replaces.clone();
        for _ in 0..TRIES {
            let found = self.store.get_many(PARTITION, &[&id_key, &now_key])?;
            let [known, now] = <[_; 2]>::try_from(found).expect("two keys, two places");
            if known.is_some() {
                return Ok(Appended { record, new: false });
            }
            let latest = now
                .as_ref()
                .map(|now| String::from_utf8_lossy(&now.value).into_owned());
            if strict && told.is_some() && told != latest {
                return Err(Self::cannot_replace(&record, latest.as_deref()));
            }
            record.replaces = latest;
            let entry = serde_json::to_vec(&record).expect("records serialise");
            if entry.len() > MOST_BYTES {
                return Err(Error::Feedback {
                    question: record.question,
                    reason: format!(
                        "the record has {} bytes, at most {MOST_BYTES} are kept",
                        entry.len()
                    ),
                });
            }
            let transaction = Transaction::new()
                .absent(&id_key)
                .unchanged(&now_key, now.as_ref())
                .put(&id_key, "")
                .put(&now_key, record.id.as_str())
                .append(RECORDS, entry);
            if let Outcome::Committed(_) = self.store.transact(PARTITION, transaction)? {
                return Ok(Appended { record, new: true });
            }
        }
        Err(Error::Invalid(format!(
            "others wrote to record `{}` {TRIES} times while this was tried; try again",
            record.id
        )))
    }

    fn check(record: &Record) -> Result<()> {
        let wrong = |reason: String| {
            Err(Error::Feedback {
                question: record.question.clone(),
                reason,
            })
        };
        for (what, value) in [
            ("question", &record.question),
            ("case", &record.case),
            ("bot", &record.bot),
            ("rater", &record.rater),
        ] {
            if value.trim().is_empty() {
                return wrong(format!("the record names no {what}"));
            }
        }
        if record.id.len() > 200 || record.id.chars().any(char::is_control) {
            return wrong(
                "the record's id is longer than 200 bytes or holds control characters".into(),
            );
        }
        if let Some(p) = record.probability
            && !(p > 0.0 && p <= 1.0)
        {
            return wrong(format!(
                "the probability is {p}; above 0 and at most 1 is wanted"
            ));
        }
        if record.state == State::Submitted && record.value.is_null() {
            return wrong("the record has no value".into());
        }
        Ok(())
    }

    fn cannot_replace(record: &Record, latest: Option<&str>) -> Error {
        let told = record.replaces.as_deref().unwrap_or_default();
        Error::Feedback {
            question: record.question.clone(),
            reason: match latest {
                Some(latest) => format!(
                    "record `{told}` was replaced already: the latest of `{}` on this answer is `{latest}`",
                    record.rater
                ),
                None => format!(
                    "there is no record `{told}` of `{}` on this answer to replace; a record changes what was \
                     said, not of what or by whom",
                    record.rater
                ),
            },
        }
    }

    /// Every record, in the order they came.
    pub fn entries(&self) -> impl Iterator<Item = Result<Record>> + use<'a> {
        self.entries_from(0)
    }

    /// The records that came after so many, in the order they came, and how many there are now.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn since(&self, from: u64) -> Result<(Vec<Record>, u64)> {
        let new: Vec<Record> = self.entries_from(from).collect::<Result<_>>()?;
        let until = from + new.len() as u64;
        Ok((new, until))
    }

    fn entries_from(&self, from: u64) -> impl Iterator<Item = Result<Record>> + use<'a> {
        let store = self.store;
        let (mut from, mut page, mut ended) = (from, Vec::new().into_iter(), false);
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let entry: Vec<u8> = match page.next() {
                Some(entry) => entry,
                None => match store.log(PARTITION, RECORDS, from, PAGE) {
                    Ok(entries) => {
                        from += entries.len() as u64;
                        page = entries.into_iter();
                        page.next()?
                    }
                    Err(error) => {
                        ended = true;
                        return Some(Err(error.into()));
                    }
                },
            };
            Some(serde_json::from_slice(&entry).map_err(|error| {
                ended = true;
                botsmith_core::Error::StoreCorrupt {
                    url: store.url().into(),
                    reason: format!("a feedback record does not read: {error}"),
                }
                .into()
            }))
        })
    }

    /// Every record that is wanted, edits and what they replace included, in the order they came.
    ///
    /// # Errors
    /// If the store fails.
    pub fn all(&self, filter: &Filter) -> Result<Vec<Record>> {
        self.entries()
            .filter(|record| !record.as_ref().is_ok_and(|record| !filter.wants(record)))
            .collect()
    }

    /// The latest word of every rater on every thing, in the order they came: edits are resolved, and
    /// only what was handed in is there, unless the filter wants every state.
    ///
    /// # Errors
    /// If the store fails.
    pub fn current(&self, filter: &Filter) -> Result<Vec<Record>> {
        let mut latest: Vec<Option<Record>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for record in self.entries() {
            let record = record?;
            if !filter.wants(&record) {
                continue;
            }
            if let Some(place) = record.replaces.as_ref().and_then(|old| places.remove(old)) {
                latest[place] = None;
            }
            places.insert(record.id.clone(), latest.len());
            latest.push(Some(record));
        }
        let wanted = |record: &Record| filter.every_state || record.state == State::Submitted;
        Ok(latest.into_iter().flatten().filter(wanted).collect())
    }
}
