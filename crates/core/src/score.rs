//! How likely a model finds given texts: the trait of every model that can say it.
//!
//! It is what multiple choice, perplexity and probability-weighted judges are made of. A model that
//! only chats has none. This module computes nothing.

use serde::{Deserialize, Serialize};

use crate::chat::{BoxFuture, Call, ChatRequest, ModelError};

/// What stands before the continuations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ScorePrompt {
    /// Text as it stands.
    Text(String),
    /// A conversation, written by the model's chat template up to where its answer begins. Of the request's settings
    /// those of the template count, as `think`. A continuation leaves no place for a thought: unless they say
    /// otherwise, thinking is off where the template knows it, and a thought that the template opens is closed, empty.
    Chat(Box<ChatRequest>),
}

/// A prompt and what may come after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRequest {
    /// What stands before.
    pub prompt: ScorePrompt,
    /// What may come, each scored by itself.
    pub continuations: Vec<String>,
}

impl ScoreRequest {
    /// A request about plain text.
    ///
    /// ```
    /// use botsmith_core::score::ScoreRequest;
    /// let request = ScoreRequest::text("The sky is", [" blue", " green"]);
    /// assert_eq!(request.continuations.len(), 2);
    /// ```
    pub fn text<S: Into<String>>(
        prompt: impl Into<String>,
        continuations: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            prompt: ScorePrompt::Text(prompt.into()),
            continuations: continuations.into_iter().map(Into::into).collect(),
        }
    }

    /// A request about what may come next in a conversation.
    ///
    /// ```
    /// use botsmith_core::chat::{ChatRequest, Message};
    /// use botsmith_core::score::ScoreRequest;
    /// let asked = ChatRequest::new(vec![Message::user("Is water wet?")]);
    /// let request = ScoreRequest::chat(asked, ["yes", "no"]);
    /// assert_eq!(request.continuations.len(), 2);
    /// ```
    pub fn chat<S: Into<String>>(
        request: ChatRequest,
        continuations: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            prompt: ScorePrompt::Chat(Box::new(request)),
            continuations: continuations.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a model says of one continuation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Continuation {
    /// Sum of the tokens' natural log-probabilities; at most 0.
    pub logprob: f64,
    /// The tokens, in order, each with its natural log-probability.
    pub tokens: Vec<(String, f64)>,
}

/// What a model says of the continuations of one prompt, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// One for each continuation.
    pub continuations: Vec<Continuation>,
}

impl Scores {
    /// Each continuation's share of their common probability; they sum to 1.
    ///
    /// ```
    /// use botsmith_core::score::{Continuation, Scores};
    /// let of = |logprob: f64| Continuation { logprob, tokens: Vec::new() };
    /// let scores = Scores { continuations: vec![of(-1.0), of(-1.0)] };
    /// assert_eq!(scores.shares(), [0.5, 0.5]);
    /// ```
    pub fn shares(&self) -> Vec<f64> {
        let logprobs = self.continuations.iter().map(|one| one.logprob);
        let highest = logprobs.clone().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logprobs.map(|logprob| (logprob - highest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    /// The likeliest continuation; the first among equals. With `by_token`, by the mean over its
    /// tokens, which does not favour short ones.
    pub fn best(&self, by_token: bool) -> Option<usize> {
        let value = |one: &Continuation| match by_token {
            true => one.logprob / one.tokens.len().max(1) as f64,
            false => one.logprob,
        };
        let mut best: Option<(usize, f64)> = None;
        for (at, one) in self.continuations.iter().enumerate() {
            if best.is_none_or(|(_, highest)| value(one) > highest) {
                best = Some((at, value(one)));
            }
        }
        best.map(|(at, _)| at)
    }

    /// The mean of `values`, one for each continuation, weighted by their shares: a yes/no or a
    /// one-to-five judgement as one number.
    ///
    /// ```
    /// use botsmith_core::score::{Continuation, Scores};
    /// let of = |p: f64| Continuation { logprob: p.ln(), tokens: Vec::new() };
    /// let scores = Scores { continuations: vec![of(0.03), of(0.01)] };
    /// assert!((scores.weighted(&[1.0, 0.0]) - 0.75).abs() < 1e-12);
    /// ```
    pub fn weighted(&self, values: &[f64]) -> f64 {
        self.shares()
            .iter()
            .zip(values)
            .map(|(share, value)| share * value)
            .sum()
    }

    /// The probability that the answer begins with any of the continuations; where it is small, the
    /// model would have said something else.
    pub fn mass(&self) -> f64 {
        self.continuations
            .iter()
            .map(|one| one.logprob.exp())
            .sum::<f64>()
            .min(1.0)
    }
}

/// How likely a model finds a whole text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TextScore {
    /// Sum of the scored tokens' natural log-probabilities.
    pub logprob: f64,
    /// Tokens that were scored: all with something before them.
    pub tokens: usize,
    /// Bytes of the text.
    pub bytes: usize,
}

impl TextScore {
    /// `exp(-mean)`, at least 1. Jelinek et al. 1977 (<https://doi.org/10.1121/1.2016299>).
    pub fn perplexity(&self) -> f64 {
        (-self.logprob / self.tokens.max(1) as f64).exp()
    }

    /// Bits that an ideal coder needs for a byte of the text; comparable between tokenizers.
    pub fn bits_per_byte(&self) -> f64 {
        -self.logprob / std::f64::consts::LN_2 / self.bytes.max(1) as f64
    }
}

/// Says how likely continuations are.
pub trait Scorer: Send + Sync + std::fmt::Debug {
    /// The scores of all requests, in their order. Requests of one call share their beginnings.
    ///
    /// # Errors
    /// [`ModelError`], by class.
    fn score<'a>(
        &'a self,
        requests: &'a [ScoreRequest],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Vec<Scores>, ModelError>>;
}
