//! What is promised, as a table of named cases.

use std::path::Path;
use std::sync::Arc;

use botsmith_core::store::archive;
use botsmith_flow::{
    Beat, Claimant, Claimed, Commit, Committed, Concurrency, OnFailure, Output, Plan, Retry, RunIf,
    RunStatus, Started, StepError, StepPlan, StepStatus, Wait,
};
use serde_json::{Value, json};

use crate::backends::{World, on_every_back_end, step};

const LEASE: u64 = 30_000;

type Case = (&'static str, fn(&World));

const CASES: &[Case] = &[
    (
        "delivery is at least once: a lease that runs out is claimed again",
        at_least_once,
    ),
    (
        "a commit is exactly once: result, successors and event in one write",
        exactly_once,
    ),
    (
        "a stale attempt is fenced at heartbeat and commit",
        stale_is_fenced,
    ),
    ("a commit sent again is known and changes nothing", already),
    (
        "a stale attempt is fenced after an older copy was restored",
        restored,
    ),
    (
        "recovery is continuous: any worker's claim recovers",
        recovery,
    ),
    (
        "a run is pinned to its plan, and starting it again changes nothing",
        pinned,
    ),
    (
        "waiting for time holds no worker and no lease",
        waits_for_time,
    ),
    (
        "waiting for a signal ends with the first signal",
        first_signal,
    ),
    ("a signal that came early counts", early_signal),
    (
        "a wait that nobody answers ends by its default, or fails",
        deadline,
    ),
    (
        "retries back off, by class, and then the step fails",
        retries,
    ),
    (
        "a poison step goes to the dead letters and can be requeued",
        poison,
    ),
    (
        "expired leases are counted apart from failures",
        counted_apart,
    ),
    (
        "a failed step skips its dependants and fails the run",
        failure,
    ),
    (
        "on-failure continue skips only what needs the step",
        on_failure_continue,
    ),
    ("run-if failed and always run after a failure", run_if),
    (
        "a condition that does not hold skips a step and what needs it",
        skipped,
    ),
    (
        "cancel is durable: claim, heartbeat and time hear of it",
        cancel,
    ),
    ("a run that ended stays as it is", absorbing),
    ("pause holds a run and resume lets it go on", pause),
    (
        "urgent steps come first, and waiting makes urgent",
        priorities,
    ),
    ("a concurrency key never admits too many", concurrency),
    (
        "a blocked concurrency key holds up no other step",
        no_hold_up,
    ),
    ("a worker claims only what it can run", requirements),
    (
        "spawned steps have keys of their own and are waited for",
        spawned,
    ),
    ("every attempt has the same idempotency key", idempotency),
    ("events are in order", events),
    ("an output that is too large is refused by name", too_large),
    ("what ended is collected whole, and nothing else", collected),
    ("a batch commits steps of several runs", batches),
    (
        "queues of keys that are over are forgotten, and others never",
        forgotten,
    ),
];

#[test]
fn every_back_end_keeps_the_contract() {
    on_every_back_end(CASES.len(), |back_end, round, store| {
        let (name, case) = CASES[round];
        eprintln!("{back_end}: {name}");
        case(&World::new(store));
    });
}

fn one(world: &World) -> Claimed {
    let mut claimed = world.flows.claim(&world.worker, 1, LEASE).unwrap();
    claimed.pop().expect("a step is there to claim")
}

fn none(world: &World) -> bool {
    world
        .flows
        .claim(&world.worker, 9, LEASE)
        .unwrap()
        .is_empty()
}

fn send(world: &World, claimed: &Claimed, output: Output) -> Committed {
    world.flows.commit(&[Commit::new(claimed, output)]).unwrap()[0]
}

fn beat(world: &World, claimed: &Claimed) -> Beat {
    let held = std::slice::from_ref(&claimed.held);
    world.flows.heartbeat(held, LEASE).unwrap()[0]
}

fn done(world: &World, claimed: &Claimed) -> Committed {
    send(world, claimed, Output::Done(json!(claimed.plan.key)))
}

fn failed(class: &str) -> Output {
    Output::Failed(StepError {
        class: class.into(),
        message: format!("{class} said no"),
    })
}

fn status(world: &World, key: &str) -> StepStatus {
    world.flows.step("r", key).unwrap().status
}

fn run(world: &World) -> RunStatus {
    world.flows.run("r").unwrap().status
}

fn at_least_once(world: &World) {
    world.start("r", &[step("a", &[])]);
    let first = one(world);
    world.pass(LEASE - 1);
    assert!(none(world));
    world.pass(1);
    let second = one(world);
    assert_eq!((second.plan.key.as_str(), second.before), ("a", 1));
    assert_ne!(first.held.token, second.held.token);
    assert_eq!(done(world, &second), Committed::Stored);
    assert_eq!(run(world), RunStatus::Done);
}

fn exactly_once(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &["a"])]);
    let a = one(world);
    assert!(none(world));
    assert_eq!(done(world, &a), Committed::Stored);
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("a")));
    assert_eq!(
        (status(world, "a"), status(world, "b")),
        (StepStatus::Done, StepStatus::Ready)
    );
    let events = world.flows.events("r", 0, 99).unwrap();
    assert_eq!(
        events.iter().filter(|event| event.what == "done").count(),
        1
    );
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(run(world), RunStatus::Done);
    assert!(none(world));
}

