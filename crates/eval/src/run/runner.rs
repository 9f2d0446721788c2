//! Judges a suite into a store.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use botsmith_core::store::{Outcome as StoreOutcome, StateStore, Transaction};

use crate::ask::Bots;
use crate::calibration;
use crate::dataset::{Answers, Place, check_fields};
use crate::report::{Report, Timings};
use crate::suite::{BotSpec, Suite};
use crate::{Error, Result};

use super::asking::{Open, announce};
use super::crew::Crew;
use super::ids::{Ids, Seen};
use super::judge::{Given, Judge, Judged};
use super::kept::Kept;
use super::numbers::Numbers;
use super::pipeline::{self, Flow};
use super::runs::{CASES, INFO, MANIFEST, REPORT, Runs, TIMES, Times, partition};
use super::select::{Ahead, Selection};
use super::shares::Shares;
use super::{Manifest, RunInfo, chunk, corpus, feed, judge, named, summary, table::Table};

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Cases judged, those of earlier processes included.
    pub cases: usize,
    /// Share of the data read, 0 to 1, where its size is known.
    pub fraction: Option<f64>,
    /// While bots are asked, before their answers are judged: how far that has come.
    pub asking: Option<AskProgress>,
}

/// How far asking has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskProgress {
    /// Answers that are there, those of earlier processes and failures included.
    pub answers: usize,
    /// Answers in all, where that is known.
    pub of: Option<usize>,
    /// Answers that failed, in this process.
    pub failed: usize,
    /// Verdicts of judges, in this process.
    pub verdicts: usize,
}

/// A share of the rows of a dataset: every `of`-th, from the `index`-th on, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which share.
    pub index: u64,
    /// How many there are, 1 or more.
    pub of: u64,
}

impl Part {
    pub(super) fn has(self, row: u64) -> bool {
        row % self.of.max(1) == self.index
    }
}

/// How to run.
#[derive(Default)]
#[non_exhaustive]
pub struct RunOptions<'a> {
    /// Working threads, [`MAX_THREADS`] at most; 0: one a core.
    pub threads: usize,
    /// Called after each batch.
    pub progress: Option<&'a dyn Fn(Progress)>,
    /// Set it to stop; what was judged is kept.
    pub cancel: Option<&'a AtomicBool>,
    /// Opens the bots and judges that a suite asks. Suites of recorded answers alone need none.
    pub bots: Option<&'a dyn Bots>,
    /// Questions at once, for each bot and judge, in place of what the suite says.
    pub concurrency: Option<NonZeroUsize>,
    /// Whether all that there is to ask was asked, by [`Runner::ask_part`]: answers that failed are not
    /// asked for again.
    pub asked: bool,
}

impl std::fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunOptions")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// A complete run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it says.
    pub report: Report,
    /// Cases that an earlier process had judged.
    pub resumed: usize,
    /// Whether it was complete before: nothing was judged now.
    pub already: bool,
}

/// Pending bytes and time after which batches are committed: a kill loses at most this much work.
const COMMIT_BYTES: usize = 8 << 20;
const COMMIT_EVERY: Duration = Duration::from_millis(250);

/// Working threads at most, whatever was asked for: each takes memory for a batch, and more than a
/// machine has cores help nobody.
pub const MAX_THREADS: usize = 256;

/// Judges suites into a store.
///
/// ```
/// use botsmith_core::{store, yaml::Source};
/// use botsmith_eval::{evaluators::Registry, run::Runner, suite::{Overrides, Suite}};
/// let text = "
/// version: 1
/// dataset: [{input: '2 + 2?', reference: '4', said: 'It is 4.'}]
/// bots: [{name: adder, recorded: {answer: /said}}]
/// extract: [last-number]
/// evaluators: [number-equals]
/// ";
/// let source = Source::new("suite.yaml", text);
/// let suite = Suite::read(&source, &Registry::builtin(), &Overrides::default())?;
/// let store = store::open("memory:")?;
/// let finished = Runner::new(&*store).run(&suite)?;
/// assert_eq!(finished.report.bots[0].scores["number-equals"].mean, Some(1.0));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Debug)]
pub struct Runner<'a> {
    store: &'a dyn StateStore,
    options: RunOptions<'a>,
}

