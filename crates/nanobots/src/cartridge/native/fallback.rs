//! `fallbacks:` and `routing:`: other providers than the cartridge's own, and when they are asked.
//!
//! ```yaml
//! fallbacks:
//!   - {provider: {id: ollama, settings: {model: qwen3}}, on: [rate-limit, server]}
//! routing:
//!   - {when: {input-longer-than: 2000}, use: 1}      # the first of `fallbacks`; 0 is the own provider
//!   - {when: {language: [de, fr], tag: legal}, provider: {id: mistral, settings: {model: m}}}
//! ```

use std::fmt;

use serde_json::Value;

use botsmith_core::chat::ErrorClass;
use botsmith_core::yaml::Cursor;

use super::super::Result;

/// A provider to ask when the one before it failed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Fallback {
    /// As the root key `provider`, with the environment put in: holds secrets.
    pub provider: Value,
    /// The same as written: it names the variables of the environment that the values came from.
    pub original: Value,
    /// The failures after which it is asked.
    pub on: Vec<ErrorClass>,
}

impl Fallback {
    /// The failures after which a fallback is asked if the cartridge does not say: all that another
    /// provider may not have.
    pub const DEFAULT: [ErrorClass; 6] = [
        ErrorClass::Load,
        ErrorClass::RateLimit,
        ErrorClass::ContextTooLong,
        ErrorClass::Server,
        ErrorClass::Network,
        ErrorClass::Timeout,
    ];

    /// A fallback after the default failures.
    pub fn new(provider: Value) -> Self {
        Self {
            original: provider.clone(),
            provider,
            on: Self::DEFAULT.to_vec(),
        }
    }

    pub(super) fn read_list(at: &Cursor<'_>, real: &Value) -> Result<Vec<Self>> {
        let items = few(at)?;
        let read = |(i, at): (usize, &Cursor<'_>)| Self::read(at, &real[i]);
        items.iter().enumerate().map(read).collect()
    }

    fn read(at: &Cursor<'_>, real: &Value) -> Result<Self> {
        let fields = at.fields()?;
        let at = fields.required("provider")?;
        let mut fallback = Self::new(provider(&at, real)?);
        fallback.original = at.node().to_json();
        if let Some(at) = fields.get("on") {
            let words = at.items_or_self();
            let classes = words.iter().map(|word| word.one_of(&ErrorClass::WORDS));
            fallback.on = classes.collect::<botsmith_core::Result<_>>()?;
        }
        fields.finish()?;
        Ok(fallback)
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Credentials stand in the provider.
        f.debug_struct("Fallback")
            .field("provider", &self.provider["id"])
            .field("on", &self.on)
            .finish_non_exhaustive()
    }
}

/// Fallbacks, and rules, at most.
const MOST: usize = 64;

/// The items of a list that each make a provider ready.
fn few<'a>(at: &Cursor<'a>) -> Result<Vec<Cursor<'a>>> {
    let items = at.items()?;
    match items.get(MOST) {
        Some(item) => Err(item
            .error(format!("{} items: at most {MOST} are taken", items.len()))
            .into()),
        None => Ok(items),
    }
}

/// The `provider` under `at`: checked as written, taken with the environment put in.
fn provider(at: &Cursor<'_>, real: &Value) -> Result<Value> {
    at.fields()?.required("id")?.name()?;
    Ok(real["provider"].clone())
}

/// A rule of `routing`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Route {
    /// What must hold, all of it.
    pub when: When,
    /// Who is asked then.
    pub target: Target,
}

/// Who a rule chooses.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// The cartridge's own provider (`use: 0`).
    Own,
    /// A fallback by its place, from 0 (`use: 1` is `Fallback(0)`).
    Fallback(usize),
    /// A provider of the rule's own.
    Provider {
        /// With the environment put in: holds secrets.
        provider: Value,
        /// As written.
        original: Value,
    },
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("Own"),
            Self::Fallback(at) => f.debug_tuple("Fallback").field(at).finish(),
            Self::Provider { original, .. } => {
                f.debug_tuple("Provider").field(&original["id"]).finish()
            }
        }
    }
}

/// The conditions of a rule; what is `None` or empty is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct When {
    /// The newest user message has more characters than this.
    pub input_longer_than: Option<usize>,
    /// The newest user message has fewer characters than this.
    pub input_shorter_than: Option<usize>,
    /// The newest user message is in one of these languages (`de`).
    pub languages: Vec<String>,
    /// The request has one of these tags.
    pub tags: Vec<String>,
}

impl Route {
    /// A rule.
    pub fn new(when: When, target: Target) -> Self {
        Self { when, target }
    }

    pub(super) fn read_list(at: &Cursor<'_>, real: &Value, fallbacks: usize) -> Result<Vec<Self>> {
        let items = few(at)?;
        let read = |(i, at): (usize, &Cursor<'_>)| Self::read(at, &real[i], fallbacks);
        items.iter().enumerate().map(read).collect()
    }

    fn read(at: &Cursor<'_>, real: &Value, fallbacks: usize) -> Result<Self> {
        let fields = at.fields()?;
        let when = When::read(&fields.required("when")?)?;
        let target = match (fields.get("use"), fields.get("provider")) {
            (Some(at), None) => match at.count()? {
                0 => Target::Own,
                n if n <= fallbacks => Target::Fallback(n - 1),
                n => {
                    let message = format!("`use: {n}`, but there are {fallbacks} `fallbacks`");
                    let diagnostic = at.diagnostic(message);
                    let hint = "0 is the cartridge's own provider, 1 the first of `fallbacks`";
                    return Err(diagnostic.hint(hint).into());
                }
            },
            (None, Some(at)) => Target::Provider {
                provider: provider(&at, real)?,
                original: at.node().to_json(),
            },
            _ => {
                let diagnostic = at.diagnostic("a rule needs either `use` or `provider`");
                let hint =
                    "`use: 1` is the first of `fallbacks`, `provider: {id: …}` one of its own";
                return Err(diagnostic.hint(hint).into());
            }
        };
        fields.finish()?;
        Ok(Self { when, target })
    }
}

impl When {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let count = |key| fields.get(key).map(|at| at.count()).transpose();
        let texts = |key| fields.get(key).map(|at| at.texts()).transpose();
        let when = Self {
            input_longer_than: count("input-longer-than")?,
            input_shorter_than: count("input-shorter-than")?,
            languages: texts("language")?.unwrap_or_default(),
            tags: texts("tag")?.unwrap_or_default(),
        };
        fields.finish()?;
        if when == Self::default() {
            let diagnostic = at.diagnostic("a rule without a condition");
            let hint = "`input-longer-than`, `input-shorter-than`, `language` or `tag`";
            return Err(diagnostic.hint(hint).into());
        }
        Ok(when)
    }
}
