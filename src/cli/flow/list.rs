//! `flow list`: runs, newest first.

use botsmith::eval::Result;
use botsmith::flow::{Filter, FlowStore};
use serde_json::json;

use super::args::{List, Which};
use super::show::{clock, rfc3339, span};
use super::{existing, next};
use crate::cli::context::Context;
use crate::cli::terminal::{cut, grid};
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &List) -> Result<Ended> {
    let flows = existing(context)?;
    let runs = flows.find(&filter(&args.which, &flows)?, args.limit)?;
    if args.json {
        let runs: Vec<_> = runs
            .iter()
            .map(|(run, standing)| {
                json!({
                    "run": run.id, "workflow": run.workflow, "status": standing.word(),
                    "started": rfc3339(run.created_ms), "ended": run.ended_ms.map(rfc3339),
                    "open": run.open,
                })
            })
            .collect();
        output::print_json(&json!({ "runs": runs }))?;
        return Ok(Ended::Well);
    }
    if runs.is_empty() {
        let text = match filter(&args.which, &flows)?.is_empty() {
            true => format!("no runs yet\nnext: {}\n", next(context, "run WORKFLOW")),
            false => "no such runs\n".to_owned(),
        };
        output::print(&text)?;
        return Ok(Ended::Well);
    }
    let mut rows = vec![
        ["run", "workflow", "status", "started (UTC)", "took"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (run, standing) in &runs {
        rows.push(vec![
            cut(&run.id, 34),
            cut(&run.workflow, 14),
            standing.to_string(),
            clock(run.created_ms)[5..16].to_owned(),
            run.ended_ms
                .map_or("–".into(), |end| span(end.saturating_sub(run.created_ms))),
        ]);
    }
    output::print(&grid(&rows, &[4]))?;
    Ok(Ended::Well)
}

/// The runs that the options choose.
pub(super) fn filter(which: &Which, flows: &FlowStore) -> Result<Filter> {
    let now_ms = flows.now_ms()?;
    Ok(Filter {
        standings: which.status.clone(),
        workflow: which.workflow.clone(),
        before_ms: which.older_than.map(|ago| now_ms.saturating_sub(ago)),
    })
}
