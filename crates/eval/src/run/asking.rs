//! Asking within a run: who reads, who asks, who commits.
//!
//! Three parties work side by side: a thread that finds what is open (it reads data and store), the
//! asking itself (async, it waits for networks), and a thread that commits. [`Runner::run`] brings a
//! runtime of its own; [`run_async`] asks on the caller's, and dropping its future stops the work:
//! what was answered is kept, and the next run goes on from there.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use botsmith_core::chat::CancelToken;
use botsmith_core::store::{StateStore, Transaction};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::Instrument as _;

use crate::ask::{Bots, traced};
use crate::suite::Suite;
use crate::{Error, Result};

use super::commit::commit;
use super::crew::{Crew, Task};
use super::feed::{self, Begun};
use super::kept::Kept;
use super::runner::{RunOptions, Runner, json, prepare};
use super::runs::{INFO, MANIFEST, Runs, partition};
use super::{AskProgress, Finished, Manifest, Progress, RunInfo};

/// Where open questions are found.
#[derive(Debug)]
pub(super) enum Open<'a> {
    Dataset(Begun),
    /// Answers of an earlier run; whether those that failed are asked for again.
    Earlier(&'a str, Begun, bool),
}

/// Tasks that wait to be begun.
const WAITING: usize = 16;

impl Runner<'_> {
    /// Asks whatever is open, on a runtime of its own.
    pub(super) fn ask(
        &self,
        suite: &Suite,
        manifest: &Manifest,
        crew: &Crew,
        open: &Open<'_>,
    ) -> Result<()> {
        let (store, kept) = (self.store(), self.kept(manifest));
        announce(store, manifest)?;
        let mut progress = match open {
            Open::Dataset(begun) => feed::count(suite, &kept, *begun)?,
            Open::Earlier(..) => AskProgress::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Invalid(format!("no async runtime: {error}")))?;
        let (to_ask, tasks) = mpsc::channel::<Task>(WAITING);
        let (to_commit, notes) = std::sync::mpsc::channel();
        let cancel = CancelToken::new();
        let options = self.options();
        std::thread::scope(|scope| {
            let feeder = scope.spawn(|| {
                let send = move |task| to_ask.blocking_send(task).is_ok();
                match open {
                    Open::Dataset(begun) => feed::dataset(suite, &kept, *begun, send),
                    Open::Earlier(of, begun, failed) => {
                        feed::earlier(suite, store, of, &kept, (*begun, *failed), send)
                    }
                }
            });
            let cancel = &cancel;
            let span = traced::suite(&manifest.suite, &manifest.id);
            let asker = scope.spawn(move || {
                let work = crew.work(suite, tasks, to_commit, cancel);
                runtime.block_on(work.instrument(span))
            });
            let report = |asking| {
                if let Some(progress) = options.progress {
                    progress(told(asking));
                }
            };
            let cancelled = || options.cancel.is_some_and(|c| c.load(Ordering::Relaxed));
            let partition = partition(&manifest.id);
            let committed = commit(store, &partition, &notes, &mut progress, report, cancelled);
            if committed.is_err() {
                cancel.cancel();
            }
            drop(notes);
            let asked = asker.join().expect("asking does not panic");
            let fed = feeder.join().expect("reading does not panic");
            committed.and(fed).and(asked)
        })
    }
}

fn told(asking: AskProgress) -> Progress {
    Progress {
        cases: 0,
        fraction: asking.of.map(|of| asking.answers as f64 / of.max(1) as f64),
        asking: Some(asking),
    }
}

/// Puts the run into the list before anything of it is asked.
pub(super) fn announce(store: &dyn StateStore, manifest: &Manifest) -> Result<()> {
    let info = RunInfo {
        id: manifest.id.clone(),
        suite: manifest.suite.clone(),
        started_ms: store.now_ms()?,
        complete: false,
        passed: None,
        cases: None,
    };
    let begin = Transaction::new()
        .absent(MANIFEST)
        .put(MANIFEST, json(manifest))
        .put(INFO, json(&info));
    // A conflict says that it is there already.
    let _ = store.transact(&partition(&manifest.id), begin)?;
    Ok(())
}

