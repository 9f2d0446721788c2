//! Laws that hold for all values.

use botsmith_eval::stats::{
    Confidence, Correction, Interval, Method, Pairs, Scale, Side, Test, adjust, agresti_coull,
    cliffs_delta, clopper_pearson, clustered_standard_error, compare, compare_grouped, dominance,
    estimate, kendall, mcnemar_exact, mean_abc, mean_bca, mean_percentile, newcombe, pass_at_k,
    pass_hat_k, sign_flip, sign_flip_grouped, sign_test, standard_error, wald, wilcoxon,
    wilcoxon_exact, wilson,
};
use proptest::prelude::*;

fn confidence() -> impl Strategy<Value = Confidence> {
    prop_oneof![Just(0.8), Just(0.95), Just(0.999)]
        .prop_map(|level| Confidence::new(level).unwrap())
}

fn scores(n: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.0..1.0_f64, n)
}

/// Some with many ties and zeros, some with none.
fn differences() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(-1.0..1.0_f64, 1..60),
        prop::collection::vec((-4..5_i8).prop_map(|d| f64::from(d) / 4.0), 1..60),
    ]
}

fn pairs() -> impl Strategy<Value = Pairs> {
    (0..60_u64, 0..60_u64, 0..60_u64, 0..60_u64)
        .prop_map(|(both, only_a, only_b, neither)| Pairs {
            both,
            only_a,
            only_b,
            neither,
        })
        .prop_filter("there are cases", |pairs| pairs.n() > 0)
}

fn inside(interval: Interval, lo: f64, hi: f64) -> bool {
    lo <= interval.lo() && interval.hi() <= hi
}

#[test]
fn one_better_case_in_ten_groups_is_no_difference_whichever_way_it_is_looked_at() {
    let groups: Vec<usize> = (0..20).map(|i| i / 2).collect();
    let a: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let mut b = a.clone();
    b[1] = 1.0;
    let there = compare_grouped(&a, &b, &groups, Confidence::P95, 7).unwrap();
    let back = compare_grouped(&b, &a, &groups, Confidence::P95, 7).unwrap();
    assert_eq!((there.difference, there.p), (0.05, 1.0));
    assert_eq!((back.difference, back.p), (-0.05, 1.0));
    // 0.05 less 2.2622 (t of 9 degrees of freedom) times a standard error of 0.05.
    let (there, back) = (there.interval.unwrap(), back.interval.unwrap());
    assert!(
        (there.lo() + 0.0631).abs() < 1e-4 && (there.hi() - 0.1631).abs() < 1e-4,
        "{there}"
    );
    assert!((there.lo() + back.hi()).abs() < 1e-12 && (there.hi() + back.lo()).abs() < 1e-12);
}

#[test]
fn groups_without_any_difference_leave_open_what_so_few_cannot_show() {
    let groups: Vec<usize> = (0..20).map(|i| i / 2).collect();
    let scores: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let interval = |scale: Scale, a: &[f64], b: &[f64]| {
        let compared = scale
            .compare_grouped(a, b, &groups, Confidence::P95, 7)
            .unwrap();
        compared.interval.unwrap()
    };
    // Wilson's interval of 0 in 10 goes up to 0.2775.
    let verdicts = interval(Scale::Verdicts, &scores, &scores);
    assert!(
        (verdicts.hi() - 0.2775).abs() < 1e-4 && verdicts.lo() == -verdicts.hi(),
        "{verdicts}"
    );
    let (none, all) = ([0.0; 20], [1.0; 20]);
    let whole = interval(Scale::Verdicts, &none, &all);
    assert!(
        (whole.lo() - 0.7225).abs() < 1e-4 && whole.hi() == 1.0,
        "{whole}"
    );
    let grades = interval(Scale::Graded, &scores, &scores);
    assert_eq!((grades.lo(), grades.hi()), (0.0, 0.0));
}

