//! Runs that are listed, run again, moved to another definition, made more urgent, and started by the
//! clock: each on every back end.

use std::sync::Arc;

use botsmith_core::store::{StateStore, Transaction};
use botsmith_flow::{
    Commit, Committed, Filter, FlowStore, Graph, Misfire, Output, Plan, RunStatus, Schedule,
    Standing, Started, StepError, StepPlan, StepStatus, Wait,
};
use serde_json::{Value, json};

use crate::backends::{World, on_every_back_end, step};

/// Runs steps until none is ready; each gives its key and what `output` says of it.
fn work(world: &World, mut output: impl FnMut(&str) -> Output) -> Vec<String> {
    let mut ran = Vec::new();
    while let Some(claimed) = world.flows.claim(&world.worker, 1, 30_000).unwrap().pop() {
        let key = claimed.plan.key.clone();
        let commit = Commit::new(&claimed, output(&key));
        assert_eq!(world.flows.commit(&[commit]).unwrap(), [Committed::Stored]);
        ran.push(key);
    }
    ran
}

fn done(key: &str) -> Output {
    Output::Done(json!(key))
}

fn waits(signal: &str) -> Output {
    Output::Waits(Wait {
        signal: Some(signal.into()),
        ..Wait::default()
    })
}

fn diamond() -> Vec<StepPlan> {
    vec![
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["a"]),
        step("d", &["b", "c"]),
    ]
}

fn on_all(test: impl Fn(&World)) {
    on_every_back_end(1, |_, _, store: Arc<dyn StateStore>| {
        test(&World::new(store));
    });
}

#[test]
fn a_run_again_from_a_step_takes_over_what_does_not_come_after_it() {
    on_all(|world| {
        world.start("one", &diamond());
        work(world, done);
        assert_eq!(
            world.flows.rerun("one", "two", Some("c")).unwrap(),
            Started::New
        );
        assert_eq!(
            world.flows.rerun("one", "two", Some("c")).unwrap(),
            Started::Already
        );
        assert_eq!(world.flows.output("two", "b").unwrap(), Some(json!("b")));
        assert_eq!(work(world, |key| Output::Done(json!([key]))), ["c", "d"]);
        let run = world.flows.run("two").unwrap();
        assert_eq!((run.status, run.inputs), (RunStatus::Done, json!({"n": 1})));
        assert_eq!(world.flows.output("two", "d").unwrap(), Some(json!(["d"])));
        assert_eq!(
            world.flows.output("one", "d").unwrap(),
            Some(json!("d")),
            "the old run stays"
        );
        assert_eq!(
            world.flows.rerun("one", "three", None).unwrap(),
            Started::New
        );
        assert_eq!(work(world, done), ["a", "b", "c", "d"]);
        let error = world.flows.rerun("one", "four", Some("dd")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no step `dd`; did you mean `d`",
            "{error}"
        );
    });
}

#[test]
fn a_run_again_adds_steps_anew_and_keeps_those_that_it_need_not() {
    on_all(|world| {
        let plan = [
            step("load", &[]),
            step("map", &["load"]),
            step("end", &["map"]),
        ];
        world.start("one", &plan);
        let spawn = |key: &str, world: &World| {
            let claimed = world
                .flows
                .claim(&world.worker, 1, 30_000)
                .unwrap()
                .pop()
                .unwrap();
            assert_eq!(claimed.plan.key, key);
            let added = vec![step("map#0", &[]), step("map#1", &[])];
            let commit = Commit::new(&claimed, done(key));
            let commit = if key == "map" {
                commit.spawning(added)
            } else {
                commit
            };
            assert_eq!(world.flows.commit(&[commit]).unwrap(), [Committed::Stored]);
        };
        spawn("load", world);
        spawn("map", world);
        assert_eq!(work(world, done), ["map#0", "map#1", "end"]);
        world.flows.rerun("one", "two", Some("map#1")).unwrap();
        assert_eq!(
            work(world, done),
            ["map#1", "end"],
            "one item and what comes after"
        );
        world.flows.rerun("one", "three", Some("map")).unwrap();
        spawn("map", world);
        assert_eq!(work(world, done), ["map#0", "map#1", "end"]);
        assert_eq!(world.flows.run("three").unwrap().status, RunStatus::Done);
    });
}

