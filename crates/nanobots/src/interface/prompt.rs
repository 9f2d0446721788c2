//! The prompt of the REPL.

use serde_json::Value;

use super::{paint, text_of};
use crate::cartridge::fetch;

/// The prompt as it is printed: parts of `{text, color}` one after the other, or plain text, or, where
/// nothing is set, a robot and a blue `> `. Without `colors` the escape codes are left out.
///
/// ```
/// let cartridge = serde_json::json!({"interfaces": {"repl": {"prompt": [{"text": "me> ", "color": "red"}]}}});
/// assert_eq!(botsmith_nanobots::interface::prompt(&cartridge, true), "\u{1b}[31mme> \u{1b}[0m");
/// assert_eq!(botsmith_nanobots::interface::prompt(&cartridge, false), "me> ");
/// ```
pub fn prompt(cartridge: &Value, colors: bool) -> String {
    let part = |text: &str, color: Option<&str>| match color {
        Some(color) if colors => paint(text, color),
        _ => text.to_owned(),
    };
    match fetch(cartridge, &["interfaces", "repl", "prompt"]) {
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|item| {
                let text = match item {
                    Value::Object(map) => map.get("text").and_then(text_of),
                    plain => text_of(plain),
                };
                let color = fetch(item, &["color"]).and_then(Value::as_str);
                part(&text.unwrap_or_default(), color)
            })
            .collect(),
        Some(Value::String(text)) => text.clone(),
        _ => format!("\u{1f916}{}", part("> ", Some("blue"))),
    }
}
