//! Configuration: defaults < `botsmith.yaml` < environment < flags, each value with its origin.
//!
//! `botsmith.yaml` is looked for upward from the working directory. The environment is the real
//! one over a `.env` file in the working directory over one next to `botsmith.yaml`. Environment
//! and files come in as arguments, so [`Config::load`] is a pure function of them.
//!
//! | key | variable | values | default |
//! |---|---|---|---|
//! | `store` | `BOTSMITH_STORE`, `BOTSMITH_STORE_FILE` | a store's URL | `sqlite:.botsmith/state.db` |
//! | `color` | `BOTSMITH_COLOR`, `NO_COLOR` | `auto`, `always`, `never` | `auto` |
//! | `quiet` | `BOTSMITH_QUIET` | `true`, `false` | `false` |
//! | `threads` | `BOTSMITH_THREADS` | `auto` or 1 to 1024 | `auto` |
//!
//! What is changed of all bots stands in [`BotSettings`].
//!
//! A relative path after `sqlite:` is relative to where it was said: the folder of `botsmith.yaml` or
//! `.env`, the working directory for variables and flags; the default lies beside `botsmith.yaml`.
//! This module opens no store and reads nothing else.

mod bots;
pub mod dotenv;
mod environment;
mod layers;
mod origin;
mod store_url;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use layers::Layers;

pub use bots::BotSettings;
pub use environment::{Disk, Environment, Files, MemoryFiles};
pub use origin::{Origin, Setting};
pub use store_url::StoreUrl;

use crate::hint::shown;
use crate::yaml::{Cursor, Source, parse};
use crate::{Diagnostic, Error, Result, SecretString};

/// The file's name.
const FILE: &str = "botsmith.yaml";
/// A configuration is small; a larger file is a mistake.
const FILE_BYTES: u64 = 1 << 20;
/// More threads than this are a typo.
const THREADS: usize = 1024;
/// The code of errors about variables.
const CODE: &str = "BS-CORE-020";

/// When output has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The words of the configuration.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("auto", Self::Auto),
        ("always", Self::Always),
        ("never", Self::Never),
    ];

    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// What flags say; `None` where none was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--store`.
    pub store: Option<String>,
    /// `--color`.
    pub color: Option<Color>,
    /// `--quiet`.
    pub quiet: Option<bool>,
    /// `--threads`.
    pub threads: Option<NonZeroUsize>,
}

/// The configuration in force.
///
/// ```
/// use botsmith_core::config::{Config, Environment, MemoryFiles, Origin, Overrides};
/// let files = MemoryFiles::from([("/home/ada/botsmith.yaml", "quiet: true\n")]);
/// let environment = Environment::new("/home/ada/suites").with("BOTSMITH_THREADS", "4");
/// let config = Config::load(&environment, &files, &Overrides::default())?;
/// assert!(config.quiet.value);
/// assert_eq!(config.quiet.origin.to_string(), "/home/ada/botsmith.yaml:1");
/// assert_eq!(config.threads.value.map(|n| n.get()), Some(4));
/// assert_eq!(config.store.value.as_str(), "sqlite:/home/ada/.botsmith/state.db");
/// assert_eq!(config.store.origin, Origin::Default);
/// # Ok::<(), botsmith_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where state lives.
    pub store: Setting<StoreUrl>,
    /// When output has colours.
    pub color: Setting<Color>,
    /// Whether progress and notes stay away.
    pub quiet: Setting<bool>,
    /// How many threads work; `None`: as many as there are cores.
    pub threads: Setting<Option<NonZeroUsize>>,
    /// What is changed of all bots.
    pub bots: BotSettings,
    /// The `botsmith.yaml` that was read.
    pub file: Option<PathBuf>,
    /// The `.env` files that were read, the stronger first.
    pub dotenv_files: Vec<PathBuf>,
    /// The folder of `botsmith.yaml`, or the working directory without one.
    pub folder: PathBuf,
    /// What looks like a mistake and is none for sure: variables that nobody reads.
    pub warnings: Vec<Diagnostic>,
    layers: Layers,
}

