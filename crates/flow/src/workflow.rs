//! A workflow file -> a [`Workflow`], checked in every part that can be known before a run -> the [`Plan`]
//! that a run is pinned to.
//!
//! The format is version 1 (`docs/src/flow.md`). Steps are held by name and keys of mappings in order of
//! the alphabet, so that neither comments nor the order of keys change a hash. Nothing is run here.

mod check;
mod kind;
mod place;
mod read;
mod scan;
mod schema;
mod scope;
mod text;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use botsmith_core::schema::Schema;
use botsmith_core::yaml::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use kind::{Kind, Kinds, Type};
pub use schema::schema;
pub use scope::{Ended, Scope};
pub use work::{Each, Repeat, Work};

use crate::{Concurrency, Error, Notice, OnFailure, Plan, Result, Retry, RunIf, StepPlan};

/// The largest workflow file, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// The largest pattern of an input's schema, compiled, in bytes.
const PATTERN: usize = 1 << 20;

/// A workflow: steps by name, and what a run of it is started with.
///
/// ```
/// use botsmith_core::yaml::Source;
/// use botsmith_flow::{Kind, Kinds, Type, Workflow};
///
/// let kinds = Kinds::builtin()
///     .with(Kind::new("count", "Counts words.").takes("text", Type::Text, "The text.").gives(Type::Number));
/// let text = "
/// version: 1
/// name: words
/// inputs: {type: object, properties: {text: {type: string}}, required: [text]}
/// steps:
///   count: {uses: count, with: {text: '{{ inputs.text }}'}}
///   tell: {uses: approval, when: steps.count.output > 100, with: {who: [lead]}}
/// ";
/// let workflow = Workflow::parse(&Source::new("words.yaml", text), &kinds)?;
/// let plan = workflow.plan()?;
/// assert_eq!(plan.steps()[1].needs, ["count"]);
///
/// let wrong = text.replace("steps.count.", "steps.cuont.");
/// let error = Workflow::parse(&Source::new("words.yaml", wrong), &kinds).unwrap_err();
/// assert!(error.to_string().contains("words.yaml:7:32") && error.to_string().contains("`count`?"));
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Workflow {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inputs: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notify: Vec<Notice>,
    steps: BTreeMap<String, Step>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    finally: BTreeMap<String, Step>,
}

/// A step of a workflow, or the one inside `map` and `loop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Step {
    /// Its kind.
    pub uses: String,
    /// The steps that have to end before: those that it names, and those that its templates read.
    pub needs: BTreeSet<String>,
    /// What its worker is given.
    pub work: Work,
    /// When a failed attempt is followed by another.
    pub retry: Retry,
    /// Whether it runs when a step that it needs did not get done.
    pub run_if: RunIf,
    /// What its failure means for the run.
    pub on_failure: OnFailure,
    /// 9 is most urgent.
    pub priority: u8,
    /// How many such steps may run at once, over all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// What a worker has to offer besides the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
}

impl Step {
    fn plan(&self, key: &str, under: Option<&str>, names: Map<String, Value>) -> StepPlan {
        let mut work = self.work.clone();
        work.under = under.map(str::to_owned);
        work.names = names;
        let own = [format!("kind:{}", self.uses)];
        StepPlan {
            key: key.to_owned(),
            needs: self
                .needs
                .iter()
                .map(|need| work::key(under, need))
                .collect(),
            kind: self.uses.clone(),
            with: serde_json::to_value(&work).expect("a step's work is JSON"),
            requires: own
                .into_iter()
                .chain(self.requires.iter().cloned())
                .collect(),
            retry: self.retry.clone(),
            run_if: self.run_if,
            on_failure: self.on_failure,
            priority: self.priority,
            concurrency: self.concurrency.clone(),
            ..StepPlan::default()
        }
    }
}

/// What reads the file of another workflow: its path -> its text.
pub type Files<'a> = dyn Fn(&Path) -> botsmith_core::Result<Source> + 'a;

