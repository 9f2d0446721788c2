//! What stands under the root key `botsmith:`, typed. Other implementations of the specification ignore
//! that key, so a cartridge with it still loads there.
//!
//! ```yaml
//! botsmith:
//!   extends: base.yml
//!   variables: {language: {type: string, default: English, description: What to answer in.}}
//!   examples: [{user: "2 + 2?", assistant: "4"}]
//!   output-schema: {type: object, required: [answer]}     # or a path
//!   fallbacks: [{provider: {id: ollama, settings: {model: qwen3}}, on: [rate-limit, server]}]
//!   routing: [{when: {input-longer-than: 2000}, use: 1}]
//!   cache: true
//!   limits: {tokens: 4000, seconds: 60, tool-rounds: 5, cost: 0.05}
//!   context: {budget: 8000, policy: drop-oldest}
//!   mcp: {files: {command: [files-server, .]}, web: {url: "https://example.org/mcp"}}
//!   evaluate: {dataset: [{input: "2 + 2?", reference: "4"}], evaluators: [contains: {value: "4"}]}
//! ```
//!
//! This file reads; what a key does is done where it belongs: router, session, tools, evaluators.

mod budget;
mod fallback;
mod server;
mod variable;

use indexmap::IndexMap;
use serde_json::Value;

use botsmith_core::hint::shown;
use botsmith_core::yaml::{Cursor, Value as Yaml};

pub use budget::{Cache, Context, ContextPolicy, Limits};
pub use fallback::{Fallback, Route, Target, When};
pub use server::{Server, Transport};
pub use variable::{Variable, VariableType};

use super::Result;

/// The extensions of a cartridge, defaults filled in.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Native {
    /// The cartridge that this one builds on, as written; it is merged already.
    pub extends: Option<String>,
    /// Variables of the texts, by name.
    pub variables: IndexMap<String, Variable>,
    /// Turns that are shown to the model before the conversation.
    pub examples: Vec<Example>,
    /// JSON Schema of the answer.
    pub output_schema: Option<Value>,
    /// Providers to ask when the cartridge's own fails, in order.
    pub fallbacks: Vec<Fallback>,
    /// Rules that choose a provider before anything is asked; the first that holds decides.
    pub routing: Vec<Route>,
    /// Whether answers are kept and given again.
    pub cache: Cache,
    /// What one turn may use.
    pub limits: Limits,
    /// Servers of the Model Context Protocol whose tools the bot has, by name.
    pub mcp: IndexMap<String, Server>,
    /// How much of the conversation is sent.
    pub context: Context,
    /// The suite of `botsmith bot test`, without `version` and `bots`.
    pub evaluate: Option<Value>,
}

/// A turn that is shown to the model as if it had happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// What the user says.
    pub user: String,
    /// What the bot answers.
    pub assistant: String,
}

impl Example {
    /// An example.
    pub fn new(user: impl Into<String>, assistant: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            assistant: assistant.into(),
        }
    }
}

impl Native {
    /// The keys, in the order of the reference.
    pub const KEYS: [&'static str; 11] = [
        "extends",
        "variables",
        "examples",
        "output-schema",
        "fallbacks",
        "routing",
        "cache",
        "limits",
        "context",
        "mcp",
        "evaluate",
    ];

    /// Reads the value of `botsmith:`. `real` is the same value with the environment put in: what is
    /// sent somewhere comes from there, while messages show the text as written.
    pub(super) fn read(at: &Cursor<'_>, real: &Value) -> Result<Self> {
        let fields = at.fields()?;
        let mut native = Self {
            extends: fields
                .get("extends")
                .map(|at| at.name().map(str::to_owned))
                .transpose()?,
            evaluate: fields.get("evaluate").map(|at| evaluate(&at)).transpose()?,
            ..Self::default()
        };
        if let Some(at) = fields.get("variables") {
            for (name, at) in at.fields()?.entries() {
                native
                    .variables
                    .insert(name.to_owned(), Variable::read(name, &at)?);
            }
        }
        if let Some(at) = fields.get("examples") {
            native.examples = at.items()?.iter().map(example).collect::<Result<_>>()?;
        }
        if let Some(at) = fields.get("output-schema") {
            native.output_schema = Some(schema(&at)?);
        }
        if let Some(at) = fields.get("fallbacks") {
            native.fallbacks = Fallback::read_list(&at, &real["fallbacks"])?;
        }
        if let Some(at) = fields.get("routing") {
            native.routing = Route::read_list(&at, &real["routing"], native.fallbacks.len())?;
        }
        if let Some(at) = fields.get("cache") {
            native.cache = Cache::read(&at)?;
        }
        if let Some(at) = fields.get("limits") {
            native.limits = Limits::read(&at)?;
        }
        if let Some(at) = fields.get("context") {
            native.context = Context::read(&at)?;
        }
        if let Some(at) = fields.get("mcp") {
            for (name, at) in at.fields()?.entries() {
                native.mcp.insert(
                    name.to_owned(),
                    Server::read(name, &at, &real["mcp"][name])?,
                );
            }
        }
        fields.finish()?;
        Ok(native)
    }
}

fn example(at: &Cursor<'_>) -> Result<Example> {
    let fields = at.fields()?;
    let example = Example {
        user: fields.required("user")?.text()?.to_owned(),
        assistant: fields.required("assistant")?.text()?.to_owned(),
    };
    fields.finish()?;
    Ok(example)
}

/// A schema that can be used: an answer can be held against it. A path has been replaced by what stands
/// in the file before this is called.
fn schema(at: &Cursor<'_>) -> Result<Value> {
    if !matches!(at.node().value, Yaml::Map(_) | Yaml::Bool(_)) {
        let diagnostic = at.diagnostic(format!(
            "expected a JSON Schema (a mapping) or a path to one, found {}",
            at.node().kind()
        ));
        return Err(diagnostic
            .hint("write `output-schema: {type: object, …}`")
            .into());
    }
    let schema = at.node().to_json();
    if let Err(error) = botsmith_core::schema::Schema::new(&schema) {
        let message = format!("not a usable JSON Schema: {}", shown(&error.to_string()));
        return Err(at.error(message).into());
    }
    Ok(schema)
}

/// The keys of a suite, less those that the cartridge itself stands for.
const SUITE: [&str; 9] = [
    "name",
    "dataset",
    "extract",
    "evaluators",
    "slices",
    "gate",
    "repeat",
    "seed",
    "concurrency",
];

/// Checked here for its keys; what they hold is read where suites are.
fn evaluate(at: &Cursor<'_>) -> Result<Value> {
    let fields = at.fields()?;
    for (key, _) in fields.entries() {
        if let Some(known) = SUITE.iter().find(|known| **known == key) {
            fields.get(known);
        }
    }
    fields.required("dataset")?;
    fields.required("evaluators")?;
    fields.finish()?;
    Ok(at.node().to_json())
}

/// Whether a name may stand for something in messages, templates and tool names.
fn plain_name(name: &str) -> bool {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().count() <= 64 && name.chars().all(fine)
}
