//! `botsmith nlp info MODEL`.

use std::fmt::Write as _;
use std::path::PathBuf;

use botsmith::eval::Result;
use botsmith::nlp::{FORMAT, Pipeline};
use clap::ValueHint;
use serde_json::json;

use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(super) struct Info {
    /// A model file [default: the English model inside]
    #[arg(value_name = "MODEL", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Info) -> Result<Ended> {
    let pipeline = match &args.model {
        Some(path) => Pipeline::load(path)?,
        None => Pipeline::english()?,
    };
    let model = pipeline.model();
    let info = model.info();
    if args.json {
        output::print_json(&json!({"format": FORMAT, "bytes": model.size(), "info": info}))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    let _ = writeln!(
        text,
        "trained on  {} ({} sentences, {} words)",
        info.train, info.sentences, info.words
    );
    let _ = writeln!(text, "tuned on    {}", info.dev);
    let _ = writeln!(text, "columns     {}", info.columns.join(", "));
    let _ = writeln!(text, "seed        {}", info.seed);
    let _ = writeln!(text, "size        {} bytes, format {FORMAT}", model.size());
    let _ = writeln!(text, "\nF1 on the tuning part, in percent:");
    let rows = |text: &mut String, names: &[&str], scores: &[f64]| {
        for (name, score) in names.iter().zip(scores) {
            let _ = writeln!(text, "    {name:<10}{score:>6.2}");
        }
    };
    let _ = writeln!(text, "  gold tokens");
    rows(
        &mut text,
        &["UPOS", "XPOS", "UFeats", "Lemmas"],
        &info.scores.gold_tokens,
    );
    let _ = writeln!(text, "  raw text");
    rows(
        &mut text,
        &[
            "Tokens",
            "Sentences",
            "Words",
            "UPOS",
            "XPOS",
            "UFeats",
            "Lemmas",
        ],
        &info.scores.raw,
    );
    output::print(&text)?;
    Ok(Ended::Well)
}
