//! `flow watch`: the timeline of a run, drawn anew whenever something happened, until the run has ended.
//!
//! On a terminal it is drawn in place; elsewhere each change is a line, and with `--json` an object.

use std::fmt::Write as _;

use std::io::IsTerminal as _;
use std::time::Duration;

use botsmith::eval::Result;

use super::args::Watch;
use super::show::{Shown, clock, waits_for_somebody};
use super::{ended, existing};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Watch) -> Result<Ended> {
    let flows = existing(context)?;
    let id = flows.resolve(&args.run)?;
    let live = std::io::stdout().is_terminal() && !args.json;
    let mut seen = u64::MAX;
    let mut lines = 0;
    loop {
        let state = flows.run(&id)?;
        let over = state.status.is_final();
        let moved = state.events != seen;
        // On a terminal its clock goes on also while nothing happens.
        if moved || live {
            let shown = Shown::read(&flows, &id)?;
            if live {
                let text = shown.text(context, false);
                let back = match lines {
                    0 => String::new(),
                    n => format!("\x1b[{n}F\x1b[J"),
                };
                output::print(&format!("{back}{text}"))?;
                lines = text.matches('\n').count();
            } else if args.json {
                output::print_json(&shown.json())?;
            } else {
                let from = if seen == u64::MAX { 0 } else { seen };
                let mut text = String::new();
                for event in flows.events(&id, from, usize::MAX)? {
                    let step = event.step.as_deref().unwrap_or(&id);
                    let _ = writeln!(text, "{}  {step} {}", &clock(event.at_ms)[11..], event.what);
                }
                output::print(&text)?;
            }
            seen = shown.run.events;
            let leave = over || args.no_wait && !moved && waits_for_somebody(&flows, &id)?;
            if leave {
                return Ok(ended(shown.standing));
            }
        } else if args.no_wait && waits_for_somebody(&flows, &id)? {
            return Ok(Ended::Waiting);
        }
        std::thread::sleep(Duration::from_millis(args.every));
    }
}
