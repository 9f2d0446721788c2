//! `mrr`, `ndcg`, `map`, `hit`: the answer is a ranked list of ids; how early the relevant ones come.

use std::borrow::Cow;

use botsmith_core::yaml::Fields;
use serde_json::Value;

use super::builtin::Builtin;
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::metrics::retrieval::{Relevance, average_precision, hit, ndcg, reciprocal_rank};
use crate::{Case, Error, Result, Score, Verdict};

/// The ranks that `hit` looks at unless told.
const HIT_RANKS: usize = 10;

const GAINS: OptionDocs = OptionDocs {
    name: "gains",
    schema: r#"{"type": "string", "pattern": "^/"}"#,
    about: "JSON pointer to a field of the case that maps ids to gains (`{\"doc7\": 2}`), instead of references that are relevant ids",
    required: false,
};
const OPTIONS: &[OptionDocs] = &[
    OptionDocs {
        name: "k",
        schema: r#"{"type": "integer", "minimum": 1}"#,
        about: "how many ranks count; default: all",
        required: false,
    },
    GAINS,
];
const HIT_OPTIONS: &[OptionDocs] = &[
    OptionDocs {
        name: "k",
        schema: r#"{"type": "integer", "minimum": 1, "default": 10}"#,
        about: "how many ranks count",
        required: false,
    },
    GAINS,
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
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: OPTIONS,
        example,
        scalar: Some("k"),
    }
}

pub(super) const MRR: Builtin = Builtin {
    docs: docs(
        "mrr",
        "How early the first relevant id comes in a ranked list (a JSON list, or an id a line).",
        "1 / rank of the first relevant id among the first k, else 0; the mean over cases is MRR",
        "- mrr   # references doc2; [\"doc1\", \"doc2\"] gives 0.5",
    ),
    build: |options, _| read(options, Kind::Mrr),
};

pub(super) const NDCG: Builtin = Builtin {
    docs: docs(
        "ndcg",
        "How near a ranked list of ids (a JSON list, or an id a line) is to the best order.",
        "DCG / DCG of the best order; DCG = sum over ranks up to k of gain / log2(rank + 1)",
        "- ndcg: {k: 10, gains: /grades}   # grades {\"a\": 3, \"b\": 1}; [\"b\", \"a\"] gives 0.797",
    ),
    build: |options, _| read(options, Kind::Ndcg),
};

pub(super) const MAP: Builtin = Builtin {
    docs: docs(
        "map",
        "The precision at each relevant id of a ranked list (a JSON list, or an id a line), averaged.",
        "sum over relevant ids among the first k of hits so far / rank, by the number of relevant ids; the mean over cases is MAP",
        "- map   # references a, c; [\"a\", \"b\", \"c\"] gives 0.833",
    ),
    build: |options, _| read(options, Kind::Map),
};

pub(super) const HIT: Builtin = Builtin {
    docs: Docs {
        decides: true,
        options: HIT_OPTIONS,
        ..docs(
            "hit",
            "Whether a relevant id is among the first of a ranked list (a JSON list, or an id a line).",
            "1 if a relevant id is among the first k, else 0; the mean over cases is the hit rate at k",
            "- hit: 3   # references doc4; [\"doc1\", \"doc2\", \"doc3\", \"doc4\"] gives 0",
        )
    },
    build: |options, _| read(options, Kind::Hit),
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Mrr,
    Ndcg,
    Map,
    Hit,
}

#[derive(Debug)]
struct Retrieval {
    kind: Kind,
    k: Option<usize>,
    gains: Option<String>,
}

