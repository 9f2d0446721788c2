//! A program that brings a kind of step of its own and does its steps until it is told to stop.
//!
//! `cargo run --example embed_worker` starts one run in memory, does it and drains; with a store's URL, like
//! `cargo run --example embed_worker -- redis://127.0.0.1`, it works beside other workers until Ctrl-C or SIGTERM,
//! finishes what it has begun, and gives the rest back.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use botsmith::core::{store, yaml::Source};
use botsmith::flow::{FlowStore, Kind, Kinds, StepError, Type, Worker, Workflow};
use serde_json::json;

const WORKFLOW: &str = "
version: 1
name: prices
steps:
  quotes: {uses: map, over: [7, 35, 120], step: {uses: price, with: {pieces: '{{ item }}'}, retry: {max: 3}}}
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let price = Kind::new("price", "What so many pieces cost, in cents.")
        .takes("pieces", Type::Number, "How many.")
        .gives(Type::Number)
        .does(|task| async move {
            let pieces = task.with()["pieces"].as_u64();
            let pieces = pieces.ok_or_else(|| StepError::new("with", "`pieces` is no number"))?;
            // An effect outside would be given `task.idempotency_key()`, and stop when `task.cancel()` says so.
            let cents = if pieces < 100 { 250 } else { 225 };
            Ok(json!(pieces * cents))
        });
    let kinds = Kinds::builtin().with(price);
    let workflow = Workflow::parse(&Source::new("prices.yaml", WORKFLOW), &kinds)?;
    let url = std::env::args().nth(1);
    let flows = FlowStore::open(store::open(url.as_deref().unwrap_or("memory:"))?)?;
    let worker = Worker::new(Arc::new(flows), kinds).concurrency(8);
    if url.is_none() {
        let flows = Arc::clone(worker.flows());
        let run = tokio::task::spawn_blocking(move || {
            botsmith::flow::run(worker, "prices-1", &workflow, &json!({}))
        });
        let run = run.await??;
        let quotes = flows.output(&run.id, "quotes")?;
        println!("{} is {}: {}", run.id, run.status.word(), json!(quotes));
        return Ok(());
    }
    let running = worker.start()?;
    tokio::signal::ctrl_c().await?;
    running.drain(Duration::from_secs(30));
    let tally = tokio::task::spawn_blocking(move || running.join()).await?;
    println!("drained: {} results stored", tally.stored);
    Ok(())
}
