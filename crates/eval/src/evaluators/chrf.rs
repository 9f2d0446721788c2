//! `chrf`: F-score of character n-grams, and of words with `word-order`.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, Wanted, flag};
use super::{Better, Corpus, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::chrf;
use crate::{Result, Score, Verdict};

/// n-grams of higher orders hardly ever match.
const MAX_ORDER: usize = 100;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "chrf",
        about: "How many runs of characters answer and reference share: chrF2, or chrF++ with `word-order: 2`; sacrebleu's numbers.",
        formula: "100 (1 + beta²) P R / (beta² P + R); P and R are means over the orders of shared n-grams by those of answer and of reference; of several references the best counts; a corpus adds up counts",
        range: Range {
            lo: 0.0,
            hi: 100.0,
            better: Better::Higher,
        },
        decides: false,
        compares: true,
        options: &[
            OptionDocs {
                name: "char-order",
                schema: r#"{"type": "integer", "minimum": 0, "maximum": 100, "default": 6}"#,
                about: "longest n-grams of characters",
                required: false,
            },
            OptionDocs {
                name: "word-order",
                schema: r#"{"type": "integer", "minimum": 0, "maximum": 100, "default": 0}"#,
                about: "longest n-grams of words; 2 is chrF++",
                required: false,
            },
            OptionDocs {
                name: "beta",
                schema: r#"{"type": "integer", "minimum": 0, "maximum": 1000, "default": 2}"#,
                about: "how many times as much recall matters as precision",
                required: false,
            },
            OptionDocs {
                name: "lowercase",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether upper and lower case are the same",
                required: false,
            },
            OptionDocs {
                name: "whitespace",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether white space is part of the n-grams of characters",
                required: false,
            },
            OptionDocs {
                name: "eps-smoothing",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether orders that one text is too short for count too, as in chrF++.py, NLTK and Moses",
                required: false,
            },
        ],
        example: "- chrf: {threshold: 50}   # reference \"the cat sat\": \"a cat sat\" gives 53.6",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Chrf(chrf::Options);

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let whole = |key, default, max: usize| -> Result<usize> {
        let Some(at) = options.get(key) else {
            return Ok(default);
        };
        let count = at.count()?;
        if count > max {
            return Err(at.error(format!("{count} is more than {max}")).into());
        }
        Ok(count)
    };
    let read = chrf::Options {
        char_order: whole("char-order", 6, MAX_ORDER)?,
        word_order: whole("word-order", 0, MAX_ORDER)?,
        beta: whole("beta", 2, 1000)? as u32,
        lowercase: flag(options, "lowercase")?,
        whitespace: flag(options, "whitespace")?,
        eps_smoothing: flag(options, "eps-smoothing")?,
    };
    if read.char_order + read.word_order == 0
        && let Some(at) = options.get("char-order")
    {
        return Err(at
            .error("`char-order` and `word-order` are both 0: nothing to count")
            .into());
    }
    Ok(Box::new(Chrf(read)))
}

impl Evaluator for Chrf {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Wanted::References.texts(subject, "chrf")?;
        let score = chrf::sentence(subject.text, subject.references, &self.0);
        Ok(Score::graded(score).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        Some(chrf::sentence(candidate, references, &self.0))
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(chrf::Corpus::new(self.0)))
    }

    fn signature(&self) -> String {
        self.0.signature()
    }
}

impl Corpus for chrf::Corpus {
    fn add(&mut self, candidate: &str, references: &[String]) {
        self.add(candidate, references);
    }

    fn score(&self) -> Option<f64> {
        self.score()
    }

    fn last(&self, counts: &mut Vec<f64>) -> bool {
        counts.extend(self.last().row());
        true
    }

    fn score_of(&self, sums: &[f64]) -> Option<f64> {
        chrf::Stats::from_row(sums).map(|stats| stats.score(self.options()))
    }
}
