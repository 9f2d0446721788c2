//! What every command needs: configuration, store, colours.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::sync::Arc;

use botsmith::core::config::{Color, Config, Disk, Environment, Overrides};
use botsmith::core::store::{self, StateStore};
use botsmith::eval::{Error, Result};
use botsmith::nanobots::Workshop;

use super::args::Global;

/// The configuration in force and what follows from it.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) environment: Environment,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Result<Self> {
        let environment =
            Environment::of_process().map_err(|source| botsmith::core::Error::Read {
                path: ".".into(),
                source,
            })?;
        let color = global
            .color
            .as_deref()
            .map(|word| {
                let found = Color::WORDS.iter().find(|(name, _)| *name == word);
                found.map(|(_, color)| *color).ok_or_else(|| {
                    Error::Invalid(format!(
                        "--color {word}: `auto`, `always` or `never` is wanted"
                    ))
                })
            })
            .transpose()?;
        let threads = global
            .threads
            .as_deref()
            .map(|text| {
                text.parse::<NonZeroUsize>().map_err(|_| {
                    Error::Invalid(format!("--threads {text}: a number of 1 or more is wanted"))
                })
            })
            .transpose()?;
        let flags = Overrides {
            store: global.store.clone(),
            color,
            quiet: global.quiet.then_some(true),
            threads,
        };
        let config = Config::load(&environment, &Disk, &flags)?;
        let context = Self {
            config,
            environment,
        };
        if !context.quiet() {
            for warning in &context.config.warnings {
                super::output::note(&format!("warning: {warning}"));
            }
        }
        Ok(context)
    }

    /// Opens bots as this environment and configuration have them.
    pub(crate) fn workshop(&self) -> Workshop {
        Workshop::new(self.environment.clone(), self.config.clone())
    }

    pub(crate) fn quiet(&self) -> bool {
        self.config.quiet.value
    }

    pub(crate) fn threads(&self) -> usize {
        self.config.threads.value.map_or(0, NonZeroUsize::get)
    }

    /// Whether stdout gets colours.
    pub(crate) fn colored(&self) -> bool {
        match self.config.color.value {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal(),
        }
    }

    /// The store, made where it is missing.
    pub(crate) fn store(&self) -> Result<Arc<dyn StateStore>> {
        Ok(store::open(self.config.store.value.as_str())?)
    }

    /// The store, if it is there: looking does not make one.
    pub(crate) fn existing_store(&self) -> Result<Arc<dyn StateStore>> {
        let url = self.config.store.value.as_str();
        store::open_existing(url)?.ok_or_else(|| Error::NotFound {
            what: "store",
            name: self.config.store.value.to_string(),
            hint: Some("`botsmith eval SUITE` makes one".into()),
        })
    }
}