/// How [`run_async`] runs.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AsyncOptions {
    /// Working threads for judging; 0: one a core.
    pub threads: usize,
    /// Called as answers come and after each batch.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Opens the bots and judges that the suite asks.
    pub bots: Option<Arc<dyn Bots>>,
    /// Questions at once, for each bot and judge, in place of what the suite says.
    pub concurrency: Option<NonZeroUsize>,
}

impl std::fmt::Debug for AsyncOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncOptions")
            .field("threads", &self.threads)
            .field("bots", &self.bots)
            .finish_non_exhaustive()
    }
}

/// Says to the blocking parts that nobody waits for them any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// [`Runner::run`] for async programs: bots are asked on the caller's runtime, reading, committing
/// and judging happen on its blocking threads. Dropping the future stops the work; what was
/// answered is kept.
///
/// # Errors
/// As [`Runner::run`].
pub async fn run_async(
    store: Arc<dyn StateStore>,
    suite: Arc<Suite>,
    options: AsyncOptions,
) -> Result<Finished> {
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let (crew, manifest, begun) = {
        let (store, suite, options) = (Arc::clone(&store), Arc::clone(&suite), options.clone());
        blocking(move || {
            let crew = Crew::open(&suite, options.bots.as_deref(), options.concurrency)?;
            let manifest = prepare(&suite, &crew)?;
            let known = Runs::new(&*store).is_complete(&manifest.id)?;
            let begun = match crew.asks() && !known {
                true => Some(Runner::new(&*store).restore(&suite, &manifest)?.begun()),
                false => None,
            };
            Ok((crew, manifest, begun))
        })
        .await?
    };
    if let Some(begun) = begun {
        let (to_ask, tasks) = mpsc::channel::<Task>(WAITING);
        let (to_commit, notes) = std::sync::mpsc::channel();
        let partition = partition(&manifest.id);
        let feeder = {
            let (store, suite) = (Arc::clone(&store), Arc::clone(&suite));
            let partition = partition.clone();
            spawn_blocking(move || {
                let kept = Kept::new(&*store, partition);
                let send = move |task| to_ask.blocking_send(task).is_ok();
                feed::dataset(&suite, &kept, begun, send)
            })
        };
        let committer = {
            let (store, suite, manifest) =
                (Arc::clone(&store), Arc::clone(&suite), manifest.clone());
            let (options, stop) = (options.clone(), Arc::clone(&stop.0));
            spawn_blocking(move || {
                announce(&*store, &manifest)?;
                let kept = Kept::new(&*store, partition.clone());
                let mut progress = feed::count(&suite, &kept, begun)?;
                let report = |asking| {
                    if let Some(progress) = &options.progress {
                        progress(told(asking));
                    }
                };
                let cancelled = || stop.load(Ordering::Relaxed);
                commit(
                    &*store,
                    &partition,
                    &notes,
                    &mut progress,
                    report,
                    cancelled,
                )
            })
        };
        let cancel = CancelToken::new();
        let span = traced::suite(&manifest.suite, &manifest.id);
        let work = crew.work(&suite, tasks, to_commit, &cancel);
        let asked = work.instrument(span).await;
        let committed = joined(committer.await);
        let fed = joined(feeder.await);
        committed.and(fed).and(asked)?;
    }
    let cancelled = Arc::clone(&stop.0);
    blocking(move || {
        let progress = options.progress.clone();
        let report = |told| {
            if let Some(progress) = &progress {
                progress(told);
            }
        };
        let run = RunOptions {
            threads: options.threads,
            progress: Some(&report),
            cancel: Some(&cancelled),
            ..RunOptions::default()
        };
        Runner::new(&*store)
            .with(run)
            .run_with(&suite, &manifest, |_| Ok(()))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(spawn_blocking(work).await)
}

fn joined<T>(result: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    match result {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Interrupted),
        },
    }
}