impl<'a> Runner<'a> {
    /// A runner with default options.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self {
            store,
            options: RunOptions::default(),
        }
    }

    /// The same with options.
    #[must_use]
    pub fn with(mut self, options: RunOptions<'a>) -> Self {
        self.options = options;
        self
    }

    /// Judges a suite, or goes on where an earlier process stopped, or gives the report of the run
    /// that is already complete.
    ///
    /// Where the suite asks bots, they are asked on an async runtime of its own, on a thread of its
    /// own: it may be called from anywhere that may block. On an async runtime, call
    /// [`run_async`](super::run_async).
    ///
    /// # Errors
    /// If data cannot be read, a case cannot be judged, a bot cannot be opened, the store fails, or
    /// it was cancelled. A bot that does not answer is no error.
    pub fn run(&self, suite: &Suite) -> Result<Finished> {
        let crew = Crew::open(suite, self.options.bots, self.options.concurrency)?;
        let manifest = prepare(suite, &crew)?;
        self.run_with(suite, &manifest, |state| match crew.asks() {
            true if !self.options.asked => {
                self.ask(suite, &manifest, &crew, &Open::Dataset(state.begun()))
            }
            _ => Ok(()),
        })
    }

    /// The id of the run that a suite would make, and whether anything is to be asked for it.
    ///
    /// # Errors
    /// If a bot cannot be opened, or data cannot be read.
    pub fn identify(&self, suite: &Suite) -> Result<(String, bool)> {
        let crew = Crew::open(suite, self.options.bots, self.options.concurrency)?;
        let manifest = prepare(suite, &crew)?;
        let done = Runs::new(self.store).is_complete(&manifest.id)?;
        Ok((manifest.id, crew.asks() && !done))
    }

    /// Asks about a share of the rows and judges nothing: many processes may do so at once, each for a
    /// share of its own. Afterwards [`Runner::run`] finds the answers and asks nothing. Gives the
    /// run's id.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn ask_part(&self, suite: &Suite, part: Part) -> Result<String> {
        let crew = Crew::open(suite, self.options.bots, self.options.concurrency)?;
        let manifest = prepare(suite, &crew)?;
        if crew.asks() && !Runs::new(self.store).is_complete(&manifest.id)? {
            let begun = super::feed::Begun {
                part: Some(part),
                ..self.restore(suite, &manifest)?.begun()
            };
            self.ask(suite, &manifest, &crew, &Open::Dataset(begun))?;
        }
        Ok(manifest.id)
    }

    /// Judges a share of the rows, from the answers that are there, and keeps what came of it: many
    /// processes may do so at once, each for a share of its own. Afterwards [`Runner::run`] judges only what
    /// nobody has judged.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn judge_part(&self, suite: &Suite, part: Part) -> Result<()> {
        let crew = Crew::open(suite, self.options.bots, self.options.concurrency)?;
        let manifest = prepare(suite, &crew)?;
        if Runs::new(self.store).is_complete(&manifest.id)? {
            return Ok(());
        }
        announce(self.store, &manifest)?;
        let selection = Selection::new(&suite.dataset, suite.seed)?;
        let answers = feed::given(suite)?;
        let judge = Judge::new(suite, &selection, &answers, self.kept(&manifest));
        let shares = self.shares(&manifest);
        let begun = self.store.log_length(&partition(&manifest.id), CASES)?;
        let mut rows = suite.dataset.source.rows()?;
        let mut ahead = Ahead::new(&selection)?;
        let mut number = 0;
        let next = || {
            loop {
                let Some(batch) = rows.next_batch()? else {
                    return Ok(None);
                };
                number += 1;
                if !ahead.wants()? {
                    return Ok(None);
                }
                if number > begun {
                    return Ok(Some((number - 1, batch)));
                }
            }
        };
        let cancel = self.options.cancel;
        let stopped = || cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed));
        let work = |batch| judge.share(batch, part, &shares, stopped);
        pipeline::run(self.threads(), next, work, |()| Ok(Flow::Go))
    }

    /// [`Runner::run`], once `asked` has asked whatever is to be asked.
    pub(super) fn run_with(
        &self,
        suite: &Suite,
        manifest: &Manifest,
        ask: impl Fn(&State) -> Result<()>,
    ) -> Result<Finished> {
        self.until_complete(suite, manifest, |state| {
            ask(state)?;
            let selection = Selection::new(&suite.dataset, suite.seed)?;
            let answers = feed::given(suite)?;
            let shares = self.shares(manifest);
            let shares = shares.any()?.then_some(shares);
            let judge = Judge::new(suite, &selection, &answers, self.kept(manifest)).with(shares);
            let mut rows = suite.dataset.source.rows()?;
            let mut number = state.committed as u64;
            for _ in 0..number {
                rows.next_batch()?;
            }
            let size = suite.dataset.source.bytes();
            let next = || {
                let batch = rows.next_batch()?;
                number += 1;
                Ok(batch.map(|batch| {
                    let fraction = size.map(|size| batch.position as f64 / size.max(1) as f64);
                    ((number - 1, batch), fraction)
                }))
            };
            let work =
                |((number, batch), fraction)| Ok((Work::of(judge.batch(number, batch)?), fraction));
            pipeline::run(self.threads(), next, work, |(work, fraction)| {
                self.deliver(suite, manifest, state, work, fraction)
            })?;
            state.warnings = unmatched(suite, &answers, &state.ids);
            if state.table.cases > 0 {
                state.warnings.extend(named::missing(suite, &state.table)?);
            }
            Ok(())
        })
    }

    /// Judges the stored answers of a run again, as a new run. Judges that ask a model are asked
    /// again.
    ///
    /// # Errors
    /// If there is no such run, or as [`Runner::run`].
    pub fn rerun(&self, suite: &Suite, of: &Manifest) -> Result<Finished> {
        self.again(suite, of, false)
    }

    /// Asks again for answers of bots that failed, and for verdicts of judges that did, and judges
    /// all answers again, as a new run. Answers that are there stay.
    ///
    /// # Errors
    /// If a bot is not the one of that run any more, or as [`Runner::rerun`].
    pub fn rerun_failed(&self, suite: &Suite, of: &Manifest) -> Result<Finished> {
        self.again(suite, of, true)
    }

    fn again(&self, suite: &Suite, of: &Manifest, failed: bool) -> Result<Finished> {
        let (bots, concurrency) = (self.options.bots, self.options.concurrency);
        let crew = match failed {
            true => Crew::open(suite, bots, concurrency)?,
            false => Crew::judging(suite, bots, concurrency)?,
        };
        if failed && crew.identity() != &of.identity["asked"] {
            return Err(Error::Invalid(format!(
                "a bot or judge has changed since run {}; `botsmith eval {}` makes a new run of what it is now",
                &of.id[..12.min(of.id.len())],
                of.suite_file
            )));
        }
        let attempt = Runs::new(self.store).next_attempt(of)?;
        let manifest = of.again(attempt);
        let source = partition(&of.id);
        self.until_complete(suite, &manifest, |state| {
            if crew.asks() {
                let open = Open::Earlier(&of.id, state.begun(), failed);
                self.ask(suite, &manifest, &crew, &open)?;
            }
            let kept = self.kept(&manifest);
            let mut at = state.committed as u64;
            let next = || {
                let entry = self.store.log(&source, CASES, at, 1)?.pop();
                at += 1;
                Ok(entry.map(|entry| (at - 1, entry)))
            };
            let work = |(at, entry)| {
                let bytes = chunk::resolve(entry, self.store)?;
                let mut records = chunk::decode(&bytes, self.store.url())?;
                for (i, record) in records.iter_mut().enumerate() {
                    let row = at * feed::STRIDE + i as u64;
                    if failed {
                        feed::renew(suite, &kept, row, record)?;
                    }
                    judge::verdicts(suite, &kept, row, record)?;
                }
                let own_ids = Vec::new();
                Ok(Work::of(Judged { records, own_ids }))
            };
            pipeline::run(self.threads(), next, work, |work| {
                self.deliver(suite, &manifest, state, work, None)
            })
        })
    }

    pub(super) fn kept(&self, manifest: &Manifest) -> Kept<'a> {
        Kept::new(self.store, partition(&manifest.id))
    }

    fn shares(&self, manifest: &Manifest) -> Shares<'a> {
        Shares::new(self.store, partition(&manifest.id))
    }

    pub(super) fn store(&self) -> &'a dyn StateStore {
        self.store
    }

    pub(super) fn options(&self) -> &RunOptions<'a> {
        &self.options
    }

    fn threads(&self) -> usize {
        match self.options.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            n => n.min(MAX_THREADS),
        }
    }

    /// Judges what is missing; starts over from the store when another process was faster.
    fn until_complete(
        &self,
        suite: &Suite,
        manifest: &Manifest,
        judge: impl Fn(&mut State) -> Result<()>,
    ) -> Result<Finished> {
        let started = Instant::now();
        let runs = Runs::new(self.store);
        let run = &manifest.id[..12.min(manifest.id.len())];
        let mut resumed = None;
        loop {
            if let Some(report) = runs.report(&manifest.id)? {
                return Ok(Finished {
                    resumed: report.facts.cases,
                    already: resumed.is_none(),
                    report,
                });
            }
            let mut state = self.restore(suite, manifest)?;
            let first = resumed.is_none();
            let before = *resumed.get_or_insert(state.table.cases);
            if first {
                tracing::info!(
                    "run {run} of {}: {before} cases are judged already",
                    suite.name
                );
            }
            if !state.enough(suite) {
                judge(&mut state)?;
            }
            if state.overtaken {
                continue;
            }
            if state.table.cases == 0 {
                return Err(no_cases(suite));
            }
            let stored = runs.chunks(&manifest.id).take(state.committed);
            let pending = state
                .pending
                .iter()
                .map(|packed| chunk::decode(packed, self.store.url()));
            let totals = corpus::totals(suite, &state.table, stored.chain(pending))?;
            let numbers = (&state.table, &totals);
            let report = summary::report(suite, manifest, numbers, &state.warnings)?;
            let times = self.times(&state, before, started.elapsed())?;
            if self.complete(manifest, &mut state, &report, &times)? {
                if manifest.identity.get("asked").is_some() {
                    self.kept(manifest).clear()?;
                }
                self.shares(manifest).clear()?;
                let mut report = times.onto(report);
                calibration::mark(self.store, manifest, &mut report)?;
                let facts = &report.facts;
                tracing::info!(
                    "run {run} of {}: complete, {} cases, {:.1} s",
                    suite.name,
                    facts.cases,
                    report.timings.wall_s
                );
                for bot in &report.bots {
                    if bot.failed > 0 {
                        tracing::warn!(
                            "run {run}: {} of {} answers of {} failed",
                            bot.failed,
                            bot.answered + bot.refused + bot.failed,
                            bot.name
                        );
                    }
                }
                return Ok(Finished {
                    report,
                    resumed: before,
                    already: false,
                });
            }
        }
    }

    fn times(&self, state: &State, resumed: usize, wall: Duration) -> Result<Times> {
        let judged: usize = state
            .table
            .bots
            .iter()
            .map(|b| b.answered + b.refused + b.failed)
            .sum();
        let share = 1.0 - resumed as f64 / state.table.cases.max(1) as f64;
        let wall_s = wall.as_secs_f64();
        Ok(Times {
            created_ms: self.store.now_ms()?,
            timings: Timings {
                wall_s,
                answers_per_s: judged as f64 * share / wall_s.max(1e-9),
            },
        })
    }

    /// What earlier processes have committed.
    pub(super) fn restore(&self, suite: &Suite, manifest: &Manifest) -> Result<State> {
        let mut state = State::new(suite);
        let source = partition(&manifest.id);
        let mut at = 0;
        let next = || {
            let entry = self.store.log(&source, CASES, at, 1)?.pop();
            at += 1;
            Ok(entry)
        };
        let work = |entry| {
            let bytes = chunk::resolve(entry, self.store)?;
            Ok(Numbers::of(chunk::decode(&bytes, self.store.url())?))
        };
        pipeline::run(self.threads(), next, work, |numbers| {
            for case in &numbers.cases {
                state.ids.known(case);
            }
            state.table.push(&numbers, usize::MAX);
            state.committed += 1;
            Ok(Flow::Go)
        })?;
        Ok(state)
    }

    fn deliver(
        &self,
        suite: &Suite,
        manifest: &Manifest,
        state: &mut State,
        mut work: Work,
        fraction: Option<f64>,
    ) -> Result<Flow> {
        if self
            .options
            .cancel
            .is_some_and(|cancel| cancel.load(Ordering::Relaxed))
        {
            self.commit(manifest, state)?;
            return Err(Error::Interrupted);
        }
        let left = match suite.dataset.limit {
            Some(limit) => limit - state.table.cases.min(limit),
            None => usize::MAX,
        };
        let packed = self.settle(state, &mut work, left)?;
        state.table.push(&work.numbers, left);
        state.pending_bytes += packed.len();
        state.pending.push(packed);
        if state.pending_bytes >= COMMIT_BYTES || state.last_commit.elapsed() >= COMMIT_EVERY {
            self.commit(manifest, state)?;
        }
        if let Some(progress) = self.options.progress {
            progress(Progress {
                cases: state.table.cases,
                fraction,
                asking: None,
            });
        }
        Ok(if state.overtaken || state.enough(suite) {
            Flow::Stop
        } else {
            Flow::Go
        })
    }

    /// The packed batch with its final ids, cut to the first `left` cases.
    fn settle(&self, state: &mut State, work: &mut Work, left: usize) -> Result<Vec<u8>> {
        let unpack = || chunk::decode(&work.packed, self.store.url());
        let cases = &work.numbers.cases;
        let mut repeats = Vec::new();
        for (i, (case, own)) in cases.iter().zip(&work.own_ids).take(left).enumerate() {
            match state.ids.settle(case, *own) {
                Seen::First => {}
                Seen::Repeat(n) => repeats.push((i, n)),
                Seen::Twice(first) => {
                    let id = &unpack()?[i].case.id;
                    let message = format!("id `{id}` stands twice: first on line {first}");
                    let hint = "ids are unique in a dataset; leave `id` out to have them made \
                                from the content";
                    return Err(state.place.at(case.line, message).hint(hint).into());
                }
            }
        }
        let packed = if cases.len() > left {
            let mut records = unpack()?;
            records.truncate(left);
            chunk::encode(&records)
        } else {
            std::mem::take(&mut work.packed)
        };
        Ok(if repeats.is_empty() {
            packed
        } else {
            chunk::rename(&packed, &repeats)
        })
    }

    /// Appends pending batches, if the log is as long as it was.
    fn commit(&self, manifest: &Manifest, state: &mut State) -> Result<()> {
        state.last_commit = Instant::now();
        if state.pending.is_empty() {
            return Ok(());
        }
        let (transaction, count) = self.appending(manifest, state)?;
        match self.store.transact(&partition(&manifest.id), transaction)? {
            StoreOutcome::Committed(_) => state.committed += count,
            StoreOutcome::Conflict(_) => state.overtaken = true,
        }
        Ok(())
    }

    /// A transaction that appends what is pending, and how many entries that is.
    fn appending(&self, manifest: &Manifest, state: &mut State) -> Result<(Transaction, usize)> {
        let mut transaction = Transaction::new().log_length(CASES, state.committed as u64);
        if state.committed == 0 {
            let info = RunInfo {
                id: manifest.id.clone(),
                suite: manifest.suite.clone(),
                started_ms: self.store.now_ms()?,
                complete: false,
                passed: None,
                cases: None,
            };
            transaction = transaction
                .put(MANIFEST, json(manifest))
                .put(INFO, json(&info));
        }
        let entries = chunk::entries(std::mem::take(&mut state.pending), self.store)?;
        state.pending_bytes = 0;
        let count = entries.len();
        for entry in entries {
            transaction = transaction.append(CASES, entry);
        }
        Ok((transaction, count))
    }

    /// Writes the last batches and the report in one step; false if another process was faster.
    fn complete(
        &self,
        manifest: &Manifest,
        state: &mut State,
        report: &Report,
        times: &Times,
    ) -> Result<bool> {
        let (transaction, _) = self.appending(manifest, state)?;
        let info = RunInfo {
            id: manifest.id.clone(),
            suite: manifest.suite.clone(),
            started_ms: times.created_ms,
            complete: true,
            passed: Some(report.gate.passed),
            cases: Some(report.facts.cases),
        };
        let transaction = transaction
            .absent(REPORT)
            .put(REPORT, json(report))
            .put(TIMES, json(times))
            .put(INFO, json(&info));
        let outcome = self.store.transact(&partition(&manifest.id), transaction)?;
        Ok(matches!(outcome, StoreOutcome::Committed(_)))
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our types serialise to JSON")
}

