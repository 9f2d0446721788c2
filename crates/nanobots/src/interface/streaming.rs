//! Whether an answer is shown as it comes.

use serde_json::Value;

use super::Mode;
use crate::cartridge::fetch;

/// Whether the answer is asked for in pieces: not when the provider's own flag says no, else as the
/// interface says, else as all interfaces say, else yes.
///
/// The provider's flag stands under `settings` for most, under `options` for google and maritaca; for
/// maritaca the specification says `settings` too, so either place counts there.
///
/// ```
/// use botsmith_nanobots::interface::{streaming_enabled, Mode};
/// let cartridge = serde_json::json!({"provider": {"id": "ollama", "settings": {"stream": false}}});
/// assert!(!streaming_enabled(&cartridge, Mode::Repl));
/// ```
pub fn streaming_enabled(cartridge: &Value, mode: Mode) -> bool {
    let id = fetch(cartridge, &["provider", "id"]).and_then(Value::as_str);
    let places: &[&str] = match id {
        Some("google") => &["options"],
        Some("maritaca") => &["options", "settings"],
        _ => &["settings"],
    };
    let off = |place| fetch(cartridge, &["provider", place, "stream"]) == Some(&Value::Bool(false));
    if places.iter().any(|place| off(place)) {
        return false;
    }
    // Any other value than `false` counts as yes, as in the reference.
    let says = |path: &[&str]| fetch(cartridge, path).map(|value| *value != Value::Bool(false));
    says(&["interfaces", mode.as_str(), "output", "stream"])
        .or_else(|| says(&["interfaces", "output", "stream"]))
        .unwrap_or(true)
}