fn stale_is_fenced(world: &World) {
    world.start("r", &[step("a", &[])]);
    let stale = one(world);
    world.pass(LEASE);
    let fresh = one(world);
    assert_eq!(beat(world, &stale), Beat::Fenced);
    assert_eq!(
        send(world, &stale, Output::Done(json!("stale"))),
        Committed::Fenced
    );
    assert_eq!(send(world, &stale, failed("x")), Committed::Fenced);
    let until = world.flows.now_ms().unwrap() + 5;
    assert_eq!(
        world
            .flows
            .heartbeat(std::slice::from_ref(&fresh.held), 5)
            .unwrap(),
        [Beat::Held(until)]
    );
    assert_eq!(done(world, &fresh), Committed::Stored);
    assert_eq!(
        send(world, &stale, Output::Done(json!("stale"))),
        Committed::Fenced
    );
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("a")));
    // Each part of the token counts.
    world.start("s", &[step("a", &[])]);
    for change in [
        |claimed: &mut Claimed| claimed.held.token.epoch ^= 1,
        |claimed: &mut Claimed| claimed.held.token.counter += 1,
        |claimed: &mut Claimed| claimed.held.token.nonce.push('0'),
    ] {
        world.pass(LEASE);
        let mut claimed = one(world);
        change(&mut claimed);
        assert_eq!(done(world, &claimed), Committed::Fenced);
    }
}

fn already(world: &World) {
    let retry = Retry {
        max: 2,
        base_ms: 0,
        ..Retry::default()
    };
    world.start(
        "r",
        &[StepPlan {
            retry,
            ..step("a", &[])
        }],
    );
    let first = one(world);
    assert_eq!(send(world, &first, failed("x")), Committed::Stored);
    assert_eq!(
        send(world, &first, failed("x")),
        Committed::Already(StepStatus::Delayed)
    );
    let second = one(world);
    assert_eq!(
        send(world, &first, failed("x")),
        Committed::Already(StepStatus::Running)
    );
    assert_eq!(done(world, &second), Committed::Stored);
    let before = world.flows.run("r").unwrap();
    assert_eq!(done(world, &second), Committed::Already(StepStatus::Done));
    assert_eq!(
        send(world, &second, Output::Done(json!("other"))),
        Committed::Already(StepStatus::Done)
    );
    assert_eq!(world.flows.run("r").unwrap(), before);
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("a")));
    // An older attempt is not the one that committed.
    assert_eq!(done(world, &first), Committed::Fenced);
}

