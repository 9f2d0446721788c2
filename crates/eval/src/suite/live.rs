//! Bots that are asked: a cartridge, or a provider without one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Cursor, Fields, Value as Yaml};
use botsmith_nanobots::cartridge::is_placeholder;
use serde_json::{Map, Value, json};

use crate::Result;
use crate::ask::{Ask, Pace};
use crate::template::Template;

/// Where a bot or judge comes from: what [`Bots`](crate::ask::Bots) open.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BotSource {
    /// Its name in the suite; of a judge, its cartridge as the suite writes it.
    pub name: String,
    /// The cartridge's file; without one, the provider alone answers.
    pub cartridge: Option<PathBuf>,
    /// A text in place of what stands in that file: a variant of it that is not written yet.
    pub text: Option<Arc<str>>,
    /// What is laid over the cartridge's `provider`: `id`, `credentials`, `settings`, `options`.
    /// Credentials are names of variables of the environment (`ENV/NAME`), never secrets.
    pub provider: Map<String, Value>,
    /// Values of the cartridge's variables.
    pub variables: Map<String, Value>,
    /// Whether tools run that want their user's yes. Without it they do not, and the model is told.
    pub call_tools: bool,
    /// The form of the answer, where the cartridge asks for none.
    pub output_schema: Option<Value>,
    /// Where the suite names it, ready for a message.
    pub named_at: Option<Box<Diagnostic>>,
}

/// A bot that is asked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LiveBot {
    /// Where it comes from.
    pub source: BotSource,
    /// How a case is put to it.
    pub ask: Ask,
    /// How fast.
    pub pace: Pace,
}

impl LiveBot {
    /// A cartridge by its path alone; its name is the file's.
    pub(super) fn of_path(at: &Cursor<'_>, base: &Path) -> Result<Self> {
        let path = at.name()?;
        Ok(Self {
            source: BotSource {
                name: stem(path),
                cartridge: Some(base.join(path)),
                named_at: Some(Box::new(at.diagnostic(""))),
                ..BotSource::default()
            },
            ..Self::default()
        })
    }

    /// Reads the keys of a bot with a `cartridge` or a `provider`.
    pub(super) fn read(fields: &Fields<'_>, base: &Path) -> Result<Self> {
        let cartridge = fields.get("cartridge");
        let provider = fields.get("provider");
        let path = cartridge.as_ref().map(Cursor::name).transpose()?;
        let name = match (fields.get("name"), path) {
            (Some(name), _) => name.name()?.to_owned(),
            (None, Some(path)) => stem(path),
            (None, None) => fields.required("name")?.name()?.to_owned(),
        };
        let mut source = BotSource {
            name,
            cartridge: path.map(|path| base.join(path)),
            named_at: cartridge
                .as_ref()
                .or(provider.as_ref())
                .map(|at| Box::new(at.diagnostic(""))),
            ..BotSource::default()
        };
        if let Some(at) = &provider {
            source.provider = self::provider(at)?;
        }
        if let Some(at) = fields.get("call-tools") {
            source.call_tools = at.bool()?;
        }
        if let Some(at) = fields.get("model") {
            source.set_model(at.name()?);
        }
        if source.cartridge.is_none() && !source.provider.contains_key("id") {
            let at = provider.as_ref().unwrap_or(fields.at());
            return Err(at
                .diagnostic("the provider has no `id`")
                .hint("without a cartridge it needs one: `provider: {id: ollama, settings: {model: …}}`")
                .into());
        }
        let variables = match fields.get("variables") {
            Some(at) => object(&at)?,
            None => Map::new(),
        };
        let prompt = fields
            .get("prompt")
            .map(|at| Template::read(&at))
            .transpose()?;
        let mut bot = Self {
            source,
            pace: Pace::read(fields)?,
            ..Self::default()
        };
        bot.ask.prompt = prompt;
        bot.set_variables(variables);
        Ok(bot)
    }

    /// Sets variables: of the cartridge, and names in the prompt.
    pub(super) fn set_variables(&mut self, variables: Map<String, Value>) {
        self.source.variables.extend(variables.clone());
        self.ask.variables.extend(variables);
    }
}

impl BotSource {
    /// The same provider with another model.
    pub(crate) fn set_model(&mut self, model: &str) {
        let settings = self.provider.entry("settings").or_insert_with(|| json!({}));
        if let Some(settings) = settings.as_object_mut() {
            settings.insert("model".into(), model.into());
        }
    }

    /// Another provider.
    pub(crate) fn set_provider(&mut self, id: &str) {
        self.provider.insert("id".into(), id.into());
    }

    /// An error at the place where the suite names it.
    pub(crate) fn error(&self, message: impl Into<String>) -> crate::Error {
        match &self.named_at {
            Some(at) => {
                let mut at = (**at).clone();
                at.message = message.into();
                at.into()
            }
            None => crate::Error::Invalid(message.into()),
        }
    }
}

/// The provider: its id alone, or a mapping.
pub(crate) fn provider(at: &Cursor<'_>) -> Result<Map<String, Value>> {
    if let Yaml::String(id) = &at.node().value {
        return Ok(Map::from_iter([(
            "id".to_owned(),
            Value::from(id.as_str()),
        )]));
    }
    let fields = at.fields()?;
    let mut provider = Map::new();
    if let Some(id) = fields.get("id") {
        provider.insert("id".into(), id.name()?.into());
    }
    if let Some(at) = fields.get("credentials") {
        provider.insert("credentials".into(), credentials(&at)?);
    }
    for key in ["settings", "options"] {
        if let Some(at) = fields.get(key) {
            provider.insert(key.into(), Value::Object(object(&at)?));
        }
    }
    fields.finish()?;
    Ok(provider)
}

/// Credentials that are no secret and may stand in a suite as they are.
const OPEN: [&str; 7] = [
    "address",
    "address-type",
    "project-id",
    "project",
    "region",
    "service",
    "version",
];

/// A suite is kept with each of its runs, so no secret may stand in it.
fn credentials(at: &Cursor<'_>) -> Result<Value> {
    let mut all = Map::new();
    for (key, value) in at.fields()?.entries() {
        let text = value.text()?;
        if !OPEN.contains(&key) && is_placeholder(text).is_none() {
            let mut diagnostic = value
                .diagnostic(format!(
                    "a secret in `{key}`: suites are kept with each run"
                ))
                .hint(format!(
                    "put it into the environment and write `{key}: ENV/NAME_OF_THE_VARIABLE`"
                ));
            // The line would show it.
            diagnostic.excerpt = None;
            return Err(diagnostic.into());
        }
        all.insert(key.to_owned(), text.into());
    }
    Ok(Value::Object(all))
}

fn object(at: &Cursor<'_>) -> Result<Map<String, Value>> {
    at.fields()?;
    match at.node().to_json() {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

fn stem(path: &str) -> String {
    let stem = Path::new(path).file_stem();
    stem.map_or_else(
        || path.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}
