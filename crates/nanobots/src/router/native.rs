//! The router of a cartridge: its own provider, its `fallbacks`, `routing` and `cache`.
//!
//! What a cartridge says in, a model out. A cartridge without any of these gets a router too, for
//! retries and prices. A provider that cannot be made ready does not keep a cartridge from being
//! used if one of its fallbacks takes over after that failure; a fallback that cannot be is an error.

use std::sync::Arc;

use botsmith_core::chat::{
    BoxFuture, Call, ChatModel, ChatRequest, ChatResponse, ModelError, ModelInfo,
};
use serde_json::Value;

use super::{Router, RouterOptions, Rule, Target};
use crate::cartridge::{Native, Target as Chosen};
use crate::provider::{self, OpenOptions, ProviderConfig};

const OWN: &str = "own";

/// The model of a cartridge: `config` is its own provider, overridden or not; `native` what stands under
/// `botsmith:`; `options` how the router works where the cartridge is silent. Answers are kept only
/// where the cartridge wants it and [`RouterOptions::cache`] is there.
///
/// ```
/// use botsmith_nanobots::provider::{OpenOptions, ProviderConfig};
/// use botsmith_nanobots::router::{self, RouterOptions};
/// use botsmith_nanobots::cartridge::Native;
/// let provider = serde_json::json!({"id": "script", "settings": {"otherwise": "Hi!"}});
/// let config = ProviderConfig::from_provider(&provider).unwrap();
/// let router = router::open(&config, &Native::default(), &OpenOptions::default(), RouterOptions::default()).unwrap();
/// assert_eq!(router.targets().len(), 1);
/// ```
///
/// # Errors
/// What [`provider::open`] says.
pub fn open(
    config: &ProviderConfig,
    native: &Native,
    opening: &OpenOptions,
    mut options: RouterOptions,
) -> Result<Router, ModelError> {
    let texts = config.texts();
    let other = |provider: &Value, original: &Value| -> Result<Target, ModelError> {
        let config = ProviderConfig::from_provider(provider)?
            .with_profile(config.profile())
            .with_provider_placeholders(original)
            .with_texts(texts.clone());
        Ok(Target::configured(
            provider::open(&config, opening)?,
            &config,
        ))
    };
    let own = match provider::open(config, opening) {
        Ok(model) => model,
        Err(error) => {
            let mut fallbacks = native.fallbacks.iter();
            match fallbacks.any(|fallback| fallback.on.contains(&error.class)) {
                true => Arc::new(Unready::new(config, error)),
                false => return Err(error),
            }
        }
    };
    let mut targets = vec![Target::configured(own, config).named(OWN)];
    for (at, fallback) in native.fallbacks.iter().enumerate() {
        let target = other(&fallback.provider, &fallback.original)?.named(fallback_name(at));
        targets.push(target.after(fallback.on.clone()));
    }
    for (at, route) in native.routing.iter().enumerate() {
        let target = match &route.target {
            Chosen::Own => OWN.to_owned(),
            Chosen::Fallback(at) => fallback_name(*at),
            Chosen::Provider { provider, original } => {
                let name = format!("routing-{}", at + 1);
                let target = other(provider, original)?.named(&name);
                targets.push(target.only_by_rule());
                name
            }
        };
        options.rules.push(Rule {
            longer_than: route.when.input_longer_than,
            shorter_than: route.when.input_shorter_than,
            languages: route.when.languages.clone(),
            tags: route.when.tags.clone(),
            target,
        });
    }
    options.cache_mode = native.cache.mode;
    options.cache_ttl = native.cache.ttl.or(options.cache_ttl);
    Router::new(targets, options)
}

fn fallback_name(at: usize) -> String {
    format!("fallback-{}", at + 1)
}

/// A provider that could not be made ready: fails as it did then.
#[derive(Debug)]
struct Unready {
    info: ModelInfo,
    error: ModelError,
}

impl Unready {
    fn new(config: &ProviderConfig, error: ModelError) -> Self {
        let mut info = ModelInfo::new(config.id(), config.model().unwrap_or_default());
        // It takes nothing away from what those that answer in its place can do.
        info.tools = true;
        info.json_schema = true;
        info.consecutive_user = true;
        Self { info, error }
    }
}

impl ChatModel for Unready {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        _request: &'a ChatRequest,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(std::future::ready(Err(self.error.clone())))
    }
}
