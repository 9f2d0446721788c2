//! Where bots come from: what a suite says of one, and who opens it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use botsmith_nanobots::Bot;

use crate::suite::BotSource;
use crate::{Error, Result};

/// Opens the bots and judges that a suite names.
pub trait Bots: Send + Sync + Debug {
    /// Opens one.
    ///
    /// # Errors
    /// If there is none, or its cartridge or provider is wrong; at its place in the suite.
    fn open(&self, source: &BotSource) -> Result<Bot>;
}

/// Bots of the program's own, by name: of a suite's bot, or of the cartridge that a judge names.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::chat::{ChatResponse, FnModel};
/// use botsmith_eval::ask::Given;
/// use botsmith_nanobots::{Bot, Cartridge, cartridge::Profile};
/// let model = FnModel::new("yes", |_, _| async { Ok(ChatResponse::text("yes")) });
/// let cartridge = Cartridge::from_value(&serde_json::json!({}), Profile::Native)?;
/// let bots = Given::default().with("agreeable", Bot::new(cartridge, Arc::new(model))?);
/// assert!(format!("{bots:?}").contains("agreeable"));
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Given(BTreeMap<String, Bot>);

impl Given {
    /// Adds a bot.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, bot: Bot) -> Self {
        self.0.insert(name.into(), bot);
        self
    }
}

impl Bots for Given {
    fn open(&self, source: &BotSource) -> Result<Bot> {
        self.0.get(&source.name).cloned().ok_or_else(|| {
            let known = self.0.keys().map(String::as_str);
            let message = format!("no bot `{}` was given", source.name);
            match &source.named_at {
                Some(at) => {
                    let mut at = (**at).clone();
                    at.message = message;
                    at.nearest(&source.name, known).into()
                }
                None => Error::NotFound {
                    what: "bot",
                    name: source.name.clone(),
                    hint: None,
                },
            }
        })
    }
}
