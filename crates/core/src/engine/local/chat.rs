//! Chats with a local model: a request -> the template's text -> tokens -> an answer in pieces.
//!
//! Thought between `<think>` and `</think>` comes as such; tool calls are read in the model's own
//! format, and where a call is demanded, or the answer has a schema, a grammar holds the model to it.
//! The same request with the same seed gets the same answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_json::{Map, Value};

use super::super::chat_template::{ChatInput, messages_as_json, tools_as_json};
use super::super::constraint::Grammar;
use super::super::error::{EngineError, Result};
use super::super::generate::{GenerateEvent, GenerateRequest, GeneratedToken, Generation};
use super::super::stream::StopText;
use super::super::tool_calls::{ToolFormat, parse_tool_calls};
use super::options::wanted;
use super::start::ChatStart;
use super::{Inner, LocalModel};
use crate::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, FinishReason,
    ModelError, ModelInfo, OutputFormat, TokenLogprob, ToolChoice, ToolSpec, Usage, collect,
};

const THINK: &str = "<think>";
const THOUGHT: &str = "</think>";

impl LocalModel {
    /// The text that a request becomes.
    ///
    /// # Errors
    /// Where the model has no chat template, or it refuses.
    pub fn chat_text(&self, request: &ChatRequest) -> Result<String> {
        let wanted = wanted(request, &self.inner.defaults)?;
        self.written(request, wanted.template)
    }

    /// Begins an answer to a chat, as a stream that borrows nothing. Dropping it stops the work.
    ///
    /// # Errors
    /// Where the request cannot be met, or does not fit.
    pub fn begin_chat(&self, request: &ChatRequest, call: &Call) -> Result<ChatStream<'static>> {
        self.begin_chat_with(request, ChatStart::default(), call)
    }

    /// As [`LocalModel::begin_chat`], held by a grammar, or with the prompt as it stands.
    ///
    /// # Errors
    /// As [`LocalModel::begin_chat`]; also where `start` and the request exclude each other.
    pub fn begin_chat_with(
        &self,
        request: &ChatRequest,
        start: ChatStart,
        call: &Call,
    ) -> Result<ChatStream<'static>> {
        Ok(Box::pin(self.begin(request, start, call)?))
    }

    fn written(&self, request: &ChatRequest, extra: Map<String, Value>) -> Result<String> {
        let offered = request.tool_choice != ToolChoice::None;
        self.chat_prompt(&ChatInput {
            messages: messages_as_json(&request.messages),
            tools: match offered {
                true => tools_as_json(&request.tools),
                false => Vec::new(),
            },
            add_generation_prompt: true,
            extra,
            // Of the clock a template sees the day of the epoch: the same request, the same bytes.
            now: 0,
        })
    }

    fn begin(&self, request: &ChatRequest, start: ChatStart, call: &Call) -> Result<Answering> {
        let wanted = wanted(request, &self.inner.defaults)?;
        let prompt = start.prompt(request)?;
        let raw = prompt.is_some();
        let text = match prompt {
            Some(prompt) => prompt,
            None => self.written(request, wanted.template.clone())?,
        };
        let tools: Vec<&ToolSpec> = match &request.tool_choice {
            ToolChoice::None => Vec::new(),
            ToolChoice::Named(name) => {
                let named: Vec<&ToolSpec> = request
                    .tools
                    .iter()
                    .filter(|tool| tool.name == *name)
                    .collect();
                if named.is_empty() {
                    return Err(EngineError::Setting(format!(
                        "no tool `{}` is on offer",
                        crate::hint::shown(name)
                    )));
                }
                named
            }
            ToolChoice::Auto | ToolChoice::Required => request.tools.iter().collect(),
        };
        if !tools.is_empty() && self.inner.tools.is_none() {
            return Err(EngineError::Setting(
                "the model's chat template knows no tools".into(),
            ));
        }
        let format = self.inner.tools.filter(|_| !tools.is_empty());
        let generate = GenerateRequest {
            // A template writes the special tokens itself.
            prompt: self.tokenizer().encode(&text, raw)?,
            grammar: start
                .grammar
                .or_else(|| self.grammar(request, &tools, format)),
            sampling: wanted.sampling,
            max_tokens: wanted.max_tokens,
            stop: wanted.stop,
            ignore_end: false,
            show_special: format.is_some(),
        };
        let inside = !raw && text.trim_end().ends_with(THINK);
        Ok(Answering {
            model: self.clone(),
            generation: self.generate(generate, call.clone())?,
            format,
            thinking: inside.then(|| StopText::new([THOUGHT.to_owned()])),
            began: inside || raw,
            after_thought: false,
            shown: StopText::new(format.and_then(ToolFormat::opening).map(str::to_owned)),
            response: ChatResponse {
                provider: self.inner.info.provider.clone(),
                model: self.inner.info.model.clone(),
                ..ChatResponse::default()
            },
            written: String::new(),
            reasoning: String::new(),
            with_logprobs: request.sampling.top_logprobs.is_some(),
            queue: Vec::new(),
        })
    }

    /// What holds the answer, if anything does.
    fn grammar(
        &self,
        request: &ChatRequest,
        tools: &[&ToolSpec],
        format: Option<ToolFormat>,
    ) -> Option<Grammar> {
        let demanded = matches!(
            request.tool_choice,
            ToolChoice::Required | ToolChoice::Named(_)
        );
        let any = Value::Object(Map::new());
        let schema = match &request.output {
            OutputFormat::Text => None,
            OutputFormat::Json => Some(&any),
            OutputFormat::JsonSchema { schema, .. } => Some(schema),
        };
        let special = |mark: &str| {
            let id = self.tokenizer().id(mark)?;
            let added = self.tokenizer().inner().get_added_tokens_decoder();
            added
                .get(&id)
                .is_some_and(|token| token.special)
                .then_some(id)
        };
        match (format, demanded, schema) {
            (Some(format), true, _) => Some(Grammar::Lark(format.grammar(tools, None, special))),
            (Some(format), false, Some(schema)) => {
                Some(Grammar::Lark(format.grammar(tools, Some(schema), special)))
            }
            (_, _, None) => None,
            (None, _, Some(schema)) => Some(Grammar::JsonSchema(schema.clone())),
        }
    }
}

/// An answer under way, as a stream of the house's events.
struct Answering {
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

/// A stream that has nothing but an error.
struct Refused(Option<ModelError>);

impl Stream for Refused {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

impl ChatModel for LocalModel {
    fn scorer(&self) -> Option<&dyn crate::score::Scorer> {
        Some(self)
    }

    fn info(&self) -> &ModelInfo {
        let Inner { info, .. } = &*self.inner;
        info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(collect(self.stream(request, call)))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        match self.begin_chat(request, call) {
            Ok(answering) => answering,
            Err(error) => Box::pin(Refused(Some(error.into_model_error()))),
        }
    }
}
