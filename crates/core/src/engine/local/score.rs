//! Prompts and continuations as text -> log-likelihoods; see `engine/score.rs`.

use super::super::chat_template::ChatInput;
use super::super::error::{EngineError, Result};
use super::super::generate::called_off;
use super::super::score::Scored;
use super::LocalModel;
use crate::chat::{BoxFuture, Call, ModelError};
use crate::score::{Continuation, ScorePrompt, ScoreRequest, Scorer, Scores, TextScore};

impl LocalModel {
    /// The log-likelihoods of continuations; see [`Scorer::score`]. Blocks.
    ///
    /// Prompt and continuation are tokenised as one text. A token that crosses the border belongs to
    /// the continuation; a continuation's token with nothing before it (no prompt, and a tokenizer
    /// that puts nothing first) is not scored.
    ///
    /// # Errors
    /// [`EngineError::TooLong`] for a text beyond the context, [`EngineError::Cancelled`] and
    /// [`EngineError::Deadline`], and those of the chat template and its settings.
    pub fn score_now(&self, requests: &[ScoreRequest], call: &Call) -> Result<Vec<Scores>> {
        let mut texts = Vec::new();
        for request in requests {
            let (prompt, special) = match &request.prompt {
                ScorePrompt::Text(text) => (text.clone(), true),
                ScorePrompt::Chat(chat) => self.before_the_answer(chat)?,
            };
            for continuation in &request.continuations {
                texts.push(self.scored(&prompt, continuation, special, call)?);
            }
        }
        let logprobs = self.logprobs(texts.clone(), call)?;
        let mut logprobs = logprobs.into_iter().zip(&texts);
        let mut all = Vec::with_capacity(requests.len());
        for request in requests {
            let of = logprobs.by_ref().take(request.continuations.len());
            let continuations = of.map(|(logprobs, text)| {
                let ids = &text.tokens[text.first.min(text.tokens.len())..];
                let token = |id: u32| self.tokenizer().decode(&[id], false).unwrap_or_default();
                Continuation {
                    logprob: logprobs.iter().sum(),
                    tokens: ids.iter().map(|id| token(*id)).zip(logprobs).collect(),
                }
            });
            all.push(Scores {
                continuations: continuations.collect(),
            });
        }
        Ok(all)
    }

    /// How likely whole texts are: every token with something before it counts. Blocks.
    ///
    /// # Errors
    /// As [`LocalModel::score_now`].
    pub fn score_texts(&self, texts: &[String], call: &Call) -> Result<Vec<TextScore>> {
        let scored: Result<Vec<Scored>> = texts
            .iter()
            .map(|text| self.scored("", text, true, call))
            .collect();
        let logprobs = self.logprobs(scored?, call)?;
        Ok(logprobs
            .iter()
            .zip(texts)
            .map(|(logprobs, text)| TextScore {
                logprob: logprobs.iter().sum(),
                tokens: logprobs.len(),
                bytes: text.len(),
            })
            .collect())
    }

    /// The log-probabilities of each text's tokens from `first` on (at least 1), in nats. Blocks.
    ///
    /// # Errors
    /// As [`LocalModel::score_now`].
    pub fn score_tokens(&self, texts: &[(Vec<u32>, usize)], call: &Call) -> Result<Vec<Vec<f64>>> {
        let scored = texts.iter().map(|(tokens, first)| Scored {
            tokens: tokens.clone(),
            first: (*first).max(1),
        });
        self.logprobs(scored.collect(), call)
    }

    fn logprobs(&self, texts: Vec<Scored>, call: &Call) -> Result<Vec<Vec<f64>>> {
        let limit = self.inner.context.limit;
        match texts.iter().find(|text| text.tokens.len() > limit) {
            Some(long) => Err(EngineError::TooLong {
                tokens: long.tokens.len(),
                limit,
            }),
            None => self.inner.worker.score(texts, call),
        }
    }

    fn scored(
        &self,
        prompt: &str,
        continuation: &str,
        special: bool,
        call: &Call,
    ) -> Result<Scored> {
        // Many texts take long to tokenise.
        if let Some(error) = called_off(call) {
            return Err(error);
        }
        let text = format!("{prompt}{continuation}");
        let encoded = self.tokenizer().encode_with_offsets(&text, None, special)?;
        let mut tokens = encoded.ids;
        // What the tokenizer puts after the text is no part of it.
        let end = encoded
            .offsets
            .iter()
            .rposition(|(from, to)| to > from)
            .map_or(tokens.len(), |last| last + 1);
        tokens.truncate(end);
        let first = encoded.offsets[..end]
            .iter()
            .position(|(_, to)| *to > prompt.len());
        Ok(Scored {
            first: first.unwrap_or(tokens.len()).max(1),
            tokens,
        })
    }

    /// A conversation as the model reads it.
    pub(super) fn chat_prompt(&self, input: &ChatInput) -> Result<String> {
        let template = self.inner.templates.of(!input.tools.is_empty());
        let template = template.ok_or_else(|| {
            EngineError::Setting("the model has no chat template: ask it with plain text".into())
        })?;
        Ok(template.render(input)?)
    }
}

impl Scorer for LocalModel {
    fn score<'a>(
        &'a self,
        requests: &'a [ScoreRequest],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Vec<Scores>, ModelError>> {
        let (model, requests, inner) = (self.clone(), requests.to_vec(), call.clone());
        let done = super::super::background::run(move || model.score_now(&requests, &inner));
        Box::pin(async move { done.await.map_err(EngineError::into_model_error) })
    }
}
