//! How much of a conversation is sent: everything, unless the cartridge sets a budget.
//!
//! `botsmith: {context: {budget: N}}` drops the oldest whole turns until the rest fits. A turn is a
//! user's message with all that follows up to the next one, so that a tool's result never stands
//! without its call. Directive, backdrop, examples and the newest turn always stay, even when they
//! alone are over the budget: then the provider decides. Nothing is summarised.

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

/// How many messages at the start of `history` have to go, and how many turns they are, so that
/// `always`, `new` and the rest fit into `budget` tokens.
pub(crate) fn overflow(
    counter: &dyn TokenCounter,
    budget: usize,
    always: &[Message],
    history: &[Message],
    new: &[Message],
) -> (usize, usize) {
    let sum = |messages: &[Message]| -> usize {
        messages.iter().map(|message| weigh(counter, message)).sum()
    };
    let mut total = sum(always) + sum(history) + sum(new);
    // Without a new message the last turn of the history is the newest one.
    let starts: Vec<usize> = history
        .iter()
        .enumerate()
        .filter(|(_, message)| message.role == Role::User)
        .map(|(place, _)| place)
        .collect();
    let keep = usize::from(new.is_empty());
    let (mut dropped, mut turns) = (0, 0);
    while total > budget && starts.len().saturating_sub(turns) > keep {
        let end = starts.get(turns + 1).copied().unwrap_or(history.len());
        total -= sum(&history[dropped..end]);
        (dropped, turns) = (end, turns + 1);
    }
    (dropped, turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(n: usize) -> [Message; 2] {
        [Message::user(format!("q{n}..")), Message::assistant("a...")]
    }

    #[test]
    fn the_oldest_whole_turns_go_and_no_more_than_needed() {
        let history: Vec<_> = (0..4).flat_map(turn).collect();
        let new = [Message::user("new.")];
        // Each message weighs 4 + 1 or 4 + 2; four turns of 10 and the new one of 5.
        let all = overflow(&ByteEstimate, 45, &[], &history, &new);
        assert_eq!(all, (0, 0));
        assert_eq!(overflow(&ByteEstimate, 44, &[], &history, &new), (2, 1));
        assert_eq!(overflow(&ByteEstimate, 25, &[], &history, &new), (4, 2));
        assert_eq!(overflow(&ByteEstimate, 1, &[], &history, &new), (8, 4));
    }

    #[test]
    fn without_a_new_message_the_last_turn_stays() {
        let history: Vec<_> = (0..2).flat_map(turn).collect();
        assert_eq!(overflow(&ByteEstimate, 1, &[], &history, &[]), (2, 1));
    }
}
