//! Runs Lua and Fennel of cartridges where they can do no harm.

use std::time::Duration;

use serde_json::Value;

/// A language of functions in cartridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Lua 5.4; the function's body, with an explicit `return`.
    Lua,
    /// Fennel 1.5; the last form is the result.
    Fennel,
    /// Clojure: known, and refused.
    Clojure,
}

/// What a function may use. Code over a limit ends with a [`SandboxError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Instructions of the virtual machine.
    pub instructions: u64,
    /// Bytes of memory.
    pub memory: usize,
    /// Wall-clock time.
    pub time: Duration,
    /// Bytes of the result.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            instructions: 50_000_000,
            memory: 32 << 20,
            time: Duration::from_secs(5),
            output: 1 << 20,
        }
    }
}

/// Why code was stopped. An error that the code itself raises is no such thing: its text is the result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Over the limit of instructions.
    #[error("the function ran over {0} instructions")]
    Instructions(u64),
    /// Over the limit of memory.
    #[error("the function took more than {0} bytes of memory")]
    Memory(usize),
    /// Over the limit of time.
    #[error("the function ran longer than {0:?}")]
    Time(Duration),
    /// Over the limit of the result.
    #[error("the function's result is longer than {0} bytes")]
    Output(usize),
    /// The language cannot be run here.
    #[error("{language} cannot be run: {reason}")]
    Unsupported {
        /// The language.
        language: &'static str,
        /// Why not, and what to do instead.
        reason: String,
    },
}

/// A function of a cartridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its language.
    pub language: Language,
    /// Its source.
    pub source: String,
}

/// Runs `function` with `values` in scope and gives its result as text. An error raised by the code
/// itself is its result, as in the reference implementation.
///
/// # Errors
/// When the code is stopped.
pub fn run(
    function: &Function,
    values: &[(&str, Value)],
    sandboxed: bool,
    limits: &Limits,
) -> Result<String, SandboxError> {
    let _ = (function, values, sandboxed, limits);
    Err(SandboxError::Unsupported {
        language: "lua",
        reason: "built without feature `lua`".into(),
    })
}
