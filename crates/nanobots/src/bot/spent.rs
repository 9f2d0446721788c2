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
}

impl Spent {
    /// Adds what an answer used.
    pub(crate) fn add(&mut self, response: &ChatResponse) {
        if let Some(usage) = response.usage {
            *self.usage.get_or_insert_default() += usage;
        }
        if let Some(cost) = response.cost {
            *self.cost.get_or_insert_default() += cost;
        }
        self.hops.extend(response.hops.iter().cloned());
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.usage
            .map_or(0, |usage| usage.input_tokens + usage.output_tokens)
    }

    /// The error of the first limit that was passed. A provider that counts nothing passes none.
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

    /// The last answer, with what all of them used.
    pub(crate) fn total(self, mut response: ChatResponse) -> ChatResponse {
        response.usage = self.usage;
        response.cost = self.cost;
        response.hops = self.hops;
        response
    }
}
