//! Few values, equal values, no values, and values that are none.

use botsmith_eval::stats::{
    Confidence, Correction, Interval, Method, Pairs, Side, Test, adjust, bca, clustered, compare,
    compare_grouped, estimate, kendall, mcnemar, mcnemar_exact, mean_abc, mean_bca, paired_t,
    pass_at_k, percentile, roc_auc, sign_flip, wilcoxon, wilson,
};

#[track_caller]
fn refused<T: std::fmt::Debug>(result: botsmith_eval::Result<T>, saying: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), "BS-EVAL-005");
    assert!(error.to_string().contains(saying), "{error}");
}

#[test]
fn no_values_have_no_mean_and_no_comparison() {
    refused(estimate(&[], Confidence::P95, 1), "there are 0");
    refused(compare(&[], &[], Confidence::P95, 1), "there are 0");
    refused(wilson(0, 0, Confidence::P95), "n is 0");
    refused(sign_flip(&[], Side::TwoSided, 1), "there are 0");
}

#[test]
fn a_value_that_is_no_number_is_named_by_its_place() {
    refused(
        estimate(&[0.5, f64::NAN], Confidence::P95, 1),
        "value 2 of 2 is NaN",
    );
    refused(
        compare(&[0.5], &[f64::INFINITY], Confidence::P95, 1),
        "value 1 of 1 is inf",
    );
    refused(adjust(&[0.5, 1.5], Correction::Holm), "value 2 is 1.5");
}

#[test]
fn lists_that_do_not_pair_are_refused_with_both_lengths() {
    refused(
        compare(&[0.5, 0.1], &[0.5], Confidence::P95, 1),
        "2 scores of a but 1 scores of b",
    );
    refused(roc_auc(&[true], &[0.5, 0.1]), "1 truths but 2 scores");
}

#[test]
fn one_graded_value_has_no_interval_but_one_pass_has() {
    let graded = estimate(&[0.4], Confidence::P95, 1).unwrap();
    assert_eq!((graded.value, graded.n, graded.interval), (0.4, 1, None));
    let pass = estimate(&[1.0], Confidence::P95, 1).unwrap();
    assert_eq!(pass.method, Method::Wilson);
    assert!(pass.interval.unwrap().lo() < 0.3);
    let one = compare(&[0.4], &[0.9], Confidence::P95, 1).unwrap();
    assert_eq!((one.interval, one.p), (None, 1.0));
    refused(
        mean_bca(&[0.4], Confidence::P95, 10, 1),
        "at least 2 values",
    );
}

#[test]
fn equal_values_have_an_interval_of_one_point() {
    let point = Interval::new(0.3, 0.3).unwrap();
    let values = [0.3; 40];
    assert_eq!(
        estimate(&values, Confidence::P95, 1).unwrap().interval,
        Some(point)
    );
    assert_eq!(mean_abc(&values, Confidence::P95).unwrap(), point);
    let first = |sample: &[f64]| sample[0];
    assert_eq!(bca(&values, first, Confidence::P95, 50, 1).unwrap(), point);
}

#[test]
fn bots_that_score_alike_differ_by_zero_with_p_one() {
    let graded = [0.2, 0.8, 0.5];
    let same = compare(&graded, &graded, Confidence::P95, 1).unwrap();
    assert_eq!(
        (same.difference, same.p, same.test),
        (0.0, 1.0, Test::SignFlipExact)
    );
    let passes = [1.0, 0.0, 1.0];
    let same = compare(&passes, &passes, Confidence::P95, 1).unwrap();
    assert_eq!(
        (same.difference, same.p, same.test),
        (0.0, 1.0, Test::McnemarExact)
    );
    assert!(same.interval.unwrap().contains(0.0));
    let zeros = [0.0; 5];
    assert_eq!(paired_t(&zeros, Side::TwoSided).unwrap().p, 1.0);
    assert_eq!(wilcoxon(&zeros, Side::TwoSided).unwrap().p, 1.0);
}

#[test]
fn a_constant_difference_has_no_t_but_a_permutation_test() {
    refused(paired_t(&[0.5; 6], Side::TwoSided), "t is infinite");
    assert_eq!(
        sign_flip(&[0.5; 6], Side::TwoSided, 1).unwrap().p,
        2.0 / 64.0
    );
}

#[test]
fn no_discordant_pairs_leave_only_the_exact_test() {
    let pairs = Pairs {
        both: 3,
        only_a: 0,
        only_b: 0,
        neither: 10,
    };
    assert_eq!(mcnemar_exact(&pairs, Side::TwoSided).p, 1.0);
    assert_eq!(mcnemar_exact(&pairs, Side::Greater).p, 1.0);
    refused(mcnemar(&pairs, false), "no discordant pairs");
}