#[test]
fn a_waiting_run_moves_to_another_definition_only_by_command() {
    on_all(|world| {
        world.start(
            "one",
            &[step("a", &[]), step("ask", &["a"]), step("old", &["ask"])],
        );
        let at = |key: &str| if key == "ask" { waits("go") } else { done(key) };
        assert_eq!(work(world, at), ["a", "ask"]);
        let plan = Plan::new(vec![
            step("a", &[]),
            step("more", &["a"]),
            step("ask", &["a"]),
            step("new", &["ask", "more"]),
        ])
        .unwrap();
        assert!(world.flows.migrate("one", &plan).unwrap());
        assert!(
            !world.flows.migrate("one", &plan).unwrap(),
            "it is there already"
        );
        assert_eq!(world.flows.run("one").unwrap().plan_hash, plan.hash());
        assert!(
            world.flows.step("one", "old").is_err(),
            "what is no more is gone"
        );
        assert_eq!(
            world.flows.step("one", "ask").unwrap().status,
            StepStatus::Waiting
        );
        assert_eq!(
            world.flows.output("one", "a").unwrap(),
            Some(json!("a")),
            "what is done stays"
        );
        assert_eq!(work(world, done), ["more"]);
        world.flows.signal("one", "go", &json!("yes")).unwrap();
        assert_eq!(work(world, done), ["new"]);
        assert_eq!(world.flows.run("one").unwrap().status, RunStatus::Done);
        let error = world
            .flows
            .migrate("one", &Plan::new(diamond()).unwrap())
            .unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-005");
        world.start("two", &diamond());
        let held = world.flows.claim(&world.worker, 1, 30_000).unwrap();
        let error = world.flows.migrate("two", &plan).unwrap_err();
        assert!(error.to_string().contains("running step `a`"), "{error}");
        drop(held);
    });
}

#[test]
fn a_run_made_urgent_goes_before_others_that_waited_as_long() {
    on_all(|world| {
        // Within one partition: there the order is strict.
        let ids: Vec<String> = (0..).map(|n| format!("run-{n}")).take(12).collect();
        for id in &ids {
            world.start(id, &[step("only", &[])]);
        }
        world.flows.set_priority(&ids[11], 9).unwrap();
        let first = world.flows.claim(&world.worker, 1, 30_000).unwrap();
        assert_eq!(first[0].held.run, ids[11]);
        assert_eq!(
            world.flows.set_priority(&ids[0], 10).unwrap_err().code(),
            "BS-FLOW-001"
        );
        assert_eq!(
            world.flows.set_priority("none", 1).unwrap_err().code(),
            "BS-FLOW-002"
        );
    });
}

#[test]
fn runs_are_found_by_how_they_stand_their_workflow_and_age() {
    on_all(|world| {
        for id in ["old", "wait", "fail", "paused", "run"] {
            world.start(id, &[step(id, &[])]);
            world.pass(1000);
        }
        world.flows.pause("paused").unwrap();
        let failed = || {
            Output::Failed(StepError {
                class: "x".into(),
                message: "no".into(),
            })
        };
        while let Some(claimed) = world.flows.claim(&world.worker, 1, 30_000).unwrap().pop() {
            let output = match claimed.plan.key.as_str() {
                "wait" => waits("go"),
                "fail" => failed(),
                "old" => done("old"),
                _ => continue,
            };
            let _ = world
                .flows
                .commit(&[Commit::new(&claimed, output)])
                .unwrap();
        }
        for (standing, wanted) in [
            (Standing::Running, "run"),
            (Standing::Waiting, "wait"),
            (Standing::Paused, "paused"),
            (Standing::Done, "old"),
            (Standing::Failed, "fail"),
        ] {
            let filter = Filter {
                standings: vec![standing],
                ..Filter::default()
            };
            let found = world.flows.find(&filter, 10).unwrap();
            let ids: Vec<_> = found.iter().map(|(run, _)| run.id.as_str()).collect();
            assert_eq!(ids, [wanted], "{standing}");
        }
        let all = world.flows.find(&Filter::default(), 3).unwrap();
        let ids: Vec<_> = all.iter().map(|(run, _)| run.id.as_str()).collect();
        assert_eq!(
            ids,
            ["run", "paused", "fail"],
            "newest first, at most three"
        );
        let before_ms = Some(world.flows.run("wait").unwrap().created_ms);
        let old = world
            .flows
            .find(
                &Filter {
                    before_ms,
                    ..Filter::default()
                },
                10,
            )
            .unwrap();
        assert_eq!(old[0].0.id, "old");
        let other = Filter {
            workflow: Some("other".into()),
            ..Filter::default()
        };
        assert!(world.flows.find(&other, 10).unwrap().is_empty());
        assert_eq!(world.flows.resolve("latest").unwrap(), "run");
        assert_eq!(world.flows.resolve("pa").unwrap(), "paused");
        world.start("runs", &[step("x", &[])]);
        assert_eq!(
            world.flows.resolve("run").unwrap(),
            "run",
            "an id is itself"
        );
        assert_eq!(world.flows.resolve("ru").unwrap_err().code(), "BS-FLOW-005");
        let error = world.flows.resolve("waitt").unwrap_err();
        assert!(error.to_string().contains("did you mean `wait`"), "{error}");
    });
}

#[test]
fn a_graph_leaves_out_what_other_edges_say_already() {
    let mut steps = diamond();
    steps.push(step("e", &["a", "b", "d"]));
    let text = Graph::of_plan(&Plan::new(steps).unwrap()).mermaid();
    assert_eq!(
        text.matches("-->").count(),
        5,
        "a to b and c, both to d, d to e: {text}"
    );
}

fn schedule(misfire: Misfire) -> Schedule {
    Schedule {
        name: "nightly".into(),
        cron: "0 2 * * *".into(),
        zone: "UTC".into(),
        misfire,
        workflow: "test".into(),
        plan: Plan::new(vec![step("only", &[])]).unwrap(),
        inputs: Value::Null,
        timeout_ms: None,
    }
}

