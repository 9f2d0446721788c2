//! The attempts at one target: limits, time, retries, and what its state learns from them.

use botsmith_core::chat::{
    ChatEvent, ChatModel, ChatRequest, ChatResponse, ErrorClass, ModelError,
};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::{Asking, PoisonError, Router, Target, hop};
use crate::provider::bounds::Bounds;

impl Router {
    /// Asks a target until it answers, or fails in a way that another attempt cannot mend, or there are
    /// no attempts or no time left.
    pub(super) async fn attempts(
        &self,
        at: usize,
        asked: &ChatRequest,
        asking: &mut Asking<'_>,
    ) -> Result<ChatResponse, ModelError> {
        let target = &self.targets[at];
        let provider = &target.model.info().provider;
        let mut made = 0;
        loop {
            made += 1;
            let start = Instant::now();
            let permit = match &target.limiter {
                None => Ok(None),
                Some(limiter) => limiter
                    .acquire_within(provider, &asking.bounds)
                    .await
                    .map(Some),
            };
            // Our own limit: the target has done nothing wrong, and waiting was tried already.
            let permit = permit.inspect_err(|error| {
                asking.hops.push(hop(target, asked, start, Some(error)));
            })?;
            let outcome = attempt(target, asked, asking).await;
            drop(permit);
            let error = match outcome {
                Ok(mut response) => {
                    self.breaker(at).succeeded();
                    asking.hops.push(hop(target, asked, start, None));
                    if response.provider.is_empty() {
                        response.provider.clone_from(provider);
                    }
                    if response.model.is_empty() {
                        response.model = target.asked_model(asked);
                    }
                    return Ok(response);
                }
                Err(error) => error,
            };
            asking.hops.push(hop(target, asked, start, Some(&error)));
            let wait = {
                let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
                self.options.retry.wait(made, &error, &mut rng)
            };
            // The caller's own end says nothing about the target.
            if asking.bounds.over() {
                return Err(began(error, asking));
            }
            if faulty(error.class) {
                // A wait that is sat out here is no rest for others.
                let rest = error.retry_after.filter(|_| wait.is_none());
                self.breaker(at)
                    .failed(Instant::now(), rest, &self.options.cooldown);
            }
            let Some(wait) = wait.filter(|_| !asking.began) else {
                return Err(began(error, asking));
            };
            // No use in waiting for an attempt that cannot begin in time; another target may.
            if asking.bounds.left().is_some_and(|left| wait >= left) {
                return Err(error);
            }
            let tired = self.breaker(at).rests(Instant::now());
            if tired && self.targets.len() > 1 {
                return Err(error);
            }
            // No words of the provider: they may repeat what was asked.
            tracing::debug!(
                "{provider}: attempt {made} failed ({}); the next one in {} ms",
                error.class.as_str(),
                wait.as_millis()
            );
            asking.bounds.sleep(provider, wait).await?;
        }
    }
}

/// Whether the failure is the target's, so that it may need a rest.
fn faulty(class: ErrorClass) -> bool {
    class.is_transient() || class == ErrorClass::Load
}

fn began(error: ModelError, asking: &Asking<'_>) -> ModelError {
    match asking.began {
        true => error.began(),
        false => error,
    }
}

/// One attempt.
async fn attempt(
    target: &Target,
    asked: &ChatRequest,
    asking: &mut Asking<'_>,
) -> Result<ChatResponse, ModelError> {
    let provider = target.model.info().provider.as_str();
    let bounds = asking.bounds.at_most(target.timeout);
    let call = match target.timeout {
        None => asking.call.clone(),
        Some(time) => asking.call.clone().at_most(time),
    };
    match asking.out {
        None => {
            bounds
                .run(provider, target.model.chat(asked, &call))
                .await?
        }
        Some(_) => stream(&*target.model, asked, &call, &bounds, asking).await,
    }
}

/// Hands the pieces on as they come.
async fn stream(
    model: &dyn ChatModel,
    asked: &ChatRequest,
    call: &botsmith_core::chat::Call,
    bounds: &Bounds,
    asking: &mut Asking<'_>,
) -> Result<ChatResponse, ModelError> {
    let provider = &model.info().provider;
    let mut stream = model.stream(asked, call);
    while let Some(event) = bounds.run(provider, stream.next()).await? {
        match event? {
            ChatEvent::Done(response) => return Ok(*response),
            piece => {
                if let Some(out) = asking.out {
                    asking.began = true;
                    out.send(piece).await;
                }
            }
        }
    }
    Err(ModelError::new(
        ErrorClass::Network,
        provider,
        "the answer ended in the middle",
    ))
}
