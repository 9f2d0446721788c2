//! Chats with a local model: a request -> the template's text -> tokens -> an answer in pieces.
//!
//! Thought between `<think>` and `</think>` comes as such; tool calls are read in the model's own
//! format, and where a call is demanded, or the answer has a schema, a grammar holds the model to it; a
//! call that nobody demanded is held once the model has opened it. A grammar that governs from the first
//! token leaves no place for a thought: the template is told so where it knows the switch, and a thought that
//! it has opened is closed. So it is before a continuation that is scored.
//! The same request with the same seed gets the same answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde_json::{Map, Value};

use super::super::chat_template::{ChatInput, messages_as_json, tools_as_json};
use super::super::constraint::Grammar;
use super::super::error::{EngineError, Result};
use super::super::generate::GenerateRequest;
use super::super::tool_calls::ToolFormat;
use super::answering::{Answering, Reading, THINK, THOUGHT};
use super::options::{SWITCH, Wanted, wanted};
use super::start::ChatStart;
use super::{Inner, LocalModel};
use crate::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ModelError,
    ModelInfo, OutputFormat, ToolChoice, ToolSpec, collect,
};

impl LocalModel {
    /// The text that a request becomes.
    ///
    /// # Errors
    /// Where the model has no chat template, or it refuses, or the request cannot be met.
    pub fn chat_text(&self, request: &ChatRequest) -> Result<String> {
        self.chat_text_with(request, ChatStart::default())
    }

