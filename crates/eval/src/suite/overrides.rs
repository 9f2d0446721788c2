//! What a command line may change of a suite.

use serde::{Deserialize, Serialize};

use crate::template::Condition;
use crate::{Error, Result};

use super::{BotAnswers, Suite};

/// Changes to a suite. They are part of the run's identity, like the suite's own keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// Another seed.
    pub seed: Option<u64>,
    /// At most so many cases.
    pub limit: Option<usize>,
    /// A sample of so many cases.
    pub sample: Option<usize>,
    /// Only cases for which this expression holds.
    pub filter: Option<String>,
    /// Only these bots.
    pub bots: Vec<String>,
    /// Another provider for all bots that are asked, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Another model for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Overrides {
    /// The overrides in a stored suite's identity.
    pub(super) fn of(identity: &serde_json::Value) -> Self {
        serde_json::from_value(identity.clone()).unwrap_or_default()
    }

    pub(super) fn apply(&self, suite: &mut Suite) -> Result<()> {
        if *self == Self::default() {
            return Ok(());
        }
        if let Some(seed) = self.seed {
            suite.seed = seed;
        }
        suite.dataset.limit = self.limit.or(suite.dataset.limit);
        suite.dataset.sample = self.sample.or(suite.dataset.sample);
        if let Some(filter) = &self.filter {
            let condition = Condition::new(filter)
                .map_err(|error| Error::Invalid(format!("--filter {filter:?}: {error}")))?;
            suite.dataset.filter = Some(condition);
        }
        for name in &self.bots {
            if !suite.bots.iter().any(|bot| bot.name == *name) {
                let known = suite.bots.iter().map(|bot| bot.name.as_str());
                let hint = format!("the suite has {}", botsmith_core::hint::list(known));
                return Err(Error::NotFound {
                    what: "bot",
                    name: name.clone(),
                    hint: Some(hint),
                });
            }
        }
        if !self.bots.is_empty() {
            suite.bots.retain(|bot| self.bots.contains(&bot.name));
            let kept = |name: &Option<String>| name.as_ref().is_none_or(|n| self.bots.contains(n));
            suite
                .gate
                .retain(|rule| kept(&rule.bot) && kept(&rule.other().cloned()));
        }
        for bot in &mut suite.bots {
            if let BotAnswers::Live(live) = &mut bot.answers {
                if let Some(provider) = &self.provider {
                    live.source.set_provider(provider);
                }
                if let Some(model) = &self.model {
                    live.source.set_model(model);
                }
            }
        }
        suite.identity["overrides"] =
            serde_json::to_value(self).expect("strings and numbers serialise");
        Ok(())
    }
}
