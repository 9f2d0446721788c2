//! Evaluators that ask a model: opened once, asked beforehand, their verdicts kept.
//!
//! The evaluators of a suite are pure, so that worker threads never wait for a network. One that
//! needs a model says so ([`Asks`]); a run opens it ([`Judge`]), puts its [`Question`]s with bounded
//! concurrency while bots are asked, and gives its verdicts to the panel.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use botsmith_core::chat::{BoxFuture, Call};
use futures_util::future::join_all;
use serde_json::Value;

use super::{Panel, Prepared};
use crate::ask::Bots;
use crate::{Answer, Case, Result, Verdict};

/// An evaluator that asks a model.
pub trait Asks: Send + Sync + Debug {
    /// Opens what it asks; `concurrency` stands for its own, if given.
    ///
    /// # Errors
    /// If its cartridge or provider is wrong, at its place in the suite.
    fn open(&self, bots: &dyn Bots, concurrency: Option<NonZeroUsize>) -> Result<Box<dyn Judge>>;

    /// Checks what it says of the suite's bots.
    ///
    /// # Errors
    /// If it names a bot that is not there, at its place in the suite.
    fn check(&self, bots: &[&str]) -> Result<()> {
        let _ = bots;
        Ok(())
    }
}

/// What an evaluator is asked about an answer.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The case.
    pub case: &'a Case,
    /// The bot that answered, by name.
    pub bot: &'a str,
    /// The answer; judged is what [`Judge::ask`] is given of it.
    pub answer: &'a Answer,
    /// Answers of all bots to the same case and repeat, by the bot's name, this one's included.
    pub others: &'a [(&'a str, &'a Answer)],
}

/// An evaluator that asks a model, ready to be asked.
pub trait Judge: Send + Sync + Debug {
    /// What decides its verdicts beyond the suite's text: the content of its cartridge. Without
    /// secrets.
    fn identity(&self) -> Value;

    /// Questions at once at most.
    fn concurrency(&self) -> usize;

    /// Judges one answer of which `text` was extracted. A model that does not answer, or whose
    /// answer does not read, gives [`Verdict::Failed`].
    ///
    /// # Errors
    /// If the case cannot be judged at all: a template fails on it.
    fn ask<'a>(
        &'a self,
        question: &'a Question<'a>,
        text: &'a str,
        references: &'a [String],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Verdict>>;
}

/// The judges of a panel, by the places of their evaluators.
#[derive(Debug, Default)]
pub struct Judges(Vec<(usize, Box<dyn Judge>)>);

impl Judges {
    /// Opens all of a panel.
    ///
    /// # Errors
    /// The first that cannot be opened.
    pub fn open(panel: &Panel, bots: &dyn Bots, concurrency: Option<NonZeroUsize>) -> Result<Self> {
        let asking = panel.evaluators().iter().enumerate();
        let opened = asking
            .filter_map(|(i, evaluator)| Some((i, evaluator.asks()?)))
            .map(|(i, asks)| Ok((i, asks.open(bots, concurrency)?)));
        opened.collect::<Result<_>>().map(Self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each with the place of its evaluator.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &dyn Judge)> {
        self.0.iter().map(|(i, judge)| (*i, &**judge))
    }

    /// Asks one judge, if its evaluator judges this answer at all.
    pub(crate) async fn ask(
        &self,
        place: usize,
        panel: &Panel,
        prepared: &Prepared<'_>,
        question: &Question<'_>,
        call: &Call,
    ) -> Result<Option<Verdict>> {
        let Some((_, judge)) = self.0.iter().find(|(i, _)| *i == place) else {
            return Ok(None);
        };
        let Some((text, references)) = panel.reads(place, prepared, question.answer) else {
            return Ok(None);
        };
        judge.ask(question, &text, references, call).await.map(Some)
    }

    /// Asks all judges about one answer.
    pub(crate) async fn ask_all(
        &self,
        panel: &Panel,
        prepared: &Prepared<'_>,
        question: &Question<'_>,
        call: &Call,
    ) -> Result<Vec<(usize, Verdict)>> {
        let asked = self.0.iter().map(|(i, _)| async move {
            let verdict = self.ask(*i, panel, prepared, question, call).await?;
            Ok(verdict.map(|verdict| (*i, verdict)))
        });
        let verdicts: Result<Vec<_>> = join_all(asked).await.into_iter().collect();
        Ok(verdicts?.into_iter().flatten().collect())
    }
}
