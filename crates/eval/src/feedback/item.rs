//! What a rater is shown: an answer, or two of one case, and what is known of them.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::run::Manifest;

use super::{Against, Question, Reason, Record};

/// What is labelled: an answer of a run, or two of one case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// The case's id.
    pub case: String,
    /// The repeat, from 1.
    pub repeat: usize,
    /// The bot's place in the suite; where two runs are labelled together, those of the second count on.
    pub bot: usize,
    /// The other bot's, of a pair.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub against: Option<usize>,
}

impl Subject {
    /// A name that no other subject of the work has.
    pub fn key(&self) -> String {
        match self.against {
            None => format!("{}/{}/{}", self.case, self.repeat, self.bot),
            Some(other) => format!("{}/{}/{}-{other}", self.case, self.repeat, self.bot),
        }
    }
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The bot's name.
    pub bot: String,
    /// Its version.
    pub bot_hash: String,
    /// What it said.
    pub text: String,
}

impl Side {
    /// blake3 of the text.
    pub fn answer_hash(&self) -> String {
        Digest::of(self.text.as_bytes()).to_string()
    }
}

/// What a rater is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The suite.
    pub suite: String,
    /// The run.
    pub run: String,
    /// What it is.
    pub subject: Subject,
    /// What decides whether the case teaches: its group, by default its id.
    pub group: String,
    /// What was said to the bot, a text a message, with who said it.
    pub said: Vec<(String, String)>,
    /// The answer; of a pair, `a`.
    pub a: Side,
    /// The other answer of a pair.
    pub b: Option<Side>,
    /// Why it was chosen.
    pub reason: Reason,
    /// With what probability it was.
    pub probability: f64,
    /// Whether two raters label it.
    pub double: bool,
}

impl Item {
    /// Whether a question is about such an item.
    pub fn takes(&self, question: &Question) -> bool {
        question.kind.of_two() == self.b.is_some()
    }

    /// A record about this item that says nothing yet.
    pub(super) fn record(&self, question: &Question) -> Record {
        Record {
            suite: self.suite.clone(),
            run: self.run.clone(),
            case: self.subject.case.clone(),
            bot: self.a.bot.clone(),
            bot_hash: self.a.bot_hash.clone(),
            answer_hash: self.a.answer_hash(),
            repeat: self.subject.repeat,
            against: self.b.as_ref().map(|b| Against {
                bot: b.bot.clone(),
                bot_hash: b.bot_hash.clone(),
                answer_hash: b.answer_hash(),
            }),
            question: question.name.clone(),
            chosen: Some(self.reason),
            probability: Some(self.probability),
            ..Record::default()
        }
    }
}

/// What tells each bot of a run from its other versions, in suite order: the hash of its cartridge as it
/// was asked, or of the file that its recorded answers are from.
pub fn bot_hashes(run: &Manifest) -> Vec<String> {
    let asked = &run.identity["asked"]["bots"];
    let hash = |at: usize, name: &String| {
        let facts = match asked.get(at).filter(|asked| !asked.is_null()) {
            Some(asked) => asked.clone(),
            None => json!({
                "name": name,
                "bot": run.identity["suite"]["bots"][at],
                "file": run.recorded_hashes.get(at).cloned().flatten().unwrap_or_else(|| run.dataset_hash.clone()),
            }),
        };
        let bytes = serde_json::to_vec(&facts).expect("JSON values serialise");
        Digest::of(&bytes).to_string()
    };
    run.bots
        .iter()
        .enumerate()
        .map(|(at, name)| hash(at, name))
        .collect()
}
