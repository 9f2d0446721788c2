//! What flows cost, measured through worker processes: `throughput MODE [--store URL] …` -> one JSON object.
//!
//! | mode | measures |
//! |---|---|
//! | `pace --steps N --workers N --batch N --slots N [--wait MS] [--busy MS]` | steps a second |
//! | `waiting --few N --runs N` | bytes of a run that waits; how much many of them slow a claim |
//! | `syncs --runs N --steps N` | steps committed by the workers of one process on SQLite: for whoever counts its syncs |
//! | `memory --steps N --first N` | resident memory of a worker after so many steps, and after all |
//!
//! Without a store, `pace`, `memory` and `waiting` start a Redis server of their own with `appendfsync everysec`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that stops at the first surprise"
)]

mod crew;
mod memory;
mod pace;
mod syncs;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use botsmith_core::store;
use botsmith_flow::{FlowStore, Plan, StepPlan};
use serde_json::{Value, json};

/// The words after the mode: `--name value`.
#[derive(Clone)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    fn read(words: &[String]) -> Self {
        let named = |pair: &[String]| match pair {
            [name, value] => (name.trim_start_matches('-').to_owned(), value.clone()),
            odd => panic!("{odd:?} has no value"),
        };
        Self(words.chunks(2).map(named).collect())
    }

    pub(crate) fn with(&self, name: &str, value: u64) -> Self {
        let mut with = self.clone();
        with.0.insert(name.to_owned(), value.to_string());
        with
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn number(&self, name: &str, usual: usize) -> usize {
        self.text(name).map_or(usual, |text| text.parse().unwrap())
    }
}

/// The flows at a URL.
pub(crate) fn flows(url: &str) -> Arc<FlowStore> {
    Arc::new(FlowStore::open(store::open(url).unwrap()).unwrap())
}

/// A plan of steps of kind `empty`: side by side, or each after the one before.
pub(crate) fn plan(steps: usize, chained: bool) -> Plan {
    let step = |n: usize| StepPlan {
        key: format!("s{n}"),
        needs: match n {
            1.. if chained => vec![format!("s{}", n - 1)],
            _ => Vec::new(),
        },
        kind: "empty".into(),
        requires: vec!["kind:empty".into()],
        ..StepPlan::default()
    };
    Plan::new((0..steps).map(step).collect()).unwrap()
}

/// Starts runs and gives their ids.
pub(crate) fn start(flows: &FlowStore, runs: usize, plan: &Plan) -> Vec<String> {
    let begin = |n: usize| {
        let id = format!("bench-{n:06}");
        flows.start(&id, "bench", plan, &json!({})).unwrap();
        id
    };
    (0..runs).map(begin).collect()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mode, rest) = words.split_first().expect("a mode");
    let options = Options::read(rest);
    let found: Value = match mode.as_str() {
        "worker" => return crew::work(&options),
        "pace" => pace::measure(&options),
        "waiting" => waiting::measure(&options),
        "syncs" => syncs::measure(&options),
        "memory" => memory::measure(&options),
        other => panic!("there is no mode `{other}`"),
    };
    println!("{found}");
}
