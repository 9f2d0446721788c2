//! What a bot's answers used, added up: tokens, cost, hops of the router. Each total says of how many answers it
//! is: only those count that say what they used, so that recorded answers without tokens show nothing.

use serde::{Deserialize, Serialize};

use super::plain;
use crate::Answer;

/// What the answers of a bot used; what none of them says is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BotTotals {
    /// Tokens, of all turns and rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenTotal>,
    /// Cost, in the currency of the price table or recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostTotal>,
    /// What was tried, where more than one provider could answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<HopTotal>,
}

/// Tokens of several answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenTotal {
    /// Answers that say how many they took.
    pub n: usize,
    /// Tokens of the requests.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
}

/// Cost of several answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostTotal {
    /// Answers that say what they cost.
    pub n: usize,
    /// What they cost together.
    pub total: f64,
}

/// Hops of several answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopTotal {
    /// Answers that say what was tried.
    pub n: usize,
    /// Attempts.
    pub total: usize,
    /// Attempts that failed.
    pub failed: usize,
}

impl BotTotals {
    /// Adds an answer.
    ///
    /// ```
    /// use botsmith_eval::{Answer, report::BotTotals};
    /// let mut totals = BotTotals::default();
    /// totals.add(&Answer { cost: Some(0.5), ..Answer::text("yes") });
    /// totals.add(&Answer::text("no"));
    /// assert_eq!(totals.words(2), ["cost 0.500 of 1 answer"]);
    /// ```
    pub fn add(&mut self, answer: &Answer) {
        let asked = answer.asked.as_deref();
        if let Some(usage) = asked.and_then(|asked| asked.usage.as_ref()) {
            let tokens = self.tokens.get_or_insert_default();
            tokens.n += 1;
            tokens.input += usage.input_tokens;
            tokens.output += usage.output_tokens;
        }
        if let Some(more) = answer.cost {
            let cost = self.cost.get_or_insert_default();
            cost.n += 1;
            cost.total += more;
        }
        if let Some(asked) = asked.filter(|asked| !asked.hops.is_empty()) {
            let hops = self.hops.get_or_insert_default();
            hops.n += 1;
            hops.total += asked.hops.len();
            hops.failed += asked.hops.iter().filter(|hop| hop.error.is_some()).count();
        }
    }

    /// Adds what other answers used.
    pub(crate) fn merge(&mut self, other: &Self) {
        if let Some(more) = other.tokens {
            let tokens = self.tokens.get_or_insert_default();
            tokens.n += more.n;
            tokens.input += more.input;
            tokens.output += more.output;
        }
        if let Some(more) = other.cost {
            let cost = self.cost.get_or_insert_default();
            cost.n += more.n;
            cost.total += more.total;
        }
        if let Some(more) = other.hops {
            let hops = self.hops.get_or_insert_default();
            hops.n += more.n;
            hops.total += more.total;
            hops.failed += more.failed;
        }
    }

    /// Whether no answer said anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Each total in words, `1840 + 320 tokens`, with of how many answers it is where that is not all of
    /// `answers`.
    pub fn words(&self, answers: usize) -> Vec<String> {
        let of = |n: usize| match n {
            n if n == answers => String::new(),
            1 => " of 1 answer".into(),
            n => format!(" of {n} answers"),
        };
        let tokens = self.tokens.map(|tokens| {
            let TokenTotal { n, input, output } = tokens;
            format!("{input} + {output} tokens{}", of(n))
        });
        let cost = self
            .cost
            .map(|cost| format!("cost {}{}", plain(cost.total), of(cost.n)));
        let hops = self.hops.map(|hops| {
            let many = if hops.total == 1 { "hop" } else { "hops" };
            let failed = match hops.failed {
                0 => String::new(),
                n => format!(", {n} failed"),
            };
            format!("{} {many}{failed}{}", hops.total, of(hops.n))
        });
        [tokens, cost, hops].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::{Hop, Usage};

    use super::*;
    use crate::ask::Asked;

    fn answer(failed: usize) -> Answer {
        let hop = |error: Option<&str>| Hop {
            provider: "p".into(),
            model: "m".into(),
            error: error.map(str::to_owned),
            class: None,
            seconds: 0.1,
            cached: false,
        };
        let mut hops = vec![hop(Some("busy")); failed];
        hops.push(hop(None));
        let mut usage = Usage::default();
        (usage.input_tokens, usage.output_tokens) = (10, 3);
        let asked = Asked {
            usage: Some(usage),
            hops,
            ..Asked::default()
        };
        Answer {
            cost: Some(0.25),
            asked: Some(Box::new(asked)),
            ..Answer::text("yes")
        }
    }

    #[test]
    fn what_answers_say_is_added_up_in_any_grouping() {
        let (mut all, mut part, mut rest) = Default::default();
        for (i, answer) in [answer(0), answer(2), Answer::text("recorded")]
            .iter()
            .enumerate()
        {
            BotTotals::add(&mut all, answer);
            BotTotals::add(if i == 0 { &mut part } else { &mut rest }, answer);
        }
        part.merge(&rest);
        assert_eq!(all, part);
        assert_eq!(
            all.words(3),
            [
                "20 + 6 tokens of 2 answers",
                "cost 0.500 of 2 answers",
                "4 hops, 2 failed of 2 answers"
            ]
        );
        assert_eq!(
            all.words(2),
            ["20 + 6 tokens", "cost 0.500", "4 hops, 2 failed"]
        );
        let mut none = BotTotals::default();
        none.add(&Answer::text("recorded"));
        assert!(none.is_empty() && none.words(1).is_empty());
    }
}
