//! What is promised, kept by real workers on every back end: a table of cases, each named as its line.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botsmith_flow::{
    Claimant, FlowStore, Kind, Kinds, RunStatus, Running, StepStatus, Type, Worker, Workflow,
};
use serde_json::{Value, json};

use crate::backends::on_every_back_end;
use crate::{test_kinds, wait_for, workflow};

const LEASE: Duration = Duration::from_millis(400);

type Case = (&'static str, fn(&Arc<FlowStore>));

const CASES: &[Case] = &[
    (
        "a step is delivered again when its worker dies",
        at_least_once,
    ),
    ("waiting holds no worker", waiting_is_free),
    (
        "an approval is keyed, and the first word counts",
        first_word,
    ),
    ("a retried step is given the same idempotency key", same_key),
    ("urgent steps come first", urgent_first),
    (
        "a concurrency key never admits too many, over all workers",
        concurrency,
    ),
    (
        "a paused run is not claimed from, and goes on when resumed",
        paused,
    ),
    ("a cancelled run stops what runs", cancelled),
    ("finished items of a map are not repeated", items),
    (
        "a step whose workers all die goes to the dead letters",
        poison,
    ),
    (
        "submitting again with the same id starts nothing twice",
        submit_again,
    ),
];

#[test]
fn workers_keep_the_contract_on_every_back_end() {
    on_every_back_end(CASES.len(), |back_end, round, store| {
        let (name, case) = CASES[round];
        eprintln!("{back_end}: {name}");
        case(&Arc::new(FlowStore::open(store).unwrap()));
    });
}

/// A kind that writes down who was there, and takes its time.
fn noting(noted: &Arc<Mutex<Vec<String>>>) -> Kinds {
    let noted = noted.clone();
    let note = Kind::new("note", "Writes down.")
        .takes("ms", Type::Number, "How long.")
        .does(move |task| {
            let noted = noted.clone();
            async move {
                noted
                    .lock()
                    .unwrap()
                    .push(task.idempotency_key().to_owned());
                tokio::time::sleep(Duration::from_millis(task.with()["ms"].as_u64().unwrap()))
                    .await;
                Ok(json!(null))
            }
        });
    test_kinds().with(note)
}

fn start(flows: &Arc<FlowStore>, kinds: Kinds, slots: usize) -> Running {
    let worker = Worker::new(flows.clone(), kinds)
        .concurrency(slots)
        .lease(LEASE);
    worker.poll(Duration::from_millis(20)).start().unwrap()
}

fn submit(flows: &FlowStore, run: &str, lines: &str) {
    submit_of(flows, run, &workflow(lines));
}

fn submit_of(flows: &FlowStore, run: &str, workflow: &Workflow) {
    flows
        .start(run, "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
}

fn noted_workflow(lines: &str) -> Workflow {
    let text = format!("version: 1\nname: test\n{lines}");
    let source = botsmith_core::yaml::Source::new("flow.yaml", text);
    Workflow::parse(&source, &noting(&Arc::default())).unwrap()
}

fn ends(flows: &FlowStore, run: &str, status: RunStatus) {
    wait_for("the end", || flows.run(run).unwrap().status == status);
}

fn leave(running: Running) {
    running.drain(Duration::from_secs(5));
    running.join();
}

/// A worker that claims, and is never heard of again.
fn dies(flows: &FlowStore) {
    let offers = ["echo", "note"].map(|kind| format!("kind:{kind}"));
    wait_for("a claim", || {
        !flows
            .claim(&Claimant::new(offers.clone()), 1, 100)
            .unwrap()
            .is_empty()
    });
}

fn at_least_once(flows: &Arc<FlowStore>) {
    submit(flows, "r", "steps:\n  a: {uses: echo, with: {value: 1}}");
    dies(flows);
    let running = start(flows, test_kinds(), 2);
    ends(flows, "r", RunStatus::Done);
    let step = flows.step("r", "a").unwrap();
    assert_eq!((step.attempts, step.expiries, step.failures), (2, 1, 0));
    leave(running);
}

fn waiting_is_free(flows: &Arc<FlowStore>) {
    submit(
        flows,
        "r",
        "steps:\n  w1: {uses: wait, with: {for: 200ms}}\n  w2: {uses: signal, with: {name: go}}\n  w3: {uses: flaky, with: {times: 1}, retry: {max: 2, base: 200ms}}\n  a: {uses: echo, with: {value: 1}}",
    );
    let running = start(flows, test_kinds(), 1);
    let status = |step: &str| flows.step("r", step).unwrap().status;
    wait_for("the free step", || status("a") == StepStatus::Done);
    wait_for("the others", || {
        status("w1") == StepStatus::Done && status("w3") == StepStatus::Done
    });
    assert_eq!(status("w2"), StepStatus::Waiting);
    assert!(
        flows.step("r", "w2").unwrap().attempt.is_none(),
        "it holds no lease"
    );
    flows.signal("r", "go", &json!(1)).unwrap();
    ends(flows, "r", RunStatus::Done);
    leave(running);
}

fn first_word(flows: &Arc<FlowStore>) {
    submit(
        flows,
        "r",
        "steps:\n  a: {uses: approval}\n  b: {uses: map, over: [1, 2], step: {uses: approval}}",
    );
    let running = start(flows, test_kinds(), 2);
    for step in ["a", "b#0", "b#1"] {
        wait_for("the approval", || {
            flows
                .step("r", step)
                .is_ok_and(|step| step.status == StepStatus::Waiting)
        });
    }
    flows.decide("r", "b#1", false, Some("me"), None).unwrap();
    flows.decide("r", "b#0", true, Some("me"), None).unwrap();
    let kept = flows.decide("r", "b#0", false, Some("you"), None).unwrap();
    assert_eq!(kept, json!({"approved": true, "by": "me"}));
    flows.decide("r", "a", true, None, Some("fine")).unwrap();
    ends(flows, "r", RunStatus::Done);
    let both = flows.output("r", "b").unwrap().unwrap();
    assert_eq!(
        (&both[0]["approved"], &both[1]["approved"]),
        (&json!(true), &json!(false))
    );
    leave(running);
}

fn same_key(flows: &Arc<FlowStore>) {
    let noted: Arc<Mutex<Vec<String>>> = Arc::default();
    submit_of(
        flows,
        "r",
        &noted_workflow(
            "steps:\n  a: {uses: loop, until: iteration == 2, at-most: 3, step: {uses: note, with: {ms: 1}}}",
        ),
    );
    let running = start(flows, noting(&noted), 1);
    ends(flows, "r", RunStatus::Done);
    assert_eq!(*noted.lock().unwrap(), ["r/a#1", "r/a#2"]);
    submit_of(
        flows,
        "s",
        &noted_workflow("steps:\n  a: {uses: note, with: {ms: 1}}"),
    );
    ends(flows, "s", RunStatus::Done);
    assert_eq!(noted.lock().unwrap().last().unwrap(), "s/a");
    leave(running);
}

fn urgent_first(flows: &Arc<FlowStore>) {
    let noted: Arc<Mutex<Vec<String>>> = Arc::default();
    let lines: Vec<String> = [3, 9, 5, 0]
        .iter()
        .map(|p| format!("  p{p}: {{uses: note, priority: {p}, with: {{ms: 1}}}}"))
        .collect();
    submit_of(
        flows,
        "r",
        &noted_workflow(&format!("steps:\n{}", lines.join("\n"))),
    );
    let running = start(flows, noting(&noted), 1);
    ends(flows, "r", RunStatus::Done);
    assert_eq!(*noted.lock().unwrap(), ["r/p9", "r/p5", "r/p3", "r/p0"]);
    leave(running);
}

fn concurrency(flows: &Arc<FlowStore>) {
    let (now, most) = (Arc::new(Mutex::new(0_i32)), Arc::new(Mutex::new(0_i32)));
    let kinds = || {
        let (now, most) = (now.clone(), most.clone());
        test_kinds().with(
            Kind::new("note", "Counts.")
                .takes("ms", Type::Number, "How long.")
                .does(move |task| {
                    let (now, most) = (now.clone(), most.clone());
                    async move {
                        *now.lock().unwrap() += 1;
                        let there = *now.lock().unwrap();
                        {
                            let mut most = most.lock().unwrap();
                            *most = there.max(*most);
                        }
                        tokio::time::sleep(Duration::from_millis(
                            task.with()["ms"].as_u64().unwrap(),
                        ))
                        .await;
                        *now.lock().unwrap() -= 1;
                        Ok(json!(null))
                    }
                }),
        )
    };
    let lines = "steps:\n  each: {uses: map, over: [1, 2, 3, 4, 5, 6], step: {uses: note, concurrency-key: {key: k, limit: 2}, with: {ms: 20}}}";
    for run in ["r", "s"] {
        submit_of(flows, run, &noted_workflow(lines));
    }
    let crew = [start(flows, kinds(), 4), start(flows, kinds(), 4)];
    for run in ["r", "s"] {
        ends(flows, run, RunStatus::Done);
    }
    assert!((1..=2).contains(&*most.lock().unwrap()), "{most:?}");
    crew.into_iter().for_each(leave);
}

fn paused(flows: &Arc<FlowStore>) {
    submit(flows, "r", "steps:\n  a: {uses: echo, with: {value: 1}}");
    flows.pause("r").unwrap();
    let running = start(flows, test_kinds(), 1);
    submit(
        flows,
        "other",
        "steps:\n  a: {uses: echo, with: {value: 1}}",
    );
    ends(flows, "other", RunStatus::Done);
    assert_eq!(flows.step("r", "a").unwrap().attempts, 0);
    flows.resume("r").unwrap();
    ends(flows, "r", RunStatus::Done);
    leave(running);
}

fn cancelled(flows: &Arc<FlowStore>) {
    submit(
        flows,
        "r",
        "steps:\n  a: {uses: sleep, with: {ms: 60000}}\n  w: {uses: signal, with: {name: never}}",
    );
    let running = start(flows, test_kinds(), 2);
    wait_for("both", || {
        let status = |step: &str| flows.step("r", step).unwrap().status;
        status("a") == StepStatus::Running && status("w") == StepStatus::Waiting
    });
    flows.cancel("r").unwrap();
    ends(flows, "r", RunStatus::Cancelled);
    leave(running);
}

fn items(flows: &Arc<FlowStore>) {
    let noted: Arc<Mutex<Vec<String>>> = Arc::default();
    submit_of(
        flows,
        "r",
        &noted_workflow(
            "steps:\n  m: {uses: map, over: [1, 2, 3], step: {uses: note, with: {ms: 1}}}",
        ),
    );
    // The map adds its items; one of them is begun by a worker that dies.
    let offers = ["kind:map".to_owned()];
    let only_map = Worker::new(flows.clone(), Kinds::builtin())
        .poll(Duration::from_millis(20))
        .start()
        .unwrap();
    wait_for("the items", || flows.step("r", "m#2").is_ok());
    leave(only_map);
    assert!(
        flows
            .claim(&Claimant::new(offers), 9, 100)
            .unwrap()
            .is_empty()
    );
    dies(flows);
    let running = start(flows, noting(&noted), 2);
    ends(flows, "r", RunStatus::Done);
    let each: BTreeSet<String> = noted.lock().unwrap().iter().cloned().collect();
    assert_eq!(noted.lock().unwrap().len(), 3, "{noted:?}");
    assert_eq!(each.len(), 3);
    assert_eq!(
        flows.output("r", "m").unwrap(),
        Some(json!([null, null, null]))
    );
    leave(running);
}

fn poison(flows: &Arc<FlowStore>) {
    submit(flows, "r", "steps:\n  a: {uses: echo, with: {value: 1}}");
    for _ in 0..4 {
        dies(flows);
    }
    let running = start(flows, test_kinds(), 1);
    ends(flows, "r", RunStatus::Failed);
    assert_eq!(flows.dead(9).unwrap(), [("r".to_owned(), "a".to_owned())]);
    flows.requeue("r").unwrap();
    ends(flows, "r", RunStatus::Done);
    assert_eq!(flows.output("r", "a").unwrap(), Some(json!(1)));
    leave(running);
}

fn submit_again(flows: &Arc<FlowStore>) {
    let lines = "steps:\n  a: {uses: echo, with: {value: 1}}";
    submit(flows, "r", lines);
    let running = start(flows, test_kinds(), 1);
    ends(flows, "r", RunStatus::Done);
    submit(flows, "r", lines);
    assert_eq!(flows.step("r", "a").unwrap().attempts, 1);
    let other = workflow("steps:\n  b: {uses: echo, with: {value: 1}}")
        .plan()
        .unwrap();
    let error = flows.start("r", "test", &other, &Value::Null).unwrap_err();
    assert_eq!(error.code(), "BS-FLOW-003");
    leave(running);
}
