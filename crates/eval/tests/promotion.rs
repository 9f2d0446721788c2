//! The gate as a whole: what passes, what is refused and why, looks that many processes take, and the power
//! that it says it has.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Barrier;

use botsmith_core::audit::Audit;
use botsmith_core::store::{MemoryStore, SqliteStore, StateStore};
use botsmith_eval::promotion::{
    Cases, Decision, Design, GateSet, JudgeDesign, Labels, Look, Looks, Rules, Scale, Scored,
    Slice, Verdict, alpha_at, foresee, needed_cases,
};
use botsmith_nanobots::versions::{By, Gate, Versions};

fn ada() -> By {
    By::new("ada", 1_767_225_600_000)
}

/// A first look with these rules.
fn look(rules: &Rules) -> Look {
    let store = MemoryStore::new();
    let set = GateSet::new("refunds", "salt", ["a", "b"]);
    Looks::new(&store)
        .take(&set, "variant", "bot", rules, &ada())
        .unwrap()
}

/// 100 cases, of which the variant gains the first `gained` and loses `lost` after them; both pass the rest.
fn changed(gained: usize, lost: usize) -> (Vec<Scored>, Vec<Scored>) {
    let a = (0..100).map(|i| Scored::pass(i >= gained)).collect();
    let b = (0..100)
        .map(|i| Scored::pass(i < gained || i >= gained + lost))
        .collect();
    (a, b)
}

fn cases(gained: usize, lost: usize) -> Cases {
    let (a, b) = changed(gained, lost);
    Cases::new(a, b).unwrap()
}

fn decide(cases: &Cases, rules: &Rules) -> Verdict {
    Verdict::of(cases, &look(rules), &[]).unwrap()
}

#[test]
fn a_variant_that_is_better_passes_with_its_numbers() {
    let verdict = decide(&cases(20, 3), &Rules::default());
    assert_eq!(verdict.decision, Decision::Passed);
    assert!(verdict.reasons.is_empty() && verdict.needed.is_none());
    let tested = verdict.tested.as_ref().unwrap();
    assert_eq!((tested.n, tested.test.as_str()), (100, "mcnemar-exact"));
    assert_eq!((tested.difference, tested.discordance), (0.17, 0.23));
    // P(X <= 3) of Binomial(23, 1/2): (1 + 23 + 253 + 1771) / 2^23.
    assert!((tested.p.unwrap() - 2048.0 / 8_388_608.0).abs() < 1e-12);
    assert!(tested.bound.unwrap() > 0.0);
    assert_eq!((verdict.look, verdict.alpha_of_look), (1, 0.025));
    assert!(verdict.auto.allowed);
    // As a version keeps it.
    let gate: Gate = serde_json::from_value(verdict.evidence()["gate"].clone()).unwrap();
    assert_eq!(
        (gate.passed, gate.baseline.as_str(), gate.difference),
        (true, "bot", Some(0.17))
    );
    let back: Verdict =
        serde_json::from_value(verdict.evidence()["gate"]["verdict"].clone()).unwrap();
    assert_eq!(back, verdict);
}

#[test]
fn a_doubt_of_the_caller_leaves_the_decision_and_takes_auto_away() {
    let doubts = ["one person's view".to_owned()];
    let verdict = Verdict::of(&cases(20, 3), &look(&Rules::default()), &doubts).unwrap();
    assert_eq!(verdict.decision, Decision::Passed);
    assert!(!verdict.auto.allowed);
    assert_eq!(verdict.auto.reasons, doubts);
}

#[test]
fn no_gain_is_refused_with_the_cases_that_would_be_needed() {
    let verdict = decide(&cases(7, 4), &Rules::default());
    assert_eq!(verdict.decision, Decision::Refused);
    assert!(
        verdict.reasons[0].contains("3.0 points on 100 cases"),
        "{:?}",
        verdict.reasons
    );
    let needed = verdict.needed.unwrap();
    assert!(needed.seen && needed.cases > 500, "{needed:?}");
    assert_eq!(needed.alpha, alpha_at(0.05, 2));
    assert!(verdict.needed_text().unwrap().contains("next look"));
    // What points the wrong way is given the effect of the rules.
    let needed = decide(&cases(2, 4), &Rules::default()).needed.unwrap();
    assert!(!needed.seen);
    assert_eq!(needed.effect, 0.05);
}

