//! Life and death of workers: heartbeats, lost leases, draining, what each can run, devices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use botsmith_flow::{Kind, Kinds, RunStatus, StepStatus, Type, Worker};
use serde_json::json;

use crate::{memory, output, status, test_kinds, wait_for, worker, workflow};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn heartbeats_go_on_while_steps_block_every_thread_of_the_runtime() {
    let flows = memory();
    let lines: Vec<_> = (0..8)
        .map(|n| format!("  b{n}: {{uses: block, with: {{ms: 1200}}}}"))
        .collect();
    let workflow = workflow(&format!("steps:\n{}", lines.join("\n")));
    flows
        .start("r", "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let lease = Duration::from_millis(300);
    let workers: Vec<_> = (0..2)
        .map(|_| worker(&flows).concurrency(8).lease(lease).start().unwrap())
        .collect();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    for n in 0..8 {
        let step = flows.step("r", &format!("b{n}")).unwrap();
        assert_eq!((step.attempts, step.expiries), (1, 0), "no lease ran out");
    }
    for running in workers {
        running.drain(SECOND);
        assert_eq!(running.join().fenced, 0);
    }
}

#[test]
fn a_worker_that_drains_finishes_what_it_has_and_gives_the_rest_back() {
    let flows = memory();
    let workflow = workflow(
        "steps:\n  short: {uses: sleep, with: {ms: 200}}\n  long: {uses: sleep, with: {ms: 60000}}\n  next: {uses: echo, needs: [short], with: {value: 1}}",
    );
    flows
        .start("r", "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let running = worker(&flows).start().unwrap();
    assert_eq!(flows.workers().unwrap()[0].id, running.id());
    wait_for("both", || {
        status(&flows, "short") == StepStatus::Running
            && status(&flows, "long") == StepStatus::Running
    });
    let began = Instant::now();
    running.drain(Duration::from_millis(700));
    let tally = running.join();
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((tally.claimed, tally.stored), (2, 2));
    assert_eq!(status(&flows, "short"), StepStatus::Done);
    assert_eq!(
        status(&flows, "next"),
        StepStatus::Ready,
        "it claimed no more"
    );
    let long = flows.step("r", "long").unwrap();
    assert_eq!(
        (long.status, long.failures, long.expiries),
        (StepStatus::Ready, 0, 0)
    );
    assert!(
        flows.workers().unwrap().is_empty(),
        "it said that it is gone"
    );
}

#[test]
fn steps_that_no_live_worker_can_run_are_named() {
    let flows = memory();
    let workflow = workflow(
        "steps:\n  gpu: {uses: echo, requires: ['device:cuda', big], with: {value: 1}}\n  cmd: {uses: command, with: {run: ['true']}}\n  plain: {uses: sleep, with: {ms: 1}}",
    );
    flows
        .start("r", "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let lacking = || -> BTreeMap<String, Vec<String>> {
        let found = flows.stranded("r").unwrap();
        found
            .into_iter()
            .map(|(step, lacks)| (step.plan.key, lacks))
            .collect()
    };
    assert_eq!(lacking().len(), 3, "there is no worker at all");
    let running = worker(&flows).labels(["big"]).start().unwrap();
    wait_for("plain", || status(&flows, "plain") == StepStatus::Done);
    let wanted = BTreeMap::from([
        ("cmd".to_owned(), vec!["kind:command".to_owned()]),
        ("gpu".to_owned(), vec!["device:cuda".to_owned()]),
    ]);
    assert_eq!(lacking(), wanted);
    let folder = tempfile::tempdir().unwrap();
    let able = worker(&flows)
        .labels(["big"])
        .devices(["cuda:0"])
        .slots(folder.path())
        .allow_commands(true)
        .start()
        .unwrap();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    assert!(lacking().is_empty());
    for running in [running, able] {
        running.drain(SECOND);
        running.join();
    }
}

#[test]
fn a_kind_of_another_version_is_left_to_workers_that_have_it() {
    let flows = memory();
    let version = |n: u32| {
        Kinds::builtin().with(
            Kind::new("made", "Is made.")
                .version(n)
                .does(move |_| async move { Ok(json!(n)) }),
        )
    };
    let source = botsmith_core::yaml::Source::new(
        "f.yaml",
        "version: 1\nname: v\nsteps:\n  a: {uses: made}\n",
    );
    let workflow = botsmith_flow::Workflow::parse(&source, &version(2)).unwrap();
    flows
        .start("r", "v", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let old = Worker::new(flows.clone(), version(1)).start().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(flows.stranded("r").unwrap()[0].1, ["kind:made@2"]);
    let new = Worker::new(flows.clone(), version(2)).start().unwrap();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    assert_eq!(output(&flows, "a"), json!(2));
    for running in [old, new] {
        running.drain(SECOND);
        running.join();
    }
}

#[test]
fn two_workers_never_use_one_device_at_once() {
    let flows = memory();
    let folder = tempfile::tempdir().unwrap();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let kinds = || {
        let (now, most) = (now.clone(), most.clone());
        test_kinds().with(
            Kind::new("model", "Loads.")
                .takes("n", Type::Number, "Which.")
                .does_blocking(move |task| {
                    assert_eq!(task.devices(), ["cuda:0"]);
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(json!(null))
                }),
        )
    };
    let source = botsmith_core::yaml::Source::new(
        "f.yaml",
        "version: 1\nname: d\nsteps:\n  each: {uses: map, over: [1, 2, 3, 4, 5, 6], step: {uses: model, requires: ['device:cuda'], with: {n: '{{ item }}'}}}\n",
    );
    let workflow = botsmith_flow::Workflow::parse(&source, &kinds()).unwrap();
    flows
        .start("r", "d", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let worker = Worker::new(flows.clone(), kinds());
            worker
                .poll(Duration::from_millis(10))
                .devices(["cuda:0"])
                .slots(folder.path())
                .start()
                .unwrap()
        })
        .collect();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    assert_eq!(most.load(Ordering::SeqCst), 1);
    for running in workers {
        running.drain(SECOND);
        running.join();
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let flows = memory();
    for (worker, wanted) in [
        (worker(&flows).concurrency(0), "0 steps at once"),
        (
            worker(&flows).lease(Duration::from_millis(1)),
            "a lease is 100 ms",
        ),
        (
            worker(&flows).memory(1).slots("/proc/none"),
            "the folder of slots",
        ),
    ] {
        let error = worker.start().unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-022");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
