//! One go of a worker: how much it writes, what it claims at once, and what one that comes too late gets.

use std::collections::BTreeSet;
use std::sync::Arc;

use botsmith_core::store::SqliteStore;
use botsmith_flow::{
    Claimant, Claimed, Commit, Committed, Concurrency, Output, RunStatus, StepError, StepPlan,
    StepStatus, Turn, Wait,
};
use serde_json::{Value, json};

use crate::backends::{World, on_every_back_end, step};

const LEASE: u64 = 30_000;

fn done(turn: &Turn) -> Vec<Commit> {
    let done = |one| Commit::new(one, Output::Done(json!(1)));
    turn.claimed.iter().map(done).collect()
}

fn keys(turn: &Turn) -> Vec<String> {
    let keys = turn.claimed.iter();
    keys.map(|one| one.idempotency_key.clone()).collect()
}

#[test]
fn what_becomes_ready_by_a_commit_is_claimed_in_the_same_turn() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        world.start("r", &[step("a", &[]), step("b", &["a"]), step("c", &["a"])]);
        let first = world.flows.turn(&[], &world.worker, 8, LEASE).unwrap();
        assert_eq!(keys(&first), ["r/a"], "{name}");
        let second = world
            .flows
            .turn(&done(&first), &world.worker, 1, LEASE)
            .unwrap();
        assert_eq!(second.committed, [Committed::Stored], "{name}");
        assert_eq!(second.claimed.len(), 1, "{name}: no more than asked for");
        let third = world
            .flows
            .turn(&done(&second), &world.worker, 8, LEASE)
            .unwrap();
        let both: BTreeSet<_> = [keys(&second), keys(&third)].concat().into_iter().collect();
        assert_eq!(both.len(), 2, "{name}");
        // A commit that comes again is known, and nothing is claimed twice.
        let again = world
            .flows
            .turn(&done(&second), &world.worker, 8, LEASE)
            .unwrap();
        assert_eq!(
            again.committed,
            [Committed::Already(StepStatus::Done)],
            "{name}"
        );
        assert!(again.claimed.is_empty(), "{name}");
        let last = world
            .flows
            .turn(&done(&third), &world.worker, 8, LEASE)
            .unwrap();
        assert!(last.claimed.is_empty(), "{name}");
        assert_eq!(
            world.flows.run("r").unwrap().status,
            RunStatus::Done,
            "{name}"
        );
    });
}

#[test]
fn small_writes_of_one_go_build_on_each_other() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let parts: Vec<String> = (0..20).map(|n| format!("part#{n}")).collect();
        let mut steps = vec![step("split", &[])];
        steps.extend(parts.iter().map(|part| step(part, &["split"])));
        let needs: Vec<&str> = parts.iter().map(String::as_str).collect();
        steps.push(step("join", &needs));
        for n in 0..9 {
            world.start(&format!("r{n}"), &steps);
        }
        let mut all = Vec::new();
        for each in [1, 3].into_iter().cycle() {
            let last = all.last().map(done).unwrap_or_default();
            let turn = world.flows.turn_by(&last, &world.worker, 64, LEASE, each);
            let turn = turn.unwrap();
            assert!(
                turn.committed.iter().all(|one| *one == Committed::Stored),
                "{name}: {:?}",
                turn.committed
            );
            if turn.claimed.is_empty() {
                break;
            }
            all.push(turn);
        }
        let claimed: Vec<String> = all.iter().flat_map(keys).collect();
        let different: BTreeSet<&String> = claimed.iter().collect();
        assert_eq!((claimed.len(), different.len()), (9 * 22, 9 * 22), "{name}");
        for n in 0..9 {
            let run = world.flows.run(&format!("r{n}")).unwrap();
            assert_eq!(run.status, RunStatus::Done, "{name}");
            // Started, claimed and done for each step, and the run's end.
            let events = world.flows.events(&run.id, 0, usize::MAX).unwrap();
            assert_eq!(events.len(), 2 + 2 * 22, "{name}");
        }
    });
}

