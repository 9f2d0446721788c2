//! `perplexity`: how little a model of this machine expected the answer.
//!
//! Jelinek et al. 1977 (<https://doi.org/10.1121/1.2016299>). Low is fluent or trite, high is odd: it says nothing of
//! truth, and values compare within one model only; bits per byte also between tokenizers.

use botsmith_core::score::TextScore;
use botsmith_core::yaml::Fields;

use super::builtin::Builtin;
use super::limits::{Limits, MAX, MIN};
use super::semantic::{DEVICE, Plan, Planner, Semantic, Source, What};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::template::Template;
use crate::{Result, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "perplexity",
        about: "How little a model of this machine expected the answer's words: its perplexity, or bits per byte.",
        formula: "exp(-mean log-probability of the answer's tokens), 1 and up; bits per byte: -(sum of log2-probabilities) / bytes, 0 and up",
        range: Range::COST,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "model",
                schema: r#"{"type": "string"}"#,
                about: "a decoder: a folder or a `.gguf` file, from the suite's folder on, or `hf:org/name` once `botsmith model pull` has fetched it; needs a build with the engine",
                required: true,
            },
            OptionDocs {
                name: "after",
                schema: r#"{"type": "string"}"#,
                about: "what stands before the answer and is not scored; may be a template over the case, such as `{{ input }}`; default: nothing, and then the first token is not scored where the tokenizer puts nothing first",
                required: false,
            },
            OptionDocs {
                name: "unit",
                schema: r#"{"enum": ["perplexity", "bits-per-byte"], "default": "perplexity"}"#,
                about: "what the value is",
                required: false,
            },
            MIN,
            MAX,
            DEVICE,
        ],
        example: "- perplexity: {model: models/SmolLM3-3B-Q4_K_M.gguf, after: \"{{ input }}\\n\", max: 40}",
        scalar: Some("model"),
    },
    build,
};

#[derive(Clone, Copy, Debug)]
enum Unit {
    Perplexity,
    BitsPerByte,
}

#[derive(Debug)]
struct Perplexity {
    after: Option<Template>,
    unit: Unit,
    limits: Limits,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let source = Source::read(options, What::Likelihood, true)?;
    let unit = options.get("unit").map_or(Ok(Unit::Perplexity), |at| {
        at.one_of(&[
            ("perplexity", Unit::Perplexity),
            ("bits-per-byte", Unit::BitsPerByte),
        ])
    })?;
    let planner = Perplexity {
        after: options
            .get("after")
            .map(|at| Template::read(&at))
            .transpose()?,
        unit,
        limits: Limits::read(options)?,
    };
    Ok(Semantic::boxed(planner, source))
}

impl Planner for Perplexity {
    fn name(&self) -> &'static str {
        "perplexity"
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let before = match &self.after {
            Some(template) => template.render(subject.case)?.into_owned(),
            None => String::new(),
        };
        if subject.text.is_empty() {
            return Ok(Plan::Done(Verdict::Skipped("the answer is empty".into())));
        }
        let (unit, limits) = (self.unit, self.limits);
        Ok(Plan::Measure(
            vec![(before, subject.text.to_owned())],
            Box::new(move |measured| {
                let [logprob, tokens, bytes] = measured[0].values[..] else {
                    return Ok(Verdict::Failed("the model gave no likelihood".into()));
                };
                if tokens == 0.0 {
                    return Ok(Verdict::Skipped(
                        "no token of the answer has something before it".into(),
                    ));
                }
                let score = TextScore {
                    logprob,
                    tokens: tokens as usize,
                    bytes: bytes as usize,
                };
                Ok(match unit {
                    Unit::Perplexity => limits.score(score.perplexity(), "the perplexity"),
                    Unit::BitsPerByte => limits.score(score.bits_per_byte(), "bits per byte"),
                }
                .into())
            }),
        ))
    }

    fn compares(&self) -> bool {
        false
    }

    fn decides(&self) -> bool {
        self.limits.any()
    }
}
