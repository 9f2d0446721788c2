//! Cartridges: a bot as one YAML or Markdown file.

use serde_json::Value;

/// How a cartridge is read where the specification and its reference implementation differ from what a
/// person would expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// As the reference implementation behaves, less its bugs.
    Compat,
    /// Ours.
    #[default]
    Native,
}

/// A cartridge, read.
#[derive(Clone)]
pub struct Cartridge {
    value: Value,
    original: Value,
    profile: Profile,
}

impl std::fmt::Debug for Cartridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What came out of the environment may be a secret: only the placeholders are shown.
        f.debug_struct("Cartridge")
            .field("original", &self.original)
            .finish_non_exhaustive()
    }
}

impl Cartridge {
    /// A cartridge from a map that is already there.
    pub fn from_value(value: Value, profile: Profile) -> Self {
        Self {
            original: value.clone(),
            value,
            profile,
        }
    }

    /// The cartridge with its variables of the environment put in. Holds secrets: never print it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The cartridge as written, with `ENV/…` in place of what stands there.
    pub fn original(&self) -> &Value {
        &self.original
    }

    /// How it is read.
    pub fn profile(&self) -> Profile {
        self.profile
    }
}

/// The value at `path`; `None` where it is absent or null, or something on the way is no map.
pub fn fetch<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    (!found.is_null()).then_some(found)
}
