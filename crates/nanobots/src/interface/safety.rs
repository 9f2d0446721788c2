//! What a cartridge may do by itself, and which words count as a yes.

use serde_json::Value;

use super::text_of;
use crate::cartridge::fetch;

/// The answers to "may I?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safety {
    /// Whether functions run in the sandbox.
    pub sandboxed: bool,
    /// Whether the user is asked before a tool runs.
    pub confirmable: bool,
    /// Words that mean yes.
    pub yeses: Vec<String>,
    /// What an empty answer means.
    pub default_answer: String,
}

impl Safety {
    /// Whether `answer` means yes. It is stripped and lowercased; the words of the list are not, so
    /// that an entry with a capital never matches.
    pub fn allows(&self, answer: &str) -> bool {
        let answer = answer.trim().to_lowercase();
        let answer = match answer.as_str() {
            "" => &self.default_answer,
            _ => &answer,
        };
        self.yeses.iter().any(|yes| yes == answer)
    }
}

/// What `safety` and `interfaces.tools.confirming` say. Null means the default: sandboxed, and asked.
///
/// ```
/// let safety = botsmith_nanobots::interface::safety(&serde_json::json!({}));
/// assert!(safety.sandboxed && safety.confirmable);
/// assert!(safety.allows(" Y\n") && !safety.allows(""));
/// ```
pub fn safety(cartridge: &Value) -> Safety {
    let unless_off =
        |path: &[&str]| fetch(cartridge, path).is_none_or(|value| *value != Value::Bool(false));
    let confirming = |key| fetch(cartridge, &["interfaces", "tools", "confirming", key]);
    Safety {
        sandboxed: unless_off(&["safety", "functions", "sandboxed"]),
        confirmable: unless_off(&["safety", "tools", "confirmable"]),
        yeses: match confirming("yeses") {
            Some(Value::Array(words)) => words.iter().filter_map(text_of).collect(),
            Some(word) => text_of(word).into_iter().collect(),
            None => vec!["y".into(), "yes".into()],
        },
        default_answer: confirming("default")
            .and_then(text_of)
            .unwrap_or_else(|| "n".into()),
    }
}
