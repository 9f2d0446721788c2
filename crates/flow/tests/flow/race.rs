//! Workers that race, some of which stall past their lease: every step's result is stored once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use botsmith_flow::{
    Claimant, Claimed, Commit, Committed, Concurrency, FlowStore, Output, Plan, RunStatus, StepPlan,
};
use serde_json::json;

use crate::backends::{on_every_back_end, step};

/// Fan out six, fan in, under a concurrency key.
fn plan() -> Plan {
    let patient = |key: &str, needs: &[&str]| StepPlan {
        max_expiries: 100,
        ..step(key, needs)
    };
    let mut steps = vec![patient("split", &[])];
    let parts: Vec<_> = (0..6).map(|n| format!("part#{n}")).collect();
    for part in &parts {
        steps.push(StepPlan {
            concurrency: Some(Concurrency {
                key: "parts".into(),
                limit: 3,
            }),
            ..patient(part, &["split"])
        });
    }
    let needs: Vec<_> = parts.iter().map(String::as_str).collect();
    steps.push(patient("join", &needs));
    Plan::new(steps).unwrap()
}

#[test]
fn racing_and_stalling_workers_store_every_result_once_and_never_over_admit() {
    on_every_back_end(1, |back_end, _, store| {
        let flows = FlowStore::open(store).unwrap();
        for run in 0..4 {
            flows
                .start(&format!("run-{run}"), "race", &plan(), &json!({}))
                .unwrap();
        }
        let stored: Mutex<BTreeMap<String, u32>> = Mutex::default();
        let fenced = AtomicU64::new(0);
        let began = Instant::now();
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (flows, stored, fenced) = (&flows, &stored, &fenced);
                scope.spawn(move || {
                    let worker = Claimant::new([]);
                    let mut turn = thread;
                    let count = |claimed: &Claimed, commit: Commit, answer| match answer {
                        Committed::Stored => {
                            let key = claimed.idempotency_key.clone();
                            *stored.lock().unwrap().entry(key).or_default() += 1;
                            // Sent again, as after a lost answer.
                            let again = flows.commit(&[commit]).unwrap()[0];
                            assert!(matches!(again, Committed::Already(_)), "{again:?}");
                        }
                        Committed::Already(status) => panic!("already {status:?}"),
                        Committed::Fenced => drop(fenced.fetch_add(1, Ordering::Relaxed)),
                    };
                    let mut ended: Vec<(Claimed, Commit)> = Vec::new();
                    while flows
                        .runs()
                        .unwrap()
                        .iter()
                        .any(|run| !run.status.is_final())
                    {
                        assert!(
                            began.elapsed() < Duration::from_secs(120),
                            "it does not end"
                        );
                        let commits: Vec<_> = ended.iter().map(|(_, one)| one.clone()).collect();
                        // In one write, or in small ones that go together.
                        let each = if thread < 2 { 1 } else { usize::MAX };
                        let done = flows.turn_by(&commits, &worker, 3, 300, each).unwrap();
                        for ((claimed, commit), answer) in ended.drain(..).zip(done.committed) {
                            count(&claimed, commit, answer);
                        }
                        for claimed in done.claimed {
                            assert!(flows.permits("parts").unwrap() <= 3);
                            turn += 1;
                            if turn % 11 == 0 {
                                thread::sleep(Duration::from_millis(400));
                            }
                            let output = Output::Done(json!(worker.id));
                            let commit = Commit::new(&claimed, output);
                            if thread.is_multiple_of(2) {
                                let answer =
                                    flows.commit(std::slice::from_ref(&commit)).unwrap()[0];
                                count(&claimed, commit, answer);
                            } else {
                                // With the next claim, in one go.
                                ended.push((claimed, commit));
                            }
                        }
                        thread::sleep(Duration::from_millis(2));
                    }
                });
            }
        });
        let stored = stored.into_inner().unwrap();
        assert_eq!(stored.len(), 4 * 8, "{back_end}");
        assert!(
            stored.values().all(|times| *times == 1),
            "{back_end}: {stored:?}"
        );
        for run in flows.runs().unwrap() {
            assert_eq!(run.status, RunStatus::Done);
            let done = flows.events(&run.id, 0, usize::MAX).unwrap();
            assert_eq!(done.iter().filter(|event| event.what == "done").count(), 8);
        }
        eprintln!(
            "{back_end}: {} fenced, {:?}",
            fenced.into_inner(),
            began.elapsed()
        );
    });
}
