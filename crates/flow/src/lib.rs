//! Durable workflows: a declarative graph of steps whose outputs are stored, so that nothing is
//! replayed and a worker that dies costs one lease.
//!
//! - [`Workflow`]: a YAML file of steps, checked before it runs, as a [`Plan`]; [`Kinds`] say what steps
//!   take and give, [`Scope`] is what their templates read.
//! - [`Plan`]: the steps of a run and what each needs; checked before anything is stored.
//! - [`Worker`]: claims steps, does what their kinds say, commits; [`run`] does one run in this process.
//! - [`FlowStore`]: every transition of a run, each one atomic step on any
//!   [`StateStore`](botsmith_core::store::StateStore): start, claim, heartbeat, commit, fail, wait,
//!   signal, cancel, pause, resume, requeue, collect.
//!
//! # What is promised
//!
//! Delivery is at least once; a commit is exactly once. An attempt holds a lease and a [`Token`];
//! once another attempt has begun, the token of the first is refused. Time is the store's. A step
//! that waits, for a time, a retry or a signal, holds no worker and no lease. Each attempt of a
//! step is given the same idempotency key, for effects outside of the store.
//!
//! Kinds that are about bots or texts are registered from above; this crate knows only those that every
//! workflow needs.

#![forbid(unsafe_code)]

mod advance;
mod cron;
mod error;
mod graph;
mod notice;
#[cfg(feature = "otlp")]
mod otlp;
mod plan;
mod run;
mod state;
mod store;
mod unit;
mod worker;
mod workflow;

pub use cron::{Cron, Misfire};
pub use error::{Error, Result};
pub use graph::Graph;
pub use notice::{Notice, Occasion, Recipient};
#[cfg(feature = "otlp")]
pub use otlp::{Otlp, OtlpEncoding};
pub use plan::{Concurrency, OnFailure, Plan, Retry, RunIf, StepPlan};
pub use run::{Outlook, outlook, run};
pub use state::{
    Attempt, Event, RunState, RunStatus, StepError, StepState, StepStatus, Token, Wait,
};
pub use store::{
    Beat, Claimant, Claimed, Commit, Committed, Depth, Filter, FlowStore, Held, MAX_OUTPUT, Output,
    Queue, Schedule, ScheduleState, Standing, Started, Turn, WorkerState,
};
pub use worker::{Action, Happened, Notify, Running, Tally, Task, Worker};
pub use workflow::{
    Each, Ended, Files, Kind, Kinds, Repeat, Scope, Step, Type, Work, Workflow, schema,
};
