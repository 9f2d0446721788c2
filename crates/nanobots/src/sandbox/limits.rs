//! What code may use, and why it was stopped.

use std::time::Duration;

/// Bytes of a function's source at most.
pub(super) const SOURCE: usize = 256 << 10;

/// What a function may use. Code over a limit ends with a [`SandboxError`].
///
/// ```
/// use botsmith_nanobots::sandbox::Limits;
/// let limits = Limits { instructions: 10_000, ..Limits::default() };
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of the virtual machine; a step of pattern matching counts as one.
    pub instructions: u64,
    /// Bytes of memory.
    pub memory: usize,
    /// Wall-clock time. Fennel is compiled within it too.
    pub time: Duration,
    /// Bytes of the result.
    pub output: usize,
    /// Whether the pure basics (`pairs`, `tostring`, `type`, `pcall`, …) are there beside `math`,
    /// `string` and `table`. The reference implementation has none of them.
    pub basics: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            instructions: 50_000_000,
            memory: 32 << 20,
            time: Duration::from_secs(5),
            output: 1 << 20,
            basics: true,
        }
    }
}

impl Limits {
    /// The same limits with the environment that this profile has.
    #[must_use]
    pub fn for_profile(self, profile: crate::cartridge::Profile) -> Self {
        Self {
            basics: profile == crate::cartridge::Profile::Native,
            ..self
        }
    }
}

/// Why code was stopped, or not run at all. An error that the code itself raises is no such thing:
/// its text is the result.
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
    /// The caller wanted no more of it.
    #[error("the function was cancelled")]
    Cancelled,
    /// The code does not compile, or uses a form that the sandbox closes.
    #[error("{language} does not compile: {message}")]
    Compile {
        /// The language.
        language: &'static str,
        /// Line and reason, in the compiler's words.
        message: String,
    },
    /// The language cannot be run here.
    #[error("{language} cannot be run: {reason}")]
    Unsupported {
        /// The language.
        language: &'static str,
        /// Why not, and what to do instead.
        reason: String,
    },
}
