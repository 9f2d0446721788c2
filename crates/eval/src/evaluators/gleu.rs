//! `gleu` and `nltk-bleu`: sentence scores as nltk computes them.

use botsmith_core::yaml::Fields;

use super::bleu::{LOWERCASE, tokenizer};
use super::builtin::{Builtin, Wanted, flag};
use super::{Better, Corpus, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::bleu::Tokenizer;
use crate::metrics::gleu;
use crate::metrics::nltk_bleu::{self, Method};
use crate::{Result, Score, Verdict};

/// White space unless given, as nltk's users mostly do it.
pub(super) const TOKENIZE: OptionDocs = OptionDocs {
    name: "tokenize",
    schema: r#"{"enum": ["13a", "intl", "zh", "char", "none"], "default": "none"}"#,
    about: "how texts become tokens; `none`: white space alone separates them",
    required: false,
};

pub(super) const GLEU: Builtin = Builtin {
    docs: Docs {
        name: "gleu",
        about: "How many runs of one to four words answer and reference share, by the longer of the two (Google's GLEU); nltk's numbers.",
        formula: "max over references of shared n-grams / max(n-grams of the answer, n-grams of the reference), n = 1 to 4 together; a corpus adds up both",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[TOKENIZE, LOWERCASE],
        example: "- gleu   # reference \"the cat sat on the mat\": \"the cat sat on a mat\" gives 0.611",
        scalar: None,
    },
    build: build_gleu,
};

pub(super) const NLTK_BLEU: Builtin = Builtin {
    docs: Docs {
        name: "nltk-bleu",
        about: "BLEU of one answer with one of nltk's smoothing methods, for comparing with numbers made by nltk; `bleu` is the one to publish.",
        formula: "BP * exp(sum over n = 1 to 4 of ln(p_n) / 4) with p_n smoothed; a p_n of 0 is left out; methods 5 and 7 can exceed 1",
        range: Range {
            lo: 0.0,
            hi: f64::INFINITY,
            better: Better::Higher,
        },
        decides: false,
        compares: true,
        options: &[
            OptionDocs {
                name: "method",
                schema: r#"{"enum": [0, 1, 2, 3, 4, 5, 7], "default": 1}"#,
                about: "nltk's number of the smoothing: 0 none, 1 a tenth of a match, 2 one added, 3 halving, 4 by length, 5 average of neighbours, 7 is 4 then 5",
                required: false,
            },
            TOKENIZE,
            LOWERCASE,
        ],
        example: "- nltk-bleu: {method: 2}   # reference \"the cat sat on the mat\": \"the cat sat on a mat\" gives 0.639",
        scalar: Some("method"),
    },
    build: build_nltk,
};

#[derive(Debug)]
struct Gleu(gleu::Options);

fn build_gleu(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Gleu(gleu::Options {
        tokenizer: tokenizer(options, Tokenizer::None)?,
        lowercase: flag(options, "lowercase")?,
    })))
}

impl Evaluator for Gleu {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Wanted::References.texts(subject, "gleu")?;
        Ok(Score::graded(gleu::sentence(subject.text, subject.references, self.0)).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        Some(gleu::sentence(candidate, references, self.0))
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(GleuCorpus {
            options: self.0,
            sum: None,
            last: gleu::Stats::default(),
        }))
    }
}

#[derive(Debug)]
struct GleuCorpus {
    options: gleu::Options,
    sum: Option<gleu::Stats>,
    last: gleu::Stats,
}

impl Corpus for GleuCorpus {
    fn add(&mut self, candidate: &str, references: &[String]) {
        self.last = gleu::stats(candidate, references, self.options);
        self.sum.get_or_insert_default().add(&self.last);
    }

    fn score(&self) -> Option<f64> {
        self.sum.map(|sum| sum.score())
    }

    fn last(&self, counts: &mut Vec<f64>) -> bool {
        counts.extend([self.last.matched as f64, self.last.total as f64]);
        true
    }

    fn score_of(&self, sums: &[f64]) -> Option<f64> {
        let &[matched, total] = sums else { return None };
        let (matched, total) = (matched as u64, total as u64);
        Some(gleu::Stats { matched, total }.score())
    }
}

#[derive(Debug)]
struct NltkBleu(nltk_bleu::Options);

fn build_nltk(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let mut read = nltk_bleu::Options::default();
    if let Some(at) = options.get("method") {
        let number = at.count()?;
        let method = u8::try_from(number).ok().and_then(Method::from_number);
        read.method = method.ok_or_else(|| {
            at.error(format!(
                "method {number} is not here; there are 0, 1, 2, 3, 4, 5 and 7"
            ))
        })?;
    }
    read.tokenizer = tokenizer(options, Tokenizer::None)?;
    read.lowercase = flag(options, "lowercase")?;
    Ok(Box::new(NltkBleu(read)))
}

impl Evaluator for NltkBleu {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Wanted::References.texts(subject, "nltk-bleu")?;
        let score = nltk_bleu::sentence(subject.text, subject.references, self.0);
        Ok(Score::graded(score).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        Some(nltk_bleu::sentence(candidate, references, self.0))
    }
}
