//! Scores of whole corpora, for the evaluators of a panel that have one.

use super::{Configured, Corpus, Panel, Prepared};
use crate::{Answer, Verdict};

/// One accumulator for each evaluator of a [`Panel`] whose corpus score is not the mean.
#[derive(Debug, Default)]
pub struct Corpora(Vec<Total>);

#[derive(Debug)]
struct Total {
    corpus: Option<Box<dyn Corpus>>,
    /// Answers added.
    n: usize,
}

impl Corpora {
    /// Empty accumulators for this panel.
    pub fn new(panel: &Panel) -> Self {
        let empty = |evaluator: &Configured| Total {
            corpus: evaluator.corpus(),
            n: 0,
        };
        Self(panel.evaluators().iter().map(empty).collect())
    }

    /// Whether no evaluator has a corpus score.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|total| total.corpus.is_none())
    }

    /// Adds an answer that the panel of these corpora judged, to those whose evaluator did not skip
    /// it or fail, and to those that score all answers together and read it. Where an extraction finds
    /// nothing, nothing is what was answered; of all answers together, it is left out.
    pub fn add(
        &mut self,
        panel: &Panel,
        prepared: &Prepared<'_>,
        answer: &Answer,
        verdicts: &[Verdict],
    ) {
        for (i, (total, verdict)) in self.0.iter_mut().zip(verdicts).enumerate() {
            let Some(corpus) = &mut total.corpus else {
                continue;
            };
            let together = panel.evaluators()[i].together();
            let read = match verdict {
                Verdict::Skipped(_) if together => panel.reads(i, prepared, answer),
                Verdict::Judged(_) => Some(panel.seen_by(i, prepared, answer)),
                _ => None,
            };
            if let Some((text, references)) = read {
                corpus.add(&text, references);
                total.n += 1;
            }
        }
    }

    /// Appends the counts of the answer added last to the evaluator at `index`, whose verdict on it is
    /// among `verdicts`; false where it was not added, or the corpus is more than sums of counts.
    pub fn last(&self, index: usize, verdicts: &[Verdict], counts: &mut Vec<f64>) -> bool {
        let judged = matches!(verdicts.get(index), Some(Verdict::Judged(_)));
        match self.corpus(index) {
            Some(corpus) if judged => corpus.last(counts),
            _ => false,
        }
    }

    /// The corpus score that the evaluator at `index` gives sums of counts.
    pub fn score_of(&self, index: usize, sums: &[f64]) -> Option<f64> {
        self.corpus(index)?.score_of(sums)
    }

    /// The corpus score of the evaluator at `index`; `None` without one, or while nothing was added.
    pub fn score(&self, index: usize) -> Option<f64> {
        let score = self.corpus(index)?.score()?;
        score.is_finite().then_some(score)
    }

    /// How many answers were added to the corpus of the evaluator at `index`.
    pub fn n(&self, index: usize) -> usize {
        self.0.get(index).map_or(0, |total| total.n)
    }

    /// Whether the evaluator at `index` has a corpus score of its own.
    pub fn has(&self, index: usize) -> bool {
        self.corpus(index).is_some()
    }

    fn corpus(&self, index: usize) -> Option<&dyn Corpus> {
        self.0.get(index)?.corpus.as_deref()
    }
}