impl Workflow {
    /// Reads a file and the workflows that it names.
    ///
    /// # Errors
    /// If a file cannot be read, and as [`parse`](Self::parse).
    pub fn read(path: impl AsRef<Path>, kinds: &Kinds) -> Result<Self> {
        let files = |path: &Path| Source::read(path, MAX_FILE);
        Self::parse_with(&files(path.as_ref())?, kinds, &files)
    }

    /// Reads a text that names no other workflow.
    ///
    /// # Errors
    /// [`Error::Core`] with line, column, field and what would be right, for the first thing that is wrong;
    /// codes BS-FLOW-010 to BS-FLOW-017 and BS-FLOW-020.
    pub fn parse(source: &Source, kinds: &Kinds) -> Result<Self> {
        let files = |path: &Path| {
            let message = "other workflows are not read here";
            Err(botsmith_core::Diagnostic::new(path, message).into())
        };
        Self::parse_with(source, kinds, &files)
    }

    /// Reads a text; `files` gives the texts of the workflows that it names.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(source: &Source, kinds: &Kinds, files: &Files<'_>) -> Result<Self> {
        read::workflow(source, kinds, files, &[])
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON Schema of what it is started with.
    pub fn inputs(&self) -> Option<&Value> {
        self.inputs.as_ref()
    }

    /// How long a run may take, in milliseconds.
    pub fn timeout_ms(&self) -> Option<u64> {
        self.timeout_ms
    }

    /// Who is told of its runs. As a step of another workflow it tells nobody.
    pub fn notify(&self) -> &[Notice] {
        &self.notify
    }

    /// Its steps by name, without those under `finally`.
    pub fn steps(&self) -> &BTreeMap<String, Step> {
        &self.steps
    }

    /// The steps that run after all others, however those ended.
    pub fn finally(&self) -> &BTreeMap<String, Step> {
        &self.finally
    }

    /// The hash of all that it says, the workflows that it names included: 64 hexadecimal digits. Comments,
    /// layout and the order of keys are no part of it.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a workflow is JSON");
        blake3::hash(&json).to_hex().to_string()
    }

    /// Holds a run's inputs against their schema. Without one, only no inputs fit.
    ///
    /// # Errors
    /// [`Error::Inputs`] that names the first value that does not fit.
    pub fn check_inputs(&self, inputs: &Value) -> Result<()> {
        let fail = |reason: String| {
            Err(Error::Inputs {
                workflow: self.name.clone(),
                reason,
            })
        };
        let Some(schema) = &self.inputs else {
            let none = inputs.is_null() || inputs.as_object().is_some_and(Map::is_empty);
            return match none {
                true => Ok(()),
                false => fail("it takes none".into()),
            };
        };
        let schema = match Schema::linear(schema, PATTERN) {
            Ok(schema) => schema,
            Err(error) => return fail(format!("their schema is none: {error}")),
        };
        match schema.check(inputs) {
            Ok(()) => Ok(()),
            Err(error) => {
                // Inputs may be long or private: the place and the rule say enough.
                let place = match error.place() {
                    "" => "they".to_owned(),
                    place => format!("`{place}`"),
                };
                fail(format!("{place}: {}", error.masked("the value")))
            }
        }
    }

    /// The steps of a run.
    ///
    /// # Errors
    /// [`Error::Plan`] if there are too many.
    pub fn plan(&self) -> Result<Plan> {
        let plan = Plan::new(self.step_plans(None, &Map::new()))?;
        Ok(plan.telling(self.notify.clone()))
    }

    fn step_plans(&self, under: Option<&str>, names: &Map<String, Value>) -> Vec<StepPlan> {
        let steps = self.steps.iter().chain(&self.finally);
        steps
            .map(|(name, step)| step.plan(&work::key(under, name), under, names.clone()))
            .collect()
    }
}

/// The schema of data of unknown origin.
pub(crate) fn schema_of(schema: &Value) -> Result<Schema, botsmith_core::schema::Misfit<'static>> {
    Schema::linear(schema, PATTERN)
}

/// The value with the keys of every mapping in order of the alphabet.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let ordered: BTreeMap<_, _> = fields
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            Value::Object(ordered.into_iter().collect())
        }
        other => other,
    }
}
