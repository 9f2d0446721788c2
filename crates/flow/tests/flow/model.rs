//! Random histories, compared step by step with a plain model that counts nothing: after each
//! transition it looks at all steps anew until nothing changes.

use std::collections::BTreeMap;

use botsmith_flow::{
    Beat, Claimed, Commit, Committed, OnFailure, Output, Retry, RunIf, RunStatus, StepError,
    StepPlan, StepStatus, Wait,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::backends::{World, on_every_back_end, step};

const LEASE: u64 = 1000;
const STEPS: usize = 6;

#[derive(Clone, Debug)]
enum Move {
    Claim(usize),
    Commit(usize, u8),
    /// A commit and a claim in one go.
    Turn(usize, u8, usize),
    Beat(usize),
    Pass(u64),
    Signal,
    Pause,
    Resume,
    Cancel,
    Requeue,
}

fn plan() -> impl Strategy<Value = Vec<StepPlan>> {
    let one = (
        any::<u8>(),
        0..3_u8,
        any::<bool>(),
        1..3_u32,
        0..2_u32,
        0..10_u8,
    );
    prop::collection::vec(one, 1..STEPS).prop_map(|steps| {
        let each = steps.into_iter().enumerate();
        each.map(
            |(at, (needs, run_if, goes_on, max, max_expiries, priority))| {
                let needs: Vec<_> = (0..at)
                    .filter(|other| needs >> other & 1 == 1)
                    .map(|other| format!("s{other}"))
                    .collect();
                let needs: Vec<_> = needs.iter().map(String::as_str).collect();
                StepPlan {
                    run_if: [RunIf::Done, RunIf::Failed, RunIf::Always][usize::from(run_if)],
                    on_failure: if goes_on {
                        OnFailure::Continue
                    } else {
                        OnFailure::Fail
                    },
                    retry: Retry {
                        max,
                        base_ms: 0,
                        ..Retry::default()
                    },
                    max_expiries,
                    priority,
                    ..step(&format!("s{at}"), &needs)
                }
            },
        )
        .collect()
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        8 => (1..3_usize).prop_map(Move::Claim),
        8 => (any::<usize>(), 0..6_u8).prop_map(|(at, output)| Move::Commit(at, output)),
        8 => (any::<usize>(), 0..6_u8, 1..3_usize).prop_map(|(at, output, n)| Move::Turn(at, output, n)),
        2 => any::<usize>().prop_map(Move::Beat),
        3 => (1..LEASE).prop_map(Move::Pass),
        1 => Just(Move::Signal),
        1 => Just(Move::Pause),
        2 => Just(Move::Resume),
        1 => any::<bool>().prop_filter_map("rare", |yes| yes.then_some(Move::Cancel)),
        1 => Just(Move::Requeue),
    ];
    prop::collection::vec(one, 1..40)
}

#[derive(Clone, Debug)]
struct Step {
    plan: StepPlan,
    status: StepStatus,
    /// Skipped by its own commit.
    by_itself: bool,
    deadline: u64,
    until: Option<u64>,
    failures: u32,
    expiries: u32,
    /// The place in the list of claims of the attempt that runs, and of the one that committed.
    runs: Option<usize>,
    committed: Option<usize>,
}

struct Model {
    steps: BTreeMap<String, Step>,
    now: u64,
    failed: bool,
    paused: bool,
    status: RunStatus,
    signalled: bool,
}

impl Model {
    /// Looks at all steps until nothing changes, then at the run.
    fn settle(&mut self) {
        loop {
            let before: Vec<_> = self.steps.values().map(|step| step.status).collect();
            let fails = |step: &Step| {
                matches!(step.status, StepStatus::Failed | StepStatus::Dead)
                    && step.plan.on_failure == OnFailure::Fail
            };
            self.failed = self.status != RunStatus::Cancelled && self.steps.values().any(fails);
            let statuses: BTreeMap<_, _> = self
                .steps
                .iter()
                .map(|(key, step)| (key.clone(), step.status))
                .collect();
            for step in self.steps.values_mut() {
                let begun = step.status == StepStatus::Running || step.status.is_final();
                if begun {
                    continue;
                }
                if self.status == RunStatus::Cancelling {
                    step.status = StepStatus::Cancelled;
                } else if self.failed && step.plan.run_if == RunIf::Done {
                    step.status = StepStatus::Skipped;
                } else if step.status == StepStatus::Pending {
                    let needs: Vec<_> = step.plan.needs.iter().map(|need| statuses[need]).collect();
                    if needs.iter().all(|need| need.is_final()) {
                        let bad = |need: &StepStatus| {
                            matches!(need, StepStatus::Failed | StepStatus::Dead)
                        };
                        let runs = match step.plan.run_if {
                            RunIf::Always => true,
                            RunIf::Failed => needs.iter().any(bad),
                            RunIf::Done => needs.iter().all(|need| *need == StepStatus::Done),
                        };
                        step.status = if runs {
                            StepStatus::Ready
                        } else {
                            StepStatus::Skipped
                        };
                    }
                }
            }
            let after: Vec<_> = self.steps.values().map(|step| step.status).collect();
            if before == after {
                break;
            }
        }
        if !self.status.is_final() && self.steps.values().all(|step| step.status.is_final()) {
            self.status = match self.status {
                RunStatus::Cancelling => RunStatus::Cancelled,
                _ if self.failed => RunStatus::Failed,
                _ => RunStatus::Done,
            };
        }
    }

    /// What time does; one step after another, as each moves the others on.
    fn promote(&mut self) {
        let mut due: Vec<_> = self
            .steps
            .iter()
            .filter_map(|(key, step)| {
                let at = match step.status {
                    StepStatus::Running => step.deadline,
                    StepStatus::Delayed | StepStatus::Waiting => step.until?,
                    _ => return None,
                };
                (at <= self.now).then(|| (at, key.clone()))
            })
            .collect();
        due.sort();
        for (_, key) in due {
            let (failed, cancelling) = (self.failed, self.status == RunStatus::Cancelling);
            let step = self.steps.get_mut(&key).unwrap();
            match step.status {
                StepStatus::Running => {
                    step.runs = None;
                    step.expiries += 1;
                    step.status = if cancelling {
                        StepStatus::Cancelled
                    } else if step.expiries > step.plan.max_expiries {
                        StepStatus::Dead
                    } else if failed && step.plan.run_if == RunIf::Done {
                        StepStatus::Skipped
                    } else {
                        StepStatus::Ready
                    };
                }
                StepStatus::Delayed => step.status = StepStatus::Ready,
                StepStatus::Waiting => step.status = StepStatus::Done,
                _ => {}
            }
            self.settle();
        }
    }

    fn commit(&mut self, at: usize, claimed: &Claimed, output: u8) -> Committed {
        let (failed, cancelling) = (self.failed, self.status == RunStatus::Cancelling);
        let (now, signalled) = (self.now, self.signalled);
        let step = self.steps.get_mut(&claimed.plan.key).unwrap();
        if step.committed == Some(at) {
            return Committed::Already(step.status);
        }
        if step.runs != Some(at) {
            return Committed::Fenced;
        }
        (step.runs, step.committed) = (None, Some(at));
        match output {
            0..=2 => step.status = StepStatus::Done,
            3 => {
                step.failures += 1;
                let stopped = cancelling || failed && step.plan.run_if == RunIf::Done;
                if step.failures < step.plan.retry.max && !stopped {
                    step.status = StepStatus::Delayed;
                    step.until = Some(now);
                } else {
                    step.status = StepStatus::Failed;
                }
            }
            4 => {
                step.status = StepStatus::Skipped;
                step.by_itself = true;
            }
            _ if cancelling => step.status = StepStatus::Cancelled,
            _ if signalled => step.status = StepStatus::Done,
            _ => {
                step.status = StepStatus::Waiting;
                step.until = Some(now + 500);
            }
        }
        self.settle();
        Committed::Stored
    }
}

impl Model {
    /// Steps were claimed.
    fn begin(&mut self, claims: &mut Vec<Claimed>, claimed: Vec<Claimed>) {
        let held = self.paused || self.status != RunStatus::Running;
        assert!(claimed.is_empty() || !held);
        for claimed in claimed {
            let step = self.steps.get_mut(&claimed.plan.key).unwrap();
            assert_eq!(step.status, StepStatus::Ready, "{}", claimed.plan.key);
            step.status = StepStatus::Running;
            step.deadline = self.now + LEASE;
            step.runs = Some(claims.len());
            claims.push(claimed);
        }
    }
}

fn output(kind: u8, now: u64) -> Output {
    match kind {
        0..=2 => Output::Done(json!(kind)),
        3 => Output::Failed(StepError {
            class: "x".into(),
            message: "y".into(),
        }),
        4 => Output::Skipped,
        _ => Output::Waits(Wait {
            signal: Some("go".into()),
            until_ms: Some(now + 500),
            default: Some(json!("default")),
            ..Wait::default()
        }),
    }
}

fn history(world: &World, steps: &[StepPlan], moves: &[Move]) {
    let run = "r";
    world.start(run, steps);
    let fresh = |plan: &StepPlan| Step {
        plan: plan.clone(),
        status: StepStatus::Pending,
        by_itself: false,
        deadline: 0,
        until: None,
        failures: 0,
        expiries: 0,
        runs: None,
        committed: None,
    };
    let mut model = Model {
        steps: steps
            .iter()
            .map(|plan| (plan.key.clone(), fresh(plan)))
            .collect(),
        now: world.flows.now_ms().unwrap(),
        failed: false,
        paused: false,
        status: RunStatus::Running,
        signalled: false,
    };
    model.settle();
    let mut claims: Vec<Claimed> = Vec::new();
    for one in moves {
        match one {
            Move::Claim(n) => {
                model.promote();
                let claimed = world.flows.claim(&world.worker, *n, LEASE).unwrap();
                let open = model
                    .steps
                    .values()
                    .filter(|step| step.status == StepStatus::Ready)
                    .count();
                let held = model.paused || model.status != RunStatus::Running;
                assert_eq!(claimed.len(), if held { 0 } else { open.min(*n) });
                model.begin(&mut claims, claimed);
            }
            Move::Turn(at, kind, n) if !claims.is_empty() => {
                model.promote();
                let at = at % claims.len();
                let wanted = model.commit(at, &claims[at], *kind);
                let commit = Commit::new(&claims[at], output(*kind, model.now));
                let turn = world.flows.turn(&[commit], &world.worker, *n, LEASE);
                let turn = turn.unwrap();
                match (turn.committed[0], wanted) {
                    // How it stood just before what is due was moved on.
                    (Committed::Already(_), Committed::Already(_)) => {}
                    (found, wanted) => assert_eq!(found, wanted),
                }
                // Fewer than there are, where the commit took away what stood first.
                assert!(turn.claimed.len() <= *n);
                model.begin(&mut claims, turn.claimed);
            }
            Move::Commit(at, kind) if !claims.is_empty() => {
                let at = at % claims.len();
                let wanted = model.commit(at, &claims[at], *kind);
                let commit = Commit::new(&claims[at], output(*kind, model.now));
                assert_eq!(world.flows.commit(&[commit]).unwrap(), [wanted]);
            }
            Move::Beat(at) if !claims.is_empty() => {
                let at = at % claims.len();
                let step = model.steps.get_mut(&claims[at].plan.key).unwrap();
                let wanted = if step.runs != Some(at) {
                    Beat::Fenced
                } else if model.status == RunStatus::Cancelling {
                    Beat::Cancelled
                } else {
                    step.deadline = model.now + LEASE;
                    Beat::Held(step.deadline)
                };
                assert_eq!(
                    world
                        .flows
                        .heartbeat(std::slice::from_ref(&claims[at].held), LEASE)
                        .unwrap(),
                    [wanted]
                );
            }
            Move::Pass(ms) => {
                world.pass(*ms);
                model.now += ms;
            }
            Move::Signal if !model.status.is_final() => {
                world.flows.signal(run, "go", &json!("went")).unwrap();
                model.signalled = true;
                for step in model.steps.values_mut() {
                    if step.status == StepStatus::Waiting {
                        step.status = StepStatus::Done;
                    }
                }
                model.settle();
            }
            Move::Pause if !model.status.is_final() => {
                world.flows.pause(run).unwrap();
                model.paused = true;
            }
            Move::Resume => {
                world.flows.resume(run).unwrap();
                model.paused = false;
            }
            Move::Cancel => {
                if model.status == RunStatus::Running {
                    model.status = RunStatus::Cancelling;
                    model.settle();
                }
                assert_eq!(world.flows.cancel(run).unwrap(), model.status);
            }
            Move::Requeue => requeue(world, &mut model, run),
            _ => {}
        }
        compare(world, &model, run, one);
    }
}

fn requeue(world: &World, model: &mut Model, run: &str) {
    let cancelled = matches!(model.status, RunStatus::Cancelling | RunStatus::Cancelled);
    let failed = |step: &Step| matches!(step.status, StepStatus::Failed | StepStatus::Dead);
    if cancelled || !model.steps.values().any(failed) {
        assert!(world.flows.requeue(run).is_err());
        return;
    }
    world.flows.requeue(run).unwrap();
    model.status = RunStatus::Running;
    for step in model.steps.values_mut() {
        if failed(step) || step.status == StepStatus::Skipped && !step.by_itself {
            step.status = StepStatus::Pending;
            (step.failures, step.expiries) = (0, 0);
        }
    }
    model.settle();
}

fn compare(world: &World, model: &Model, run: &str, after: &Move) {
    let found = world.flows.run(run).unwrap();
    assert_eq!(found.status, model.status, "after {after:?}");
    let steps = world.flows.steps(run).unwrap();
    for step in &steps {
        let wanted = &model.steps[&step.plan.key];
        assert_eq!(
            step.status, wanted.status,
            "{} after {after:?}",
            step.plan.key
        );
        assert_eq!(
            step.attempt.is_some(),
            wanted.runs.is_some(),
            "{}",
            step.plan.key
        );
    }
    let open = steps.iter().filter(|step| !step.status.is_final()).count() as u64;
    assert_eq!(found.open, open, "after {after:?}");
}

#[test]
fn every_back_end_does_as_the_model() {
    on_every_back_end(24, |back_end, round, store| {
        let config = ProptestConfig {
            // Memory is quick and shrinks well; what others add is seen in fewer histories.
            cases: if back_end == "memory" { 60 } else { 3 },
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let names = std::cell::Cell::new(0);
        let ran = TestRunner::new(config).run(&(plan(), moves()), |(steps, moves)| {
            names.set(names.get() + 1);
            // Each history has an empty store.
            for partition in store.partitions("flow/", None, usize::MAX).unwrap() {
                store.delete_partition(&partition).unwrap();
            }
            history(&World::new(std::sync::Arc::clone(&store)), &steps, &moves);
            Ok(())
        });
        if let Err(error) = ran {
            panic!(
                "{back_end}, round {round}, history {}: {error}",
                names.get()
            );
        }
    });
}
