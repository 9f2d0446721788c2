//! Who is labelled: chances that favour what is worth a look, and never fall below a random share.
//!
//! A part of the budget, at least a fifth, goes to cases drawn at random, whatever they are; the rest in
//! proportion to a priority (the judge's uncertainty, disagreement). Each case's chance is known, which is
//! what makes estimates from the labels unbiased, and none is below `random_share · budget / cases`, which
//! is what keeps their weights from growing without limit.

use super::super::sampling::{generator, uniform};
use super::super::{Result, check, fail};

/// The least share of a labelling budget that is spent at random.
pub const LEAST_RANDOM_SHARE: f64 = 0.2;

/// The chance of each case to be labelled, for a budget of that many labels in expectation.
///
/// Chances that would be above 1 are 1, and what that frees is shared by the rest.
///
/// ```
/// use botsmith_eval::stats::inclusion_probabilities;
/// let chances = inclusion_probabilities(&[0.0, 1.0, 1.0, 2.0], 2, 0.5)?;
/// assert_eq!(chances, [0.25, 0.5, 0.5, 0.75]);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No cases, a budget of 0 or of more labels than cases, a priority below 0 or not finite, or a random
/// share outside `[0.2, 1]`.
pub fn inclusion_probabilities(
    priorities: &[f64],
    budget: usize,
    random_share: f64,
) -> Result<Vec<f64>> {
    const NAME: &str = "inclusion probabilities";
    check(NAME, priorities, 1)?;
    let n = priorities.len();
    if let Some(low) = priorities.iter().find(|priority| **priority < 0.0) {
        return fail(
            NAME,
            format!("a priority is {low}; it has to be at least 0"),
        );
    }
    if budget == 0 || budget > n {
        return fail(
            NAME,
            format!("the budget is {budget} labels of {n} cases; 1 to {n} are wanted"),
        );
    }
    if !(LEAST_RANDOM_SHARE..=1.0).contains(&random_share) {
        return fail(
            NAME,
            format!(
                "the random share is {random_share}; at least {LEAST_RANDOM_SHARE} of the labels are drawn at random, else no estimate is safe"
            ),
        );
    }
    let floor = random_share * budget as f64 / n as f64;
    let mut chances = vec![floor; n];
    // Those that have reached 1 take no more part.
    let mut left = budget as f64 - floor * n as f64;
    let mut open: Vec<usize> = (0..n).collect();
    while left > 1e-12 && !open.is_empty() {
        let total: f64 = open.iter().map(|&i| priorities[i]).sum();
        let share = |i: usize| match total > 0.0 {
            true => priorities[i] / total,
            false => 1.0 / open.len() as f64,
        };
        let mut spent = 0.0;
        let mut next = Vec::with_capacity(open.len());
        let gains: Vec<(usize, f64)> = open.iter().map(|&i| (i, left * share(i))).collect();
        for (i, gain) in gains {
            let gain = gain.min(1.0 - chances[i]);
            chances[i] += gain;
            spent += gain;
            if chances[i] < 1.0 - 1e-12 && (priorities[i] > 0.0 || total == 0.0) {
                next.push(i);
            }
        }
        left -= spent;
        if next.is_empty() && left > 1e-12 {
            // Only cases of no priority are left; they share what remains.
            next = (0..n).filter(|&i| chances[i] < 1.0 - 1e-12).collect();
        }
        open = next;
    }
    for chance in &mut chances {
        *chance = chance.clamp(floor.min(1.0), 1.0);
    }
    Ok(chances)
}

/// Draws the cases to label, each by itself with its chance (Poisson sampling): how many there are varies
/// around their sum.
///
/// # Errors
/// A chance outside `[0, 1]`.
pub fn draw_labels(chances: &[f64], seed: u64) -> Result<Vec<bool>> {
    if let Some(wrong) = chances.iter().find(|chance| !(0.0..=1.0).contains(*chance)) {
        return fail(
            "labels to draw",
            format!("a chance is {wrong}; it has to be in [0, 1]"),
        );
    }
    let mut rng = generator(seed, 0);
    Ok(chances
        .iter()
        .map(|chance| uniform(&mut rng) < *chance)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_add_up_to_the_budget_and_stay_above_the_random_share() {
        for (priorities, budget) in [
            (vec![0.0; 50], 10),
            ((0..50).map(f64::from).collect::<Vec<_>>(), 30),
            (vec![1.0, 0.0, 0.0, 0.0], 3),
            (vec![100.0, 1.0, 1.0, 1.0, 0.0], 4),
            (vec![1.0; 5], 5),
        ] {
            let n = priorities.len() as f64;
            let chances = inclusion_probabilities(&priorities, budget, 0.2).unwrap();
            let sum: f64 = chances.iter().sum();
            assert!(
                (sum - budget as f64).abs() < 1e-9,
                "{priorities:?}: {chances:?}"
            );
            let floor = 0.2 * budget as f64 / n;
            assert!(chances.iter().all(|c| *c >= floor - 1e-12 && *c <= 1.0));
        }
    }

    #[test]
    fn a_random_share_below_a_fifth_is_refused() {
        let error = inclusion_probabilities(&[1.0; 10], 5, 0.1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("at least 0.2"), "{error}");
    }

    #[test]
    fn draws_follow_their_chances() {
        let chances: Vec<f64> = (0..20_000)
            .map(|i| if i % 2 == 0 { 0.1 } else { 0.7 })
            .collect();
        let drawn = draw_labels(&chances, 3).unwrap();
        let share = |odd: usize| {
            drawn.iter().skip(odd).step_by(2).filter(|d| **d).count() as f64 / 10_000.0
        };
        assert!((share(0) - 0.1).abs() < 0.015 && (share(1) - 0.7).abs() < 0.02);
        assert_eq!(drawn, draw_labels(&chances, 3).unwrap());
    }
}
