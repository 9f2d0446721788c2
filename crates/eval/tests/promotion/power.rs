//! What a gate could show, and the power that it says it has.

use botsmith_eval::promotion::{
    Cases, Design, JudgeDesign, Rules, Scored, Slice, alpha_at, foresee, needed_cases,
};

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
fn power_counts_must_pass_cases_and_failures_in() {
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
fn power_depends_on_the_slices() {
    // 8 points worse everywhere, which the margin allows on the whole: a large slice is seen to be worse.
    let mut design = Design::new(-0.08, 0.2).loops(120);
    design.rules = Rules::default().margin(0.15);
    design.cheaper = true;
    let refused = |slices: &[f64]| {
        let mut design = design.clone();
        design.slices = slices.to_vec();
        design.power(800).unwrap()
    };
    let none = refused(&[]);
    assert!(none.by_slices == 0.0 && none.rate > 0.9, "{none:?}");
    let halves = refused(&[0.5, 0.5]);
    assert!(halves.by_slices > 0.8 && halves.rate < 0.2, "{halves:?}");
    // Holm over five: each has to be the clearer.
    let fifths = refused(&[0.2; 5]);
    assert!(
        (0.3..halves.by_slices).contains(&fifths.by_slices),
        "{fifths:?}"
    );
    // 24 cases are not tested.
    assert_eq!(refused(&[0.03]).by_slices, 0.0);
}

/// 120 cases in groups of two, pass or fail: 30 gained, 6 lost, all of the losses on the slice `hard`.
fn seen() -> Cases {
    let side = |of: fn(usize) -> bool| (0..120).map(|i| Scored::pass(of(i))).collect::<Vec<_>>();
    let (mut a, mut b) = (side(|i| i >= 30), side(|i| i < 114));
    for (i, (a, b)) in a.iter_mut().zip(&mut b).enumerate() {
        (a.latency, b.latency) = (Some(1.0), Some(if i % 8 == 0 { 5.0 } else { 1.0 }));
        (a.cost, b.cost) = (Some(0.002), Some(0.001));
    }
    let slice = |name: &str, cases: std::ops::Range<usize>| Slice {
        name: name.into(),
        cases: cases.collect(),
    };
    Cases::new(a, b)
        .unwrap()
        .slices(vec![slice("easy", 0..80), slice("hard", 80..120)])
        .unwrap()
}

#[test]
fn an_observed_design_draws_pairs_with_their_slices_latency_and_cost() {
    let design = |cases: &Cases| Design::observed(0.1, cases).unwrap().loops(60);
    let plain = design(&seen());
    assert!((plain.discordance - 0.3).abs() < 0.01, "{plain:?}");
    let held = plain.power(400).unwrap();
    // With 10 points on the whole the losses are 10 % of the cases, all on a third of them.
    assert!(held.by_slices > 0.9 && held.rate < 0.1, "{held:?}");
    assert_eq!((held.by_latency, held.by_cost), (0.0, 0.0));
    let even = seen().slices(Vec::new()).unwrap();
    let free = design(&even).power(400).unwrap();
    assert!(free.rate > 0.8 && free.by_slices == 0.0, "{free:?}");
    // One answer in eight takes five seconds: the 95th percentile is always over two.
    let mut slow = design(&even);
    slow.rules = Rules::default().p95_latency(2.0).cost(0.002);
    let slow = slow.power(400).unwrap();
    assert!(slow.by_latency > 0.95 && slow.by_cost == 0.0, "{slow:?}");
    let mut dear = design(&even);
    dear.rules = Rules::default().cost(0.0005);
    assert_eq!(dear.power(400).unwrap().by_cost, 1.0);
    // What is only assumed has neither.
    let mut assumed = Design::like(0.1, &even).unwrap();
    assumed.rules = Rules::default().cost(0.002);
    assert!(assumed.power(400).is_err());
}

#[test]
fn an_observed_design_draws_whole_groups_and_graded_scores() {
    let alone = seen().slices(Vec::new()).unwrap();
    let ten: Vec<usize> = (0..120).map(|i| i / 10).collect();
    let grouped = alone.clone().groups(ten).unwrap();
    let power = |cases: &Cases| {
        let design = Design::observed(0.1, cases).unwrap().loops(40);
        design.power(200).unwrap().rate
    };
    // Gains and losses come by tens: 200 cases are 20 groups.
    let (alone, grouped) = (power(&alone), power(&grouped));
    assert!(alone > grouped + 0.3, "{alone} {grouped}");
    let graded = |gain: f64| {
        let score = |i: u32| Scored::graded(f64::from(i % 7) / 10.0 + gain * f64::from(i % 3));
        (0..120).map(score).collect::<Vec<_>>()
    };
    // Every third case is the same, the others gain 5 and 10 points: that is seen on few cases.
    let cases = Cases::new(graded(0.0), graded(0.05)).unwrap();
    let design = Design::observed(0.05, &cases).unwrap().loops(40);
    let (found, _) = needed_cases(&design).unwrap();
    assert!(found.unwrap().cases < 40, "{found:?}");
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