#[test]
fn every_guard_that_is_broken_is_a_reason_of_its_own() {
    let (mut a, mut b) = changed(30, 10);
    for i in 0..100 {
        (a[i].latency, b[i].latency) = (Some(1.0), Some(if i < 90 { 1.0 } else { 9.0 }));
        (a[i].cost, b[i].cost) = (Some(0.001), Some(0.01));
    }
    // Three failures of the variant.
    for scored in &mut b[97..] {
        (scored.score, scored.passed) = (None, None);
    }
    let names: Vec<String> = (0..100).map(|i| format!("case-{i}")).collect();
    let slices = vec![
        Slice {
            name: "topic: refunds".into(),
            cases: (30..65).collect(),
        },
        Slice {
            name: "topic: few".into(),
            cases: (30..40).collect(),
        },
    ];
    let cases = Cases::new(a, b)
        .unwrap()
        .names(names)
        .unwrap()
        .slices(slices)
        .unwrap()
        .must_pass(vec![35, 99, 50, 0])
        .unwrap();
    let rules = Rules::default().p95_latency(2.0).cost(0.005);
    let verdict = decide(&cases, &rules);
    assert_eq!(verdict.decision, Decision::Refused);
    for wanted in [
        "2 cases that must pass are lost: `case-35`, `case-99`",
        "worse on the slice `topic: refunds`: -28.6 points on 35 cases",
        "the 95th percentile is 9.00 s, at most 2.00 s",
        "too dear: 0.010000 an answer",
        "3.0 % of the pairs miss an answer or its score (0 of the bot in force, 3 of the variant)",
    ] {
        let found = verdict.reasons.iter().any(|reason| reason.contains(wanted));
        assert!(found, "{wanted}\n{:#?}", verdict.reasons);
    }
    assert_eq!(
        verdict.reasons.len(),
        5,
        "the small slice is not tested: {:#?}",
        verdict.reasons
    );
    assert!(verdict.tested.unwrap().holds, "on the whole it is better");
    let names: Vec<_> = verdict
        .guards
        .iter()
        .map(|guard| guard.name.as_str())
        .collect();
    assert_eq!(names, ["must-pass", "slices", "latency", "cost", "errors"]);
    assert!(verdict.guards.iter().all(|guard| !guard.held));
}

#[test]
fn a_budget_that_nothing_was_measured_for_is_not_kept() {
    let verdict = decide(&cases(20, 3), &Rules::default().cost(1.0));
    assert!(
        verdict.reasons[0].contains("a budget of cost is set"),
        "{:?}",
        verdict.reasons
    );
}

#[test]
fn a_margin_is_for_a_cheaper_variant() {
    let rules = Rules::default().margin(0.05);
    let verdict = decide(&cases(2, 1), &rules);
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason.contains("cheaper or faster"))
    );
    let (mut a, mut b) = changed(2, 1);
    for i in 0..100 {
        (a[i].cost, b[i].cost) = (Some(2.0), Some(1.0));
    }
    let cheap = Cases::new(a.clone(), b).unwrap();
    assert_eq!(
        decide(&cheap, &Rules::default()).decision,
        Decision::Refused
    );
    let verdict = decide(&cheap, &rules);
    assert_eq!(verdict.decision, Decision::Passed, "{:?}", verdict.reasons);
    assert_eq!(
        verdict.tested.unwrap().p,
        None,
        "p would be about a difference of 0"
    );
    let (_, mut b) = changed(2, 12);
    for scored in &mut b {
        scored.cost = Some(1.0);
    }
    let worse = decide(&Cases::new(a, b).unwrap(), &rules);
    assert!(
        worse.reasons[0].contains("worse than the margin allows"),
        "{:?}",
        worse.reasons
    );
}

#[test]
fn graded_scores_and_groups_have_tests_of_their_own() {
    let graded = |gain: f64| {
        (0..60)
            .map(|i| Scored::graded(f64::from(i % 7) / 10.0 + gain))
            .collect()
    };
    let verdict = decide(
        &Cases::new(graded(0.0), graded(0.1)).unwrap(),
        &Rules::default(),
    );
    let tested = verdict.tested.unwrap();
    assert_eq!(
        (verdict.decision, tested.test.as_str()),
        (Decision::Passed, "sign-flip")
    );
    // The same gains, all in two groups: nothing is shown.
    let (a, b) = changed(20, 3);
    let two = Cases::new(a, b)
        .unwrap()
        .groups((0..100).map(|i| i / 50).collect())
        .unwrap();
    let verdict = decide(&two, &Rules::default());
    assert_eq!(verdict.decision, Decision::Refused);
    assert_eq!(verdict.tested.unwrap().test, "sign-flip-exact");
}

#[test]
fn no_case_on_both_is_refused_and_says_so() {
    let none = vec![Scored::default(); 3];
    let verdict = decide(&Cases::new(none.clone(), none).unwrap(), &Rules::default());
    assert_eq!(verdict.decision, Decision::Refused);
    assert_eq!(verdict.reasons[0], "no case was scored on both bots");
}

