//! What a turn may cost, and what it has cost so far.

use std::time::Duration;

use botsmith_core::chat::{ChatResponse, Usage};

use crate::{Error, Result};

/// Model calls of one turn at most, where the cartridge says nothing.
pub(crate) const ROUNDS: usize = 10;

/// Limits of one turn; `None`: no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TurnLimits {
    /// Tokens of requests and answers together.
    pub(crate) tokens: Option<u64>,
    /// Time to the whole answer.
    pub(crate) time: Option<Duration>,
    /// Rounds of tool calls.
    pub(crate) tool_rounds: Option<usize>,
    /// Price, in the currency of the price table.
    pub(crate) cost: Option<f64>,
}

/// What a turn has used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) usage: Option<Usage>,
    pub(crate) cost: Option<f64>,
    pub(crate) hops: Vec<botsmith_core::chat::Hop>,
    /// The first model that did not say how many tokens it used.
    uncounted: Option<String>,
    /// The first model whose answer has no known price.
    unpriced: Option<String>,
}

impl Spent {
    /// Adds what an answer used.
    pub(crate) fn add(&mut self, response: &ChatResponse) {
        let who = || format!("{}/{}", response.provider, response.model);
        match response.usage {
            Some(usage) => *self.usage.get_or_insert_default() += usage,
            None if response.cached => {}
            None => {
                self.uncounted.get_or_insert_with(who);
            }
        }
        match response.cost {
            Some(cost) => *self.cost.get_or_insert_default() += cost,
            None => {
                self.unpriced.get_or_insert_with(who);
            }
        }
        self.hops.extend(response.hops.iter().cloned());
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.usage
            .map_or(0, |usage| usage.input_tokens + usage.output_tokens)
    }

    /// The error of the first limit that was passed. A provider that counts nothing, or
    /// whose price nobody knows, passes none: [`unknown`](Self::unknown) says so.
    pub(crate) fn check(&self, limits: &TurnLimits) -> Result<()> {
        if let Some(allowed) = limits.tokens
            && self.tokens() > allowed
        {
            return Err(Error::Limit {
                limit: "tokens",
                used: self.tokens().to_string(),
                allowed: allowed.to_string(),
            });
        }
        if let (Some(allowed), Some(cost)) = (limits.cost, self.cost)
            && cost > allowed
        {
            return Err(Error::Limit {
                limit: "cost",
                used: cost.to_string(),
                allowed: allowed.to_string(),
            });
        }
        Ok(())
    }

    /// Why a limit could not be held: a note for each that stands in `limits` and was not, or only in part,
    /// compared with anything.
    pub(crate) fn unknown(&self, limits: &TurnLimits) -> Vec<String> {
        let mut notes = Vec::new();
        if let (Some(_), Some(who)) = (limits.tokens, &self.uncounted) {
            notes.push(format!(
                "`limits.tokens` could not be checked: {who} does not say how many tokens it used"
            ));
        }
        match (limits.cost, &self.uncounted, &self.unpriced) {
            (Some(_), Some(who), _) => notes.push(format!(
                "`limits.cost` could not be checked: {who} does not say how many tokens it used"
            )),
            (Some(_), None, Some(who)) => notes.push(format!(
                "`limits.cost` could not be checked: no price of {who} is known; give it one in a file \
                 that `prices:` of botsmith.yaml names"
            )),
            _ => {}
        }
        notes
    }

    /// The last answer, with what all of them used.
    pub(crate) fn total(self, mut response: ChatResponse) -> ChatResponse {
        response.usage = self.usage;
        response.cost = self.cost;
        response.hops = self.hops;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_nothing_is_compared_with_is_told_of() {
        let both = TurnLimits {
            tokens: Some(1),
            cost: Some(1.0),
            ..TurnLimits::default()
        };
        let usage = Some(Usage::default());
        let cases = [
            (usage, Some(0.5), &[][..]),
            (usage, None, &["limits.cost"][..]),
            (None, None, &["limits.tokens", "limits.cost"][..]),
        ];
        for (usage, cost, wanted) in cases {
            let mut response = ChatResponse::text("a");
            (response.provider, response.model) = ("ollama".into(), "qwen3".into());
            (response.usage, response.cost) = (usage, cost);
            let mut spent = Spent::default();
            spent.add(&response);
            assert!(spent.check(&both).is_ok());
            let notes = spent.unknown(&both);
            assert_eq!(notes.len(), wanted.len(), "{notes:?}");
            for (note, limit) in notes.iter().zip(wanted) {
                assert!(
                    note.contains(limit) && note.contains("ollama/qwen3"),
                    "{note}"
                );
            }
            assert!(spent.unknown(&TurnLimits::default()).is_empty());
        }
    }
}
