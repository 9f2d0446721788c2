//! What a model says of itself, and its small lists: labels, scripts, multi-word tokens.

use serde::{Deserialize, Serialize};

use crate::multiword::Multiword;
use crate::script::Script;

/// F1 on the tuning part, in percent, as the trainer measured it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scores {
    /// Gold tokens given: UPOS, XPOS, `UFeats`, Lemmas.
    pub gold_tokens: [f64; 4],
    /// From raw text: Tokens, Sentences, Words, UPOS, XPOS, `UFeats`, Lemmas.
    pub raw: [f64; 7],
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Info {
    /// What it was trained on: the file's name.
    pub train: String,
    /// What it was tuned on.
    pub dev: String,
    /// Seed of the training.
    pub seed: u64,
    /// Columns that were learned: `upos`, `xpos`, `feats`, `lemma`.
    pub columns: Vec<String>,
    /// Sentences learned from.
    pub sentences: usize,
    /// Words learned from.
    pub words: usize,
    /// How good it is.
    pub scores: Scores,
}

/// Widths of a network's layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sizes {
    pub(crate) word: usize,
    pub(crate) hidden: usize,
    pub(crate) state: usize,
    pub(crate) dense: usize,
}

/// The section `meta`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) info: Info,
    pub(crate) upos: Vec<String>,
    pub(crate) xpos: Vec<String>,
    pub(crate) feats: Vec<String>,
    /// XPOS, UPOS, FEATS that occur together, as places in the lists.
    pub(crate) labels: Vec<[u16; 3]>,
    /// Every script; the network chooses among the first `scored`.
    pub(crate) scripts: Vec<Script>,
    pub(crate) scored: usize,
    /// Scripts that the network may choose for each value of the lemma's column.
    pub(crate) allowed: Vec<Vec<u16>>,
    /// Whether lemmas are looked up by XPOS, else by UPOS.
    pub(crate) lemma_by_xpos: bool,
    pub(crate) letters: bool,
    pub(crate) multiword: Multiword,
    /// Networks that vote on tags.
    pub(crate) members: usize,
    pub(crate) tagger: Sizes,
    pub(crate) splitter: Sizes,
}