fn read(options: &Fields<'_>, kind: Kind) -> Result<Box<dyn Evaluator>> {
    let k = match options.get("k") {
        Some(at) => match at.count()? {
            0 => {
                return Err(at
                    .error("no rank counts with k 0; it has to be 1 or more")
                    .into());
            }
            k => Some(k),
        },
        None => (kind == Kind::Hit).then_some(HIT_RANKS),
    };
    let gains = match options.get("gains") {
        Some(at) => match at.text()? {
            pointer if pointer.starts_with('/') => Some(pointer.to_owned()),
            name => {
                let message = format!("`{name}` is no JSON pointer");
                return Err(at
                    .diagnostic(message)
                    .hint(format!("write `/{name}`"))
                    .into());
            }
        },
        None => None,
    };
    Ok(Box::new(Retrieval { kind, k, gains }))
}

impl Evaluator for Retrieval {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let relevance = match &self.gains {
            Some(pointer) => gains(subject.case, pointer)?,
            None => Relevance::binary(subject.references.iter().map(|id| id.trim())),
        };
        if relevance.is_empty() {
            return Ok(Verdict::Skipped("no id is relevant".into()));
        }
        let ranked = ids(subject.text);
        let value = match self.kind {
            Kind::Mrr => reciprocal_rank(&ranked, &relevance, self.k),
            Kind::Ndcg => ndcg(&ranked, &relevance, self.k),
            Kind::Map => average_precision(&ranked, &relevance, self.k),
            Kind::Hit => {
                let found = hit(&ranked, &relevance, self.k);
                let score = Score::pass_fail(found);
                return Ok(match found {
                    true => score,
                    false => score.because(missed(ranked.len(), self.k)),
                }
                .into());
            }
        };
        Ok(match value {
            0.0 => Score::graded(value).because(missed(ranked.len(), self.k)),
            _ => Score::graded(value),
        }
        .into())
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.gains.is_none()
    }
}

fn missed(ids: usize, k: Option<usize>) -> String {
    match k.map_or(ids, |k| k.min(ids)) {
        0 => "the list is empty".into(),
        1 => "the first id is not relevant".into(),
        n => format!("none of the first {n} ids is relevant"),
    }
}

/// The ids of an answer in order: a JSON list of strings, numbers or objects with an `id`, else the
/// lines that are not empty. What is no id keeps its rank, and is nobody's.
fn ids(text: &str) -> Vec<Cow<'_, str>> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(list) = serde_json::from_str::<Vec<Value>>(text)
    {
        let id = |item: Value| match item {
            Value::String(id) => id.trim().to_owned(),
            Value::Number(id) => id.to_string(),
            Value::Object(item) => match item.get("id") {
                Some(Value::String(id)) => id.trim().to_owned(),
                Some(Value::Number(id)) => id.to_string(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        return list.into_iter().map(id).map(Cow::Owned).collect();
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(Cow::Borrowed).collect()
}

/// The gains under a pointer into the case's own fields.
fn gains(case: &Case, pointer: &str) -> Result<Relevance> {
    let wrong = |what: String| {
        Error::Invalid(format!(
            "case `{}`: {what} at `{pointer}`; wanted are ids with gains, like {{\"doc7\": 2}}",
            case.id
        ))
    };
    // A pointer's first step is a field's name, `~1` and `~0` standing for `/` and `~`.
    let rest = &pointer[1..];
    let end = rest.find('/').unwrap_or(rest.len());
    let name = rest[..end].replace("~1", "/").replace("~0", "~");
    let found = case
        .vars
        .get(&name)
        .and_then(|field| field.pointer(&rest[end..]));
    let map = match found {
        Some(Value::Object(map)) => map,
        Some(_) => return Err(wrong("no mapping is".into())),
        None => return Err(wrong("nothing is".into())),
    };
    let mut pairs = Vec::with_capacity(map.len());
    for (id, gain) in map {
        match gain.as_f64() {
            Some(gain) if gain >= 0.0 => pairs.push((id.trim(), gain)),
            _ => {
                return Err(wrong(format!(
                    "the gain {gain} of `{id}` is no number of 0 or more,"
                )));
            }
        }
    }
    Relevance::graded(pairs)
}
