//! `botsmith nlp evaluate`: the CoNLL 2018 metrics.

use std::fmt::Write as _;
use std::path::PathBuf;

use botsmith::eval::Result;
use botsmith::nlp::conllu;
use botsmith::nlp::evaluate::evaluate;
use clap::ValueHint;

use super::{ModelArg, read};
use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    /// The gold file, CoNLL-U
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    gold: PathBuf,
    /// Give the model the raw text, rebuilt from the gold file
    #[arg(long, group = "what")]
    raw: bool,
    /// Give the model gold sentences, tokens and words
    #[arg(long, group = "what")]
    gold_tokens: bool,
    /// Score this CoNLL-U file instead of a model
    #[arg(long, value_name = "FILE", group = "what", conflicts_with = "model", value_hint = ValueHint::FilePath)]
    system: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArg,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Evaluate) -> Result<Ended> {
    let gold = conllu::read(&args.gold, &read(&args.gold)?)?;
    let system = match &args.system {
        Some(path) => conllu::read(path, &read(path)?)?,
        None if args.gold_tokens => args.model.pipeline()?.retag(&gold)?,
        None => args.model.pipeline()?.annotate(gold.text())?,
    };
    let scores = evaluate(&gold, &system)?;
    if args.json {
        output::print_json(&scores)?;
        return Ok(Ended::Well);
    }
    let mut text = String::from("Metric     | Precision |    Recall |  F1 Score | AligndAcc\n");
    text.push_str("-----------+-----------+-----------+-----------+-----------\n");
    for (name, metric) in scores.metrics() {
        let aligned = metric
            .aligned
            .map_or_else(String::new, |share| format!("{share:10.2}"));
        let _ = writeln!(
            text,
            "{name:11}|{:10.2} |{:10.2} |{:10.2} |{aligned}",
            metric.precision, metric.recall, metric.f1
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}