fn restored(world: &World) {
    world.start("r", &[step("a", &[])]);
    let store = Arc::clone(world.flows.state());
    let (name, mut copy) = (Path::new("copy"), Vec::new());
    archive::export(&*store, "", name, &mut copy).unwrap();
    let stale = one(world);
    archive::import(&*store, name, &mut copy.as_slice(), true).unwrap();
    let fresh = one(world);
    // The counter was given again; the random bits were not.
    assert_eq!(stale.held.token.counter, fresh.held.token.counter);
    assert_eq!(stale.held.token.epoch, fresh.held.token.epoch);
    assert_eq!(beat(world, &stale), Beat::Fenced);
    assert_eq!(done(world, &stale), Committed::Fenced);
    assert_eq!(done(world, &fresh), Committed::Stored);
}

fn recovery(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &[])]);
    let dead = Claimant::new([]);
    assert_eq!(world.flows.claim(&dead, 2, LEASE).unwrap().len(), 2);
    world.pass(LEASE);
    let other = Claimant::new([]);
    assert_eq!(world.flows.claim(&other, 2, LEASE).unwrap().len(), 2);
    assert_ne!(dead.id, other.id);
    let holder = world.flows.step("r", "a").unwrap().attempt.unwrap().worker;
    assert_eq!(holder, other.id);
}

fn pinned(world: &World) {
    let plan = Plan::new(vec![step("a", &[])]).unwrap();
    let start = |plan: &Plan, n: i32| world.flows.start("r", "w", plan, &json!({"n": n}));
    assert_eq!(start(&plan, 1).unwrap(), Started::New);
    let before = world.flows.run("r").unwrap();
    assert_eq!(before.plan_hash, plan.hash());
    assert_eq!(start(&plan, 1).unwrap(), Started::Already);
    assert_eq!(world.flows.run("r").unwrap(), before);
    let changed = Plan::new(vec![step("b", &[])]).unwrap();
    for error in [
        start(&plan, 2).unwrap_err(),
        start(&changed, 1).unwrap_err(),
    ] {
        assert_eq!(error.code(), "BS-FLOW-003");
    }
    assert_eq!(one(world).plan_hash, plan.hash());
    assert_eq!(world.flows.run("x").unwrap_err().code(), "BS-FLOW-002");
    assert_eq!(
        world
            .flows
            .start("a/b", "w", &plan, &Value::Null)
            .unwrap_err()
            .code(),
        "BS-FLOW-001"
    );
}

fn waits_for_time(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &["a"])]);
    let until = world.flows.now_ms().unwrap() + 10 * LEASE;
    let wait = Wait {
        until_ms: Some(until),
        default: Some(json!("due")),
        ..Wait::default()
    };
    assert_eq!(
        send(world, &one(world), Output::Waits(wait)),
        Committed::Stored
    );
    assert_eq!(status(world, "a"), StepStatus::Waiting);
    assert_eq!(world.flows.step("r", "a").unwrap().attempt, None);
    world.pass(10 * LEASE - 1);
    assert!(none(world));
    world.pass(1);
    assert_eq!(one(world).plan.key, "b");
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("due")));
    assert_eq!(world.flows.step("r", "a").unwrap().expiries, 0);
}

fn for_signal(name: &str) -> Wait {
    Wait {
        signal: Some(name.into()),
        ..Wait::default()
    }
}

fn first_signal(world: &World) {
    world.start("r", &[step("a", &[])]);
    assert_eq!(
        send(world, &one(world), Output::Waits(for_signal("ok"))),
        Committed::Stored
    );
    world.flows.signal("r", "other", &json!(0)).unwrap();
    assert_eq!(status(world, "a"), StepStatus::Waiting);
    assert_eq!(
        world.flows.signal("r", "ok", &json!("yes")).unwrap(),
        json!("yes")
    );
    assert_eq!(
        world.flows.signal("r", "ok", &json!("no")).unwrap(),
        json!("yes")
    );
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("yes")));
    assert_eq!(run(world), RunStatus::Done);
    let error = world.flows.signal("r", "late", &json!(1)).unwrap_err();
    assert_eq!(error.code(), "BS-FLOW-005");
    assert!(error.to_string().contains("run `r` is done"), "{error}");
}

