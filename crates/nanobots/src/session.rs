//! A bot's remembered conversation.
//!
//! What the user writes goes through the input adapter and affixes to the model; what the model answers
//! goes through the output adapter and affixes to the user, piece by piece where the cartridge streams.
//! Both are kept: the model is shown the conversation again in full at every turn.
//!
//! With a key a session lives in a store; without one (no key, blank, or `-`) as long as its value.

mod event;
mod observer;
mod show;

use std::sync::Arc;

use botsmith_core::chat::{Call, Message};
use botsmith_core::store::StateStore;
use serde_json::Value;

use crate::bot::{Behavior, Bot, Parts, Turn, run};
use crate::cartridge::{Profile, fetch};
use crate::interface::{self, Mode};
use crate::{Error, Result};

pub use event::{Event, Who};
pub use observer::{Observer, Piece, Quiet};

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
    /// Whether colours of the cartridge are printed.
    pub colors: bool,
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
#[derive(Debug)]
pub struct Session {
    bot: Bot,
    history: Vec<Event>,
    colors: bool,
}

impl Session {
    pub(crate) fn open(bot: Bot, options: SessionOptions) -> Result<Self> {
        Ok(Self {
            bot,
            history: Vec::new(),
            colors: options.colors,
        })
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
        let instruction = fetch(
            self.bot.cartridge().value(),
            &["behaviors", "boot", "instruction"],
        )
        .and_then(Value::as_str)
        .map(str::to_owned);
        match instruction {
            Some(instruction) => {
                self.turn(Behavior::Boot, None, &instruction, mode, observer, call)
                    .await
            }
            None => {
                observer.piece(&Piece::last(""));
                Ok(Reply {
                    output: String::new(),
                    turn: None,
                })
            }
        }
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
        let before = self.history.len();
        let parts = Parts {
            behavior,
            history: self.history.iter().map(Event::message).collect(),
            new: Some(Message::user(message)),
        };
        let bot = self.bot.clone();
        let mut show = Show::new(&bot, &mut self.history, mode, input, self.colors, observer);
        show.prefix();
        let done = run(&bot, parts, &mut show, call).await;
        match done {
            Ok(turn) => Ok(Reply {
                output: show.finish(),
                turn: Some(turn),
            }),
            Err(error) => {
                let keeps = matches!(error, Error::Rounds { .. })
                    && bot.cartridge().profile() == Profile::Compat;
                if !keeps {
                    self.history.truncate(before);
                }
                Err(error)
            }
        }
    }
}

/// Runs blocking work where it does not hold up others: on a thread for that in a Tokio runtime, right
/// here outside of one.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: whoever waits for this is dropped with it.
            Err(_) => std::future::pending().await,
        },
    }
}
