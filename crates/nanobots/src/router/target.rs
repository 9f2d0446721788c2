//! A target of a router: a model, and how the router treats it.

use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{ChatModel, ChatRequest, ErrorClass, Sampling};
use serde_json::Value;

use super::Limiter;
use crate::provider::ProviderConfig;

/// A model that a router may ask.
#[derive(Clone)]
#[non_exhaustive]
pub struct Target {
    /// Its name, for rules; unique in a router.
    pub name: String,
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// The model's name to ask for in place of the provider's own.
    pub ask_for: Option<String>,
    /// How long one attempt may take; `None`: as long as the call.
    pub timeout: Option<Duration>,
    /// Bounds on its use, shared with whoever else uses it.
    pub limiter: Option<Arc<Limiter>>,
    /// Failures of the one asked before it after which it is asked; `None`: those of
    /// [`RouterOptions::on`](super::RouterOptions::on).
    pub on: Option<Vec<ErrorClass>>,
    /// Whether it is asked when others fail; else only where a rule sends a request to it.
    pub fallback: bool,
    /// What the model adds to each request by itself, and where it sends it. Answers of targets that
    /// differ in this are not taken for one another. Never shown.
    pub settings: Value,
    /// What those settings say about how tokens are chosen.
    pub sampling: Sampling,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Settings may hold what came out of the environment.
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("model", &self.model)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// A target named after its provider and model.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use botsmith_core::chat::{ChatResponse, FnModel};
    /// use botsmith_nanobots::router::Target;
    /// let model = FnModel::new("parrot", |_, _| async { Ok(ChatResponse::text("Hi!")) });
    /// assert_eq!(Target::new(Arc::new(model)).name, "function/parrot");
    /// ```
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        let info = model.info();
        Self {
            name: format!("{}/{}", info.provider, info.model),
            model,
            ask_for: None,
            timeout: None,
            limiter: None,
            on: None,
            fallback: true,
            settings: Value::Null,
            sampling: Sampling::default(),
        }
    }

    /// The target of a model that was opened with `config`.
    pub fn configured(model: Arc<dyn ChatModel>, config: &ProviderConfig) -> Self {
        Self {
            settings: serde_json::json!({
                "settings": config.settings(),
                "options": config.options(),
                "address": config.address(),
            }),
            sampling: config.sampling(),
            ..Self::new(model)
        }
    }

    /// The same target under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same target, asked for another model.
    #[must_use]
    pub fn asking_for(mut self, model: impl Into<String>) -> Self {
        self.ask_for = Some(model.into());
        self
    }

    /// The same target, where one attempt may take so long.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// The same target, bound by `limiter`.
    #[must_use]
    pub fn limited(mut self, limiter: Arc<Limiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// The same target, asked after failures of these classes.
    #[must_use]
    pub fn after(mut self, on: Vec<ErrorClass>) -> Self {
        self.on = Some(on);
        self
    }

    /// The same target, asked only where a rule sends a request to it.
    #[must_use]
    pub fn only_by_rule(mut self) -> Self {
        self.fallback = false;
        self
    }

    /// The request as this target gets it. What is in the words of the first target's provider (its
    /// model's name, its own settings) goes to no other provider.
    pub(super) fn request(&self, request: &ChatRequest, first: &Self) -> ChatRequest {
        let mut asked = request.clone();
        if self.model.info().provider != first.model.info().provider {
            asked.native.clear();
        }
        if self.name != first.name {
            asked.model = None;
        }
        if self.ask_for.is_some() {
            asked.model.clone_from(&self.ask_for);
        }
        asked
    }

    /// The model's name that is asked for.
    pub(super) fn asked_model(&self, request: &ChatRequest) -> String {
        let named = request.model.as_ref();
        named.unwrap_or(&self.model.info().model).clone()
    }
}