#[test]
fn what_scores_are_decides_the_method_and_not_their_values() {
    let ones = [1.0; 3];
    let count = Scale::Graded.estimate(&ones, Confidence::P95, 1).unwrap();
    assert_eq!((count.value, count.method), (1.0, Method::Bca));
    assert_eq!(count.interval.unwrap().width(), 0.0);
    let rate = Scale::Verdicts.estimate(&ones, Confidence::P95, 1).unwrap();
    assert_eq!(rate.method, Method::Wilson);
    assert!((rate.interval.unwrap().lo() - 0.4385).abs() < 1e-4);
    let (a, b) = ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0]);
    let grades = Scale::Graded.compare(&a, &b, Confidence::P95, 1).unwrap();
    assert_eq!(
        (grades.test, grades.method),
        (Test::SignFlipExact, Method::Bca)
    );
    let verdicts = Scale::Verdicts.compare(&a, &b, Confidence::P95, 1).unwrap();
    assert_eq!(
        (verdicts.test, verdicts.method),
        (Test::McnemarExact, Method::Newcombe)
    );
    let grouped = Scale::Graded
        .clustered(&ones, &[1, 1, 2], Confidence::P95)
        .unwrap();
    assert_eq!(grouped.method, Method::ClusteredT);
    for wrong in [
        Scale::Verdicts
            .estimate(&[0.5], Confidence::P95, 1)
            .unwrap_err(),
        Scale::Verdicts
            .clustered(&[0.5], &[1], Confidence::P95)
            .unwrap_err(),
        Scale::Verdicts
            .compare(&[0.5], &[1.0], Confidence::P95, 1)
            .unwrap_err(),
    ] {
        assert!(wrong.to_string().contains("a verdict is 0 or 1"), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn intervals_of_a_share_hold_the_rate_and_stay_in_range(
        n in 1..3_000_u64, share in 0.0..=1.0_f64, confidence in confidence()
    ) {
        let passed = ((n as f64 * share) as u64).min(n);
        let rate = passed as f64 / n as f64;
        for method in [wilson, clopper_pearson, agresti_coull, wald] {
            let interval = method(passed, n, confidence).unwrap();
            prop_assert!(interval.contains(rate) && inside(interval, 0.0, 1.0), "{interval:?}");
        }
    }

    #[test]
    fn an_interval_of_failures_mirrors_that_of_passes(n in 1..500_u64, share in 0.0..=1.0_f64) {
        let passed = ((n as f64 * share) as u64).min(n);
        for method in [wilson, clopper_pearson, agresti_coull, wald] {
            let one = method(passed, n, Confidence::P95).unwrap();
            let other = method(n - passed, n, Confidence::P95).unwrap();
            prop_assert!((one.lo() - (1.0 - other.hi())).abs() < 1e-12);
        }
    }

    #[test]
    fn intervals_of_a_mean_hold_it_and_stay_within_the_values(
        values in scores(2..80), confidence in confidence(), seed: u64
    ) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        for interval in [
            mean_percentile(&values, confidence, 500, seed),
            mean_bca(&values, confidence, 500, seed),
            mean_abc(&values, confidence),
        ] {
            let interval = interval.unwrap();
            prop_assert!(interval.contains(mean), "{interval:?} of {mean}");
            prop_assert!(inside(interval, least - 1e-12, most + 1e-12), "{interval:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_bytes_in_any_order_of_cases(values in scores(30..90), seed: u64) {
        let first = estimate(&values, Confidence::P95, seed).unwrap();
        let again = estimate(&values, Confidence::P95, seed).unwrap();
        prop_assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&again).unwrap());
        let mut reversed = values;
        reversed.reverse();
        let other = estimate(&reversed, Confidence::P95, seed).unwrap();
        let (x, y) = (first.interval.unwrap(), other.interval.unwrap());
        prop_assert!((x.lo() - y.lo()).abs() < 1e-9 && (x.hi() - y.hi()).abs() < 1e-9);
    }

    #[test]
    fn sign_flips_do_not_see_order_and_two_sided_not_the_sign(d in differences(), seed: u64) {
        let p = sign_flip(&d, Side::TwoSided, seed).unwrap().p;
        prop_assert!(p > 0.0 && p <= 1.0);
        let mut reversed = d.clone();
        reversed.reverse();
        prop_assert_eq!(sign_flip(&reversed, Side::TwoSided, seed).unwrap().p, p);
        let negated: Vec<f64> = d.iter().map(|d| -d).collect();
        prop_assert_eq!(sign_flip(&negated, Side::TwoSided, seed).unwrap().p, p);
        prop_assert_eq!(
            sign_flip(&d, Side::Greater, seed).unwrap().p,
            sign_flip(&negated, Side::Less, seed).unwrap().p
        );
    }

    #[test]
    fn swapping_the_sides_mirrors_the_interval_and_keeps_p(
        cases in prop::collection::vec((0..3_u8, 0..3_u8, 0..6_u8), 1..60), verdicts: bool, seed: u64
    ) {
        // Verdicts of 0 and 1, or grades of 0, 1 and 2.
        let score = |x: u8| f64::from(if verdicts { x % 2 } else { x });
        let a: Vec<f64> = cases.iter().map(|case| score(case.0)).collect();
        let b: Vec<f64> = cases.iter().map(|case| score(case.1)).collect();
        let groups: Vec<u8> = cases.iter().map(|case| case.2).collect();
        for scale in [Scale::Graded, Scale::Verdicts] {
            if scale == Scale::Verdicts && !verdicts {
                continue;
            }
            let there = scale.compare_grouped(&a, &b, &groups, Confidence::P95, seed).unwrap();
            let back = scale.compare_grouped(&b, &a, &groups, Confidence::P95, seed).unwrap();
            prop_assert_eq!(there.p, back.p);
            prop_assert_eq!(there.difference, -back.difference);
            prop_assert_eq!(there.interval.is_some(), back.interval.is_some());
            if let (Some(x), Some(y)) = (there.interval, back.interval) {
                prop_assert!((x.lo() + y.hi()).abs() < 1e-12 && (x.hi() + y.lo()).abs() < 1e-12);
                prop_assert!(x.contains(there.difference), "{x} {}", there.difference);
            }
        }
        if verdicts {
            let there = compare(&a, &b, Confidence::P95, seed).unwrap().interval.unwrap();
            let back = compare(&b, &a, Confidence::P95, seed).unwrap().interval.unwrap();
            prop_assert!((there.lo() + back.hi()).abs() < 1e-12 && (there.hi() + back.lo()).abs() < 1e-12);
        }
    }

    #[test]
    fn a_group_for_each_case_changes_nothing(d in prop::collection::vec(-1.0..1.0_f64, 2..50), seed: u64) {
        let groups: Vec<usize> = (0..d.len()).collect();
        let clustered = clustered_standard_error(&d, &groups).unwrap();
        prop_assert!((clustered - standard_error(&d).unwrap()).abs() < 1e-12);
        let grouped = sign_flip_grouped(&d, &groups, Side::TwoSided, seed).unwrap();
        prop_assert_eq!(grouped, sign_flip(&d, Side::TwoSided, seed).unwrap());
    }

    #[test]
    fn sign_flips_of_passes_are_mcnemars_exact_test(a in 0..12_u64, b in 0..12_u64) {
        prop_assume!(a + b > 0);
        let pairs = Pairs { both: 3, only_a: a, only_b: b, neither: 4 };
        let mut d = vec![-1.0; a as usize];
        d.extend(vec![1.0; b as usize]);
        for side in [Side::TwoSided, Side::Greater, Side::Less] {
            let exact = mcnemar_exact(&pairs, side).p;
            prop_assert!((sign_flip(&d, side, 1).unwrap().p - exact).abs() < 1e-12);
            prop_assert!((sign_test(&d, side).unwrap().p - exact).abs() < 1e-12);
        }
    }

    #[test]
    fn mcnemar_and_newcombe_are_symmetric_in_the_bots(pairs in pairs(), confidence in confidence()) {
        let swapped = Pairs { only_a: pairs.only_b, only_b: pairs.only_a, ..pairs };
        prop_assert_eq!(
            mcnemar_exact(&pairs, Side::TwoSided),
            mcnemar_exact(&swapped, Side::TwoSided)
        );
        prop_assert_eq!(
            mcnemar_exact(&pairs, Side::Greater).p,
            mcnemar_exact(&swapped, Side::Less).p
        );
        let (one, other) = (newcombe(&pairs, confidence).unwrap(), newcombe(&swapped, confidence).unwrap());
        prop_assert!((one.lo() + other.hi()).abs() < 1e-12);
        prop_assert!(one.contains(pairs.difference().unwrap()) && inside(one, -1.0, 1.0));
    }

    #[test]
    fn both_wilcoxon_tests_are_probabilities_and_symmetric(d in differences()) {
        let negated: Vec<f64> = d.iter().map(|d| -d).collect();
        for test in [wilcoxon, wilcoxon_exact] {
            let p = test(&d, Side::TwoSided).unwrap().p;
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((p - test(&negated, Side::TwoSided).unwrap().p).abs() < 1e-12);
        }
    }

    #[test]
    fn adjusted_p_values_keep_the_order_and_are_never_below_the_raw(
        p in prop::collection::vec(0.0..=1.0_f64, 0..20)
    ) {
        for correction in [
            Correction::Bonferroni,
            Correction::Holm,
            Correction::BenjaminiHochberg,
            Correction::BenjaminiYekutieli,
        ] {
            let adjusted = adjust(&p, correction).unwrap();
            for i in 0..p.len() {
                prop_assert!(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }
    }

    #[test]
    fn more_tries_never_lower_pass_at_k_nor_raise_pass_hat_k(n in 1..60_u64, share in 0.0..=1.0_f64) {
        let c = ((n as f64 * share) as u64).min(n);
        for k in 1..n {
            prop_assert!(pass_at_k(n, c, k).unwrap() <= pass_at_k(n, c, k + 1).unwrap() + 1e-12);
            prop_assert!(pass_hat_k(n, c, k).unwrap() >= pass_hat_k(n, c, k + 1).unwrap() - 1e-12);
        }
        prop_assert!((pass_at_k(n, c, 1).unwrap() - pass_hat_k(n, c, 1).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn swapping_two_bots_turns_the_comparison_round(
        cases in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 2..28), seed: u64
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) = cases.into_iter().unzip();
        let ab = compare(&a, &b, Confidence::P95, seed).unwrap();
        let ba = compare(&b, &a, Confidence::P95, seed).unwrap();
        prop_assert_eq!(ab.p, ba.p);
        prop_assert_eq!(ab.difference, -ba.difference);
        prop_assert!(ab.interval.unwrap().contains(ab.difference));
    }

    #[test]
    fn rank_measures_agree_with_counting_all_pairs(
        cases in prop::collection::vec((0..6_u8, 0..6_u8), 3..25)
    ) {
        let a: Vec<f64> = cases.iter().map(|c| f64::from(c.0)).collect();
        let b: Vec<f64> = cases.iter().map(|c| f64::from(c.1)).collect();
        let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
        let all: f64 = b.iter().flat_map(|y| a.iter().map(move |x| sign(y - x))).sum();
        let n = cases.len() as f64;
        prop_assert!((cliffs_delta(&a, &b).unwrap() - all / (n * n)).abs() < 1e-12);
        let d: Vec<f64> = a.iter().zip(&b).map(|(x, y)| y - x).collect();
        prop_assert!((dominance(&d).unwrap() - d.iter().copied().map(sign).sum::<f64>() / n).abs() < 1e-12);
        if let Ok(tau) = kendall(&a, &b) {
            let (mut balance, mut in_a, mut in_b) = (0.0, 0.0, 0.0);
            for i in 0..a.len() {
                for j in 0..i {
                    let (x, y) = (sign(a[i] - a[j]), sign(b[i] - b[j]));
                    balance += x * y;
                    in_a += x * x;
                    in_b += y * y;
                }
            }
            prop_assert!((tau.value - balance / (in_a * in_b).sqrt()).abs() < 1e-12);
        }
    }
}
