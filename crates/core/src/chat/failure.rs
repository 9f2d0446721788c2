//! What can go wrong while a model is asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The kind of a failure: decides whether it is tried again, and whether another provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// The provider or model could not be made ready: unknown model, weights that cannot be read,
    /// an address that cannot be reached.
    Load,
    /// Key missing, wrong or without the right.
    Auth,
    /// Too many requests, or out of quota.
    RateLimit,
    /// The conversation is longer than the model takes.
    ContextTooLong,
    /// The provider is at fault: 5xx, overloaded.
    Server,
    /// The connection broke, or the answer was cut off in the middle.
    Network,
    /// It took longer than allowed.
    Timeout,
    /// The caller wanted no more of it.
    Cancelled,
    /// The request is wrong: a setting that the provider refuses.
    Request,
    /// The provider withheld the answer.
    Refused,
    /// The provider's words make no sense: not the JSON that its interface promises.
    Protocol,
    /// The provider cannot do this at all.
    Unsupported,
}

impl ErrorClass {
    /// The word for it, as in YAML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Auth => "auth",
            Self::RateLimit => "rate-limit",
            Self::ContextTooLong => "context-too-long",
            Self::Server => "server",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Request => "request",
            Self::Refused => "refused",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
        }
    }

    /// All of them, by word.
    pub const WORDS: [(&'static str, Self); 12] = [
        ("load", Self::Load),
        ("auth", Self::Auth),
        ("rate-limit", Self::RateLimit),
        ("context-too-long", Self::ContextTooLong),
        ("server", Self::Server),
        ("network", Self::Network),
        ("timeout", Self::Timeout),
        ("cancelled", Self::Cancelled),
        ("request", Self::Request),
        ("refused", Self::Refused),
        ("protocol", Self::Protocol),
        ("unsupported", Self::Unsupported),
    ];

    /// Whether the same request may well succeed a little later.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::RateLimit | Self::Server | Self::Network | Self::Timeout
        )
    }

    fn code(self) -> &'static str {
        match self {
            Self::Load => "BS-MODEL-001",
            Self::Auth => "BS-MODEL-002",
            Self::RateLimit => "BS-MODEL-003",
            Self::ContextTooLong => "BS-MODEL-004",
            Self::Server => "BS-MODEL-005",
            Self::Network => "BS-MODEL-006",
            Self::Timeout => "BS-MODEL-007",
            Self::Cancelled => "BS-MODEL-008",
            Self::Request => "BS-MODEL-009",
            Self::Refused => "BS-MODEL-010",
            Self::Protocol => "BS-MODEL-011",
            Self::Unsupported => "BS-MODEL-012",
        }
    }
}

impl std::fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A model that did not answer: which provider, what class of failure, and the provider's own
/// words. Holds no secret: keys are taken out of the words before they come here.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{provider}: {message}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct ModelError {
    /// The class.
    pub class: ErrorClass,
    /// Id of the provider.
    pub provider: String,
    /// What happened, with the provider's own words where it has any.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// HTTP status, where there is one.
    pub status: Option<u16>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether part of the answer had come already.
    pub began: bool,
}

impl ModelError {
    /// A failure of `class` at `provider`.
    pub fn new(class: ErrorClass, provider: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            provider: provider.into(),
            message: message.into(),
            hint: None,
            status: None,
            retry_after: None,
            began: false,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Notes the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Notes how long the provider asks to wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Notes that part of the answer had come.
    #[must_use]
    pub fn began(mut self) -> Self {
        self.began = true;
        self
    }

    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        self.class.code()
    }
}
