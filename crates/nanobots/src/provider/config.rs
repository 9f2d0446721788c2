//! A cartridge's `provider:` map, read: which provider, with which credentials, settings and options.
//!
//! `{id, credentials, settings, options}` -> [`ProviderConfig`]. Credentials become secrets at once.
//! Dashes and underscores in the names of credentials and options are the same, except (in profile
//! `compat`, as in the reference implementation) for the credentials of openai and anthropic. What
//! the settings mean is the business of the files of the providers.

use std::collections::BTreeMap;
use std::fmt;

use botsmith_core::SecretString;
use botsmith_core::chat::{ErrorClass, ModelError, OutputFormat};
use serde_json::{Map, Value};

use super::secrets::Secrets;
use super::{ProviderKind, ProviderWarning, sampling, settings, streaming};
use crate::cartridge::{Cartridge, MOST_WARNINGS, Profile, fetch, is_placeholder};

/// What a cartridge says about its provider. `Debug` shows no value of it, only names.
///
/// ```
/// use botsmith_nanobots::provider::ProviderConfig;
/// let config = ProviderConfig::from_cartridge(&serde_json::json!({"provider": {
///     "id": "openai",
///     "credentials": {"access-token": "sk-123456"},
///     "settings": {"model": "gpt-4o"},
/// }})).unwrap();
/// assert_eq!((config.id(), config.model()), ("openai", Some("gpt-4o")));
/// assert!(!format!("{config:?}").contains("sk-123456"));
/// ```
#[derive(Clone)]
pub struct ProviderConfig {
    pub(super) kind: ProviderKind,
    pub(super) profile: Profile,
    pub(super) credentials: BTreeMap<String, SecretString>,
    /// Variables of the environment that credentials came from, where the cartridge names them.
    pub(super) variables: BTreeMap<String, String>,
    /// Other values out of the environment, to be kept out of what is shown.
    pub(super) hidden: Vec<SecretString>,
    /// Texts of the bot out of the environment (a directive, a prefix): kept out of errors and of requests that
    /// are shown, not out of recorded answers, which are what was said.
    pub(super) texts: Vec<SecretString>,
    pub(super) settings: Map<String, Value>,
    pub(super) options: Map<String, Value>,
    /// The form of answers to requests that ask for none, where it came from another provider's words.
    pub(super) output: OutputFormat,
}

impl ProviderConfig {
    /// An empty configuration of `kind`, in profile `native`.
    pub fn new(kind: ProviderKind) -> Self {
        Self {
            kind,
            profile: Profile::Native,
            credentials: BTreeMap::new(),
            variables: BTreeMap::new(),
            hidden: Vec::new(),
            texts: Vec::new(),
            settings: Map::new(),
            options: Map::new(),
            output: OutputFormat::Text,
        }
    }

    /// What `cartridge` says, in its profile, with the names of the variables that hold its keys.
    ///
    /// # Errors
    /// As [`from_cartridge`](Self::from_cartridge).
    pub fn of(cartridge: &Cartridge) -> Result<Self, ModelError> {
        Ok(Self::from_cartridge(cartridge.value())?
            .with_profile(cartridge.profile())
            .with_placeholders(cartridge.original()))
    }

    /// Reads `provider` out of a cartridge's map, in profile `native`.
    ///
    /// # Errors
    /// [`ErrorClass::Load`] without a provider; [`ErrorClass::Unsupported`] for an unknown id.
    pub fn from_cartridge(cartridge: &Value) -> Result<Self, ModelError> {
        let Some(provider) = fetch(cartridge, &["provider"]) else {
            return Err(missing("the cartridge has no `provider`"));
        };
        Self::from_provider(provider)
    }