#[test]
fn a_step_that_fails_stops_what_another_write_of_its_go_would_begin() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let steps = [
            step("a", &[]),
            step("b", &[]),
            step("c", &["b"]),
            step("d", &["c"]),
        ];
        world.start("r", &steps);
        let first = world.flows.turn(&[], &world.worker, 2, LEASE).unwrap();
        let end = |one: &Claimed| match one.held.step.as_str() {
            "a" => Commit::new(one, Output::Failed(StepError::new("x", "no"))),
            _ => Commit::new(one, Output::Done(json!(1))),
        };
        let mut commits: Vec<Commit> = first.claimed.iter().map(end).collect();
        if first.claimed[0].held.step != "a" {
            commits.reverse();
        }
        let turn = world.flows.turn_by(&commits, &world.worker, 8, LEASE, 1);
        let turn = turn.unwrap();
        assert_eq!(turn.committed, [Committed::Stored; 2], "{name}");
        assert!(turn.claimed.is_empty(), "{name}: {:?}", turn.claimed);
        let status = |key| world.flows.step("r", key).unwrap().status;
        let found = ["a", "b", "c", "d"].map(status);
        let wanted = [
            StepStatus::Failed,
            StepStatus::Done,
            StepStatus::Skipped,
            StepStatus::Skipped,
        ];
        assert_eq!(found, wanted, "{name}");
        assert_eq!(
            world.flows.run("r").unwrap().status,
            RunStatus::Failed,
            "{name}"
        );
    });
}

#[test]
fn a_turn_over_all_partitions_costs_sqlite_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("state.db")).unwrap());
    let world = World::new(store.clone());
    let chain = [step("a", &[]), step("b", &["a"]), step("c", &["b"])];
    for n in 0..16 {
        world.start(&format!("r{n}"), &chain);
    }
    let mut turn = Turn::default();
    for round in 0..4 {
        let before = store.stats().commits;
        turn = world
            .flows
            .turn(&done(&turn), &world.worker, 16, LEASE)
            .unwrap();
        assert_eq!(store.stats().commits - before, 1, "round {round}");
        let wanted = if round < 3 { 16 } else { 0 };
        assert_eq!(turn.claimed.len(), wanted, "round {round}");
    }
}

#[test]
fn what_a_worker_cannot_run_or_a_key_does_not_admit_is_not_claimed_with_what_it_hangs_on() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let limited = |key: &str, needs: &[&str]| StepPlan {
            concurrency: Some(Concurrency {
                key: "one".into(),
                limit: 1,
            }),
            ..step(key, needs)
        };
        let elsewhere = StepPlan {
            requires: vec!["device:cuda".into()],
            ..step("d", &["a"])
        };
        let steps = [
            step("a", &[]),
            limited("b", &["a"]),
            limited("c", &["a"]),
            elsewhere,
        ];
        world.start("r", &steps);
        let first = world.flows.claim(&world.worker, 8, LEASE).unwrap();
        let commit = [Commit::new(&first[0], Output::Done(Value::Null))];
        let turn = world.flows.turn(&commit, &world.worker, 8, LEASE).unwrap();
        let mut claimed = turn.claimed;
        claimed.extend(world.flows.claim(&world.worker, 8, LEASE).unwrap());
        assert_eq!(claimed.len(), 1, "{name}: the key admits one");
        assert!(
            ["b", "c"].contains(&claimed[0].held.step.as_str()),
            "{name}"
        );
        assert_eq!(world.flows.permits("one").unwrap(), 1, "{name}");
        let gpu = Claimant::new(["device:cuda".to_owned()]);
        let there = world.flows.claim(&gpu, 8, LEASE).unwrap();
        assert_eq!(there.len(), 1, "{name}");
        assert_eq!(there[0].held.step, "d", "{name}");
    });
}

#[test]
fn steps_are_claimed_in_the_order_in_which_they_stand() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let urgent = |priority| {
            [StepPlan {
                priority,
                ..step("a", &[])
            }]
        };
        for (run, priority) in [("low", 1), ("middle", 5), ("high", 9), ("higher", 7)] {
            world.start(run, &urgent(priority));
        }
        let turn = world.flows.turn(&[], &world.worker, 3, LEASE).unwrap();
        assert_eq!(keys(&turn), ["high/a", "higher/a", "middle/a"], "{name}");
    });
}

#[test]
fn whoever_has_enough_to_do_where_it_is_soon_sees_what_is_more_urgent_elsewhere() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let many: Vec<StepPlan> = (0..12).map(|n| step(&format!("s{n:02}"), &[])).collect();
        world.start("usual", &many);
        let mut turn = world.flows.turn(&[], &world.worker, 1, LEASE).unwrap();
        // Runs enough that some lie in other partitions.
        for n in 0..8 {
            let urgent = StepPlan {
                priority: 9,
                ..step("a", &[])
            };
            world.start(&format!("urgent-{n}"), &[urgent]);
        }
        let mut all = keys(&turn);
        while !turn.claimed.is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(60));
            turn = world
                .flows
                .turn(&done(&turn), &world.worker, 1, LEASE)
                .unwrap();
            all.extend(keys(&turn));
        }
        assert_eq!(all.len(), 12 + 8, "{name}: {all:?}");
        let urgent = |key: &String| key.starts_with("urgent");
        assert!(all[1..9].iter().all(urgent), "{name}: {all:?}");
    });
}

