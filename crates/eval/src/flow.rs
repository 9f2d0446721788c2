//! What workflows can do with bots, texts and suites: the kinds `dataset`, `bot`, `nlp`, `keyphrases`, `eval`,
//! `report`, `gate`, and suites spread over workers.
//!
//! In: a [`Desk`], which knows the store and opens bots. Out: [`Kinds`] for a
//! [`Worker`](botsmith_flow::Worker). Steps of these kinds read files of the worker's machine.

mod bot;
mod files;
mod judge;
mod language;
mod report;
mod spread;

use std::fmt;
use std::sync::Arc;

use botsmith_core::store::StateStore;
use botsmith_flow::{Kind, Kinds, StepError, Type};

use crate::Error;
use crate::ask::Bots;
use crate::evaluators::Registry;

pub use spread::{Spread, spread};

/// What steps need: a store for runs, bots, evaluators.
#[derive(Clone)]
pub struct Desk {
    store: Arc<dyn StateStore>,
    bots: Arc<dyn Bots>,
    registry: Registry,
}

impl Desk {
    /// A desk with the built-in evaluators.
    pub fn new(store: Arc<dyn StateStore>, bots: Arc<dyn Bots>) -> Self {
        Self {
            store,
            bots,
            registry: Registry::builtin(),
        }
    }

    /// With evaluators of your own.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// The kinds of flow and those of this module, ready for a worker.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use botsmith_core::store::MemoryStore;
    /// use botsmith_eval::{ask::Given, flow::Desk};
    /// let desk = Desk::new(Arc::new(MemoryStore::new()), Arc::new(Given::default()));
    /// let kinds = desk.kinds();
    /// assert!(["bot", "eval", "map", "report"].iter().all(|name| kinds.get(name).is_some()));
    /// ```
    pub fn kinds(&self) -> Kinds {
        let desk = self.clone();
        let bot = Kind::new("bot", "Asks a bot.")
            .takes("cartridge", Type::Text, "The bot's file.")
            .takes(
                "input",
                Type::Any,
                "What it is asked; JSON unless it is a text.",
            )
            .may_take(
                "variables",
                Type::Map,
                "Values of the cartridge's variables.",
            )
            .may_take("provider", Type::Text, "Another provider, by id.")
            .may_take("model", Type::Text, "Another model.")
            .gives(Type::Text)
            .does(move |task| bot::ask(desk.clone(), task));
        let desk = self.clone();
        let eval = Kind::new("eval", "Runs a suite.")
            .takes("suite", Type::Text, "The suite's file.")
            .may_take("seed", Type::Number, "Another seed.")
            .may_take("limit", Type::Number, "At most so many cases.")
            .gives(Type::Map)
            .does(move |task| judge::eval(desk.clone(), task));
        let about = "The run, as `run` in the output of a step of kind `eval`.";
        let report = report::FORMS.into_iter().fold(
            Kind::new("report", "Writes reports of a judged run to files.").takes(
                "run",
                Type::Text,
                about,
            ),
            |kind, name| kind.may_take(name, Type::Text, "The file to write."),
        );
        let store = Arc::clone(&self.store);
        let report = report
            .gives(Type::List)
            .does_blocking(move |task| report::write(&*store, &task));
        let share = |name: &str, about: &str| {
            Kind::new(name, about)
                .takes("suite", Type::Text, "The suite's file.")
                .takes("run", Type::Text, "The run's id.")
                .takes("index", Type::Number, "Which share, from 0.")
                .takes("of", Type::Number, "How many shares there are.")
                .may_take("overrides", Type::Map, "What is changed of the suite.")
                .may_take("concurrency", Type::Number, "Questions at once.")
        };
        let desk = self.clone();
        let part = share(
            spread::PART,
            "Asks a suite's bots about a share of its cases.",
        )
        .does_blocking(move |task| spread::part(&desk, &task));
        let desk = self.clone();
        let judge = share(
            spread::JUDGE,
            "Judges the answers to a share of a suite's cases.",
        )
        .does_blocking(move |task| spread::judge(&desk, &task));
        Kinds::builtin()
            .with(
                Kind::new("dataset", "Rows of files, one after the other.")
                    .takes(
                        "path",
                        Type::Text,
                        "Files; `*` and `?` stand for parts of names.",
                    )
                    .may_take("limit", Type::Number, "At most so many rows.")
                    .gives(Type::List)
                    .does_blocking(|task| files::rows(&task)),
            )
            .with(bot)
            .with(
                Kind::new("nlp", "Annotates a text.")
                    .takes("text", Type::Text, "The text.")
                    .may_take("model", Type::Text, "A model's file; English without one.")
                    .gives(Type::Map)
                    .does_blocking(|task| language::annotate(&task)),
            )
            .with(eval)
            .with(
                Kind::new("gate", "Fails unless what was measured is good enough.")
                    .may_take("report", Type::Map, "The output of a step of kind `eval`.")
                    .may_take(
                        "value",
                        Type::Number,
                        "A number, held against `min` and `max`.",
                    )
                    .may_take("min", Type::Number, "The least.")
                    .may_take("max", Type::Number, "The most.")
                    .gives(Type::Map)
                    .does(|task| async move { judge::gate(&task) }),
            )
            .with(
                Kind::new("keyphrases", "The phrases that an English text is about.")
                    .takes("text", Type::Text, "The text.")
                    .may_take("top", Type::Number, "How many at most.")
                    .gives(Type::List)
                    .does_blocking(|task| language::phrases(&task)),
            )
            .with(report)
            .with(part)
            .with(judge)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("store", &self.store)
            .field("bots", &self.bots)
            .finish_non_exhaustive()
    }
}

/// An error of this crate as a step has it; its class is for `retry: {on: …}`.
fn failed(error: &Error) -> StepError {
    let class = match error {
        Error::Core(botsmith_core::Error::Store { .. }) => "store",
        Error::Interrupted => "cancelled",
        Error::NotFound { .. } => "not-found",
        _ => "invalid",
    };
    StepError::new(class, format!("{error} ({})", error.code()))
}
