//! Whether the bandit earns what Thompson sampling earns, and whether its propensities tell what other
//! policies would have earned.
//!
//! The reference is written from the textbook, apart from the library: Cheng's algorithm BB for beta
//! deviates (1978, <https://doi.org/10.1145/359460.359482>) instead of two gammas, Box & Muller for
//! normal ones instead of the polar method, counts of its own. Regret is the sum of what the best version's
//! mean is above the drawn one's.

use botsmith_eval::online::{Logged, OffPolicy, Policy, Rewards, Thompson};
use botsmith_eval::stats::Confidence;

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

/// Seeds and rounds of a whole run, and of a short one.
const SEEDS: (usize, usize) = (200, 40);
const ROUNDS: (usize, usize) = (10_000, 400);
/// Loops of the estimates, rounds in each, and rounds between two looks at the rewards.
const LOOPS: (usize, usize) = (2_000, 60);
const LOGGED: usize = 200;
const DELAY: usize = 10;
/// The variance of graded rewards.
const VARIANCE: f64 = 0.04;

/// A stationary problem: the true means.
struct Problem {
    name: &'static str,
    means: &'static [f64],
    graded: bool,
}

const PROBLEMS: [Problem; 3] = [
    Problem {
        name: "two versions, 70 and 80 %",
        means: &[0.7, 0.8],
        graded: false,
    },
    Problem {
        name: "four versions, 45 to 60 %",
        means: &[0.45, 0.5, 0.55, 0.6],
        graded: false,
    },
    Problem {
        name: "three versions, graded, 0.50, 0.60 and 0.65",
        means: &[0.5, 0.6, 0.65],
        graded: true,
    },
];

impl Problem {
    fn rewards(&self) -> Rewards {
        match self.graded {
            true => Rewards::Graded {
                variance: Some(VARIANCE),
            },
            false => Rewards::PassFail,
        }
    }

    fn reward(&self, chance: &mut Chance, version: usize) -> f64 {
        let mean = self.means[version];
        match self.graded {
            true => mean + VARIANCE.sqrt() * chance.normal(),
            false => f64::from(u8::from(chance.happens(mean))),
        }
    }

