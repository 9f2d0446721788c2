//! The one thread that writes, and its group commit.
//!
//! A commit costs one sync of the disk, some milliseconds, however much is in it. So what queues
//! up while one is under way is committed together as the next. Each write has a savepoint of its
//! own, so that one that fails takes back only itself; its caller hears of it, as the others of
//! their success, only after the commit.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode};

use super::super::transaction::{Outcome, Transaction, Write};
use super::{Location, SqliteStats, apply, connect};
use crate::digest::Digest;
use crate::{Error, Result};

/// The most writes in one commit, and the most bytes after which no more are added.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 16 << 20;

/// Something to write.
#[derive(Debug)]
pub(super) enum Op {
    Transact(String, Transaction),
    DeletePartition(String),
    PutBlobs(Vec<(Digest, Vec<u8>)>),
    DeleteBlobs(Vec<Digest>, u64),
    #[cfg(test)]
    Panic,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Transacted(Outcome),
    PartitionDeleted(bool),
    BlobsPut,
    BlobsDeleted(u64),
}

impl Op {
    /// About how many bytes it writes.
    fn size(&self) -> usize {
        match self {
            Self::Transact(_, transaction) => transaction
                .writes
                .iter()
                .map(|write| match write {
                    Write::Put { value, .. } => value.len(),
                    Write::Append { entry, .. } => entry.len(),
                    _ => 0,
                })
                .sum(),
            Self::PutBlobs(blobs) => blobs.iter().map(|(_, content)| content.len()).sum(),
            _ => 0,
        }
    }
}

/// Writes that one caller waits for.
struct Job {
    ops: Vec<Op>,
    reply: SyncSender<Vec<Result<Done>>>,
}

impl Job {
    fn size(&self) -> usize {
        self.ops.iter().map(Op::size).sum()
    }
}

#[derive(Debug, Default)]
struct Shared {
    submitted: AtomicU64,
    finished: AtomicU64,
    commits: AtomicU64,
    /// What the thread panicked with.
    panic: OnceLock<String>,
}

/// The handle to the thread; the thread ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    at: Arc<Location>,
    shared: Arc<Shared>,
    /// Always there until dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(at: &Arc<Location>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (jobs, queue) = mpsc::channel();
        let worker = Worker {
            at: Arc::clone(at),
            shared: Arc::clone(&shared),
            connection: None,
        };
        let thread = thread::Builder::new()
            .name("botsmith-store".to_owned())
            .spawn(move || worker.work(&queue))?;
        Ok(Self {
            at: Arc::clone(at),
            shared,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    pub(super) fn stats(&self) -> SqliteStats {
        SqliteStats {
            submitted: self.shared.submitted.load(Ordering::Acquire),
            finished: self.shared.finished.load(Ordering::Acquire),
            commits: self.shared.commits.load(Ordering::Acquire),
        }
    }

    /// Queues writes, which go into one commit, and waits until they are durable, or known not to happen.
    pub(super) fn run(&self, ops: Vec<Op>) -> Result<Vec<Done>> {
        let count = ops.len() as u64;
        let (reply, answer) = mpsc::sync_channel(1);
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(Job { ops, reply }).is_ok());
        if sent {
            self.shared.submitted.fetch_add(count, Ordering::Release);
        }
        match answer.recv() {
            Ok(done) if sent => done.into_iter().collect(),
            // The thread drops what it will not answer, so this waits for nothing.
            _ => Err(self.at.writer_gone(&self.shared)),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panics are caught and kept in `shared`.
            let _ = thread.join();
        }
    }
}

impl Location {
    fn writer_gone(&self, shared: &Shared) -> Error {
        let reason = match shared.panic.get() {
            Some(panic) => format!("its writer panicked, this is a bug: {panic}"),
            None => "its writer has ended".to_owned(),
        };
        Error::Store {
            url: self.url.clone(),
            reason,
        }
    }
}

/// Why none of a batch happened.
enum Failure {
    /// The file could not be opened.
    Open(Error),
    /// SQLite did not let it begin; parts of it would not fare better.
    Begin(rusqlite::Error),
    /// It was taken back whole, perhaps because of one of its writes.
    Whole(rusqlite::Error),
}

/// What the thread owns.
struct Worker {
    at: Arc<Location>,
    shared: Arc<Shared>,
    connection: Option<Connection>,
}