#[test]
fn k_above_the_number_of_tries_is_refused_rather_than_guessed() {
    refused(pass_at_k(4, 2, 5), "only 4 tries");
    refused(pass_at_k(4, 2, 0), "k is 0");
    refused(pass_at_k(4, 5, 1), "5 of only 4");
}

#[test]
fn one_group_says_nothing_about_the_spread() {
    let one = clustered(&[0.1, 0.9], &["x", "x"], Confidence::P95).unwrap();
    assert_eq!((one.value, one.interval), (0.5, None));
    let (a, b) = ([0.0, 0.0], [1.0, 1.0]);
    let one = compare_grouped(&a, &b, &[1, 1], Confidence::P95, 1).unwrap();
    assert_eq!((one.interval, one.p), (None, 1.0));
}

#[test]
fn a_statistic_that_is_no_number_is_refused() {
    let reciprocal = |sample: &[f64]| 1.0 / sample.iter().sum::<f64>();
    refused(
        percentile(&[0.0, 1.0], reciprocal, Confidence::P95, 100, 1),
        "not a finite number",
    );
    refused(
        bca(&[0.0, 0.0], reciprocal, Confidence::P95, 100, 1),
        "not a finite number",
    );
}

#[test]
fn values_without_variation_have_no_correlation() {
    refused(
        kendall(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]),
        "all first values are equal",
    );
}

#[test]
fn the_three_forms_of_the_sign_flip_test_agree_where_they_meet() {
    let differences = |n: u32| -> Vec<f64> {
        (0..n)
            .map(|i| f64::from((i * 7919) % 1000) / 1000.0 - 0.4705)
            .collect()
    };
    for (n, test) in [
        (24, Test::SignFlipExact),
        (25, Test::SignFlip),
        (50_001, Test::SignFlipNormal),
    ] {
        assert_eq!(
            sign_flip(&differences(n), Side::TwoSided, 1).unwrap().test,
            test
        );
    }
    let d = differences(300);
    let drawn = sign_flip(&d, Side::TwoSided, 1).unwrap().p;
    let t = paired_t(&d, Side::TwoSided).unwrap().p;
    assert!((drawn - t).abs() < 0.02, "drawn {drawn}, t {t}");
    let (few, one_more) = (differences(24), differences(25));
    let apart = sign_flip(&few, Side::Greater, 1).unwrap().p
        - sign_flip(&one_more[..24], Side::Greater, 9).unwrap().p;
    assert_eq!(apart, 0.0, "an exact p needs no seed");
}

#[test]
fn bca_of_many_values_and_its_closed_form_agree() {
    let values: Vec<f64> = (0..4_000_u32)
        .map(|i| (f64::from((i * 7919) % 4_001) / 4_001.0).powi(4))
        .collect();
    let drawn = mean_bca(&values, Confidence::P95, 2_000, 3).unwrap();
    let closed = mean_abc(&values, Confidence::P95).unwrap();
    let slack = 0.06 * closed.width();
    assert!(
        (drawn.lo() - closed.lo()).abs() < slack,
        "{drawn:.5} {closed:.5}"
    );
    assert!(
        (drawn.hi() - closed.hi()).abs() < slack,
        "{drawn:.5} {closed:.5}"
    );
}

#[test]
fn few_different_values_are_drawn_as_counts_with_the_same_result() {
    let values: Vec<f64> = (0..6_000_u32).map(|i| f64::from(i % 5) / 4.0).collect();
    let many = estimate(&values, Confidence::P95, 3).unwrap();
    assert_eq!(many.method, Method::Bca);
    let closed = mean_abc(&values, Confidence::P95).unwrap();
    let drawn = many.interval.unwrap();
    assert!((drawn.lo() - closed.lo()).abs() < 0.06 * closed.width());
    let spread: Vec<f64> = (0..6_000_u32).map(|i| f64::from(i) / 6_000.0).collect();
    assert_eq!(
        estimate(&spread, Confidence::P95, 3).unwrap().method,
        Method::Abc
    );
}

#[test]
fn a_seed_gives_these_very_bytes_on_every_platform() {
    let values = [0.1, 0.9, 0.4, 0.6, 1.0, 0.8, 0.95, 0.7, 0.35, 0.5];
    let drawn = serde_json::to_string(&estimate(&values, Confidence::P95, 42).unwrap()).unwrap();
    assert_eq!(
        drawn,
        r#"{"value":0.63,"n":10,"interval":[0.445,0.79],"method":"bca"}"#
    );
    let d: Vec<f64> = (0..40)
        .map(|i| f64::from((i * 37) % 41) / 41.0 - 0.4)
        .collect();
    let p = sign_flip(&d, Side::TwoSided, 42).unwrap().p;
    assert_eq!(p, 0.041_595_840_415_958_4);
}
