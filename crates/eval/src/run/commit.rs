//! The thread that commits answers and verdicts while bots are asked.
//!
//! It takes what has come since the last commit, writes it in one transaction, and tells those who
//! wait for it. Asking never waits for a disk on an async thread, and many answers share a sync.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use botsmith_core::store::{StateStore, Transaction};
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
        let (mut transaction, mut waiting, mut bytes) = (Transaction::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(note) = next {
            bytes += note.value.len();
            match note.what {
                What::Answer { failed } => {
                    progress.answers += 1;
                    progress.failed += usize::from(failed);
                }
                What::Verdict => progress.verdicts += 1,
            }
            transaction = transaction
                .put(note.key, note.value)
                .delete(note.instead_of);
            waiting.push(note.kept);
            next = match waiting.len() < MOST && bytes < MOST_BYTES {
                true => notes.try_recv().ok(),
                false => None,
            };
        }
        // Without checks there is no conflict.
        let _ = store.transact(partition, transaction)?;
        for kept in waiting {
            // Who waits no longer was cancelled; the answer is kept all the same.
            let _ = kept.send(());
        }
        report(*progress);
    }
}
