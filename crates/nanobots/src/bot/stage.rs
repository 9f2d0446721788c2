//! What happens around the rounds of a turn: shown, asked, kept.

use botsmith_core::chat::{BoxFuture, Message};

use crate::Result;
use crate::interface::ToolFeedback;

/// Follows a turn from outside. [`Silent`] follows nothing; a session shows, asks and stores.
pub(crate) trait Stage: Send {
    /// Whether answers are wanted in pieces.
    fn streams(&self) -> bool;

    /// A piece of the answer, when streaming.
    fn fragment(&mut self, text: &str);

    /// A whole answer, when not streaming.
    fn whole<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Something happens with a tool.
    fn tool<'a>(&'a mut self, feedback: &'a ToolFeedback) -> BoxFuture<'a, Result<()>>;

    /// The user has answered whether a tool may run.
    fn answered(&mut self);

    /// A round is over: these messages are new.
    fn round<'a>(&'a mut self, messages: &'a [Message]) -> BoxFuture<'a, Result<()>>;
}

/// Shows nothing and keeps nothing.
#[derive(Debug)]
pub(crate) struct Silent;

impl Stage for Silent {
    fn streams(&self) -> bool {
        false
    }

    fn fragment(&mut self, _text: &str) {}

    fn whole<'a>(&'a mut self, _text: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn tool<'a>(&'a mut self, _feedback: &'a ToolFeedback) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn answered(&mut self) {}

    fn round<'a>(&'a mut self, _messages: &'a [Message]) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