fn early_signal(world: &World) {
    world.start("r", &[step("a", &[])]);
    world.flows.signal("r", "ok", &json!("early")).unwrap();
    assert_eq!(
        send(world, &one(world), Output::Waits(for_signal("ok"))),
        Committed::Stored
    );
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("early")));
    assert_eq!(run(world), RunStatus::Done);
}

fn deadline(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &[])]);
    let until_ms = Some(world.flows.now_ms().unwrap() + 5);
    let with = Wait {
        until_ms,
        default: Some(json!("reject")),
        ..for_signal("a")
    };
    let without = Wait {
        until_ms,
        ..for_signal("b")
    };
    for claimed in world.flows.claim(&world.worker, 2, LEASE).unwrap() {
        let wait = if claimed.plan.key == "a" {
            &with
        } else {
            &without
        };
        assert_eq!(
            send(world, &claimed, Output::Waits(wait.clone())),
            Committed::Stored
        );
    }
    world.pass(5);
    assert!(none(world));
    assert_eq!(world.flows.output("r", "a").unwrap(), Some(json!("reject")));
    assert_eq!(status(world, "b"), StepStatus::Failed);
    assert_eq!(
        world.flows.step("r", "b").unwrap().error.unwrap().class,
        "deadline"
    );
    assert_eq!(run(world), RunStatus::Failed);
}

fn retries(world: &World) {
    let retry = Retry {
        max: 3,
        base_ms: 1000,
        cap_ms: 1500,
        on: vec!["server".into()],
    };
    world.start(
        "r",
        &[StepPlan {
            retry: retry.clone(),
            ..step("a", &[])
        }],
    );
    for longest in [1000, 1500] {
        assert_eq!(
            send(world, &one(world), failed("server")),
            Committed::Stored
        );
        assert_eq!(status(world, "a"), StepStatus::Delayed);
        assert_eq!(world.flows.step("r", "a").unwrap().attempt, None);
        world.pass(longest);
    }
    assert_eq!(
        send(world, &one(world), failed("server")),
        Committed::Stored
    );
    assert_eq!(
        (status(world, "a"), run(world)),
        (StepStatus::Failed, RunStatus::Failed)
    );
    world.start(
        "s",
        &[StepPlan {
            retry,
            ..step("a", &[])
        }],
    );
    assert_eq!(send(world, &one(world), failed("mine")), Committed::Stored);
    assert_eq!(world.flows.run("s").unwrap().status, RunStatus::Failed);
}

fn poison(world: &World) {
    let plan = StepPlan {
        max_expiries: 1,
        ..step("a", &[])
    };
    world.start("r", &[plan, step("b", &["a"])]);
    for _ in 0..2 {
        one(world);
        world.pass(LEASE);
    }
    assert!(none(world));
    assert_eq!(
        (status(world, "a"), status(world, "b")),
        (StepStatus::Dead, StepStatus::Skipped)
    );
    assert_eq!(run(world), RunStatus::Failed);
    assert_eq!(
        world.flows.dead(9).unwrap(),
        [("r".to_owned(), "a".to_owned())]
    );
    world.flows.requeue("r").unwrap();
    assert!(world.flows.dead(9).unwrap().is_empty());
    assert_eq!(
        (run(world), status(world, "b")),
        (RunStatus::Running, StepStatus::Pending)
    );
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(run(world), RunStatus::Done);
    let error = world.flows.requeue("r").unwrap_err();
    assert_eq!(error.code(), "BS-FLOW-005");
}

