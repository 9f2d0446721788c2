//! Code that changes what is said on its way in or out: `adapter`, in Lua or Fennel.

use serde_json::Value;

use super::affixes::most_specific;
use super::{Direction, Mode};
use crate::sandbox::{self, Function, Language, Limits};
use crate::{Error, Result};

/// The languages, by their keys.
pub(super) const LANGUAGES: [(&str, Language); 3] = [
    ("fennel", Language::Fennel),
    ("lua", Language::Lua),
    ("clojure", Language::Clojure),
];

/// The adapter that applies, if any. Each language is resolved by itself: the most specific level that
/// has its key wins, and null there lifts what is common to all interfaces.
///
/// # Errors
/// [`Error::ConflictingAdapters`] when two languages remain.
pub fn adapter(cartridge: &Value, mode: Mode, direction: Direction) -> Result<Option<Function>> {
    let path = [direction.as_str(), "adapter"];
    only_one(
        LANGUAGES.map(|(key, _)| most_specific(cartridge, mode, &path, key)),
        || format!("{} {}", mode.as_str(), direction.as_str()),
    )
}

/// The one function among sources in the order of [`LANGUAGES`].
pub(super) fn only_one(
    sources: [Option<&Value>; 3],
    place: impl FnOnce() -> String,
) -> Result<Option<Function>> {
    let mut found = LANGUAGES
        .iter()
        .zip(sources)
        .filter_map(|((key, language), source)| {
            let source = super::text_of(source?)?;
            Some((
                *key,
                Function {
                    language: *language,
                    source,
                },
            ))
        });
    let first = found.next();
    let others: Vec<_> = found.map(|(key, _)| key.to_owned()).collect();
    match first {
        Some((key, _)) if !others.is_empty() => Err(Error::ConflictingAdapters {
            place: place(),
            languages: std::iter::once(key.to_owned()).chain(others).collect(),
        }),
        first => Ok(first.map(|(_, function)| function)),
    }
}

/// `content` after the adapter that applies, or as it is where there is none. The code sees it as
/// `content`.
///
/// # Errors
/// Two adapters at once; code that was stopped. An error that the code raises is its result.
pub fn adapt(
    cartridge: &Value,
    mode: Mode,
    direction: Direction,
    content: &str,
    sandboxed: bool,
    limits: &Limits,
) -> Result<String> {
    match adapter(cartridge, mode, direction)? {
        None => Ok(content.to_owned()),
        Some(function) => Ok(sandbox::run(
            &function,
            &[("content", Value::from(content))],
            sandboxed,
            limits,
        )?),
    }
}
