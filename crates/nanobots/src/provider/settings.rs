//! Which settings of a cartridge reach a provider's request, and how maps of settings are merged.
//!
//! `provider.settings` and `provider.options` -> the part of the body that is no conversation. In
//! profile `compat` exactly the keys that the reference implementation sends; in `native` all of
//! them, with a warning for each that this file does not know.

mod known;

use botsmith_core::hint;
use serde_json::{Map, Value, json};

use self::known::{nested, newer, reference};
use super::{ProviderConfig, ProviderKind};
use crate::cartridge::{MOST_WARNINGS, Profile};

/// The settings that go into a request's body, without conversation, tools and defaults.
pub(super) fn sent(config: &ProviderConfig) -> Map<String, Value> {
    let compat = config.profile == Profile::Compat;
    let mut body = Map::new();
    for (key, value) in &config.settings {
        let unsent = match config.kind {
            // Sent as the end user of the request, never in the clear.
            ProviderKind::OpenAi => key == "user",
            // Part of the address.
            ProviderKind::Google => key == "model" || key == "stream",
            _ => false,
        };
        let known = reference(config.kind).is_none_or(|keys| keys.contains(&key.as_str()));
        if value.is_null() || unsent || (compat && !known) {
            continue;
        }
        let value = match (nested(config.kind, key), value) {
            (Some((known, sent)), Value::Object(inner)) => {
                let kept: Map<_, _> = inner
                    .iter()
                    .filter(|(key, value)| {
                        !value.is_null() && (!compat || known[..sent].contains(&key.as_str()))
                    })
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                if kept.is_empty() {
                    continue;
                }
                Value::Object(kept)
            }
            _ if compat && config.kind == ProviderKind::Google && key == "safetySettings" => {
                match value.as_array() {
                    Some(list) => list.iter().map(category_and_threshold).collect(),
                    None => continue,
                }
            }
            _ => value.clone(),
        };
        body.insert(key.clone(), value);
    }
    if config.kind == ProviderKind::Google {
        let generation = body.entry("generationConfig").or_insert_with(|| json!({}));
        if let Value::Object(generation) = generation {
            generation
                .entry("candidateCount")
                .or_insert_with(|| json!(1));
        }
    }
    body
}

fn category_and_threshold(setting: &Value) -> Value {
    let mut kept = Map::new();
    for key in ["category", "threshold"] {
        if let Some(value) = setting.get(key) {
            kept.insert(key.into(), value.clone());
        }
    }
    Value::Object(kept)
}

/// What looks like a mistake in what a cartridge says of its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderWarning {
    /// Where it stands below `provider`: `["settings", "temprature"]`.
    pub path: Vec<String>,
    /// What is wrong, and what happens to it.
    pub message: String,
    /// The nearest word that is known.
    pub near: Option<String>,
}

/// Each setting that is unknown: what happens to it, and the nearest known one.
pub(super) fn warnings(config: &ProviderConfig) -> Vec<ProviderWarning> {
    let Some(known) = reference(config.kind) else {
        return Vec::new();
    };
    let all: Vec<&str> = known.iter().chain(newer(config.kind)).copied().collect();
    let mut lines = Vec::new();
    for (key, value) in &config.settings {
        // Each looks for the nearest of many words: more of them help nobody.
        if lines.len() >= MOST_WARNINGS {
            break;
        }
        if !all.contains(&key.as_str()) {
            lines.push(unknown(config, &[key], &all));
        } else if config.profile == Profile::Compat
            && !known.contains(&key.as_str())
            && (config.kind != ProviderKind::OpenAi || key != "user")
        {
            lines.push(ProviderWarning {
                path: vec!["settings".into(), key.clone()],
                message: format!("`{key}` is left out in profile `compat`, as the reference does"),
                near: None,
            });
        }
        if let (Some((known, _)), Value::Object(inner)) = (nested(config.kind, key), value) {
            let odd = inner.keys().filter(|name| !known.contains(&name.as_str()));
            for name in odd.take(MOST_WARNINGS - lines.len()) {
                lines.push(unknown(config, &[key, name], known));
            }
        }
    }
    lines
}