fn counted_apart(world: &World) {
    let retry = Retry {
        max: 2,
        base_ms: 0,
        ..Retry::default()
    };
    world.start(
        "r",
        &[StepPlan {
            retry,
            max_expiries: 9,
            ..step("a", &[])
        }],
    );
    for _ in 0..3 {
        one(world);
        world.pass(LEASE);
    }
    assert_eq!(send(world, &one(world), failed("x")), Committed::Stored);
    let step = world.flows.step("r", "a").unwrap();
    assert_eq!((step.failures, step.expiries, step.attempts), (1, 3, 4));
    assert_eq!(step.status, StepStatus::Delayed);
}

fn failure(world: &World) {
    world.start(
        "r",
        &[
            step("a", &[]),
            step("b", &["a"]),
            step("c", &["b"]),
            step("z", &[]),
        ],
    );
    let claimed = world.flows.claim(&world.worker, 2, LEASE).unwrap();
    let (a, z) = (&claimed[0], &claimed[1]);
    assert_eq!(send(world, a, failed("x")), Committed::Stored);
    assert_eq!(status(world, "c"), StepStatus::Skipped);
    // What runs may still commit.
    assert_eq!(run(world), RunStatus::Running);
    assert_eq!(done(world, z), Committed::Stored);
    assert_eq!(run(world), RunStatus::Failed);
    assert_eq!(
        world.flows.step("r", "a").unwrap().error.unwrap().message,
        "x said no"
    );
}

fn on_failure_continue(world: &World) {
    let a = StepPlan {
        on_failure: OnFailure::Continue,
        ..step("a", &[])
    };
    world.start(
        "r",
        &[a, step("b", &["a"]), step("c", &[]), step("d", &["c"])],
    );
    let claimed = world.flows.claim(&world.worker, 2, LEASE).unwrap();
    assert_eq!(send(world, &claimed[0], failed("x")), Committed::Stored);
    assert_eq!(done(world, &claimed[1]), Committed::Stored);
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(
        (status(world, "b"), status(world, "d")),
        (StepStatus::Skipped, StepStatus::Done)
    );
    assert_eq!(run(world), RunStatus::Done);
}

fn run_if(world: &World) {
    let with = |key: &str, needs: &[&str], run_if| StepPlan {
        run_if,
        ..step(key, needs)
    };
    world.start(
        "r",
        &[
            step("a", &[]),
            step("b", &["a"]),
            with("mend", &["a"], RunIf::Failed),
            with("idle", &["b"], RunIf::Failed),
            with("last", &["b"], RunIf::Always),
        ],
    );
    assert_eq!(send(world, &one(world), failed("x")), Committed::Stored);
    let claimed = world.flows.claim(&world.worker, 9, LEASE).unwrap();
    let mut keys: Vec<_> = claimed.iter().map(|one| one.plan.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["last", "mend"]);
    for claimed in &claimed {
        assert_eq!(done(world, claimed), Committed::Stored);
    }
    assert_eq!(
        (status(world, "idle"), run(world)),
        (StepStatus::Skipped, RunStatus::Failed)
    );
}

fn skipped(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &["a"])]);
    assert_eq!(send(world, &one(world), Output::Skipped), Committed::Stored);
    assert_eq!(status(world, "b"), StepStatus::Skipped);
    assert_eq!(run(world), RunStatus::Done);
}

fn cancel(world: &World) {
    world.start(
        "r",
        &[
            step("a", &[]),
            step("b", &["a"]),
            step("c", &[]),
            step("d", &[]),
        ],
    );
    let wait = one(world);
    assert_eq!(
        send(world, &wait, Output::Waits(for_signal("x"))),
        Committed::Stored
    );
    let running = one(world);
    assert_eq!(world.flows.cancel("r").unwrap(), RunStatus::Cancelling);
    assert!(none(world));
    assert_eq!(status(world, "b"), StepStatus::Cancelled);
    assert_eq!(beat(world, &running), Beat::Cancelled);
    world.pass(LEASE);
    assert!(none(world));
    assert_eq!(run(world), RunStatus::Cancelled);
    let steps = world.flows.steps("r").unwrap();
    assert!(
        steps
            .iter()
            .all(|step| step.status == StepStatus::Cancelled),
        "{steps:?}"
    );
    assert_eq!(done(world, &running), Committed::Fenced);
}

