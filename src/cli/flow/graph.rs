//! `flow graph`: a workflow file or a run, drawn.

use std::path::Path;

use botsmith::eval::{Result, report};
use botsmith::flow::Graph;
use serde_json::json;

use super::{args, existing, read};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &args::Graph) -> Result<Ended> {
    let path = Path::new(&args.of);
    let yaml = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    let graph = if yaml || path.is_file() {
        Graph::of_plan(&read(path)?.plan()?)
    } else {
        let flows = existing(context)?;
        let id = flows.resolve(&args.of)?;
        Graph::of_run(&flows.steps(&id)?)
    };
    match &args.svg {
        Some(file) if file.as_os_str() == "-" => output::print(&graph.svg())?,
        Some(file) => {
            report::save(file, |out| {
                out.write_all(graph.svg().as_bytes()).map_err(|source| {
                    botsmith::core::Error::Write {
                        path: file.clone(),
                        source,
                    }
                    .into()
                })
            })?;
            if !context.quiet() {
                output::print(&format!("wrote {}\n", file.display()))?;
            }
        }
        None if args.json => {
            output::print_json(&json!({"mermaid": graph.mermaid(), "svg": graph.svg()}))?;
        }
        None => output::print(&graph.mermaid())?,
    }
    Ok(Ended::Well)
}
