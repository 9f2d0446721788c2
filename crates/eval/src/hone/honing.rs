//! A honing, opened: the suite, the bot, the cases and the guard, ready to search and to ask the gate's
//! cases.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use botsmith_core::store::StateStore;
use serde::Serialize;

use crate::ask::Bots;
use crate::promotion::{GateSet, Looks};
use crate::run::Progress;
use crate::suite::{BotSpec, LiveBot, Suite};
use crate::{Error, Result};

use super::search::{Ground, search};
use super::trial::Bench;
use super::{Budget, Cases, Guard, Parent, Proposer, Said, Search, Split, Target, Use};

/// What a honing works with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Where runs are kept.
    pub store: &'a dyn StateStore,
    /// Opens the bot and the judges.
    pub bots: &'a dyn Bots,
    /// Working threads; 0: one a core.
    pub threads: usize,
    /// Questions at once, in place of what the suite says.
    pub concurrency: Option<NonZeroUsize>,
    /// Called as answers come.
    pub progress: Option<&'a dyn Fn(Progress)>,
    /// Set it to stop; what was answered is kept.
    pub cancel: Option<&'a AtomicBool>,
}

impl<'a> Means<'a> {
    /// A store and an opener of bots, and nothing else.
    pub fn new(store: &'a dyn StateStore, bots: &'a dyn Bots) -> Self {
        Self {
            store,
            bots,
            threads: 0,
            concurrency: None,
            progress: None,
            cancel: None,
        }
    }
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// What a honing goes by.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The metric that is to become better; `None`: what the suite says.
    pub metric: Option<String>,
    /// What may be spent on train and dev; `None`: as much as is sensible.
    pub budget: Option<Budget>,
    /// How much worse a cheaper variant may be, in the metric's unit; 0: variants must be better.
    pub margin: f64,
    /// Seed of the order in which cases are drawn.
    pub seed: u64,
}

/// Cases of each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Cases that teach.
    pub train: usize,
    /// Cases that rank.
    pub dev: usize,
    /// Cases that only judge.
    pub gate: usize,
    /// Cases of train and dev that must pass: the gate asks about them too, for that guard alone.
    pub must_pass: usize,
}

/// A honing, opened.
pub struct Honing<'a> {
    /// The suite's name.
    suite: String,
    bench: Bench<'a>,
    parent: Parent,
    split: Split,
    cases: Cases,
    guard: Guard,
    said: Vec<Said>,
    options: Options,
}

impl std::fmt::Debug for Honing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Honing")
            .field("parent", &self.parent.path())
            .field("cases", &self.counts())
            .finish_non_exhaustive()
    }
}

impl<'a> Honing<'a> {
    /// Reads the cases and makes the guard; asks nobody.
    ///
    /// `said` is what people said of answers to the suite's cases, oldest first, whatever the use of the
    /// case: what was said of dev and gate is needed to guard them, and goes nowhere else.
    ///
    /// # Errors
    /// If the suite has no metric to hone for, or its cases cannot be read.
    pub fn open(
        suite: Suite,
        live: LiveBot,
        parent: Parent,
        said: Vec<Said>,
        means: Means<'a>,
        options: Options,
    ) -> Result<Self> {
        let metric = options.metric.as_ref().or(suite.hone.metric.as_ref());
        let target = Target::choose(&suite.panel, metric.map(String::as_str))?;
        let split = suite.hone.split.clone();
        let cases = Cases::read(&suite, &split)?;
        let guard = Guard::new(&cases, &said);
        Ok(Self {
            suite: suite.name.clone(),
            bench: Bench {
                store: means.store,
                bots: means.bots,
                threads: means.threads,
                concurrency: means.concurrency,
                progress: means.progress,
                cancel: means.cancel,
                suite: Bench::suite(suite),
                live,
                target,
            },
            parent,
            split,
            cases,
            guard,
            said,
            options,
        })
    }

