//! `bleu`: n-gram precision against references, as sacrebleu computes it.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, Wanted, flag};
use super::{Better, Corpus, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::bleu::{self, MAX_ORDER, Options, Smoothing, Tokenizer};
use crate::{Result, Score, Verdict};

/// Option of all evaluators here that count n-grams of tokens.
pub(super) const LOWERCASE: OptionDocs = OptionDocs {
    name: "lowercase",
    schema: r#"{"type": "boolean", "default": false}"#,
    about: "whether texts are put in lower case first",
    required: false,
};

/// Options of BLEU, also where it is a part of another score.
pub(super) const OPTIONS: &[OptionDocs] = &[
    OptionDocs {
        name: "tokenize",
        schema: r#"{"enum": ["13a", "intl", "zh", "char", "none"], "default": "13a"}"#,
        about: "how texts become tokens; `zh` for Chinese, `char` for other scripts without spaces",
        required: false,
    },
    LOWERCASE,
    OptionDocs {
        name: "smooth",
        schema: r#"{"enum": ["exp", "floor", "add-k", "none"], "default": "exp"}"#,
        about: "what takes the place of a precision of 0",
        required: false,
    },
    OptionDocs {
        name: "smooth-value",
        schema: r#"{"type": "number", "minimum": 0, "maximum": 1}"#,
        about: "matches that `floor` (0.1) takes for none, or that `add-k` (1) adds",
        required: false,
    },
    OptionDocs {
        name: "max-order",
        schema: r#"{"type": "integer", "minimum": 1, "maximum": 8, "default": 4}"#,
        about: "longest n-grams",
        required: false,
    },
    OptionDocs {
        name: "effective-order",
        schema: r#"{"type": "boolean"}"#,
        about: "whether orders that the answer is too short for are left out; unless given, they are for one answer and not for the corpus, as in sacrebleu",
        required: false,
    },
];

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "bleu",
        about: "How many runs of one to four words of the answer are in the references; sacrebleu's numbers.",
        formula: "BP * exp(mean over n of ln p_n), p_n the share of the answer's n-grams found in a reference (clipped), in percent, BP = min(1, exp(1 - r / c)) for c tokens and the nearest reference's r; a corpus adds up counts",
        range: Range {
            lo: 0.0,
            hi: 100.0,
            better: Better::Higher,
        },
        decides: false,
        compares: true,
        options: OPTIONS,
        example: "- bleu: {tokenize: 13a}   # reference \"the cat sat on the mat\": \"the cat sat on a mat\" gives 53.7",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Bleu {
    sentence: Options,
    corpus: Options,
}

/// The option `tokenize`.
pub(super) fn tokenizer(options: &Fields<'_>, default: Tokenizer) -> Result<Tokenizer> {
    let names = Tokenizer::ALL.map(|tokenizer| (tokenizer.name(), tokenizer));
    Ok(options
        .get("tokenize")
        .map_or(Ok(default), |at| at.one_of(&names))?)
}

/// A whole number from 1 to [`MAX_ORDER`].
pub(super) fn order(options: &Fields<'_>, key: &'static str, default: usize) -> Result<usize> {
    let Some(at) = options.get(key) else {
        return Ok(default);
    };
    let order = at.count()?;
    if !(1..=MAX_ORDER).contains(&order) {
        let message = format!("`{key}` is {order}, and can be 1 to {MAX_ORDER}");
        return Err(at.error(message).into());
    }
    Ok(order)
}

fn smoothing(options: &Fields<'_>) -> Result<Smoothing> {
    let name = options.get("smooth").map_or(Ok("exp"), |at| {
        at.one_of(&[
            ("exp", "exp"),
            ("floor", "floor"),
            ("add-k", "add-k"),
            ("none", "none"),
        ])
    })?;
    let value = options.get("smooth-value");
    let given = value
        .as_ref()
        .map(|at| at.number_in(0.0, 1.0))
        .transpose()?;
    match (name, value) {
        ("floor", _) => Ok(Smoothing::Floor(given.unwrap_or(0.1))),
        ("add-k", _) => Ok(Smoothing::AddK(given.unwrap_or(1.0))),
        (_, Some(at)) => Err(at
            .error(format!(
                "smoothing `{name}` takes no value; `floor` and `add-k` do"
            ))
            .into()),
        ("none", None) => Ok(Smoothing::None),
        (_, None) => Ok(Smoothing::Exp),
    }
}

/// The settings for one answer.
pub(super) fn settings(options: &Fields<'_>) -> Result<Options> {
    let mut sentence = Options::default().with_max_order(order(options, "max-order", 4)?)?;
    sentence.tokenizer = tokenizer(options, Tokenizer::V13a)?;
    sentence.lowercase = flag(options, "lowercase")?;
    sentence.smoothing = smoothing(options)?;
    if let Some(at) = options.get("effective-order") {
        sentence.effective_order = at.bool()?;
    }
    Ok(sentence)
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let sentence = settings(options)?;
    let mut corpus = sentence;
    corpus.effective_order = options.get("effective-order").is_some() && sentence.effective_order;
    Ok(Box::new(Bleu { sentence, corpus }))
}

impl Evaluator for Bleu {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Wanted::References.texts(subject, "bleu")?;
        let score = bleu::sentence(subject.text, subject.references, &self.sentence);
        Ok(Score::graded(score.score).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        Some(bleu::value(candidate, references, &self.sentence))
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(bleu::Corpus::new(self.corpus)))
    }

    /// Of the answers' scores; how many references they have is known only after a run.
    fn signature(&self) -> String {
        self.sentence.signature(None)
    }
}

impl Corpus for bleu::Corpus {
    fn add(&mut self, candidate: &str, references: &[String]) {
        self.add(candidate, references);
    }

    fn score(&self) -> Option<f64> {
        self.score().map(|score| score.score)
    }

    fn last(&self, counts: &mut Vec<f64>) -> bool {
        counts.extend(self.last().row());
        true
    }

    fn score_of(&self, sums: &[f64]) -> Option<f64> {
        bleu::Stats::from_row(sums).map(|stats| stats.score(self.options()).score)
    }
}
