//! One answer under way: what was read, what was made, and when it ends.

use std::sync::{Arc, Weak};

use super::super::constraint::Matcher;
use super::super::decoder::Summary;
use super::super::error::{EngineError, Result};
use super::super::kv::Sequence;
use super::super::sampling::Sampler;
use super::super::stream::{StopText, TokenText};
use super::super::tokenizer::Tokenizer;
use super::handle::{Outbox, called_off};
use super::{GenerateEvent, GenerateRequest, GeneratedToken};
use crate::chat::{Call, FinishReason, Usage};

/// An answer under way.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) sequence: Sequence,
    /// Prompt and answer.
    pub(super) tokens: Vec<u32>,
    prompt: usize,
    cached: usize,
    limit: usize,
    ends: Arc<[u32]>,
    sampler: Sampler,
    matcher: Option<Matcher>,
    text: TokenText,
    stop: StopText,
    show_special: bool,
    call: Call,
    outbox: Arc<Outbox>,
    /// Whether the prompt's keys and values were kept for others.
    pub(super) remembered: bool,
}

/// What is known of the next token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// A number for every token there is.
    Logits(&'a [f32]),
    /// The likeliest token.
    Summary(Summary),
}

/// Looks at whether an answer is still wanted.
#[derive(Debug)]
pub(super) struct Watch {
    call: Call,
    outbox: Weak<Outbox>,
}

impl Watch {
    pub(super) fn is_called_off(&self) -> bool {
        // The answer's own end is one.
        self.outbox.strong_count() <= 1 || called_off(&self.call).is_some()
    }
}

impl Active {
    pub(super) fn new(
        request: GenerateRequest,
        context: usize,
        ends: Arc<[u32]>,
        call: Call,
        outbox: Arc<Outbox>,
        matcher: Option<Matcher>,
    ) -> Self {
        let prompt = request.prompt.len();
        let room = context.saturating_sub(prompt);
        let ends = if request.ignore_end {
            Arc::from([])
        } else {
            ends
        };
        Self {
            sequence: Sequence::default(),
            prompt,
            cached: 0,
            limit: request.max_tokens.unwrap_or(room).min(room),
            ends,
            sampler: Sampler::new(request.sampling, &request.prompt),
            matcher,
            text: TokenText::default(),
            stop: StopText::new(request.stop),
            show_special: request.show_special,
            tokens: request.prompt,
            call,
            outbox,
            remembered: false,
        }
    }

    /// Why nobody waits for it any more, if so.
    pub(super) fn called_off(&self) -> Option<EngineError> {
        match Arc::strong_count(&self.outbox) {
            1 => Some(EngineError::Cancelled),
            _ => called_off(&self.call),
        }
    }

    /// A look from another thread.
    pub(super) fn watch(&self) -> Watch {
        Watch {
            call: self.call.clone(),
            outbox: Arc::downgrade(&self.outbox),
        }
    }

    /// Begins with what is remembered of its prompt; the last token is always read.
    pub(super) fn begin(&mut self, remembered: Sequence) {
        self.cached = remembered.len();
        self.sequence = remembered;
    }

    /// Tokens that are not read yet.
    pub(super) fn unread(&self) -> usize {
        self.tokens.len() - self.sequence.len()
    }

    /// Blocks that reading them will take at most, the next token's included.
    pub(super) fn blocks(&self) -> usize {
        self.sequence.blocks_for(self.unread() + 1)
    }

    pub(super) fn fail(&self, error: EngineError) {
        self.outbox.put(Err(error));
    }

    /// Whether the likeliest token is all that it wants of a row.
    pub(super) fn takes_likeliest(&self) -> bool {
        self.matcher.is_none() && self.sampler.takes_likeliest()
    }

    /// Chooses the next token. Whether the answer goes on.
    pub(super) fn take(&mut self, row: Row<'_>, tokenizer: &Tokenizer) -> Result<bool> {
        if self.limit == 0 {
            return self.end(FinishReason::Length, tokenizer);
        }
        let allowed = self.matcher.as_mut().map(Matcher::allowed).transpose()?;
        let pick = match (row, &allowed) {
            (Row::Summary(found), _) => self.sampler.take(found),
            (Row::Logits(logits), None) => self.sampler.pick(logits, None),
            (Row::Logits(logits), Some(allowed)) => {
                let ends = &self.ends;
                let may = |id| match ends.contains(&id) {
                    true => allowed.end,
                    false => allowed.allows(id),
                };
                self.sampler.pick(logits, Some(&may))
            }
        };
        if self.ends.contains(&pick.token) {
            return self.end(FinishReason::Stop, tokenizer);
        }
        let mut grammar_ended = false;
        if let Some(matcher) = &mut self.matcher {
            grammar_ended = matcher.take(pick.token)?;
        }
        self.tokens.push(pick.token);
        let decode = |ids: &[u32]| tokenizer.decode(ids, !self.show_special);
        let text = self.text.push(pick.token, decode)?;
        let text = self.stop.push(&text);
        let token = GeneratedToken {
            token: pick.token,
            logprob: pick.logprob,
            top: pick.top,
        };
        self.outbox.put(Ok(GenerateEvent::Token { token, text }));
        if self.stop.has_stopped() || grammar_ended {
            return self.end(FinishReason::Stop, tokenizer);
        }
        match self.tokens.len() - self.prompt >= self.limit {
            true => self.end(FinishReason::Length, tokenizer),
            false => Ok(true),
        }
    }

    fn end(&mut self, finish: FinishReason, tokenizer: &Tokenizer) -> Result<bool> {
        let mut text = String::new();
        let mut finish = finish;
        if !self.stop.has_stopped() {
            let decode = |ids: &[u32]| tokenizer.decode(ids, !self.show_special);
            let rest = self.text.finish(decode)?;
            text = self.stop.push(&rest);
            text.push_str(&self.stop.finish());
            if self.stop.has_stopped() {
                finish = FinishReason::Stop;
            }
        }
        self.outbox.put(Ok(GenerateEvent::Done {
            text,
            finish,
            usage: Usage {
                input_tokens: self.prompt as u64,
                output_tokens: (self.tokens.len() - self.prompt) as u64,
                cached_tokens: self.cached as u64,
            },
        }));
        Ok(false)
    }
}