impl Config {
    /// Finds and reads the configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad value, an unknown key or a file that cannot be understood;
    /// [`Error::Read`] for one that cannot be read. No error shows the value of a variable that
    /// may hold a secret.
    pub fn load(environment: &Environment, files: &dyn Files, flags: &Overrides) -> Result<Self> {
        let cwd = &environment.folder;
        let mut warnings = Vec::new();
        let mut file = None;
        for folder in cwd.ancestors() {
            if let Some(source) = read(files, &folder.join(FILE))? {
                file = Some(source);
                break;
            }
            let near = folder.join("botsmith.yml");
            if files.read(&near, 1).is_ok_and(|found| found.is_some()) {
                let warning = Diagnostic::new(&near, "this file is not read");
                warnings.push(
                    warning
                        .code(CODE)
                        .hint(format!("its name must be `{FILE}`")),
                );
            }
        }
        let folder = file.as_ref().and_then(|source| source.path().parent());
        let folder = folder.unwrap_or(cwd).to_owned();
        let mut config = Self {
            store: Setting {
                value: StoreUrl::parse(StoreUrl::DEFAULT, &folder).map_err(Diagnostic::from)?,
                origin: Origin::Default,
            },
            color: Setting::default(),
            quiet: Setting::default(),
            threads: Setting::default(),
            bots: BotSettings::default(),
            file: file.as_ref().map(|source| source.path().to_owned()),
            dotenv_files: Vec::new(),
            folder,
            warnings,
            layers: Layers::default(),
        };
        if let Some(source) = &file {
            config.apply_file(source)?;
        }
        config.read_layers(environment, files)?;
        config.apply_variables(files)?;
        config.apply_flags(flags, cwd)?;
        Ok(config)
    }

    /// A secret by the name of its variable (`OPENAI_API_KEY`), from the environment or a `.env`
    /// file; `NAME_FILE` names a file that holds it instead. Empty counts as absent.
    ///
    /// # Errors
    /// If both `NAME` and `NAME_FILE` are set in one place, or the file cannot be read or is
    /// empty. The secret itself is in no error.
    pub fn secret(&self, name: &str, files: &dyn Files) -> Result<Option<Setting<SecretString>>> {
        let found = self.layers.secret(name, files)?;
        Ok(found.map(|found| Setting {
            value: found.value,
            origin: found.origin,
        }))
    }

    /// Every setting as a person may read it (`name`, value, origin); a password in a URL is
    /// masked.
    pub fn settings(&self) -> Vec<(&'static str, String, &Origin)> {
        let threads = self
            .threads
            .value
            .map_or("auto".to_owned(), |n| n.to_string());
        let mut settings = vec![
            ("store", self.store.value.to_string(), &self.store.origin),
            (
                "color",
                self.color.value.as_str().to_owned(),
                &self.color.origin,
            ),
            ("quiet", self.quiet.value.to_string(), &self.quiet.origin),
            ("threads", threads, &self.threads.origin),
        ];
        settings.extend(self.bots.listed());
        settings
    }

