//! One answer under way: what was read, what was made, and when it ends.

use std::sync::{Arc, Weak};

use super::super::constraint::Matcher;
use super::super::decoder::Summary;
use super::super::error::{EngineError, Result};
use super::super::kv::{BLOCK, Sequence};
use super::super::sampling::Sampler;
use super::super::stream::{StopText, TokenText};
use super::super::tokenizer::Tokenizer;
use super::handle::{Outbox, called_off};
use super::{GenerateEvent, GenerateRequest, GeneratedToken};
use crate::chat::{Call, FinishReason, Usage};

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) sequence: Sequence,
    /// Prompt and answer.
    pub(crate) tokens: Vec<u32>,
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
    /// When it came, counted in requests.
    pub(crate) ticket: u64,
    /// Whether the prompt's keys and values were kept for others.
    pub(crate) remembered: bool,
}

/// What is known of the next token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    /// A number for every token there is.
    Logits(&'a [f32]),
    /// The likeliest token.
    Summary(Summary),
}

/// Looks at whether an answer is still wanted, while it is computed.
#[derive(Debug)]
pub(crate) struct Watch {
    call: Call,
    outbox: Weak<Outbox>,
}

impl Watch {
    /// Whether nobody waits for the answer any more; who waits for its next piece gets the reason
    /// now, and not when the step is over.
    pub(crate) fn ends(&self) -> bool {
        // The answer's own end is one.
        if self.outbox.strong_count() <= 1 {
            return true;
        }
        let Some(error) = called_off(&self.call) else {
            return false;
        };
        if let Some(outbox) = self.outbox.upgrade() {
            outbox.put(Err(error));
        }
        true
    }
}

impl Active {
    pub(crate) fn new(
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
            ticket: 0,
            remembered: false,
        }
    }

    /// Why nobody waits for it any more, if so.
    pub(crate) fn called_off(&self) -> Option<EngineError> {
        match Arc::strong_count(&self.outbox) {
            1 => Some(EngineError::Cancelled),
            _ => called_off(&self.call),
        }
    }

    /// Ends its stream with the reason why nobody waits for it any more, if so. Whether it is.
    pub(crate) fn end_if_called_off(&self) -> bool {
        let error = self.called_off();
        error.map(|error| self.fail(error)).is_some()
    }

    /// A look from another thread.
    pub(crate) fn watch(&self) -> Watch {
        Watch {
            call: self.call.clone(),
            outbox: Arc::downgrade(&self.outbox),
        }
    }

    /// Begins with what is remembered of its prompt; the last token is always read.
    pub(crate) fn begin(&mut self, remembered: Sequence) {
        self.cached = remembered.len();
        self.sequence = remembered;
    }

    /// Tokens that are not read yet.
    pub(crate) fn unread(&self) -> usize {
        self.tokens.len() - self.sequence.len()
    }

    /// All tokens that something remembered may stand for: the last one is read to have its row.
    pub(crate) fn before_last(&self) -> &[u32] {
        &self.tokens[..self.tokens.len() - 1]
    }

    /// How much of the beginning of `tokens`, in whole blocks, it will have read that it has not yet.
    pub(crate) fn will_read(&self, tokens: &[u32]) -> usize {
        let common = self.tokens.iter().zip(tokens);
        let common = common.take_while(|(a, b)| a == b).count() / BLOCK * BLOCK;
        match self.sequence.len() < common {
            true => common,
            false => 0,
        }
    }

    /// Blocks that reading them will take at most, the next token's included.
    pub(crate) fn blocks(&self) -> usize {
        self.sequence.blocks_for(self.unread() + 1)
    }

    pub(crate) fn fail(&self, error: EngineError) {
        self.outbox.put(Err(error));
    }

    /// Whether the likeliest token is all that it wants of a row.
    pub(crate) fn takes_likeliest(&self) -> bool {
        self.matcher.is_none() && self.sampler.takes_likeliest()
    }

    /// Chooses the next token. Whether the answer goes on.
    pub(crate) fn take(&mut self, row: Row<'_>, tokenizer: &Tokenizer) -> Result<bool> {
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
