//! Canaries and bandits on real stores: what counts, what is decided, what many at once do to it.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "online/tried.rs"]
mod tried;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use botsmith_core::store::{self, StateStore};
use botsmith_eval::online::{
    Arm, Bandit, BanditPlan, Canary, CanaryPlan, Change, FixedVersions, Goal, Rewards,
    SessionOutcome, Share, State, Switch,
};
use botsmith_eval::{Error, Result};

const DAY: u64 = 86_400_000;

fn versions() -> FixedVersions {
    FixedVersions::new(["old", "new", "newer"])
}

fn plan() -> CanaryPlan {
    CanaryPlan::new("helper", "old", "new", "salt")
}

/// Both back ends that need no server; the folder lives as long as the store is used.
fn stores() -> Vec<(Arc<dyn StateStore>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("state.db").display());
    vec![
        (store::open("memory:").unwrap(), None),
        (store::open(&url).unwrap(), Some(folder)),
    ]
}

fn memory() -> Arc<dyn StateStore> {
    store::open("memory:").unwrap()
}

/// Records sessions until the canary has decided; `good` says what a version's session gets.
fn feed(
    canary: &Canary,
    switch: &dyn Switch,
    sessions: std::ops::Range<u64>,
    good: impl Fn(&str, u64) -> SessionOutcome,
) -> State {
    for n in sessions {
        let session = format!("s{n}");
        let version = canary.version_for(&session).unwrap();
        let recorded = canary
            .record(&session, good(&version, n), switch, n)
            .unwrap();
        if recorded.state != State::Watching {
            return recorded.state;
        }
    }
    State::Watching
}

#[test]
fn failed_answers_take_the_new_version_back_and_every_session_gets_the_old_one() {
    for (store, _folder) in stores() {
        let versions = versions();
        let canary = Canary::start(store, &versions, plan(), 7).unwrap();
        let state = feed(&canary, &versions, 0..400, |version, n| match version {
            "old" if n % 5 > 0 => SessionOutcome::Value(1.0),
            "old" => SessionOutcome::Value(0.0),
            _ => SessionOutcome::Failed,
        });
        assert_eq!(state, State::RolledBack);
        let status = canary.status().unwrap();
        assert!(status.sessions <= 100, "{}", status.sessions);
        assert!(status.harm >= 20.0 && status.settled);
        assert_eq!(status.failed, [0, status.new.n]);
        assert!(status.why.unwrap().starts_with("harm: evidence "));
        assert!((0..50).all(|n| canary.version_for(&n.to_string()).unwrap() == "old"));
        let changes = versions.changes();
        assert_eq!(changes.len(), 1);
        assert!(changes[0].back && changes[0].to == "old" && changes[0].who == "canary");
    }
}

#[test]
fn a_better_version_is_promoted() {
    let (store, versions) = (memory(), versions());
    let canary = Canary::start(store, &versions, plan(), 0).unwrap();
    let state = feed(&canary, &versions, 0..2000, |version, n| {
        let share = if version == "new" { 9 } else { 5 };
        SessionOutcome::Value(f64::from(u8::from(n % 10 < share)))
    });
    assert_eq!(state, State::Promoted);
    assert_eq!(versions.changes()[0].to, "new");
    assert_eq!(canary.version_for("anyone").unwrap(), "new");
}

#[test]
fn an_outcome_counts_once_for_a_session_and_the_first_one_stands() {
    for (store, _folder) in stores() {
        let versions = versions();
        let canary = Canary::start(store, &versions, plan(), 0).unwrap();
        for (value, counted) in [(1.0, true), (0.0, false), (1.0, false)] {
            let outcome = SessionOutcome::Value(value);
            let recorded = canary.record("s", outcome, &versions, 0).unwrap();
            assert_eq!(recorded.counted, counted);
        }
        let status = canary.status().unwrap();
        assert_eq!((status.sessions, status.old.sum + status.new.sum), (1, 1.0));
        let outside = canary.record("t", SessionOutcome::Value(1.5), &versions, 0);
        assert_eq!(outside.unwrap_err().code(), "BS-EVAL-006");
        assert_eq!(canary.status().unwrap().sessions, 1);
    }
}

