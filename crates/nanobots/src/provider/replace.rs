//! Another provider for a cartridge, without editing it.
//!
//! A cartridge's [`ProviderConfig`] and a [`ProviderOverride`] (from `botsmith.yaml`, or `--provider`
//! and `--model`) -> the configuration to use. Settings that have a meaning on both sides keep it in
//! the new provider's words; keys of the old vendor are never sent to another address.

use std::collections::BTreeMap;

use botsmith_core::SecretString;
use botsmith_core::chat::{ErrorClass, ModelError};
use botsmith_core::hint;
use serde_json::{Map, Value};

use super::{ProviderConfig, ProviderKind, sampling, settings};
use crate::Cartridge;

/// What to use in place of what a cartridge says.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProviderOverride {
    /// Another provider.
    pub id: Option<ProviderKind>,
    /// Another model.
    pub model: Option<String>,
    /// Another address: a local server, a gateway.
    pub address: Option<String>,
    /// Credentials for it; they win over the environment.
    pub credentials: BTreeMap<String, SecretString>,
    /// Settings in the new provider's words; they win over the cartridge's.
    pub settings: Map<String, Value>,
    /// Options; they win over the cartridge's.
    pub options: Map<String, Value>,
}

impl std::fmt::Debug for ProviderOverride {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderOverride")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl ProviderOverride {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.id.is_none()
            && self.model.is_none()
            && self.address.is_none()
            && self.credentials.is_empty()
            && self.settings.is_empty()
            && self.options.is_empty()
    }

    /// Whether it names another address than the cartridge's.
    pub(crate) fn moves_address(&self) -> bool {
        self.address.is_some() || self.credentials.contains_key("address")
    }

    /// Reads a map with any of `id`, `model`, `address`, `credentials`, `settings`, `options`.
    ///
    /// # Errors
    /// [`ErrorClass::Request`] for an unknown key or a value of the wrong kind;
    /// [`ErrorClass::Unsupported`] for an unknown id.
    pub fn from_value(value: &Value) -> Result<Self, ModelError> {
        const KEYS: [&str; 6] = [
            "id",
            "model",
            "address",
            "credentials",
            "settings",
            "options",
        ];
        let wrong = |what: String| ModelError::new(ErrorClass::Request, "provider", what);
        let Value::Object(map) = value else {
            return Err(wrong("a provider's override is a map".into()));
        };
        let mut over = Self::default();
        for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            let text = || {
                value
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| wrong(format!("`{key}` is no text")))
            };
            let inner = || {
                value
                    .as_object()
                    .cloned()
                    .ok_or_else(|| wrong(format!("`{key}` is no map")))
            };
            match key.as_str() {
                "id" => over.id = Some(ProviderKind::parse(&text()?)?),
                "model" => over.model = Some(text()?),
                "address" => over.address = Some(text()?),
                "settings" => over.settings = inner()?,
                "options" => over.options = inner()?,
                "credentials" => {
                    for (name, value) in inner()? {
                        if let Some(value) = value.as_str().filter(|text| !text.trim().is_empty()) {
                            over.credentials.insert(name, SecretString::new(value));
                        }
                    }
                }
                _ => {
                    let error = wrong(format!("unknown key `{}`", hint::shown(key)));
                    return Err(match hint::nearest(key, KEYS) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint(format!("an override takes {}", hint::list(KEYS))),
                    });
                }
            }
        }
        Ok(over)
    }

    /// The configuration to use for a cartridge that says `config`, or nothing that can be used.
    /// `environment` gives the variables that usually hold a provider's key and address.
    ///
    /// ```
    /// use botsmith_nanobots::provider::{ProviderConfig, ProviderKind, ProviderOverride};
    /// use serde_json::json;
    /// let cohere = ProviderConfig::from_provider(&json!({"id": "cohere",
    ///     "credentials": {"api-key": "co-secret"}, "settings": {"model": "command", "p": 0.9}})).unwrap();
    /// let over = ProviderOverride::from_value(&json!({"id": "ollama", "model": "llama3.2"})).unwrap();
    /// let here = over.apply(Some(cohere), &|_| None).unwrap();
    /// assert_eq!((here.id(), here.model()), ("ollama", Some("llama3.2")));
    /// assert_eq!(here.settings()["options"], json!({"top_p": 0.9}));
    /// assert!(here.key().is_none());
    /// ```
    ///
    /// # Errors
    /// [`ErrorClass::Load`] if neither names a provider.
    pub fn apply(
        &self,
        config: Option<ProviderConfig>,
        environment: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<ProviderConfig, ModelError> {
        let mut new = match (config, self.id) {
            (Some(old), Some(kind)) if kind != old.kind => moved(&old, kind),
            (Some(old), _) => old,
            (None, Some(kind)) => ProviderConfig::new(kind),
            (None, None) => {
                return Err(
                    ModelError::new(ErrorClass::Load, "provider", "no provider is named")
                        .hint("choose one with --provider and --model"),
                );
            }
        };
        if let Some(address) = &self.address {
            // The cartridge's keys are for the cartridge's address.
            new.credentials
                .retain(|name, _| super::credentials::is_plain(name));
            new.credentials.remove("address");
            new.credentials
                .insert("address".into(), SecretString::new(address.clone()));
        }
        for (name, value) in &self.credentials {
            let same = |other: &str| other.replace('_', "-") == name.replace('_', "-");
            new.credentials.retain(|other, _| !same(other));
            new.credentials
                .insert(name.replace('_', "-"), value.clone());
        }
        if self.id.is_some() && self.address.is_none() {
            fill(&mut new, environment);
        }
        settings::merge(&mut new.settings, &self.settings);
        settings::merge(&mut new.options, &self.options);
        if let Some(model) = &self.model {
            let place = match new.kind {
                ProviderKind::Google => &mut new.options,
                _ => &mut new.settings,
            };
            place.insert("model".into(), Value::from(model.as_str()));
        }
        Ok(new)
    }
}

