//! Draws from the distributions that posteriors have: normal, gamma, beta and Student's t.
//!
//! Everything is made of whole random words and `libm`, so that a seed means the same draws on
//! every platform. Shapes of gammas are 1 or more here, as those of posteriors over a prior are;
//! smaller ones are raised by one and brought back with a power of a uniform.

use libm::{exp, log};
use rand_chacha::rand_core::Rng;

/// A number in `[0, 1)` with 53 random bits.
pub(super) fn uniform(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal deviate: Marsaglia & Bray 1964, the polar method (the second of each pair is
/// not kept, so that every draw depends on the generator alone).
pub(super) fn normal(rng: &mut impl Rng) -> f64 {
    loop {
        let u = 2.0 * uniform(rng) - 1.0;
        let v = 2.0 * uniform(rng) - 1.0;
        let square = u * u + v * v;
        if square > 0.0 && square < 1.0 {
            return u * (-2.0 * log(square) / square).sqrt();
        }
    }
}

/// A gamma deviate of this shape and scale 1: Marsaglia & Tsang 2000, "A simple method for
/// generating gamma variables" (<https://doi.org/10.1145/358407.358414>).
pub(super) fn gamma(rng: &mut impl Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let more = gamma(rng, shape + 1.0);
        // 1 - uniform is never 0.
        return more * exp(log(1.0 - uniform(rng)) / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = 1.0 - uniform(rng);
        let square = x * x;
        if u < 1.0 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1.0 - v + log(v)) {
            return d * v;
        }
    }
}

/// A beta deviate: of two gammas, the share of the first.
pub(super) fn beta(rng: &mut impl Rng, a: f64, b: f64) -> f64 {
    let x = gamma(rng, a);
    let y = gamma(rng, b);
    if x + y > 0.0 { x / (x + y) } else { 0.5 }
}

/// A deviate of Student's t.
pub(super) fn student(rng: &mut impl Rng, df: f64) -> f64 {
    let z = normal(rng);
    z * (df / (2.0 * gamma(rng, df / 2.0))).sqrt()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn draws_have_the_mean_and_variance_of_their_distributions() {
        type Draw = fn(&mut ChaCha8Rng) -> f64;
        let cases: [(&str, Draw, f64, f64); 7] = [
            ("normal", |rng| normal(rng), 0.0, 1.0),
            ("gamma 0.5", |rng| gamma(rng, 0.5), 0.5, 0.5),
            ("gamma 1", |rng| gamma(rng, 1.0), 1.0, 1.0),
            ("gamma 30", |rng| gamma(rng, 30.0), 30.0, 30.0),
            (
                "beta 2, 5",
                |rng| beta(rng, 2.0, 5.0),
                2.0 / 7.0,
                10.0 / (49.0 * 8.0),
            ),
            ("beta 1, 1", |rng| beta(rng, 1.0, 1.0), 0.5, 1.0 / 12.0),
            ("t 12", |rng| student(rng, 12.0), 0.0, 1.2),
        ];
        for (name, draw, mean, variance) in cases {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let n = 20_000;
            let draws: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
            let found = draws.iter().sum::<f64>() / f64::from(n);
            let spread: f64 = draws.iter().map(|x| (x - found) * (x - found)).sum();
            let error = (variance / f64::from(n)).sqrt();
            assert!((found - mean).abs() < 4.5 * error, "{name}: mean {found}");
            let ratio = spread / f64::from(n) / variance;
            assert!(
                (ratio - 1.0).abs() < 0.08,
                "{name}: variance off by {ratio}"
            );
        }
    }
}