#[test]
fn a_version_that_need_not_be_better_is_promoted_when_the_watch_ends_without_harm() {
    let same = |_: &str, n: u64| SessionOutcome::Value(f64::from(u8::from(!n.is_multiple_of(4))));
    let mut plan = plan();
    plan.most_sessions = 100;
    for (goal, wanted) in [
        (Goal::NoHarm, State::Promoted),
        (Goal::Better, State::Watching),
    ] {
        plan.goal = goal;
        let (store, versions) = (memory(), versions());
        let canary = Canary::start(store, &versions, plan.clone(), 0).unwrap();
        assert_eq!(feed(&canary, &versions, 0..99, same), State::Watching);
        assert!(!canary.status().unwrap().undecided());
        assert_eq!(feed(&canary, &versions, 99..100, same), wanted);
        assert_eq!(canary.status().unwrap().undecided(), goal == Goal::Better);
    }
}

#[test]
fn days_end_the_watch_too_once_the_new_version_was_seen_often_enough() {
    let mut plan = plan();
    plan.goal = Goal::NoHarm;
    plan.most_days = 3;
    let (store, versions) = (memory(), versions());
    let canary = Canary::start(store, &versions, plan, 0).unwrap();
    let good = SessionOutcome::Value(1.0);
    let mut at = 0;
    let mut record = |now: u64| {
        at += 1;
        canary
            .record(&format!("s{at}"), good, &versions, now)
            .unwrap()
            .state
    };
    assert_eq!(record(10 * DAY), State::Watching);
    while canary.status().unwrap().new.n < 30 {
        assert_eq!(record(2 * DAY), State::Watching);
    }
    assert_eq!(record(3 * DAY), State::Promoted);
}

#[test]
fn people_may_end_a_watch_and_then_another_may_begin() {
    let (store, versions) = (memory(), versions());
    let canary = Canary::start(store.clone(), &versions, plan(), 0).unwrap();
    canary
        .record("s", SessionOutcome::Value(1.0), &versions, 0)
        .unwrap();
    let second = Canary::start(store.clone(), &versions, plan(), 0).unwrap_err();
    assert!(second.to_string().contains("there already"), "{second}");
    canary
        .stop(Arm::New, "ada", "looks fine", &versions, 5)
        .unwrap();
    assert_eq!(canary.status().unwrap().state, State::Promoted);
    assert_eq!(versions.changes()[0].who, "ada");
    assert!(canary.stop(Arm::Old, "ada", "oh", &versions, 6).is_err());
    assert!(
        !canary
            .record("t", SessionOutcome::Failed, &versions, 7)
            .unwrap()
            .counted
    );

    let mut next = plan();
    next.old = "new".into();
    next.new = "newer".into();
    let canary = Canary::start(store.clone(), &versions, next, 9).unwrap();
    assert_eq!(canary.status().unwrap().sessions, 0);
    assert_eq!(
        store
            .keys("canary/helper", "session/", None, 10)
            .unwrap()
            .len(),
        0
    );
    assert!(
        canary
            .record("s", SessionOutcome::Value(1.0), &versions, 9)
            .unwrap()
            .counted
    );
}

type Spoil = fn(&mut CanaryPlan);

