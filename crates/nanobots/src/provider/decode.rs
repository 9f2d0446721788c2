//! Answers read: a whole one, or a stream of bytes as it comes.
//!
//! Bytes -> [`ChatEvent`]s and one [`ChatResponse`], by the provider's format. Pure: the bytes may
//! come from a socket, a file or a fuzzer.

use botsmith_core::chat::{ChatEvent, ChatRequest, ChatResponse, ErrorClass, ModelError};
use serde_json::Value;

use super::assembly::Assembly;
use super::secrets::Secrets;
use super::sse::{EventReader, LineReader, TooLong};
use super::{
    ProviderConfig, ProviderKind, anthropic, cohere, failure, google, maritaca, ollama, openai,
    wire,
};

/// Reads a whole answer.
///
/// # Errors
/// [`ErrorClass::Protocol`] for what is no answer in the provider's format; the provider's error,
/// if it is one.
pub fn decode_answer(
    config: &ProviderConfig,
    request: &ChatRequest,
    body: &[u8],
) -> Result<ChatResponse, ModelError> {
    let secrets = config.secrets();
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let text = String::from_utf8_lossy(body);
        failure::malformed(config, &secrets, &text, &error)
    })?;
    if let Some(error) = failure::of_value(config, &secrets, &value) {
        return Err(error);
    }
    let mut assembly = begin(config, request);
    let into = &mut assembly;
    match config.kind {
        ProviderKind::Ollama => ollama::whole(&value, into),
        ProviderKind::Google => google::whole(&value, into),
        ProviderKind::Anthropic => anthropic::whole(&value, into),
        ProviderKind::Cohere => cohere::whole(&value, into),
        ProviderKind::Maritaca => maritaca::whole(&value, into),
        kind => openai::whole(kind, &value, into),
    }
    .map_err(|error| {
        let excerpt = failure::excerpt(&secrets, &value.to_string());
        let message = format!("{}: {excerpt}", error.message);
        ModelError::new(error.class, config.id(), message)
            .hint("check that the address speaks this provider's interface")
    })?;
    Ok(assembly.done().1)
}

fn begin(config: &ProviderConfig, request: &ChatRequest) -> Assembly {
    let prepared = wire::prepare(config, request);
    let mut assembly = Assembly::new(config, request, prepared.prompted);
    if config.kind == ProviderKind::Anthropic {
        assembly.answer_by_tool(anthropic::answer_tool(&prepared.output));
    }
    assembly
}

#[derive(Debug)]
enum Form {
    Events(EventReader),
    Lines(LineReader),
}

/// Reads a streamed answer, piece by piece.
///
/// ```
/// use botsmith_core::chat::{ChatEvent, ChatRequest};
/// use botsmith_nanobots::provider::{ProviderConfig, ProviderKind, StreamDecoder};
/// let config = ProviderConfig::new(ProviderKind::OpenAi);
/// let mut decoder = StreamDecoder::new(&config, &ChatRequest::default());
/// decoder.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},").unwrap();
/// decoder.feed(b"\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n").unwrap();
/// assert_eq!(decoder.take(), [ChatEvent::Text("Hi".into())]);
/// assert_eq!(decoder.finish().unwrap().1.text, "Hi");
/// ```
#[derive(Debug)]
pub struct StreamDecoder {
    config: ProviderConfig,
    secrets: Secrets,
    form: Form,
    assembly: Assembly,
}

impl StreamDecoder {
    /// A decoder of the answer to `request`, in the form that the provider uses: JSON lines for
    /// ollama and cohere, server-sent events for the others.
    pub fn new(config: &ProviderConfig, request: &ChatRequest) -> Self {
        let lines = matches!(config.kind, ProviderKind::Ollama | ProviderKind::Cohere);
        Self::with_form(config, request, lines)
    }

    /// The same for JSON lines, or else for server-sent events.
    pub fn with_form(config: &ProviderConfig, request: &ChatRequest, lines: bool) -> Self {
        Self {
            config: config.clone(),
            secrets: config.secrets(),
            form: match lines {
                true => Form::Lines(LineReader::default()),
                false => Form::Events(EventReader::default()),
            },
            assembly: begin(config, request),
        }
    }

    /// Reads more bytes; they may end anywhere.
    ///
    /// # Errors
    /// [`ErrorClass::Protocol`] for what is not the provider's format; the provider's error, if it
    /// sends one. What came before the error can still be taken.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let texts: Result<Vec<String>, TooLong> = match &mut self.form {
            Form::Events(reader) => reader
                .feed(bytes)
                .map(|events| events.into_iter().map(|event| event.data).collect()),
            Form::Lines(reader) => reader.feed(bytes),
        };
        let texts = texts.map_err(|error| {
            self.began(ModelError::new(
                ErrorClass::Protocol,
                self.config.id(),
                error.to_string(),
            ))
        })?;
        texts.iter().try_for_each(|text| self.read(text))
    }

    fn read(&mut self, text: &str) -> Result<(), ModelError> {
        let text = text.trim();
        if text.is_empty() || self.assembly.complete {
            return Ok(());
        }
        if text == "[DONE]" {
            self.assembly.ended = true;
            self.assembly.complete = true;
            return Ok(());
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            self.began(failure::malformed(
                &self.config,
                &self.secrets,
                text,
                &error,
            ))
        })?;
        if let Some(error) = failure::of_value(&self.config, &self.secrets, &value) {
            return Err(self.began(error));
        }
        let into = &mut self.assembly;
        match self.config.kind {
            ProviderKind::Ollama => ollama::piece(&value, into),
            ProviderKind::Google => google::piece(&value, into),
            ProviderKind::Anthropic => anthropic::piece(&value, into),
            ProviderKind::Cohere => cohere::piece(&value, into),
            ProviderKind::Maritaca => maritaca::piece(&value, into),
            _ => openai::piece(&value, into),
        }
        Ok(())
    }

    /// The events that have become whole since the last time.
    pub fn take(&mut self) -> Vec<ChatEvent> {
        self.assembly.take()
    }

    /// Whether nothing more will come.
    pub fn is_complete(&self) -> bool {
        self.assembly.complete
    }

    /// Whether the provider has said why the answer ended; counts may still follow.
    pub fn has_ended(&self) -> bool {
        self.assembly.ended
    }

    /// Whether any of the answer has come.
    pub fn has_begun(&self) -> bool {
        self.assembly.began()
    }

    /// Notes on an error whether any of the answer had come.
    pub(super) fn began(&self, mut error: ModelError) -> ModelError {
        error.began = self.assembly.began();
        error
    }

    /// The last events and the whole answer, once the bytes have ended.
    ///
    /// # Errors
    /// [`ErrorClass::Network`] if the answer was cut off.
    pub fn finish(mut self) -> Result<(Vec<ChatEvent>, ChatResponse), ModelError> {
        let rest = match std::mem::replace(&mut self.form, Form::Lines(LineReader::default())) {
            Form::Events(reader) => reader.rest().map(|event| event.data),
            Form::Lines(reader) => reader.rest(),
        };
        // Half of an event is no event.
        if let Some(rest) = rest
            && (rest.trim() == "[DONE]" || serde_json::from_str::<Value>(&rest).is_ok())
        {
            self.read(&rest)?;
        }
        if !self.assembly.ended {
            let what = match self.assembly.began() {
                true => "the answer was cut off in the middle",
                false => "the connection ended before the answer began",
            };
            return Err(self.began(ModelError::new(ErrorClass::Network, self.config.id(), what)));
        }
        Ok(self.assembly.done())
    }
}
