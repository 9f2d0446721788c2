//! `trajectory`: whether a bot went the right way to its answer.
//!
//! A step is a call of a tool or something that the bot said, in the order of the transcript (or of
//! the recorded tool calls, where there is no transcript).

use botsmith_core::chat::Role;
use botsmith_core::yaml::{Cursor, Fields, Value as Yaml};
use regex::Regex;

use super::builtin::Builtin;
use super::tool_calls::{ORDERS, Order, in_order, matched};
use super::{Docs, Evaluator, OptionDocs, Range, Subject, compile_regex};
use crate::ask::Asked;
use crate::stats::Scale;
use crate::{Result, Score, Verdict};

const STEP: &str = r#"{"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"tool": {"type": "string"}, "output": {"type": "string"}, "says": {"type": "string"}}, "additionalProperties": false}]}}"#;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "trajectory",
        about: "Whether the bot went the right way to its answer: steps that it must take, steps that it must not take, at most so many.",
        formula: "required steps that were taken / required steps, 1 without any; 0 after a forbidden step",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "required",
                schema: STEP,
                about: "steps that must be taken: a tool's name, `{tool, output: REGEX}` or `{says: REGEX}`",
                required: false,
            },
            OptionDocs {
                name: "forbidden",
                schema: STEP,
                about: "steps that must not be taken, written likewise",
                required: false,
            },
            OptionDocs {
                name: "order",
                schema: r#"{"enum": ["any", "in-order", "exact"], "default": "any"}"#,
                about: "order of the required steps; `exact` counts calls of tools and allows no others",
                required: false,
            },
            OptionDocs {
                name: "max-rounds",
                schema: r#"{"type": "integer", "minimum": 1}"#,
                about: "times that the model may be asked",
                required: false,
            },
            OptionDocs {
                name: "max-calls",
                schema: r#"{"type": "integer", "minimum": 0}"#,
                about: "calls of tools at most",
                required: false,
            },
            OptionDocs {
                name: "tools-succeed",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether no call of a tool may fail",
                required: false,
            },
        ],
        example: "- trajectory: {required: [search, book], forbidden: [delete], order: in-order, max-rounds: 4}",
        scalar: None,
    },
    build: |options, _| build(options),
};

#[derive(Debug)]
enum Want {
    Tool { name: String, output: Option<Regex> },
    Says(Regex),
}

#[derive(Debug)]
struct Trajectory {
    required: Vec<Want>,
    forbidden: Vec<Want>,
    order: Order,
    max_rounds: Option<usize>,
    max_calls: Option<usize>,
    tools_succeed: bool,
}

fn build(options: &Fields<'_>) -> Result<Box<dyn Evaluator>> {
    let steps = |key| match options.get(key) {
        Some(at) => at.items_or_self().iter().map(want).collect(),
        None => Ok(Vec::new()),
    };
    let max_rounds = options.get("max-rounds");
    let trajectory = Trajectory {
        required: steps("required")?,
        forbidden: steps("forbidden")?,
        order: options
            .get("order")
            .map_or(Ok(Order::Any), |at| at.one_of(&ORDERS))?,
        max_rounds: max_rounds
            .map(|at| match at.count()? {
                0 => Err(at.error("must be 1 or more")),
                n => Ok(n),
            })
            .transpose()?,
        max_calls: options.get("max-calls").map(|at| at.count()).transpose()?,
        tools_succeed: super::builtin::flag(options, "tools-succeed")?,
    };
    let nothing = trajectory.required.is_empty()
        && trajectory.forbidden.is_empty()
        && trajectory.max_rounds.is_none()
        && trajectory.max_calls.is_none()
        && !trajectory.tools_succeed;
    if nothing {
        return Err(options
            .at()
            .diagnostic("nothing is asked of the way")
            .hint("give `required`, `forbidden`, `max-rounds`, `max-calls` or `tools-succeed`")
            .into());
    }
    Ok(Box::new(trajectory))
}

fn want(at: &Cursor<'_>) -> Result<Want> {
    if !matches!(at.node().value, Yaml::Map(_)) {
        return Ok(Want::Tool {
            name: at.name()?.to_owned(),
            output: None,
        });
    }
    let fields = at.fields()?;
    let regex = |at: &Cursor<'_>| compile_regex(at, false);
    let want = match (fields.get("tool"), fields.get("says")) {
        (Some(tool), None) => Want::Tool {
            name: tool.name()?.to_owned(),
            output: fields.get("output").map(|at| regex(&at)).transpose()?,
        },
        (None, Some(says)) => Want::Says(regex(&says)?),
        _ => {
            return Err(at
                .diagnostic("a step is one of `tool` and `says`")
                .hint("write `{tool: search}` or `{says: \"REGEX\"}`")
                .into());
        }
    };
    fields.finish()?;
    Ok(want)
}