fn absorbing(world: &World) {
    world.start("r", &[step("a", &[])]);
    let a = one(world);
    assert_eq!(done(world, &a), Committed::Stored);
    let before = (
        world.flows.run("r").unwrap(),
        world.flows.steps("r").unwrap(),
    );
    assert_eq!(world.flows.cancel("r").unwrap(), RunStatus::Done);
    world.pass(100 * LEASE);
    assert!(none(world));
    assert_eq!(beat(world, &a), Beat::Fenced);
    assert_eq!(world.flows.pause("r").unwrap_err().code(), "BS-FLOW-005");
    assert_eq!(
        (
            world.flows.run("r").unwrap(),
            world.flows.steps("r").unwrap()
        ),
        before
    );
}

fn pause(world: &World) {
    world.start("r", &[step("a", &[]), step("b", &["a"])]);
    let a = one(world);
    world.flows.pause("r").unwrap();
    assert!(matches!(beat(world, &a), Beat::Held(_)));
    assert_eq!(done(world, &a), Committed::Stored);
    assert_eq!(status(world, "b"), StepStatus::Ready);
    assert!(none(world));
    world.flows.resume("r").unwrap();
    world.flows.resume("r").unwrap();
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(run(world), RunStatus::Done);
    world.start("s", &[step("a", &[])]);
    world.flows.pause("s").unwrap();
    assert!(none(world));
    world.flows.resume("s").unwrap();
    assert_eq!(one(world).plan.key, "a");
}

fn priorities(world: &World) {
    let with = |key: &str, priority| StepPlan {
        priority,
        ..step(key, &[])
    };
    world.start("r", &[with("low", 1), with("normal", 5), with("high", 9)]);
    let keys = |n| -> Vec<String> {
        let claimed = world.flows.claim(&world.worker, n, LEASE).unwrap();
        claimed.into_iter().map(|one| one.plan.key).collect()
    };
    assert_eq!(keys(2), ["high", "normal"]);
    // Eight minutes and a bit make more of `low` than of a fresh `high`, also of another run.
    world.pass(8 * 60_000 + 1);
    world.start("s", &[with("fresh", 9)]);
    assert_eq!(keys(1), ["low"]);
}

fn concurrency(world: &World) {
    let with = |key: &str| StepPlan {
        concurrency: Some(Concurrency {
            key: "gpu".into(),
            limit: 2,
        }),
        ..step(key, &[])
    };
    world.start("r", &[with("a"), with("b"), with("c")]);
    world.start("s", &[with("a"), with("b")]);
    let claimed = world.flows.claim(&world.worker, 9, LEASE).unwrap();
    assert_eq!((claimed.len(), world.flows.permits("gpu").unwrap()), (2, 2));
    assert!(none(world));
    assert_eq!(done(world, &claimed[0]), Committed::Stored);
    let third = one(world);
    assert!(none(world));
    // A heartbeat renews the permit with the lease.
    world.pass(LEASE - 1);
    assert!(matches!(beat(world, &third), Beat::Held(_)));
    // The other's lease runs out; its permit a little later: too few for a moment, never too many.
    world.pass(2);
    assert!(none(world));
    world.pass(2000);
    assert_eq!(world.flows.claim(&world.worker, 9, LEASE).unwrap().len(), 1);
    assert_eq!(world.flows.permits("gpu").unwrap(), 2);
    assert_eq!(beat(world, &claimed[1]), Beat::Fenced);
    assert_eq!(done(world, &claimed[1]), Committed::Fenced);
    assert_eq!(world.flows.permits("gpu").unwrap(), 2);
}