#[test]
fn a_schedule_starts_each_run_once_whoever_fires_it() {
    on_all(|world| {
        let state = world.flows.schedule(&schedule(Misfire::One)).unwrap();
        assert!(world.flows.fire_schedules().unwrap().is_empty(), "not due");
        world.pass(state.next_ms - world.flows.now_ms().unwrap());
        assert_eq!(world.flows.fire_schedules().unwrap().len(), 1);
        assert!(world.flows.fire_schedules().unwrap().is_empty());
        world.pass(3 * 86_400_000 + 7_200_000);
        let missed = world.flows.fire_schedules().unwrap();
        assert_eq!(missed.len(), 1, "one for all that were missed");
        let state = &world.flows.schedules().unwrap()[0];
        assert_eq!((state.fired, state.missed), (2, 2));
        assert_eq!(state.last_run.as_ref(), missed.last());
        assert_eq!(world.flows.runs().unwrap().len(), 2);
    });
}

#[test]
fn missed_times_are_skipped_or_all_run_as_the_schedule_says_and_a_held_one_starts_nothing() {
    on_all(|world| {
        for (misfire, wanted) in [(Misfire::Skip, 0), (Misfire::All, 3)] {
            let state = world.flows.schedule(&schedule(misfire)).unwrap();
            world.pass(state.next_ms - world.flows.now_ms().unwrap() + 2 * 86_400_000 + 7_200_000);
            assert_eq!(
                world.flows.fire_schedules().unwrap().len(),
                wanted,
                "{misfire:?}"
            );
        }
        world.flows.pause_schedule("nightly", true).unwrap();
        world.pass(2 * 86_400_000);
        assert!(world.flows.fire_schedules().unwrap().is_empty());
        let state = world.flows.pause_schedule("nightly", false).unwrap();
        assert!(
            state.next_ms > world.flows.now_ms().unwrap(),
            "what passed while it was held is past"
        );
        let error = world.flows.pause_schedule("nigthly", true).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `nightly`"),
            "{error}"
        );
        assert!(world.flows.unschedule("nightly").unwrap());
        assert!(!world.flows.unschedule("nightly").unwrap());
    });
}

#[test]
fn the_depth_of_queues_and_what_happened_is_told_for_prometheus() {
    on_all(|world| {
        world.start("one", &[step("a", &[]), step("b", &[])]);
        world.pass(90_000);
        let depth = world.flows.depth().unwrap();
        assert_eq!(
            (depth.queues[0].ready, depth.queues[0].oldest_ms),
            (2, 90_000)
        );
        let held = world.flows.claim(&world.worker, 1, 1000).unwrap();
        world.pass(2000);
        assert_eq!(held.len(), 1);
        work(world, done);
        let depth = world.flows.depth().unwrap();
        assert!(depth.queues.is_empty(), "{depth:?}");
        let text = depth.prometheus();
        for line in [
            "botsmith_flow_leases_expired_total 1",
            "botsmith_flow_steps_claimed_total 3",
            "botsmith_flow_steps_done_total 2",
            "botsmith_flow_ready_steps 0",
            "botsmith_flow_dead_letters 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    });
}

#[test]
fn a_graph_of_a_run_shows_how_steps_stand_and_many_added_ones_as_one() {
    let world = World::new(Arc::new(botsmith_core::store::MemoryStore::new()));
    world.start("one", &[step("map", &[]), step("end", &["map"])]);
    let claimed = world
        .flows
        .claim(&world.worker, 1, 30_000)
        .unwrap()
        .pop()
        .unwrap();
    let added = (0..9).map(|n| step(&format!("map#{n}"), &[])).collect();
    let commit = Commit::new(&claimed, done("map")).spawning(added);
    let _ = world.flows.commit(&[commit]).unwrap();
    let graph = Graph::of_run(&world.flows.steps("one").unwrap());
    let text = graph.mermaid();
    assert!(
        text.contains("map#35;… (9 steps)") && text.contains("9 ready"),
        "{text}"
    );
    assert!(text.contains(":::done") && text.contains("--o"), "{text}");
    assert_eq!(graph.svg().matches("<g class=\"node").count(), 3);
}

#[test]
fn flows_of_a_newer_layout_are_refused_and_left_as_they_are() {
    on_every_back_end(1, |back_end, _, store| {
        drop(FlowStore::open(store.clone()).unwrap());
        let layout = store.get("flow/meta", "layout").unwrap().unwrap();
        let mut newer: serde_json::Value = serde_json::from_slice(&layout.value).unwrap();
        newer["schema"] = json!(newer["schema"].as_i64().unwrap() + 1);
        let bytes = serde_json::to_vec(&newer).unwrap();
        let put = Transaction::new().put("layout", bytes.clone());
        store
            .transact("flow/meta", put)
            .unwrap()
            .committed()
            .unwrap();
        let error = FlowStore::open(store.clone()).unwrap_err();
        assert_eq!(error.code(), "BS-CORE-015", "{back_end}: {error}");
        let left = store.get("flow/meta", "layout").unwrap().unwrap();
        assert_eq!(left.value, bytes);
    });
}