    fn apply_file(&mut self, source: &Source) -> Result<()> {
        let node = parse(source)?;
        let root = Cursor::new(source, &node);
        if root.is_null() {
            return Ok(());
        }
        let fields = root.fields()?;
        let origin = |at: &Cursor<'_>| Origin::File {
            path: source.path().to_owned(),
            line: at.mark().line,
        };
        if let Some(at) = fields.get("store") {
            let value = StoreUrl::parse(at.name()?, &self.folder).map_err(|problem| {
                let mut diagnostic = at.diagnostic(problem.message).hint(problem.hint);
                // A URL may hold a password.
                diagnostic.excerpt = None;
                diagnostic
            })?;
            self.store = Setting::new(value, origin(&at));
        }
        if let Some(at) = fields.get("color") {
            self.color = Setting::new(at.one_of(&Color::WORDS)?, origin(&at));
        }
        if let Some(at) = fields.get("quiet") {
            self.quiet = Setting::new(at.bool()?, origin(&at));
        }
        if let Some(at) = fields.get("threads") {
            let text = at.text()?;
            let value = threads(text).map_err(|()| {
                at.error(format!(
                    "expected {THREADS_WANTED}, found `{}`",
                    shown(text)
                ))
            })?;
            self.threads = Setting::new(value, origin(&at));
        }
        self.bots.apply_file(&fields, source.path(), &self.folder)?;
        fields.finish()
    }

    fn read_layers(&mut self, environment: &Environment, files: &dyn Files) -> Result<()> {
        self.layers.push_environment(environment);
        let mut folders = vec![environment.folder.clone()];
        if self.folder != environment.folder {
            folders.push(self.folder.clone());
        }
        for folder in folders {
            if let Some(source) = read(files, &folder.join(".env"))? {
                self.layers.push_dotenv(&source, folder)?;
                self.dotenv_files.push(source.path().to_owned());
            }
        }
        self.warnings.extend(self.layers.unknown());
        Ok(())
    }

    fn apply_variables(&mut self, files: &dyn Files) -> Result<()> {
        if let Some(found) = self.layers.secret("BOTSMITH_STORE", files)? {
            let value = StoreUrl::parse(found.value.expose().trim(), &found.folder)
                .map_err(|problem| found.problem(problem.message).hint(problem.hint))?;
            self.store = Setting::new(value, found.origin);
        }
        self.apply_color()?;
        self.bots.apply_variables(&self.layers)?;
        if let Some(found) = self.layers.get("BOTSMITH_QUIET")? {
            let value = match found.value.expose().trim().to_ascii_lowercase().as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(found.wanted("`true`, `false`, `1` or `0`").into()),
            };
            self.quiet = Setting::new(value, found.origin);
        }
        if let Some(found) = self.layers.get("BOTSMITH_THREADS")? {
            let value = threads(found.value.expose().trim());
            let value = value.map_err(|()| found.wanted(THREADS_WANTED))?;
            self.threads = Setting::new(value, found.origin);
        }
        Ok(())
    }

    fn apply_color(&mut self) -> Result<()> {
        let named = self.layers.get("BOTSMITH_COLOR")?;
        // <https://no-color.org>: any value that is not empty. Ours is the more exact word, unless
        // it only stands in a `.env` file.
        if let Some(found) = self.layers.get("NO_COLOR")? {
            let real = |origin: &Origin| matches!(origin, Origin::Variable { .. });
            let stronger = |named| real(&found.origin) && !real(named);
            if named.as_ref().is_none_or(|named| stronger(&named.origin)) {
                self.color = Setting::new(Color::Never, found.origin);
                return Ok(());
            }
        }
        if let Some(found) = named {
            let word = found.value.expose().trim();
            let choice = Color::WORDS.iter().find(|(name, _)| *name == word);
            let (_, value) = choice.ok_or_else(|| {
                let message = format!("`{}` is not known here", shown(word));
                let words = Color::WORDS.iter().map(|(name, _)| *name);
                found.problem(message).nearest(word, words)
            })?;
            self.color = Setting::new(*value, found.origin);
        }
        Ok(())
    }

    fn apply_flags(&mut self, flags: &Overrides, cwd: &Path) -> Result<()> {
        if let Some(url) = &flags.store {
            let value = StoreUrl::parse(url, cwd).map_err(|problem| {
                Diagnostic::new("--store", problem.message).hint(problem.hint)
            })?;
            self.store = Setting::new(value, Origin::Flag("--store"));
        }
        if let Some(color) = flags.color {
            self.color = Setting::new(color, Origin::Flag("--color"));
        }
        if let Some(quiet) = flags.quiet {
            self.quiet = Setting::new(quiet, Origin::Flag("--quiet"));
        }
        if let Some(threads) = flags.threads {
            self.threads = Setting::new(Some(threads), Origin::Flag("--threads"));
        }
        Ok(())
    }
}

const THREADS_WANTED: &str = "`auto` or a whole number from 1 to 1024";

fn threads(word: &str) -> Result<Option<NonZeroUsize>, ()> {
    if word == "auto" {
        return Ok(None);
    }
    let count: NonZeroUsize = word.parse().map_err(drop)?;
    if count.get() <= THREADS {
        Ok(Some(count))
    } else {
        Err(())
    }
}

/// A text file, if it is there.
fn read(files: &dyn Files, path: &Path) -> Result<Option<Source>> {
    let bytes = files.read(path, FILE_BYTES).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    if bytes.len() as u64 > FILE_BYTES {
        let message = format!("file is larger than {FILE_BYTES} bytes");
        return Err(Diagnostic::new(path, message).into());
    }
    let text = crate::yaml::utf8(path, bytes).map_err(|error| match error {
        // `.env` holds secrets: its lines are never shown.
        Error::Invalid(mut diagnostic) if path.ends_with(".env") => {
            diagnostic.excerpt = None;
            Error::Invalid(diagnostic)
        }
        error => error,
    })?;
    Ok(Some(Source::new(path, text)))
}