/// A judge that sees a gain of 17 points; people see it too, or see none.
fn judged(labels: usize, people_agree: bool) -> Cases {
    let (a, b) = changed(20, 3);
    let human = |i: usize| {
        let (x, y) = (
            f64::from(u8::from(i >= 20)),
            f64::from(u8::from(!(20..23).contains(&i))),
        );
        // People find as many gains as losses.
        if people_agree || i >= 40 {
            (x, y)
        } else {
            (
                f64::from(u8::from(i.is_multiple_of(2))),
                f64::from(u8::from(i % 4 < 2)),
            )
        }
    };
    // Every other case, so that gains and losses are among them.
    let step = 100 / labels;
    let pairs = (0..100)
        .map(|i| (i % step == 0).then(|| human(i)))
        .collect();
    let labels = Labels {
        pairs,
        inclusion: Vec::new(),
    };
    Cases::new(a, b).unwrap().judged(labels).unwrap()
}

#[test]
fn where_a_judge_made_the_scores_people_decide() {
    let agreed = decide(&judged(100, true), &Rules::default());
    let tested = agreed.tested.as_ref().unwrap();
    assert_eq!(
        (agreed.decision, tested.scale),
        (Decision::Passed, Scale::Human)
    );
    assert_eq!(
        (tested.labelled, tested.test.as_str()),
        (100, "prediction-powered")
    );
    let unearned = decide(&judged(100, false), &Rules::default());
    assert_eq!(unearned.decision, Decision::Refused, "{unearned:#?}");
    assert!(
        unearned.reasons[0].contains("on people's scale"),
        "{:?}",
        unearned.reasons
    );
    assert!(unearned.needed.unwrap().labelled);
}

#[test]
fn with_too_few_labels_the_verdict_is_advisory_and_never_auto() {
    let verdict = decide(&judged(20, true), &Rules::default());
    assert_eq!(verdict.decision, Decision::Advisory);
    assert_eq!(verdict.tested.as_ref().unwrap().scale, Scale::Judge);
    assert!(
        verdict.reasons[0].contains("20 gate cases; 50 are wanted"),
        "{:?}",
        verdict.reasons
    );
    assert!(!verdict.auto.allowed);
    assert!(
        verdict.evidence()["gate"]["passed"].as_bool().unwrap(),
        "a person may promote it"
    );
}

#[test]
fn looks_that_many_take_at_once_are_counted_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let set = GateSet::new("refunds", "salt", (0..40).map(|i: u32| i.to_string()));
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (path, set, start) = (&path, &set, &start);
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                start.wait();
                for i in 0..3 {
                    // The same variant from two threads is one look.
                    let variant = format!("variant-{}-{i}", thread / 2);
                    let rules = Rules::default();
                    Looks::new(&store)
                        .take(set, &variant, "bot", &rules, &ada())
                        .unwrap();
                }
            });
        }
    });
    let store = SqliteStore::open(&path).unwrap();
    let looks = Looks::new(&store).list(&set).unwrap();
    let numbers: Vec<_> = looks.iter().map(|look| look.k).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    for look in &looks {
        assert_eq!(look.alpha, alpha_at(0.05, look.k));
    }
    assert_eq!(Audit::new(&store).verify(None).unwrap().entries, 6);
}

#[test]
fn a_look_keeps_its_rules_and_its_first_verdict() {
    let store = MemoryStore::new();
    let (looks, set) = (Looks::new(&store), GateSet::new("refunds", "salt", ["a"]));
    let first = looks
        .take(&set, "variant", "bot", &Rules::default(), &ada())
        .unwrap();
    let refused = Verdict::of(&cases(2, 4), &first, &[]).unwrap();
    looks.settle(&set, &first, &refused, &ada()).unwrap();
    let passed = Verdict::of(&cases(40, 0), &first, &[]).unwrap();
    looks.settle(&set, &first, &passed, &ada()).unwrap();
    // Asked again with a margin, and after a better result.
    let again = looks
        .take(
            &set,
            "variant",
            "bot",
            &Rules::default().margin(0.1),
            &ada(),
        )
        .unwrap();
    assert_eq!((again.k, again.rules.margin), (1, None));
    assert_eq!(again.verdict.unwrap()["decision"], "refused");
    // Against another bot in force it is another look.
    let other = looks
        .take(&set, "variant", "newer bot", &Rules::default(), &ada())
        .unwrap();
    assert_eq!(other.k, 2);
    let actions: Vec<_> = Audit::new(&store).entries(0, 9).unwrap();
    let actions: Vec<_> = actions
        .iter()
        .map(|entry| entry.event.action.as_str())
        .collect();
    assert_eq!(actions, ["look", "gate", "look"]);
}

