//! A honing as people ask for one: bot, suite, budget, who proposes -> a [`Course`] that runs, and its [`Story`].
//!
//! Command line and Python both go through this, so that the same words mean the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::store::StateStore;
use botsmith_nanobots::Workshop;
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::versions::{By, Versions};
use serde::Deserialize;

use crate::feedback::Log;
use crate::promotion::Rules;
use crate::suite::Suite;
use crate::{Error, Result};

use super::{
    Budget, Course, Examples, Heard, Honing, Instructions, Means, Optimiser, Options, Parameters,
    Parent, Proposer, Story, bot_of,
};

/// A proposer by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Who {
    /// Corrections as few-shot examples.
    Examples,
    /// Settings, model, routing.
    Parameters,
    /// Regression cases of what failed.
    Assertions,
    /// The directive, rewritten by an optimiser bot.
    Instructions,
}

/// What is asked for.
///
/// ```
/// use botsmith_eval::hone::{Order, Who};
/// let order: Order = serde_json::from_str(r#"{"bot": "prices", "suite": "suite.yaml", "budget": "400"}"#)?;
/// assert_eq!(order.alpha, None);
/// assert!(order.wants(Who::Examples) && !order.wants(Who::Instructions));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Order {
    /// The bot: its name in the suite, or its cartridge's file.
    pub bot: String,
    /// The file of the suite that judges it.
    pub suite: PathBuf,
    /// The metric that is to become better; `None`: what the suite says, else the first that passes or fails.
    pub metric: Option<String>,
    /// What may be spent on train and dev; `None`: as much as is sensible.
    #[serde(deserialize_with = "budget")]
    pub budget: Option<Budget>,
    /// Who proposes; empty: examples, parameters and assertions, and instructions where there is an optimiser.
    pub proposers: Vec<Who>,
    /// The bot that rewrites instructions: a cartridge.
    pub optimiser: Option<String>,
    /// The chance, over all looks at the gate's cases, of passing a variant that is no better; `None`: what the
    /// first look at them stated, 0.05 where nobody looked yet.
    pub alpha: Option<f64>,
    /// How much worse a cheaper variant may be, stated beforehand; `None`: it must be better.
    pub margin: Option<f64>,
    /// The 95th percentile of latency that a variant may have, in seconds; `None`: what the suite says.
    pub p95_latency: Option<f64>,
    /// The mean cost of an answer that a variant may have, in the currency of the prices; `None`: what the suite
    /// says.
    pub cost: Option<f64>,
    /// Where regression cases go; `None`: beside the suite.
    pub regressions: Option<PathBuf>,
    /// Seed of the order in which cases are drawn; `None`: the suite's.
    pub seed: Option<u64>,
    /// Whether a variant that passed becomes the bot at once, where that is allowed.
    pub auto: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            bot: String::new(),
            suite: PathBuf::new(),
            metric: None,
            budget: None,
            proposers: Vec::new(),
            optimiser: None,
            alpha: None,
            margin: None,
            p95_latency: None,
            cost: None,
            regressions: None,
            seed: None,
            auto: false,
        }
    }
}

impl Order {
    /// An order with the defaults.
    pub fn new(bot: impl Into<String>, suite: impl Into<PathBuf>) -> Self {
        Self {
            bot: bot.into(),
            suite: suite.into(),
            ..Self::default()
        }
    }

    /// Whether a proposer is to work.
    pub fn wants(&self, who: Who) -> bool {
        match self.proposers.is_empty() {
            true => who != Who::Instructions || self.optimiser.is_some(),
            false => self.proposers.contains(&who),
        }
    }