fn no_hold_up(world: &World) {
    let blocked: Vec<_> = (0..100)
        .map(|n| StepPlan {
            concurrency: Some(Concurrency {
                key: "one".into(),
                limit: 1,
            }),
            priority: 9,
            ..step(&format!("s{n}"), &[])
        })
        .collect();
    world.start("r", &blocked);
    assert_eq!(one(world).held.permit.as_deref(), Some("one"));
    world.start("s", &[step("free", &[])]);
    assert_eq!(one(world).plan.key, "free");
    assert!(none(world));
}

fn requirements(world: &World) {
    let with = |key: &str, requires: &[&str]| StepPlan {
        requires: requires.iter().map(|one| (*one).into()).collect(),
        ..step(key, &[])
    };
    world.start(
        "r",
        &[
            with("gpu", &["kind:bot", "device:cuda"]),
            with("any", &["kind:bot"]),
        ],
    );
    assert!(none(world));
    let bot = Claimant::new(["kind:bot".to_owned()]);
    let claimed = world.flows.claim(&bot, 9, LEASE).unwrap();
    assert_eq!((claimed.len(), claimed[0].plan.key.as_str()), (1, "any"));
    let gpu = Claimant::new(["kind:bot", "device:cuda", "device:cpu"].map(str::to_owned));
    assert_eq!(
        world.flows.claim(&gpu, 9, LEASE).unwrap()[0].plan.key,
        "gpu"
    );
}

fn spawned(world: &World) {
    world.start("r", &[step("map", &[]), step("join", &["map"])]);
    let map = one(world);
    let items = vec![
        step("map#0", &[]),
        step("map#1", &["map#0"]),
        step("map#2", &["map"]),
    ];
    let commit = Commit::new(&map, Output::Done(json!(3))).spawning(items.clone());
    assert_eq!(
        world.flows.commit(std::slice::from_ref(&commit)).unwrap(),
        [Committed::Stored]
    );
    assert_eq!(
        world.flows.commit(&[commit]).unwrap(),
        [Committed::Already(StepStatus::Done)]
    );
    for _ in 0..3 {
        assert_eq!(status(world, "join"), StepStatus::Pending);
        let item = one(world);
        assert!(item.plan.key.starts_with("map#"));
        assert_eq!(done(world, &item), Committed::Stored);
    }
    assert_eq!(done(world, &one(world)), Committed::Stored);
    assert_eq!(run(world), RunStatus::Done);
    // Nothing is stored of a spawn that cannot be.
    world.start("s", &[step("map", &[])]);
    let map = one(world);
    let commit = Commit::new(&map, Output::Done(json!(1))).spawning(vec![step("map", &[])]);
    assert_eq!(
        world.flows.commit(&[commit]).unwrap_err().code(),
        "BS-FLOW-001"
    );
    let commit = Commit::new(&map, failed("x")).spawning(items);
    assert_eq!(
        world.flows.commit(&[commit]).unwrap_err().code(),
        "BS-FLOW-001"
    );
    assert_eq!(done(world, &map), Committed::Stored);
}

fn idempotency(world: &World) {
    world.start("r", &[step("a#1", &[])]);
    let first = one(world);
    world.pass(LEASE);
    assert_eq!(first.idempotency_key, "r/a#1");
    assert_eq!(one(world).idempotency_key, first.idempotency_key);
}

fn events(world: &World) {
    world.start("r", &[step("a", &[])]);
    one(world);
    world.pass(LEASE);
    let a = one(world);
    assert_eq!(done(world, &a), Committed::Stored);
    let what = |from, limit| -> Vec<String> {
        let events = world.flows.events("r", from, limit).unwrap();
        events.into_iter().map(|event| event.what).collect()
    };
    assert_eq!(
        what(0, 99),
        [
            "started", "claimed", "expired", "claimed", "done", "run-done"
        ]
    );
    assert_eq!(what(4, 1), ["done"]);
    assert_eq!(world.flows.run("r").unwrap().events, 6);
}

