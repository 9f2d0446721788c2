//! Runs Lua and Fennel of cartridges where they can do no harm.
//!
//! Source and values in, text out. Each call has a virtual machine of its own with its own
//! environment: `math`, `string`, `table` and, unless [`Limits::basics`] is off, the pure basics
//! (`pairs`, `tostring`, `pcall`, …). There is no way to files, processes, the clock, other
//! scripts, metatables, coroutines or byte code. Instructions, memory, time and the length of the
//! result are capped; code that catches the error of a cap is stopped all the same, and the
//! library functions that C would run for ever are our own (`prelude.lua`, `pattern.rs`).
//!
//! Fennel is compiled by `fennel.lua` in another virtual machine whose macros, `lua` form and
//! compiler environment are closed, then runs as Lua does. Clojure is refused.
//!
//! What this does not do: it is no process sandbox, so it trusts the Lua interpreter itself.

#[cfg(feature = "lua")]
mod fennel;
#[cfg(feature = "lua")]
mod host;
mod limits;
#[cfg(feature = "lua")]
mod machine;
#[cfg(feature = "lua")]
mod meter;
#[cfg(feature = "lua")]
mod pattern;
#[cfg(feature = "lua")]
mod values;

pub use limits::{Limits, SandboxError};

use botsmith_core::chat::Call;
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

impl Language {
    /// The word for it, as in cartridges.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lua => "lua",
            Self::Fennel => "fennel",
            Self::Clojure => "clojure",
        }
    }

    /// All of them, in the order in which the reference implementation looks for them.
    pub const ALL: [Self; 3] = [Self::Fennel, Self::Clojure, Self::Lua];
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A function of a cartridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its language.
    pub language: Language,
    /// Its source.
    pub source: String,
}

impl Function {
    /// A function in this language.
    pub fn new(language: Language, source: impl Into<String>) -> Self {
        Self {
            language,
            source: source.into(),
        }
    }
}

/// Runs `function` with `values` in scope and gives its result as text: `nil` is empty, a table is
/// JSON. An error raised by the code itself is its result, as in the reference implementation.
///
/// `sandboxed: false` gives the whole standard library instead; the caps hold there too. It is for
/// cartridges that say so and users who allow it. Runs on the calling thread (open code on one of
/// its own, so that a blocking call cannot hold the caller longer than the limit).
///
/// ```
/// # #[cfg(feature = "lua")] {
/// use botsmith_nanobots::sandbox::{run, Function, Language, Limits};
/// let shout = Function::new(Language::Lua, "return content:upper() .. '!'");
/// let said = run(&shout, &[("content", "hello".into())], true, &Limits::default());
/// assert_eq!(said.as_deref(), Ok("HELLO!"));
/// let thief = Function::new(Language::Lua, "return os.getenv('HOME')");
/// assert!(run(&thief, &[], true, &Limits::default()).unwrap().contains("nil value (global 'os')"));
/// # }
/// ```
///
/// # Errors
/// When the code does not compile, or is stopped.
pub fn run(
    function: &Function,
    values: &[(&str, Value)],
    sandboxed: bool,
    limits: &Limits,
) -> Result<String, SandboxError> {
    run_within(function, values, sandboxed, limits, &Call::default())
}

/// As [`run`], also stopped by the deadline and the cancel token of `call`.
///
/// # Errors
/// When the code does not compile, or is stopped.
pub fn run_within(
    function: &Function,
    values: &[(&str, Value)],
    sandboxed: bool,
    limits: &Limits,
    call: &Call,
) -> Result<String, SandboxError> {
    if function.language == Language::Clojure {
        return Err(SandboxError::Unsupported {
            language: "clojure",
            reason: "it needs an external program that cannot be sandboxed; write the function in lua or fennel"
                .into(),
        });
    }
    if function.source.len() > limits::SOURCE {
        return Err(SandboxError::Compile {
            language: function.language.as_str(),
            message: format!(
                "{} bytes of source, at most {} are read",
                function.source.len(),
                limits::SOURCE
            ),
        });
    }
    #[cfg(feature = "lua")]
    return match sandboxed {
        true => machine::run(function, values, true, limits, call),
        false => machine::run_aside(function, values, limits, call),
    };
    #[cfg(not(feature = "lua"))]
    {
        let _ = (values, sandboxed, limits, call);
        Err(SandboxError::Unsupported {
            language: function.language.as_str(),
            reason: "this program is built without feature `lua`".into(),
        })
    }
}

/// As [`run_within`], off the async threads. Needs a tokio runtime; dropping the future stops the code.
///
/// # Errors
/// When the code does not compile, or is stopped.
pub async fn run_async(
    function: Function,
    values: Vec<(String, Value)>,
    sandboxed: bool,
    limits: Limits,
    call: Call,
) -> Result<String, SandboxError> {
    use botsmith_core::chat::CancelToken;
    use futures_util::future::{Either, select};

    struct Dropped(CancelToken);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }

    // The code gets a token of its own, so that dropping this future stops it and nothing else.
    let stop = CancelToken::new();
    let dropped = Dropped(stop.clone());
    let inner = Call {
        deadline: call.deadline,
        cancel: stop,
    };
    let mut work = tokio::task::spawn_blocking(move || {
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        run_within(&function, &values, sandboxed, &limits, &inner)
    });
    let done = match select(&mut work, std::pin::pin!(call.cancel.cancelled())).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => return Err(SandboxError::Cancelled),
    };
    drop(dropped);
    done.unwrap_or(Err(SandboxError::Cancelled))
}
