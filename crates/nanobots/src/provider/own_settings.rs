//! Reads `provider.settings` of our own providers, where each key must be known.
//!
//! A value in, a typed reading or an error out that names the field, what was found and what was
//! wanted, and the nearest key. The value comes out of a cartridge that is read already, so the error
//! knows no line.

use botsmith_core::chat::{ErrorClass, ModelError};
use botsmith_core::yaml::{Cursor, Node, Source};
use botsmith_core::{Error, Result};
use serde_json::{Map, Value};

use super::ProviderConfig;

/// How another provider's model chooses its tokens, as [`ProviderOverride`](super::ProviderOverride)
/// writes it.
const SAMPLING: [&str; 9] = [
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
];

/// Reads `settings` (null: an empty map) with `read`; errors name `place`, then the field.
pub(crate) fn read<T>(
    place: &str,
    settings: &Value,
    read: impl FnOnce(&Cursor<'_>) -> Result<T>,
) -> Result<T> {
    let empty = Value::Object(Map::new());
    let node = Node::from_json(if settings.is_null() { &empty } else { settings });
    let source = Source::new(place, "");
    read(&Cursor::new(&source, &node))
}

/// Reads the settings of `config`; errors are the provider's, in one line.
pub(crate) fn of<T>(
    config: &ProviderConfig,
    read_with: impl FnOnce(&Cursor<'_>) -> Result<T>,
) -> std::result::Result<T, ModelError> {
    let mut settings = config.settings().clone();
    // They come along when a cartridge for a model is given one of our providers; none heeds them.
    settings.retain(|key, _| !SAMPLING.contains(&key.as_str()));
    let settings = Value::Object(settings);
    read("provider.settings", &settings, read_with).map_err(|error| refused(config.id(), &error))
}

/// The error as one of `provider`, in one line.
pub(crate) fn refused(provider: &str, error: &Error) -> ModelError {
    let Some(wrong) = error.diagnostic() else {
        return ModelError::new(ErrorClass::Load, provider, error.to_string());
    };
    let path = wrong.path.display();
    let place = match &wrong.field {
        Some(field) if wrong.line == 0 => format!("{path}.{field}"),
        Some(field) => format!("{path}:{}:{} in `{field}`", wrong.line, wrong.column),
        None => path.to_string(),
    };
    let error = ModelError::new(
        ErrorClass::Load,
        provider,
        format!("{place}: {}", wrong.message),
    );
    match &wrong.hint {
        Some(hint) => error.hint(hint.clone()),
        None => error,
    }
}
