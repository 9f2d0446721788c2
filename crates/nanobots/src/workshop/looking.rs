//! What a person should know of a cartridge before its bot is asked, as a workshop uses it.
//!
//! A cartridge in; warnings with their places out, about all providers that would be asked and about tools
//! that cannot run, and notes on what the workshop changes of it. Nothing is sent, and no file of a model
//! is read.

use botsmith_core::Diagnostic;
use botsmith_core::chat::ModelError;
use botsmith_core::hint::shown;
use serde_json::Value;

use super::Workshop;
use crate::cartridge::{Cartridge, MOST_WARNINGS, Named, Role};
use crate::provider::{self, ProviderConfig, ProviderKind};

impl Workshop {
    /// What looks like a mistake in a cartridge, as this workshop uses it: also in the settings of every
    /// provider that it names, except of those that are not asked because another one is, and tools that
    /// no call could run.
    pub fn warnings(&self, cartridge: &Cartridge) -> Vec<Diagnostic> {
        let own = cartridge.warnings().iter();
        // What is not set for a provider that is not asked keeps nobody from asking.
        let asked = |at: &&Diagnostic| self.asks(at.field.as_deref().unwrap_or_default());
        let mut warnings: Vec<Diagnostic> = own.filter(asked).cloned().collect();
        let known: Vec<String> = warnings.iter().filter_map(|at| at.field.clone()).collect();
        let providers = cartridge.providers();
        for named in &providers {
            if warnings.len() >= MOST_WARNINGS + known.len() {
                return warnings;
            }
            if !self.asks(&named.path.join(".")) {
                continue;
            }
            match (named.role, named.written, named.id()) {
                // Laid over the judge's own, it says only a part.
                (Role::Judge, _, Some(id)) => {
                    if let Err(error) = ProviderKind::parse(id) {
                        warnings.push(at(cartridge, named, &["id"], &error));
                    }
                }
                (Role::Judge, ..) => {}
                _ => self.provider_warnings(cartridge, named, &providers, &known, &mut warnings),
            }
        }
        tools(cartridge, &mut warnings);
        warnings
    }

    /// What this workshop leaves out of a cartridge, in words for its user.
    pub fn notes(&self, cartridge: &Cartridge) -> Vec<String> {
        let native = cartridge.native();
        let left = [
            ("fallbacks", native.fallbacks.is_empty()),
            ("routing", native.routing.is_empty()),
        ];
        let left: Vec<&str> = left.iter().filter(|at| !at.1).map(|at| at.0).collect();
        match self.leaves_vendor() && !left.is_empty() {
            true => vec![format!(
                "`{}` of the cartridge {} left out: another provider is asked in place of its own",
                left.join("` and `"),
                if left == ["fallbacks"] || left.len() > 1 {
                    "are"
                } else {
                    "is"
                },
            )],
            false => Vec::new(),
        }
    }

    /// Whether the provider at this place would be asked.
    fn asks(&self, field: &str) -> bool {
        let below = |place: &str| field.starts_with(place);
        if below("provider.") || field == "provider" {
            return self.replacement().is_ok_and(|over| over.id.is_none());
        }
        let beside = below("botsmith.fallbacks.") || below("botsmith.routing.");
        !(beside && self.leaves_vendor())
    }

    fn provider_warnings(
        &self,
        cartridge: &Cartridge,
        named: &Named<'_>,
        all: &[Named<'_>],
        known: &[String],
        warnings: &mut Vec<Diagnostic>,
    ) {
        let config = match ProviderConfig::from_provider(named.real) {
            Ok(config) => config.with_profile(cartridge.profile()),
            // The variable that names it is not set, or it is no map, which is said already.
            Err(_) if named.real["id"].is_null() && named.id().is_some() => return,
            Err(_) if !named.written.is_object() => return,
            Err(error) => {
                warnings.push(at(cartridge, named, &["id"], &error));
                return;
            }
        };
        let place = |path: &[String]| [&named.path[..], path].concat();
        for found in config.warnings() {
            let path = place(&found.path);
            // The schema of cartridges has told of it already.
            if known.contains(&path.join(".")) || known.contains(&place(&found.path[..1]).join("."))
            {
                continue;
            }
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let warning = cartridge.diagnostic(&path, found.message);
            warnings.push(match found.near {
                Some(near) => warning.hint(format!("did you mean `{near}`?")),
                None => warning,
            });
        }
        // A recorded provider that cannot be read is told of at its own place.
        let inner = place(&["settings".into(), "provider".into()]);
        let unread = all.iter().find(|other| other.path == inner);
        if unread.is_some_and(|inner| ProviderConfig::from_provider(inner.real).is_err()) {
            return;
        }
        let mut opening = self.opening(cartridge);
        // Whether programs may start is another question than whether this one could.
        opening.allow_commands = true;
        if let Err(error) = provider::usable(&config, &opening) {
            let part = match config.kind() {
                ProviderKind::Google => "credentials",
                _ => "settings",
            };
            warnings.push(at(cartridge, named, &[part], &error));
        }
    }
}

/// An error of a provider as a warning at its place.
fn at(cartridge: &Cartridge, named: &Named<'_>, part: &[&str], error: &ModelError) -> Diagnostic {
    let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
    let path = match named.written {
        Value::Object(_) => [&path[..], part].concat(),
        _ => path,
    };
    let warning = cartridge.diagnostic(&path, error.message.clone());
    match &error.hint {
        Some(hint) => warning.hint(hint.clone()),
        None => warning,
    }
}

/// Tools that a model could call and that no call could run.
fn tools(cartridge: &Cartridge, warnings: &mut Vec<Diagnostic>) {
    let tools = cartridge.fetch(&["tools"]).and_then(Value::as_array);
    let most = warnings.len() + MOST_WARNINGS;
    for (at, tool) in tools.into_iter().flatten().enumerate() {
        if warnings.len() >= most {
            return;
        }
        let languages: Vec<&str> = ["lua", "fennel", "clojure"]
            .into_iter()
            .filter(|language| !tool[*language].is_null())
            .collect();
        let name = shown(tool["name"].as_str().unwrap_or_default());
        let (key, message) = match languages.as_slice() {
            ["lua" | "fennel"] => continue,
            ["clojure"] => (
                Some("clojure"),
                format!("tool `{name}` is in Clojure, which is not run here"),
            ),
            [] => (None, format!("tool `{name}` has no code, so it cannot run")),
            several => (
                None,
                format!(
                    "tool `{name}` has code in {}: it runs in none",
                    botsmith_core::hint::list(several.iter().copied())
                ),
            ),
        };
        let at = at.to_string();
        let path: Vec<&str> = ["tools", at.as_str()].into_iter().chain(key).collect();
        let hint = "write its code once, under `lua` or `fennel`";
        warnings.push(cartridge.diagnostic(&path, message).hint(hint));
    }
}
