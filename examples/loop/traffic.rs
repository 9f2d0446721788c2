//! Sessions that are made up: a canary in, one question and one reader's verdict a session, until it has decided.
//!
//! The versions' answers are real: each is asked what the session asks.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use botsmith::core::chat::{Call, Message};
use botsmith::core::store::StateStore;
use botsmith::eval::online::{BotVersions, Canary, SessionOutcome, State};
use botsmith::nanobots::versions::Versions;
use botsmith::nanobots::{Bot, Workshop};

use super::commands::Failure;
use super::people::chance;
use super::story::Watched;
use super::world;

/// A reader is wrong about an answer so often.
const NOISE: f64 = 0.05;

/// Bots of versions, opened once.
pub struct Readers<'a> {
    pub store: Arc<dyn StateStore>,
    pub workshop: Workshop,
    pub runtime: &'a tokio::runtime::Runtime,
    pub folder: &'a Path,
    pub bot: String,
    pub seed: u64,
    opened: HashMap<String, Bot>,
}

impl<'a> Readers<'a> {
    pub fn new(
        store: Arc<dyn StateStore>,
        runtime: &'a tokio::runtime::Runtime,
        folder: &'a Path,
        bot: &str,
        seed: u64,
    ) -> Result<Self, Failure> {
        Ok(Self {
            store,
            workshop: Workshop::of_process()?,
            runtime,
            folder,
            bot: bot.to_owned(),
            seed,
            opened: HashMap::new(),
        })
    }

    /// What a version answers.
    fn answer(&mut self, version: &str, question: &str) -> Result<String, Failure> {
        if !self.opened.contains_key(version) {
            let bytes = Versions::of(&*self.store, &self.bot).bytes(version)?;
            let path = self.folder.join(format!("version-{version}.yml"));
            std::fs::write(&path, bytes)?;
            let bot = self.workshop.bot(&path.to_string_lossy())?;
            std::fs::remove_file(&path)?;
            self.opened.insert(version.to_owned(), bot);
        }
        let turn = self
            .runtime
            .block_on(self.opened[version].ask(&[Message::user(question)], &Call::default()))?;
        Ok(turn.text)
    }

    /// Sends sessions until the canary has decided, at most `most`.
    pub fn watch(&mut self, title: &str, most: usize) -> Result<Watched, Failure> {
        let canary = Canary::open(self.store.clone(), &self.bot)?;
        let file = self.folder.join("help-desk.yml");
        let versions = BotVersions::new(self.store.clone(), Some(file));
        let mut path = vec![(0, 1.0, 1.0)];
        for session in 0..most {
            let id = format!("{title} {session}");
            let version = canary.version_for(&id)?;
            // Questions that no suite has.
            let number = world::CASES + (chance(self.seed, &["question", &id]) * 10_000.0) as usize;
            let good = self.answer(&version, &world::question(number))? == world::right(number);
            let noisy = chance(self.seed, &["reader", &id]) < NOISE;
            let value = f64::from(u8::from(good != noisy));
            let outcome = SessionOutcome::Value(value);
            let recorded = canary.record(&id, outcome, &versions, self.store.now_ms()?)?;
            let status = canary.status()?;
            if status.sessions % 20 == 0 {
                path.push((status.sessions, status.harm, status.benefit));
            }
            if recorded.state != State::Watching {
                break;
            }
        }
        let status = canary.status()?;
        Ok(Watched {
            title: title.to_owned(),
            end: status.state.as_str().replace('-', " "),
            why: status.why.unwrap_or_else(|| "nothing was decided".into()),
            old: (status.old.n, status.old.mean().unwrap_or_default()),
            new: (status.new.n, status.new.mean().unwrap_or_default()),
            path,
        })
    }
}
