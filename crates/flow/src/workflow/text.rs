//! The values of a step's `with`, its templates and its expressions -> what they read, each with its place.
//!
//! Here is decided what is no valid template, what a name may be, and whether a value is of the type that is
//! asked for. Whether a step that is read exists is known only when all are read: `check.rs`.

use botsmith_core::Diagnostic;
use botsmith_core::hint::shown;
use botsmith_core::template::{Refusal, describe, environment};
use botsmith_core::yaml::{Cursor, Mark, Value as Yaml};
use serde_json::{Value, json};

use super::kind::Type;
use super::place::{Place, Use, diagnostic, inside, mismatch, word_at, wrong};
use super::scan::{self, Reading, Scanned};
use super::scope::Scope;
use crate::Result;

const STATUSES: [&str; 5] = ["done", "failed", "skipped", "dead", "cancelled"];
const FIELDS: [&str; 3] = ["output", "status", "error"];

/// What the texts of one step may read, and what they did.
#[derive(Debug)]
pub(super) struct Texts<'r> {
    /// The schema of the workflow's inputs.
    pub(super) inputs: Option<&'r Value>,
    /// Names besides `inputs` and `steps`: items and iterations.
    pub(super) names: Vec<String>,
    /// What was read so far.
    pub(super) uses: Vec<Use>,
}

/// An expression that was read.
pub(super) struct Condition {
    pub(super) text: String,
    /// Why it can never hold, if that can be seen; steps that are needed have to be done.
    pub(super) never: Option<Never>,
}

/// Why a condition can never hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Never {
    /// Whatever the run does.
    False,
    /// It asks that a step did not get done, and then it is not asked.
    Undone,
}

impl Never {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::False => "it is never true",
            Self::Undone => "a step whose needs did not get done is skipped before it is asked",
        }
    }
}

