//! How often intervals that claim 95 % hold the true value, over many seeds.
//!
//! Each line draws its cases anew in each loop, makes the interval that a run would make, and asks whether
//! the truth that the draws came from is in it.

use botsmith_eval::Result as EvalResult;
use botsmith_eval::stats::{
    Confidence, Interval, Judged, clustered, compare, draw_labels, estimate,
    inclusion_probabilities, prediction_powered, prediction_powered_difference, wilson,
};

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

const P95: Confidence = Confidence::P95;
/// Loops of a whole run, and of a short one.
const LOOPS: (usize, usize) = (4_000, 150);

/// Draws the cases of one loop and gives the interval, if there is one, and the truth.
type Draw = fn(&mut Chance, u64) -> EvalResult<(Option<Interval>, f64)>;

/// Lines that have to be between 93 and 97 %.
const LINES: &[(&str, Draw)] = &[
    ("BCa, mean of 100 even scores", |chance, seed| {
        mean_of(chance, seed, 100, even)
    }),
    ("BCa, mean of 100 skewed scores", |chance, seed| {
        mean_of(chance, seed, 100, skewed)
    }),
    (
        "BCa, mean of 100 scores, two in five of them 1",
        |chance, seed| mean_of(chance, seed, 100, heaped),
    ),
    ("paired difference of 200, pass or fail", |chance, seed| {
        pairs(chance, seed, 200, (0.12, 0.06))
    }),
    ("paired difference of 200, graded", |chance, seed| {
        graded_pairs(chance, seed, 200)
    }),
    (
        "prediction-powered rate, N 2,000, n 200, random",
        |chance, _| powered(chance, &Labels::random(2_000, 200), 0.7, 0.85),
    ),
    (
        "prediction-powered rate, N 2,000, n 200, random, poor judge",
        |chance, _| powered(chance, &Labels::random(2_000, 200), 0.7, 0.55),
    ),
    (
        "prediction-powered rate, N 2,000, n 200, weighted",
        |chance, seed| powered(chance, &Labels::weighted(2_000, 200, seed), 0.7, 0.85),
    ),
    (
        "prediction-powered rate of 85 %, N 2,000, n 200, weighted",
        |chance, seed| powered(chance, &Labels::weighted(2_000, 200, seed), 0.85, 0.9),
    ),
    (
        "prediction-powered mean, graded, N 2,000, n 200, random",
        |chance, _| graded_powered(chance, &Labels::random(2_000, 200)),
    ),
    (
        "prediction-powered mean, graded, N 2,000, n 200, weighted",
        |chance, seed| graded_powered(chance, &Labels::weighted(2_000, 200, seed)),
    ),
    (
        "prediction-powered difference, N 2,000, n 200, random",
        |chance, _| powered_pairs(chance, &Labels::random(2_000, 200)),
    ),
    (
        "prediction-powered rate of groups of 5, N 2,000, 60 groups labelled",
        |chance, _| powered_groups(chance, 400, 60),
    ),
    ("clustered mean, 40 clusters of 5, graded", |chance, _| {
        clusters(chance, 40, false)
    }),
    (
        "clustered mean, 40 clusters of 5, pass or fail",
        |chance, _| clusters(chance, 40, true),
    ),
];

/// Lines that are shown, with few cases or rates near the ends.
const SHOWN: &[(&str, Draw)] = &[
    ("Wilson, n 10, p 0.05", |chance, _| share(chance, 10, 0.05)),
    ("Wilson, n 10, p 0.5", |chance, _| share(chance, 10, 0.5)),
    ("Wilson, n 30, p 0.02", |chance, _| share(chance, 30, 0.02)),
    ("Wilson, n 30, p 0.1", |chance, _| share(chance, 30, 0.1)),
    ("Wilson, n 100, p 0.01", |chance, _| {
        share(chance, 100, 0.01)
    }),
    ("BCa, mean of 20 even scores", |chance, seed| {
        mean_of(chance, seed, 20, even)
    }),
    ("BCa, mean of 20 skewed scores", |chance, seed| {
        mean_of(chance, seed, 20, skewed)
    }),
    ("paired difference of 30, pass or fail", |chance, seed| {
        pairs(chance, seed, 30, (0.12, 0.06))
    }),
    (
        "prediction-powered rate, N 500, n 30, random",
        |chance, _| powered(chance, &Labels::random(500, 30), 0.7, 0.85),
    ),
    (
        "prediction-powered rate of 97 %, N 2,000, n 100, random",
        |chance, _| powered(chance, &Labels::random(2_000, 100), 0.97, 0.95),
    ),
    (
        "prediction-powered rate, N 500, n 50, weighted",
        |chance, seed| powered(chance, &Labels::weighted(500, 50, seed), 0.7, 0.85),
    ),
    ("clustered mean, 8 clusters of 5, graded", |chance, _| {
        clusters(chance, 8, false)
    }),
];

