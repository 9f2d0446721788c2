//! `wer`, `mer`, `wil`, `wip`, `cer`: how many words or characters are wrong, as jiwer counts them.

use std::cell::RefCell;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted, evidence, whole};
use super::{Better, Corpus, Docs, Evaluator, OptionDocs, Range, Subject};
use crate::metrics::distance::Counts;
use crate::metrics::wer::{Rate, Scorer, Unit};
use crate::{Result, Score, Verdict};

const OPTIONS: &[OptionDocs] = &[VALUE];

/// 0 to 1, smaller is better.
const SHARE: Range = Range {
    lo: 0.0,
    hi: 1.0,
    better: Better::Lower,
};

pub(super) const WER: Builtin = Builtin {
    docs: Docs {
        name: "wer",
        about: "Word error rate: how many words of the answer are wrong, missing or too many, for each word of the reference; jiwer's numbers. Case and punctuation count.",
        formula: "min over references of (S + D + I) / (H + S + D): words replaced, missing, added, right; a reference without words gives I; a corpus adds up counts",
        range: Range::COST,
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- wer: {threshold: 0.2}   # reference \"a b c d\": \"a x c\" gives 0.5",
        scalar: Some("value"),
    },
    build: |options, _| build(options, "wer", Rate::Error, Unit::Words),
};

pub(super) const MER: Builtin = Builtin {
    docs: Docs {
        name: "mer",
        about: "Match error rate: the share of wrong, missing or added words among all that were aligned; jiwer's numbers.",
        formula: "min over references of (S + D + I) / (H + S + D + I); 0 if neither has words; a corpus adds up counts",
        range: SHARE,
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- mer: {threshold: 0.2}   # reference \"a b c d\": \"a x c d e\" gives 0.4",
        scalar: Some("value"),
    },
    build: |options, _| build(options, "mer", Rate::Match, Unit::Words),
};

pub(super) const WIL: Builtin = Builtin {
    docs: Docs {
        name: "wil",
        about: "Word information lost; jiwer's numbers.",
        formula: "min over references of 1 - H / |reference| * H / |answer|, lengths in words; a corpus adds up counts",
        range: SHARE,
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- wil: {threshold: 0.3}   # reference \"a b c d\": \"a x c d\" gives 0.4375",
        scalar: Some("value"),
    },
    build: |options, _| build(options, "wil", Rate::Lost, Unit::Words),
};

pub(super) const WIP: Builtin = Builtin {
    docs: Docs {
        name: "wip",
        about: "Word information preserved; jiwer's numbers.",
        formula: "max over references of H / |reference| * H / |answer|, lengths in words; 1 if neither has words, 0 if only one has; a corpus adds up counts",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- wip: {threshold: 0.7}   # reference \"a b c d\": \"a x c d\" gives 0.5625",
        scalar: Some("value"),
    },
    build: |options, _| build(options, "wip", Rate::Preserved, Unit::Words),
};

pub(super) const CER: Builtin = Builtin {
    docs: Docs {
        name: "cer",
        about: "Character error rate: as `wer`, over code points; for scripts without spaces between words. Jiwer's numbers.",
        formula: "min over references of (S + D + I) / (H + S + D) over characters, white space at the ends left out; a corpus adds up counts",
        range: Range::COST,
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- cer: {threshold: 0.1}   # reference \"abcd\": \"abxd\" gives 0.25",
        scalar: Some("value"),
    },
    build: |options, _| build(options, "cer", Rate::Error, Unit::Characters),
};

#[derive(Debug)]
struct WordError {
    wanted: Wanted,
    rate: Rate,
    unit: Unit,
    name: &'static str,
}

fn build(
    options: &Fields<'_>,
    name: &'static str,
    rate: Rate,
    unit: Unit,
) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(WordError {
        wanted: Wanted::read(options)?,
        rate,
        unit,
        name,
    }))
}

thread_local! {
    static SCORERS: [RefCell<Scorer>; 2] =
        [Unit::Words, Unit::Characters].map(|unit| RefCell::new(Scorer::new(unit)));
}

fn with_scorer<T>(unit: Unit, work: impl FnOnce(&mut Scorer) -> T) -> T {
    SCORERS.with(|scorers| work(&mut scorers[usize::from(unit == Unit::Characters)].borrow_mut()))
}