/// Checks the fields of the data and makes the manifest.
pub(super) fn prepare(suite: &Suite, crew: &Crew) -> Result<Manifest> {
    check_fields(
        &suite.dataset,
        suite.bots.iter().filter_map(BotSpec::recorded),
    )?;
    Manifest::of(suite, crew.identity(), 0)
}

/// A word for each recorded file with rows that belong to no case: often a misspelt id. Where only
/// a part of the dataset is judged, such rows are to be expected.
fn unmatched(suite: &Suite, answers: &[Given], ids: &Ids) -> Vec<String> {
    let dataset = &suite.dataset;
    let part = dataset.filter.is_some()
        || !dataset.tags.is_empty()
        || dataset.limit.is_some()
        || dataset.sample.is_some();
    let mut warnings = Vec::new();
    for (bot, answers) in suite.bots.iter().zip(answers) {
        let Given::Recorded(answers) = answers else {
            continue;
        };
        let Answers::ById(index) = &**answers else {
            continue;
        };
        let (unmatched, all, place) = index.unmatched(|key| ids.has(key));
        if unmatched > 0 && !part {
            warnings.push(format!(
                "{unmatched} of {all} recorded answers of {} in {} belong to no case: their ids are not in the dataset",
                bot.name,
                place.path().display()
            ));
        }
    }
    warnings
}

