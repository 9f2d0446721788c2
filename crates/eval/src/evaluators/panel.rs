//! A panel: all evaluators of a suite, judging one answer after another.
//!
//! What evaluators share is done once: `when` and the references' extraction for a case, the
//! answer's extraction for an answer.

use std::borrow::Cow;

use botsmith_core::yaml::Cursor;

use super::{Configured, Judges, Range, Registry, Subject, read_list};
use crate::ask::Bots;
use crate::extract::Extract;
use crate::{Answer, Case, Error, Result, Verdict, text};

/// The evaluators of a suite.
#[derive(Debug, Default)]
pub struct Panel {
    evaluators: Vec<Configured>,
    /// Every extraction that some evaluator uses, each once.
    extracts: Vec<Extract>,
    /// For each evaluator its extraction, if it has one.
    uses: Vec<Option<usize>>,
    /// Those that ask a model, opened.
    judges: Judges,
}

/// A case made ready for a [`Panel`].
#[derive(Debug)]
pub struct Prepared<'c> {
    case: &'c Case,
    /// Whether each evaluator judges this case.
    applies: Vec<bool>,
    /// For each extraction the references after it; empty where nobody compares.
    references: Vec<Vec<String>>,
}

impl Prepared<'_> {
    /// The case.
    pub fn case(&self) -> &Case {
        self.case
    }
}

impl Panel {
    /// A panel of these evaluators.
    pub fn new(evaluators: Vec<Configured>) -> Self {
        let mut extracts: Vec<Extract> = Vec::new();
        let uses = evaluators
            .iter()
            .map(|evaluator| {
                let extract = evaluator.extract();
                if extract.is_empty() {
                    return None;
                }
                let known = extracts.iter().position(|known| known == extract);
                Some(known.unwrap_or_else(|| {
                    extracts.push(extract.clone());
                    extracts.len() - 1
                }))
            })
            .collect();
        Self {
            evaluators,
            extracts,
            uses,
            judges: Judges::default(),
        }
    }

    /// Opens the evaluators that ask a model, so that [`evaluate_bot`](crate::ask::evaluate_bot)
    /// can ask them. A run opens its own.
    ///
    /// # Errors
    /// If one cannot be opened, at its place in the suite.
    pub fn open(&mut self, bots: &dyn Bots) -> Result<()> {
        self.judges = Judges::open(self, bots, None)?;
        Ok(())
    }

    /// The evaluators that ask a model, once [`Panel::open`] has opened them.
    pub(crate) fn judges(&self) -> &Judges {
        &self.judges
    }