    /// As [`LocalModel::chat_text`], for a chat that is begun in this way.
    ///
    /// # Errors
    /// As [`LocalModel::chat_text`]; also where `start` and the request exclude each other.
    pub fn chat_text_with(&self, request: &ChatRequest, start: ChatStart) -> Result<String> {
        Ok(self.posed(request, start)?.text)
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

    fn begin(&self, request: &ChatRequest, start: ChatStart, call: &Call) -> Result<Answering> {
        let posed = self.posed(request, start)?;
        let generate = GenerateRequest {
            // A template writes the special tokens itself.
            prompt: self.tokenizer().encode(&posed.text, posed.raw)?,
            grammar: posed.grammar,
            sampling: posed.wanted.sampling,
            max_tokens: posed.wanted.max_tokens,
            stop: posed.wanted.stop,
            ignore_end: false,
            show_special: posed.format.is_some(),
        };
        let free = (generate.grammar.as_ref()).is_some_and(Grammar::leaves_the_beginning_free);
        let unheld = free.then(|| GenerateRequest {
            grammar: None,
            ..generate.clone()
        });
        let generation = match (self.generate(generate, call.clone()), unheld) {
            // Calls that nobody demands are not refused because no grammar can be made of their schema.
            (Err(EngineError::Grammar(_)), Some(unheld)) => self.generate(unheld, call.clone())?,
            (made, _) => made?,
        };
        let reading = Reading {
            format: posed.format,
            thinking: posed.thinking,
            may_think: !posed.raw,
            with_logprobs: request.sampling.top_logprobs.is_some(),
        };
        Ok(Answering::new(self, generation, reading))
    }

    /// What a request is to the model.
    fn posed(&self, request: &ChatRequest, start: ChatStart) -> Result<Posed> {
        let wanted = wanted(request, &self.inner.defaults)?;
        let prompt = start.prompt(request, &wanted.tool_choice, start.raw || wanted.raw)?;
        let raw = prompt.is_some();
        let mut text = match prompt {
            Some(prompt) => prompt,
            None => self.written(request, &wanted)?,
        };
        let tools = self.offered(request, &wanted.tool_choice)?;
        let format = self.inner.tools.filter(|_| !tools.is_empty());
        let opened = !raw && opens_thought(&text);
        let grammar = match start.grammar {
            Some(grammar) => Some(grammar),
            None => self.grammar(request, &wanted.tool_choice, &tools, format, opened),
        };
        // Such a grammar cannot write the thought's end, and would be taken for the thought itself.
        let governs = grammar
            .as_ref()
            .is_some_and(|grammar| !grammar.leaves_the_beginning_free());
        if governs && !raw {
            text = self.before_the_answer(request)?.0;
        }
        Ok(Posed {
            wanted,
            text,
            raw,
            format,
            thinking: opened && !governs,
            grammar,
        })
    }

    /// The text after which the answer itself stands, with no thought before it, and whether it is the caller's own.
    ///
    /// # Errors
    /// As [`LocalModel::chat_text`].
    pub(super) fn before_the_answer(&self, request: &ChatRequest) -> Result<(String, bool)> {
        let mut wanted = wanted(request, &self.inner.defaults)?;
        let prompt = ChatStart::default().prompt(request, &wanted.tool_choice, wanted.raw)?;
        if let Some(prompt) = prompt {
            return Ok((prompt, true));
        }
        // A template that thinks unless it is told not to leaves it to the model to open the thought.
        let switch = wanted.template.entry(SWITCH);
        switch.or_insert(Value::Bool(false));
        let mut text = self.written(request, &wanted)?;
        if opens_thought(&text) {
            close_thought(&mut text);
        }
        Ok((text, false))
    }

    fn written(&self, request: &ChatRequest, wanted: &Wanted) -> Result<String> {
        let offered = wanted.tool_choice != ToolChoice::None;
        self.chat_prompt(&ChatInput {
            messages: messages_as_json(&request.messages),
            tools: match offered {
                true => tools_as_json(&request.tools),
                false => Vec::new(),
            },
            add_generation_prompt: true,
            extra: wanted.template.clone(),
            // Of the clock a template sees the day of the epoch: the same request, the same bytes.
            now: 0,
        })
    }

    /// The tools that may be called.
    fn offered<'a>(
        &self,
        request: &'a ChatRequest,
        choice: &ToolChoice,
    ) -> Result<Vec<&'a ToolSpec>> {
        let tools: Vec<&ToolSpec> = match choice {
            ToolChoice::None => Vec::new(),
            ToolChoice::Named(name) => {
                let named = request.tools.iter().filter(|tool| tool.name == *name);
                let named: Vec<&ToolSpec> = named.collect();
                if named.is_empty() {
                    return Err(EngineError::Setting(format!(
                        "no tool `{}` is on offer{}",
                        crate::hint::shown(name),
                        near(name, &request.tools)
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
        Ok(tools)
    }

    /// What holds the answer, if anything does; `opened` tells whether the prompt has opened a thought.
    fn grammar(
        &self,
        request: &ChatRequest,
        choice: &ToolChoice,
        tools: &[&ToolSpec],
        format: Option<ToolFormat>,
        opened: bool,
    ) -> Option<Grammar> {
        let demanded = matches!(choice, ToolChoice::Required | ToolChoice::Named(_));
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
            (Some(format), false, None) => {
                let mut text = format.held(tools, special);
                text.thought = Some((THINK.to_owned(), THOUGHT.to_owned()));
                text.thinking = opened;
                Some(Grammar::Marked(text))
            }
            (None, _, None) => None,
            (None, _, Some(schema)) => Some(Grammar::JsonSchema(schema.clone())),
        }
    }
}

/// A request as the model is asked.
struct Posed {
    wanted: Wanted,
    text: String,
    /// Whether the text is the caller's own.
    raw: bool,
    format: Option<ToolFormat>,
    grammar: Option<Grammar>,
    /// Whether the answer begins inside of a thought.
    thinking: bool,
}

/// Whether a prompt ends inside of a thought.
fn opens_thought(prompt: &str) -> bool {
    prompt.trim_end().ends_with(THINK)
}

/// Closes the thought that a prompt has opened, empty, as Qwen3's template writes it.
fn close_thought(prompt: &mut String) {
    prompt.truncate(prompt.trim_end().len());
    prompt.push_str("\n\n");
    prompt.push_str(THOUGHT);
    prompt.push_str("\n\n");
}

/// The nearest tool by name, as the end of a message.
fn near(name: &str, tools: &[ToolSpec]) -> String {
    let near = crate::hint::nearest(name, tools.iter().map(|tool| tool.name.as_str()));
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
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
