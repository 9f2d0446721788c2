//! `flow worker`: does steps of all runs of the store until it is told to stop, then finishes what it has.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use botsmith::core::config::Disk;
use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, Notify, Standing, Worker};
use serde_json::json;

use super::args::{self, Doing};
use super::{kinds, metrics, open};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// How often schedules, and whether to stop, are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is looked whether nothing is left to do.
const IDLE: u32 = 3;

pub(super) fn run(context: &Context, args: &args::Worker) -> Result<Ended> {
    let flows = open(context)?;
    let metrics = args
        .metrics
        .map(|address| metrics::serve(address, Arc::clone(&flows)))
        .transpose()?;
    let stop = stops()?;
    let worker = build(context, &flows, &args.doing, args.doing.folder.as_deref());
    let offers: Vec<_> = worker.offers().into_iter().collect();
    let running = worker.start()?;
    let address = metrics
        .as_ref()
        .map(|served| format!("http://{}/metrics", served.address));
    if args.json {
        output::print_json(&json!({
            "worker": running.id(), "store": flows.state().url(), "offers": offers, "metrics": address,
        }))?;
    } else if !context.quiet() {
        let id: String = running.id().chars().take(12).collect();
        output::note(&format!("worker {id} on {}", flows.state().url()));
        if let Some(address) = address {
            output::note(&format!("numbers at {address}"));
        }
    }
    let mut idle = 0;
    let mut broken = false;
    while !stop.asked() && !running.is_over() {
        // A store that is away for a while stops no worker: the worker itself asks again, and so do we.
        match look(context, &flows, args) {
            Ok(is_idle) => {
                broken = false;
                idle = if is_idle { idle + 1 } else { 0 };
            }
            Err(error) => {
                idle = 0;
                if !std::mem::replace(&mut broken, true) {
                    output::note(&format!("error[{}]: {error}; trying again", error.code()));
                }
            }
        }
        if idle >= IDLE {
            break;
        }
        std::thread::sleep(LOOK);
    }
    if stop.asked() && !context.quiet() {
        output::note("stopping: no step is begun any more; a second signal stops those that run");
    }
    running.drain(Duration::from_millis(args.grace));
    let asked = stop.times();
    while !running.is_over() {
        if stop.times() > asked.max(1) {
            running.drain(Duration::ZERO);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let tally = running.join();
    if args.json {
        output::print_json(&json!({
            "claimed": tally.claimed, "stored": tally.stored, "already": tally.already,
            "fenced": tally.fenced, "errors": tally.errors,
        }))?;
    } else if !context.quiet() {
        output::note(&format!(
            "steps claimed: {}, results stored: {}, refused: {}",
            tally.claimed, tally.stored, tally.fenced
        ));
    }
    Ok(Ended::Well)
}

/// Starts what is due by the clock; says whether nothing is left to do, where that is asked for.
fn look(context: &Context, flows: &FlowStore, args: &args::Worker) -> Result<bool> {
    for run in flows.fire_schedules()? {
        if args.json {
            output::print_json(&json!({"started": run}))?;
        } else if !context.quiet() {
            output::note(&format!("started {run}"));
        }
    }
    Ok(args.until_idle && is_idle(flows)?)
}

/// A worker as the options say.
pub(super) fn build(
    context: &Context,
    flows: &Arc<FlowStore>,
    args: &Doing,
    folder: Option<&Path>,
) -> Worker {
    let mut worker = Worker::new(Arc::clone(flows), kinds::doing(context, flows, args))
        .concurrency(args.concurrency.get())
        .labels(&args.labels)
        .devices(&args.devices)
        .memory(args.memory)
        .lease(Duration::from_millis(args.lease))
        .allow_commands(args.allow_command);
    if let Some(folder) = folder.filter(|folder| *folder != Path::new("")) {
        worker = worker.folder(folder);
    }
    for to in &args.notify {
        worker = worker.notify(
            match to.starts_with("http://") || to.starts_with("https://") {
                true => Notify::Webhook(to.clone()),
                false => Notify::Command(vec![to.clone()]),
            },
        );
    }
    let config = context.config.clone();
    worker.try_secrets(move |name| match config.secret(name, &Disk) {
        Ok(Some(found)) => Ok(Some(found.value)),
        Ok(None) => Err(format!(
            "neither {name} nor {name}_FILE is set, in the environment or a `.env` file"
        )),
        Err(error) => Err(error.to_string()),
    })
}

/// Whether all runs have ended, are held or wait.
fn is_idle(flows: &FlowStore) -> Result<bool> {
    let filter = botsmith::flow::Filter {
        standings: vec![Standing::Running, Standing::Cancelling],
        ..Default::default()
    };
    Ok(flows.find(&filter, 1)?.is_empty())
}

/// How often this process was asked to stop.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicUsize>);

impl Stop {
    pub(super) fn asked(&self) -> bool {
        self.times() > 0
    }

    pub(super) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens for SIGINT and SIGTERM from here on.
pub(super) fn stops() -> Result<Stop> {
    let stop = Stop::default();
    let heard = stop.clone();
    let failed =
        |error: std::io::Error| Error::Invalid(format!("signals cannot be heard: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let (ready, is_ready) = std::sync::mpsc::channel();
    let listen = move || {
        runtime.block_on(async move {
            #[cfg(unix)]
            {
                use tokio::signal::unix::{SignalKind, signal};
                let signals = (
                    signal(SignalKind::terminate()),
                    signal(SignalKind::interrupt()),
                );
                let (Ok(mut term), Ok(mut int)) = signals else {
                    let _ = ready.send(false);
                    return;
                };
                let _ = ready.send(true);
                loop {
                    tokio::select! {
                        _ = term.recv() => {}
                        _ = int.recv() => {}
                    }
                    heard.0.fetch_add(1, Ordering::Relaxed);
                }
            }
            #[cfg(not(unix))]
            {
                let _ = ready.send(true);
                while tokio::signal::ctrl_c().await.is_ok() {
                    heard.0.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(listen)
        .map_err(failed)?;
    match is_ready.recv() {
        Ok(true) => Ok(stop),
        _ => Err(failed(std::io::Error::other("the system refuses"))),
    }
}