/// Runs all lines.
///
/// # Errors
/// An interval that cannot be made.
pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for n in [100, 400] {
        for tenth in 1..=9 {
            let p = f64::from(tenth) / 10.0;
            let name = format!("Wilson, n {n}, p {p}");
            let draw = move |chance: &mut Chance, _| share(chance, n, p);
            figures.push(line(plan, &name, draw, Wanted::Within(0.93, 0.97))?);
        }
    }
    for (name, draw) in LINES {
        figures.push(line(plan, name, draw, Wanted::Within(0.93, 0.97))?);
    }
    for (name, draw) in SHOWN {
        figures.push(line(plan, name, draw, Wanted::Nothing)?);
    }
    Ok(figures)
}

fn line(
    plan: &Plan,
    name: &str,
    draw: impl Fn(&mut Chance, u64) -> EvalResult<(Option<Interval>, f64)> + Sync,
    wanted: Wanted,
) -> Result<Figure, Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let held = plan.each(loops, |index| {
        let (interval, truth) = draw(&mut plan.chance(name, index), index as u64)?;
        Ok(interval.is_some_and(|interval| interval.contains(truth)))
    })?;
    Figure::share(
        name,
        held.iter().filter(|held| **held).count(),
        loops,
        wanted,
    )
}

fn number(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

fn share(chance: &mut Chance, n: usize, p: f64) -> EvalResult<(Option<Interval>, f64)> {
    let passed = (0..n).filter(|_| chance.happens(p)).count();
    Ok((Some(wilson(passed as u64, n as u64, P95)?), p))
}

/// A score and the mean of its distribution.
type Score = fn(&mut Chance) -> (f64, f64);

fn even(chance: &mut Chance) -> (f64, f64) {
    (chance.uniform(), 0.5)
}

fn skewed(chance: &mut Chance) -> (f64, f64) {
    (chance.uniform().powi(3), 0.25)
}

fn heaped(chance: &mut Chance) -> (f64, f64) {
    let score = if chance.happens(0.4) {
        1.0
    } else {
        chance.uniform()
    };
    (score, 0.7)
}

fn mean_of(
    chance: &mut Chance,
    seed: u64,
    n: usize,
    score: Score,
) -> EvalResult<(Option<Interval>, f64)> {
    let drawn: Vec<(f64, f64)> = (0..n).map(|_| score(chance)).collect();
    let values: Vec<f64> = drawn.iter().map(|(value, _)| *value).collect();
    Ok((estimate(&values, P95, seed)?.interval, drawn[0].1))
}

/// Pairs of which so many are gained and lost, the rest alike.
fn pairs(
    chance: &mut Chance,
    seed: u64,
    n: usize,
    (gained, lost): (f64, f64),
) -> EvalResult<(Option<Interval>, f64)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let u = chance.uniform();
        let both = chance.happens(0.7);
        let (first, second) = if u < gained {
            (false, true)
        } else if u < gained + lost {
            (true, false)
        } else {
            (both, both)
        };
        a.push(number(first));
        b.push(number(second));
    }
    Ok((compare(&a, &b, P95, seed)?.interval, gained - lost))
}

fn graded_pairs(chance: &mut Chance, seed: u64, n: usize) -> EvalResult<(Option<Interval>, f64)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let easy = chance.uniform();
        a.push(0.6 * easy + 0.3 * chance.uniform());
        b.push(0.6 * easy + 0.3 * chance.uniform() + 0.1 * chance.uniform());
    }
    // The permutation test that `compare` makes besides costs far more than the interval.
    let differences = botsmith_eval::stats::differences(&a, &b)?;
    Ok((estimate(&differences, P95, seed)?.interval, 0.05))
}

/// Who is labelled.
struct Labels {
    cases: usize,
    budget: usize,
    /// Seed of the draw by the judge's uncertainty; `None`: plain random.
    weighted: Option<u64>,
}

impl Labels {
    fn random(cases: usize, budget: usize) -> Self {
        Self {
            cases,
            budget,
            weighted: None,
        }
    }

    fn weighted(cases: usize, budget: usize, seed: u64) -> Self {
        Self {
            cases,
            budget,
            weighted: Some(seed),
        }
    }