#[test]
fn only_sound_plans_with_versions_that_passed_the_gate_start() {
    let (store, versions) = (memory(), versions());
    let wrong: [(Spoil, &str); 4] = [
        (|plan| plan.new = "raw".into(), "did not pass the gate"),
        (|plan| plan.new = "old".into(), "are the same"),
        (|plan| plan.most_sessions = 0, "no sessions"),
        (|plan| plan.most_days = 0, "no days"),
    ];
    for (change, said) in wrong {
        let mut plan = plan();
        change(&mut plan);
        let error = Canary::start(store.clone(), &versions, plan, 0).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(
        Canary::open(store.clone(), "helper").unwrap_err().code(),
        "BS-EVAL-004"
    );

    let bandits: [(&[&str], &str); 3] = [
        (&["old"], "2 to 16"),
        (&["old", "raw"], "did not pass the gate"),
        (&["old", "old"], "twice"),
    ];
    for (among, said) in bandits {
        let plan = BanditPlan::new("helper", among.iter().copied(), "salt");
        let error = Bandit::start(store.clone(), &versions, plan, 0).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// A pointer that cannot be moved at first.
struct Stuck {
    inner: FixedVersions,
    stuck: AtomicBool,
}

impl Switch for Stuck {
    fn passed(&self, bot: &str, version: &str) -> Result<bool> {
        self.inner.passed(bot, version)
    }

    fn settle(&self, change: &Change) -> Result<()> {
        if self.stuck.load(Ordering::SeqCst) {
            return Err(Error::Invalid("the disk is full".into()));
        }
        self.inner.settle(change)
    }
}

#[test]
fn a_pointer_that_could_not_be_moved_is_moved_by_the_next_outcome() {
    let stuck = Stuck {
        inner: versions(),
        stuck: AtomicBool::new(true),
    };
    let canary = Canary::start(memory(), &stuck, plan(), 0).unwrap();
    let mut failed = None;
    for n in 0..200 {
        let session = format!("s{n}");
        let good = canary.version_for(&session).unwrap() == "old";
        let outcome = SessionOutcome::Value(f64::from(u8::from(good)));
        if let Err(error) = canary.record(&session, outcome, &stuck, 0) {
            failed = Some(error);
            break;
        }
    }
    assert!(failed.unwrap().to_string().contains("disk"));
    // The decision holds at once, whatever became of the pointer.
    let status = canary.status().unwrap();
    assert_eq!((status.state, status.settled), (State::RolledBack, false));
    assert_eq!(canary.version_for("x").unwrap(), "old");
    stuck.stuck.store(false, Ordering::SeqCst);
    canary
        .record("late", SessionOutcome::Failed, &stuck, 0)
        .unwrap();
    assert!(canary.status().unwrap().settled);
    assert_eq!(stuck.inner.changes().len(), 1);
}

#[test]
fn outcomes_of_many_threads_all_count_and_the_pointer_moves_once() {
    for (store, _folder) in stores() {
        let versions = versions();
        let mut plan = plan();
        plan.share = Share::new(0.3).unwrap();
        let canary = Canary::start(store, &versions, plan, 0).unwrap();
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (canary, versions) = (&canary, &versions);
                scope.spawn(move || {
                    // Neighbours share half of their sessions.
                    for n in worker * 20..worker * 20 + 40 {
                        // All the same, so that nothing is decided in whatever order they come.
                        let outcome = SessionOutcome::Value(0.5);
                        canary
                            .record(&format!("s{n}"), outcome, versions, 0)
                            .unwrap();
                    }
                });
            }
        });
        let status = canary.status().unwrap();
        assert_eq!((status.sessions, status.state), (100, State::Watching));
        assert_eq!(status.old.sum + status.new.sum, 50.0);
    }
}