impl Texts<'_> {
    /// Checks a value of `with` that has to be of type `wants`; `secrets`: it may ask for some.
    pub(super) fn value(&mut self, at: &Cursor<'_>, wants: Type, secrets: bool) -> Result<()> {
        let found = match &at.node().value {
            Yaml::Null => return Ok(()),
            Yaml::String(text) if scan::is_template(text) => {
                return self.template(at, text, wants, secrets);
            }
            Yaml::Seq(_) => {
                for item in at.items()? {
                    self.value(&item, Type::Any, secrets)?;
                }
                Type::List
            }
            Yaml::Map(_) => {
                for (_, value) in at.fields()?.entries() {
                    self.value(&value, Type::Any, secrets)?;
                }
                Type::Map
            }
            Yaml::String(_) => Type::Text,
            Yaml::Bool(_) => Type::Bool,
            Yaml::Int(_) | Yaml::Float(_) => Type::Number,
        };
        if wants == Type::Duration && found.fits(wants) {
            at.duration()?;
        }
        match found.fits(wants) {
            true => Ok(()),
            false => Err(mismatch(at, wants, at.node().kind()).into()),
        }
    }

    fn template(&mut self, at: &Cursor<'_>, text: &str, wants: Type, secrets: bool) -> Result<()> {
        let scanned = scan::template(text).map_err(|refusal| refused(at, text, &refusal))?;
        let env = environment();
        let template = env
            .template_from_str(text)
            .map_err(|error| invalid(at, &error))?;
        let mut names: Vec<_> = template.undeclared_variables(false).into_iter().collect();
        names.sort();
        self.known(at, text, &names, &scanned)?;
        if scanned.secret && !secrets {
            return Err(no_secret(at, text).into());
        }
        let Some(whole) = &scanned.whole else {
            self.readings(at, text, &scanned, None)?;
            if Type::Text.fits(wants) {
                return Ok(());
            }
            let hint = "a text that is one `{{ … }}` and nothing else gives the value itself";
            return Err(mismatch(at, wants, "text made by a template")
                .hint(hint)
                .into());
        };
        env.compile_expression(whole)
            .map_err(|error| invalid(at, &error))?;
        let plain = match scanned.readings.as_slice() {
            [only] if text[only.at..only.end] == **whole => Some(only),
            _ => None,
        };
        self.readings(at, text, &scanned, plain.map(|_| wants))?;
        let found = plain.and_then(|reading| self.input_type(reading));
        match found.filter(|found| !found.fits(wants)) {
            Some(found) => Err(mismatch(at, wants, found.word()).into()),
            None => Ok(()),
        }
    }

    /// Reads an expression, such as that of `when`.
    pub(super) fn expression(&mut self, at: &Cursor<'_>) -> Result<Condition> {
        let text = at.name()?;
        let scanned = scan::expression(text).map_err(|refusal| refused(at, text, &refusal))?;
        let env = environment();
        let compiled = env.compile_expression(text).map_err(|error| {
            let hint = "it is an expression without braces, as in `steps.load.status == 'done'`";
            match scan::is_template(text) {
                true => invalid(at, &error).hint(hint),
                false => invalid(at, &error),
            }
        })?;
        let mut names: Vec<_> = compiled.undeclared_variables(false).into_iter().collect();
        names.sort();
        self.known(at, text, &names, &scanned)?;
        if scanned.secret {
            return Err(no_secret(at, text).into());
        }
        self.readings(at, text, &scanned, None)?;
        let constant = names.is_empty() && !Scope::new(json!({})).holds(text).unwrap_or(true);
        Ok(Condition {
            text: text.trim().to_owned(),
            never: match constant {
                true => Some(Never::False),
                false => asks_for_failure(text, &scanned),
            },
        })
    }

    /// Every name of a template is one that is there.
    fn known(
        &self,
        at: &Cursor<'_>,
        text: &str,
        names: &[String],
        scanned: &Scanned,
    ) -> Result<()> {
        // What follows the dash is no name then, and `check.rs` says what is meant.
        if scanned
            .readings
            .iter()
            .any(|reading| is_dashed(text, reading))
        {
            return Ok(());
        }
        let own = ["inputs", "steps", "secret"];
        let there = || own.into_iter().chain(self.names.iter().map(String::as_str));
        let Some(name) = names
            .iter()
            .find(|name| !there().any(|known| known == *name))
        else {
            return Ok(());
        };
        let message = format!("`{}` is nothing that a template knows here", shown(name));
        let mark = inside(at, text, word_at(text, name));
        Err(diagnostic(at, mark, "BS-FLOW-016", message)
            .nearest(name, there())
            .into())
    }

    fn readings(
        &mut self,
        at: &Cursor<'_>,
        text: &str,
        scanned: &Scanned,
        wants: Option<Type>,
    ) -> Result<()> {
        for reading in &scanned.readings {
            let mark = inside(at, text, reading.at);
            let root = reading.parts[0].as_str();
            if self.names.iter().any(|name| name == root) {
                continue;
            }
            match root {
                "inputs" => self.input(at, mark, reading)?,
                _ => self.step(at, text, mark, reading, wants)?,
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        at: &Cursor<'_>,
        text: &str,
        mark: Mark,
        reading: &Reading,
        wants: Option<Type>,
    ) -> Result<()> {
        let use_of = |step: &str, wants| Use {
            step: step.to_owned(),
            place: Place {
                mark,
                field: at.path().to_owned(),
            },
            wants,
            dashed: is_dashed(text, reading),
        };
        match reading.parts.as_slice() {
            [_, step, field, rest @ ..] => {
                if !FIELDS.contains(&field.as_str()) {
                    let message = format!("a step has no `{}`", shown(field));
                    let wrong = diagnostic(at, mark, "BS-FLOW-016", message);
                    return Err(wrong.nearest(field, FIELDS).into());
                }
                if let Some((word, place)) = &reading.compared
                    && field == "status"
                    && !STATUSES.contains(&word.as_str())
                {
                    let message = format!("no step that ended has status `{}`", shown(word));
                    let wrong = diagnostic(at, inside(at, text, *place), "BS-FLOW-014", message);
                    return Err(wrong.nearest(word, STATUSES).into());
                }
                let known = rest.is_empty() && !reading.dynamic && field == "output";
                self.uses.push(use_of(step, wants.filter(|_| known)));
                match (wants, rest.is_empty() && field != "output") {
                    (Some(wants), true) if !Type::Text.fits(wants) => {
                        Err(mismatch(at, wants, "text").into())
                    }
                    _ => Ok(()),
                }
            }
            // `steps.my-step.output` reads `my`, less `step.output`.
            [_, step] if is_dashed(text, reading) => {
                self.uses.push(use_of(step, None));
                Ok(())
            }
            _ => {
                let message = "`steps` is read by name, as in `steps.NAME.output`: what a step needs \
                               has to be known before the run";
                Err(diagnostic(at, mark, "BS-FLOW-016", message).into())
            }
        }
    }

    fn input(&self, at: &Cursor<'_>, mark: Mark, reading: &Reading) -> Result<()> {
        let wrong = |message: String| diagnostic(at, mark, "BS-FLOW-014", message);
        let Some(schema) = self.inputs else {
            return Err(wrong("the workflow declares no `inputs`".into()).into());
        };
        let (Some(name), Some(properties)) =
            (reading.parts.get(1), schema["properties"].as_object())
        else {
            return Ok(());
        };
        if properties.contains_key(name) || schema["patternProperties"].is_object() {
            return Ok(());
        }
        let message = format!("the workflow has no input `{}`", shown(name));
        Err(wrong(message)
            .nearest(name, properties.keys().map(String::as_str))
            .into())
    }

    /// The type of an input, or of all of them.
    fn input_type(&self, reading: &Reading) -> Option<Type> {
        let schema = self
            .inputs
            .filter(|_| reading.parts[0] == "inputs" && !reading.dynamic)?;
        match reading.parts.as_slice() {
            [_] => Some(Type::Map),
            [_, name] => Some(Type::of_schema(&schema["properties"][name])),
            _ => None,
        }
    }
}

/// Whether it is `steps.my-`: a step, no field of it, and a dash.
fn is_dashed(text: &str, reading: &Reading) -> bool {
    let step = reading.parts[0] == "steps" && reading.parts.len() == 2;
    step && text[reading.end..].starts_with('-')
}

/// Whether the whole expression is that a step did not get done: then what needs it does not run.
fn asks_for_failure(text: &str, scanned: &Scanned) -> Option<Never> {
    let [only] = scanned.readings.as_slice() else {
        return None;
    };
    let (word, at) = only.compared.as_ref()?;
    let status = only.parts.get(2).is_some_and(|field| field == "status") && word != "done";
    let alone = text[..only.at].trim().is_empty()
        && text[only.end..*at].trim() == "=="
        && text.get(at + word.len() + 2..)?.trim().is_empty();
    (status && alone).then_some(Never::Undone)
}

fn invalid(at: &Cursor<'_>, error: &minijinja::Error) -> Diagnostic {
    let message = format!("not a valid template: {}", describe(error));
    wrong(at, "BS-FLOW-016", message)
}

fn refused(at: &Cursor<'_>, text: &str, (what, place): &Refusal) -> Diagnostic {
    let message = format!("a template may not use {what}");
    diagnostic(at, inside(at, text, *place), "BS-FLOW-016", message)
        .hint("templates choose, repeat and format what they are given; see `docs/src/flow.md`")
}

fn no_secret(at: &Cursor<'_>, text: &str) -> Diagnostic {
    let mark = inside(at, text, word_at(text, "secret"));
    diagnostic(
        at,
        mark,
        "BS-FLOW-016",
        "what this gives is stored: `secret()` may not stand in it",
    )
    .hint("use it under `with` of the step that needs it")
}
