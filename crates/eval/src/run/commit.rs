//! The thread that commits answers and verdicts while bots are asked.
//!
//! It takes what has come since the last commit, writes it in one transaction, and tells those who
//! wait for it. Asking never waits for a disk on an async thread, and many answers share a sync.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use botsmith_core::store::{Check, Outcome, StateStore, Transaction};
use tokio::sync::oneshot;

use crate::{Error, Result};

use super::AskProgress;

/// Something to keep.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) key: String,
    /// Replaced by it: the failure before, or the success.
    pub(super) instead_of: String,
    pub(super) value: Vec<u8>,
    pub(super) what: What,
    /// Told once it is kept.
    pub(super) kept: oneshot::Sender<()>,
}

impl Note {
    /// Whether it is never replaced: what failed may be asked for again.
    fn stays(&self) -> bool {
        self.key.starts_with("ask/a/") || self.key.starts_with("ask/v/")
    }
}

/// What kind of thing, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Answer { failed: bool },
    Verdict,
}

/// Notes in one transaction at most, and their bytes.
const MOST: usize = 256;
const MOST_BYTES: usize = 8 << 20;

/// Commits what comes until all senders are gone.
pub(super) fn commit(
    store: &dyn StateStore,
    partition: &str,
    notes: &Receiver<Note>,
    progress: &mut AskProgress,
    mut report: impl FnMut(AskProgress),
    cancelled: impl Fn() -> bool,
) -> Result<()> {
    loop {
        if cancelled() {
            return Err(Error::Interrupted);
        }
        let first = match notes.recv_timeout(Duration::from_millis(100)) {
            Ok(note) => note,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(note) = next {
            bytes += note.value.len();
            batch.push(note);
            next = match batch.len() < MOST && bytes < MOST_BYTES {
                true => notes.try_recv().ok(),
                false => None,
            };
        }
        while !batch.is_empty() {
            let mut transaction = Transaction::new();
            for note in &batch {
                // Another worker that was slow may have the same answer: the first one counts.
                if note.stays() {
                    transaction = transaction.absent(note.key.as_str());
                }
                transaction = transaction
                    .put(note.key.as_str(), note.value.clone())
                    .delete(note.instead_of.as_str());
            }
            let Outcome::Conflict(conflict) = store.transact(partition, transaction)? else {
                break;
            };
            let there = batch.iter().position(|note| {
                note.stays()
                    && conflict.check
                        == Check::Absent {
                            key: note.key.clone(),
                        }
            });
            match there {
                Some(there) => drop(batch.remove(there).kept.send(())),
                None => {
                    return Err(Error::Invalid(format!(
                        "a conflict about nothing: {conflict}"
                    )));
                }
            }
        }
        for note in batch {
            match note.what {
                What::Answer { failed } => {
                    progress.answers += 1;
                    progress.failed += usize::from(failed);
                }
                What::Verdict => progress.verdicts += 1,
            }
            // Who waits no longer was cancelled; the answer is kept all the same.
            let _ = note.kept.send(());
        }
        report(*progress);
    }
}
