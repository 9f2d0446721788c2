//! `botsmith nlp train`: a treebank in, a model out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use botsmith::core::Diagnostic;
use botsmith::eval::Result;
use botsmith::nlp::train::{Columns, Progress, TrainOptions, Treebank, train};
use botsmith::nlp::{Error, Model, conllu};
use clap::ValueHint;
use serde_json::json;

use super::read;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(super) struct Train {
    /// The part to learn from, CoNLL-U
    #[arg(long = "train", value_name = "FILE", value_hint = ValueHint::FilePath)]
    treebank: PathBuf,
    /// The part to tune on, CoNLL-U
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    dev: PathBuf,
    /// The model file to write
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// Everything random comes from it: the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Columns to learn: some of `upos,xpos,feats,lemma` [default: all]
    #[arg(long, value_name = "LIST")]
    columns: Option<String>,
    /// Most passes of the tagger over the treebank
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(context: &Context, args: &Train) -> Result<Ended> {
    let mut options = TrainOptions::default();
    options.seed = args.seed;
    options.epochs = args.epochs.unwrap_or(options.epochs).max(1);
    if let Some(list) = &args.columns {
        options.columns = Columns::parse(list).map_err(|word| {
            let message = format!("`{word}` is no column");
            Error::from(Diagnostic::new("--columns", message).nearest(&word, Columns::NAMES))
        })?;
    }
    let learned = conllu::read(&args.treebank, &read(&args.treebank)?)?;
    let tuned = conllu::read(&args.dev, &read(&args.dev)?)?;
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let (from, to) = (name(&args.treebank), name(&args.dev));
    let started = Instant::now();
    let quiet = context.quiet();
    let mut watch = |progress: &Progress| {
        if !quiet {
            output::note(&format!(
                "{:>5.0} s  {:<10} pass {:>2} of {:<2}  loss {:.4}  dev {:.2} %",
                started.elapsed().as_secs_f64(),
                progress.stage,
                progress.epoch,
                progress.epochs,
                progress.loss,
                progress.dev
            ));
        }
    };
    let bytes = train(
        Treebank {
            name: &from,
            doc: &learned,
        },
        Treebank {
            name: &to,
            doc: &tuned,
        },
        &options,
        &mut watch,
    )?;
    // A reader never sees half a model: it is written beside, then moved.
    let beside = args.out.with_extension("partial");
    std::fs::write(&beside, &bytes)
        .and_then(|()| std::fs::rename(&beside, &args.out))
        .map_err(|source| botsmith::core::Error::Write {
            path: args.out.clone(),
            source,
        })?;
    let model = Model::read(&args.out, bytes)?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        output::print_json(
            &json!({"model": args.out, "bytes": model.size(), "seconds": seconds, "info": model.info()}),
        )?;
    } else {
        let [upos, xpos, feats, lemmas] = model.info().scores.gold_tokens;
        output::print(&format!(
            "{}: {} bytes, {seconds:.0} s; on {to} with gold tokens: UPOS {upos:.2}, XPOS {xpos:.2}, UFeats {feats:.2}, lemmas {lemmas:.2}\n",
            args.out.display(),
            model.size(),
        ))?;
    }
    Ok(Ended::Well)
}
