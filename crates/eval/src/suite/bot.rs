//! The `bots` of a suite: recorded answers, cartridges, providers.

use std::path::Path;

use botsmith_core::yaml::{Cursor, Fields, Value as Yaml};

use crate::Result;
use crate::dataset::{DatasetSpec, Files, Recorded, RecordedFields};

use super::live::LiveBot;

/// What answers.
#[derive(Clone, Debug)]
pub struct BotSpec {
    /// Its name, unique in the suite.
    pub name: String,
    /// Where its answers come from.
    pub answers: BotAnswers,
}

/// Where a bot's answers come from.
#[derive(Clone, Debug)]
pub enum BotAnswers {
    /// They were given earlier.
    Recorded(Box<Recorded>),
    /// It is asked.
    Live(Box<LiveBot>),
}

impl BotSpec {
    /// Where its recorded answers are, if they are recorded.
    pub fn recorded(&self) -> Option<&Recorded> {
        match &self.answers {
            BotAnswers::Recorded(recorded) => Some(recorded),
            BotAnswers::Live(_) => None,
        }
    }

    /// How it is asked, if it is.
    pub fn live(&self) -> Option<&LiveBot> {
        match &self.answers {
            BotAnswers::Recorded(_) => None,
            BotAnswers::Live(live) => Some(live),
        }
    }
}

/// The bot of a stored run: as the suite has it, else by its name alone, which is all that answers which are
/// there need.
pub(super) fn of_run(bots: &[BotSpec], name: &str) -> BotSpec {
    let named = bots.iter().find(|bot| bot.name == name);
    named.cloned().unwrap_or_else(|| BotSpec {
        name: name.to_owned(),
        answers: BotAnswers::Live(Box::default()),
    })
}

/// Reads the list.
pub(super) fn read_all(
    at: &Cursor<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    files: Files,
) -> Result<Vec<BotSpec>> {
    let mut bots: Vec<BotSpec> = Vec::new();
    for item in at.items()? {
        let bot = read(&item, base, dataset, files)?;
        add(&mut bots, bot, &item)?;
    }
    if bots.is_empty() {
        return Err(at
            .error("the list is empty: at least one bot is needed")
            .into());
    }
    Ok(bots)
}

/// Adds a bot whose name nobody else has.
pub(super) fn add(bots: &mut Vec<BotSpec>, bot: BotSpec, at: &Cursor<'_>) -> Result<()> {
    if bots.iter().any(|known| known.name == bot.name) {
        let named = match &at.node().value {
            Yaml::Map(_) => at.fields()?.get("name"),
            _ => None,
        };
        let message = format!("a second bot named `{}`", bot.name);
        return Err(named.as_ref().unwrap_or(at).error(message).into());
    }
    bots.push(bot);
    Ok(())
}

/// Reads one bot.
pub(super) fn read(
    item: &Cursor<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    files: Files,
) -> Result<BotSpec> {
    if let Yaml::String(_) = item.node().value {
        return LiveBot::of_path(item, base).map(live);
    }
    let fields = item.fields()?;
    if fields.has("cartridge") || fields.has("provider") {
        if let Some(recorded) = fields.get("recorded") {
            let message = "`recorded` beside `cartridge` or `provider`: a bot is asked or recorded";
            return Err(recorded.error(message).into());
        }
        let bot = LiveBot::read(&fields, base)?;
        fields.finish()?;
        return Ok(live(bot));
    }
    let name = fields.required("name")?.name()?.to_owned();
    let Some(at) = fields.get("recorded") else {
        if let Some(keys) = one_of_these(&fields) {
            return Err(keys);
        }
        misspelt(&fields)?;
        fields.required("recorded")?;
        unreachable!("`required` fails where `get` gave nothing");
    };
    let recorded_fields = at.fields()?;
    let recorded = recorded(&recorded_fields, base, dataset, files)?;
    recorded_fields.finish()?;
    fields.finish()?;
    Ok(BotSpec {
        name,
        answers: BotAnswers::Recorded(Box::new(recorded)),
    })
}

/// A bot of a name alone, or with keys that only a bot that is asked takes.
fn one_of_these(fields: &Fields<'_>) -> Option<crate::Error> {
    let live = [
        "prompt",
        "model",
        "variables",
        "concurrency",
        "rate",
        "timeout",
    ];
    let alone = fields
        .keys()
        .all(|(key, _)| key == "name" || live.contains(&key));
    alone.then(|| {
        fields
            .at()
            .diagnostic("the bot has no answers")
            .hint("give it `cartridge: bots/assistant.yml`, `provider: {id: …}` or `recorded: {answer: /answer}`")
            .into()
    })
}

/// A key that is nearly `cartridge` or `provider`.
fn misspelt(fields: &Fields<'_>) -> Result<()> {
    const WORDS: [&str; 3] = ["cartridge", "provider", "recorded"];
    for (key, mark) in fields.keys() {
        match botsmith_core::hint::nearest(key, WORDS) {
            Some(near) if near != "recorded" && key != "name" => {
                return Err(fields
                    .at()
                    .source()
                    .diagnostic(mark, format!("unknown key `{key}`"))
                    .field(fields.at().path())
                    .nearest(key, WORDS)
                    .into());
            }
            _ => {}
        }
    }
    Ok(())
}

fn live(bot: LiveBot) -> BotSpec {
    BotSpec {
        name: bot.source.name.clone(),
        answers: BotAnswers::Live(Box::new(bot)),
    }
}

fn recorded(
    fields: &Fields<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    files: Files,
) -> Result<Recorded> {
    let format = fields.get("format");
    let source = fields
        .get("path")
        .map(|path| crate::dataset::file_source(&path, format.as_ref(), base, files))
        .transpose()?;
    let rows = source.as_ref().unwrap_or(&dataset.source);
    let answers = RecordedFields::read(fields, rows.format())?;
    Ok(Recorded {
        source,
        fields: answers,
    })
}
