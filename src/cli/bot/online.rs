//! What `botsmith bot canary` and `botsmith bot bandit` share: which bot, its versions, who and when.

use std::sync::Arc;

use botsmith::core::store::StateStore;
use botsmith::eval::Result;
use botsmith::eval::online::{Moments, Traffic};
use botsmith::nanobots::versions::By;
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

/// A bot, and the store that has its versions.
pub(super) struct Place {
    pub(super) store: Arc<dyn StateStore>,
    pub(super) name: String,
    pub(super) traffic: Traffic,
}

impl Place {
    pub(super) fn of(context: &Context, named: &Named) -> Result<Self> {
        let found = super::versions::named(context, &named.bot)?;
        let store = context.existing_store()?;
        Ok(Self {
            name: found.name.clone(),
            traffic: Traffic::of(Arc::clone(&store), found),
            store,
        })
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
