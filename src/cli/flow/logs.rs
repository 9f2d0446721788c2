//! `flow logs`: the stream of events of a run, as far as it goes or, with `--follow`, until the run has ended.

use std::time::Duration;

use botsmith::eval::Result;
use botsmith::flow::Event;
use serde_json::json;

use super::args::Logs;
use super::existing;
use super::show::{clock, rfc3339};
use crate::cli::context::Context;
use crate::cli::terminal::cut;
use crate::cli::{Ended, output};

/// Events that are read in one go.
const PAGE: usize = 1000;
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(context: &Context, args: &Logs) -> Result<Ended> {
    let flows = existing(context)?;
    let id = flows.resolve(&args.run)?;
    let mut from = 0;
    loop {
        // How it stood before its events were read: what ended it is among them.
        let over = flows.run(&id)?.status.is_final();
        loop {
            let events = flows.events(&id, from, PAGE)?;
            let full = events.len() == PAGE;
            let mut text = String::new();
            for event in &events {
                if args.step.is_none() || args.step == event.step {
                    text += &line(&id, from, event, args.json);
                }
                from += 1;
            }
            output::print(&text)?;
            if !full {
                break;
            }
        }
        if over || !args.follow {
            return Ok(Ended::Well);
        }
        std::thread::sleep(LOOK);
    }
}

fn line(run: &str, number: u64, event: &Event, as_json: bool) -> String {
    if as_json {
        let object = json!({
            "run": run, "number": number, "at": rfc3339(event.at_ms), "what": event.what,
            "step": event.step, "detail": event.detail,
        });
        return format!("{object}\n");
    }
    let detail = match event.what.as_str() {
        // Ids of workers are long, and the first digits tell them apart.
        "claimed" => event.detail.as_ref().map(|id| format!("by {}", cut(id, 9))),
        _ => event.detail.as_ref().map(|detail| cut(detail, 200)),
    };
    let millis = event.at_ms % 1000;
    let text = format!(
        "{}.{millis:03}  {:10} {:20} {}",
        clock(event.at_ms),
        event.what,
        event.step.as_deref().unwrap_or(""),
        detail.unwrap_or_default()
    );
    format!("{}\n", text.trim_end())
}