/// One step of an answer.
enum Step<'a> {
    Tool { name: &'a str, output: &'a str },
    Said(String),
}

fn steps(asked: &Asked) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    if asked.transcript.is_empty() {
        steps.extend(asked.tools.iter().map(|call| Step::Tool {
            name: &call.name,
            output: &call.output,
        }));
        return steps;
    }
    for message in asked
        .transcript
        .iter()
        .filter(|m| m.role == Role::Assistant)
    {
        let text = message.content.text();
        if !text.is_empty() {
            steps.push(Step::Said(text));
        }
        for call in &message.tool_calls {
            // Ids are unique in one answer of a model only.
            let told = |trace: &&botsmith_nanobots::tools::ToolTrace| {
                trace.id == call.id && trace.name == call.name
            };
            let output = asked
                .tools
                .iter()
                .find(told)
                .map_or("", |trace| &trace.output);
            steps.push(Step::Tool {
                name: &call.name,
                output,
            });
        }
    }
    steps
}

impl Want {
    fn fits(&self, step: &Step<'_>) -> bool {
        match (self, step) {
            (
                Self::Tool { name, output },
                Step::Tool {
                    name: called,
                    output: gave,
                },
            ) => name == called && output.as_ref().is_none_or(|regex| regex.is_match(gave)),
            (Self::Says(regex), Step::Said(text)) => regex.is_match(text),
            _ => false,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Tool { name, output: None } => format!("`{name}`"),
            Self::Tool {
                name,
                output: Some(regex),
            } => format!("`{name}` giving /{regex}/"),
            Self::Says(regex) => format!("saying /{regex}/"),
        }
    }
}

impl Evaluator for Trajectory {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let Some(asked) = &subject.answer.asked else {
            return Ok(Verdict::Skipped(
                "the answer does not tell how it came about".into(),
            ));
        };
        let mut steps = steps(asked);
        let mut wrong: Vec<String> = Vec::new();
        for want in &self.forbidden {
            if steps.iter().any(|step| want.fits(step)) {
                wrong.push(format!("forbidden: {}", want.words()));
            }
        }
        let forbidden = !wrong.is_empty();
        if self.order == Order::Exact {
            let only_tools = self.required.iter().all(|w| matches!(w, Want::Tool { .. }));
            steps.retain(|step| !only_tools || matches!(step, Step::Tool { .. }));
        }
        let fits = |want: usize, step: usize| self.required[want].fits(&steps[step]);
        let met = match self.order {
            Order::Any => matched(self.required.len(), steps.len(), fits),
            _ => in_order(self.required.len(), steps.len(), fits),
        };
        let missing: Vec<_> = met
            .iter()
            .zip(&self.required)
            .filter(|(met, _)| !**met)
            .map(|(_, want)| want.words())
            .collect();
        if !missing.is_empty() {
            wrong.push(format!("not taken: {}", missing.join(", ")));
        } else if self.order == Order::Exact && steps.len() != self.required.len() {
            wrong.push(format!(
                "{} steps, {} wanted",
                steps.len(),
                self.required.len()
            ));
        }
        if let Some(most) = self.max_rounds.filter(|most| asked.rounds > *most) {
            wrong.push(format!("{} rounds, at most {most} wanted", asked.rounds));
        }
        let calls = asked.tools.len();
        if let Some(most) = self.max_calls.filter(|most| calls > *most) {
            wrong.push(format!("{calls} calls of tools, at most {most} wanted"));
        }
        if self.tools_succeed
            && let Some(call) = asked.tools.iter().find(|call| call.failed)
        {
            wrong.push(format!("`{}` failed", call.name));
        }
        let value = match (forbidden, met.len()) {
            (true, _) => 0.0,
            (false, 0) => f64::from(u8::from(wrong.is_empty())),
            (false, n) => (n - missing.len()) as f64 / n as f64,
        };
        let score = Score {
            passed: Some(wrong.is_empty()),
            ..Score::graded(value)
        };
        Ok(match wrong.is_empty() {
            true => score,
            false => score.because(wrong.join("; ")),
        }
        .into())
    }
}