    /// The metric.
    pub fn target(&self) -> &Target {
        &self.bench.target
    }

    /// The bot that is honed.
    pub fn parent(&self) -> &Parent {
        &self.parent
    }

    /// The split.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The cases.
    pub fn cases(&self) -> &Cases {
        &self.cases
    }

    /// How many cases there are of each use.
    pub fn counts(&self) -> Counts {
        Counts {
            train: self.cases.count(Use::Train),
            dev: self.cases.count(Use::Dev),
            gate: self.cases.count(Use::Gate),
            must_pass: self.cases.must_pass_beside_gate().len(),
        }
    }

    /// Searches for the one variant that is worth a look of the gate. No case of the gate is asked about.
    ///
    /// # Errors
    /// If train or dev has no cases, the budget is too small, a proposer cannot do its work, a bot cannot
    /// be opened, the store fails, or it was cancelled.
    pub fn search(&mut self, proposers: &[Box<dyn Proposer>]) -> Result<Search> {
        let ground = Ground {
            parent: &self.parent,
            cases: &self.cases,
            guard: &self.guard,
            said: &self.said,
            budget: self.options.budget,
            margin: self.options.margin,
            seed: self.options.seed,
        };
        search(&mut self.bench, &ground, proposers)
    }

    /// The gate's cases, as the ledger of looks knows them.
    pub fn gate_set(&self) -> GateSet {
        super::gate::set(&self.suite, self.split.salt(), &self.cases)
    }

    /// Alpha over all looks at the gate's cases, as the first of them stated it; `None` where nobody looked yet.
    ///
    /// # Errors
    /// The store's.
    pub fn stated_alpha(&self) -> Result<Option<f64>> {
        Looks::new(self.bench.store).alpha(&self.gate_set())
    }

    pub(super) fn suite_name(&self) -> &str {
        &self.suite
    }

    pub(super) fn store(&self) -> &'a dyn StateStore {
        self.bench.store
    }

    pub(super) fn parts(&mut self) -> (&mut Bench<'a>, &Parent, &Cases) {
        (&mut self.bench, &self.parent, &self.cases)
    }
}

/// The bot of a suite that a person means: by its name in the suite, or by its cartridge's file, which
/// need not stand in the suite.
///
/// # Errors
/// [`Error::NotFound`] with the nearest name, or an error where the bot has no cartridge to change.
pub fn bot_of(suite: &Suite, wanted: &str) -> Result<LiveBot> {
    let path = Path::new(wanted);
    let same = |file: &Path| {
        file == path
            || matches!((file.canonicalize(), path.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    let named = suite.bots.iter().find(|bot| bot.name == wanted);
    let of_file = || {
        let mut live = suite.bots.iter().filter_map(BotSpec::live);
        live.find(|live| live.source.cartridge.as_deref().is_some_and(same))
    };
    match named {
        Some(bot) => match bot.live() {
            Some(live) if live.source.cartridge.is_some() => Ok(live.clone()),
            _ => Err(Error::Invalid(format!(
                "bot `{wanted}` has no cartridge to change: honing wants `cartridge: bots/{wanted}.yml` in the suite"
            ))),
        },
        None => match of_file() {
            Some(live) => Ok(live.clone()),
            None if path.is_file() => {
                let mut live = LiveBot::default();
                let stem = path.file_stem().unwrap_or_default();
                live.source.name = stem.to_string_lossy().into_owned();
                live.source.cartridge = Some(path.to_owned());
                Ok(live)
            }
            None => {
                let names = || suite.bots.iter().map(|bot| bot.name.as_str());
                Err(Error::NotFound {
                    what: "bot",
                    name: wanted.to_owned(),
                    hint: Some(match botsmith_core::hint::nearest(wanted, names()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!(
                            "the suite has {}, and there is no such file",
                            botsmith_core::hint::list(names())
                        ),
                    }),
                })
            }
        },
    }
}
