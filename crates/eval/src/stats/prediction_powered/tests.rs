use super::*;

/// Cases whose judge agrees with people with the share given; the first `labels` are labelled.
fn cases(n: usize, labels: usize, agreement: usize) -> (Vec<Judged>, Vec<usize>) {
    let cases = (0..n)
        .map(|i| {
            let human = (i * 7) % 10 < 7;
            let judge = human == ((i * 13 + i / 10) % 100 < agreement);
            let number = |x: bool| f64::from(u8::from(x));
            Judged::new(number(judge), (i < labels).then_some(number(human)))
        })
        .collect();
    (cases, (0..n).collect())
}

#[test]
fn a_good_judge_narrows_the_interval_and_a_useless_one_does_no_harm() {
    for (agreement, least, most) in [(95, 0.0, 0.75), (50, 0.9, 1.05)] {
        let (cases, groups) = cases(2_000, 200, agreement);
        let powered = prediction_powered(&cases, &groups, Confidence::P95).unwrap();
        let ratio = powered.interval.width() / powered.labels_alone.1.width();
        assert!(
            (least..=most).contains(&ratio),
            "agreement {agreement}: {ratio}"
        );
        assert!(powered.interval.contains(0.7), "{}", powered.interval);
        assert_eq!((powered.n, powered.labels), (2_000, 200));
    }
}

#[test]
fn a_judge_that_says_the_same_of_all_leaves_the_labels_alone() {
    let (mut cases, groups) = cases(500, 100, 90);
    for case in &mut cases {
        case.judge = 0.5;
    }
    let powered = prediction_powered(&cases, &groups, Confidence::P95).unwrap();
    assert_eq!(powered.lambda, 0.0);
    assert_eq!(powered.value, powered.labels_alone.0);
}

#[test]
fn labels_that_agree_with_the_judge_throughout_still_leave_doubt() {
    let (cases, groups) = cases(2_000, 60, 100);
    let powered = prediction_powered(&cases, &groups, Confidence::P95).unwrap();
    assert!((powered.lambda - 1.0).abs() < 1e-9, "{powered:?}");
    assert!(powered.interval.width() > 0.04, "{}", powered.interval);
}

#[test]
fn weights_undo_a_choice_of_hard_cases() {
    // Cases that fail are labelled four times as often.
    let cases: Vec<Judged> = (0..2_000_usize)
        .map(|i| {
            let human = (i * 7) % 10 < 7;
            let every = if human { 20 } else { 5 };
            let labelled = (i / 10) % every == 0;
            let number = f64::from(u8::from(human));
            Judged::new(0.5, labelled.then_some(number)).included(1.0 / every as f64)
        })
        .collect();
    let groups: Vec<usize> = (0..2_000).collect();
    let powered = prediction_powered(&cases, &groups, Confidence::P95).unwrap();
    assert!((powered.value - 0.7).abs() < 0.02, "{powered:?}");
    assert!(powered.least_inclusion < 0.6, "{}", powered.least_inclusion);
}

#[test]
fn repeats_of_a_case_count_as_one() {
    let (plain, groups) = cases(400, 100, 85);
    let twice: Vec<Judged> = plain.iter().flat_map(|case| [*case; 3]).collect();
    let of_case: Vec<usize> = groups.iter().flat_map(|group| [*group; 3]).collect();
    let once = prediction_powered(&plain, &groups, Confidence::P95).unwrap();
    let grouped = prediction_powered(&twice, &of_case, Confidence::P95).unwrap();
    assert!((once.value - grouped.value).abs() < 1e-12);
    let ratio = grouped.interval.width() / once.interval.width();
    assert!((0.95..1.05).contains(&ratio), "{ratio}");
}

#[test]
fn a_difference_without_a_labelled_change_is_no_certainty() {
    let (a, groups) = cases(300, 100, 90);
    let gain = prediction_powered_difference(&a, &a, &groups, Confidence::P95).unwrap();
    assert_eq!(gain.value, 0.0);
    assert!(gain.interval.lo() < 0.0 && gain.interval.hi() > 0.0);
    assert!((gain.p_above(0.0) - 0.5).abs() < 1e-9);
    assert!(gain.lower_bound(0.05).unwrap() < 0.0);
}

#[test]
fn what_cannot_be_estimated_says_why() {
    let (cases, groups) = cases(50, 5, 90);
    let error = prediction_powered(&cases, &groups, Confidence::P95).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("at least 10 labels, there are 5"),
        "{error}"
    );
    let (mut cases, groups) = self::cases(50, 20, 90);
    cases[3].inclusion = 0.0;
    let error = prediction_powered(&cases, &groups, Confidence::P95).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("case 4: its chance of being labelled is 0"),
        "{error}"
    );
}
