//! The gate as a whole: what passes, what is refused and why, looks that many processes take, and the power
//! that it says it has.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "promotion/looks.rs"]
mod looks;
#[path = "promotion/power.rs"]
mod power;

use botsmith_core::store::{MemoryStore, StateStore};
use botsmith_eval::promotion::{
    Beside, Cases, Compared, Decision, GateSet, Labels, Look, Looks, Measure, Rules, Scale, Scored,
    Slice, Verdict, alpha_at,
};
use botsmith_nanobots::versions::{By, Gate};

fn ada() -> By {
    By::new("ada", 1_767_225_600_000)
}

fn equals() -> Measure {
    Measure::new("equals", "equals")
}

/// Takes the look of a variant, by `equals`.
fn take(
    store: &dyn StateStore,
    set: &GateSet,
    variant: &str,
    rules: &Rules,
) -> botsmith_eval::Result<Look> {
    let measure = equals();
    Looks::new(store).take(set, Compared::new(variant, "bot", &measure), rules, &ada())
}

/// A first look with these rules.
fn look(rules: &Rules) -> Look {
    let set = GateSet::new("refunds", "salt", ["a", "b"]);
    take(&MemoryStore::new(), &set, "variant", rules).unwrap()
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
        ..Labels::default()
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
    let gate: Gate = serde_json::from_value(verdict.evidence()["gate"].clone()).unwrap();
    assert_eq!(
        (gate.passed, gate.advisory),
        (false, true),
        "a person may promote it, nothing else does"
    );
}

#[test]
fn a_judge_alone_refuses_nothing_until_people_have_spoken_unless_a_guard_does() {
    // The judge sees no gain, and nobody has labelled.
    let unseen = |cases: Cases| {
        let labels = Labels {
            pairs: vec![None; 100],
            ..Labels::default()
        };
        cases.judged(labels).unwrap()
    };
    let verdict = decide(&unseen(cases(7, 4)), &Rules::default());
    assert_eq!(verdict.decision, Decision::Advisory, "{verdict:#?}");
    assert!(
        verdict.reasons[0].contains("on the judge's scale"),
        "{:?}",
        verdict.reasons
    );
    assert!(verdict.reasons[1].starts_with("advisory: "));
    assert!(!verdict.auto.allowed);
    let lost = unseen(cases(20, 3)).must_pass(vec![20]).unwrap();
    assert_eq!(
        decide(&lost, &Rules::default()).decision,
        Decision::Refused,
        "a guard needs no labels"
    );
}

#[test]
fn cases_beside_the_gate_count_in_one_guard_alone() {
    let beside = |a: bool, b: bool| Beside {
        name: format!("taught-{a}-{b}"),
        a: Scored::pass(a),
        b: Scored::pass(b),
    };
    let kept = cases(20, 3).must_pass_beside(vec![beside(true, true), beside(false, false)]);
    let verdict = decide(&kept, &Rules::default());
    assert_eq!(verdict.decision, Decision::Passed, "{verdict:#?}");
    assert_eq!((verdict.cases, verdict.tested.unwrap().n), (100, 100));
    assert_eq!(
        verdict.guards[0].saw,
        "none of 2 is lost, 2 of them cases of train and dev"
    );
    let mut failed = beside(true, false);
    failed.b = Scored::default();
    let lost = cases(20, 3).must_pass_beside(vec![beside(true, true), failed]);
    let verdict = decide(&lost, &Rules::default());
    assert_eq!(verdict.decision, Decision::Refused);
    assert_eq!(
        verdict.reasons,
        ["1 cases that must pass are lost: `taught-true-false`"]
    );
}
