//! One attempt of a step, from its claim to what is to be committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_core::chat::CancelToken;
use tracing::{Instrument as _, Span, field, info_span};

use super::control::{control, is_control};
use super::heart::{Leases, Stop};
use super::prepare::{Prepared, Shown, prepare};
use super::slots::{Slots, is_slot};
use super::{Task, Worker};
use crate::{Claimed, Error, Output, StepError};

/// How often an attempt looks whether its device is free.
const LOOK: Duration = Duration::from_millis(50);

/// What attempts share.
pub(super) struct Bench {
    pub(super) worker: Worker,
    pub(super) slots: Option<Arc<Slots>>,
    pub(super) leases: Arc<Leases>,
}

/// Does one attempt. `None`: the lease is another's, and nothing is to be committed.
pub(super) async fn attempt(
    bench: Arc<Bench>,
    claimed: Claimed,
    cancel: CancelToken,
) -> Option<Output> {
    let shown = Shown::default();
    // The task's own token: it is told of its timeout too, which is no word from outside.
    let stop = CancelToken::new();
    let span = span(&claimed);
    let going = go(
        Arc::clone(&bench),
        claimed.clone(),
        stop.clone(),
        shown.clone(),
    );
    let mut going = tokio::spawn(going.instrument(span.clone()));
    let done = tokio::select! {
        biased;
        done = &mut going => Some(done),
        () = cancel.cancelled() => None,
    };
    let output = match done {
        Some(Ok(Ok(output))) => output,
        Some(Ok(Err(error))) => Output::Failed(error),
        Some(Err(panic)) => Output::Failed(StepError::panicked(panic)),
        None => {
            stop.cancel();
            going.abort();
            match bench.leases.stopped(&claimed.held) {
                Some(Stop::Leaving) => Output::Released,
                Some(Stop::Lost) => return None,
                Some(Stop::Cancelled) | None => {
                    Output::Failed(StepError::new("cancelled", "it was cancelled"))
                }
            }
        }
    };
    if let Output::Failed(error) = &output {
        span.record("error.type", error.class.as_str());
        span.record("otel.status_code", "ERROR");
    }
    Some(shown.hide(output))
}

/// What traces show of an attempt, named as OpenTelemetry's conventions for generative AI name a workflow.
/// Neither inputs nor outputs are in it.
fn span(claimed: &Claimed) -> Span {
    info_span!(
        "step",
        otel.name = %format_args!("{} {}", claimed.plan.kind, claimed.held.step),
        otel.kind = "internal",
        otel.status_code = field::Empty,
        gen_ai.workflow.name = claimed.workflow.as_str(),
        botsmith.run = claimed.held.run.as_str(),
        botsmith.step = claimed.held.step.as_str(),
        botsmith.kind = claimed.plan.kind.as_str(),
        botsmith.attempt = claimed.before + 1,
        "error.type" = field::Empty,
    )
}

async fn go(
    bench: Arc<Bench>,
    claimed: Claimed,
    cancel: CancelToken,
    shown: Shown,
) -> Result<Output, StepError> {
    let worker = &bench.worker;
    let flows = Arc::clone(&worker.flows);
    let secrets = worker.secrets.clone();
    let prepared = if claimed.plan.with.is_null() {
        prepare(&flows, &claimed, None, &shown)
    } else {
        // It reads from the store, which blocks.
        let (claimed, shown) = (claimed.clone(), shown.clone());
        tokio::task::spawn_blocking(move || prepare(&flows, &claimed, secrets.as_ref(), &shown))
            .await
            .map_err(StepError::panicked)?
    };
    let Prepared { work, scope } = match prepared {
        // That the store is away is no failure of the step.
        Err(Error::Core(_)) => return Ok(Output::Released),
        prepared => prepared?,
    };
    if claimed.resume.is_none() && !work.is_wanted(&scope)? {
        return Ok(Output::Skipped);
    }
    let kind = claimed.plan.kind.clone();
    if is_control(&kind) {
        let (flows, prepared) = (Arc::clone(&worker.flows), Prepared { work, scope });
        return tokio::task::spawn_blocking(move || control(&flows, &claimed, &prepared))
            .await
            .map_err(StepError::panicked)?;
    }
    let action = worker.kinds.get(&kind).and_then(|kind| kind.action());
    let Some(action) = action.map(Arc::clone) else {
        let message = format!("this worker does not know what a step of kind `{kind}` does");
        return Err(StepError::new("kind", message));
    };
    // Kept here while the work is waited for, and by the task in case that a thread of it goes on.
    let slots = held(&bench, &claimed.plan.requires).await?.map(Arc::new);
    let limit = work.timeout_ms.map(Duration::from_millis);
    let lease_ms = worker.lease.as_millis() as u64;
    let task = Task {
        run: claimed.held.run,
        workflow: claimed.workflow,
        step: claimed.held.step,
        kind,
        with: scope.value(&work.with)?,
        inputs: claimed.inputs,
        attempt: claimed.before + 1,
        idempotency_key: claimed.idempotency_key,
        claimed_ms: claimed.deadline_ms.saturating_sub(lease_ms),
        cancel: cancel.clone(),
        deadline: limit.map(|limit| Instant::now() + limit),
        folder: worker.folder.clone(),
        devices: slots
            .as_ref()
            .map_or_else(Vec::new, |hold| hold.devices.clone()),
        slots: slots.clone(),
    };
    let acting = action.act(task);
    let Some(limit) = limit else {
        return acting.await;
    };
    if let Ok(done) = tokio::time::timeout(limit, acting).await {
        return done;
    }
    // A function that blocks hears of it by its token.
    cancel.cancel();
    let message = format!("it took more than {} ms", limit.as_millis());
    Err(StepError::new("timeout", message))
}

/// The slots that a step requires, once they are free.
async fn held(
    bench: &Arc<Bench>,
    requires: &[String],
) -> Result<Option<super::slots::Hold>, StepError> {
    let Some(slots) = &bench.slots else {
        return Ok(None);
    };
    if !requires.iter().any(|one| is_slot(one)) {
        return Ok(None);
    }
    loop {
        let (slots, requires) = (Arc::clone(slots), requires.to_vec());
        let hold = tokio::task::spawn_blocking(move || slots.hold(&requires))
            .await
            .map_err(StepError::panicked)?;
        match hold {
            Ok(Some(hold)) => return Ok(Some(hold)),
            Ok(None) => tokio::time::sleep(LOOK).await,
            Err(error) => return Err(StepError::new("device", format!("its slot: {error}"))),
        }
    }
}
