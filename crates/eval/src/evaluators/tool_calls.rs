//! `tool-calls`: whether a bot called the tools that it should, with the right arguments, in order.
//!
//! Calls are those of all turns of the case. Each wanted call is matched with one call that was made
//! and with no other: in order the earliest that fits, else by a greatest matching (Kuhn's augmenting
//! paths), so that a call that fits two wants never costs a match.

use botsmith_core::yaml::{Cursor, Fields, Value as Yaml};
use botsmith_nanobots::tools::ToolTrace;
use serde_json::Value;

use super::builtin::{Builtin, flag};
use super::json::compile;
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::dataset::{Field, Format};
use crate::stats::Scale;
use crate::{Error, Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "tool-calls",
        about: "Whether the bot called the tools that it should: names, arguments, order.",
        formula: "wanted calls that were made / wanted calls; with `order: exact` 1 or 0",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "expect",
                schema: r#"{"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "arguments": {"type": "object"}, "match": {"enum": ["subset", "exact", "schema"]}}, "additionalProperties": false}]}}"#,
                about: "the wanted calls: names, or `{name, arguments, match}`",
                required: false,
            },
            OptionDocs {
                name: "from",
                schema: r#"{"type": "string"}"#,
                about: "field of the row that holds the wanted calls, in place of `expect`; an empty list there wants none",
                required: false,
            },
            OptionDocs {
                name: "none",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether no tool must be called at all, in place of `expect`",
                required: false,
            },
            OptionDocs {
                name: "arguments",
                schema: r#"{"enum": ["subset", "exact", "schema"], "default": "subset"}"#,
                about: "how arguments are compared: those wanted are among those given, they are the same, or the wanted ones are a JSON Schema",
                required: false,
            },
            OptionDocs {
                name: "order",
                schema: r#"{"enum": ["any", "in-order", "exact"], "default": "any"}"#,
                about: "`any`; `in-order`: in this order, others may stand between; `exact`: these calls and no others",
                required: false,
            },
        ],
        example: "- tool-calls: {expect: [search, {name: book, arguments: {city: Paris}}], order: in-order}",
        scalar: Some("expect"),
    },
    build: |options, _| build(options),
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Match {
    Subset,
    Exact,
    Schema,
}

const MATCHES: [(&str, Match); 3] = [
    ("subset", Match::Subset),
    ("exact", Match::Exact),
    ("schema", Match::Schema),
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Any,
    Sequence,
    Exact,
}

pub(super) const ORDERS: [(&str, Order); 3] = [
    ("any", Order::Any),
    ("in-order", Order::Sequence),
    ("exact", Order::Exact),
];

/// A call that should be made.
#[derive(Debug)]
struct Wanted {
    name: String,
    arguments: Option<Value>,
    matching: Match,
    schema: Option<botsmith_core::schema::Schema>,
}

#[derive(Debug)]
enum Expect {
    These(Vec<Wanted>),
    Field(Field),
}

#[derive(Debug)]
struct ToolCalls {
    expect: Expect,
    matching: Match,
    order: Order,
}

fn build(options: &Fields<'_>) -> Result<Box<dyn Evaluator>> {
    let matching = options
        .get("arguments")
        .map_or(Ok(Match::Subset), |at| at.one_of(&MATCHES))?;
    let order = options
        .get("order")
        .map_or(Ok(Order::Any), |at| at.one_of(&ORDERS))?;
    let none = flag(options, "none")?;
    let expect = match (options.get("expect"), options.get("from"), none) {
        (Some(at), None, false) => {
            let wanted: Vec<_> = at
                .items_or_self()
                .iter()
                .map(|item| wanted_at(item, matching))
                .collect::<Result<_>>()?;
            if wanted.is_empty() {
                return Err(at
                    .diagnostic("the list is empty")
                    .hint("`none: true` wants no calls at all")
                    .into());
            }
            Expect::These(wanted)
        }
        (None, Some(at), false) => Expect::Field(Field::read(&at, format_of(&at))?),
        (None, None, true) => Expect::These(Vec::new()),
        (None, None, false) => {
            return Err(options
                .at()
                .diagnostic("nothing is expected")
                .hint("give `expect: [NAME]`, `from: /FIELD` or `none: true`")
                .into());
        }
        _ => {
            let message = "`expect`, `from` and `none` exclude each other: keep one";
            return Err(options.at().error(message).into());
        }
    };
    Ok(Box::new(ToolCalls {
        expect,
        matching,
        order,
    }))
}

