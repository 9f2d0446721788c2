//! Python functions in the place of models and of evaluators.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use botsmith::core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass,
    ModelError, ModelInfo,
};
use botsmith::core::yaml::Fields;
use botsmith::eval::evaluators::{Better, Docs, Evaluator, Kind, Range, Scope, Subject};
use botsmith::eval::{Result, Verdict};
use futures_core::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::callback::{Callback, Raised};

/// The provider's id of Python functions.
pub(crate) const PROVIDER: &str = "function";

/// A model that is a function: a request as JSON goes in, a response as JSON comes out; a function that gives its
/// text in pieces is read as they come.
#[derive(Debug)]
pub(crate) struct FunctionModel {
    info: ModelInfo,
    callback: Callback,
}

impl FunctionModel {
    /// `revision` tells one function from another of the same name.
    pub(crate) fn new(name: &str, revision: Option<String>, callback: Callback) -> Self {
        let mut info = ModelInfo::new(PROVIDER, name);
        (info.tools, info.json_schema, info.consecutive_user) = (true, true, true);
        info.revision = revision;
        Self { info, callback }
    }

    async fn answer(
        &self,
        request: &ChatRequest,
        call: &Call,
        pieces: Option<UnboundedSender<String>>,
    ) -> Result<ChatResponse, ModelError> {
        let request = json!(request).to_string();
        let answered = tokio::select! {
            answered = self.callback.ask(request, pieces) => answered,
            () = call.cancel.cancelled() => {
                return Err(ModelError::new(ErrorClass::Cancelled, PROVIDER, "it was stopped"));
            }
        };
        let text = answered.map_err(|raised| failure(&raised))?;
        let mut response = serde_json::from_str::<ChatResponse>(&text).map_err(|error| {
            let words = format!("no response: {error}");
            ModelError::new(ErrorClass::Protocol, PROVIDER, words)
        })?;
        for (said, known) in [
            (&mut response.provider, &self.info.provider),
            (&mut response.model, &self.info.model),
        ] {
            if said.is_empty() {
                said.clone_from(known);
            }
        }
        Ok(response)
    }
}

impl ChatModel for FunctionModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.answer(request, call, None))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        let (sender, pieces) = unbounded_channel();
        Box::pin(Streamed {
            pieces,
            work: Some(Box::pin(self.answer(request, call, Some(sender)))),
            last: None,
            told: false,
        })
    }
}

/// The pieces of an answer as they come, then the whole; all in one piece where there were none.
struct Streamed<'a> {
    pieces: UnboundedReceiver<String>,
    work: Option<BoxFuture<'a, Result<ChatResponse, ModelError>>>,
    last: Option<Result<ChatResponse, ModelError>>,
    told: bool,
}

impl Stream for Streamed<'_> {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Poll::Ready(Some(text)) = self.pieces.poll_recv(context) {
                self.told = true;
                return Poll::Ready(Some(Ok(ChatEvent::Text(text))));
            }
            if let Some(work) = self.work.as_mut() {
                // What it left in the channel comes out before its answer.
                self.last = Some(ready!(work.as_mut().poll(context)));
                self.work = None;
                continue;
            }
            return Poll::Ready(match self.last.take() {
                Some(Ok(response)) if !self.told && !response.text.is_empty() => {
                    let text = response.text.clone();
                    (self.told, self.last) = (true, Some(Ok(response)));
                    Some(Ok(ChatEvent::Text(text)))
                }
                Some(Ok(response)) => Some(Ok(ChatEvent::Done(Box::new(response)))),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            });
        }
    }
}

fn failure(raised: &Raised) -> ModelError {
    let class = match raised.kind.as_str() {
        "TimeoutError" | "ReadTimeout" | "ConnectTimeout" | "APITimeoutError" => {
            ErrorClass::Timeout
        }
        "RateLimitError" => ErrorClass::RateLimit,
        "ConnectionError" | "ConnectionResetError" | "ConnectError" | "APIConnectionError" => {
            ErrorClass::Network
        }
        "PermissionError" | "AuthenticationError" => ErrorClass::Auth,
        "Refused" => ErrorClass::Refused,
        "NotImplementedError" => ErrorClass::Unsupported,
        _ => ErrorClass::Server,
    };
    ModelError::new(class, PROVIDER, raised.words.clone())
}

/// What Python says of a function that judges.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Judging {
    /// Least value.
    lo: f64,
    /// Greatest value; none: there is none.
    hi: Option<f64>,
    /// Whether greater values are better; none: neither are.
    higher_is_better: Option<bool>,
    /// Whether it gives pass or fail by itself.
    decides: bool,
}

/// A kind of evaluator that is a Python function.
pub(crate) struct FunctionKind {
    docs: Docs,
    callback: Callback,
}

impl FunctionKind {
    /// The function at place `index` of those that judge a suite.
    pub(crate) fn new(index: usize, judging: &Judging, callback: Callback) -> Self {
        let docs = Docs {
            name: name(index),
            about: "A Python function.",
            formula: "",
            range: Range {
                lo: judging.lo,
                hi: judging.hi.unwrap_or(f64::INFINITY),
                better: match judging.higher_is_better {
                    Some(true) => Better::Higher,
                    Some(false) => Better::Lower,
                    None => Better::Neither,
                },
            },
            decides: judging.decides,
            compares: false,
            options: &[],
            example: "",
            scalar: None,
        };
        Self { docs, callback }
    }
}

/// `function-0`, `function-1` and so on. A registry keeps names for as long as the program runs, so each is
/// made once a process.
pub(crate) fn name(index: usize) -> &'static str {
    static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    while names.len() <= index {
        let next = format!("function-{}", names.len());
        names.push(Box::leak(next.into_boxed_str()));
    }
    names[index]
}

impl Kind for FunctionKind {
    fn docs(&self) -> &Docs {
        &self.docs
    }

    fn build(&self, options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
        // Part of the suite's identity; nothing to read.
        options.get("revision");
        Ok(Box::new(Function(self.callback.clone())))
    }
}

#[derive(Debug)]
struct Function(Callback);

impl Evaluator for Function {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let subject = json!({
            "case": subject.case,
            "answer": subject.answer,
            "text": subject.text,
            "references": subject.references,
        });
        let judged = self.0.call(&subject.to_string());
        Ok(match judged {
            Err(raised) => Verdict::Failed(raised.words),
            Ok(text) => serde_json::from_str(&text)
                .unwrap_or_else(|error| Verdict::Failed(format!("no verdict: {error}"))),
        })
    }
}
