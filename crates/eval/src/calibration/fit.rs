//! Fitting a map of each shape to scores, verdicts and weights.
//!
//! Logistic fits are by Newton's method on targets drawn in as Platt does (`(n₊ + 1)/(n₊ + 2)` and
//! `1/(n₋ + 2)`), which keeps them finite where scores separate the verdicts. Isotonic ones pool adjacent
//! violators (Ayer et al. 1955).

use super::map::{Map, Shape, beta_terms, logistic};

/// One point to fit: score, whether it passed, weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) score: f64,
    pub(super) passed: bool,
    pub(super) weight: f64,
}

/// The map of a shape that fits the points best.
pub(super) fn fit(shape: Shape, points: &[Point]) -> Map {
    match shape {
        Shape::Identity => Map::Identity,
        Shape::Platt => platt(points),
        Shape::Beta => beta(points),
        Shape::Isotonic => isotonic(points),
    }
}

fn platt(points: &[Point]) -> Map {
    let rows: Vec<[f64; 3]> = points.iter().map(|p| [1.0, p.score, 0.0]).collect();
    let [offset, slope, _] = newton(&rows, points, [true, true, false]);
    if slope >= 0.0 {
        return Map::Platt { offset, slope };
    }
    // A judge that people contradict says nothing; turning it round would hide that.
    let [offset, ..] = newton(&rows, points, [true, false, false]);
    Map::Platt { offset, slope: 0.0 }
}

fn beta(points: &[Point]) -> Map {
    let rows: Vec<[f64; 3]> = points
        .iter()
        .map(|p| {
            let (low, high) = beta_terms(p.score);
            [1.0, low, high]
        })
        .collect();
    let mut used = [true, true, true];
    loop {
        let fitted = newton(&rows, points, used);
        // Kull et al.: a weight below 0 is left out, and the rest fitted anew.
        let worst = if fitted[1] < fitted[2] { 1 } else { 2 };
        if fitted[worst] >= 0.0 {
            let [c, a, b] = fitted;
            return Map::Beta { a, b, c };
        }
        used[worst] = false;
    }
}

/// The maximum of the weighted log likelihood over the columns used; the others stay 0.
fn newton(rows: &[[f64; 3]], points: &[Point], used: [bool; 3]) -> [f64; 3] {
    let total: f64 = points.iter().map(|p| p.weight).sum();
    let scale = points.len() as f64 / total;
    let passed: f64 = points
        .iter()
        .filter(|p| p.passed)
        .map(|p| p.weight)
        .sum::<f64>()
        * scale;
    let failed = points.len() as f64 - passed;
    let (high, low) = ((passed + 1.0) / (passed + 2.0), 1.0 / (failed + 2.0));
    let target = |p: &Point| if p.passed { high } else { low };
    let eta = |w: &[f64; 3], x: &[f64; 3]| w[0] * x[0] + w[1] * x[1] + w[2] * x[2];
    // Tiny, so that columns that say the same have one solution.
    let ridge = 1e-6;
    let loss = |w: &[f64; 3]| {
        let fit: f64 = rows
            .iter()
            .zip(points)
            .map(|(x, p)| {
                let eta = eta(w, x);
                // ln(1 + exp(eta)) - t eta, without overflow.
                let soft = eta.max(0.0) + libm::log1p(libm::exp(-eta.abs()));
                p.weight * scale * (soft - target(p) * eta)
            })
            .sum();
        fit + ridge * w.iter().map(|w| w * w).sum::<f64>() / 2.0
    };
    let mut w = [0.0; 3];
    let mut best = loss(&w);
    for _ in 0..50 {
        let mut gradient = [0.0; 3];
        let mut hessian = [[0.0; 3]; 3];
        for (x, p) in rows.iter().zip(points) {
            let probability = logistic(eta(&w, x));
            let weight = p.weight * scale;
            let pull = weight * (target(p) - probability);
            let curve = weight * probability * (1.0 - probability);
            for i in 0..3 {
                gradient[i] += pull * x[i];
                for j in 0..3 {
                    hessian[i][j] += curve * x[i] * x[j];
                }
            }
        }
        for i in 0..3 {
            gradient[i] -= ridge * w[i];
            hessian[i][i] += ridge;
            if !used[i] {
                gradient[i] = 0.0;
                hessian[i] = [0.0; 3];
                for row in &mut hessian {
                    row[i] = 0.0;
                }
                hessian[i][i] = 1.0;
            }
        }
        let step = solve(hessian, gradient);
        let mut length = 1.0;
        let gained = loop {
            let next = [0, 1, 2].map(|i| w[i] + length * step[i]);
            let lost = loss(&next);
            if lost < best {
                let gained = best - lost;
                (w, best) = (next, lost);
                break gained;
            }
            length /= 2.0;
            if length < 1e-6 {
                break 0.0;
            }
        };
        if gained < 1e-10 * points.len() as f64 {
            break;
        }
    }
    w
}