fn unknown(config: &ProviderConfig, keys: &[&str], known: &[&str]) -> ProviderWarning {
    let last = keys.last().copied().unwrap_or_default();
    let fate = match config.profile {
        Profile::Compat => "it is left out",
        Profile::Native => "it is sent as it is",
    };
    ProviderWarning {
        path: std::iter::once("settings")
            .chain(keys.iter().copied())
            .map(str::to_owned)
            .collect(),
        message: format!(
            "`{}` is no known setting of {}; {fate}",
            hint::shown(last),
            config.kind
        ),
        near: hint::nearest(last, known.iter().copied()).map(str::to_owned),
    }
}

/// The options that ollama knows.
#[cfg(all(test, feature = "engine"))]
pub(super) fn ollama_options() -> &'static [&'static str] {
    &known::OLLAMA_OPTIONS
}

/// Puts `over` into `under`, maps into maps; what `over` says wins, and its nulls take away.
pub(super) fn merge(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => merge(inner, more),
            (_, Value::Null) => {
                under.remove(key);
            }
            _ => {
                under.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(provider: &Value, profile: Profile) -> ProviderConfig {
        ProviderConfig::from_provider(provider)
            .unwrap()
            .with_profile(profile)
    }

    #[test]
    fn compat_sends_what_the_reference_sends_and_native_all() {
        let cases = [
            (
                json!({"id": "ollama", "settings": {"model": "m", "options": {"temperature": 0.5, "bogus": 1}}}),
                json!({"model": "m", "options": {"temperature": 0.5}}),
                json!({"model": "m", "options": {"temperature": 0.5, "bogus": 1}}),
            ),
            (
                json!({"id": "openai", "settings": {"model": "m", "user": "u", "service_tier": "flex", "stop": null}}),
                json!({"model": "m"}),
                json!({"model": "m", "service_tier": "flex"}),
            ),
            (
                json!({"id": "google", "settings": {"generationConfig": {"topK": 3, "seed": 1},
                    "safetySettings": [{"category": "A", "threshold": "B", "more": 1}], "x": 1}}),
                json!({"generationConfig": {"topK": 3, "candidateCount": 1},
                    "safetySettings": [{"category": "A", "threshold": "B"}]}),
                json!({"generationConfig": {"topK": 3, "seed": 1, "candidateCount": 1},
                    "safetySettings": [{"category": "A", "threshold": "B", "more": 1}], "x": 1}),
            ),
        ];
        for (provider, compat, native) in cases {
            let sent_by = |profile| Value::Object(sent(&config(&provider, profile)));
            assert_eq!(sent_by(Profile::Compat), compat);
            assert_eq!(sent_by(Profile::Native), native);
        }
    }

    #[test]
    fn unknown_settings_are_named_with_the_nearest_known_one() {
        let provider =
            json!({"id": "ollama", "settings": {"modell": "m", "options": {"temprature": 1}}});
        let found = warnings(&config(&provider, Profile::Native));
        let told: Vec<_> = found
            .iter()
            .map(|at| (at.path.join("."), at.message.as_str(), at.near.as_deref()))
            .collect();
        let fate = "is no known setting of ollama; it is sent as it is";
        assert_eq!(
            told,
            [
                (
                    "settings.modell".to_owned(),
                    &*format!("`modell` {fate}"),
                    Some("model")
                ),
                (
                    "settings.options.temprature".to_owned(),
                    &*format!("`temprature` {fate}"),
                    Some("temperature")
                ),
            ]
        );
    }

    #[test]
    fn maps_merge_into_maps() {
        let mut under = json!({"a": {"b": 1, "c": 2}, "d": 3})
            .as_object()
            .cloned()
            .unwrap();
        let over = json!({"a": {"b": 9}, "d": null, "e": [1]})
            .as_object()
            .cloned()
            .unwrap();
        merge(&mut under, &over);
        assert_eq!(
            Value::Object(under),
            json!({"a": {"b": 9, "c": 2}, "e": [1]})
        );
    }
}
