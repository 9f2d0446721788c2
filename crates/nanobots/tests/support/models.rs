//! Models and tools for tests: answers in a list, requests remembered.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use botsmith_core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass,
    ModelError, ModelInfo, ToolCall, ToolSpec,
};
use botsmith_nanobots::tools::{Tool, ToolFailure};
use futures_core::Stream;
use serde_json::{Value, json};

/// One answer.
#[derive(Clone, Debug)]
pub struct Step {
    pub pieces: Vec<String>,
    pub response: ChatResponse,
    /// After the pieces nothing more comes.
    pub silent: bool,
}

impl Step {
    pub fn text(text: &str) -> Self {
        Self::pieces(&[text])
    }

    pub fn pieces(pieces: &[&str]) -> Self {
        Self {
            pieces: pieces.iter().map(|piece| (*piece).to_owned()).collect(),
            response: ChatResponse::text(pieces.concat()),
            silent: false,
        }
    }

    pub fn calls(calls: Vec<ToolCall>) -> Self {
        Self {
            pieces: Vec::new(),
            response: ChatResponse::calls(calls),
            silent: false,
        }
    }

    pub fn then_silence(mut self) -> Self {
        self.silent = true;
        self
    }
}

/// Answers with its steps, in order; the last one again and again.
#[derive(Debug)]
pub struct Steps {
    info: ModelInfo,
    left: Mutex<VecDeque<Step>>,
    requests: Mutex<Vec<ChatRequest>>,
}

impl Steps {
    pub fn new(steps: Vec<Step>) -> Self {
        let mut info = ModelInfo::new("steps", "steps");
        info.streams = true;
        info.tools = true;
        info.consecutive_user = true;
        Self::with_info(info, steps)
    }

    pub fn with_info(info: ModelInfo, steps: Vec<Step>) -> Self {
        Self {
            info,
            left: Mutex::new(steps.into()),
            requests: Mutex::default(),
        }
    }

    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests.lock().unwrap().clone()
    }

    fn next(&self, request: &ChatRequest) -> Result<Step, ModelError> {
        self.requests.lock().unwrap().push(request.clone());
        let mut left = self.left.lock().unwrap();
        let step = match left.len() {
            1 => left.front().cloned(),
            _ => left.pop_front(),
        };
        step.ok_or_else(|| ModelError::new(ErrorClass::Server, "steps", "there is no step left"))
    }
}

impl ChatModel for Steps {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(async move {
            let step = self.next(request)?;
            if step.silent {
                std::future::pending::<()>().await;
            }
            Ok(step.response)
        })
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, _call: &'a Call) -> ChatStream<'a> {
        Box::pin(match self.next(request) {
            Err(error) => Pieces {
                events: vec![Err(error)].into(),
                silent: false,
            },
            Ok(step) => {
                let mut events: VecDeque<_> = step
                    .pieces
                    .into_iter()
                    .map(|piece| Ok(ChatEvent::Text(piece)))
                    .collect();
                if !step.silent {
                    events.push_back(Ok(ChatEvent::Done(Box::new(step.response))));
                }
                Pieces {
                    events,
                    silent: step.silent,
                }
            }
        })
    }
}

struct Pieces {
    events: VecDeque<Result<ChatEvent, ModelError>>,
    silent: bool,
}

impl Stream for Pieces {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.events.pop_front() {
            None if self.silent => Poll::Pending,
            event => Poll::Ready(event),
        }
    }
}

/// A closure as a tool.
pub fn tool(name: &str, run: impl Fn(Value) -> String + Send + Sync + 'static) -> Arc<dyn Tool> {
    Arc::new(Plain {
        spec: ToolSpec {
            name: name.to_owned(),
            description: None,
            parameters: json!({"type": "object", "properties": {}}),
        },
        run: Box::new(run),
    })
}

struct Plain {
    spec: ToolSpec,
    run: Box<dyn Fn(Value) -> String + Send + Sync>,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Tool for Plain {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, _call: Call) -> BoxFuture<'_, Result<String, ToolFailure>> {
        let output = (self.run)(arguments);
        Box::pin(std::future::ready(Ok(output)))
    }
}
