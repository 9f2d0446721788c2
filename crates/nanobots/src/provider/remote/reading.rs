//! A streamed answer as it comes from the server.
//!
//! Chunks of the connection -> [`ChatEvent`]s, through a [`StreamDecoder`]. A server that does not
//! stream, though it was asked to, is read all the same.

use std::collections::VecDeque;

use botsmith_core::chat::{
    Call, ChatEvent, ChatModel as _, ChatRequest, ChatResponse, ChatStream, ErrorClass, ModelError,
};

use super::super::ProviderKind;
use super::super::decode::{StreamDecoder, decode_answer};
use super::Remote;

/// The answer of `remote` to `request`, piece by piece.
pub(super) fn stream<'a>(
    remote: &'a Remote,
    request: &'a ChatRequest,
    call: &'a Call,
) -> ChatStream<'a> {
    let reading = Reading {
        remote,
        request,
        call,
        state: State::Unsent,
        queue: VecDeque::new(),
        failure: None,
        bytes: 0,
    };
    Box::pin(futures_util::stream::unfold(
        reading,
        |mut reading| async move { reading.next().await.map(|item| (item, reading)) },
    ))
}

enum State {
    Unsent,
    Open(Box<(reqwest::Response, String, StreamDecoder)>),
    Ended,
}

/// A stream that is being read.
struct Reading<'a> {
    remote: &'a Remote,
    request: &'a ChatRequest,
    call: &'a Call,
    state: State,
    queue: VecDeque<ChatEvent>,
    /// Comes after what is in the queue.
    failure: Option<ModelError>,
    bytes: usize,
}

impl Reading<'_> {
    async fn next(&mut self) -> Option<Result<ChatEvent, ModelError>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(Ok(event));
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(error));
            }
            let state = std::mem::replace(&mut self.state, State::Ended);
            let step = match state {
                State::Ended => return None,
                State::Unsent => self.begin().await,
                State::Open(open) => self.go_on(open).await,
            };
            match step {
                Ok(state) => self.state = state,
                Err(error) => self.failure = Some(error),
            }
        }
    }

    async fn begin(&mut self) -> Result<State, ModelError> {
        let remote = self.remote;
        if !remote.info.streams {
            let response = remote.chat(self.request, self.call).await?;
            self.whole(response);
            return Ok(State::Ended);
        }
        let sending = remote.send(self.request, true);
        let (response, url) = remote.held(self.call, sending).await?;
        let form = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_lowercase();
        let usual = matches!(
            remote.config.kind,
            ProviderKind::Ollama | ProviderKind::Cohere
        );
        let lines = match form.as_str() {
            form if form.contains("event-stream") => false,
            form if form.contains("ndjson") || form.contains("stream+json") => true,
            // A server that does not stream answers in one piece.
            form if form.contains("application/json") && !usual => {
                let reading = remote.read(response, &url, remote.limits.body);
                let body = remote.held(self.call, reading).await?;
                self.whole(decode_answer(&remote.config, self.request, &body)?);
                return Ok(State::Ended);
            }
            _ => usual,
        };
        let decoder = StreamDecoder::with_form(&remote.config, self.request, lines);
        Ok(State::Open(Box::new((response, url, decoder))))
    }

    fn whole(&mut self, response: ChatResponse) {
        if !response.text.is_empty() {
            self.queue.push_back(ChatEvent::Text(response.text.clone()));
        }
        self.queue.push_back(ChatEvent::Done(Box::new(response)));
    }

    async fn go_on(
        &mut self,
        mut open: Box<(reqwest::Response, String, StreamDecoder)>,
    ) -> Result<State, ModelError> {
        let remote = self.remote;
        let (response, url, decoder) = &mut *open;
        let chunk = remote.chunk(response, url);
        match remote.held(self.call, chunk).await {
            Ok(Some(chunk)) => {
                self.bytes += chunk.len();
                if self.bytes > remote.limits.body {
                    return Err(decoder.began(remote.error(
                        ErrorClass::Protocol,
                        format!("the answer is longer than {} bytes", remote.limits.body),
                    )));
                }
                let fed = decoder.feed(&chunk);
                self.queue.extend(decoder.take());
                fed?;
                if !decoder.is_complete() {
                    return Ok(State::Open(open));
                }
            }
            Ok(None) => {}
            // The answer itself was there already.
            Err(error)
                if decoder.has_ended()
                    && matches!(error.class, ErrorClass::Network | ErrorClass::Timeout)
                    && remote.config.kind != ProviderKind::Maritaca => {}
            Err(error) => return Err(decoder.began(error)),
        }
        let (events, response) = open.2.finish()?;
        self.queue.extend(events);
        self.queue.push_back(ChatEvent::Done(Box::new(response)));
        Ok(State::Ended)
    }
}
