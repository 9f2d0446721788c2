//! Secrets that cannot be printed by accident.

use std::fmt;

/// A string whose `Debug` and `Display` never show it. It is not `Serialize` on purpose: a secret
/// has no way into a log, an error, a run or a report.
///
/// ```
/// let key = botsmith_core::SecretString::new("sk-123");
/// assert_eq!(format!("{key:?} {key}"), "SecretString(***) ***");
/// assert_eq!(key.expose(), "sk-123");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretString(String);

impl SecretString {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. Every call of this is a place to look at.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(***)")
    }
}

impl fmt::Display for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