    /// Weighted mean of an answer's scores. A score outside 0 to 1 (seconds, counts) enters as its
    /// pass or fail, or not at all.
    pub fn overall(&self, verdicts: &[Verdict]) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (evaluator, verdict) in self.evaluators.iter().zip(verdicts) {
            let Verdict::Judged(score) = verdict else {
                continue;
            };
            let unit = evaluator.range() == Range::UNIT;
            let value = match (unit, score.passed) {
                (true, _) => score.value,
                (false, Some(passed)) => f64::from(u8::from(passed)),
                (false, None) => continue,
            };
            sum += evaluator.weight() * value;
            weights += evaluator.weight();
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// Reads a suite's `evaluators:`.
    ///
    /// # Errors
    /// As [`read_list`].
    pub fn read(at: &Cursor<'_>, registry: &Registry, suite_extract: &Extract) -> Result<Self> {
        read_list(at, registry, suite_extract).map(Self::new)
    }

    /// The evaluators, in the order of their verdicts.
    pub fn evaluators(&self) -> &[Configured] {
        &self.evaluators
    }

    /// Makes a case ready, once for all its answers.
    ///
    /// # Errors
    /// [`Error::EmptyReference`] if an extraction finds nothing in a reference,
    /// [`Error::NoReference`] if there is none to compare with, [`Error::Template`] if `when` fails.
    pub fn prepare<'c>(&self, case: &'c Case) -> Result<Prepared<'c>> {
        let mut prepared = Prepared {
            case,
            applies: Vec::with_capacity(self.evaluators.len()),
            references: vec![Vec::new(); self.extracts.len()],
        };
        for (evaluator, used) in self.evaluators.iter().zip(&self.uses) {
            let applies = evaluator.applies(case)?;
            prepared.applies.push(applies);
            if !applies || !evaluator.uses_references() {
                continue;
            }
            if case.references.is_empty() {
                return Err(Error::NoReference {
                    case: case.id.clone(),
                    evaluator: evaluator.name().to_owned(),
                });
            }
            if let Some(used) = *used
                && prepared.references[used].is_empty()
            {
                prepared.references[used] = self.extract_references(case, used)?;
            }
        }
        Ok(prepared)
    }

    fn extract_references(&self, case: &Case, used: usize) -> Result<Vec<String>> {
        let extract = &self.extracts[used];
        let take = |reference: &String| match extract.apply(reference) {
            Some(part) => Ok(part.into_owned()),
            None => Err(Error::EmptyReference {
                case: case.id.clone(),
                step: extract.to_string(),
                reference: text::line(reference, 80).into_owned(),
            }),
        };
        case.references.iter().map(take).collect()
    }

    /// What the evaluator at `index` reads of an answer and of its case's references.
    pub(super) fn seen_by<'a>(
        &self,
        index: usize,
        prepared: &'a Prepared<'_>,
        answer: &'a Answer,
    ) -> (Cow<'a, str>, &'a [String]) {
        let Some(used) = self.uses[index] else {
            return (Cow::Borrowed(&answer.text), &prepared.case.references);
        };
        let text = self.extracts[used].apply(&answer.text).unwrap_or_default();
        let references = match self.evaluators[index].uses_references() {
            true => &prepared.references[used],
            false => &prepared.case.references,
        };
        (text, references)
    }

    /// Judges one answer: one verdict for each evaluator, in order.
    ///
    /// # Errors
    /// If the case cannot be judged at all: a template fails on it.
    pub fn judge(&self, prepared: &Prepared<'_>, answer: &Answer) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(self.evaluators.len());
        self.judge_into(prepared, answer, &mut verdicts)?;
        Ok(verdicts)
    }

    /// [`Panel::judge`] into a vector of the caller's, which is cleared first.
    ///
    /// # Errors
    /// As [`Panel::judge`].
    pub fn judge_into(
        &self,
        prepared: &Prepared<'_>,
        answer: &Answer,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<()> {
        self.judge_with(prepared, answer, verdicts, |_| None)
    }

    /// [`Panel::judge`] with what the evaluators said that ask a model, by their place.
    ///
    /// # Errors
    /// As [`Panel::judge`].
    pub(crate) fn judge_asked(
        &self,
        prepared: &Prepared<'_>,
        answer: &Answer,
        mut asked: Vec<(usize, Verdict)>,
    ) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(self.evaluators.len());
        self.judge_with(prepared, answer, &mut verdicts, |i| {
            let at = asked.iter().position(|(place, _)| *place == i)?;
            Some(asked.swap_remove(at).1)
        })?;
        Ok(verdicts)
    }

    fn judge_with(
        &self,
        prepared: &Prepared<'_>,
        answer: &Answer,
        verdicts: &mut Vec<Verdict>,
        mut asked: impl FnMut(usize) -> Option<Verdict>,
    ) -> Result<()> {
        verdicts.clear();
        let mut extracted: Vec<Option<Option<Cow<'_, str>>>> = vec![None; self.extracts.len()];
        for (i, evaluator) in self.evaluators.iter().enumerate() {
            if !prepared.applies[i] {
                verdicts.push(Verdict::Skipped("`when` is false".into()));
                continue;
            }
            let whole = Subject::whole(prepared.case, answer);
            let subject = match self.uses[i] {
                None => whole,
                Some(used) => {
                    let part = extracted[used]
                        .get_or_insert_with(|| self.extracts[used].apply(&answer.text));
                    let Some(text) = part else {
                        verdicts.push(evaluator.nothing_found());
                        continue;
                    };
                    let references = if evaluator.uses_references() {
                        &prepared.references[used]
                    } else {
                        whole.references
                    };
                    Subject {
                        text,
                        references,
                        ..whole
                    }
                }
            };
            verdicts.push(match asked(i) {
                Some(verdict) => evaluator.settle(verdict),
                None => evaluator.judge(&subject)?,
            });
        }
        Ok(())
    }

    /// What the evaluator at `index` reads of an answer, if it judges it at all.
    pub(super) fn reads<'a>(
        &self,
        index: usize,
        prepared: &'a Prepared<'_>,
        answer: &'a Answer,
    ) -> Option<(Cow<'a, str>, &'a [String])> {
        if !prepared.applies[index] {
            return None;
        }
        if let Some(used) = self.uses[index] {
            self.extracts[used].apply(&answer.text)?;
        }
        Some(self.seen_by(index, prepared, answer))
    }
}
