//! `length`, `words`, `sentences`, `lines`: how long an answer is.
//!
//! Words and sentences are those of Unicode Standard Annex 29 (<https://www.unicode.org/reports/tr29/>):
//! no dictionary, so `Dr. Smith` ends a sentence and each Han character is a word.

use botsmith_core::yaml::Fields;
use unicode_segmentation::UnicodeSegmentation;

use super::builtin::Builtin;
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::{Result, Score, Verdict};

const OPTIONS: &[OptionDocs] = &[
    OptionDocs {
        name: "min",
        schema: r#"{"type": "integer", "minimum": 0}"#,
        about: "least count that passes",
        required: false,
    },
    OptionDocs {
        name: "max",
        schema: r#"{"type": "integer", "minimum": 0}"#,
        about: "greatest count that passes",
        required: false,
    },
];

const fn docs(
    name: &'static str,
    about: &'static str,
    formula: &'static str,
    example: &'static str,
) -> Docs {
    Docs {
        name,
        about,
        formula,
        range: Range::COUNT,
        decides: false,
        compares: false,
        options: OPTIONS,
        example,
        scalar: None,
    }
}

pub(super) const LENGTH: Builtin = Builtin {
    docs: docs(
        "length",
        "How many characters (code points) the answer has; with `min` or `max` it passes or fails.",
        "number of code points",
        "- length: {max: 200}   # \"Hello\" gives 5 and passes",
    ),
    build: |options, _| read(options, length, "character"),
};

pub(super) const WORDS: Builtin = Builtin {
    docs: docs(
        "words",
        "How many words the answer has; with `min` or `max` it passes or fails.",
        "number of words (UAX 29 segments with a letter or digit)",
        "- words: {min: 3, max: 50}   # \"Hello you\" gives 2 and fails",
    ),
    build: |options, _| read(options, words, "word"),
};

pub(super) const SENTENCES: Builtin = Builtin {
    docs: docs(
        "sentences",
        "How many sentences the answer has; with `min` or `max` it passes or fails.",
        "number of sentences (UAX 29 segments with a letter or digit)",
        "- sentences: {max: 3}   # \"Yes. It is.\" gives 2 and passes",
    ),
    build: |options, _| read(options, sentences, "sentence"),
};

pub(super) const LINES: Builtin = Builtin {
    docs: docs(
        "lines",
        "How many lines the answer has, empty ones included; with `min` or `max` it passes or fails.",
        "number of lines; a line end at the very end starts no new one",
        "- lines: {max: 1}   # \"one\\ntwo\" gives 2 and fails",
    ),
    build: |options, _| read(options, lines, "line"),
};

/// Number of code points.
///
/// ```
/// assert_eq!(botsmith_eval::evaluators::length("naïve"), 5);
/// ```
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Number of words.
///
/// ```
/// assert_eq!(botsmith_eval::evaluators::words("Don't panic, 42 times!"), 4);
/// ```
pub fn words(text: &str) -> usize {
    text.unicode_words().count()
}

/// Number of sentences.
///
/// ```
/// assert_eq!(botsmith_eval::evaluators::sentences("Yes. Is it? It is!"), 3);
/// ```
pub fn sentences(text: &str) -> usize {
    text.unicode_sentences().count()
}

/// Number of lines, ended by a line feed, a carriage return or both.
///
/// ```
/// assert_eq!(botsmith_eval::evaluators::lines("one\r\ntwo\n"), 2);
/// ```
pub fn lines(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends =
        |(i, b): (usize, &u8)| *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
    let count = bytes.iter().enumerate().filter(|at| ends(*at)).count();
    count + usize::from(bytes.last().is_some_and(|b| !matches!(b, b'\n' | b'\r')))
}

#[derive(Debug)]
struct Count {
    of: fn(&str) -> usize,
    unit: &'static str,
    min: Option<usize>,
    max: Option<usize>,
}

fn read(
    options: &Fields<'_>,
    of: fn(&str) -> usize,
    unit: &'static str,
) -> Result<Box<dyn Evaluator>> {
    let min = options.get("min").map(|at| at.count()).transpose()?;
    let max = options.get("max").map(|at| at.count()).transpose()?;
    if let (Some(min), Some(max), Some(at)) = (min, max, options.get("max"))
        && max < min
    {
        return Err(at.error(format!("max {max} is below min {min}")).into());
    }
    Ok(Box::new(Count { of, unit, min, max }))
}

impl Evaluator for Count {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let count = (self.of)(subject.text);
        let mut score = Score::graded(count as f64);
        if self.min.is_some() || self.max.is_some() {
            let low = self
                .min
                .filter(|min| count < *min)
                .map(|min| ("least", min));
            let high = self.max.filter(|max| count > *max).map(|max| ("most", max));
            score.passed = Some(low.is_none() && high.is_none());
            if let Some((side, limit)) = low.or(high) {
                let plural = if count == 1 { "" } else { "s" };
                score = score.because(format!(
                    "{count} {}{plural}, at {side} {limit} wanted",
                    self.unit
                ));
            }
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.min.is_some() || self.max.is_some()
    }
}