#[test]
fn looks_end_when_there_is_nothing_left_to_spend() {
    let store = MemoryStore::new();
    let (looks, set) = (
        Looks::new(&store),
        GateSet::new("refunds", "salt", ["a", "b"]),
    );
    let take =
        |set: &GateSet, i: u32| looks.take(set, &i.to_string(), "bot", &Rules::default(), &ada());
    for i in 0..20 {
        take(&set, i).unwrap();
    }
    let error = take(&set, 20).unwrap_err().to_string();
    assert!(error.contains("fresh cases"), "{error}");
    // A set with one of its cases is no fresh one, whatever its salt; another suite's is.
    assert!(take(&GateSet::new("refunds", "other", ["b", "c"]), 0).is_err());
    assert_eq!(
        take(&GateSet::new("refunds", "salt", ["c"]), 0).unwrap().k,
        1
    );
    assert_eq!(
        take(&GateSet::new("returns", "salt", ["a", "b"]), 0)
            .unwrap()
            .k,
        1
    );
}

#[test]
fn looks_and_versions_travel_with_the_audit_log() {
    let from = MemoryStore::new();
    let set = GateSet::new("refunds", "salt", ["a"]);
    let versions = Versions::of(&from, "bots/sum.yml");
    versions.adopt(b"meta: {version: 1.0.0}", &ada()).unwrap();
    Looks::new(&from)
        .take(&set, "variant", "bot", &Rules::default(), &ada())
        .unwrap();
    let (mut file, name) = (Vec::new(), std::path::Path::new("a.store"));
    botsmith_core::store::archive::export(&from, "audit", name, &mut file).unwrap();
    let to = MemoryStore::new();
    botsmith_core::store::archive::import(&to, name, &mut &file[..], false).unwrap();
    assert_eq!(Looks::new(&to).taken(&set).unwrap(), 1);
    assert_eq!(
        Versions::of(&to, "bots/sum.yml").pointer().unwrap(),
        versions.pointer().unwrap()
    );
    assert_eq!(
        Audit::new(&to as &dyn StateStore)
            .verify(None)
            .unwrap()
            .damage,
        None
    );
}

#[test]
fn what_a_gate_cannot_show_is_said_before_anything_is_spent() {
    let rules = Rules::default();
    let cases: [(usize, u32, Option<usize>, bool); 5] = [
        (10, 0, None, false),
        (30, 0, None, true),
        (30, 9, None, false),
        (400, 0, None, true),
        (400, 0, Some(12), false),
    ];
    for (n, taken, labelled, fine) in cases {
        let seen = foresee(&rules, n, taken, Some(0.2), labelled).unwrap();
        assert_eq!(seen.refused.is_none(), fine, "{seen:?}");
        assert_eq!(seen.alpha, alpha_at(0.05, taken + 1));
    }
    let fewer = foresee(&rules, 100, 0, Some(0.2), None).unwrap().detectable;
    let more = foresee(&rules, 400, 0, Some(0.2), None).unwrap().detectable;
    assert!(more < fewer);
}

#[test]
fn power_counts_every_guard_in() {
    let plain = Design::new(0.1, 0.2).loops(120);
    let free = plain.power(250).unwrap();
    assert!(free.rate > 0.8 && free.by_must_pass == 0.0, "{free:?}");
    let mut strict = plain.clone();
    // Twenty-five cases of which one in twenty is lost.
    strict.must_pass = 0.1;
    let held = strict.power(250).unwrap();
    assert!(held.by_must_pass > 0.6 && held.rate < 0.4, "{held:?}");
    let (found, last) = needed_cases(&strict).unwrap();
    assert_eq!(found, None, "more cases are more to lose");
    assert!(last.by_must_pass > 0.5);
    let mut failing = plain;
    failing.errors = 0.03;
    assert!(failing.power(250).unwrap().by_errors > 0.7);
}

#[test]
fn the_needed_cases_have_the_power_and_later_looks_need_more() {
    let first = Design::new(0.1, 0.2).loops(120);
    let (found, _) = needed_cases(&first).unwrap();
    let found = found.unwrap();
    assert!(
        found.rate >= 0.8 && (130..450).contains(&found.cases),
        "{found:?}"
    );
    let (later, _) = needed_cases(&first.clone().look(4)).unwrap();
    assert!(later.unwrap().cases > found.cases);
    let mut judged = first.loops(30);
    judged.judge = Some(JudgeDesign {
        labelled: 0.5,
        tpr: 0.9,
        tnr: 0.8,
    });
    let (judged, _) = needed_cases(&judged).unwrap();
    assert!(
        judged.unwrap().cases > found.cases,
        "labels decide, and only half of the cases have some"
    );
    assert!(needed_cases(&Design::new(-0.05, 0.2)).is_err());
}
