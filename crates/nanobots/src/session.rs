//! A bot's remembered conversation.
//!
//! What the user writes goes through the input adapter and affixes to the model; what the model answers
//! goes through the output adapter and affixes to the user, piece by piece where the cartridge streams.
//! Both are kept: the model is shown the conversation again in full at every turn.
//!
//! With a key a session lives in a store, in a partition of its own under implementation, author, name
//! and version of the cartridge, user and key; another version of a cartridge begins anew. Without one
//! (no key, blank, or `-`) it lives as long as its value. A bot never depends on state to work.

mod event;
pub mod import;
mod keeper;
mod observer;
mod place;
mod show;
mod slug;
mod vault;

use std::sync::{Arc, Mutex, PoisonError};

use botsmith_core::chat::{Call, Message};
use botsmith_core::store::StateStore;
use serde_json::Value;

use crate::bot::{Behavior, Bot, Parts, Turn, off_thread, run};
use crate::cartridge::Profile;
use crate::interface::{self, Mode};
use crate::{Error, Result};

pub use event::{Event, Who};
pub use observer::{Observer, Piece, Quiet};
pub use place::{IMPLEMENTATION, Variables, end_user, is_stateless, reference_state_path};
pub use slug::slug;
pub use vault::{Kdf, Vault};

use keeper::Keeper;
use show::Show;

/// Where a session is kept, and how it is shown.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Its key; `None`, blank or `-`: nothing is kept.
    pub state: Option<String>,
    /// Whose it is; `None`: `unknown`.
    pub user: Option<String>,
    /// The store, if not the bot's.
    pub store: Option<Arc<dyn StateStore>>,
    /// What seals it; `None`: it is kept in plain text.
    pub vault: Option<Vault>,
    /// Whether colours of the cartridge are printed.
    pub colors: bool,
    /// Whether answers come whole also where the cartridge streams.
    pub whole: bool,
}

impl SessionOptions {
    /// A session that is kept under `key`.
    pub fn named(key: impl Into<String>) -> Self {
        Self {
            state: Some(key.into()),
            ..Self::default()
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Where it is kept.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sealed, so that only the password of this vault opens it.
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Whether answers may come piece by piece, where the cartridge streams.
    #[must_use]
    pub fn streams(mut self, streams: bool) -> Self {
        self.whole = !streams;
        self
    }

    /// Whether colours of the cartridge are printed.
    #[must_use]
    pub fn colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }
}

/// What a turn of a session gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// All that was shown: prefix, questions and results of tools, the answer, suffix.
    pub output: String,
    /// The turn itself; `None` where nothing was asked (a cartridge without `boot`).
    pub turn: Option<Turn>,
}

/// A conversation with a bot.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::chat::{Call, ChatResponse, FnModel};
/// use botsmith_core::store;
/// use botsmith_nanobots::interface::Mode;
/// use botsmith_nanobots::session::{Quiet, SessionOptions};
/// # use botsmith_nanobots::{Bot, Cartridge, cartridge::Profile};
/// # let cartridge = Cartridge::from_value(&serde_json::json!({}), Profile::Native)?;
///
/// let counts = FnModel::new("counts", |request, _call| async move {
///     Ok(ChatResponse::text(request.messages.len().to_string()))
/// });
/// let bot = Bot::builder(cartridge, Arc::new(counts)).store(store::open("memory:")?).build()?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// let mut session = bot.session(SessionOptions::named("numbers"))?;
/// session.eval("one", Mode::Eval, &mut Quiet, &Call::default()).await?;
///
/// let mut again = bot.session(SessionOptions::named("numbers"))?;
/// let reply = again.eval("two", Mode::Eval, &mut Quiet, &Call::default()).await?;
/// assert_eq!(reply.output, "3\n");
/// # Ok::<(), botsmith_nanobots::Error>(())
/// # })?;
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Debug)]
pub struct Session {
    bot: Bot,
    history: Vec<Event>,
    colors: bool,
    whole: bool,
    key: Option<String>,
    keeper: Option<Arc<Mutex<Keeper>>>,
    /// What to return to if the turn that is going on does not end well, also when nobody waits for
    /// it any more.
    before: Option<Mark>,
}

/// A session before a turn.
#[derive(Clone, Copy, Debug)]
struct Mark {
    events: usize,
    entries: u64,
}

impl Session {
    pub(crate) fn open(bot: Bot, options: SessionOptions) -> Result<Self> {
        let mut session = Self {
            bot,
            history: Vec::new(),
            colors: options.colors,
            whole: options.whole,
            key: None,
            keeper: None,
            before: None,
        };
        if is_stateless(options.state.as_deref()) {
            return Ok(session);
        }
        let key = options.state.unwrap_or_default().trim().to_owned();
        let Some(store) = options.store.or_else(|| session.bot.inner.store.clone()) else {
            return Err(Error::State {
                session: key,
                reason: "a session with a key needs a store to be kept in".into(),
            });
        };
        let user = options.user.as_deref().unwrap_or("unknown");
        let value = session.bot.cartridge().original();
        let partition = place::partition(value, user, &key, options.vault.as_ref());
        let (keeper, history) = Keeper::open(store, partition, options.vault)?;
        session.key = Some(key);
        session.keeper = Some(Arc::new(Mutex::new(keeper)));
        session.history = history;
        Ok(session)
    }

