//! `flow run` and `flow submit`: a workflow file and inputs -> a run.

use std::fmt::Write as _;

use std::io::Read as _;
use std::time::Duration;

use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, Started, Workflow};
use serde_json::{Map, Value, json};

use super::args::{Run, Start, Submit};
use super::show::{self, Shown};
use super::{ended, next, open, read, worker};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// How often it is looked how the run stands.
const LOOK: Duration = Duration::from_millis(25);
/// The largest file of inputs, in bytes.
const MAX_INPUTS: u64 = 16 << 20;

pub(super) fn submit(context: &Context, args: &Submit) -> Result<Ended> {
    let workflow = read(&args.start.workflow)?;
    let inputs = inputs(&args.start, &workflow)?;
    let flows = open(context)?;
    let (id, started) = start(&flows, args.id.as_deref(), &workflow, &inputs)?;
    if let (Some(priority), Started::New) = (args.priority, started) {
        flows.set_priority(&id, priority)?;
    }
    let new = started == Started::New;
    if args.json {
        output::print_json(&json!({"run": id, "workflow": workflow.name(), "new": new}))?;
        return Ok(Ended::Well);
    }
    let mut text = match new {
        true => format!("run {id} is submitted\n"),
        false => format!("run {id} is there already; nothing was started twice\n"),
    };
    if !context.quiet() {
        if flows.workers()?.is_empty() {
            let _ = writeln!(
                text,
                "no worker is alive\nnext: {}",
                next(context, "worker")
            );
        } else {
            let _ = writeln!(text, "next: {}", next(context, &format!("watch {id}")));
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

pub(super) fn run(context: &Context, args: &Run) -> Result<Ended> {
    let workflow = read(&args.start.workflow)?;
    let inputs = inputs(&args.start, &workflow)?;
    let flows = open(context)?;
    let (id, _) = start(&flows, args.id.as_deref(), &workflow, &inputs)?;
    let folder = args.start.workflow.parent().map(std::path::Path::to_owned);
    let folder = args.doing.folder.clone().or(folder);
    let worker = worker::build(context, &flows, &args.doing, folder.as_deref());
    let running = worker
        .poll(Duration::from_millis(50))
        .start()
        .map_err(Error::from)?;
    let stop = worker::stops()?;
    let mut told = false;
    let mut seen = None;
    while !stop.asked() {
        let state = flows.run(&id)?;
        // Between two equal reads nothing moved: what was read of its steps is of one moment.
        let quiet = seen.replace(state.events) == Some(state.events);
        if state.status.is_final() {
            break;
        }
        if quiet && show::waits_for_somebody(&flows, &id)? {
            if !args.wait {
                break;
            }
            if !std::mem::replace(&mut told, true) && !context.quiet() {
                let shown = Shown::read(&flows, &id)?;
                for line in shown.hints(context) {
                    output::note(&line);
                }
            }
        }
        std::thread::sleep(LOOK);
    }
    running.drain(Duration::from_secs(if stop.asked() { 5 } else { 30 }));
    running.join();
    if stop.asked() {
        return Err(Error::Interrupted);
    }
    let shown = Shown::read(&flows, &id)?;
    match args.json {
        true => output::print_json(&shown.json())?,
        false => output::print(&shown.text(context, false))?,
    }
    Ok(ended(shown.standing))
}

/// Starts a run, or finds it started.
fn start(
    flows: &FlowStore,
    id: Option<&str>,
    workflow: &Workflow,
    inputs: &Value,
) -> Result<(String, Started)> {
    workflow.check_inputs(inputs)?;
    let plan = workflow.plan()?;
    let id = match id {
        Some(id) => id.to_owned(),
        None => fresh(flows, workflow.name())?,
    };
    let started = flows.start_for(&id, workflow.name(), &plan, inputs, workflow.timeout_ms())?;
    Ok((id, started))
}

/// An id that no run has: the name, the time, and digits that differ between two of one second.
fn fresh(flows: &FlowStore, name: &str) -> Result<String> {
    let now = flows.now_ms()?;
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(40)
        .collect();
    let facts = format!("{now}-{}-{name}", std::process::id());
    let digits = botsmith::core::digest::Digest::of(facts.as_bytes()).to_string();
    Ok(format!("{name}-{}-{}", show::stamp(now), &digits[..6]))
}

/// What a run is started with: the file's, and each `--input` over it.
pub(super) fn inputs(args: &Start, workflow: &Workflow) -> Result<Value> {
    let mut all = Map::new();
    if let Some(path) = &args.inputs_file {
        let failed = |source| botsmith::core::Error::Read {
            path: path.clone(),
            source,
        };
        let mut text = String::new();
        let read = match path.as_os_str() == "-" {
            true => std::io::stdin()
                .lock()
                .take(MAX_INPUTS)
                .read_to_string(&mut text),
            false => std::fs::File::open(path)
                .and_then(|file| file.take(MAX_INPUTS).read_to_string(&mut text)),
        };
        read.map_err(failed)?;
        let path = path.display();
        match serde_json::from_str(&text) {
            Ok(Value::Object(found)) => all = found,
            Ok(_) => {
                return Err(Error::Invalid(format!(
                    "{path}: one JSON object of inputs is wanted"
                )));
            }
            Err(error) => return Err(Error::Invalid(format!("{path}: {error}"))),
        }
    }
    let nothing = Value::Null;
    let schema = workflow.inputs().unwrap_or(&nothing);
    for (name, text) in &args.inputs {
        // A text stays one where the schema says so, also if it looks like a number.
        let is_text = schema["properties"][name.as_str()]["type"] == "string";
        let value = match serde_json::from_str(text) {
            Ok(value) if !is_text => value,
            _ => Value::String(text.clone()),
        };
        all.insert(name.clone(), value);
    }
    Ok(Value::Object(all))
}
