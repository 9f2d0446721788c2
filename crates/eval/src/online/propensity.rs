//! With what probability Thompson sampling picks each version: posteriors in, probabilities out.
//!
//! The probability that a draw of `k` is above those of all others is the integral of the product
//! of the others' distribution functions over `k`'s own: computed by quadrature, for any number of
//! versions, not by trying draws out. The points lie an eighth of a width apart around the centre
//! of every posterior, so that narrow ones beside wide ones are not stepped over; each step takes
//! the mean of the product at its ends and a third of it from its middle (Simpson). Off by less
//! than 1e-5; the probabilities are made to add up to 1.

use super::posterior::Posterior;

/// Steps to each side of a posterior's centre, in widths: close together where most lies.
fn offsets(reach: f64) -> impl Iterator<Item = f64> {
    const NEAR: f64 = 4.0;
    let near = (0..=32).map(|step| f64::from(step) / 8.0);
    let mut at = NEAR;
    let far = std::iter::from_fn(move || {
        at *= 1.1;
        (at <= reach * 1.1).then_some(at)
    });
    near.chain(far)
}

/// The probability that each posterior's draw is the largest; they add up to 1.
pub(super) fn largest(posteriors: &[Posterior]) -> Vec<f64> {
    if posteriors.len() < 2 {
        return vec![1.0; posteriors.len()];
    }
    let mut points: Vec<f64> = posteriors
        .iter()
        .flat_map(|posterior| {
            let (mean, width) = (posterior.mean(), posterior.width());
            offsets(posterior.reach()).flat_map(move |z| [mean - z * width, mean + z * width])
        })
        .collect();
    if matches!(posteriors[0], Posterior::Beta { .. }) {
        points.retain(|x| (0.0..=1.0).contains(x));
        points.extend([0.0, 1.0]);
    }
    points.sort_unstable_by(f64::total_cmp);
    points.dedup();
    let middles: Vec<f64> = points
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]))
        .collect();
    let table = |xs: &[f64]| -> Vec<Vec<f64>> {
        let of = |posterior: &Posterior| xs.iter().map(|x| posterior.below(*x)).collect();
        posteriors.iter().map(of).collect()
    };
    let (ends, inside) = (table(&points), table(&middles));
    let others = |table: &[Vec<f64>], k: usize, at: usize| -> f64 {
        let rest = table.iter().enumerate().filter(|(j, _)| *j != k);
        rest.map(|(_, values)| values[at]).product()
    };
    let mut shares: Vec<f64> = (0..posteriors.len())
        .map(|k| {
            (0..middles.len())
                .map(|at| {
                    let (from, to) = (ends[k][at], ends[k][at + 1]);
                    let half = inside[k][at];
                    let left = others(&ends, k, at);
                    let right = others(&ends, k, at + 1);
                    let middle = others(&inside, k, at);
                    // Two halves, each with its own mass: exact where the product is a parabola.
                    let coarse = (to - from) * f64::midpoint(left, right);
                    let fine = (half - from) * f64::midpoint(left, middle)
                        + (to - half) * f64::midpoint(middle, right);
                    (4.0 * fine - coarse) / 3.0
                })
                .sum::<f64>()
                .max(0.0)
        })
        .collect();
    let total: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= total;
    }
    shares
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn beta(a: f64, b: f64) -> Posterior {
        Posterior::Beta { a, b }
    }

    /// P(X > Y) of two betas with whole `a` of the first: Evan Miller's sum,
    /// <https://www.evanmiller.org/bayesian-ab-testing.html>, in logarithms of gamma functions.
    fn exact((a, b): (u32, f64), (c, d): (f64, f64)) -> f64 {
        let ln_beta = |x: f64, y: f64| libm::lgamma(x) + libm::lgamma(y) - libm::lgamma(x + y);
        (0..a)
            .map(|i| {
                let i = f64::from(i);
                let term =
                    ln_beta(c + i, b + d) - libm::log(b + i) - ln_beta(1.0 + i, b) - ln_beta(c, d);
                libm::exp(term)
            })
            .sum()
    }

    #[test]
    fn two_betas_agree_with_the_closed_sum() {
        for (first, second) in [
            ((1, 1.0), (1.0, 1.0)),
            ((3, 2.0), (2.0, 5.0)),
            ((80, 20.0), (70.0, 30.0)),
            ((2, 1.0), (900.0, 300.0)),
            ((1, 1.0), (40_000.0, 10_000.0)),
            ((500, 500.0), (520.0, 480.0)),
            ((1, 30.0), (1.0, 2.0)),
        ] {
            let (a, b) = first;
            let found = largest(&[beta(f64::from(a), b), beta(second.0, second.1)]);
            let wanted = exact(first, second);
            assert!(
                (found[0] - wanted).abs() < 1e-5,
                "{first:?} {second:?}: {found:?} {wanted}"
            );
        }
    }

    #[test]
    fn normals_agree_with_the_normal_distribution_of_their_difference() {
        for (m, s, n, t) in [
            (0.5, 0.1, 0.4, 0.2),
            (0.0, 1.0, 0.3, 0.001),
            (1.0, 0.01, 0.0, 3.0),
        ] {
            let of = |mean, sd| Posterior::Normal { mean, sd };
            let found = largest(&[of(m, s), of(n, t)])[0];
            let wanted = of(0.0, f64::hypot(s, t)).below(m - n);
            assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
        }
    }

    #[test]
    fn several_versions_agree_with_draws() {
        let student = |mean, scale, df| Posterior::Student { mean, scale, df };
        for posteriors in [
            vec![
                beta(8.0, 4.0),
                beta(3.0, 2.0),
                beta(20.0, 12.0),
                beta(1.0, 1.0),
            ],
            vec![
                student(0.5, 0.2, 2.0),
                student(0.6, 0.05, 30.0),
                student(0.4, 0.3, 4.0),
            ],
        ] {
            let shares = largest(&posteriors);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let (n, mut wins) = (20_000, vec![0_u32; posteriors.len()]);
            for _ in 0..n {
                let drawn: Vec<f64> = posteriors.iter().map(|p| p.draw(&mut rng)).collect();
                let best = (0..drawn.len()).max_by(|a, b| drawn[*a].total_cmp(&drawn[*b]));
                wins[best.unwrap()] += 1;
            }
            for (share, wins) in shares.iter().zip(wins) {
                let found = f64::from(wins) / f64::from(n);
                let error = (share * (1.0 - share) / f64::from(n)).sqrt();
                assert!((found - share).abs() < 4.5 * error, "{found} {share}");
            }
        }
    }

    #[test]
    fn alike_versions_have_alike_chances() {
        let shares = largest(&[beta(5.0, 5.0); 5]);
        assert!(
            shares.iter().all(|share| (share - 0.2).abs() < 1e-9),
            "{shares:?}"
        );
    }
}