impl WordError {
    /// The counts that speak best for the candidate, and the reference that they are of.
    fn best<'a>(
        &self,
        scorer: &mut Scorer,
        candidate: &str,
        references: impl Iterator<Item = &'a str>,
    ) -> Option<(Counts, &'a str)> {
        let worth = |counts: &Counts| match self.rate {
            Rate::Preserved => -self.rate.of(counts),
            rate => rate.of(counts),
        };
        references
            .map(|reference| (scorer.counts(reference, candidate), reference))
            .min_by(|(a, _), (b, _)| worth(a).total_cmp(&worth(b)))
    }
}

impl Evaluator for WordError {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, self.name)?;
        with_scorer(self.unit, |scorer| {
            let Some((counts, reference)) = self.best(scorer, subject.text, wanted.iter()) else {
                return Ok(Verdict::Failed("there is no reference".to_owned()));
            };
            let score = Score::graded(self.rate.of(&counts));
            if counts.edits() == 0 {
                return Ok(whole(score, subject, true).into());
            }
            let alignment = scorer.align(reference, subject.text);
            let unit = match self.unit {
                Unit::Words => "words",
                Unit::Characters => "characters",
            };
            let reason = format!(
                "{} wrong, {} missing, {} added of {} {unit}: {}",
                counts.substitutions,
                counts.deletions,
                counts.insertions,
                counts.from_length(),
                alignment.differences(3)
            );
            let spans = alignment.wrong_spans(subject.text);
            let score = spans.fold(score, |score, span| {
                evidence(score, subject, (span.start, span.end), false)
            });
            Ok(score.because(reason).into())
        })
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        if !self.wanted.is_references() {
            return None;
        }
        // The counts of each kind of edit, which take longer, are only made for rates that need them.
        with_scorer(self.unit, |scorer| {
            let each = references.iter();
            let rates = each.map(|reference| scorer.score(self.rate, reference, candidate));
            match self.rate {
                Rate::Preserved => rates.max_by(f64::total_cmp),
                _ => rates.min_by(f64::total_cmp),
            }
        })
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        // A value of the case's own is not among the references that a corpus is given.
        self.wanted.is_references().then(|| {
            Box::new(Sum {
                best_of: WordError {
                    wanted: Wanted::References,
                    ..*self
                },
                counts: Counts::default(),
                last: Counts::default(),
                any: false,
            }) as Box<dyn Corpus>
        })
    }

    fn signature(&self) -> String {
        let unit = match self.unit {
            Unit::Words => "words",
            Unit::Characters => "characters",
        };
        format!("unit:{unit}|case:mixed|as:jiwer-4.0.0")
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}

/// Counts of a corpus, each answer against the reference that suits it best.
#[derive(Debug)]
struct Sum {
    best_of: WordError,
    counts: Counts,
    last: Counts,
    any: bool,
}

impl Corpus for Sum {
    fn add(&mut self, candidate: &str, references: &[String]) {
        let references = references.iter().map(String::as_str);
        let best = with_scorer(self.best_of.unit, |scorer| {
            self.best_of.best(scorer, candidate, references)
        });
        self.last = Counts::default();
        if let Some((counts, _)) = best {
            self.counts += counts;
            self.last = counts;
            self.any = true;
        }
    }

    fn score(&self) -> Option<f64> {
        self.any.then(|| self.best_of.rate.of(&self.counts))
    }

    fn last(&self, counts: &mut Vec<f64>) -> bool {
        let Counts {
            hits,
            substitutions,
            insertions,
            deletions,
        } = self.last;
        counts.extend([hits, substitutions, insertions, deletions].map(|n| n as f64));
        true
    }

    fn score_of(&self, sums: &[f64]) -> Option<f64> {
        let &[hits, substitutions, insertions, deletions] = sums else {
            return None;
        };
        let counts = Counts {
            hits: hits as usize,
            substitutions: substitutions as usize,
            insertions: insertions as usize,
            deletions: deletions as usize,
        };
        Some(self.best_of.rate.of(&counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_adds_up_counts_of_the_best_references() {
        let wer = WordError {
            wanted: Wanted::References,
            rate: Rate::Error,
            unit: Unit::Words,
            name: "wer",
        };
        let mut corpus = wer.corpus().expect("it compares with references");
        assert_eq!(corpus.score(), None);
        corpus.add("a b", &["a b".to_owned(), "x".to_owned()]);
        corpus.add("", &["a b c d e f".to_owned()]);
        assert_eq!(corpus.score(), Some(0.75));
    }
}