/// Solves three equations by elimination with pivots; the matrix is positive definite.
fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> [f64; 3] {
    for i in 0..3 {
        let pivot = (i..3)
            .max_by(|&x, &y| a[x][i].abs().total_cmp(&a[y][i].abs()))
            .unwrap_or(i);
        a.swap(i, pivot);
        b.swap(i, pivot);
        if a[i][i] == 0.0 {
            continue;
        }
        for row in i + 1..3 {
            let factor = a[row][i] / a[i][i];
            let above = a[i];
            for (cell, above) in a[row].iter_mut().zip(above).skip(i) {
                *cell -= factor * above;
            }
            b[row] -= factor * b[i];
        }
    }
    let mut x = [0.0; 3];
    for i in (0..3).rev() {
        let known: f64 = (i + 1..3).map(|j| a[i][j] * x[j]).sum();
        x[i] = if a[i][i] == 0.0 {
            0.0
        } else {
            (b[i] - known) / a[i][i]
        };
    }
    x
}

/// One pooled block: its weighted sums and how many points are in it.
#[derive(Clone, Copy)]
struct Block {
    weight: f64,
    score: f64,
    passed: f64,
}

fn isotonic(points: &[Point]) -> Map {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    let mut blocks: Vec<Block> = Vec::new();
    let mut at = 0;
    while at < sorted.len() {
        // Points of one score have one value.
        let mut block = Block {
            weight: 0.0,
            score: 0.0,
            passed: 0.0,
        };
        let score = sorted[at].score;
        while at < sorted.len() && sorted[at].score == score {
            let p = sorted[at];
            block.weight += p.weight;
            block.score += p.weight * p.score;
            block.passed += if p.passed { p.weight } else { 0.0 };
            at += 1;
        }
        while let Some(last) = blocks.last() {
            if last.passed * block.weight < block.passed * last.weight {
                break;
            }
            block.weight += last.weight;
            block.score += last.score;
            block.passed += last.passed;
            blocks.pop();
        }
        blocks.push(block);
    }
    // No block of a sample shows that something never happens.
    let edge = 1.0 / (points.len() as f64 + 2.0);
    let points = blocks
        .iter()
        .map(|block| {
            (
                block.score / block.weight,
                (block.passed / block.weight).clamp(edge, 1.0 - edge),
            )
        })
        .collect();
    Map::Isotonic { points }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(n: usize, p: impl Fn(f64) -> f64) -> Vec<Point> {
        // A low-discrepancy stand-in for chance: verdicts come as often as they should.
        (0..n)
            .map(|i| {
                let score = (i as f64 + 0.5) / n as f64;
                let u = (i as f64 * 0.618_033_988_749_895).fract();
                Point {
                    score,
                    passed: u < p(score),
                    weight: 1.0,
                }
            })
            .collect()
    }

    type Curve<'a> = &'a dyn Fn(f64) -> f64;

    #[test]
    fn each_shape_finds_the_curve_that_made_the_verdicts() {
        let platt = |s: f64| logistic(-2.0 + 5.0 * s);
        let beta = |s: f64| {
            let (low, high) = beta_terms(s);
            logistic(0.5 * low + 2.0 * high - 0.3)
        };
        let cases: [(Shape, Curve<'_>, f64); 4] = [
            (Shape::Platt, &platt, 0.02),
            (Shape::Beta, &beta, 0.02),
            (Shape::Isotonic, &platt, 0.08),
            (Shape::Isotonic, &beta, 0.08),
        ];
        for (shape, curve, within) in cases {
            let map = fit(shape, &points(4_000, curve));
            for s in [0.05, 0.2, 0.5, 0.8, 0.95] {
                let off = (map.apply(s) - curve(s)).abs();
                assert!(off < within, "{shape} at {s}: off by {off}");
            }
        }
    }

    #[test]
    fn scores_that_separate_the_verdicts_give_a_finite_curve() {
        let points: Vec<Point> = (0..40)
            .map(|i| Point {
                score: f64::from(u8::from(i < 20)),
                passed: i < 20,
                weight: 1.0,
            })
            .collect();
        for shape in Shape::ALL {
            let map = fit(shape, &points);
            assert!(map.apply(1.0) > 0.9 && map.apply(0.0) < 0.1, "{map:?}");
            assert!(serde_json::to_string(&map).is_ok_and(|text| !text.contains("null")));
        }
    }

    #[test]
    fn a_judge_that_people_contradict_becomes_a_constant() {
        let points = points(200, |s| 1.0 - s);
        for shape in [Shape::Platt, Shape::Beta, Shape::Isotonic] {
            let map = fit(shape, &points);
            assert!((map.apply(0.1) - map.apply(0.9)).abs() < 0.05, "{map:?}");
            assert!((map.apply(0.5) - 0.5).abs() < 0.06, "{map:?}");
        }
    }

    #[test]
    fn a_weight_of_three_is_three_points() {
        let base = points(60, |s| s);
        let mut weighted = base.clone();
        let mut repeated = base.clone();
        for (at, point) in base.iter().enumerate().filter(|(at, _)| at % 4 == 0) {
            weighted[at].weight = 3.0;
            repeated.extend([*point; 2]);
        }
        // The drawn-in targets depend on n, so the two agree up to that.
        for shape in [Shape::Platt, Shape::Isotonic] {
            let (a, b) = (fit(shape, &weighted), fit(shape, &repeated));
            for s in [0.1, 0.5, 0.9] {
                assert!((a.apply(s) - b.apply(s)).abs() < 0.03, "{shape} at {s}");
            }
        }
    }
}
