//! The rounds of a turn between model and tools.
//!
//! The model is asked; the tools that it wants run side by side; their results go back to it, until it
//! wants no more. In profile `compat` the eleventh call of the model completes and then the turn ends
//! with an error, as in the reference implementation. In profile `native` tools run in at most
//! `limits.tool-rounds` rounds (10 where nothing is said), and a model that wants more gets none.
//!
//! What is shown and kept on the way is the [`Stage`]'s business.

use std::borrow::Cow;
use std::time::Instant;

use botsmith_core::chat::{
    Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ErrorClass, FinishReason, Message,
    ModelError,
};
use futures_util::StreamExt;

use super::guard::guarded;
use super::shape::complaint;
use super::spent::{ROUNDS, Spent};
use super::{Bot, Parts, Stage, Turn, compose};
use crate::cartridge::Profile;
use crate::provider::prompt_tools;
use crate::tools::ToolTrace;
use crate::{Error, Result};

mod tools;

/// One turn, from the new message to the final answer.
///
/// # Errors
/// What the model, a tool, the stage or a limit said. Rounds that were over had been given to the
/// stage by then.
pub(crate) async fn run(
    bot: &Bot,
    parts: Parts,
    stage: &mut dyn Stage,
    call: &Call,
) -> Result<Turn> {
    let inner = &*bot.inner;
    let strict = inner.cartridge.profile() == Profile::Compat;
    let started = Instant::now();
    let call = match inner.limits.time {
        Some(time) => call.clone().at_most(time),
        None => call.clone(),
    };
    // Servers of tools are there before the request names what they have.
    let waited_for = match inner.belt.has_servers() {
        true => "mcp",
        false => &inner.model.info().provider,
    };
    guarded(&call, waited_for, inner.belt.ready(&call))
        .await
        .map_err(|error| late(bot, started, error))??;
    let mut notes = Vec::new();
    let composed = compose(bot, parts, &mut notes)?;
    let mut request = composed.request;
    let wanted = request.sampling.max_tokens;
    // A model without tools of its own is told of them in words, and asks for them in words.
    let told = !request.tools.is_empty() && !inner.model.info().tools;
    // An answer that may have to be repaired, or may be a call, is not shown before that is known.
    let streams = stage.streams() && inner.shape.is_none() && !told;
    let mut messages: Vec<Message> = composed.new.into_iter().collect();
    let mut kept = 0;
    let (mut spent, mut traces) = (Spent::default(), Vec::<ToolTrace>::new());
    let (mut rounds, mut tool_rounds, mut repaired) = (0, 0, false);
    loop {
        rounds += 1;
        if let Some(allowed) = inner.limits.tokens {
            let left = u32::try_from(allowed.saturating_sub(spent.tokens())).unwrap_or(u32::MAX);
            request.sampling.max_tokens = Some(wanted.map_or(left, |own| own.min(left)).max(1));
        }
        let sent = match told {
            true => Cow::Owned(prompt_tools::wrap(&request)),
            false => Cow::Borrowed(&request),
        };
        let mut response = answer(&*inner.model, &sent, streams, stage, &call)
            .await
            .map_err(|error| late(bot, started, error))?;
        if told
            && response.tool_calls.is_empty()
            && let Some(calls) = prompt_tools::parse(&response.text, rounds)
        {
            response.tool_calls = calls;
            response.text.clear();
            response.finish = FinishReason::ToolCalls;
        }
        spent.add(&response);
        spent.check(&inner.limits)?;
        if response.tool_calls.is_empty() {
            let (mut text, mut json) = (response.text.clone(), None);
            if let Some(shape) = &inner.shape
                && response.refusal.is_none()
            {
                match shape.read(&response.text) {
                    Ok(value) => {
                        // A fence around the JSON, or words before it, are not part of the answer.
                        text = match serde_json::from_str::<serde_json::Value>(text.trim()) {
                            Ok(_) => text.trim().to_owned(),
                            Err(_) => value.to_string(),
                        };
                        json = Some(value);
                    }
                    Err(reason) if repaired => return Err(Error::Output { reason }),
                    Err(reason) => {
                        repaired = true;
                        request.messages.push(response.message());
                        request.messages.push(Message::user(complaint(&reason)));
                        notes.push(format!(
                            "the first answer did not fit `output-schema` and was asked for again: {reason}"
                        ));
                        continue;
                    }
                }
            }
            if !streams && !text.is_empty() {
                stage.whole(&text).await?;
            }
            messages.push(Message::assistant(text.as_str()));
            stage.round(&messages[kept..]).await?;
            if strict && inner.limits.tool_rounds.is_none() && rounds > ROUNDS {
                return Err(Error::Rounds { rounds });
            }
            notes.extend(spent.unknown(&inner.limits));
            if text.is_empty() && response.refusal.is_none() {
                notes.push(match response.finish {
                    FinishReason::Length => {
                        "the answer is empty: its tokens were used up before it began; raise `max_tokens` of the \
                         provider's settings, or `limits.tokens`"
                            .into()
                    }
                    _ => "the answer is empty".into(),
                });
            }
            return Ok(Turn {
                text,
                json,
                response: spent.total(response),
                tools: traces,
                messages,
                rounds,
                seconds: started.elapsed().as_secs_f64(),
                notes,
            });
        }

        match inner.limits.tool_rounds {
            Some(allowed) if tool_rounds >= allowed => {
                return Err(Error::Limit {
                    limit: "tool-rounds",
                    used: (tool_rounds + 1).to_string(),
                    allowed: allowed.to_string(),
                });
            }
            None if !strict && tool_rounds >= ROUNDS => {
                return Err(Error::Rounds {
                    rounds: tool_rounds,
                });
            }
            _ => tool_rounds += 1,
        }
        if !streams && !response.text.is_empty() {
            stage.whole(&response.text).await?;
        }
        let asked = response.message();
        let results = tools::apply(bot, &response.tool_calls, rounds, stage, &call, &mut notes)
            .await
            .map_err(|error| match error {
                Error::Model(error) => late(bot, started, error),
                other => other,
            })?;
        messages.push(asked.clone());
        request.messages.push(asked);
        for (message, trace) in results {
            messages.push(message.clone());
            request.messages.push(message);
            traces.push(trace);
        }
        stage.round(&messages[kept..]).await?;
        kept = messages.len();
        if strict && inner.limits.tool_rounds.is_none() && rounds > ROUNDS {
            return Err(Error::Rounds { rounds });
        }
    }
}