fn too_large(world: &World) {
    world.start("r", &[step("a", &[])]);
    let a = one(world);
    let large = Value::String("x".repeat(botsmith_flow::MAX_OUTPUT));
    let error = world
        .flows
        .commit(&[Commit::new(&a, Output::Done(large))])
        .unwrap_err();
    assert_eq!(error.code(), "BS-FLOW-004");
    assert!(error.to_string().contains("step `a`"), "{error}");
    assert_eq!(done(world, &a), Committed::Stored);
}

fn collected(world: &World) {
    for run in ["r", "s"] {
        world.start(run, &[step("a", &[])]);
        assert_eq!(done(world, &one(world)), Committed::Stored);
        world.pass(1000);
    }
    world.start("live", &[step("a", &[])]);
    assert_eq!(world.flows.collect(0, 9).unwrap(), 0);
    let ended = world.flows.run("s").unwrap().ended_ms.unwrap();
    assert_eq!(world.flows.collect(ended, 9).unwrap(), 1);
    assert_eq!(world.flows.run("r").unwrap_err().code(), "BS-FLOW-002");
    assert!(world.flows.steps("r").unwrap().is_empty());
    assert!(world.flows.events("r", 0, 9).unwrap().is_empty());
    assert_eq!(world.flows.output("r", "a").unwrap(), None);
    assert_eq!(world.flows.collect(u64::MAX, 9).unwrap(), 1);
    let runs: Vec<_> = world
        .flows
        .runs()
        .unwrap()
        .into_iter()
        .map(|run| run.id)
        .collect();
    assert_eq!(runs, ["live"]);
    // Of what was collected nothing is left in the store.
    let store = world.flows.state();
    for partition in store.partitions("flow/p", None, 99).unwrap() {
        for key in store.keys(&partition, "", None, 99).unwrap() {
            assert!(key == "queues" || key.contains("live"), "{key}");
        }
    }
}

fn batches(world: &World) {
    for n in 0..10 {
        world.start(&format!("r{n}"), &[step("a", &[]), step("b", &["a"])]);
    }
    for _ in 0..2 {
        let claimed = world.flows.claim(&world.worker, 99, LEASE).unwrap();
        assert_eq!(claimed.len(), 10);
        let commits: Vec<_> = claimed
            .iter()
            .map(|one| Commit::new(one, Output::Done(json!(1))))
            .collect();
        assert_eq!(
            world.flows.commit(&commits).unwrap(),
            [Committed::Stored; 10]
        );
    }
    assert!(
        world
            .flows
            .runs()
            .unwrap()
            .iter()
            .all(|run| run.status == RunStatus::Done)
    );
}

fn forgotten(world: &World) {
    let with = |key: String, name: String| StepPlan {
        concurrency: Some(Concurrency {
            key: name,
            limit: 1,
        }),
        ..step(&key, &[])
    };
    let many: Vec<_> = (0..30)
        .map(|n| with(format!("s{n}"), format!("key{n}")))
        .collect();
    world.start("r", &many);
    let mut later = step("later", &[]);
    later.requires = vec!["kind:later".into()];
    world.start("s", &[later]);
    while let Some(claimed) = world.flows.claim(&world.worker, 1, LEASE).unwrap().pop() {
        let done = Commit::new(&claimed, Output::Done(json!(1)));
        let _ = world.flows.commit(&[done]).unwrap();
    }
    for _ in 0..200 {
        assert!(
            world
                .flows
                .claim(&world.worker, 1, LEASE)
                .unwrap()
                .is_empty()
        );
    }
    let store = world.flows.state();
    for place in store.partitions("flow/p", None, 100).unwrap() {
        if let Some(record) = store.get(&place, "queues").unwrap() {
            let queues: Value = serde_json::from_slice(&record.value).unwrap();
            assert!(queues.as_object().unwrap().len() <= 9, "{queues}");
        }
    }
    // One that was forgotten is known again as soon as it is used.
    world.start("t", &[with("s0".into(), "key0".into())]);
    assert_eq!(one(world).plan.key, "s0");
    let able = Claimant::new(["kind:later".to_owned()]);
    assert_eq!(world.flows.claim(&able, 9, LEASE).unwrap().len(), 1);
}