/// However many stand before it that a key does not admit.
#[test]
fn a_step_is_claimed_without_reading_those_before_it_that_a_key_does_not_admit() {
    let Some(redis) = crate::server::one(&["--appendfsync", "no"]) else {
        return;
    };
    let world = World::new(botsmith_core::store::open(&redis.url()).unwrap());
    let limited = |n: usize| StepPlan {
        concurrency: Some(Concurrency {
            key: "one".into(),
            limit: 1,
        }),
        ..step(&format!("s{n:02}"), &[])
    };
    let many: Vec<StepPlan> = (0..20).map(limited).collect();
    for n in 0..16 {
        world.start(&format!("limited-{n}"), &many);
    }
    let first = world.flows.claim(&world.worker, 8, LEASE).unwrap();
    assert_eq!(first.len(), 1, "the key admits one");
    world.pass(1000);
    world.start("free", &[step("a", &[])]);
    redis.say(&["CONFIG", "RESETSTAT"]);
    let second = world.flows.turn(&[], &world.worker, 1, LEASE).unwrap();
    assert_eq!(keys(&second), ["free/a"]);
    let stats = redis.say(&["INFO", "commandstats"]);
    let reads = stats.split("cmdstat_hmget:calls=").nth(1).unwrap();
    let reads: u64 = reads.split(',').next().unwrap().parse().unwrap();
    // The queues of each of eight partitions, perhaps twice, the first step, the one that is claimed, the key.
    assert!(reads <= 24, "{reads} reads");
}

#[test]
fn events_are_read_from_any_number_on_whatever_record_they_stand_in() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store);
        let steps: Vec<StepPlan> = (0..12).map(|n| step(&format!("s{n:02}"), &[])).collect();
        world.start("r", &steps);
        let mut turn = Turn::default();
        loop {
            world.pass(1);
            turn = world
                .flows
                .turn(&done(&turn), &world.worker, 1, LEASE)
                .unwrap();
            let state = world.flows.run("r").unwrap();
            let all = world.flows.events("r", 0, usize::MAX).unwrap();
            assert_eq!(all.len() as u64, state.events, "{name}");
            if turn.claimed.is_empty() {
                break;
            }
        }
        let all = world.flows.events("r", 0, usize::MAX).unwrap();
        // Started, claimed and done for each, and the run's end.
        assert_eq!(all.len(), 2 + 2 * steps.len(), "{name}");
        assert!(all.is_sorted_by_key(|event| event.at_ms), "{name}");
        for from in 0..=all.len() + 1 {
            for limit in [0, 1, 7, 100] {
                let found = world.flows.events("r", from as u64, limit).unwrap();
                let wanted: Vec<_> = all.iter().skip(from).take(limit).cloned().collect();
                assert_eq!(found, wanted, "{name}: from {from}, at most {limit}");
            }
        }
    });
}

/// A run that waits: its step, its inputs of less than 200 bytes, its events.
#[test]
fn a_run_that_waits_costs_redis_less_than_two_kibibytes() {
    let Some(redis) = crate::server::one(&["--appendfsync", "no"]) else {
        return;
    };
    let world = World::new(botsmith_core::store::open(&redis.url()).unwrap());
    let used = || -> u64 {
        let said = redis.say(&["INFO", "memory"]);
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        line.unwrap().trim().parse().unwrap()
    };
    let wait = |prefix: &str, runs: usize| {
        let plan = botsmith_flow::Plan::new(vec![step("ask", &[])]).unwrap();
        let inputs = json!({"text": "x".repeat(180)});
        for n in 0..runs {
            let id = format!("{prefix}-{n:06}");
            world.flows.start(&id, "waits", &plan, &inputs).unwrap();
        }
        loop {
            let claimed = world.flows.claim(&world.worker, 64, LEASE).unwrap();
            if claimed.is_empty() {
                break;
            }
            let on = Wait {
                signal: Some("go".into()),
                until_ms: Some(1_800_000_000_000),
                ..Wait::default()
            };
            let waits = |one| Commit::new(one, Output::Waits(on.clone()));
            let _ = world
                .flows
                .commit(&claimed.iter().map(waits).collect::<Vec<_>>())
                .unwrap();
        }
    };
    wait("first", 16);
    let before = used();
    wait("then", 500);
    let each = (used() - before) / 500;
    assert!(each < 2048, "{each} bytes each");
}
