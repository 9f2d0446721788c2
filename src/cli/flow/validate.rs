//! `flow validate`: workflow files checked as a run would check them, without one.

use std::fmt::Write as _;

use botsmith::eval::{Error, Result};
use serde_json::json;

use super::args::Validate;
use super::{next, read};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Validate) -> Result<Ended> {
    let mut all = Vec::new();
    let mut text = String::new();
    let mut wrong: Option<Error> = None;
    for path in &args.files {
        let checked = read(path).and_then(|workflow| {
            let plan = workflow.plan()?;
            Ok((workflow, plan))
        });
        match checked {
            Ok((workflow, plan)) => {
                let _ = writeln!(
                    text,
                    "✓ {}: {}, {} steps, definition {}",
                    path.display(),
                    workflow.name(),
                    plan.steps().len(),
                    &plan.hash()[..12]
                );
                all.push(json!({
                    "file": path, "ok": true, "workflow": workflow.name(),
                    "steps": plan.steps().len(), "hash": plan.hash(),
                }));
            }
            Err(error) => {
                let _ = writeln!(text, "✗ {}", path.display());
                all.push(json!({"file": path, "ok": false, "code": error.code(), "error": error.to_string()}));
                if !args.json {
                    output::note(&format!("error[{}]: {error}", error.code()));
                }
                wrong = Some(error);
            }
        }
    }
    let well = wrong.is_none();
    if args.json {
        output::print_json(&json!({"ok": well, "files": all}))?;
    } else {
        if let ([path], true, false) = (&args.files[..], well, context.quiet()) {
            let _ = writeln!(
                text,
                "next: {}",
                next(context, &format!("run {}", path.display()))
            );
        }
        output::print(&text)?;
    }
    Ok(if well { Ended::Well } else { Ended::GateFailed })
}