/// Fields of cases are JSON Pointers, except where the text is no pointer: then it is a column.
fn format_of(at: &Cursor<'_>) -> Format {
    match at.node().text() {
        Some(text) if text.starts_with('/') => Format::Jsonl,
        _ => Format::Csv,
    }
}

fn wanted_at(at: &Cursor<'_>, matching: Match) -> Result<Wanted> {
    if !matches!(at.node().value, Yaml::Map(_)) {
        return Ok(Wanted {
            name: at.name()?.to_owned(),
            arguments: None,
            matching,
            schema: None,
        });
    }
    let fields = at.fields()?;
    let name = fields.required("name")?.name()?.to_owned();
    let matching = fields
        .get("match")
        .map_or(Ok(matching), |at| at.one_of(&MATCHES))?;
    let arguments = fields.get("arguments");
    if let Some(arguments) = &arguments {
        arguments.fields()?;
    }
    let wanted = Wanted::new(
        name,
        arguments.as_ref().map(|at| at.node().to_json()),
        matching,
    )
    .map_err(|reason| {
        let at = arguments.as_ref().unwrap_or(at);
        at.error(format!("not a JSON Schema: {reason}"))
    })?;
    fields.finish()?;
    Ok(wanted)
}

impl Wanted {
    fn new(name: String, arguments: Option<Value>, matching: Match) -> Result<Self, String> {
        let schema = match (&arguments, matching) {
            (Some(schema), Match::Schema) => Some(compile(schema)?),
            _ => None,
        };
        Ok(Self {
            name,
            arguments,
            matching,
            schema,
        })
    }

    /// A wanted call of a dataset.
    fn of(value: &Value, matching: Match) -> Result<Self, String> {
        if let Some(name) = value.as_str() {
            return Self::new(name.to_owned(), None, matching);
        }
        let function = value.get("function").unwrap_or(value);
        let name = function
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| {
                format!("{value} is no call: a name or {{name, arguments}} is wanted")
            })?;
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => {
                Some(serde_json::from_str(text).map_err(|error| error.to_string())?)
            }
            other => other.cloned(),
        };
        Self::new(name.to_owned(), arguments, matching)
    }

    fn fits(&self, call: &ToolTrace) -> bool {
        call.name == self.name
            && match (&self.arguments, self.matching) {
                (None, _) => true,
                (Some(wanted), Match::Subset) => contains(&call.arguments, wanted),
                (Some(wanted), Match::Exact) => call.arguments == *wanted,
                (Some(_), Match::Schema) => self
                    .schema
                    .as_ref()
                    .is_some_and(|schema| schema.fits(&call.arguments)),
            }
    }

    fn words(&self) -> String {
        match &self.arguments {
            None => self.name.clone(),
            Some(arguments) => format!("{}{arguments}", self.name),
        }
    }
}

/// Whether all of `wanted` stands in `given`: keys of objects; lists and scalars are the same.
fn contains(given: &Value, wanted: &Value) -> bool {
    match (given, wanted) {
        (Value::Object(given), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| given.get(key).is_some_and(|given| contains(given, wanted))),
        (Value::Number(given), Value::Number(wanted)) => {
            given == wanted || given.as_f64() == wanted.as_f64()
        }
        (given, wanted) => given == wanted,
    }
}

impl Evaluator for ToolCalls {
    fn scale(&self, _: &Docs) -> Scale {
        // Otherwise the value is the share of the wanted calls, or none is wanted of this case.
        match (self.order, &self.expect) {
            (Order::Exact, _) => Scale::Verdicts,
            (_, Expect::These(wanted)) if wanted.len() < 2 => Scale::Verdicts,
            _ => Scale::Graded,
        }
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let Some(asked) = &subject.answer.asked else {
            return Ok(Verdict::Skipped("the answer tells of no tool calls".into()));
        };
        let of_case;
        let wanted = match &self.expect {
            Expect::These(wanted) => wanted,
            Expect::Field(field) => {
                of_case = self.of_case(field, subject)?;
                &of_case
            }
        };
        Ok(self.score(wanted, &asked.tools).into())
    }
}