    fn best(&self) -> f64 {
        self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The regret of the library's sampler.
    fn ours(&self, chance: &mut Chance, floor: f64, rounds: usize) -> f64 {
        let mut bandit = Thompson::new(self.means.len(), self.rewards(), floor);
        let mut regret = 0.0;
        for _ in 0..rounds {
            let version = bandit.draw(&mut chance.0);
            bandit.add(version, self.reward(chance, version));
            regret += self.best() - self.means[version];
        }
        regret
    }

    /// The regret of the textbook's.
    fn reference(&self, chance: &mut Chance, floor: f64, rounds: usize) -> f64 {
        let versions = self.means.len();
        let (mut counts, mut sums) = (vec![0.0; versions], vec![0.0; versions]);
        let mut regret = 0.0;
        for _ in 0..rounds {
            let version = if chance.happens(floor) {
                chance.below(versions)
            } else {
                let drawn: Vec<f64> = (0..versions)
                    .map(|v| match self.graded {
                        // A normal prior of mean 1/2, worth one reward.
                        true => {
                            let precision = 1.0 + counts[v];
                            let mean = (0.5 + sums[v]) / precision;
                            mean + (VARIANCE / precision).sqrt() * chance.normal()
                        }
                        false => cheng(chance, 1.0 + sums[v], 1.0 + counts[v] - sums[v]),
                    })
                    .collect();
                let first = (0..versions).rev();
                first
                    .max_by(|a, b| drawn[*a].total_cmp(&drawn[*b]))
                    .expect("there are versions")
            };
            counts[version] += 1.0;
            sums[version] += self.reward(chance, version);
            regret += self.best() - self.means[version];
        }
        regret
    }
}

/// A beta deviate for whole parameters: algorithm BB, or the inverse where one of them is 1.
fn cheng(chance: &mut Chance, p: f64, q: f64) -> f64 {
    // 1 - uniform is above 0.
    let mut u = || 1.0 - chance.uniform();
    if q == 1.0 {
        return u().powf(1.0 / p);
    }
    if p == 1.0 {
        return 1.0 - u().powf(1.0 / q);
    }
    let (a, b) = (p.min(q), p.max(q));
    let sum = a + b;
    let beta = ((sum - 2.0) / (2.0 * a * b - sum)).sqrt();
    let gamma = a + 1.0 / beta;
    loop {
        let (u1, u2) = (u(), u());
        if u1 == 1.0 {
            continue;
        }
        let v = beta * (u1 / (1.0 - u1)).ln();
        let w = a * v.exp();
        let z = u1 * u1 * u2;
        let r = gamma * v - 4.0_f64.ln();
        let s = a + r - w;
        let t = z.ln();
        if s + 1.0 + 5.0_f64.ln() >= 5.0 * z || s >= t || r + sum * (sum / (b + w)).ln() >= t {
            return if a == p { w / (b + w) } else { b / (b + w) };
        }
    }
}

/// Mean and squared standard error.
fn summary(values: &[f64]) -> Result<(f64, f64), Failure> {
    let error = botsmith_eval::stats::standard_error(values)?;
    Ok((botsmith_eval::stats::mean(values)?, error * error))
}

fn regrets(plan: &Plan, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    let seeds = plan.loops(SEEDS.0, SEEDS.1);
    let rounds = if plan.short { ROUNDS.1 } else { ROUNDS.0 };
    for problem in &PROBLEMS {
        for floor in [0.1, 0.0] {
            let name = |who: &str| {
                format!(
                    "regret of {rounds} rounds, floor {floor}, {who}: {}",
                    problem.name
                )
            };
            let both = plan.each(seeds, |at| {
                let ours = &mut plan.chance(&name("bandit"), at);
                let reference = &mut plan.chance(&name("reference"), at);
                Ok((
                    problem.ours(ours, floor, rounds),
                    problem.reference(reference, floor, rounds),
                ))
            })?;
            let (ours, reference): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
            figures.push(Figure::mean(name("bandit"), &ours, Wanted::Nothing)?);
            figures.push(Figure::mean(
                name("reference"),
                &reference,
                Wanted::Nothing,
            )?);
            let ((a, aa), (b, bb)) = (summary(&ours)?, summary(&reference)?);
            let error = (aa + bb).sqrt();
            figures.push(Figure {
                name: name("how far apart"),
                value: (a - b).abs(),
                interval: Some((
                    ((a - b).abs() - 2.0 * error).max(0.0),
                    (a - b).abs() + 2.0 * error,
                )),
                loops: seeds,
                wanted: Wanted::AtMost((0.05 * b).max(2.0 * error)),
                share: false,
            });
        }
    }
    Ok(())
}

/// What "always the better version" would have earned, estimated from the draws of a bandit.
fn estimates(plan: &Plan, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let problem = &PROBLEMS[0];
    let found = plan.each(loops, |at| {
        let chance = &mut plan.chance("estimates", at);
        let mut bandit = Thompson::new(problem.means.len(), problem.rewards(), 0.1);
        // The worse version too: it is drawn seldom, so that its weights are large.
        let mut earned = [0, 1].map(|version| OffPolicy::new(Policy::always(version, 2)));
        for _ in 0..LOGGED / DELAY {
            let propensities = bandit.propensities();
            let drawn: Vec<(usize, f64)> = (0..DELAY)
                .map(|_| {
                    let version = bandit.draw(&mut chance.0);
                    (version, problem.reward(chance, version))
                })
                .collect();
            for (version, reward) in drawn {
                let propensity = propensities[version];
                for of in &mut earned {
                    of.add(Logged {
                        version,
                        propensity,
                        reward,
                    })?;
                }
                bandit.add(version, reward);
            }
        }
        let mut row = [0.0; 8];
        for (version, of) in earned.iter().enumerate() {
            row[4 * version] = of.ips(Confidence::P95)?.value;
            // Where a version was never drawn there is nothing to normalise.
            row[4 * version + 1] = of.snips(Confidence::P95).map_or(f64::NAN, |of| of.value);
            let robust = of.doubly_robust(Confidence::P95)?;
            row[4 * version + 2] = robust.value;
            row[4 * version + 3] = f64::from(u8::from(
                robust
                    .interval
                    .is_some_and(|range| range.contains(problem.means[version])),
            ));
        }
        Ok(row)
    })?;
    for (version, truth) in problem.means.iter().enumerate() {
        let kinds = [("IPS", true), ("SNIPS", false), ("doubly robust", true)];
        for (kind, (name, gated)) in kinds.into_iter().enumerate() {
            let column = found.iter().map(|row| row[4 * version + kind]);
            let values: Vec<f64> = column.filter(|value| value.is_finite()).collect();
            let (mean, square) = summary(&values)?;
            let reach = 2.0 * square.sqrt();
            figures.push(Figure {
                name: format!(
                    "{name} of always the {:.0} % version, less the truth",
                    100.0 * truth
                ),
                value: mean - truth,
                interval: Some((mean - truth - reach, mean - truth + reach)),
                loops: values.len(),
                wanted: if gated {
                    Wanted::Within(-reach, reach)
                } else {
                    Wanted::Nothing
                },
                share: false,
            });
        }
        let held = found
            .iter()
            .filter(|row| row[4 * version + 3] == 1.0)
            .count();
        let name = format!("doubly robust intervals that hold {:.0} %", 100.0 * truth);
        figures.push(Figure::share(name, held, loops, Wanted::Nothing)?);
    }
    Ok(())
}

pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    regrets(plan, &mut figures)?;
    estimates(plan, &mut figures)?;
    Ok(figures)
}
