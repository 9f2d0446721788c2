//! Talking to a model: requests, responses, and the trait that every provider implements.
//!
//! The data model is `OpenAI`'s (roles, content parts, tool calls, usage, finish reasons), so that
//! every provider maps onto it. [`ChatModel`] is what answers: a local engine, a remote service, a
//! file of recorded answers, a closure. It needs no particular async runtime; dropping a future or
//! a stream stops the work, and each [`Call`] carries a deadline and a [`CancelToken`].
//!
//! This module sends nothing: implementations live where their wire format does.

mod call;
mod cancel;
mod failure;
mod message;
mod model;
mod request;
mod response;

pub use call::Call;
pub use cancel::{CancelToken, Cancelled};
pub use failure::{ErrorClass, ModelError};
pub use message::{Content, Message, Part, Role, ToolCall};
pub use model::{BoxFuture, ChatModel, ChatStream, FnModel, ModelInfo, collect};
pub use request::{ChatRequest, OutputFormat, Sampling, ToolChoice, ToolSpec};
pub use response::{
    ChatEvent, ChatResponse, FinishReason, Hop, TokenLogprob, ToolCallDelta, Usage,
};