impl ProviderOverride {
    /// The configuration to use for a cartridge, which may have no provider of its own, or one that
    /// this implementation does not know, as long as another one is named here.
    ///
    /// # Errors
    /// As [`ProviderConfig::of`], where it is needed, and [`apply`](Self::apply).
    pub fn apply_to(
        &self,
        cartridge: &Cartridge,
        environment: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<ProviderConfig, ModelError> {
        let own = match ProviderConfig::of(cartridge) {
            Ok(own) => Some(own),
            Err(_) if self.id.is_some() => None,
            Err(error) => return Err(error),
        };
        let new = self.apply(own, environment)?;
        Ok(new.with_profile(cartridge.profile()))
    }
}

/// The old settings in the new provider's words.
fn moved(old: &ProviderConfig, kind: ProviderKind) -> ProviderConfig {
    let mut new = ProviderConfig::new(kind).with_profile(old.profile);
    sampling::write(
        kind,
        &sampling::read(old.kind, &old.settings),
        &mut new.settings,
    );
    new.output = sampling::output(old.kind, &old.settings);
    if !old.streams() {
        let place = match kind {
            ProviderKind::Google | ProviderKind::Maritaca => &mut new.options,
            _ => &mut new.settings,
        };
        place.insert("stream".into(), Value::Bool(false));
    }
    new
}

/// Key and address out of the usual variables, where nothing is said about them.
fn fill(config: &mut ProviderConfig, environment: &dyn Fn(&str) -> Option<SecretString>) {
    let kind = config.kind;
    let first = |names: &[&'static str]| {
        names.iter().find_map(|name| {
            let value = environment(name)?;
            (!value.expose().trim().is_empty()).then_some((*name, value))
        })
    };
    if config.address().is_none()
        && let Some((_, address)) = first(kind.address_variables())
    {
        config.credentials.insert("address".into(), address);
    }
    if config.key().is_none()
        && let Some((name, key)) = first(kind.key_variables())
    {
        config.credentials.insert(kind.key_name().into(), key);
        config.variables.insert(kind.key_name().into(), name.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(provider: &Value) -> ProviderConfig {
        ProviderConfig::from_provider(provider).unwrap()
    }

    fn over(value: &Value) -> ProviderOverride {
        ProviderOverride::from_value(value).unwrap()
    }

    #[test]
    fn a_cartridge_moves_with_its_settings_and_without_its_keys() {
        let google = config(
            &json!({"id": "google", "credentials": {"api-key": "g-secret"},
            "options": {"model": "gemini-pro", "stream": false},
            "settings": {"generationConfig": {"topK": 3, "maxOutputTokens": 9, "responseMimeType": "application/json"}}}),
        );
        let environment =
            |name: &str| (name == "OPENAI_API_KEY").then(|| SecretString::new("o-secret"));
        let new = over(&json!({"id": "openai", "model": "gpt-4o"}))
            .apply(Some(google), &environment)
            .unwrap();
        assert_eq!(
            Value::Object(new.settings.clone()),
            json!({"top_k": 3, "max_tokens": 9, "stream": false, "model": "gpt-4o"})
        );
        assert_eq!(new.output, botsmith_core::chat::OutputFormat::Json);
        assert_eq!(new.key().unwrap().expose(), "o-secret");
        assert!(!new.streams());
    }

    #[test]
    fn another_address_never_gets_the_cartridge_s_key() {
        let old = json!({"id": "openai", "credentials": {"access-token": "sk-secret"},
            "settings": {"model": "gpt-4o"}});
        let new = over(&json!({"address": "http://localhost:8000"}))
            .apply(Some(config(&old)), &|_| {
                Some(SecretString::new("also-secret"))
            })
            .unwrap();
        assert_eq!(new.address(), Some("http://localhost:8000"));
        assert!(new.key().is_none());
        let own =
            json!({"address": "http://localhost:8000", "credentials": {"access_token": "mine"}});
        let new = over(&own).apply(Some(config(&old)), &|_| None).unwrap();
        assert_eq!(new.key().unwrap().expose(), "mine");
    }

    #[test]
    fn a_cartridge_whose_provider_nobody_knows_runs_on_another() {
        use crate::cartridge::Profile;
        for provider in [
            json!({"id": "palm", "settings": {"model": "x"}}),
            Value::Null,
        ] {
            let map = json!({"meta": {"name": "A"}, "provider": provider});
            let cartridge = Cartridge::from_value(&map, Profile::Compat).unwrap();
            let none = ProviderOverride::default().apply_to(&cartridge, &|_| None);
            assert!(none.is_err());
            let new = over(&json!({"id": "ollama", "model": "m"}))
                .apply_to(&cartridge, &|_| None)
                .unwrap();
            assert_eq!((new.model(), new.profile()), (Some("m"), Profile::Compat));
        }
    }

    #[test]
    fn only_the_model_may_change() {
        let old = config(
            &json!({"id": "google", "credentials": {"api-key": "g-secret"}, "options": {"model": "a"}}),
        );
        let new = over(&json!({"model": "b"}))
            .apply(Some(old), &|_| None)
            .unwrap();
        assert_eq!((new.model(), new.key().is_some()), (Some("b"), true));
    }

    #[test]
    fn a_wrong_key_has_its_nearest_word() {
        let error = ProviderOverride::from_value(&json!({"modle": "x"})).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `model`?"),
            "{error}"
        );
        let error = ProviderOverride::default()
            .apply(None, &|_| None)
            .unwrap_err();
        assert_eq!(error.class, ErrorClass::Load);
    }
}
