//! From what Python says of a bot to the bot.

use std::sync::Arc;

use botsmith::core::chat::{Call, Sampling, ToolSpec};
use botsmith::nanobots::bot::Permission;
use botsmith::nanobots::cartridge::Format;
use botsmith::nanobots::provider::ProviderOverride;
use botsmith::nanobots::tools::{FnTool, ToolFailure};
use botsmith::nanobots::{Allow, Bot, Cartridge, Workshop};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::callback::Callback;
use crate::fault::Fault;
use crate::function::FunctionModel;
use crate::store::Store;

/// A bot in words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Wanted {
    /// A path, or a name of the search path.
    cartridge: Option<String>,
    /// The cartridge itself, in place of a path.
    value: Option<Value>,
    /// What is laid over its provider: `id`, `model`, `address`, `credentials`, `settings`, `options`.
    provider: Option<Value>,
    /// Name of the function that answers, where one does.
    function: String,
    /// What tells it from another of its name.
    revision: Option<String>,
    variables: Map<String, Value>,
    output_schema: Option<Value>,
    sampling: Sampling,
    /// Tools that run without anybody being asked; all, where it is `true`.
    call_tools: Tools,
    allow_commands: bool,
}

/// Tools that run without anybody being asked.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Tools {
    All(bool),
    Named(Vec<String>),
}

impl Default for Tools {
    fn default() -> Self {
        Self::All(false)
    }
}

pub(super) fn open(
    wanted: &str,
    provider: Option<Callback>,
    tools: Vec<(String, Callback)>,
    confirm: Option<Callback>,
    store: Option<&Store>,
) -> Result<Bot, Fault> {
    let wanted: Wanted = serde_json::from_str(wanted)?;
    let mut workshop = Workshop::of_process()?
        .allow(Allow::default().commands(wanted.allow_commands))
        .variables(wanted.variables.clone());
    if let Some(store) = store {
        workshop = workshop.store(store.open()?);
    }
    if let Some(over) = &wanted.provider {
        let over = ProviderOverride::from_value(over).map_err(botsmith::nanobots::Error::from)?;
        workshop = workshop.provider(over);
    }
    let cartridge = match (&wanted.cartridge, &wanted.value) {
        (Some(name), None) => workshop.cartridge(name)?,
        (_, value) => {
            let text = value
                .as_ref()
                .map_or_else(|| "{}".to_owned(), Value::to_string);
            workshop.reading(|options| Cartridge::parse(&text, Format::Yaml, options))?
        }
    };
    let permission = permission(&cartridge, wanted.call_tools, confirm);
    let mut builder = match provider {
        Some(callback) => {
            let model = FunctionModel::new(&wanted.function, wanted.revision, callback);
            let mut builder = Bot::builder(cartridge, Arc::new(model)).variables(wanted.variables);
            if let Some(store) = store {
                builder = builder.store(store.open()?);
            }
            builder
        }
        None => workshop.builder(&cartridge)?,
    };
    builder = builder.permission(permission).sampling(wanted.sampling);
    for (spec, callback) in tools {
        let spec: ToolSpec = serde_json::from_str(&spec)?;
        builder = builder.tool(Arc::new(tool(spec, callback)));
    }
    if let Some(schema) = wanted.output_schema {
        builder = builder.output_schema(schema);
    }
    Ok(builder.build()?)
}

fn tool(spec: ToolSpec, callback: Callback) -> FnTool {
    FnTool::new(spec, move |arguments: Value, _: Call| {
        let callback = callback.clone();
        async move {
            let given = callback.ask(arguments.to_string(), None).await;
            given.map_err(|raised| ToolFailure(raised.words))
        }
    })
}

/// Who decides whether a tool runs: a callable of Python that is given the question and says `yes` or
/// `no`; else the list.
fn permission(cartridge: &Cartridge, run: Tools, confirm: Option<Callback>) -> Permission {
    let safety = botsmith::nanobots::interface::safety(cartridge.value());
    // An answer that is no word of the list is a no.
    let yes = safety.yeses.first().cloned().unwrap_or_default();
    match (run, confirm) {
        (Tools::All(true), _) => Permission::Allow,
        (Tools::All(false), None) => Permission::Deny,
        (run, confirm) => Permission::ask(move |question| {
            let listed = matches!(&run, Tools::Named(names) if names.contains(&question.name));
            let asked = || {
                let question = json!({"name": question.name, "arguments": question.parameters});
                let said = confirm.as_ref()?.call(&question.to_string()).ok()?;
                Some(said == "yes")
            };
            match listed || asked().unwrap_or(false) {
                true => yes.clone(),
                false => "-".to_owned(),
            }
        }),
    }
}
