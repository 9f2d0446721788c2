//! The simulations of the loop with few loops: each figure's interval reaches what is wanted of it.

#[path = "../examples/simulate/modes.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is shared with the program, which shows more"
)]
mod modes;

use modes::frame::Plan;

/// Runs the short form of one simulation.
fn holds(name: &str) {
    let plan = Plan {
        short: true,
        ..Plan::default()
    };
    let mode = modes::ALL.iter().find(|mode| mode.name == name);
    let figures = (mode.expect("it is in the list").run)(&plan).expect("it runs");
    assert!(!figures.is_empty());
    let missed: Vec<String> = figures
        .iter()
        .filter(|figure| !figure.holds(true))
        .map(|figure| figure.line(true))
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn one_bad_rater_in_three_halts_the_loop_or_is_excluded_and_never_trusted() {
    holds("raters");
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_claim() {
    holds("coverage");
}

#[test]
fn calibrated_scores_are_near_the_true_chances() {
    holds("calibration");
}

#[test]
fn a_calibration_is_void_when_the_judge_has_changed_and_seldom_else() {
    holds("drift");
}

#[test]
fn the_gate_seldom_promotes_what_is_no_better_and_often_what_is() {
    holds("promotion");
}

#[test]
fn a_canary_takes_harm_back_and_seldom_what_does_none() {
    holds("canary");
}

#[test]
fn a_bandit_earns_what_thompson_sampling_earns() {
    holds("bandit");
}
