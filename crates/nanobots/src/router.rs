//! Several models behind one: retries, fallbacks, rests, routes, a cache of answers, prices.
//!
//! A request in, the answer of the first target that gives one out, with every attempt on
//! [`ChatResponse::hops`]. A [`Rule`] may choose who is asked first. A target that fails in a way that
//! may pass is asked again ([`Retry`]), then the next one is, if the class of the failure is one of
//! [`RouterOptions::on`]; once a piece of the answer has been handed on, nobody else is asked, since
//! nobody could take it back. A target that keeps failing rests ([`Cooldown`]). Answers that would be
//! the same again come from the [`AnswerCache`]. All waits end with the call's deadline and its
//! cancel token; tokio's time driver must run.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use botsmith_core::chat::{Call, ChatModel, ChatRequest, Message};
//! use botsmith_nanobots::provider::ScriptModel;
//! use botsmith_nanobots::router::{Router, RouterOptions, Target};
//! use serde_json::json;
//! let model = |settings| Arc::new(ScriptModel::from_settings(&settings).unwrap());
//! let targets = vec![
//!     Target::new(model(json!({"model": "large", "otherwise": {"fail": "context-too-long"}}))),
//!     Target::new(model(json!({"model": "small", "otherwise": "Hi!"}))),
//! ];
//! let router = Router::new(targets, RouterOptions::default()).unwrap();
//! let request = ChatRequest::new(vec![Message::user("Hello!")]);
//! let answer = router.chat(&request, &Call::default()).await.unwrap();
//! assert_eq!((answer.text.as_str(), answer.model.as_str()), ("Hi!", "small"));
//! assert_eq!(answer.hops.len(), 2);
//! # });
//! ```

mod attempt;
mod cache;
mod cooldown;
mod flight;
mod language;
mod limits;
mod native;
mod options;
mod prices;
mod retry;
mod rules;
mod target;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use botsmith_core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass, Hop,
    ModelError, ModelInfo,
};
use tokio::time::Instant;

use crate::provider::bounds::Bounds;
use crate::provider::pieces::{Out, pieces};
use cooldown::{Admit, Breaker};
use flight::Place;

pub use cache::{AnswerCache, CacheBound, CacheMode, CacheStats};
pub use cooldown::Cooldown;
pub use language::{CommonWords, DetectLanguage};
pub use limits::{Limiter, Limits, Permit};
pub use native::open;
pub use options::RouterOptions;
pub use prices::Prices;
pub use retry::Retry;
pub use rules::Rule;
pub use target::Target;

/// Several models behind one.
#[derive(Debug)]
pub struct Router {
    info: ModelInfo,
    targets: Vec<Target>,
    breakers: Vec<Mutex<Breaker>>,
    options: RouterOptions,
    rng: Mutex<fastrand::Rng>,
}

/// One asking: what bounds it, where its pieces go, and what happened so far.
struct Asking<'a> {
    call: &'a Call,
    bounds: Bounds,
    out: Option<&'a Out>,
    /// Whether a piece has been handed on.
    began: bool,
    hops: Vec<Hop>,
}

