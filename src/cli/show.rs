//! `eval show`: a run, one of its cases, or its failures.

use std::fmt::Write as _;

use botsmith::eval::report::rows::{self, Offsets};
use botsmith::eval::run::Runs;
use botsmith::eval::{Outcome, Result, Verdict};
use serde_json::json;

use super::args::Show;
use super::context::Context;
use super::{Ended, eval, output, terminal};

/// At most so many failures are listed on a terminal.
const SHOWN: usize = 50;

pub(super) fn run(context: &Context, args: &Show) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    if let Some(name) = &args.case {
        let record = run.case(name)?;
        if args.json {
            output::print_json(&rows::case(&record, &run.manifest, Offsets::Bytes))?;
        } else {
            output::print(&terminal::case(&record, &run.manifest, context.colored()))?;
        }
        return Ok(Ended::Well);
    }
    if args.failures {
        return failures(&run, args.json);
    }
    let report = run.complete()?;
    let written =
        botsmith::eval::report::write_files(&run, report, &eval::report_files(&args.files))?;
    if args.json {
        output::print_json(report)?;
    } else {
        output::print(&terminal::report(report, context.colored()))?;
        output::print(&terminal::slices(report))?;
        output::print(&terminal::written(&written))?;
    }
    Ok(Ended::Well)
}

fn failures(run: &botsmith::eval::run::StoredRun<'_>, as_json: bool) -> Result<Ended> {
    let (mut found, mut text, mut count) = (Vec::new(), String::new(), 0);
    for record in run.cases() {
        let record = record?;
        for answer in &record.answers {
            let bot = run.manifest.bots.get(answer.bot).map_or("", String::as_str);
            let mut push = |metric: &str, why: &str| {
                count += 1;
                if as_json {
                    found.push(json!({
                        "case": record.case.id, "bot": bot, "repeat": answer.repeat,
                        "metric": metric, "why": why,
                    }));
                } else if count <= SHOWN {
                    text.push_str(&terminal::failure(&record.case.id, bot, metric, why));
                }
            };
            let why = answer.answer.error.as_deref().unwrap_or("no reason given");
            match answer.answer.outcome {
                Outcome::Failed => push("failed", why),
                Outcome::Refused => push("refused", why),
                Outcome::Answered => {
                    for (metric, verdict) in run.manifest.metrics.iter().zip(&answer.verdicts) {
                        match verdict {
                            Verdict::Judged(score) if score.passed == Some(false) => {
                                push(metric, score.explanation.as_deref().unwrap_or("not passed"));
                            }
                            Verdict::Failed(why) => push(metric, why),
                            _ => {}
                        }
                    }
                }
            }
        }
    }
    if as_json {
        output::print_json(&json!({"run": run.manifest.id, "failures": found}))?;
    } else {
        if count > SHOWN {
            let _ = writeln!(
                text,
                "… and {} more (`--json` lists them all)",
                count - SHOWN
            );
        }
        if count == 0 {
            text.push_str("every answer passed everything\n");
        } else {
            text.push_str("\nnext: botsmith eval show --case ID explains one\n");
        }
        output::print(&text)?;
    }
    Ok(Ended::Well)
}
