//! Bots of closures, suites of text, runs in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use botsmith_core::chat::{ChatRequest, ChatResponse, ErrorClass, FnModel, ModelError};
use botsmith_core::store::StateStore;
use botsmith_core::yaml::Source;
use botsmith_eval::ask::Given;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::run::{CaseRecord, Finished, RunOptions, Runner, Runs};
use botsmith_eval::suite::{Overrides, Suite};
use botsmith_eval::{Result, Verdict};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::{Bot, Cartridge};

/// Counts questions, and how many were in work at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    asked: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Count {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

/// A bot that answers by `answer`, after a moment.
pub(crate) fn bot<F>(count: &Count, answer: F) -> Bot
where
    F: Fn(&ChatRequest) -> Result<ChatResponse, ModelError> + Send + Sync + 'static,
{
    let (count, answer) = (count.clone(), Arc::new(answer));
    let model = FnModel::new("closure", move |request, _call| {
        let (count, answer) = (count.clone(), Arc::clone(&answer));
        async move {
            count.asked.fetch_add(1, Ordering::Relaxed);
            let now = count.now.fetch_add(1, Ordering::Relaxed) + 1;
            count.most.fetch_max(now, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
            count.now.fetch_sub(1, Ordering::Relaxed);
            answer(&request)
        }
    });
    let cartridge = Cartridge::from_value(&serde_json::json!({}), Profile::Native).unwrap();
    Bot::new(cartridge, Arc::new(model)).unwrap()
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "what a closure that may fail gives"
)]
pub(crate) fn says(text: impl Into<String>) -> Result<ChatResponse, ModelError> {
    Ok(ChatResponse::text(text))
}

pub(crate) fn breaks(class: ErrorClass, words: &str) -> Result<ChatResponse, ModelError> {
    Err(ModelError::new(class, "closure", words))
}

/// What the user said last.
pub(crate) fn said(request: &ChatRequest) -> String {
    request.last_user().unwrap_or_default()
}

pub(crate) fn read(text: &str) -> Result<Suite> {
    let source = Source::new("suite.yaml", text);
    Suite::read(&source, &Registry::builtin(), &Overrides::default())
}

pub(crate) fn run(store: &dyn StateStore, suite: &str, bots: &Given) -> Result<Finished> {
    let mut options = RunOptions::default();
    options.bots = Some(bots);
    Runner::new(store).with(options).run(&read(suite)?)
}

pub(crate) fn cases(store: &dyn StateStore, finished: &Finished) -> Vec<CaseRecord> {
    let run = Runs::new(store).open(&finished.report.run).unwrap();
    run.cases().collect::<Result<_>>().unwrap()
}

/// The value of a verdict, or why there is none.
pub(crate) fn value(verdict: &Verdict) -> Result<f64, String> {
    match verdict {
        Verdict::Judged(score) => Ok(score.value),
        Verdict::Skipped(why) => Err(format!("skipped: {why}")),
        Verdict::Failed(why) => Err(format!("failed: {why}")),
    }
}