impl Router {
    /// A router over `targets`; the first is asked first where no rule says otherwise.
    ///
    /// # Errors
    /// Class `load` without targets, with two of one name, or with a rule to a target that is not
    /// there.
    pub fn new(targets: Vec<Target>, options: RouterOptions) -> Result<Self, ModelError> {
        let wrong = |message: String| ModelError::new(ErrorClass::Load, "router", message);
        let Some(first) = targets.first() else {
            return Err(wrong("a router needs at least one target".into()));
        };
        let names: Vec<_> = targets.iter().map(|target| target.name.as_str()).collect();
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(wrong(format!("two targets are named `{name}`"))
                    .hint("give each a name of its own"));
            }
        }
        for rule in &options.rules {
            if !names.contains(&rule.target.as_str()) {
                let near = botsmith_core::hint::nearest(&rule.target, names.iter().copied());
                let error = wrong(format!(
                    "a rule names target `{}`, which is not there",
                    rule.target
                ));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("there are {}", botsmith_core::hint::list(names))),
                });
            }
        }
        let infos = || targets.iter().map(|target| target.model.info());
        let mut info = first.model.info().clone();
        info.streams = infos().any(|info| info.streams);
        info.tools = infos().all(|info| info.tools);
        info.json_schema = infos().all(|info| info.json_schema);
        info.consecutive_user = infos().all(|info| info.consecutive_user);
        info.deterministic = infos().all(|info| info.deterministic);
        info.remote = infos().any(|info| info.remote);
        info.scripted = infos().any(|info| info.scripted);
        Ok(Self {
            info,
            breakers: targets.iter().map(|_| Mutex::default()).collect(),
            targets,
            options,
            rng: Mutex::new(fastrand::Rng::new()),
        })
    }

    /// The same router, drawing its jitter from `rng`.
    #[must_use]
    pub fn with_rng(mut self, rng: fastrand::Rng) -> Self {
        self.rng = Mutex::new(rng);
        self
    }

    /// The targets, in order.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// How it works.
    pub fn options(&self) -> &RouterOptions {
        &self.options
    }

    /// Who is asked for `request`, in order; targets that rest included.
    pub fn route(&self, request: &ChatRequest) -> Vec<&Target> {
        let order = self.order(request);
        order.into_iter().map(|at| &self.targets[at]).collect()
    }

    fn order(&self, request: &ChatRequest) -> Vec<usize> {
        let chosen = rules::choose(&self.options.rules, request, &*self.options.detect)
            .and_then(|name| self.targets.iter().position(|target| target.name == name));
        let first = chosen
            .or_else(|| self.targets.iter().position(|target| target.fallback))
            .unwrap_or(0);
        let rest = (0..self.targets.len()).filter(|at| *at != first && self.targets[*at].fallback);
        std::iter::once(first).chain(rest).collect()
    }

    fn breaker(&self, at: usize) -> MutexGuard<'_, Breaker> {
        self.breakers[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(
        &self,
        request: &ChatRequest,
        call: &Call,
        out: Option<&Out>,
    ) -> Result<ChatResponse, ModelError> {
        let mut asking = Asking {
            call,
            bounds: Bounds::of(call),
            out,
            began: false,
            hops: Vec::new(),
        };
        let order = self.order(request);
        let first = &self.targets[order[0]];
        let mut failed: Option<ModelError> = None;
        let mut resting = Vec::new();
        for &at in &order {
            if let Some(error) = &failed
                && !self.takes_over(at, error)
            {
                continue;
            }
            let mut probe = Probe(self, None);
            // A target alone is asked also when it should rest: there is nobody else.
            if order.len() > 1 {
                match self.breaker(at).admit(Instant::now()) {
                    Admit::Free => {}
                    Admit::Probe => probe.1 = Some(at),
                    Admit::Rests(left) => {
                        resting.push((left, at));
                        asking.hops.push(self.rest_hop(at, request, left));
                        continue;
                    }
                }
            }
            match self.target(at, first, request, &mut asking).await {
                Ok(response) => return Ok(self.finish(response, asking)),
                Err(error) if asking.began || asking.bounds.over() => {
                    return Err(summary(error, &asking));
                }
                Err(error) => {
                    // No words of the provider: they may repeat what was asked.
                    let provider = &self.targets[at].model.info().provider;
                    tracing::warn!("{provider}: no answer ({})", error.class.as_str());
                    failed = Some(error);
                }
            }
        }
        // Where all rest, asking the one that has rested longest beats asking nobody.
        if failed.is_none()
            && let Some((_, at)) = resting.into_iter().min()
        {
            match self.target(at, first, request, &mut asking).await {
                Ok(response) => return Ok(self.finish(response, asking)),
                Err(error) => failed = Some(error),
            }
        }
        let error = failed.unwrap_or_else(|| {
            ModelError::new(ErrorClass::Load, "router", "no target could be asked")
        });
        Err(summary(error, &asking))
    }

    /// Whether a target is asked after this failure of another one.
    fn takes_over(&self, at: usize, error: &ModelError) -> bool {
        let on = self.targets[at].on.as_ref().unwrap_or(&self.options.on);
        on.contains(&error.class)
    }

    /// The answer of one target: out of the cache, of another who asks the same, or its own.
    async fn target(
        &self,
        at: usize,
        first: &Target,
        request: &ChatRequest,
        asking: &mut Asking<'_>,
    ) -> Result<ChatResponse, ModelError> {
        let target = &self.targets[at];
        let asked = target.request(request, first);
        let Some((cache, key)) = self.cached(target, &asked) else {
            return self.attempts(at, &asked, asking).await;
        };
        loop {
            let start = Instant::now();
            if let Some(response) = cache.find(key, self.options.cache_ttl).await {
                return Ok(self.kept(target, &asked, response, start, asking).await);
            }
            match cache.flights.join(key) {
                Place::Lead(lead) => {
                    let outcome = self.attempts(at, &asked, asking).await;
                    if let Ok(response) = &outcome {
                        cache.keep(key, response).await;
                    }
                    lead.done(&outcome);
                    return outcome;
                }
                Place::Wait(wait) => {
                    let provider = &target.model.info().provider;
                    match asking.bounds.run(provider, wait.outcome()).await? {
                        Some(Ok(response)) => {
                            return Ok(self.kept(target, &asked, response, start, asking).await);
                        }
                        Some(Err(error)) => {
                            asking.hops.push(hop(target, &asked, start, Some(&error)));
                            return Err(error);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    /// The cache and the key, where this request's answer may be kept.
    fn cached(
        &self,
        target: &Target,
        asked: &ChatRequest,
    ) -> Option<(&Arc<AnswerCache>, botsmith_core::digest::Digest)> {
        let cache = self.options.cache.as_ref()?;
        let keeps = match self.options.cache_mode {
            CacheMode::Off => false,
            CacheMode::Always => true,
            CacheMode::Deterministic => cache::is_deterministic(asked, target),
        };
        keeps.then(|| {
            (
                cache,
                AnswerCache::key(asked, target.model.info(), &target.settings),
            )
        })
    }

    async fn kept(
        &self,
        target: &Target,
        asked: &ChatRequest,
        mut response: ChatResponse,
        start: Instant,
        asking: &mut Asking<'_>,
    ) -> ChatResponse {
        let mut own = hop(target, asked, start, None);
        own.cached = true;
        asking.hops.push(own);
        response.cached = true;
        // Nothing was bought for it.
        response.cost = Some(0.0);
        response.hops.clear();
        if let Some(out) = asking.out
            && !response.text.is_empty()
        {
            asking.began = true;
            out.send(ChatEvent::Text(response.text.clone())).await;
        }
        response
    }

    fn finish(&self, mut response: ChatResponse, asking: Asking<'_>) -> ChatResponse {
        if response.cost.is_none() {
            response.cost = self.options.prices.cost(
                &response.provider,
                &response.model,
                response.usage.as_ref(),
            );
        }
        // A target may be a router itself: what it tried comes before its own answer.
        let mut hops = asking.hops;
        if response.hops.len() > 1 {
            hops.pop();
            hops.append(&mut response.hops);
        }
        response.hops = hops;
        response
    }

    fn rest_hop(&self, at: usize, request: &ChatRequest, left: std::time::Duration) -> Hop {
        let target = &self.targets[at];
        Hop {
            provider: target.model.info().provider.clone(),
            model: target
                .ask_for
                .clone()
                .unwrap_or_else(|| target.asked_model(request)),
            error: Some(match left.is_zero() {
                true => "not asked: another request tries whether it is back".into(),
                false => format!(
                    "not asked: it failed too often and rests for {} s more",
                    left.as_secs().max(1)
                ),
            }),
            class: None,
            seconds: 0.0,
            cached: false,
        }
    }
}

/// Lets go of a probe that ends without an outcome, also when it is dropped.
struct Probe<'a>(&'a Router, Option<usize>);

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if let Some(at) = self.1 {
            self.0.breaker(at).let_go();
        }
    }
}

fn hop(target: &Target, asked: &ChatRequest, start: Instant, error: Option<&ModelError>) -> Hop {
    Hop {
        provider: target.model.info().provider.clone(),
        model: target.asked_model(asked),
        error: error.map(ToString::to_string),
        class: error.map(|error| error.class),
        seconds: start.elapsed().as_secs_f64(),
        cached: false,
    }
}

/// The last failure, with what was tried before it.
fn summary(mut error: ModelError, asking: &Asking<'_>) -> ModelError {
    use std::fmt::Write as _;
    if let [before @ .., _] = asking.hops.as_slice()
        && !before.is_empty()
    {
        error.message.push_str(" (before that:");
        for (at, hop) in before.iter().enumerate() {
            let class = hop.class.map_or("resting", ErrorClass::as_str);
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(
                error.message,
                "{comma} {} {} {class}",
                hop.provider, hop.model
            );
        }
        error.message.push(')');
    }
    error
}

impl ChatModel for Router {
    /// That of the one asked first, where it has one: likelihoods of different models do not stand in for each other.
    fn scorer(&self) -> Option<&dyn botsmith_core::score::Scorer> {
        self.targets.first()?.model.scorer()
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.answer(request, call, None))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        pieces(move |out| async move { self.answer(request, call, Some(&out)).await })
    }
}
