//! Steps of kind `bot`: a cartridge and an input -> the answer's text. What failed fails the attempt with the
//! provider's class of error, such as `rate-limit`; what was refused with class `refused`.

use botsmith_core::chat::Call;
use botsmith_flow::{StepError, Task};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use super::{Desk, failed};
use crate::ask::{Ask, traced};
use crate::suite::BotSource;
use crate::{Case, Error, Outcome};

#[derive(Deserialize)]
struct With {
    cartridge: String,
    input: Value,
    #[serde(default)]
    variables: Map<String, Value>,
    provider: Option<String>,
    model: Option<String>,
}

pub(super) async fn ask(desk: Desk, task: Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let mut source = BotSource {
        name: with.cartridge.clone(),
        cartridge: Some(task.path(&with.cartridge)),
        variables: with.variables,
        named_at: Some(Box::new(botsmith_core::Diagnostic::new(
            task.path(&with.cartridge),
            "",
        ))),
        ..BotSource::default()
    };
    if let Some(provider) = &with.provider {
        source.set_provider(provider);
    }
    if let Some(model) = &with.model {
        source.set_model(model);
    }
    // Files are read here, and nothing else waits on this thread meanwhile.
    let bot = tokio::task::spawn_blocking(move || desk.bots.open(&source))
        .await
        .map_err(|_| failed(&Error::Interrupted))?
        .map_err(|error| failed(&error))?;
    let input = match with.input {
        Value::String(text) => text,
        other => serde_json::to_string_pretty(&other).expect("JSON values serialise"),
    };
    let case = Case {
        id: task.idempotency_key().to_owned(),
        input,
        ..Case::default()
    };
    let mut call = Call::default().cancelled_by(task.cancel().clone());
    if let Some(deadline) = task.deadline() {
        call = call.at_most(deadline.saturating_duration_since(std::time::Instant::now()));
    }
    let span = traced::span(&with.cartridge);
    let answer = Ask::default()
        .answer(&bot, &case, &call)
        .instrument(span.clone())
        .await
        .map_err(|error| failed(&error))?;
    traced::tell(&span, &answer);
    let why = || answer.error.clone().unwrap_or_else(|| answer.text.clone());
    match answer.outcome {
        Outcome::Answered => Ok(json!(answer.text)),
        Outcome::Refused => Err(StepError::new("refused", why())),
        Outcome::Failed => {
            let class = answer.asked.as_ref().and_then(|asked| asked.class);
            Err(StepError::new(
                class.map_or("failed", |class| class.as_str()),
                why(),
            ))
        }
    }
}
