//! How much of a conversation is sent: everything, unless the cartridge sets a budget.
//!
//! `botsmith: {context: {budget: N}}` drops the oldest whole turns until the rest fits. A turn is a
//! user's message with all that follows up to the next one, so that a tool's result never stands
//! without its call. Directive, backdrop, examples and the newest turn always stay, even when they
//! alone are over the budget: then the provider decides. With `policy: fail` nothing is dropped and a
//! conversation over the budget ends with an error. Nothing is summarised.

use std::fmt::Debug;

use botsmith_core::chat::{Message, Role};

/// Counts the tokens of a text, or estimates them.
pub trait TokenCounter: Send + Sync + Debug {
    /// Tokens of `text`.
    fn count(&self, text: &str) -> usize;
}

/// One token for every four bytes, rounded up: a rule of thumb for English that errs on the high side
/// for scripts of many bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByteEstimate;

impl TokenCounter for ByteEstimate {
    fn count(&self, text: &str) -> usize {
        text.len().div_ceil(4)
    }
}

/// Tokens of a message: its text and its calls, and four for what frames it.
fn weigh(counter: &dyn TokenCounter, message: &Message) -> usize {
    let calls = message
        .tool_calls
        .iter()
        .map(|call| counter.count(&call.name) + counter.count(&call.arguments));
    4 + counter.count(&message.content.text()) + calls.sum::<usize>()
}

/// What is too much of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overflow {
    /// Tokens of the whole request.
    pub(crate) total: usize,
    /// How many messages at the start of the history have to go.
    pub(crate) messages: usize,
    /// How many turns they are.
    pub(crate) turns: usize,
}

/// What has to go of `history`, so that `fixed` tokens (the tools), `always`, the rest, and `new` fit
/// into `budget` tokens.
pub(crate) fn overflow(
    counter: &dyn TokenCounter,
    budget: usize,
    fixed: usize,
    [always, history, new]: [&[Message]; 3],
) -> Overflow {
    let sum = |messages: &[Message]| -> usize {
        let tokens = messages.iter().map(|message| weigh(counter, message));
        tokens.sum()
    };
    let total = fixed + sum(always) + sum(history) + sum(new);
    let starts: Vec<usize> = history
        .iter()
        .enumerate()
        .filter(|(_, message)| message.role == Role::User)
        .map(|(place, _)| place)
        .collect();
    // Without a new message the last turn of the history is the newest one.
    let keep = usize::from(new.is_empty());
    let (mut left, mut dropped, mut turns) = (total, 0, 0);
    while left > budget && starts.len().saturating_sub(turns) > keep {
        let end = starts.get(turns + 1).copied().unwrap_or(history.len());
        left -= sum(&history[dropped..end]);
        (dropped, turns) = (end, turns + 1);
    }
    Overflow {
        total,
        messages: dropped,
        turns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn() -> [Message; 2] {
        [Message::user("question"), Message::assistant("a...")]
    }

    #[test]
    fn the_oldest_whole_turns_go_and_no_more_than_needed() {
        let history: Vec<_> = std::iter::repeat_with(turn).take(4).flatten().collect();
        let new = [Message::user("new.")];
        // Each message weighs 4 + 1 or 4 + 2; four turns of 11 and the new one of 5.
        for (budget, fixed, messages, turns) in [
            (49, 0, 0, 0),
            (48, 0, 2, 1),
            (49, 1, 2, 1),
            (27, 0, 4, 2),
            (1, 0, 8, 4),
        ] {
            let found = overflow(&ByteEstimate, budget, fixed, [&[], &history, &new]);
            let wanted = Overflow {
                total: 49 + fixed,
                messages,
                turns,
            };
            assert_eq!(found, wanted, "{budget} {fixed}");
        }
    }

    #[test]
    fn without_a_new_message_the_last_turn_stays() {
        let history: Vec<_> = std::iter::repeat_with(turn).take(2).flatten().collect();
        let found = overflow(&ByteEstimate, 1, 0, [&[], &history, &[]]);
        assert_eq!((found.messages, found.turns), (2, 1));
    }
}
