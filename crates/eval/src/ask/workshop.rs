//! Cartridges and providers of a suite, opened through a [`Workshop`].

use std::path::Path;

use botsmith_core::yaml::Source;
use botsmith_nanobots::bot::Permission;
use botsmith_nanobots::cartridge::{Format, substitute};
use botsmith_nanobots::provider::ProviderOverride;
use botsmith_nanobots::{Bot, Cartridge, Error as BotError, Workshop};
use serde_json::{Map, Value};

use super::Bots;
use crate::suite::BotSource;
use crate::{Error, Result};

/// Cartridges are read at the path that the suite gives, and get those variables that they declare;
/// a provider without a cartridge is a bot without a directive. What the suite says of the provider
/// is laid over the cartridge's; `ENV/NAME` in it is looked up as in a cartridge.
impl Bots for Workshop {
    fn open(&self, source: &BotSource) -> Result<Bot> {
        let cartridge = match &source.cartridge {
            Some(path) => self
                .reading(|options| match &source.text {
                    Some(text) => {
                        let extension = path.extension().unwrap_or_default().to_string_lossy();
                        let text = Source::new(path, text.to_string());
                        Cartridge::read(&text, Format::of(&extension)?, options)
                    }
                    None => Cartridge::open(path, options),
                })
                .map_err(|error| not_read(source, path, error))?,
            None => self.reading(|options| Cartridge::parse("{}", Format::Yaml, options))?,
        };
        let wrong = |error: BotError| wrapped(source, error);
        let over = self.over(source)?;
        let declared = &cartridge.native().variables;
        let variables: Map<String, Value> = source
            .variables
            .iter()
            .filter(|(name, _)| declared.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut workshop = self.clone().variables(variables).provider(over);
        if source.call_tools {
            workshop = workshop.permission(Permission::Allow);
        }
        let mut builder = workshop.builder(&cartridge).map_err(wrong)?;
        if let Some(schema) = &source.output_schema {
            builder = builder.output_schema(schema.clone());
        }
        builder.build().map_err(wrong)
    }
}

/// What the suite changes of the provider.
trait Over {
    fn over(&self, source: &BotSource) -> Result<ProviderOverride>;
}

impl Over for Workshop {
    fn over(&self, source: &BotSource) -> Result<ProviderOverride> {
        let wanted = Value::Object(source.provider.clone());
        let real = self
            .reading(|options| substitute(wanted, options.variables))
            .map_err(|error| wrapped(source, error))?;
        if let Some((name, path)) = real.missing.first() {
            return Err(source.error(format!(
                "`{name}`, which `{}` names, is not set in the environment",
                path.join(".")
            )));
        }
        let mut value = real.value;
        // The model is named where each provider keeps it.
        let model = value
            .get_mut("settings")
            .and_then(Value::as_object_mut)
            .and_then(|settings| settings.remove("model"));
        if let Some(model) = model {
            value["model"] = model;
        }
        ProviderOverride::from_value(&value).map_err(|error| wrapped(source, error.into()))
    }
}

/// A cartridge that is not there is named at its place in the suite, one that is wrong at its own.
fn not_read(source: &BotSource, path: &Path, error: BotError) -> Error {
    if !matches!(error, BotError::NotFound { .. }) {
        return wrapped(source, error);
    }
    let error = source.error(format!("no file {}", path.display()));
    let Error::Core(botsmith_core::Error::Invalid(diagnostic)) = error else {
        return error;
    };
    let siblings = crate::dataset::siblings(path);
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let near = botsmith_core::hint::nearest(name, siblings.iter().map(String::as_str));
    (*diagnostic)
        .hint(match near {
            Some(near) => format!("`{near}` is there; paths are relative to the suite file"),
            None => "paths are relative to the suite file".to_owned(),
        })
        .into()
}

fn wrapped(source: &BotSource, error: BotError) -> Error {
    match error {
        BotError::Core(error) => Error::Core(error),
        error => source.error(format!("cannot open `{}`: {error}", source.name)),
    }
}