impl ToolCalls {
    fn of_case(&self, field: &Field, subject: &Subject<'_>) -> Result<Vec<Wanted>> {
        let wrong = |reason: String| Error::Template {
            case: subject.case.id.clone(),
            reason: format!("`from: {field}` of `tool-calls`: {reason}"),
        };
        let items = match field.find_in(&subject.case.vars) {
            Some(Value::Array(items)) => items.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => return Err(wrong("the row has no such field".into())),
        };
        let wanted = items.iter().map(|item| Wanted::of(item, self.matching));
        wanted.collect::<Result<_, _>>().map_err(wrong)
    }

    fn score(&self, wanted: &[Wanted], calls: &[ToolTrace]) -> Score {
        let made = || {
            let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
            match names.is_empty() {
                true => "no tool was called".to_owned(),
                false => format!("called were {}", names.join(", ")),
            }
        };
        if wanted.is_empty() {
            let score = Score::pass_fail(calls.is_empty());
            return match calls.is_empty() {
                true => score,
                false => score.because(format!("no call was wanted; {}", made())),
            };
        }
        if self.order == Order::Exact {
            let same = wanted.len() == calls.len()
                && wanted
                    .iter()
                    .zip(calls)
                    .all(|(wanted, call)| wanted.fits(call));
            let score = Score::pass_fail(same);
            return match same {
                true => score,
                false => score.because(format!("wanted exactly {}; {}", list(wanted), made())),
            };
        }
        let fits = |want: usize, call: usize| wanted[want].fits(&calls[call]);
        let found = match self.order {
            Order::Any => matched(wanted.len(), calls.len(), fits),
            _ => in_order(wanted.len(), calls.len(), fits),
        };
        let missing: Vec<_> = (0..wanted.len()).filter(|want| !found[*want]).collect();
        let met = (wanted.len() - missing.len()) as f64 / wanted.len() as f64;
        let score = Score {
            passed: Some(missing.is_empty()),
            ..Score::graded(met)
        };
        match missing.as_slice() {
            [] => score,
            missing => {
                let missing: Vec<_> = missing.iter().map(|want| wanted[*want].words()).collect();
                score.because(format!("not called: {}; {}", missing.join(", "), made()))
            }
        }
    }
}

fn list(wanted: &[Wanted]) -> String {
    let words: Vec<_> = wanted.iter().map(Wanted::words).collect();
    words.join(", ")
}

/// Which wants are met in a longest in-order matching (longest common subsequence).
pub(super) fn in_order(
    wants: usize,
    calls: usize,
    fits: impl Fn(usize, usize) -> bool,
) -> Vec<bool> {
    let mut best = vec![vec![0_usize; calls + 1]; wants + 1];
    for want in (0..wants).rev() {
        for call in (0..calls).rev() {
            let skip = best[want + 1][call].max(best[want][call + 1]);
            best[want][call] = match fits(want, call) {
                true => skip.max(best[want + 1][call + 1] + 1),
                false => skip,
            };
        }
    }
    let (mut want, mut call, mut met) = (0, 0, vec![false; wants]);
    while want < wants && call < calls {
        if fits(want, call) && best[want][call] == best[want + 1][call + 1] + 1 {
            met[want] = true;
            (want, call) = (want + 1, call + 1);
        } else if best[want][call] == best[want][call + 1] {
            call += 1;
        } else {
            want += 1;
        }
    }
    met
}

/// Which wants are met in a greatest matching of any order.
pub(super) fn matched(
    wants: usize,
    calls: usize,
    fits: impl Fn(usize, usize) -> bool,
) -> Vec<bool> {
    fn place(
        want: usize,
        taken: &mut [Option<usize>],
        seen: &mut [bool],
        fits: &dyn Fn(usize, usize) -> bool,
    ) -> bool {
        for call in 0..taken.len() {
            if seen[call] || !fits(want, call) {
                continue;
            }
            seen[call] = true;
            if taken[call].is_none_or(|other| place(other, taken, seen, fits)) {
                taken[call] = Some(want);
                return true;
            }
        }
        false
    }
    let mut taken = vec![None; calls];
    for want in 0..wants {
        place(want, &mut taken, &mut vec![false; calls], &fits);
    }
    let mut met = vec![false; wants];
    taken
        .into_iter()
        .flatten()
        .for_each(|want| met[want] = true);
    met
}