    /// Reads the map under `provider` itself, in profile `native`.
    ///
    /// # Errors
    /// As [`from_cartridge`](Self::from_cartridge).
    pub fn from_provider(provider: &Value) -> Result<Self, ModelError> {
        if !provider.is_object() {
            return Err(missing("`provider` is no map"));
        }
        let kind = match fetch(provider, &["id"]) {
            Some(Value::String(id)) => ProviderKind::parse(id)?,
            Some(_) => return Err(missing("`provider.id` is no text")),
            None => return Err(missing("`provider` has no `id`")),
        };
        let map = |key| match fetch(provider, &[key]) {
            Some(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        };
        let mut config = Self::new(kind);
        config.settings = map("settings");
        config.options = map("options");
        for (name, value) in map("credentials") {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            // A variable that is set to nothing is a variable that is not set.
            if !text.trim().is_empty() {
                config.credentials.insert(name, SecretString::new(text));
            }
        }
        Ok(config)
    }

    /// The same, read by `profile`.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Notes which variables of the environment the credentials stand for, from the cartridge before
    /// its variables were put in, so that errors can name them; and what else came out of the
    /// environment, so that nothing shows it.
    #[must_use]
    pub fn with_placeholders(self, original: &Value) -> Self {
        match fetch(original, &["provider"]) {
            Some(provider) => self.with_provider_placeholders(provider),
            None => self,
        }
    }

    /// The same, from the map under `provider` itself.
    #[must_use]
    pub(crate) fn with_provider_placeholders(mut self, provider: &Value) -> Self {
        if let Some(Value::Object(credentials)) = fetch(provider, &["credentials"]) {
            for (name, value) in credentials {
                if let Some(variable) = value.as_str().and_then(is_placeholder) {
                    self.variables.insert(name.clone(), variable.to_owned());
                }
            }
        }
        let mut hidden = Vec::new();
        for (key, map) in [("settings", &self.settings), ("options", &self.options)] {
            if let Some(Value::Object(original)) = fetch(provider, &[key]) {
                for (name, value) in map {
                    // Names that are no secrets, and that errors should show.
                    if !matches!(name.as_str(), "model" | "stream" | "address" | "url") {
                        collect(value, original.get(name), &mut hidden);
                    }
                }
            }
        }
        self.hidden = hidden;
        self
    }

    /// The same, with texts out of the environment that errors and requests that are shown do not have.
    #[must_use]
    pub(crate) fn with_texts(mut self, texts: Vec<SecretString>) -> Self {
        self.texts = texts;
        self
    }

    pub(crate) fn texts(&self) -> &Vec<SecretString> {
        &self.texts
    }

    /// Which provider.
    pub fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// Its id, as in YAML.
    pub fn id(&self) -> &'static str {
        self.kind.as_str()
    }

    /// How the cartridge is read.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The model that answers where the request names no other.
    pub fn model(&self) -> Option<&str> {
        let (first, second) = match self.kind {
            ProviderKind::Google => (&self.options, &self.settings),
            _ => (&self.settings, &self.options),
        };
        first
            .get("model")
            .and_then(Value::as_str)
            .or_else(|| second.get("model").and_then(Value::as_str))
            .filter(|model| !model.trim().is_empty())
    }

    /// A credential by its name, written with dashes.
    pub fn credential(&self, name: &str) -> Option<&SecretString> {
        if let Some(found) = self.credentials.get(name) {
            return Some(found);
        }
        let strict = self.profile == Profile::Compat
            && matches!(self.kind, ProviderKind::OpenAi | ProviderKind::Anthropic);
        if strict {
            return None;
        }
        let same = |other: &str| other.replace('_', "-") == name.replace('_', "-");
        self.credentials
            .iter()
            .find(|(other, _)| same(other))
            .map(|(_, value)| value)
    }

    /// A credential that is no secret (`address`, `service`, `region`, …), trimmed.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        self.credential(name).map(|value| value.expose().trim())
    }

    /// The provider's key, whatever its name.
    pub fn key(&self) -> Option<&SecretString> {
        self.credential(self.kind.key_name())
    }

    /// The address that the cartridge gives. May hold a user's name and password: never print it.
    pub fn address(&self) -> Option<&str> {
        self.plain("address")
    }

    /// The settings as written.
    pub fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }

    /// The options as written.
    pub fn options(&self) -> &Map<String, Value> {
        &self.options
    }

    /// An option by its name; dashes and underscores are the same.
    pub fn option(&self, name: &str) -> Option<&Value> {
        let same = |other: &str| other.replace('_', "-") == name.replace('_', "-");
        self.options
            .iter()
            .find(|(other, value)| same(other) && !value.is_null())
            .map(|(_, value)| value)
    }

    /// Whether the provider's own flag allows streaming: true unless it says `false`. It stands in
    /// `options.stream` for google and maritaca (in profile `native` also where the specification
    /// has maritaca's, in `settings.stream`), in `settings.stream` for all others.
    pub fn streams(&self) -> bool {
        streaming::streams(self.kind, &self.settings, &self.options, self.profile)
    }

    /// The settings as they go into the body of a request, in the provider's own words: without the
    /// conversation, and without what is filled in where they are silent.
    pub fn sent_settings(&self) -> Map<String, Value> {
        settings::sent(self)
    }

    /// What the settings ask for in neutral words.
    pub fn sampling(&self) -> botsmith_core::chat::Sampling {
        sampling::read(self.kind, &self.settings)
    }

    /// What a reader of the cartridge should know: unknown settings and credentials.
    pub fn warnings(&self) -> Vec<ProviderWarning> {
        let mut lines = settings::warnings(self);
        let known = super::credentials::names(self.kind);
        if !known.is_empty() {
            for name in self.credentials.keys() {
                if lines.len() >= MOST_WARNINGS {
                    break;
                }
                let strict = self.profile == Profile::Compat
                    && matches!(self.kind, ProviderKind::OpenAi | ProviderKind::Anthropic);
                let written = if strict {
                    name.clone()
                } else {
                    name.replace('_', "-")
                };
                if !known.contains(&written.as_str()) {
                    let near = botsmith_core::hint::nearest(&written, known.iter().copied());
                    lines.push(ProviderWarning {
                        path: vec!["credentials".into(), name.clone()],
                        message: format!(
                            "`{}` is no credential of {}; it is not used",
                            botsmith_core::hint::shown(name),
                            self.kind
                        ),
                        near: near.map(str::to_owned),
                    });
                }
            }
        }
        lines
    }

    /// What must be kept out of everything that is shown.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::of(self);
        for text in &self.texts {
            secrets.add(text.expose());
            secrets.add(text.expose().trim());
        }
        secrets
    }

    /// The variable of the environment to set for the key.
    pub(crate) fn key_variable(&self) -> Option<&str> {
        let name = self.kind.key_name();
        self.variables
            .iter()
            .find(|(other, _)| other.replace('_', "-") == name)
            .map(|(_, variable)| variable.as_str())
            .or_else(|| self.kind.key_variables().first().copied())
    }
}

impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Settings and options may hold what came out of the environment: names only.
        let names = |map: &Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
        f.debug_struct("ProviderConfig")
            .field("id", &self.id())
            .field("model", &self.model())
            .field("credentials", &self.credentials)
            .field("settings", &names(&self.settings))
            .field("options", &names(&self.options))
            .finish_non_exhaustive()
    }
}

/// Values that came out of the environment.
fn collect(value: &Value, original: Option<&Value>, found: &mut Vec<SecretString>) {
    match (value, original) {
        (Value::String(text), Some(Value::String(placed)))
            if text != placed && is_placeholder(placed).is_some() =>
        {
            found.push(SecretString::new(text.clone()));
        }
        (Value::Object(map), Some(Value::Object(placed))) => {
            for (key, value) in map {
                collect(value, placed.get(key), found);
            }
        }
        (Value::Array(list), Some(Value::Array(placed))) => {
            for (value, placed) in list.iter().zip(placed) {
                collect(value, Some(placed), found);
            }
        }
        _ => {}
    }
}

fn missing(what: &str) -> ModelError {
    ModelError::new(ErrorClass::Load, "provider", what).hint(
        "give it `provider: {id: …, settings: {model: …}}`, or choose one with --provider and --model",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dashes_and_underscores_are_one_except_for_two_in_compat() {
        for id in ["openai", "anthropic", "mistral", "google"] {
            let kind = ProviderKind::parse(id).unwrap();
            let written = kind.key_name().replace('-', "_");
            let config = ProviderConfig::from_provider(
                &json!({"id": id, "credentials": {written: "k-123"}}),
            )
            .unwrap();
            assert!(config.key().is_some(), "{id}");
            let strict = matches!(id, "openai" | "anthropic");
            let config = config.with_profile(Profile::Compat);
            assert_eq!(config.key().is_none(), strict, "{id}");
            assert_eq!(!config.warnings().is_empty(), strict, "{id}");
        }
    }

    #[test]
    fn nothing_of_the_environment_is_in_debug_output() {
        let value = json!({"provider": {"id": "http", "credentials": {"api-key": "planted-1"},
            "options": {"headers": {"x-token": "planted-2"}}, "settings": {"x": "planted-3"}}});
        let original = json!({"provider": {"id": "http", "credentials": {"api-key": "ENV/A"},
            "options": {"headers": {"x-token": "ENV/B"}}, "settings": {"x": "ENV-C"}}});
        let config = ProviderConfig::from_cartridge(&value)
            .unwrap()
            .with_placeholders(&original);
        assert!(!format!("{config:?} {config:#?}").contains("planted"));
        let shown = config.secrets().hide("a planted-1 b planted-2 c planted-3");
        assert_eq!(shown, "a *** b *** c ***");
        assert_eq!(config.key_variable(), Some("A"));
    }

    #[test]
    fn a_cartridge_without_a_provider_says_what_to_write() {
        for cartridge in [
            json!({}),
            json!({"provider": 3}),
            json!({"provider": {}}),
            json!({"provider": {"id": 1}}),
        ] {
            let error = ProviderConfig::from_cartridge(&cartridge).unwrap_err();
            assert_eq!(error.class, ErrorClass::Load);
            assert!(error.to_string().contains("--provider"), "{error}");
        }
    }

    #[test]
    fn empty_credentials_are_no_credentials() {
        let config = ProviderConfig::from_provider(
            &json!({"id": "openai", "credentials": {"access-token": " ", "address": null}}),
        )
        .unwrap();
        assert!(config.key().is_none() && config.address().is_none());
    }
}
