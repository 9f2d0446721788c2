//! `readability`: how hard the answer is to read, by one of 22 figures.
//!
//! English. The formulas are those of [`botsmith_nlp::readability`]; they see length of words and
//! sentences, and nothing else.

use std::cmp::Ordering;

use botsmith_core::yaml::Fields;
use botsmith_nlp::Sentence;
use botsmith_nlp::readability::{Easier, Figure, Readability};

use super::builtin::{Builtin, evidence};
use super::limits::{Limits, MAX, MIN, Side};
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::reading::read_answer;
use crate::{Result, Score, Verdict};

/// Sentences that are shown as evidence at most.
const SHOWN: usize = 3;

/// A lower end that no text reaches; the figures have none of their own.
const LEAST: f64 = -1_000_000.0;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "readability",
        about: "How hard the answer is to read, by a figure of length of words and sentences; with `min` or `max` it passes or fails. English.",
        formula: "the figure, see [Readability](readability.md); its evidence are the three sentences that are hardest to read, or easiest where the answer is too easy; skipped if there is no word to read",
        range: Range {
            lo: LEAST,
            hi: f64::INFINITY,
            better: Better::Neither,
        },
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "figure",
                schema: r#"{"enum": ["flesch-reading-ease", "flesch-kincaid-grade", "smog-index", "coleman-liau-index", "automated-readability-index", "dale-chall-readability-score", "difficult-words", "linsear-write-formula", "gunning-fog", "spache-readability", "mcalpine-eflaw", "lix", "rix", "syllable-count", "lexicon-count", "sentence-count", "char-count", "letter-count", "polysyllabcount", "monosyllabcount", "reading-time", "text-standard"], "default": "flesch-kincaid-grade"}"#,
                about: "which figure",
                required: false,
            },
            MIN,
            MAX,
            OptionDocs {
                name: "rules",
                schema: r#"{"enum": ["prose", "textstat"], "default": "prose"}"#,
                about: "`prose`: sentences and words as the language model finds them, without code and markup; `textstat`: the bare text by the rules of textstat, with its numbers",
                required: false,
            },
        ],
        example: "- readability: {figure: flesch-kincaid-grade, max: 9}   # \"Notwithstanding the aforementioned considerations, remuneration is discretionary.\" gives 29.3 and fails",
        scalar: Some("figure"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    Prose,
    Textstat,
}

#[derive(Debug)]
struct Reading {
    figure: Figure,
    limits: Limits,
    rules: Rules,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let names: Vec<_> = Figure::ALL
        .iter()
        .map(|figure| (figure.name(), *figure))
        .collect();
    Ok(Box::new(Reading {
        figure: options
            .get("figure")
            .map_or(Ok(Figure::FleschKincaidGrade), |at| at.one_of(&names))?,
        limits: Limits::read(options)?,
        rules: options.get("rules").map_or(Ok(Rules::Prose), |at| {
            at.one_of(&[("prose", Rules::Prose), ("textstat", Rules::Textstat)])
        })?,
    }))
}

impl Evaluator for Reading {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = read_answer(subject.text)?;
        let readability = match self.rules {
            Rules::Prose => Readability::of_doc(&doc),
            Rules::Textstat => Readability::of_text(subject.text),
        };
        if readability.counts().words == 0 {
            return Ok(Verdict::Skipped("the answer has no word to read".into()));
        }
        let value = readability.get(self.figure);
        let score = self.limits.score(value, self.figure.name());
        let outside = self.limits.outside(value);
        if self.limits.any() && outside.is_none() {
            return Ok(score.into());
        }
        let easiest = match (self.figure.easier(), outside) {
            (Easier::More, Some(Side::Above)) | (Easier::Less, Some(Side::Below)) => true,
            (Easier::Neither, Some(_)) => return Ok(score.into()),
            _ => false,
        };
        Ok(shown(score, subject, doc.sentences(), easiest).into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.limits.any()
    }

    fn range(&self, docs: &Docs) -> Range {
        Range {
            better: match self.figure.easier() {
                Easier::More => Better::Higher,
                Easier::Less => Better::Lower,
                Easier::Neither => Better::Neither,
            },
            ..docs.range
        }
    }
}

/// The sentences that weigh most as evidence, in the order of the text.
fn shown<'a>(
    mut score: Score,
    subject: &Subject<'_>,
    sentences: impl Iterator<Item = Sentence<'a>>,
    easiest: bool,
) -> Score {
    let mut graded: Vec<_> = sentences
        .map(|sentence| (Readability::of_text(sentence.text()), sentence))
        .filter(|(readability, _)| readability.counts().words > 0)
        .map(|(readability, sentence)| {
            let grade = readability.get(Figure::FleschKincaidGrade);
            (if easiest { -grade } else { grade }, sentence)
        })
        .collect();
    graded.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal));
    graded.truncate(SHOWN);
    graded.sort_by_key(|(_, sentence)| sentence.index());
    for (_, sentence) in graded {
        let span = sentence.span();
        score = evidence(score, subject, (span.start, span.end), false);
    }
    score
}