/// A time that ran out because of `limits.seconds` is that limit's error.
fn late(bot: &Bot, started: Instant, error: ModelError) -> Error {
    match bot.inner.limits.time {
        Some(time) if error.class == ErrorClass::Timeout && started.elapsed() >= time => {
            Error::Limit {
                limit: "seconds",
                used: format!("{:.3}", started.elapsed().as_secs_f64()),
                allowed: time.as_secs_f64().to_string(),
            }
        }
        _ => error.into(),
    }
}

/// One answer of the model, in pieces or whole.
async fn answer(
    model: &dyn ChatModel,
    request: &ChatRequest,
    streams: bool,
    stage: &mut dyn Stage,
    call: &Call,
) -> Result<ChatResponse, ModelError> {
    let provider = &model.info().provider;
    if !streams {
        return guarded(call, provider, model.chat(request, call)).await?;
    }
    let pieces = async {
        let mut stream = model.stream(request, call);
        let mut shown = false;
        while let Some(event) = stream.next().await {
            match event? {
                ChatEvent::Text(text) => {
                    shown = true;
                    stage.fragment(&text);
                }
                ChatEvent::Done(response) => {
                    if !shown && !response.text.is_empty() {
                        stage.fragment(&response.text);
                    }
                    return Ok(*response);
                }
                _ => {}
            }
        }
        Err(ModelError::new(
            ErrorClass::Network,
            provider.as_str(),
            "the answer ended in the middle",
        )
        .began())
    };
    guarded(call, provider, pieces).await?
}
