//! A treebank -> a model file: the trainer.
//!
//! The same treebank, options and seed give the same bytes on every machine: threads share no sums,
//! and no function of the system's mathematics is used. Tuning data decide when to stop and where the
//! limit between sentences lies; nothing else is learned from them.

use std::path::PathBuf;
use std::sync::Mutex;

use super::fit::Pass;
use super::rng::Rng;
use super::{multiword, splitter, tagger, tokeniser};
use crate::evaluate::evaluate;
use crate::model::{Info, Meta, Model, Scores, write};
use crate::{Doc, Error, Pipeline, Result};

/// Which columns are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "four columns, each in or out"
)]
#[non_exhaustive]
pub struct Columns {
    /// UPOS.
    pub upos: bool,
    /// XPOS.
    pub xpos: bool,
    /// FEATS.
    pub feats: bool,
    /// LEMMA.
    pub lemma: bool,
}

impl Columns {
    /// The names of all columns.
    pub const NAMES: [&'static str; 4] = ["upos", "xpos", "feats", "lemma"];

    /// All columns.
    pub const ALL: Self = Self {
        upos: true,
        xpos: true,
        feats: true,
        lemma: true,
    };

    /// Reads `upos,feats,lemma`; the word that is no column comes back as the error.
    ///
    /// # Errors
    /// The first word that names no column.
    ///
    /// ```
    /// use botsmith_nlp::train::Columns;
    /// assert!(!Columns::parse("upos,feats,lemma")?.xpos);
    /// assert_eq!(Columns::parse("upos,tag"), Err("tag".to_owned()));
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut columns = Self {
            upos: false,
            xpos: false,
            feats: false,
            lemma: false,
        };
        for name in list.split(',').map(str::trim) {
            match name {
                "upos" => columns.upos = true,
                "xpos" => columns.xpos = true,
                "feats" => columns.feats = true,
                "lemma" => columns.lemma = true,
                other => return Err(other.to_owned()),
            }
        }
        Ok(columns)
    }

    fn names(self) -> Vec<String> {
        let all = [self.upos, self.xpos, self.feats, self.lemma];
        Self::NAMES
            .iter()
            .zip(all)
            .filter(|(_, learned)| *learned)
            .map(|(name, _)| (*name).to_owned())
            .collect()
    }
}

/// How to train.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Everything random comes from it.
    pub seed: u64,
    /// What is learned.
    pub columns: Columns,
    /// Most passes of the tagger over the treebank; it may stop earlier.
    pub epochs: usize,
    /// Networks of the tagger that vote; 1 to 8.
    pub members: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            columns: Columns::ALL,
            epochs: 16,
            members: 1,
        }
    }
}

/// Most passes of what ends sentences.
const SPLIT_EPOCHS: usize = 8;

/// Where the training stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// `sentences`, `tags`, `rounding`; a number behind it where several networks learn.
    pub stage: String,
    /// Passes done.
    pub epoch: usize,
    /// Most passes.
    pub epochs: usize,
    /// Nats a word.
    pub loss: f64,
    /// Right on tuning data, in percent.
    pub dev: f64,
}

/// A treebank file, read.
#[derive(Clone, Copy, Debug)]
pub struct Treebank<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub doc: &'a Doc,
}

/// Trains a model and returns its file.
///
/// # Errors
/// [`Error::Training`] where a part has no words, or a column that is to be learned is empty.
pub fn train(
    train: Treebank<'_>,
    dev: Treebank<'_>,
    options: &TrainOptions,
    watch: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Vec<u8>> {
    check(train, options.columns)?;
    check(dev, options.columns)?;
    let watch = Mutex::new(watch);
    let tell = |stage: &str, pass: Pass| {
        let progress = Progress {
            stage: stage.to_owned(),
            epoch: pass.epoch,
            epochs: pass.epochs,
            loss: pass.loss,
            dev: pass.right * 100.0,
        };
        if let Ok(mut watch) = watch.lock() {
            watch(&progress);
        }
    };
    let mut sections = Vec::new();
    let mut rng = Rng::new(options.seed);
    let (weights, letters) = tokeniser::learn(&[train.doc], &mut rng);
    sections.push(("tok.weights".to_owned(), weights));
    let split_epochs = options.epochs.min(SPLIT_EPOCHS);
    splitter::learn(
        &[train.doc],
        &[dev.doc],
        split_epochs,
        options.seed,
        &|pass| tell("sentences", pass),
        &mut sections,
    );
    let task = tagger::Task {
        train: &[train.doc],
        dev: &[dev.doc],
        columns: options.columns,
        epochs: options.epochs,
        members: options.members.clamp(1, 8),
        seed: options.seed,
    };
    let lists = tagger::learn(
        &task,
        &|stage, member, pass| match task.members {
            1 => tell(stage, pass),
            _ => tell(&format!("{stage} {}", member + 1), pass),
        },
        &mut sections,
    );
    let mut meta = Meta {
        info: Info {
            train: train.name.to_owned(),
            dev: dev.name.to_owned(),
            seed: options.seed,
            columns: options.columns.names(),
            sentences: train.doc.sentences().len(),
            words: train.doc.words().len(),
            scores: Scores::default(),
        },
        upos: lists.upos,
        xpos: lists.xpos,
        feats: lists.feats,
        labels: lists.labels,
        scripts: lists.scripts,
        scored: lists.scored,
        allowed: lists.allowed,
        lemma_by_xpos: options.columns.xpos,
        letters,
        multiword: multiword::learn(&[train.doc]),
        members: task.members,
        tagger: tagger::SIZES,
        splitter: splitter::SIZES,
    };
    let file = |meta: &Meta| -> Result<Vec<u8>> {
        let json = serde_json::to_vec(meta).expect("lists of strings and numbers");
        let mut all = vec![("meta", json)];
        all.extend(
            sections
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.clone())),
        );
        Ok(write(&all))
    };
    meta.info.scores = score(
        Model::read("the model just trained", file(&meta)?)?,
        dev.doc,
    )?;
    file(&meta)
}

fn check(part: Treebank<'_>, columns: Columns) -> Result<()> {
    let bad = |reason: String| Error::Training {
        path: PathBuf::from(part.name),
        reason,
    };
    if part.doc.words().len() == 0 {
        return Err(bad("it holds no words".into()));
    }
    let empty = |learned: bool, name: &str, known: &dyn Fn(crate::Word<'_>) -> bool| match learned
        && !part.doc.words().any(known)
    {
        true => Err(bad(format!(
            "its {name} column is empty; leave it out with `--columns`"
        ))),
        false => Ok(()),
    };
    empty(columns.upos, "UPOS", &|word| word.upos() != "_")?;
    empty(columns.xpos, "XPOS", &|word| word.xpos() != "_")?;
    empty(columns.lemma, "LEMMA", &|word| word.lemma() != "_")
}

/// F1 on a document that holds the truth.
fn score(model: Model, gold: &Doc) -> Result<Scores> {
    let pipeline = Pipeline::new(model);
    let tagged = evaluate(gold, &pipeline.retag(gold)?)?;
    let raw = evaluate(gold, &pipeline.annotate(gold.text())?)?;
    Ok(Scores {
        gold_tokens: [
            tagged.upos.f1,
            tagged.xpos.f1,
            tagged.ufeats.f1,
            tagged.lemmas.f1,
        ],
        raw: [
            raw.tokens.f1,
            raw.sentences.f1,
            raw.words.f1,
            raw.upos.f1,
            raw.xpos.f1,
            raw.ufeats.f1,
            raw.lemmas.f1,
        ],
    })
}
