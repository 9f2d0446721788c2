//! "How many cases do I need?"

use botsmith_eval::stats::{
    Confidence, PairedRates, Pairs, Side, cases_for_half_width, cases_needed_for_mean,
    detectable_difference, mcnemar_exact, power_for_mean, wilson,
};

/// Power by adding up every possible outcome of n cases.
fn power_by_listing(rates: PairedRates, n: u64, alpha: f64, side: Side) -> f64 {
    let only_b = f64::midpoint(rates.discordance(), rates.difference());
    let only_a = rates.discordance() - only_b;
    let concordant = 1.0 - rates.discordance();
    let ln_factorial = |k: u64| (1..=k).map(|i| (i as f64).ln()).sum::<f64>();
    let raise = |p: f64, k: u64| if k == 0 { 1.0 } else { p.powi(k as i32) };
    let mut power = 0.0;
    for a in 0..=n {
        for b in 0..=n - a {
            let pairs = Pairs {
                both: n - a - b,
                only_a: a,
                only_b: b,
                neither: 0,
            };
            if mcnemar_exact(&pairs, side).p <= alpha {
                let ways =
                    ln_factorial(n) - ln_factorial(a) - ln_factorial(b) - ln_factorial(n - a - b);
                power +=
                    ways.exp() * raise(only_a, a) * raise(only_b, b) * raise(concordant, n - a - b);
            }
        }
    }
    power
}

#[test]
fn power_equals_the_sum_over_all_outcomes() {
    for (difference, discordance) in [(0.1, 0.2), (0.3, 0.3), (-0.4, 0.9), (0.6, 1.0), (0.0, 0.5)] {
        let rates = PairedRates::new(difference, discordance).unwrap();
        for n in [1, 6, 17, 40] {
            for side in [Side::TwoSided, Side::Greater, Side::Less] {
                let found = rates.power(n, 0.05, side).unwrap();
                let wanted = power_by_listing(rates, n, 0.05, side);
                assert!(
                    (found - wanted).abs() < 1e-10,
                    "{rates:?} n {n} {side:?}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn cases_needed_is_the_first_number_from_which_power_holds() {
    for (difference, discordance, alpha, power, side) in [
        (0.1, 0.2, 0.05, 0.8, Side::TwoSided),
        (0.1, 0.2, 0.05, 0.8, Side::Greater),
        (0.4, 1.0, 0.05, 0.9, Side::TwoSided),
        (-0.3, 0.35, 0.01, 0.8, Side::Less),
        (0.05, 0.05, 0.05, 0.5, Side::TwoSided),
    ] {
        let rates = PairedRates::new(difference, discordance).unwrap();
        let n = rates.cases_needed(alpha, power, side).unwrap();
        assert!(
            rates.power(n - 1, alpha, side).unwrap() < power,
            "{rates:?}: {n} is not the first"
        );
        for later in n..3 * n {
            let reached = rates.power(later, alpha, side).unwrap();
            assert!(
                reached >= power,
                "{rates:?}: {later} cases, past {n}, have {reached}"
            );
        }
    }
}

#[test]
fn a_hundred_thousand_cases_are_searched_quickly() {
    let rates = PairedRates::new(0.004, 0.2).unwrap();
    let n = rates.cases_needed(0.05, 0.8, Side::TwoSided).unwrap();
    let normal: f64 = 1.959_964 * 0.2_f64.sqrt() + 0.841_621 * (0.2_f64 - 0.004 * 0.004).sqrt();
    let normal = normal * normal / (0.004 * 0.004);
    assert!(
        (n as f64 / normal - 1.0).abs() < 0.01,
        "{n} cases, {normal} by the normal formula"
    );
}

#[test]
fn independent_rates_disagree_as_often_as_chance_makes_them() {
    let rates = PairedRates::independent(0.7, 0.8).unwrap();
    assert!((rates.difference() - 0.1).abs() < 1e-12);
    assert!((rates.discordance() - (0.7 * 0.2 + 0.8 * 0.3)).abs() < 1e-12);
}

#[test]
fn the_detectable_difference_is_the_one_that_just_has_the_power() {
    let d = detectable_difference(400, 0.2, 0.05, 0.8, Side::TwoSided)
        .unwrap()
        .unwrap();
    let power = |d| {
        PairedRates::new(d, 0.2)
            .unwrap()
            .power(400, 0.05, Side::TwoSided)
            .unwrap()
    };
    assert!(power(d) >= 0.8 && power(d - 1e-6) < 0.8);
}

#[test]
fn wishes_that_no_number_of_cases_grants_are_refused_with_the_reason() {
    let alike = PairedRates::new(0.0, 0.2).unwrap();
    let error = alike
        .cases_needed(0.05, 0.8, Side::TwoSided)
        .unwrap_err()
        .to_string();
    assert!(error.contains("difference of 0"), "{error}");
    let worse = PairedRates::new(-0.1, 0.2).unwrap();
    assert!(worse.cases_needed(0.05, 0.8, Side::Greater).is_err());
    let tiny = PairedRates::new(1e-6, 0.2).unwrap();
    let error = tiny
        .cases_needed(0.05, 0.8, Side::TwoSided)
        .unwrap_err()
        .to_string();
    assert!(error.contains("10000000"), "{error}");
    assert!(PairedRates::new(0.3, 0.2).is_err());
    assert!(alike.power(10, 5.0, Side::TwoSided).is_err());
}

#[test]
fn graded_scores_need_the_cases_that_noncentral_t_asks_for() {
    // Exact numbers: R's power.t.test(type = "paired"), rounded up.
    for (d, n) in [(0.2, 199), (0.5, 34), (0.8, 15)] {
        let found = cases_needed_for_mean(d, 1.0, 0.05, 0.8, Side::TwoSided).unwrap();
        assert!(found.abs_diff(n) <= 1, "d {d}: {found}, wanted {n}");
        assert!(power_for_mean(found, d, 1.0, 0.05, Side::TwoSided).unwrap() >= 0.8);
        assert!(power_for_mean(found - 1, d, 1.0, 0.05, Side::TwoSided).unwrap() < 0.8);
    }
}

#[test]
fn cases_for_a_half_width_give_an_interval_that_narrow_and_no_fewer_do() {
    for passed_of_ten in [0, 3, 5] {
        let rate = f64::from(passed_of_ten) / 10.0;
        let n = cases_for_half_width(rate, 0.02, Confidence::P95).unwrap();
        let width = |n: u64| {
            let passed = (rate * n as f64).round() as u64;
            wilson(passed, n, Confidence::P95).unwrap().width()
        };
        assert!(
            width(n) <= 0.0401,
            "rate {rate}: {n} cases give {}",
            width(n)
        );
        assert!(
            width(n - n / 20) > 0.04,
            "rate {rate}: {n} cases are too many"
        );
    }
}
