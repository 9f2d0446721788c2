//! `distinct-n` and `repetition`: how varied an answer is, without references.

use std::collections::HashMap;

use botsmith_core::yaml::Fields;
use unicode_segmentation::UnicodeSegmentation;

use super::bleu::{LOWERCASE, order, tokenizer};
use super::builtin::{Builtin, evidence, flag};
use super::gleu::TOKENIZE;
use super::{Better, Corpus, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::bleu::Tokenizer;
use crate::metrics::diversity::{self, DistinctCorpus, Options};
use crate::text::line;
use crate::{Result, Score, Verdict};

/// Repeated places that are shown as evidence at most.
const SHOWN: usize = 50;

pub(super) const DISTINCT: Builtin = Builtin {
    docs: Docs {
        name: "distinct-n",
        about: "How many of the answer's n-grams differ from each other (Li et al. 2016); compare answers of like length only.",
        formula: "different n-grams / n-grams; skipped if the answer has fewer than n tokens; a corpus counts the n-grams of all answers together",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "n",
                schema: r#"{"type": "integer", "minimum": 1, "maximum": 8, "default": 2}"#,
                about: "length of the n-grams",
                required: false,
            },
            TOKENIZE,
            LOWERCASE,
        ],
        example: "- distinct-n: {n: 2}   # \"to be or not to be\" gives 0.8",
        scalar: Some("n"),
    },
    build: build_distinct,
};

pub(super) const REPETITION: Builtin = Builtin {
    docs: Docs {
        name: "repetition",
        about: "Which share of the answer's n-grams occurred in it before (seq-rep-n, Welleck et al. 2020).",
        formula: "1 - different n-grams / n-grams; 0 if the answer has fewer than n tokens; its evidence are the places that repeat earlier ones, where white space makes the tokens",
        range: Range {
            lo: 0.0,
            hi: 1.0,
            better: Better::Lower,
        },
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "n",
                schema: r#"{"type": "integer", "minimum": 1, "maximum": 8, "default": 4}"#,
                about: "length of the n-grams",
                required: false,
            },
            TOKENIZE,
            LOWERCASE,
        ],
        example: "- repetition: {n: 2, threshold: 0.3}   # \"to be or not to be\" gives 0.2",
        scalar: Some("n"),
    },
    build: build_repetition,
};

#[derive(Debug)]
struct Distinct {
    n: usize,
    options: Options,
}

#[derive(Debug)]
struct Repetition {
    n: usize,
    options: Options,
}

fn read(options: &Fields<'_>) -> Result<Options> {
    Ok(Options {
        tokenizer: tokenizer(options, Tokenizer::None)?,
        lowercase: flag(options, "lowercase")?,
    })
}

fn build_distinct(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Distinct {
        n: order(options, "n", 2)?,
        options: read(options)?,
    }))
}

fn build_repetition(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Repetition {
        n: order(options, "n", 4)?,
        options: read(options)?,
    }))
}

impl Evaluator for Distinct {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Ok(
            match diversity::distinct_n(subject.text, self.n, self.options) {
                Some(score) => Score::graded(score).into(),
                None => {
                    Verdict::Skipped(format!("the answer has fewer than {} tokens", self.n).into())
                }
            },
        )
    }

    fn value(&self, candidate: &str, _: &[&str]) -> Option<f64> {
        diversity::distinct_n(candidate, self.n, self.options)
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(DistinctCorpus::new(self.n, self.options)))
    }
}

impl Corpus for DistinctCorpus {
    fn add(&mut self, candidate: &str, _: &[String]) {
        self.add(candidate);
    }

    fn score(&self) -> Option<f64> {
        self.score()
    }
}

/// The sentence of three words or more that comes most often, if one comes twice.
fn repeated_sentence(text: &str) -> Option<(&str, usize)> {
    let mut sentences: Vec<(&str, usize)> = Vec::new();
    let mut places = HashMap::new();
    for sentence in text.unicode_sentences().map(str::trim) {
        if sentence.split_whitespace().nth(2).is_none() {
            continue;
        }
        let place = *places.entry(sentence).or_insert(sentences.len());
        match sentences.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => sentences.push((sentence, 1)),
        }
    }
    let most = sentences.iter().map(|(_, times)| *times).max()?;
    let first = sentences.into_iter().find(|(_, times)| *times == most);
    first.filter(|_| most > 1)
}

impl Evaluator for Repetition {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let value = diversity::repetition(subject.text, self.n, self.options);
        // `n` was checked when the options were read.
        let mut score = Score::graded(value.unwrap_or_default());
        if self.options.tokenizer == Tokenizer::None && score.value > 0.0 {
            let repeats = diversity::repeats(subject.text, self.n, self.options.lowercase);
            for span in repeats.into_iter().take(SHOWN) {
                score = evidence(score, subject, (span.start, span.end), false);
            }
            if let Some((sentence, times)) = repeated_sentence(subject.text) {
                score = score.because(format!("{:?} comes {times} times", line(sentence, 80)));
            }
        }
        Ok(score.into())
    }

    fn value(&self, candidate: &str, _: &[&str]) -> Option<f64> {
        diversity::repetition(candidate, self.n, self.options)
    }
}
