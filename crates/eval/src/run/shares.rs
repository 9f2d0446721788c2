//! Judging that is spread over processes: verdicts on a share of the rows -> records of the run's partition, from
//! which whoever finishes the run takes them.
//!
//! A record `judged/BATCH/INDEX-OF` holds what one share made of the rows of one batch. It is written anew as
//! verdicts come, so that a process that is killed loses little and the next one judges only the rest. Each row
//! carries a hash of what was judged: an answer that was asked for again since then is judged anew. Once the run
//! is complete its log of cases holds all of it, and these records go.

use std::collections::HashMap;

use botsmith_core::digest::Digest;
use botsmith_core::store::{Outcome, Record, StateStore, Transaction};
use serde::{Deserialize, Serialize};

use crate::{Result, Verdict};

use super::AnswerRecord;
use super::kept::clear;
use super::runner::{Part, json};

const PREFIX: &str = "judged/";

/// What judges that ask a model said, for each answer, by the places of their evaluators.
type Asked = [Vec<(usize, Verdict)>];

/// The verdicts on one row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(rename = "row")]
    pub(super) at: u64,
    /// The hash of what was judged.
    of: String,
    /// For each answer its verdicts, and the bits of their values: as text, a number may come back as its
    /// neighbour.
    answers: Vec<Vec<(Verdict, u64)>>,
}

/// The hash of what is judged: the answers, and what judges that ask a model said of them.
pub(super) fn hash(answers: &[AnswerRecord], asked: &Asked) -> String {
    let mut bytes = json(&answers);
    bytes.extend(json(&asked));
    Digest::of(&bytes).to_string()[..32].to_owned()
}

impl Row {
    pub(super) fn new(at: u64, of: String, answers: &[AnswerRecord]) -> Self {
        let bits = |verdict: &Verdict| match verdict {
            Verdict::Judged(score) => score.value.to_bits(),
            Verdict::Skipped(_) | Verdict::Failed(_) => 0,
        };
        let verdicts = answers.iter().map(|answer| {
            let all = answer.verdicts.iter();
            all.map(|verdict| (verdict.clone(), bits(verdict)))
                .collect()
        });
        Self {
            at,
            of,
            answers: verdicts.collect(),
        }
    }

    /// Whether it judged this.
    pub(super) fn is_of(&self, hash: &str) -> bool {
        self.of == hash
    }

    /// The verdicts, answer by answer.
    pub(super) fn verdicts(self) -> impl Iterator<Item = Vec<Verdict>> {
        let exact = |(mut verdict, bits): (Verdict, u64)| {
            if let Verdict::Judged(score) = &mut verdict {
                score.value = f64::from_bits(bits);
            }
            verdict
        };
        let all = self.answers.into_iter();
        all.map(move |answer| answer.into_iter().map(exact).collect())
    }
}

/// What the shares of one run have made.
#[derive(Clone, Debug)]
pub(super) struct Shares<'a> {
    store: &'a dyn StateStore,
    partition: String,
}

impl<'a> Shares<'a> {
    pub(super) fn new(store: &'a dyn StateStore, partition: String) -> Self {
        Self { store, partition }
    }

    /// Whether there is anything.
    pub(super) fn any(&self) -> Result<bool> {
        let found = self.store.keys(&self.partition, PREFIX, None, 1)?;
        Ok(!found.is_empty())
    }

    /// What all shares made of a batch, by row.
    pub(super) fn batch(&self, batch: u64) -> Result<HashMap<u64, Row>> {
        let prefix = format!("{PREFIX}{batch:010}/");
        let found = self
            .store
            .scan(&self.partition, &prefix, None, usize::MAX)?;
        let mut rows = HashMap::new();
        for (_, record) in found {
            rows.extend(self.read(&record)?.into_iter().map(|row| (row.at, row)));
        }
        Ok(rows)
    }

    /// Keeps what a share made of rows of a batch, beside what is kept of it.
    pub(super) fn keep(&self, batch: u64, part: Part, new: &[Row]) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let key = format!("{PREFIX}{batch:010}/{:06}-{:06}", part.index, part.of);
        loop {
            let found = self.store.get(&self.partition, &key)?;
            let mut rows = match &found {
                Some(record) => self.read(record)?,
                None => Vec::new(),
            };
            rows.retain(|old| new.iter().all(|row| row.at != old.at));
            rows.extend_from_slice(new);
            rows.sort_by_key(|row| row.at);
            let put = Transaction::new()
                .unchanged(key.as_str(), found.as_ref())
                .put(key.as_str(), json(&rows));
            // A conflict: an attempt that was taken for dead works on the same share.
            if let Outcome::Committed(_) = self.store.transact(&self.partition, put)? {
                return Ok(());
            }
        }
    }

    /// Removes all of it: the run is complete.
    pub(super) fn clear(&self) -> Result<()> {
        clear(self.store, &self.partition, PREFIX)
    }

    fn read(&self, record: &Record) -> Result<Vec<Row>> {
        serde_json::from_slice(&record.value).map_err(|error| {
            botsmith_core::Error::StoreCorrupt {
                url: self.store.url().into(),
                reason: format!("verdicts of {} do not read: {error}", self.partition),
            }
            .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use botsmith_core::store::MemoryStore;

    use super::*;
    use crate::{Answer, Score};

    fn judged(value: f64) -> Vec<AnswerRecord> {
        vec![AnswerRecord {
            answer: Answer::text("yes"),
            verdicts: vec![Score::graded(value).into(), Verdict::Failed("no".into())],
            ..AnswerRecord::default()
        }]
    }

    #[test]
    fn verdicts_come_back_to_the_bit_and_shares_stand_side_by_side() {
        let store = MemoryStore::new();
        let shares = Shares::new(&store, "run/r".into());
        assert!(!shares.any().unwrap());
        let values = [
            0.1 + 0.2,
            1.0 / 3.0,
            f64::MIN_POSITIVE,
            123_456.789_012_345_67,
        ];
        for (row, value) in values.into_iter().enumerate() {
            let row = row as u64;
            let new = Row::new(row, "h".into(), &judged(value));
            let part = Part {
                index: row % 2,
                of: 2,
            };
            shares.keep(7, part, &[new]).unwrap();
        }
        let mut rows = shares.batch(7).unwrap();
        assert!(shares.any().unwrap() && shares.batch(8).unwrap().is_empty());
        for (row, value) in values.into_iter().enumerate() {
            let verdicts: Vec<_> = rows.remove(&(row as u64)).unwrap().verdicts().collect();
            assert_eq!(verdicts, [judged(value)[0].verdicts.clone()]);
        }
        shares.clear().unwrap();
        assert!(!shares.any().unwrap());
    }

    #[test]
    fn another_answer_or_another_word_of_a_judge_has_another_hash() {
        let one = judged(1.0);
        let mut other = one.clone();
        other[0].answer.text = "no".into();
        let asked = vec![vec![(0, Verdict::from(Score::pass_fail(true)))]];
        assert_ne!(hash(&one, &[]), hash(&other, &[]));
        assert_ne!(hash(&one, &[]), hash(&one, &asked));
        assert_eq!(hash(&one, &asked), hash(&one.clone(), &asked.clone()));
    }
}
