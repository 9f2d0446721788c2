//! Workers at work: kinds of steps (`kinds.rs`), the engine's own (`control.rs`), life and death of workers
//! (`life.rs`, `cut_off.rs`), the contract on every back end (`contract.rs`), kinds that reach outside (`outside.rs`),
//! what traces show (`traced.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says why a case is skipped"
)]

#[path = "../flow/backends.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod backends;
mod contract;
mod control;
mod cost;
mod cut_off;
mod kinds;
mod life;
mod outside;
#[path = "../../../core/tests/store/server.rs"]
#[allow(dead_code, reason = "its clusters and sentinels are for others")]
mod server;
mod traced;

use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_core::store::MemoryStore;
use botsmith_core::yaml::Source;
use botsmith_flow::{
    FlowStore, Kind, Kinds, RunState, StepError, StepStatus, Type, Worker, Workflow, run,
};
use serde_json::{Value, json};

/// Kinds for tests: `echo` gives what it is given, `fail` fails, `flaky` fails so many times.
fn test_kinds() -> Kinds {
    Kinds::builtin()
        .with(
            Kind::new("echo", "Gives what it is given.")
                .takes("value", Type::Any, "What.")
                .does(|task| async move { Ok(task.with()["value"].clone()) }),
        )
        .with(
            Kind::new("fail", "Fails.")
                .may_take("class", Type::Text, "How.")
                .does(|task| async move {
                    let class = task.with()["class"].as_str().unwrap_or("server").to_owned();
                    Err(StepError::new(class, "as it was told"))
                }),
        )
        .with(
            Kind::new("flaky", "Fails as long as attempts are few.")
                .takes("times", Type::Number, "How often.")
                .does(|task| async move {
                    match task.attempt() > task.with()["times"].as_u64().unwrap() {
                        true => Ok(json!(task.attempt())),
                        false => Err(StepError::new("server", "not yet")),
                    }
                }),
        )
        .with(
            Kind::new("sleep", "Sleeps.")
                .takes("ms", Type::Number, "How long.")
                .does(|task| async move {
                    let ms = task.with()["ms"].as_u64().unwrap();
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Ok(json!(ms))
                }),
        )
        .with(
            Kind::new("block", "Blocks the thread that it runs on.")
                .takes("ms", Type::Number, "How long.")
                .does(|task| async move {
                    std::thread::sleep(Duration::from_millis(task.with()["ms"].as_u64().unwrap()));
                    Ok(json!(task.attempt()))
                }),
        )
}

/// A workflow of these lines.
fn workflow(lines: &str) -> Workflow {
    let text = format!("version: 1\nname: test\ninputs: {{type: object}}\n{lines}");
    Workflow::parse(&Source::new("flow.yaml", text), &test_kinds()).unwrap()
}

fn memory() -> Arc<FlowStore> {
    Arc::new(FlowStore::open(Arc::new(MemoryStore::new())).unwrap())
}

fn worker(flows: &Arc<FlowStore>) -> Worker {
    Worker::new(flows.clone(), test_kinds())
        .poll(Duration::from_millis(10))
        .lease(Duration::from_secs(3))
}

/// Does a workflow to its end, or to where it waits.
fn done(flows: &Arc<FlowStore>, lines: &str) -> RunState {
    run(worker(flows), "r", &workflow(lines), &json!({"n": 3})).unwrap()
}

fn output(flows: &FlowStore, step: &str) -> Value {
    flows.output("r", step).unwrap().unwrap_or_default()
}

fn status(flows: &FlowStore, step: &str) -> StepStatus {
    flows.step("r", step).unwrap().status
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{what} does not come"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
