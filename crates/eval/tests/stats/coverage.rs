//! Whether intervals and tests do what they claim, by seeded simulation.

use botsmith_eval::stats::{
    Confidence, Pairs, Side, clustered_interval, mean_abc, mean_bca, newcombe, sign_flip,
    standard_error, wilson,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// How often `holds` is true of `rounds` tries.
fn share(rounds: u32, mut holds: impl FnMut() -> bool) -> f64 {
    f64::from((0..rounds).filter(|_| holds()).count() as u32) / f64::from(rounds)
}

#[test]
fn wilson_covers_the_true_rate_about_as_often_as_it_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for rate in [0.1, 0.5, 0.9] {
        let covered = share(4_000, || {
            let passed = (0..100).filter(|_| uniform(&mut rng) < rate).count() as u64;
            wilson(passed, 100, Confidence::P95).unwrap().contains(rate)
        });
        assert!((0.925..=0.97).contains(&covered), "rate {rate}: {covered}");
    }
}

#[test]
fn bca_and_abc_cover_a_skewed_mean_nearly_as_often_as_they_say() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut bca, mut abc) = (0, 0);
    for seed in 0..500 {
        // Exponential: mean 1, skewness 2.
        let values: Vec<f64> = (0..100).map(|_| -(1.0 - uniform(&mut rng)).ln()).collect();
        bca += u32::from(
            mean_bca(&values, Confidence::P95, 300, seed)
                .unwrap()
                .contains(1.0),
        );
        abc += u32::from(mean_abc(&values, Confidence::P95).unwrap().contains(1.0));
    }
    for covered in [bca, abc].map(|count| f64::from(count) / 500.0) {
        assert!((0.915..=0.975).contains(&covered), "{covered}");
    }
}

#[test]
fn newcombe_covers_the_difference_of_paired_rates() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // both .6, only a .05, only b .15, neither .2: a difference of .1
    let covered = share(3_000, || {
        let mut pairs = Pairs::default();
        for _ in 0..80 {
            let u = uniform(&mut rng);
            *match u {
                u if u < 0.60 => &mut pairs.both,
                u if u < 0.65 => &mut pairs.only_a,
                u if u < 0.80 => &mut pairs.only_b,
                _ => &mut pairs.neither,
            } += 1;
        }
        newcombe(&pairs, Confidence::P95).unwrap().contains(0.1)
    });
    assert!((0.93..=0.98).contains(&covered), "{covered}");
}

#[test]
fn clustered_intervals_cover_where_naive_ones_do_not() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (mut clustered, mut naive) = (0, 0);
    for _ in 0..1_000 {
        let (mut values, mut groups) = (Vec::new(), Vec::new());
        for group in 0..30 {
            let level = uniform(&mut rng);
            for _ in 0..10 {
                values.push(level + 0.2 * (uniform(&mut rng) - 0.5));
                groups.push(group);
            }
        }
        let interval = clustered_interval(&values, &groups, Confidence::P95).unwrap();
        clustered += u32::from(interval.contains(0.5));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        naive += u32::from((mean - 0.5).abs() <= 1.96 * standard_error(&values).unwrap());
    }
    assert!((930..=970).contains(&clustered), "{clustered} of 1000");
    assert!(naive < 600, "{naive} of 1000");
}

#[test]
fn sign_flips_of_equal_bots_reject_no_more_often_than_alpha() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for n in [12, 30] {
        let rejected = share(300, || {
            let d: Vec<f64> = (0..n)
                .map(|_| uniform(&mut rng) - uniform(&mut rng))
                .collect();
            sign_flip(&d, Side::TwoSided, rng.next_u64()).unwrap().p <= 0.05
        });
        assert!((0.025..=0.08).contains(&rejected), "n {n}: {rejected}");
    }
}
