//! Cartridges: a bot as one YAML or Markdown file -> [`Cartridge`], checked, merged, and with the
//! environment put in.
//!
//! Follows the Nano Bots specification 3.2. Reading is lenient: what is unknown or odd gives a warning
//! with its line ([`Cartridge::warnings`]), and only what cannot be read, or could do harm, is an error.
//! Under the root key `botsmith:`, which is ours, every mistake is an error. Nothing here asks a model.
//!
//! | part | does |
//! |---|---|
//! | [`Cartridge::open`], [`Options`] | file -> cartridge; `extends` |
//! | [`Native`] | what stands under `botsmith:` |
//! | [`Variables`], [`substitute`] | `ENV/NAME` |
//! | [`schema`] | JSON Schema of all keys |
//! | [`bump_version`] | `meta.version` counted up, all else as it is |
//! | [`deep_merge`], [`fetch`] | the specification's merge and look-up |

mod check;
mod env;
mod format;
mod layers;
mod lint;
mod markdown;
mod merge;
mod native;
mod providers;
mod read;
mod schema;
mod taken;
mod template;
mod version;
mod views;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use botsmith_core::yaml::{Mark, Node};
use botsmith_core::{Diagnostic, SecretString};

pub use env::{Configured, NoVariables, Substituted, Variables, is_placeholder, substitute};
pub use format::Format;
pub(crate) use lint::MOST as MOST_WARNINGS;
pub use merge::deep_merge;
pub use native::{
    Cache, Context, ContextPolicy, Example, Fallback, Limits, Native, Route, Server, Target,
    Transport, Variable, VariableType, When,
};
pub(crate) use providers::{Named, Role};
pub use read::Options;
pub use schema::schema;
pub use version::{bump_version, next_version, own_version};
pub use views::{Meta, Texts, ToolSource};

use crate::Result;
use layers::Layers;

/// How a cartridge is read where the specification and its reference implementation differ from what a
/// person would expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// As the reference implementation behaves, less its bugs: YAML 1.1 as Ruby reads it.
    Compat,
    /// Ours: YAML 1.2.
    #[default]
    Native,
}

impl Profile {
    /// The words of the command line.
    pub const WORDS: [(&'static str, Self); 2] =
        [("compat", Self::Compat), ("native", Self::Native)];

    /// The word of the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compat => "compat",
            Self::Native => "native",
        }
    }
}

/// A cartridge, read.
///
/// ```
/// use botsmith_nanobots::bot::Behavior;
/// use botsmith_nanobots::cartridge::{Cartridge, Format, Options};
/// let text = "meta: {name: Ada}\nbehaviors:\n  interaction: {directive: Be brief.}\nprovder: {}\n";
/// let cartridge = Cartridge::parse(text, Format::Yaml, &Options::default())?;
/// assert_eq!(cartridge.meta().name.as_deref(), Some("Ada"));
/// assert_eq!(cartridge.system_text(Behavior::Interaction).as_deref(), Some("Be brief."));
/// let warning = &cartridge.warnings()[0];
/// assert_eq!((warning.line, warning.hint.as_deref()), (4, Some("did you mean `provider`?")));
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone)]
pub struct Cartridge {
    /// With the environment and the variables put in.
    value: Value,
    /// As written.
    original: Value,
    profile: Profile,
    native: Arc<Native>,
    /// What was read, for messages.
    text: Arc<Text>,
    warnings: Vec<Diagnostic>,
    /// What came out of the environment.
    environment: Vec<(String, SecretString)>,
    /// Whether the variables were put in.
    bound: bool,
}

/// The text of a cartridge and the tree that was read from it.
struct Text {
    layers: Layers,
    node: Node,
    /// The folder that its relative paths start from.
    path: PathBuf,
}

impl fmt::Debug for Cartridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What came out of the environment may be a secret: only the placeholders are shown.
        f.debug_struct("Cartridge")
            .field("path", &self.text.path)
            .field("original", &self.original)
            .finish_non_exhaustive()
    }
}

impl Cartridge {
    /// The cartridge with the environment's and its own variables put in. Holds secrets: never print it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The cartridge as written, with `ENV/…` in place of what stands there; `extends` and Markdown
    /// blocks are merged.
    pub fn original(&self) -> &Value {
        &self.original
    }

    /// How it is read.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What stands under `botsmith:`.
    pub fn native(&self) -> &Native {
        &self.native
    }

    /// The file; a name in angle brackets where there is none.
    pub fn path(&self) -> &Path {
        &self.text.path
    }

    /// All files that it was read from, itself first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.text.layers.paths()
    }

    /// What looks like a mistake: unknown keys, odd values, variables of the environment that are not set.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The first warning as an error, for `lint --strict`.
    ///
    /// # Errors
    /// If there is a warning.
    pub fn strict(&self) -> Result<()> {
        match self.warnings.first() {
            Some(warning) => Err(warning.clone().into()),
            None => Ok(()),
        }
    }

    /// The value at `path`; see [`fetch`].
    pub fn fetch(&self, path: &[&str]) -> Option<&Value> {
        fetch(&self.value, path)
    }

    /// A diagnostic at the value of `path` (`["provider", "settings", "model"]`; an item of a list is its
    /// number), or at the nearest place above it.
    pub fn diagnostic(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.at(check::mark_of(&self.text.node, path), message)
            .field(path.join("."))
    }

    fn at(&self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        let diagnostic = self.text.layers.source().diagnostic(mark, message);
        self.text.layers.relocate(diagnostic)
    }

    /// The cartridge with `ENV/…` in place of what stands there, for whoever shows it. Its bot would be told
    /// the placeholders.
    #[must_use]
    pub fn as_written(&self) -> Self {
        Self {
            value: self.original.clone(),
            ..self.clone()
        }
    }

    /// Variables of the environment that were put in, by name. Values are secrets.
    pub fn environment(&self) -> &[(String, SecretString)] {
        &self.environment
    }

    /// `text` with every value that came out of the environment replaced by its placeholder. Values
    /// shorter than six bytes are no secrets, and are left.
    ///
    /// ```
    /// # use botsmith_nanobots::cartridge::{Cartridge, Format, Options};
    /// let environment = std::collections::BTreeMap::from([("KEY".to_owned(), "sk-123456".to_owned())]);
    /// let options = Options::default().variables(&environment);
    /// let text = "provider: {credentials: {access-token: ENV/KEY}}";
    /// let cartridge = Cartridge::parse(text, Format::Yaml, &options)?;
    /// assert_eq!(cartridge.redact("bad key sk-123456"), "bad key ENV/KEY");
    /// # Ok::<(), botsmith_nanobots::Error>(())
    /// ```
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut secrets: Vec<_> = self.environment.iter().collect();
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.expose().len()));
        for (name, secret) in secrets {
            if secret.expose().len() >= 6 && text.contains(secret.expose()) {
                text = text.replace(secret.expose(), &format!("ENV/{name}"));
            }
        }
        text
    }
}

/// The value at `path`; `None` where it is absent or null, or something on the way is no map.
pub fn fetch<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    (!found.is_null()).then_some(found)
}

/// Where one of a cartridge's [`files`](Cartridge::files) lies, seen from the cartridge's own folder.
pub(crate) fn beside<'a>(cartridge: &Cartridge, file: &'a Path) -> &'a Path {
    let folder = cartridge.path().parent().unwrap_or(Path::new(""));
    file.strip_prefix(read::normal(folder)).unwrap_or(file)
}

/// Whether a file's name has the ending of a cartridge.
pub(crate) fn is_cartridge(path: &Path) -> bool {
    read::format_of(path).is_ok()
}
