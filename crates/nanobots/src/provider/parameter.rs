//! Where the settings of a provider keep what a person tunes: a [`Parameter`] -> the keys below
//! `provider.settings`. The table is that of neutral sampling; nothing is read or written here.

use super::ProviderKind;
use super::sampling::{Neutral, place};

/// What a person tunes of a model's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// How much chance there is in the choice of words, 0 and up.
    Temperature,
    /// The share of likely words to choose from, above 0 to 1.
    TopP,
    /// Tokens of an answer at most.
    MaxTokens,
    /// The model, by its name.
    Model,
}

impl Parameter {
    /// The words for them in suites.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("temperature", Self::Temperature),
        ("top-p", Self::TopP),
        ("max-tokens", Self::MaxTokens),
        ("model", Self::Model),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top-p",
            Self::MaxTokens => "max-tokens",
            Self::Model => "model",
        }
    }
}

impl ProviderKind {
    /// The keys below `provider.settings` where this provider keeps a parameter.
    ///
    /// ```
    /// use botsmith_nanobots::provider::{Parameter, ProviderKind};
    /// let path = ProviderKind::Ollama.parameter_path(Parameter::MaxTokens);
    /// assert_eq!(path, Some(vec!["options", "num_predict"]));
    /// assert_eq!(ProviderKind::Cohere.parameter_path(Parameter::TopP), Some(vec!["p"]));
    /// ```
    pub fn parameter_path(self, what: Parameter) -> Option<Vec<&'static str>> {
        let what = match what {
            Parameter::Temperature => Neutral::Temperature,
            Parameter::TopP => Neutral::TopP,
            Parameter::MaxTokens => Neutral::MaxTokens,
            Parameter::Model => return Some(vec!["model"]),
        };
        let (map, key) = place(self, what)?;
        Some(map.into_iter().chain([key]).collect())
    }
}
