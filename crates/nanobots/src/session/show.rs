//! The stage of a session: shows the output of a turn, and keeps what was said.

use std::sync::{Arc, Mutex};

use botsmith_core::chat::{BoxFuture, Message, Role};
use jiff::Timestamp;

use super::{Event, Keeper, Observer, Piece, lock};
use crate::Result;
use crate::bot::{Bot, Stage, off_thread};
use crate::interface::{
    self, Direction, Kind, Mode, ToolFeedback, affix, output_color, paint, streaming_enabled,
    tool_text,
};

pub(super) struct Show<'a> {
    bot: &'a Bot,
    history: &'a mut Vec<Event>,
    keeper: Option<Arc<Mutex<Keeper>>>,
    mode: Mode,
    input: Option<&'a str>,
    colors: bool,
    streams: bool,
    observer: &'a mut dyn Observer,
    /// All that was printed.
    text: String,
    /// What was printed of the model's words in this round, colours left out.
    said: String,
}

impl<'a> Show<'a> {
    pub(super) fn new(
        bot: &'a Bot,
        history: &'a mut Vec<Event>,
        keeper: Option<Arc<Mutex<Keeper>>>,
        mode: Mode,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            streams: streaming_enabled(bot.cartridge().value(), mode),
            bot,
            history,
            keeper,
            mode,
            input: None,
            colors: false,
            observer,
            text: String::new(),
            said: String::new(),
        }
    }

    /// What the user wrote.
    pub(super) fn input(mut self, input: Option<&'a str>) -> Self {
        self.input = input;
        self
    }

    /// Whether answers come whole also where the cartridge streams.
    pub(super) fn whole(mut self, whole: bool) -> Self {
        self.streams &= !whole;
        self
    }

    /// Whether colours are printed.
    pub(super) fn colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }

    fn affix(&self, kind: Kind) -> Option<String> {
        affix(
            self.bot.cartridge().value(),
            self.mode,
            Direction::Output,
            kind,
        )
    }

    fn print(&mut self, fragment: &str, tool: Option<&ToolFeedback>) {
        self.text.push_str(fragment);
        self.observer.piece(&Piece {
            text: &self.text,
            fragment: Some(fragment),
            finished: false,
            tool,
        });
    }

    /// Prints words of the model, coloured as the cartridge says.
    fn say(&mut self, text: &str) {
        self.said.push_str(text);
        let color = match self.colors {
            true => output_color(self.bot.cartridge().value(), self.mode),
            false => None,
        };
        match color.map(|color| paint(text, color)) {
            Some(painted) => self.print(&painted, None),
            None => self.print(text, None),
        }
    }

    /// Prints what comes before all output of a turn.
    pub(super) fn prefix(&mut self) {
        if let Some(prefix) = self.affix(Kind::Prefix) {
            self.print(&prefix, None);
        }
    }

    /// Prints what comes after all output of a turn, and gives all of it.
    pub(super) fn finish(mut self) -> String {
        if let Some(suffix) = self.affix(Kind::Suffix) {
            self.print(&suffix, None);
        }
        self.observer.piece(&Piece::last(&self.text));
        self.text
    }

    fn event(&mut self, message: &Message) -> Event {
        let now = self.bot.inner.clock.now();
        let at = Timestamp::try_from(now).unwrap_or_default().to_string();
        let mut event = Event::of(message, at, self.mode);
        match message.role {
            Role::User => event.input = self.input.map(str::to_owned),
            Role::Assistant if event.message.is_some() => {
                let prefix = self.affix(Kind::Prefix).unwrap_or_default();
                let suffix = self.affix(Kind::Suffix).unwrap_or_default();
                event.output = Some(format!("{prefix}{}{suffix}", self.said));
            }
            _ => {}
        }
        event
    }
}

impl Stage for Show<'_> {
    fn streams(&self) -> bool {
        self.streams
    }

    fn fragment(&mut self, text: &str) {
        self.say(text);
    }

    fn whole<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let shown = if self.streams {
                // Held back until it was right, not adapted: it would have been streamed.
                text.to_owned()
            } else {
                let (bot, text, mode) = (self.bot.clone(), text.to_owned(), self.mode);
                off_thread(move || {
                    let inner = &*bot.inner;
                    let sandboxed = inner.safety.sandboxed;
                    let value = inner.cartridge.value();
                    interface::output(value, mode, &text, sandboxed, &inner.sandbox)
                })
                .await?
            };
            self.say(&shown);
            Ok(())
        })
    }

    fn tool<'a>(&'a mut self, feedback: &'a ToolFeedback) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (bot, mode, colors) = (self.bot.clone(), self.mode, self.colors);
            let told = feedback.clone();
            let text = off_thread(move || {
                let inner = &*bot.inner;
                let sandboxed = inner.safety.sandboxed;
                let value = inner.cartridge.value();
                tool_text(value, mode, &told, colors, sandboxed, &inner.sandbox)
            })
            .await?;
            if let Some(text) = text {
                self.print(&text, Some(feedback));
            }
            Ok(())
        })
    }

    fn answered(&mut self) {
        self.print("\n", None);
    }

    fn round<'a>(&'a mut self, messages: &'a [Message]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let events: Vec<_> = messages.iter().map(|message| self.event(message)).collect();
            self.said.clear();
            if let Some(keeper) = self.keeper.clone() {
                let events = events.clone();
                off_thread(move || lock(&keeper).append(&events)).await?;
            }
            self.history.extend(events);
            Ok(())
        })
    }
}
