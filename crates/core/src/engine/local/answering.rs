//! Pieces of an answer as they are made -> the house's events: thought, text, calls of tools.
//!
//! Thought stands between `<think>` and `</think>`, at the beginning only; a call is shown as one when the answer
//! is whole, and what looked like a call and was none is shown as text then.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::super::generate::{GenerateEvent, GeneratedToken, Generation};
use super::super::stream::StopText;
use super::super::tool_calls::{ToolFormat, parse_tool_calls};
use super::LocalModel;
use crate::chat::{ChatEvent, ChatResponse, FinishReason, ModelError, TokenLogprob, Usage};

pub(super) const THINK: &str = "<think>";
pub(super) const THOUGHT: &str = "</think>";

/// How an answer is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// How calls are written, where tools are on offer.
    pub(super) format: Option<ToolFormat>,
    /// Whether the prompt has opened a thought.
    pub(super) thinking: bool,
    /// Whether a thought may stand at the beginning.
    pub(super) may_think: bool,
    /// Whether the tokens' log-probabilities are wanted.
    pub(super) with_logprobs: bool,
}

/// An answer under way, as a stream of the house's events.
pub(super) struct Answering {
    model: LocalModel,
    generation: Generation,
    format: Option<ToolFormat>,
    /// Inside of a thought.
    thinking: Option<StopText>,
    /// Whether any text has come.
    began: bool,
    /// Whether blanks come next that only part a thought from the answer.
    after_thought: bool,
    shown: StopText,
    response: ChatResponse,
    /// All text that is no thought.
    written: String,
    reasoning: String,
    with_logprobs: bool,
    /// Events that are ready, last first.
    queue: Vec<ChatEvent>,
}

impl Answering {
    pub(super) fn new(model: &LocalModel, generation: Generation, reading: Reading) -> Self {
        let info = &model.inner.info;
        let opening = reading.format.and_then(ToolFormat::opening);
        Self {
            model: model.clone(),
            generation,
            format: reading.format,
            thinking: reading
                .thinking
                .then(|| StopText::new([THOUGHT.to_owned()])),
            began: reading.thinking || !reading.may_think,
            after_thought: false,
            shown: StopText::new(opening.map(str::to_owned)),
            response: ChatResponse {
                provider: info.provider.clone(),
                model: info.model.clone(),
                ..ChatResponse::default()
            },
            written: String::new(),
            reasoning: String::new(),
            with_logprobs: reading.with_logprobs,
            queue: Vec::new(),
        }
    }

    /// Takes text; gives the events of it.
    fn take(&mut self, text: &str) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        let mut text = text.to_owned();
        if !self.began {
            // Whether the answer begins with a thought is known after its first letters.
            self.written.push_str(&text);
            let begins = self.written.trim_start();
            if begins.is_empty() || (THINK.starts_with(begins) && begins != THINK) {
                return events;
            }
            self.began = true;
            text = std::mem::take(&mut self.written);
            if let Some(rest) = text.trim_start().strip_prefix(THINK) {
                self.thinking = Some(StopText::new([THOUGHT.to_owned()]));
                text = rest.to_owned();
            }
        }
        if let Some(thinking) = &mut self.thinking {
            let before = format!("{}{text}", thinking.finish());
            let thought = thinking.push(&before);
            if !thought.is_empty() {
                self.reasoning.push_str(&thought);
                events.push(ChatEvent::Reasoning(thought.clone()));
            }
            if !thinking.has_stopped() {
                return events;
            }
            self.thinking = None;
            self.after_thought = true;
            before[thought.len() + THOUGHT.len()..].clone_into(&mut text);
        }
        if self.after_thought {
            text = text.trim_start().to_owned();
            self.after_thought = text.is_empty();
        }
        self.written.push_str(&text);
        // Bare JSON may be a call: it is shown at the end, if it is none.
        let bare =
            self.format == Some(ToolFormat::Llama) && self.written.trim_start().starts_with('{');
        let shown = if bare {
            String::new()
        } else {
            self.shown.push(&text)
        };
        if !shown.is_empty() {
            events.push(ChatEvent::Text(shown));
        }
        events
    }

    fn done(&mut self, text: &str, finish: FinishReason, usage: Usage) -> Vec<ChatEvent> {
        let mut events = self.take(text);
        if !self.began {
            self.began = true;
            let held = std::mem::take(&mut self.written);
            events.extend(self.take(&held));
        }
        if let Some(thinking) = &mut self.thinking {
            let rest = thinking.finish();
            self.reasoning.push_str(&rest);
            if !rest.is_empty() {
                events.push(ChatEvent::Reasoning(rest));
            }
        }
        let mut response = std::mem::take(&mut self.response);
        let written = std::mem::take(&mut self.written);
        (response.text, response.tool_calls) = match self.format {
            Some(format) => parse_tool_calls(format, &written),
            None => (written, Vec::new()),
        };
        let rest = match self.shown.has_stopped() && response.tool_calls.is_empty() {
            // What looked like a call was none.
            true => response.text[self.seen(&response.text)..].to_owned(),
            false => self.shown.finish(),
        };
        let bare =
            self.format == Some(ToolFormat::Llama) && response.text.trim_start().starts_with('{');
        let rest = if bare { response.text.clone() } else { rest };
        if !rest.is_empty() && response.tool_calls.is_empty() {
            events.push(ChatEvent::Text(rest));
        }
        response.finish = match response.tool_calls.is_empty() {
            true => finish,
            false => FinishReason::ToolCalls,
        };
        response.usage = Some(usage);
        response.reasoning =
            Some(self.reasoning.trim().to_owned()).filter(|thought| !thought.is_empty());
        events.push(ChatEvent::Done(Box::new(response)));
        events
    }

    /// How much of the text was shown before what looked like a call.
    fn seen(&self, text: &str) -> usize {
        let open = self
            .format
            .and_then(ToolFormat::opening)
            .unwrap_or_default();
        text.find(open).unwrap_or(text.len())
    }

    fn logprob(&mut self, token: &GeneratedToken) {
        if self.with_logprobs {
            let text = |id: u32| {
                self.model
                    .tokenizer()
                    .decode(&[id], false)
                    .unwrap_or_default()
            };
            let one = TokenLogprob {
                token: text(token.token),
                logprob: token.logprob,
                top: token
                    .top
                    .iter()
                    .map(|(id, logprob)| (text(*id), *logprob))
                    .collect(),
            };
            self.response.logprobs.push(one);
        }
    }
}

impl Stream for Answering {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.queue.pop() {
                return Poll::Ready(Some(Ok(event)));
            }
            let next = ready!(Pin::new(&mut self.generation).poll_next(context));
            let mut events = match next {
                None => return Poll::Ready(None),
                Some(Err(error)) => {
                    let error = error.into_model_error();
                    let error = if self.began { error.began() } else { error };
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(GenerateEvent::Token { token, text })) => {
                    self.logprob(&token);
                    self.take(&text)
                }
                Some(Ok(GenerateEvent::Done {
                    text,
                    finish,
                    usage,
                })) => self.done(&text, finish, usage),
            };
            events.reverse();
            self.queue = events;
        }
    }
}
