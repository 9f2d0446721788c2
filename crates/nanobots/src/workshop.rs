//! From a cartridge's name to a bot that can be asked.
//!
//! A [`Workshop`] knows the environment (variables, search path), what the user allows and what the user
//! changes (another provider, another model, values for variables), and puts a bot together: the cartridge
//! is found and read, its variables put in, its provider opened, its router and tools made. The command
//! line, suites and embedding programs all open bots through it, so that a bot is the same everywhere.
//! Nothing is sent and no program started before the bot is asked.

mod looking;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::SecretString;
use botsmith_core::chat::{ChatModel, ChatRequest, Message};
use botsmith_core::config::{Config, Disk, Environment};
use botsmith_core::store::{MemoryStore, StateStore};
use botsmith_core::yaml::Source;
use serde_json::{Map, Value};

use crate::bot::{Behavior, BotBuilder, Permission};
use crate::cartridge::{Configured, Options, Profile, Variables};
use crate::interface::{self, Mode};
use crate::library::Library;
use crate::provider::{OpenOptions, ProviderConfig, ProviderKind, ProviderOverride};
use crate::router::{self, AnswerCache, CacheBound, Prices, RouterOptions};
use crate::versions::{BotFile, By};
use crate::{Bot, Cartridge, Error, Result};

/// A file of prices is small; a larger one is a mistake.
const PRICES_BYTES: u64 = 1 << 20;

/// What a cartridge may do on this machine beyond asking its provider. Nothing, unless allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allow {
    /// Start programs: provider `command`, MCP servers on stdio.
    pub commands: bool,
    /// Leave the sandbox where the cartridge says `safety: {functions: {sandboxed: false}}`.
    pub unsandboxed: bool,
}

impl Allow {
    /// The same, with or without leave to start programs.
    #[must_use]
    pub fn commands(mut self, allowed: bool) -> Self {
        self.commands = allowed;
        self
    }

    /// The same, with or without leave to run code outside of the sandbox.
    #[must_use]
    pub fn unsandboxed(mut self, allowed: bool) -> Self {
        self.unsandboxed = allowed;
        self
    }
}

/// Puts bots together.
///
/// ```
/// use botsmith_core::config::{Config, Environment, MemoryFiles, Overrides};
/// use botsmith_nanobots::Workshop;
/// let environment = Environment::new(env!("CARGO_MANIFEST_DIR"));
/// let config = Config::load(&environment, &MemoryFiles::default(), &Overrides::default())?;
/// let workshop = Workshop::new(environment, config);
/// let baseline = workshop.cartridge("-")?;
/// assert_eq!(baseline.provider_id(), Some("openai"));
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Workshop {
    environment: Environment,
    config: Config,
    folders: Vec<PathBuf>,
    profile: Profile,
    allow: Allow,
    variables: Map<String, Value>,
    provider: ProviderOverride,
    permission: Permission,
    store: Option<Arc<dyn StateStore>>,
    tags: Vec<String>,
    prices: Arc<Prices>,
}

impl Workshop {
    /// A workshop that allows nothing and changes nothing.
    pub fn new(environment: Environment, config: Config) -> Self {
        Self {
            environment,
            config,
            folders: Vec::new(),
            profile: Profile::default(),
            allow: Allow::default(),
            variables: Map::new(),
            provider: ProviderOverride::default(),
            permission: Permission::default(),
            store: None,
            tags: Vec::new(),
            prices: Arc::new(Prices::built_in()),
        }
    }

    /// A workshop with the environment and configuration of this process.
    ///
    /// # Errors
    /// If the working directory is gone, or `botsmith.yaml` or `.env` cannot be read.
    pub fn of_process() -> Result<Self> {
        let environment =
            Environment::of_process().map_err(|source| botsmith_core::Error::Read {
                path: ".".into(),
                source,
            })?;
        let config = Config::load(
            &environment,
            &Disk,
            &botsmith_core::config::Overrides::default(),
        )?;
        Ok(Self::new(environment, config))
    }