impl Worker {
    fn work(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut bytes = first.size();
            let mut replies = vec![(first.reply, first.ops.len())];
            let mut ops = first.ops;
            while ops.len() < BATCH
                && bytes < BATCH_BYTES
                && let Ok(next) = queue.try_recv()
            {
                bytes += next.size();
                replies.push((next.reply, next.ops.len()));
                ops.extend(next.ops);
            }
            match catch_unwind(AssertUnwindSafe(|| self.finish(&ops))) {
                Ok(results) => {
                    let mut results = results.into_iter();
                    for (reply, count) in replies {
                        // A caller that is gone needs no answer.
                        let _ = reply.send(results.by_ref().take(count).collect());
                    }
                }
                Err(panic) => {
                    let _ = self.shared.panic.set(message(panic.as_ref()));
                    for (reply, _) in replies {
                        let _ = reply.send(vec![Err(self.at.writer_gone(&self.shared))]);
                    }
                    return;
                }
            }
        }
    }

    /// Writes a batch and gives each of its writes its result.
    fn finish(&mut self, ops: &[Op]) -> Vec<Result<Done>> {
        let results = match (self.commit(ops), ops) {
            (Ok(results), _) => results,
            (Err(Failure::Begin(error)), _) => {
                let failed = ops.iter().map(|_| Err(self.at.failure(&error)));
                failed.collect()
            }
            (Err(Failure::Open(error)), [_]) => vec![Err(error)],
            (Err(Failure::Whole(error)), [_]) => vec![Err(self.at.failure(&error))],
            // One by one, to find those that can be written: on a full disk, small ones may.
            (Err(_), _) => {
                let one_by_one = ops.iter().map(std::slice::from_ref);
                return one_by_one.flat_map(|op| self.finish(op)).collect();
            }
        };
        let finished = results.iter().filter(|result| result.is_ok()).count();
        self.shared
            .finished
            .fetch_add(finished as u64, Ordering::Release);
        results
    }

    /// Writes a batch as one transaction of SQLite, or nothing.
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done>>, Failure> {
        let db = match self.connection.take() {
            Some(db) => db,
            None => connect::writing(&self.at).map_err(Failure::Open)?,
        };
        let result = match statement(&db, "BEGIN IMMEDIATE") {
            Ok(()) => self.fill(&db, ops).map_err(Failure::Whole),
            Err(error) => Err(Failure::Begin(error)),
        };
        if !db.is_autocommit() && statement(&db, "ROLLBACK").is_err() {
            // Dropped with what it has begun.
            return result;
        }
        // After a failed sync, what the system still holds in memory may not be what is on the
        // disk; a new connection reads it anew.
        if let Err(Failure::Begin(error) | Failure::Whole(error)) = &result
            && !matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull)
            )
        {
            return result;
        }
        self.connection = Some(db);
        result
    }

    /// Makes the writes of a batch and commits them.
    fn fill(&self, db: &Connection, ops: &[Op]) -> rusqlite::Result<Vec<Result<Done>>> {
        let mut results = Vec::with_capacity(ops.len());
        let before = apply::version(db)?;
        let mut version = before;
        for op in ops {
            statement(db, "SAVEPOINT one")?;
            match write(db, op, &mut version) {
                Ok(done) => results.push(Ok(done)),
                // Some errors take back the whole transaction by themselves.
                Err(error) if db.is_autocommit() => return Err(error),
                Err(error) => {
                    statement(db, "ROLLBACK TO one")?;
                    results.push(Err(self.at.failure(&error)));
                }
            }
            statement(db, "RELEASE one")?;
        }
        if version != before {
            apply::set_version(db, version)?;
        }
        statement(db, "COMMIT")?;
        self.shared.commits.fetch_add(1, Ordering::Release);
        Ok(results)
    }
}

fn statement(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

fn write(db: &Connection, op: &Op, version: &mut u64) -> rusqlite::Result<Done> {
    Ok(match op {
        Op::Transact(partition, transaction) => {
            let outcome = apply::transact(db, partition, transaction, *version + 1)?;
            // A conflict leaves no trace, so that a batch of nothing else costs no sync.
            if matches!(outcome, Outcome::Committed(_)) && !transaction.writes.is_empty() {
                *version += 1;
            }
            Done::Transacted(outcome)
        }
        Op::DeletePartition(partition) => {
            Done::PartitionDeleted(apply::delete_partition(db, partition)?)
        }
        Op::PutBlobs(blobs) => {
            let now_ms = super::super::system_time_ms();
            for (digest, content) in blobs {
                apply::put_blob(db, digest, content, now_ms)?;
            }
            Done::BlobsPut
        }
        Op::DeleteBlobs(digests, put_before_ms) => {
            let mut deleted = 0;
            for digest in digests {
                deleted += u64::from(apply::delete_blob(db, digest, *put_before_ms)?);
            }
            Done::BlobsDeleted(deleted)
        }
        #[cfg(test)]
        Op::Panic => panic!("asked to"),
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "it did not say why".to_owned(),
    }
}
