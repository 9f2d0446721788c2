//! What `botsmith bot canary` and `botsmith bot bandit` share: which bot, its versions, who and when.

use std::path::PathBuf;
use std::sync::Arc;

use botsmith::core::store::StateStore;
use botsmith::eval::Result;
use botsmith::eval::online::{BotVersions, Moments};
use botsmith::nanobots::versions::{By, Version, Versions};
use clap::ValueHint;

use crate::cli::context::Context;

/// A bot with versions.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Named {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "BOT", value_hint = ValueHint::FilePath)]
    pub(crate) bot: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// A bot, its file, and the store that has its versions.
pub(super) struct Place {
    pub(super) store: Arc<dyn StateStore>,
    pub(super) name: String,
    file: PathBuf,
}

impl Place {
    pub(super) fn of(context: &Context, named: &Named) -> Result<Self> {
        let found = super::versions::named(context, &named.bot)?;
        Ok(Self {
            store: context.existing_store()?,
            name: found.bot,
            file: found.file,
        })
    }

    pub(super) fn switch(&self) -> BotVersions {
        BotVersions::new(Arc::clone(&self.store), Some(self.file.clone()))
    }

    /// The version that a person means: the first digits of a hash, `current`, `previous`, a
    /// `meta.version`.
    pub(super) fn version(&self, name: &str) -> Result<Version> {
        Ok(Versions::of(&*self.store, &self.name).find(name)?)
    }

    /// Who does it, and when by the store's clock.
    pub(super) fn by(&self, context: &Context, given: Option<&str>) -> Result<By> {
        super::versions::by(context, given, &*self.store)
    }

    pub(super) fn now_ms(&self) -> Result<u64> {
        Ok(self.store.now_ms()?)
    }
}

/// The first twelve digits of a hash.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// How many outcomes and their mean, as text.
pub(super) fn counted(moments: &Moments) -> String {
    match moments.mean() {
        Some(mean) => format!("{:>6} sessions, mean {mean:.3}", moments.n),
        None => "     0 sessions".into(),
    }
}

/// A salt that no earlier canary or bandit of this bot had.
pub(super) fn salt(place: &Place, given: Option<&String>) -> Result<String> {
    Ok(match given {
        Some(salt) => salt.clone(),
        None => format!("{} {}", place.name, place.now_ms()?),
    })
}
