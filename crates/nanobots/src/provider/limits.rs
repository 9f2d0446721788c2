//! How long and how much providers over HTTP may take.

use std::time::Duration;

/// Limits of a provider over HTTP. The [`Call`](botsmith_core::chat::Call)'s own deadline holds
/// besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpLimits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the first byte of an answer: a model may think for long.
    pub first_byte: Duration,
    /// Between two pieces of an answer that has begun.
    pub silence: Duration,
    /// Bytes of an answer.
    pub body: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            silence: Duration::from_secs(60),
            body: 32 << 20,
        }
    }
}