    /// The labelled cases and the chances that they had; cases come in random order.
    fn choose(&self, judge: &[f64]) -> EvalResult<(Vec<bool>, Vec<f64>)> {
        let Some(seed) = self.weighted else {
            let chosen = (0..self.cases).map(|i| i < self.budget).collect();
            return Ok((chosen, vec![1.0; self.cases]));
        };
        let priorities: Vec<f64> = judge.iter().map(|x| 0.5 - (x - 0.5).abs()).collect();
        let chances = inclusion_probabilities(&priorities, self.budget, 0.2)?;
        Ok((draw_labels(&chances, seed)?, chances))
    }
}

fn judged(judge: &[f64], human: &[f64], labels: &Labels) -> EvalResult<Vec<Judged>> {
    let (chosen, chances) = labels.choose(judge)?;
    let cases = judge.iter().zip(human).zip(chosen.iter().zip(&chances));
    Ok(cases
        .map(|((judge, human), (chosen, chance))| {
            Judged::new(*judge, chosen.then_some(*human)).included(*chance)
        })
        .collect())
}

/// A judge that sees the truth with some probability and says how sure it is.
fn opinion(chance: &mut Chance, human: bool, agreement: f64) -> f64 {
    let says = human == chance.happens(agreement);
    let sure = chance.between(0.5, 1.0);
    if says { sure } else { 1.0 - sure }
}

fn powered(
    chance: &mut Chance,
    labels: &Labels,
    rate: f64,
    agreement: f64,
) -> EvalResult<(Option<Interval>, f64)> {
    let (mut judge, mut human) = (Vec::new(), Vec::new());
    for _ in 0..labels.cases {
        let good = chance.happens(rate);
        human.push(number(good));
        judge.push(opinion(chance, good, agreement));
    }
    let cases = judged(&judge, &human, labels)?;
    let groups: Vec<usize> = (0..labels.cases).collect();
    Ok((
        Some(prediction_powered(&cases, &groups, P95)?.interval),
        rate,
    ))
}

fn graded_powered(chance: &mut Chance, labels: &Labels) -> EvalResult<(Option<Interval>, f64)> {
    let (mut judge, mut human) = (Vec::new(), Vec::new());
    for _ in 0..labels.cases {
        let truth = chance.uniform();
        human.push(truth * truth);
        judge.push((0.5 * truth + 0.5 * chance.uniform()).clamp(0.0, 1.0));
    }
    let cases = judged(&judge, &human, labels)?;
    let groups: Vec<usize> = (0..labels.cases).collect();
    let found = prediction_powered(&cases, &groups, P95)?;
    Ok((Some(found.interval), 1.0 / 3.0))
}

/// Two bots, the second better by six points, and a judge that favours it by ten more.
fn powered_pairs(chance: &mut Chance, labels: &Labels) -> EvalResult<(Option<Interval>, f64)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for at in 0..labels.cases {
        let both = chance.happens(0.7);
        let u = chance.uniform();
        let (first, second) = match u {
            u if u < 0.14 => (false, true),
            u if u < 0.22 => (true, false),
            _ => (both, both),
        };
        let says = |chance: &mut Chance, good: bool| number(good == chance.happens(0.85));
        let (judge_a, mut judge_b) = (says(chance, first), says(chance, second));
        if chance.happens(0.1) {
            judge_b = 1.0;
        }
        let labelled = at < labels.budget;
        a.push(Judged::new(judge_a, labelled.then_some(number(first))));
        b.push(Judged::new(judge_b, labelled.then_some(number(second))));
    }
    let groups: Vec<usize> = (0..labels.cases).collect();
    let found = prediction_powered_difference(&a, &b, &groups, P95)?;
    Ok((Some(found.interval), 0.06))
}

fn powered_groups(
    chance: &mut Chance,
    groups: usize,
    labelled: usize,
) -> EvalResult<(Option<Interval>, f64)> {
    let (mut cases, mut of) = (Vec::new(), Vec::new());
    for group in 0..groups {
        // Cases of one group pass at one rate; 0.65 on average.
        let rate = chance.between(0.3, 1.0);
        for _ in 0..5 {
            let good = chance.happens(rate);
            let judge = opinion(chance, good, 0.85);
            cases.push(Judged::new(
                judge,
                (group < labelled).then_some(number(good)),
            ));
            of.push(group);
        }
    }
    Ok((Some(prediction_powered(&cases, &of, P95)?.interval), 0.65))
}

fn clusters(
    chance: &mut Chance,
    count: usize,
    passes: bool,
) -> EvalResult<(Option<Interval>, f64)> {
    let (mut values, mut groups) = (Vec::new(), Vec::new());
    for group in 0..count {
        let rate = chance.between(0.3, 1.0);
        for _ in 0..5 {
            values.push(match passes {
                true => number(chance.happens(rate)),
                false => rate + chance.between(-0.3, 0.3),
            });
            groups.push(group);
        }
    }
    Ok((clustered(&values, &groups, P95)?.interval, 0.65))
}
