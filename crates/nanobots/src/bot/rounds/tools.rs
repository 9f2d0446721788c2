//! The tools that a model wants in one round: asked about one by one, run side by side.

use std::sync::Arc;
use std::time::Instant;

use botsmith_core::chat::{Call, Message, ToolCall};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use crate::Result;
use crate::bot::guard::guarded;
use crate::bot::{Bot, Permission, Stage};
use crate::cartridge::Profile;
use crate::interface::{Action, ToolFeedback};
use crate::tools::ToolTrace;

/// What the model is told when the user said no. The words of the reference implementation.
const DENIED: &str = "We asked the user you're chatting with for permission, but the user did not \
                      allow you to run this tool or function.";

/// Runs `calls` and gives each one's message and trace, in their order.
pub(super) async fn apply(
    bot: &Bot,
    calls: &[ToolCall],
    round: usize,
    stage: &mut dyn Stage,
    call: &Call,
    notes: &mut Vec<String>,
) -> Result<Vec<(Message, ToolTrace)>> {
    let inner = &*bot.inner;
    let strict = inner.cartridge.profile() == Profile::Compat;
    let prepared = inner.belt.known().match_calls(calls, strict)?;
    let told: Vec<_> = prepared
        .iter()
        .map(|item| {
            ToolFeedback::new(
                Action::Confirming,
                &item.call.id,
                &item.call.label,
                item.call.parameters.clone(),
            )
        })
        .collect();

    let mut allowed = Vec::with_capacity(prepared.len());
    for (item, question) in prepared.iter().zip(&told) {
        let asks = inner.safety.confirmable && item.found.is_ok();
        allowed.push(match &inner.permission {
            _ if !asks => true,
            Permission::Allow => true,
            Permission::Deny => {
                notes.push(format!(
                    "tool `{}` did not run: its cartridge wants the user asked, and nobody was there",
                    item.call.label
                ));
                false
            }
            Permission::Ask(asker) => {
                stage.tool(question).await?;
                let words = guarded(call, "tools", asker.answer(question)).await?;
                stage.answered();
                inner.safety.allows(&words)
            }
        });
    }

    let mut running = FuturesOrdered::new();
    for ((item, told), allowed) in prepared.iter().zip(&told).zip(allowed) {
        let tool = match &item.found {
            Ok(tool) if allowed => {
                stage.tool(&told.with(Action::Executing)).await?;
                item.check()?;
                Ok(Arc::clone(tool))
            }
            Ok(_) => Err(DENIED.to_owned()),
            Err(words) => Err(words.clone()),
        };
        let arguments = item.call.parameters.clone();
        running.push_back(async move {
            let started = Instant::now();
            let (output, ran, failed) = match tool {
                Err(words) => (words, false, allowed),
                Ok(tool) => match tool.call(arguments, call.clone()).await {
                    Ok(output) => (output, true, false),
                    Err(failure) => (failure.0, true, true),
                },
            };
            (output, ran, failed, started.elapsed().as_secs_f64())
        });
    }
    let mut results = Vec::with_capacity(prepared.len());
    for (item, told) in prepared.iter().zip(&told) {
        let Some((output, ran, failed, seconds)) = guarded(call, "tools", running.next()).await?
        else {
            break;
        };
        if ran {
            stage.tool(&told.responding(output.as_str())).await?;
        }
        let message = Message::tool(&item.call.id, &item.call.name, output.as_str());
        let trace = ToolTrace {
            id: item.call.id.clone(),
            name: item.call.label.clone(),
            arguments: item.call.parameters.clone(),
            output,
            ran,
            failed,
            round,
            seconds,
        };
        results.push((message, trace));
    }
    Ok(results)
}
