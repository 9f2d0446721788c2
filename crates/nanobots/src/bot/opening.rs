//! What a request says before and around the conversation.

use botsmith_core::chat::{ChatRequest, Message, Role};
use serde_json::json;

use super::Bot;
use super::budget::overflow;
use crate::cartridge::ContextPolicy;
use crate::{Error, Result};

/// Which of a cartridge's behaviours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    /// Answers what it is asked.
    #[default]
    Interaction,
    /// Speaks first.
    Boot,
}

impl Behavior {
    /// The key under `behaviors`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Boot => "boot",
        }
    }
}

/// What a conversation is made of, apart from the cartridge.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) behavior: Behavior,
    pub(crate) history: Vec<Message>,
    pub(crate) new: Option<Message>,
}

/// A request, and the new message in it.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) request: ChatRequest,
    pub(crate) new: Option<Message>,
}

/// Directive, backdrop, examples, history, new message: the request of a turn's first round. What had
/// to be left out is said in `notes`.
///
/// # Errors
/// [`Error::Limit`] when it is over the budget and nothing may be left out.
pub(crate) fn compose(bot: &Bot, parts: Parts, notes: &mut Vec<String>) -> Result<Composed> {
    let inner = &*bot.inner;
    let cartridge = bot.cartridge();
    let mut system: Vec<String> = cartridge.system_text(parts.behavior).into_iter().collect();
    let held = inner.model.info().json_schema;
    if let Some(shape) = &inner.shape
        && !held
    {
        system.push(shape.instruction());
    }
    let mut opening = Vec::new();
    if !system.is_empty() {
        opening.push(Message::system(system.join("\n\n")));
    }
    if let Some(backdrop) = cartridge.texts(parts.behavior).backdrop {
        opening.push(Message::backdrop(backdrop));
    }
    if parts.behavior == Behavior::Interaction {
        opening.extend(inner.examples.iter().cloned());
    }

    let mut history = parts.history;
    if let Some(budget) = inner.context.budget {
        // System messages of the conversation itself are no turns: they stay where they are.
        let lead = history
            .iter()
            .take_while(|message| message.role == Role::System)
            .count();
        opening.extend(history.drain(..lead));
        let specs = inner.belt.known().specs();
        let fixed = specs
            .iter()
            .map(|spec| inner.counter.count(&json!(spec).to_string()))
            .sum();
        let parts = [&opening[..], &history[..], parts.new.as_slice()];
        let over = overflow(&*inner.counter, budget, fixed, parts);
        if over.total > budget && inner.context.policy == ContextPolicy::Fail {
            return Err(Error::Limit {
                limit: "context",
                used: format!("about {} tokens", over.total),
                allowed: budget.to_string(),
            });
        }
        if over.messages > 0 {
            history.drain(..over.messages);
            notes.push(format!(
                "the {} oldest {} of the conversation {} left out, to keep within {budget} tokens",
                over.turns,
                if over.turns == 1 { "turn" } else { "turns" },
                if over.turns == 1 { "was" } else { "were" },
            ));
        }
    }
    opening.append(&mut history);
    opening.extend(parts.new.clone());

    let mut request = ChatRequest::new(opening);
    request.tools = inner.belt.known().specs();
    request.sampling = inner.sampling.clone();
    request.tags.clone_from(&inner.tags);
    if let Some(shape) = &inner.shape
        && held
    {
        request.output = shape.format();
    }
    Ok(Composed {
        request,
        new: parts.new,
    })
}
