//! Words before and after what is said: `prefix` and `suffix` of input and output.

use serde_json::Value;

use super::{Mode, text_of};
use crate::Result;
use crate::sandbox::Limits;

/// Which way words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the user to the bot.
    Input,
    /// From the bot to the user.
    Output,
}

impl Direction {
    /// The key under an interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// Before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Before.
    Prefix,
    /// After.
    Suffix,
}

impl Kind {
    /// The key under a direction.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
        }
    }
}

/// The value of `key` on the most specific level where the key is there, null included; the outer
/// `None`: on no level.
pub(super) fn most_specific<'a>(
    cartridge: &'a Value,
    mode: Mode,
    path: &[&str],
    key: &str,
) -> Option<&'a Value> {
    let interfaces = cartridge.get("interfaces")?;
    let below = |start: &'a Value| {
        path.iter()
            .try_fold(start, |at, step| at.get(step))
            .and_then(|found| found.get(key))
    };
    interfaces
        .get(mode.as_str())
        .and_then(below)
        .or_else(|| below(interfaces))
}

/// The affix that applies: the most specific level that has the key wins, also with null, which means
/// none; without the key the default. Defaults: output in the REPL is between line feeds, output of
/// eval ends with one.
///
/// ```
/// use botsmith_nanobots::interface::{affix, Direction, Kind, Mode};
/// let cartridge = serde_json::json!({"interfaces": {"eval": {"output": {"suffix": null}}}});
/// let suffix = |mode| affix(&cartridge, mode, Direction::Output, Kind::Suffix);
/// assert_eq!((suffix(Mode::Eval), suffix(Mode::Repl).as_deref()), (None, Some("\n")));
/// ```
pub fn affix(cartridge: &Value, mode: Mode, direction: Direction, kind: Kind) -> Option<String> {
    match most_specific(cartridge, mode, &[direction.as_str()], kind.as_str()) {
        Some(value) => text_of(value),
        None => match (mode, direction, kind) {
            (Mode::Repl, Direction::Output, _) | (Mode::Eval, Direction::Output, Kind::Suffix) => {
                Some("\n".into())
            }
            _ => None,
        },
    }
}

/// What the model is shown for what the user wrote: prefix, the adapted text, suffix.
///
/// # Errors
/// Two adapters at once; an adapter that was stopped.
pub fn input(
    cartridge: &Value,
    mode: Mode,
    content: &str,
    sandboxed: bool,
    limits: &Limits,
) -> Result<String> {
    let adapted = super::adapt(
        cartridge,
        mode,
        Direction::Input,
        content,
        sandboxed,
        limits,
    )?;
    let affix = |kind| affix(cartridge, mode, Direction::Input, kind).unwrap_or_default();
    Ok(format!(
        "{}{adapted}{}",
        affix(Kind::Prefix),
        affix(Kind::Suffix)
    ))
}

/// What the user is shown for a whole answer, affixes left out: the adapted text.
///
/// # Errors
/// Two adapters at once; an adapter that was stopped.
pub fn output(
    cartridge: &Value,
    mode: Mode,
    content: &str,
    sandboxed: bool,
    limits: &Limits,
) -> Result<String> {
    super::adapt(
        cartridge,
        mode,
        Direction::Output,
        content,
        sandboxed,
        limits,
    )
}