    /// Runs it with the suite that was read from its file. `begin` is shown the plan and says whether to go on;
    /// no bot is asked before that. `store` is that of `means`.
    ///
    /// # Errors
    /// As [`Honing::open`] and [`Honing::run`]; a bot that is not there or has no cartridge, an optimiser that is
    /// missing, rules outside of their ranges.
    pub fn run(
        &self,
        suite: Suite,
        (store, workshop): (&Arc<dyn StateStore>, &Workshop),
        means: Means<'_>,
        by: By,
        begin: impl FnOnce(&Story) -> bool,
    ) -> Result<Story> {
        let live = bot_of(&suite, &self.bot)?;
        let file = live.source.cartridge.as_deref();
        let file = file.expect("`bot_of` gives bots with a cartridge alone");
        let known = workshop.file_of(file);
        let parent = Parent::read(&known.file, Profile::Native)?;
        let plan = suite.feedback.clone().unwrap_or_default();
        let heard = Heard::of(&Log::open(means.store), &suite.name, &plan, suite.seed)?;

        let mut course = Course::new(Versions::of(means.store, &known.name), by);
        course.proposers = self.proposers(&suite, workshop, store)?;
        course.regressions = self.wants(Who::Assertions).then(|| self.regressions());
        course.auto = self.auto;
        course.halted = heard.halted;
        course.doubts = heard.doubts;
        course.labels = heard.labels;

        let options = Options {
            metric: self.metric.clone(),
            budget: self.budget,
            margin: self.margin.unwrap_or(0.0),
            seed: self.seed.unwrap_or(suite.seed),
        };
        let budgets = (suite.hone.p95_latency, suite.hone.cost);
        let rules = self.rules(options.seed, budgets)?;
        let mut honing = Honing::open(suite, live, parent, heard.said, means, options)?;
        course.rules = if self.alpha.is_some() {
            rules
        } else {
            let stated = honing.stated_alpha()?;
            let alpha = stated.unwrap_or(rules.alpha);
            rules.alpha(alpha)
        };
        honing.run(&course, begin)
    }

    /// The rules, with the suite's budgets of latency and cost where the order names none.
    fn rules(&self, seed: u64, (p95_latency, cost): (Option<f64>, Option<f64>)) -> Result<Rules> {
        let mut rules = Rules::default();
        rules.alpha = self.alpha.unwrap_or(rules.alpha);
        rules.margin = self.margin;
        rules.p95_latency = self.p95_latency.or(p95_latency);
        rules.cost = self.cost.or(cost);
        rules.seed = seed;
        rules.check()?;
        Ok(rules)
    }

    fn proposers(
        &self,
        suite: &Suite,
        workshop: &Workshop,
        store: &Arc<dyn StateStore>,
    ) -> Result<Vec<Box<dyn Proposer>>> {
        let mut all: Vec<Box<dyn Proposer>> = Vec::new();
        if self.wants(Who::Examples) {
            all.push(Box::new(Examples));
        }
        if self.wants(Who::Parameters) {
            let vary = suite.hone.vary.clone();
            all.push(Box::new(Parameters { vary }));
        }
        if self.wants(Who::Instructions) {
            let Some(name) = &self.optimiser else {
                return Err(Error::Invalid(
                    "`--proposers instructions` wants the bot that rewrites: `--optimiser bots/rewriter.yml`"
                        .into(),
                ));
            };
            let cartridge = workshop.cartridge(name)?;
            let optimiser = Optimiser::new(workshop.bot_of(&cartridge)?, Arc::clone(store));
            all.push(Box::new(Instructions::new(optimiser)));
        }
        Ok(all)
    }

    fn regressions(&self) -> PathBuf {
        self.regressions.clone().unwrap_or_else(|| {
            let stem = self.suite.file_stem().unwrap_or_default().to_string_lossy();
            let folder = self.suite.parent().unwrap_or(Path::new(""));
            folder.join(format!("{stem}.regressions.jsonl"))
        })
    }
}

/// `400` as text or number, or `cost:2.50`.
fn budget<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Budget>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Answers(usize),
        Words(String),
    }
    let text = match Option::<Said>::deserialize(from)? {
        None => return Ok(None),
        Some(Said::Answers(answers)) => answers.to_string(),
        Some(Said::Words(words)) => words,
    };
    Budget::parse(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}
