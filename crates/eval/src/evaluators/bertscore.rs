//! `bertscore`: how well the words of an answer and of a reference find each other in meaning
//! ([`metrics::bertscore`](crate::metrics::bertscore)).

use botsmith_core::yaml::{Cursor, Fields};

use super::builtin::{Builtin, VALUE, Wanted};
use super::semantic::{DEVICE, MODEL, Measured, Plan, Planner, Semantic, Source, What};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::bertscore::BertScore;
use crate::{Error, Result, Score};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "bertscore",
        about: "How well the words of the answer and of a reference find each other in meaning: each with its nearest, by the cosines of their vectors; those of a table of English token vectors inside, or of a model of this machine.",
        formula: "F = 2PR / (P + R); P: mean over the answer's tokens of the greatest cosine with a token of the reference, R the other way round; with a baseline b, (x - b) / (1 - b); at least 0; of several references the best",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "measure",
                schema: r#"{"enum": ["f", "p", "r"], "default": "f"}"#,
                about: "which number is the score: F, precision or recall",
                required: false,
            },
            OptionDocs {
                name: "idf",
                schema: r#"{"type": "string"}"#,
                about: "a text file, from the suite's folder on, with a document a line, such as all references: tokens that few of them have weigh more",
                required: false,
            },
            OptionDocs {
                name: "baseline",
                schema: r#"{"anyOf": [{"type": "number", "exclusiveMaximum": 1}, {"type": "array", "items": {"type": "number", "exclusiveMaximum": 1}, "minItems": 3, "maxItems": 3}]}"#,
                about: "what unrelated texts get, which is then 0: one number, or one each for precision, recall and F",
                required: false,
            },
            MODEL,
            DEVICE,
        ],
        example: "- bertscore: {measure: r, threshold: 0.8}",
        scalar: None,
    },
    build,
};

/// The largest file of documents, in bytes.
const MOST: u64 = 64 << 20;
/// A word that finds nothing nearer speaks against the answer.
const FOUND: f64 = 0.5;

#[derive(Clone, Copy, Debug)]
enum Measure {
    F,
    Precision,
    Recall,
}

#[derive(Debug)]
struct Bertscore {
    wanted: Wanted,
    measure: Measure,
    baseline: Option<BertScore>,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let measure = options.get("measure").map_or(Ok(Measure::F), |at| {
        at.one_of(&[
            ("f", Measure::F),
            ("p", Measure::Precision),
            ("r", Measure::Recall),
        ])
    })?;
    let documents = options.get("idf").map(|at| documents(&at)).transpose()?;
    let baseline = options
        .get("baseline")
        .map(|at| baseline(&at))
        .transpose()?;
    let source = Source::read(options, What::Tokens(documents.unwrap_or_default()), false)?;
    let planner = Bertscore {
        wanted: Wanted::read(options)?,
        measure,
        baseline,
    };
    Ok(Semantic::boxed(planner, source))
}

fn documents(at: &Cursor<'_>) -> Result<Vec<String>> {
    let folder = at
        .source()
        .path()
        .parent()
        .unwrap_or(std::path::Path::new(""));
    let path = folder.join(at.name()?);
    let wrong = |why: String| Error::from(at.error(format!("{}: {why}", path.display())));
    let size = std::fs::metadata(&path)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if size > MOST {
        return Err(wrong(format!(
            "it has {size} bytes, at most {MOST} are read"
        )));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    match lines.is_empty() {
        true => Err(wrong("it has no documents".into())),
        false => Ok(lines),
    }
}

fn baseline(at: &Cursor<'_>) -> Result<BertScore> {
    let items = at.items_or_self();
    let numbers = items
        .iter()
        .map(|item| match item.number()? {
            number if number < 1.0 => Ok(number),
            number => Err(item
                .error(format!("the baseline is {number}; it has to be below 1"))
                .into()),
        })
        .collect::<Result<Vec<f64>>>()?;
    match numbers[..] {
        [one] => Ok(BertScore {
            precision: one,
            recall: one,
            f1: one,
        }),
        [precision, recall, f1] => Ok(BertScore {
            precision,
            recall,
            f1,
        }),
        _ => Err(at
            .error("one number is wanted, or three: precision, recall, F")
            .into()),
    }
}

/// One number of a score.
fn of(measure: Measure, baseline: Option<&BertScore>, measured: &Measured) -> Result<f64> {
    let score = match measured.values[..] {
        [precision, recall, f1] => BertScore {
            precision,
            recall,
            f1,
        },
        _ => BertScore::default(),
    };
    let score = baseline.map_or(Ok(score), |baseline| score.rescaled(baseline))?;
    Ok(match measure {
        Measure::F => score.f1,
        Measure::Precision => score.precision,
        Measure::Recall => score.recall,
    }
    .clamp(0.0, 1.0))
}

impl Planner for Bertscore {
    fn name(&self) -> &'static str {
        "bertscore"
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let wanted = self.wanted.texts(subject, "bertscore")?;
        let pairs = wanted
            .iter()
            .map(|reference| (subject.text.to_owned(), reference.to_owned()))
            .collect();
        let (measure, baseline, offset) = (self.measure, self.baseline, subject.offset());
        Ok(Plan::Measure(
            pairs,
            Box::new(move |measured| {
                let mut best: Option<(f64, &Measured)> = None;
                for one in measured {
                    let value = of(measure, baseline.as_ref(), one)?;
                    if best.is_none_or(|(most, _)| value > most) {
                        best = Some((value, one));
                    }
                }
                let Some((value, one)) = best else {
                    return Ok(Score::graded(0.0).into());
                };
                let mut score = Score::graded(value);
                if let Some(offset) = offset {
                    for (start, end, _) in one.spans.iter().filter(|span| span.2 < FOUND) {
                        score = score.with(offset + start, offset + end, false);
                    }
                }
                Ok(score.into())
            }),
        ))
    }

    fn compares(&self) -> bool {
        self.wanted.is_references()
    }
}
