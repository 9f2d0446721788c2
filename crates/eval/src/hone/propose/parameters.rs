//! Parameters: what the suite lets vary, and how long questions are -> one change of settings each.
//!
//! A suite says what to try under `hone: vary:`. Where it says nothing, a provider that heeds sampling gets
//! temperatures 0, 0.3 and 0.7 and a top-p of 0.9. A bot with fallbacks gets its routing tried: rules by
//! length with their threshold at the quartiles of the lengths of train questions; without a rule, long
//! questions to each of the first fallbacks. One parameter changes at a time.

use botsmith_core::yaml::Cursor;
use botsmith_nanobots::provider::{Parameter, ProviderKind};
use serde_json::{Value, json};

use super::{Draft, Proposer};
use crate::Result;
use crate::hone::{Change, Parent, TrainView};

/// Fallbacks that are tried for long questions.
const FALLBACKS: usize = 2;
/// Values of one parameter at most.
const MOST: usize = 20;

/// What may vary, and the values to try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vary(Vec<(Parameter, Vec<Value>)>);

impl Vary {
    /// Reads `{temperature: [0, 0.5], model: [small, large]}`.
    ///
    /// # Errors
    /// If a parameter is not known, or a value is out of its range.
    pub(crate) fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let mut all = Vec::new();
        for (word, what) in Parameter::WORDS {
            let Some(at) = fields.get(word) else { continue };
            let items = at.items_or_self();
            if items.is_empty() || items.len() > MOST {
                return Err(at.error(format!("1 to {MOST} values are wanted")).into());
            }
            let mut values = Vec::with_capacity(items.len());
            for item in &items {
                values.push(match what {
                    Parameter::Temperature => item.number_in(0.0, 10.0)?.into(),
                    Parameter::TopP => item.number_in(0.0, 1.0)?.into(),
                    Parameter::MaxTokens => match item.count()? {
                        0 => return Err(item.error("must be 1 or more").into()),
                        n => n.into(),
                    },
                    _ => Value::from(item.name()?),
                });
            }
            all.push((what, values));
        }
        fields.finish()?;
        Ok(Self(all))
    }

    /// What a provider is tried with where the suite says nothing.
    fn usual(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::Script
            | ProviderKind::Replay
            | ProviderKind::Http
            | ProviderKind::Command => Self::default(),
            _ => Self(vec![
                (
                    Parameter::Temperature,
                    vec![json!(0.0), json!(0.3), json!(0.7)],
                ),
                (Parameter::TopP, vec![json!(0.9)]),
            ]),
        }
    }
}

/// Proposes settings.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// What the suite lets vary; `None`: the usual.
    pub vary: Option<Vary>,
}

impl Proposer for Parameters {
    fn name(&self) -> &'static str {
        "parameters"
    }

    fn propose(&self, parent: &Parent, view: &TrainView<'_>) -> Result<Vec<Draft>> {
        let mut drafts = Vec::new();
        if let Some(kind) = parent.provider() {
            let usual;
            let vary = if let Some(vary) = &self.vary {
                vary
            } else {
                usual = Vary::usual(kind);
                &usual
            };
            for (what, values) in &vary.0 {
                drafts.extend(settings(parent, kind, *what, values));
            }
        }
        drafts.extend(routing(parent, view));
        Ok(drafts)
    }
}

/// One draft for each value that the bot does not have.
fn settings(parent: &Parent, kind: ProviderKind, what: Parameter, values: &[Value]) -> Vec<Draft> {
    let Some(keys) = kind.parameter_path(what) else {
        return Vec::new();
    };
    let path: Vec<&str> = ["provider", "settings"].into_iter().chain(keys).collect();
    let now = parent.at(&path);
    let same = |value: &&Value| match (now.and_then(Value::as_f64), value.as_f64()) {
        (Some(now), Some(value)) => now == value,
        _ => now == Some(*value),
    };
    let word = what.as_str();
    let said = |value: &Value| crate::dataset::text_of(value);
    values
        .iter()
        .filter(|value| !same(value))
        .map(|value| Draft {
            name: format!("{word}-{}", said(value)),
            about: match now {
                Some(now) => format!("{word} {} instead of {}", said(value), said(now)),
                None => format!("{word} {}", said(value)),
            },
            changes: vec![Change::new(path.iter().copied(), value.clone())],
        })
        .collect()
}

/// Drafts of who answers long and short questions.
fn routing(parent: &Parent, view: &TrainView<'_>) -> Vec<Draft> {
    let fallbacks = parent.at(&["botsmith", "fallbacks"]);
    let fallbacks = fallbacks.and_then(Value::as_array).map_or(0, Vec::len);
    let rules = parent.at(&["botsmith", "routing"]);
    let rules: Vec<Value> = rules.and_then(Value::as_array).cloned().unwrap_or_default();
    let lengths = lengths(view);
    let path = ["botsmith", "routing"];
    let mut drafts = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        for key in ["input-longer-than", "input-shorter-than"] {
            let Some(now) = rule["when"][key].as_u64() else {
                continue;
            };
            for length in lengths.iter().filter(|length| **length != now) {
                let mut changed = rules.clone();
                changed[i]["when"][key] = (*length).into();
                drafts.push(Draft {
                    name: format!("routing-{}-{length}", i + 1),
                    about: format!(
                        "{key} {length} instead of {now} in rule {} of routing",
                        i + 1
                    ),
                    changes: vec![Change::new(path, changed.into())],
                });
            }
        }
    }
    if rules.is_empty() {
        for target in 1..=fallbacks.min(FALLBACKS) {
            for length in &lengths {
                let rule = json!([{"when": {"input-longer-than": length}, "use": target}]);
                drafts.push(Draft {
                    name: format!("route-{target}-{length}"),
                    about: format!(
                        "questions of more than {length} characters to fallback {target}"
                    ),
                    changes: vec![Change::new(path, rule)],
                });
            }
        }
    }
    drafts
}

/// The quartiles of the lengths of train questions, in characters, each once.
fn lengths(view: &TrainView<'_>) -> Vec<u64> {
    let inputs = view
        .lessons()
        .iter()
        .map(|lesson| &lesson.case.case().input);
    let mut all: Vec<u64> = inputs.map(|input| input.chars().count() as u64).collect();
    all.sort_unstable();
    if all.is_empty() {
        return all;
    }
    let mut quartiles: Vec<u64> = [1, 2, 3].map(|q| all[(all.len() - 1) * q / 4]).to_vec();
    quartiles.dedup();
    quartiles
}