fn no_cases(suite: &Suite) -> Error {
    let place = suite.dataset.source.place();
    let selective = suite.dataset.filter.is_some()
        || !suite.dataset.tags.is_empty()
        || suite.dataset.limit == Some(0)
        || suite.dataset.sample == Some(0);
    let hint = if selective {
        "`filter`, `only-tags`, `limit` or `sample` leave none; loosen them"
    } else {
        "one row a case is expected"
    };
    place.at(0, "there are no cases").hint(hint).into()
}

/// A batch on its way to the store.
struct Work {
    packed: Vec<u8>,
    numbers: Numbers,
    /// Whether each row brought its id; empty where ids are final.
    own_ids: Vec<bool>,
}

impl Work {
    /// Packs and frees the records on the working thread.
    fn of(judged: Judged) -> Self {
        Self {
            packed: chunk::encode(&judged.records),
            numbers: Numbers::of(judged.records),
            own_ids: judged.own_ids,
        }
    }
}

/// What the delivering thread keeps.
pub(super) struct State {
    table: Table,
    ids: Ids,
    place: Place,
    /// Batches in the store.
    committed: usize,
    pending: Vec<Vec<u8>>,
    pending_bytes: usize,
    last_commit: Instant,
    /// Another process appended first.
    overtaken: bool,
    /// What the reader of the report should know.
    warnings: Vec<String>,
}

impl State {
    fn new(suite: &Suite) -> Self {
        let metrics = suite.panel.evaluators().len();
        Self {
            table: Table::new(suite.bots.len(), metrics, suite.slices.len()),
            ids: Ids::default(),
            place: suite.dataset.source.place(),
            committed: 0,
            pending: Vec::new(),
            pending_bytes: 0,
            last_commit: Instant::now(),
            overtaken: false,
            warnings: Vec::new(),
        }
    }

    /// How far the log of cases goes.
    pub(super) fn begun(&self) -> feed::Begun {
        feed::Begun {
            batches: self.committed,
            cases: self.table.cases,
            part: None,
        }
    }

    fn enough(&self, suite: &Suite) -> bool {
        suite
            .dataset
            .limit
            .is_some_and(|limit| self.table.cases >= limit)
    }
}
