//! What a honing has to tell, from the cases to the verdict: one value that is printed, or written as JSON.

use serde::Serialize;

use crate::promotion::{Foreseen, Verdict};

use super::{Counts, Mean, Refused, Rung, Spent, Target, Tried};

/// How a honing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Nothing was done: it was only planned.
    Planned,
    /// A variant passed the gate and became the bot.
    Promoted,
    /// A variant passed the gate and waits for a person's yes.
    Ready,
    /// A judge made the scores, and too few people have said what they think: nothing passed and nothing was
    /// refused. They may label more, or a person may promote the variant, knowing that.
    Advisory,
    /// Nothing is to be promoted.
    Refused,
}

/// The parent's scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// Over train.
    pub train: Option<Mean>,
    /// Over dev.
    pub dev: Option<Mean>,
}

/// The variant that went to the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finalist {
    /// Its name.
    pub name: String,
    /// What is different.
    pub about: String,
    /// The version that it is kept as: blake3 of its cartridge.
    pub version: String,
    /// The version that a promotion made of it.
    pub promoted: Option<String>,
}

/// Regression cases and their file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The file.
    pub file: String,
    /// Cases that failed and have a known right answer.
    pub found: usize,
    /// Those that the file did not have yet.
    pub added: usize,
}

/// The whole story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// The suite.
    pub suite: String,
    /// The bot.
    pub bot: String,
    /// The metric that was to become better.
    pub metric: Target,
    /// The salt of the split.
    pub salt: String,
    /// The version that was honed: blake3 of its cartridge.
    pub parent: String,
    /// Cases of each use.
    pub cases: Counts,
    /// What the gate can see, said before anything was spent.
    pub outlook: Foreseen,
    /// The parent's scores.
    pub baseline: Option<Baseline>,
    /// Corrections that no variant may hold, because they share words with dev or gate.
    pub withheld: usize,
    /// Regression cases.
    pub regressions: Option<Kept>,
    /// What was tried, best first. Their dev scores are selected.
    pub tried: Vec<Tried>,
    /// What the guard refused.
    pub refused: Vec<Refused>,
    /// The rungs.
    pub rungs: Vec<Rung>,
    /// What was spent, the gate's answers not included.
    pub spent: Spent,
    /// The variant that went to the gate.
    pub finalist: Option<Finalist>,
    /// What the gate said.
    pub gate: Option<Verdict>,
    /// The runs over the gate's cases, of the parent and of the variant, where labels are wanted.
    pub runs: Option<[String; 2]>,
    /// How it ended.
    pub end: End,
    /// Why.
    pub reasons: Vec<String>,
    /// What to do next, as commands.
    pub next: Vec<String>,
}
