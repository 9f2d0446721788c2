//! Scores of whole corpora, for the evaluators of a panel that have one.

use super::{Configured, Corpus, Panel, Prepared};
use crate::{Answer, Verdict};

/// One accumulator for each evaluator of a [`Panel`] whose corpus score is not the mean.
#[derive(Debug, Default)]
pub struct Corpora(Vec<Option<Box<dyn Corpus>>>);

impl Corpora {
    /// Empty accumulators for this panel.
    pub fn new(panel: &Panel) -> Self {
        Self(panel.evaluators().iter().map(Configured::corpus).collect())
    }

    /// Whether no evaluator has a corpus score.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Adds an answer that the panel of these corpora judged, to those whose evaluator did not skip
    /// it or fail. Where an extraction finds nothing, nothing is what was answered.
    pub fn add(
        &mut self,
        panel: &Panel,
        prepared: &Prepared<'_>,
        answer: &Answer,
        verdicts: &[Verdict],
    ) {
        for (i, (corpus, verdict)) in self.0.iter_mut().zip(verdicts).enumerate() {
            if let (Some(corpus), Verdict::Judged(_)) = (corpus, verdict) {
                let (text, references) = panel.seen_by(i, prepared, answer);
                corpus.add(&text, references);
            }
        }
    }

    /// Appends the counts of the answer added last to the evaluator at `index`, whose verdict on it is
    /// among `verdicts`; false where it was not added, or the corpus is more than sums of counts.
    pub fn last(&self, index: usize, verdicts: &[Verdict], counts: &mut Vec<f64>) -> bool {
        let judged = matches!(verdicts.get(index), Some(Verdict::Judged(_)));
        match self.0.get(index) {
            Some(Some(corpus)) if judged => corpus.last(counts),
            _ => false,
        }
    }

    /// The corpus score that the evaluator at `index` gives sums of counts.
    pub fn score_of(&self, index: usize, sums: &[f64]) -> Option<f64> {
        self.0.get(index)?.as_ref()?.score_of(sums)
    }

    /// The corpus score of the evaluator at `index`; `None` without one, or while nothing was added.
    pub fn score(&self, index: usize) -> Option<f64> {
        let score = self.0.get(index)?.as_ref()?.score()?;
        score.is_finite().then_some(score)
    }

    /// Whether the evaluator at `index` has a corpus score of its own.
    pub fn has(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(Option::is_some)
    }
}