    /// The state in the shape of the reference implementation's `state` command: where it is, its key
    /// and its history. `None` where nothing is kept, or nothing has been said yet.
    pub fn state_json(&self) -> Option<Value> {
        let keeper = lock(self.keeper.as_ref()?);
        keeper.exists().then(|| {
            serde_json::json!({
                "state": {
                    "path": keeper.place(),
                    "content": {"key": self.key, "history": self.history},
                }
            })
        })
    }

    /// Begins with what was said elsewhere, such as a history of
    /// [`import::reference_state`].
    ///
    /// # Errors
    /// [`Error::State`] when the session has a history already; what its store says.
    pub async fn adopt(&mut self, history: Vec<Event>) -> Result<()> {
        self.recover().await?;
        if !self.history.is_empty() {
            return Err(Error::State {
                session: self.key.clone().unwrap_or_else(|| "-".into()),
                reason: format!(
                    "it has {} events already; import into a new key, or forget it first",
                    self.history.len()
                ),
            });
        }
        if let Some(keeper) = self.keeper.clone() {
            let events = history.clone();
            off_thread(move || lock(&keeper).append(&events)).await?;
        }
        self.history = history;
        Ok(())
    }

    /// Forgets everything, in the store too.
    ///
    /// # Errors
    /// What the store says.
    pub async fn forget(&mut self) -> Result<()> {
        self.before = None;
        if let Some(keeper) = self.keeper.clone() {
            off_thread(move || lock(&keeper).delete()).await?;
        }
        self.history.clear();
        Ok(())
    }

    /// Goes back to before a turn that did not end well.
    async fn recover(&mut self) -> Result<()> {
        let Some(mark) = self.before else {
            return Ok(());
        };
        self.history.truncate(mark.events);
        if let Some(keeper) = self.keeper.clone() {
            off_thread(move || lock(&keeper).void(mark.entries)).await?;
        }
        self.before = None;
        Ok(())
    }

    /// The bot.
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// What was said so far.
    pub fn history(&self) -> &[Event] {
        &self.history
    }

    /// The prompt of the REPL.
    pub fn prompt(&self) -> String {
        interface::prompt(self.bot.cartridge().value(), self.colors)
    }

    /// One turn: `input` is what the user wrote. `observer` sees the output as it comes.
    ///
    /// # Errors
    /// As [`Bot::ask`]; the session is then as before the turn. Another process that wrote to the same
    /// session meanwhile is an error too.
    pub async fn eval(
        &mut self,
        input: &str,
        mode: Mode,
        observer: &mut dyn Observer,
        call: &Call,
    ) -> Result<Reply> {
        let bot = self.bot.clone();
        let text = input.to_owned();
        let message = off_thread(move || {
            let inner = &*bot.inner;
            let sandboxed = inner.safety.sandboxed;
            interface::input(
                inner.cartridge.value(),
                mode,
                &text,
                sandboxed,
                &inner.sandbox,
            )
        })
        .await?;
        self.turn(
            Behavior::Interaction,
            Some(input),
            &message,
            mode,
            observer,
            call,
        )
        .await
    }

    /// Lets the bot speak first, as `behaviors.boot` says. Without `boot.instruction` nothing happens.
    ///
    /// # Errors
    /// As [`Session::eval`].
    pub async fn boot(
        &mut self,
        mode: Mode,
        observer: &mut dyn Observer,
        call: &Call,
    ) -> Result<Reply> {
        let Some(instruction) = self.bot.cartridge().texts(Behavior::Boot).instruction else {
            observer.piece(&Piece::last(""));
            return Ok(Reply {
                output: String::new(),
                turn: None,
            });
        };
        self.turn(Behavior::Boot, None, &instruction, mode, observer, call)
            .await
    }

    async fn turn(
        &mut self,
        behavior: Behavior,
        input: Option<&str>,
        message: &str,
        mode: Mode,
        observer: &mut dyn Observer,
        call: &Call,
    ) -> Result<Reply> {
        self.recover().await?;
        self.before = Some(Mark {
            events: self.history.len(),
            entries: self.keeper.as_ref().map_or(0, |keeper| lock(keeper).mark()),
        });
        let parts = Parts {
            behavior,
            history: self.history.iter().map(Event::message).collect(),
            new: Some(Message::user(message)),
        };
        let bot = self.bot.clone();
        let keeper = self.keeper.clone();
        let mut show = Show::new(&bot, &mut self.history, keeper, mode, observer)
            .input(input)
            .colors(self.colors)
            .whole(self.whole);
        show.prefix();
        match run(&bot, parts, &mut show, call).await {
            Ok(turn) => {
                let output = show.finish();
                self.before = None;
                Ok(Reply {
                    output,
                    turn: Some(turn),
                })
            }
            Err(error) => {
                // The reference has shown and saved that answer by then.
                let keeps = matches!(error, Error::Rounds { .. })
                    && bot.cartridge().profile() == Profile::Compat;
                if keeps {
                    self.before = None;
                } else {
                    // What went wrong first is told; going back is tried again before the next turn.
                    drop(self.recover().await);
                }
                Err(error)
            }
        }
    }
}

fn lock(keeper: &Arc<Mutex<Keeper>>) -> std::sync::MutexGuard<'_, Keeper> {
    // Nothing panics while it holds the lock but for a bug, and then the store's checks still hold.
    keeper.lock().unwrap_or_else(PoisonError::into_inner)
}