#[test]
fn a_session_keeps_its_draw_and_its_reward_may_come_late_once() {
    for (store, _folder) in stores() {
        let versions = versions();
        let plan = BanditPlan::new("helper", ["old", "new", "newer"], "salt");
        let bandit = Bandit::start(store, &versions, plan, 0).unwrap();
        let drawn: Vec<_> = (0..40)
            .map(|n| bandit.version_for(&format!("s{n}"), 0).unwrap())
            .collect();
        let different: BTreeSet<_> = drawn.iter().map(|drawn| &drawn.version).collect();
        assert_eq!(different.len(), 3);
        for (n, first) in drawn.iter().enumerate() {
            let session = format!("s{n}");
            assert!(
                (first.propensity - 1.0 / 3.0).abs() < 1e-6,
                "nothing was learned yet"
            );
            assert!(bandit.record(&session, 1.0, 5).unwrap());
            assert!(!bandit.record(&session, 0.0, 6).unwrap());
            assert_eq!(bandit.version_for(&session, 7).unwrap(), *first);
        }
        let status = bandit.status().unwrap();
        assert_eq!(status.rewards, 40);
        assert_eq!(
            status.versions.iter().map(|of| of.seen.sum).sum::<f64>(),
            40.0
        );
        let error = bandit.record("stranger", 1.0, 0).unwrap_err();
        assert_eq!(error.code(), "BS-EVAL-004");
        assert!(bandit.record("s1", 0.5, 0).is_err());
    }
}

#[test]
fn a_window_forgets_what_came_before_it() {
    let (store, versions) = (memory(), versions());
    let mut plan = BanditPlan::new("helper", ["old", "new"], "salt");
    plan.rewards = Rewards::Graded { variance: None };
    plan.window = Some(10);
    let bandit = Bandit::start(store, &versions, plan, 0).unwrap();
    for n in 0..35 {
        let session = format!("s{n}");
        bandit.version_for(&session, 0).unwrap();
        bandit
            .record(&session, if n < 25 { 0.9 } else { 0.2 }, 0)
            .unwrap();
    }
    let status = bandit.status().unwrap();
    assert_eq!(status.rewards, 35);
    let seen: Vec<_> = status.versions.iter().map(|of| of.seen).collect();
    assert_eq!(seen.iter().map(|of| of.n).sum::<u64>(), 10);
    assert!((seen.iter().map(|of| of.sum).sum::<f64>() - 2.0).abs() < 1e-9);
    let mut logged = 0;
    bandit
        .rewards(|_| {
            logged += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(logged, 35);
}

#[test]
fn a_stopped_bandit_gives_everybody_the_version_that_stays() {
    let (store, versions) = (memory(), versions());
    let plan = BanditPlan::new("helper", ["old", "new"], "salt");
    let bandit = Bandit::start(store.clone(), &versions, plan.clone(), 0).unwrap();
    bandit.version_for("s", 0).unwrap();
    assert!(Bandit::start(store.clone(), &versions, plan.clone(), 0).is_err());
    assert!(bandit.stop("newer", "ada", "done", &versions, 1).is_err());
    bandit.stop("new", "ada", "done", &versions, 1).unwrap();
    assert_eq!(versions.changes()[0].to, "new");
    let drawn = bandit.version_for("s", 2).unwrap();
    assert_eq!((drawn.version.as_str(), drawn.propensity), ("new", 1.0));
    assert!(!bandit.record("s", 1.0, 3).unwrap());
    let again = Bandit::start(store, &versions, plan, 4).unwrap();
    assert_eq!(again.status().unwrap().rewards, 0);
}

#[test]
fn sessions_are_kept_only_as_hashes() {
    let (store, versions) = (memory(), versions());
    let canary = Canary::start(store.clone(), &versions, plan(), 0).unwrap();
    canary
        .record("ada@example.org", SessionOutcome::Value(1.0), &versions, 0)
        .unwrap();
    let plan = BanditPlan::new("helper", ["old", "new"], "salt");
    let bandit = Bandit::start(store.clone(), &versions, plan, 0).unwrap();
    bandit.version_for("ada@example.org", 0).unwrap();
    bandit.record("ada@example.org", 1.0, 0).unwrap();
    for partition in ["canary/helper", "bandit/helper"] {
        for (key, record) in store.scan(partition, "", None, 100).unwrap() {
            assert!(!key.contains("ada"));
            assert!(!String::from_utf8(record.value).unwrap().contains("ada"));
        }
        for log in store.names(partition).unwrap().logs {
            for entry in store.log(partition, &log, 0, 10).unwrap() {
                assert!(!String::from_utf8(entry).unwrap().contains("ada"));
            }
        }
    }
}
