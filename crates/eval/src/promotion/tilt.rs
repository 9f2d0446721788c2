//! Exponential tilting: two numbers of each unit -> the chances of the units, nearest to equal ones, that give both
//! numbers a mean of 0.
//!
//! The chances are in proportion to `exp(theta · x)`, and theta is where the logarithm of their sum is least, which
//! is a convex function: Newton's method, each step halved until it goes down. Efron 1981
//! (<https://doi.org/10.2307/3314608>).

/// Steps of Newton's method.
const STEPS: usize = 200;
/// How near the means have to come to what is wanted.
const NEAR: f64 = 1e-7;

/// The chances nearest to equal ones that give both means of `x` as 0; `None` where there are none.
pub(super) fn tilt(x: Vec<[f64; 2]>) -> Option<Vec<f64>> {
    let scale = |k: usize| {
        let most = x.iter().map(|x| x[k].abs()).fold(0.0, f64::max);
        if most > 0.0 { most } else { 1.0 }
    };
    let scales = [scale(0), scale(1)];
    let x: Vec<[f64; 2]> = x
        .into_iter()
        .map(|x| [x[0] / scales[0], x[1] / scales[1]])
        .collect();
    let mut theta = [0.0_f64; 2];
    let mut at = Moments::of(&x, theta);
    for _ in 0..STEPS {
        if at.mean.iter().all(|mean| mean.abs() < NEAR) {
            return Some(at.chances);
        }
        // A little on the diagonal: where one of the two is decided by the other, its own variance is nothing.
        let [[a, b], [_, d]] = at.covariance;
        let (a, d) = (a + 1e-10, d + 1e-10);
        let determinant = a * d - b * b;
        let step = [
            (d * at.mean[0] - b * at.mean[1]) / determinant,
            (a * at.mean[1] - b * at.mean[0]) / determinant,
        ];
        let mut size = 1.0;
        loop {
            let tried = [theta[0] - size * step[0], theta[1] - size * step[1]];
            let next = Moments::of(&x, tried);
            // The function is convex: a step that does not lower it was too long.
            if next.value < at.value {
                (theta, at) = (tried, next);
                break;
            }
            size /= 2.0;
            if size < 1e-12 {
                return at
                    .mean
                    .iter()
                    .all(|mean| mean.abs() < 1e-5)
                    .then_some(at.chances);
            }
        }
        if theta.iter().any(|t| t.abs() > 1e4) {
            return None;
        }
    }
    None
}

/// Chances in proportion to `exp(theta · x)`, their mean and covariance of `x`, and the logarithm of their sum.
struct Moments {
    value: f64,
    chances: Vec<f64>,
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

impl Moments {
    fn of(x: &[[f64; 2]], theta: [f64; 2]) -> Self {
        let exponents: Vec<f64> = x
            .iter()
            .map(|x| theta[0] * x[0] + theta[1] * x[1])
            .collect();
        let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut chances: Vec<f64> = exponents.iter().map(|e| (e - most).exp()).collect();
        let sum: f64 = chances.iter().sum();
        for chance in &mut chances {
            *chance /= sum;
        }
        let mean = |k: usize| -> f64 { chances.iter().zip(x).map(|(p, x)| p * x[k]).sum() };
        let mean = [mean(0), mean(1)];
        let of = |j: usize, k: usize| -> f64 {
            let each = chances.iter().zip(x);
            each.map(|(p, x)| p * (x[j] - mean[j]) * (x[k] - mean[k]))
                .sum()
        };
        Self {
            value: most + sum.ln(),
            covariance: [[of(0, 0), of(0, 1)], [of(1, 0), of(1, 1)]],
            mean,
            chances,
        }
    }
}
