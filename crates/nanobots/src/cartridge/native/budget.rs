//! `limits:`, `context:` and `cache:`: what a turn may use, how much of the conversation is sent, and
//! whether answers are kept.

use std::time::Duration;

use botsmith_core::yaml::{Cursor, Value as Yaml};

use super::super::Result;
use crate::router::CacheMode;

/// What one turn may use: all rounds between model and tools together. `None`: no limit of the cartridge's
/// own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Tokens, of prompts and answers.
    pub tokens: Option<u64>,
    /// Wall-clock time, in seconds.
    pub seconds: Option<f64>,
    /// Rounds between model and tools, 0 to 100; without it 10.
    pub tool_rounds: Option<usize>,
    /// Cost, in the currency of the price table.
    pub cost: Option<f64>,
}

impl Limits {
    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let number = |key| {
            let at = fields.get(key);
            at.map(|at| at.number_in(0.0, f64::INFINITY)).transpose()
        };
        let mut limits = Self {
            tokens: fields
                .get("tokens")
                .map(|at| at.count())
                .transpose()?
                .map(|n| n as u64),
            seconds: None,
            tool_rounds: None,
            cost: number("cost")?,
        };
        if let Some(at) = fields.get("seconds") {
            limits.seconds = Some(at.number_in(0.001, 86_400.0)?);
        }
        if let Some(at) = fields.get("tool-rounds") {
            let rounds = at.count()?;
            if rounds > 100 {
                return Err(at.error(format!("{rounds} is outside 0 to 100")).into());
            }
            limits.tool_rounds = Some(rounds);
        }
        fields.finish()?;
        Ok(limits)
    }
}

/// What is done when the conversation is longer than its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextPolicy {
    /// The oldest whole turns are not sent; the directive always is.
    #[default]
    DropOldest,
    /// The turn fails.
    Fail,
}

impl ContextPolicy {
    /// The words for them.
    pub const WORDS: [(&'static str, Self); 2] =
        [("drop-oldest", Self::DropOldest), ("fail", Self::Fail)];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DropOldest => "drop-oldest",
            Self::Fail => "fail",
        }
    }
}

/// How much of the conversation is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// Tokens of the request at most; `None`: all is sent.
    pub budget: Option<usize>,
    /// What is done when there is more.
    pub policy: ContextPolicy,
}

impl Context {
    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        // `context: 8000` is the budget alone.
        if let Yaml::Int(_) = at.node().value {
            return Ok(Self {
                budget: Some(at.count()?),
                ..Self::default()
            });
        }
        let fields = at.fields()?;
        let mut context = Self {
            budget: Some(fields.required("budget")?.count()?),
            ..Self::default()
        };
        if let Some(at) = fields.get("policy") {
            context.policy = at.one_of(&ContextPolicy::WORDS)?;
        }
        fields.finish()?;
        Ok(context)
    }
}

/// Whether answers are kept and given again for the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cache {
    /// Which answers are.
    pub mode: CacheMode,
    /// How long an answer is kept; `None`: for good.
    pub ttl: Option<Duration>,
}

/// No answer is kept.
impl Default for Cache {
    fn default() -> Self {
        Self {
            mode: CacheMode::Off,
            ttl: None,
        }
    }
}

impl Cache {
    /// The words for which answers are kept, beside `true` and `false`.
    pub const WORDS: [(&'static str, CacheMode); 3] = [
        ("deterministic", CacheMode::Deterministic),
        ("always", CacheMode::Always),
        ("off", CacheMode::Off),
    ];

    /// Whether any are.
    pub fn enabled(&self) -> bool {
        self.mode != CacheMode::Off
    }

    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        let mode = |at: &Cursor<'_>| match at.node().value {
            Yaml::Bool(true) => Ok(CacheMode::Deterministic),
            Yaml::Bool(false) => Ok(CacheMode::Off),
            _ => at.one_of(&Self::WORDS),
        };
        if !matches!(at.node().value, Yaml::Map(_)) {
            return Ok(Self {
                mode: mode(at)?,
                ttl: None,
            });
        }
        let fields = at.fields()?;
        let cache = Self {
            mode: match fields.get("mode") {
                Some(at) => mode(&at)?,
                None => CacheMode::Deterministic,
            },
            ttl: fields.get("ttl").map(|at| at.duration()).transpose()?,
        };
        fields.finish()?;
        Ok(cache)
    }
}
