//! `botsmith flow …`: workflows run, watched, steered, and the workers that do them.
//!
//! In: a store, a workflow file or the id of a run. Results go to stdout, with `--json` as one object. Exit
//! codes of commands that run or watch: 0 done, 1 failed or cancelled, 2 could not run, 3 waiting. Everything
//! else is done once it could be done.

mod answer;
pub(crate) mod args;
mod dlq;
mod graph;
pub(super) mod kinds;
mod list;
mod logs;
mod metrics;
mod remake;
mod run;
mod schedule;
mod show;
mod steer;
mod timeline;
mod validate;
mod watch;
mod worker;

use std::path::Path;
use std::sync::Arc;

use botsmith::core::store;
use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, Standing, Workflow};

use self::args::{Flow, FlowCommand};
use super::Ended;
use super::context::Context;

pub(super) fn run(context: &Context, args: &Flow) -> Result<Ended> {
    match &args.command {
        FlowCommand::Run(args) => run::run(context, args),
        FlowCommand::Submit(args) => run::submit(context, args),
        FlowCommand::List(args) => list::run(context, args),
        FlowCommand::Show(args) => show::run(context, args),
        FlowCommand::Watch(args) => watch::run(context, args),
        FlowCommand::Logs(args) => logs::run(context, args),
        FlowCommand::Graph(args) => graph::run(context, args),
        FlowCommand::Cancel(args) => steer::cancel(context, args),
        FlowCommand::Pause(args) => steer::pause(context, args),
        FlowCommand::Resume(args) => steer::resume(context, args),
        FlowCommand::Retry(args) => steer::retry(context, args),
        FlowCommand::Priority(args) => steer::priority(context, args),
        FlowCommand::Rerun(args) => remake::rerun(context, args),
        FlowCommand::Migrate(args) => remake::migrate(context, args),
        FlowCommand::Signal(args) => answer::signal(context, args),
        FlowCommand::Approve(args) => answer::decide(context, args, true),
        FlowCommand::Reject(args) => answer::decide(context, args, false),
        FlowCommand::Worker(args) => worker::run(context, args),
        FlowCommand::Schedule(args) => schedule::run(context, &args.command),
        FlowCommand::Dlq(args) => dlq::run(context, &args.command),
        FlowCommand::Validate(args) => validate::run(context, args),
    }
}

/// The flows of the store, which is made where it is missing.
fn open(context: &Context) -> Result<Arc<FlowStore>> {
    Ok(Arc::new(FlowStore::open(context.store()?)?))
}

/// The flows of a store that is there: looking makes none.
fn existing(context: &Context) -> Result<Arc<FlowStore>> {
    let url = &context.config.store.value;
    let store = store::open_existing(url.as_str())?.ok_or_else(|| Error::NotFound {
        what: "store",
        name: url.to_string(),
        hint: Some("`botsmith flow run WORKFLOW` makes one".into()),
    })?;
    Ok(Arc::new(FlowStore::open(store)?))
}

fn read(path: &Path) -> Result<Workflow> {
    Ok(Workflow::read(path, &kinds::known())?)
}

/// A command to go on with, for the same store.
fn next(context: &Context, rest: &str) -> String {
    use botsmith::core::config::Origin;
    let store = &context.config.store;
    match store.origin {
        Origin::Flag(_) => format!("botsmith flow {rest} --store {}", store.value),
        _ => format!("botsmith flow {rest}"),
    }
}

/// The exit code of a command that waited for a run.
fn ended(standing: Standing) -> Ended {
    match standing {
        Standing::Done => Ended::Well,
        Standing::Failed | Standing::Cancelled => Ended::GateFailed,
        _ => Ended::Waiting,
    }
}
