//! What has a limit is told of when it comes to more than half of it, and refused by name beyond it.

use std::sync::Arc;

use botsmith_core::store::MemoryStore;
use botsmith_flow::{Commit, Committed, FlowStore, MAX_OUTPUT, Output, Plan, StepPlan};
use serde_json::{Value, json};

use crate::backends::{World, on_every_back_end, step};

const LEASE: u64 = 30_000;

fn text(bytes: usize) -> Value {
    // Its quotes count.
    Value::String("x".repeat(bytes - 2))
}

/// Step and detail of what was told of sizes.
fn told(flows: &FlowStore, run: &str) -> Vec<(Option<String>, String)> {
    let events = flows.events(run, 0, usize::MAX).unwrap().into_iter();
    let large = events.filter(|event| event.what == "large");
    large
        .map(|event| (event.step, event.detail.unwrap()))
        .collect()
}

#[test]
fn an_output_of_more_than_half_of_what_fits_is_told_of() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let chain = [step("a", &[]), step("b", &["a"]), step("c", &["b"])];
        world.start("r", &chain);
        let mut turn = world.flows.turn(&[], &world.worker, 1, LEASE).unwrap();
        for bytes in [MAX_OUTPUT / 2, MAX_OUTPUT / 2 + 1, MAX_OUTPUT] {
            let commit = Commit::new(&turn.claimed[0], Output::Done(text(bytes)));
            turn = world
                .flows
                .turn(&[commit], &world.worker, 1, LEASE)
                .unwrap();
            assert_eq!(turn.committed, [Committed::Stored], "{name}: {bytes}");
        }
        let told_of = |step: &str, bytes: usize| {
            let detail = format!("bytes of output: {bytes}, at most 16777216 fit");
            (Some(step.to_owned()), detail)
        };
        let wanted = [told_of("b", 8_388_609), told_of("c", 16_777_216)];
        assert_eq!(told(&world.flows, "r"), wanted, "{name}");
        assert_eq!(world.flows.depth().unwrap().seen["large"], 2, "{name}");
    });
}

#[test]
fn what_a_step_leaves_for_itself_counts_too() {
    let world = World::new(Arc::new(MemoryStore::new()));
    world.start("r", &[step("a", &[])]);
    let claimed = world.flows.claim(&world.worker, 1, LEASE).unwrap();
    let awaits = |bytes| Output::Awaits {
        steps: vec![step("more", &[])],
        resume: text(bytes),
    };
    let too_large = Commit::new(&claimed[0], awaits(MAX_OUTPUT + 1));
    let error = world.flows.commit(&[too_large]).unwrap_err();
    assert_eq!(error.code(), "BS-FLOW-004");
    let large = Commit::new(&claimed[0], awaits(MAX_OUTPUT / 2 + 1));
    assert_eq!(world.flows.commit(&[large]).unwrap(), [Committed::Stored]);
    let wanted = "bytes to go on from: 8388609, at most 16777216 fit";
    let a = Some("a".to_owned());
    assert_eq!(told(&world.flows, "r"), [(a, wanted.to_owned())]);
}

#[test]
fn a_run_of_more_than_half_of_the_steps_that_fit_is_told_of_once() {
    let world = World::new(Arc::new(MemoryStore::new()));
    let many = |prefix: &str, count: usize| -> Vec<StepPlan> {
        let name = |n| format!("{prefix}{n}");
        (0..count).map(|n| step(&name(n), &[])).collect()
    };
    let start = |run: &str, steps: Vec<StepPlan>| {
        let plan = Plan::new(steps).unwrap();
        world.flows.start(run, "test", &plan, &json!({})).unwrap();
    };
    start("half", many("s", 10_000));
    assert!(told(&world.flows, "half").is_empty());
    start("more", many("s", 10_001));
    let wanted = [(None, "steps: 10001, at most 20000 fit".to_owned())];
    assert_eq!(told(&world.flows, "more"), wanted);
    for run in ["half", "more"] {
        world.flows.cancel(run).unwrap();
    }

    start("grows", vec![step("a", &[]), step("b", &[])]);
    let claimed = world.flows.claim(&world.worker, 2, LEASE).unwrap();
    let spawning = |at: usize, prefix: &str, count| {
        let commit = Commit::new(&claimed[at], Output::Done(Value::Null));
        let commit = commit.spawning(many(prefix, count));
        assert_eq!(world.flows.commit(&[commit]).unwrap(), [Committed::Stored]);
    };
    spawning(0, "x", 10_000);
    spawning(1, "y", 1);
    let first = Some(claimed[0].held.step.clone());
    let wanted = [(first, "steps: 10002, at most 20000 fit".to_owned())];
    assert_eq!(told(&world.flows, "grows"), wanted);
}