    /// Whose rules hold.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What answers cost; see [`Prices::overridden_by`] for a table of the user's over the one inside.
    #[must_use]
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = Arc::new(prices);
        self
    }

    /// What cartridges may do.
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// Values for variables that cartridges declare.
    #[must_use]
    pub fn variables(mut self, variables: Map<String, Value>) -> Self {
        self.variables = variables;
        self
    }

    /// Another provider, model or address than the cartridges'.
    #[must_use]
    pub fn provider(mut self, provider: ProviderOverride) -> Self {
        self.provider = provider;
        self
    }

    /// Who decides whether a tool may run.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Where sessions and cached answers are kept.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Labels of all requests, for routing.
    #[must_use]
    pub fn tags(mut self, tags: Vec<String>) -> Self {
        self.tags = tags;
        self
    }

    /// Looks for cartridges in this folder too, before those of the environment.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
        self
    }

    /// The cartridges that can be found by name.
    pub fn library(&self) -> Library<'static> {
        let library = Library::new(&self.environment, &Disk);
        self.folders
            .iter()
            .rev()
            .fold(library, |library, folder| library.folder(folder.clone()))
    }

    /// Calls `with` with the options that cartridges are read with.
    pub fn reading<T>(&self, with: impl FnOnce(&Options<'_>) -> T) -> T {
        let variables = Configured {
            config: &self.config,
            files: &Disk,
        };
        with(
            &Options::default()
                .profile(self.profile)
                .variables(&variables),
        )
    }

    /// Finds and reads a cartridge: a path, a name of the search path, or `-` for the baseline. Its
    /// variables are not put in yet.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn cartridge(&self, name: &str) -> Result<Cartridge> {
        self.reading(|options| match name {
            "-" => Cartridge::baseline(options),
            name => self.library().open(name, options),
        })
    }

    /// The file of a bot that has versions, found like [`Workshop::cartridge`].
    ///
    /// # Errors
    /// If there is none, or it is a bot without a file.
    pub fn bot_file(&self, name: &str) -> Result<BotFile> {
        let file = match self.library().find(name) {
            Some(file) => file,
            // Says where was looked, and what is near.
            None => self.cartridge(name)?.path().to_owned(),
        };
        let found = self.file_of(&file);
        if !found.file.is_file() {
            return Err(Error::Versions {
                bot: name.to_owned(),
                reason: "it stands in no file: only a cartridge that does has versions".into(),
            });
        }
        Ok(found)
    }

    /// The bot of a cartridge's file, which need not be there.
    pub fn file_of(&self, path: &Path) -> BotFile {
        BotFile::new(path, &self.environment.folder, &self.config.folder)
    }

    /// Who changes something: the one given, or the user of this system; and when.
    pub fn by(&self, given: Option<&str>, at_ms: u64) -> By {
        By::user(given, &self.environment, at_ms)
    }

    /// The provider that a cartridge's bot would ask.
    ///
    /// # Errors
    /// If neither the cartridge nor the workshop names one, or its configuration is wrong.
    pub fn provider_of(&self, cartridge: &Cartridge) -> Result<ProviderConfig> {
        let lookup = |name: &str| self.secret(name);
        let config = self.replacement()?.apply_to(cartridge, &lookup)?;
        Ok(config.with_texts(cartridge.environment_texts()))
    }

    /// What the configuration changes of all bots, under what this workshop was told.
    fn replacement(&self) -> Result<ProviderOverride> {
        let mut over = self.provider.clone();
        let bots = &self.config.bots;
        // A model of the configuration belongs to its provider, not to one that a flag names.
        if over.id.is_none() {
            if let Some(provider) = &bots.provider {
                over.id = Some(ProviderKind::parse(&provider.value)?);
            }
            let text = |found: &Option<botsmith_core::config::Setting<String>>| {
                found.as_ref().map(|found| found.value.clone())
            };
            over.model = over.model.or_else(|| text(&bots.model));
            over.address = over.address.or_else(|| text(&bots.address));
        }
        Ok(over)
    }

    /// Whether another provider, or another address, is asked than the cartridge's own: then nothing of what
    /// it is told goes to a vendor that the cartridge names.
    fn leaves_vendor(&self) -> bool {
        self.replacement()
            .is_ok_and(|over| over.id.is_some() || over.moves_address())
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        let variables = Configured {
            config: &self.config,
            files: &Disk,
        };
        variables.variable(name).ok().flatten()
    }

    /// Finds a cartridge and makes a bot of it.
    ///
    /// # Errors
    /// As [`Workshop::cartridge`] and [`Workshop::bot_of`].
    pub fn bot(&self, name: &str) -> Result<Bot> {
        self.bot_of(&self.cartridge(name)?)
    }

    /// Makes a bot of a cartridge.
    ///
    /// # Errors
    /// If a variable is missing or wrong, the provider cannot be opened, or a tool cannot be made.
    pub fn bot_of(&self, cartridge: &Cartridge) -> Result<Bot> {
        self.builder(cartridge)?.build()
    }

    /// As [`Workshop::bot_of`], to be told more before it is built.
    ///
    /// # Errors
    /// As [`Workshop::bot_of`].
    pub fn builder(&self, cartridge: &Cartridge) -> Result<BotBuilder> {
        let config = self.provider_of(cartridge)?;
        self.builder_on(cartridge, &config)
    }

    fn builder_on(&self, cartridge: &Cartridge, config: &ProviderConfig) -> Result<BotBuilder> {
        let cartridge = cartridge.with_variables(&self.variables)?;
        let model = self.model(&cartridge, config)?;
        let mut builder = Bot::builder(cartridge, model)
            .permission(self.permission.clone())
            .unsandboxed(self.allow.unsandboxed)
            .tags(self.tags.clone());
        if let Some(store) = &self.store {
            builder = builder.store(Arc::clone(store));
        }
        if self.allow.commands {
            builder = builder.programs(self.environment.variables.get("PATH").cloned());
        }
        Ok(builder)
    }

    fn opening(&self, cartridge: &Cartridge) -> OpenOptions {
        OpenOptions {
            folder: folder_of(cartridge.path()),
            allow_commands: self.allow.commands,
            ..OpenOptions::default()
        }
    }

    fn model(&self, cartridge: &Cartridge, config: &ProviderConfig) -> Result<Arc<dyn ChatModel>> {
        let mut native = Cow::Borrowed(cartridge.native());
        if self.leaves_vendor() {
            let native = native.to_mut();
            (native.fallbacks, native.routing) = (Vec::new(), Vec::new());
        }
        let mut options = RouterOptions {
            prices: self.price_table()?,
            ..RouterOptions::default()
        };
        if native.cache.enabled() {
            let store = self.store.clone();
            let store = store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
            let cache = AnswerCache::new(store, CacheBound::default());
            options.cache = Some(Arc::new(cache));
        }
        let router = router::open(config, &native, &self.opening(cartridge), options)?;
        Ok(Arc::new(router))
    }

    /// The user's file of prices, over those that this workshop has.
    fn price_table(&self) -> Result<Arc<Prices>> {
        match &self.config.bots.prices {
            None => Ok(Arc::clone(&self.prices)),
            Some(file) => {
                let own = Prices::read(&Source::read(&file.value, PRICES_BYTES)?)?;
                Ok(Arc::new(Prices::clone(&self.prices).overridden_by(own)))
            }
        }
    }

    /// The request that a cartridge's bot would send for `input`, and to whom: see
    /// [`request_preview`](crate::provider::request_preview). A cartridge that names no provider is shown
    /// on the baseline's, as nothing is sent here; to be asked it needs one.
    ///
    /// # Errors
    /// As [`Workshop::bot_of`].
    pub fn request(
        &self,
        cartridge: &Cartridge,
        input: &str,
    ) -> Result<(ProviderConfig, ChatRequest)> {
        let config = match cartridge.fetch(&["provider"]) {
            None if self.replacement()?.id.is_none() => {
                let baseline = self.reading(Cartridge::baseline)?;
                self.provider_of(&baseline)?
                    .with_profile(cartridge.profile())
                    .with_texts(cartridge.environment_texts())
            }
            _ => self.provider_of(cartridge)?,
        };
        let bot = self.builder_on(cartridge, &config)?.build()?;
        let inner = &*bot.inner;
        // As a session says it: adapter and affixes belong to what is sent.
        let said = interface::input(
            inner.cartridge.value(),
            Mode::Eval,
            input,
            inner.safety.sandboxed,
            &inner.sandbox,
        )?;
        let request = bot.request(Behavior::Interaction, &[Message::user(said)])?;
        Ok((config, request))
    }
}

/// The folder that a cartridge's relative paths start from.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
