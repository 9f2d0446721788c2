//! `feedback list`: what was said.

use std::fmt::Write as _;

use botsmith::eval::Result;
use botsmith::eval::feedback::{Log, Record, State};
use serde_json::{Value, json};

use super::args::{List, Which};
use crate::cli::context::Context;
use crate::cli::terminal::{clean, cut, grid};
use crate::cli::{Ended, output};

/// At most so many are listed on a terminal.
const SHOWN: usize = 50;

/// The records that are wanted.
pub(super) fn records(context: &Context, which: &Which) -> Result<Vec<Record>> {
    let filter = super::files::filter(context, which)?;
    let url = context.config.store.value.as_str();
    let Some(store) = botsmith::core::store::open_existing(url)? else {
        return Ok(Vec::new());
    };
    let log = Log::open(&*store);
    match which.all {
        true => log.all(&filter),
        false => log.current(&filter),
    }
}

pub(super) fn run(context: &Context, args: &List) -> Result<Ended> {
    let records = records(context, &args.which)?;
    if args.json {
        output::print_json(&json!({ "records": records }))?;
        return Ok(Ended::Well);
    }
    if records.is_empty() {
        output::print("nothing was said yet; `botsmith feedback review` asks\n")?;
        return Ok(Ended::Well);
    }
    let mut rows = vec![
        ["record", "case", "bot", "rater", "question", "said"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let from = records.len().saturating_sub(SHOWN);
    rows.extend(records[from..].iter().map(|record| {
        let bots = match &record.against {
            Some(other) => format!("{} / {}", record.bot, other.bot),
            None => record.bot.clone(),
        };
        vec![
            super::short(&record.id).to_owned(),
            cut(&record.case, 16),
            cut(&bots, 20),
            cut(&record.rater, 12),
            cut(&record.question, 12),
            cut(&said(record), 24),
        ]
    }));
    let mut text = grid(&rows, &[]);
    if from > 0 {
        let _ = writeln!(text, "… and {from} before them (`--json` lists them all)");
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

/// What a record says, in a line.
pub(super) fn said(record: &Record) -> String {
    let state = match record.state {
        State::Submitted => "",
        State::Draft => "draft ",
        State::Discarded => "discarded",
        State::Withdrawn => "taken back",
    };
    let value = value(&record.value);
    format!("{state}{value}")
}

/// A value, in a line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let words: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            match words.is_empty() {
                true => "none".into(),
                false => words.join(", "),
            }
        }
        other => other.to_string(),
    }
}
