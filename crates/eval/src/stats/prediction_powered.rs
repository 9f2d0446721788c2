//! Means and pass rates on the scale of people, from a judge's scores on all cases and people's on some.
//!
//! [`Judged`] cases in, [`PredictionPowered`] out. The estimate is `λ mean(judge) + mean of the labelled
//! (human - λ judge)`, the latter weighted by one over each case's chance of being labelled: whatever the
//! judge is wrong about on average, the labels take out, so that the interval holds however bad the judge
//! is. λ is the one that makes the interval narrowest: Angelopoulos, Duchi & Zrnic 2023, "PPI++"
//! (<https://arxiv.org/abs/2311.01453>); with weights Zrnic & Candès 2024, "Active statistical inference"
//! (<https://arxiv.org/abs/2403.03208>). A judge that says nothing gets λ near 0, which leaves the labels
//! alone.
//!
//! Here the labelled cases are a part of all cases, which makes λ the slope of people on the judge; it is
//! not cut to `[0, 1]`, so that a judge on a narrower scale helps as much. Standard errors are over
//! groups, quantiles Student's. What it does not do: say anything about cases other than those drawn as
//! these were, or help where the chances of being labelled are not known.

mod inclusion;
mod solve;

use serde::{Deserialize, Serialize};

use super::proportion::wilson_parts;
use super::special::{t_quantile, t_upper};
use super::{Confidence, Interval, Method, Result, fail, same_length};

pub use inclusion::{LEAST_RANDOM_SHARE, draw_labels, inclusion_probabilities};

use self::solve::{Bounds, Solved, solve};

/// One case: what the judge says of it, what a person says if one was asked, and how likely it was that
/// one would be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The judge's score.
    pub judge: f64,
    /// The person's, on the same scale.
    pub human: Option<f64>,
    /// The chance that the case had of being labelled, above 0, at most 1; any common value where all
    /// cases had the same.
    pub inclusion: f64,
}

impl Judged {
    /// A case of a plain random sample.
    pub fn new(judge: f64, human: Option<f64>) -> Self {
        Self {
            judge,
            human,
            inclusion: 1.0,
        }
    }

    /// The same with its chance of being labelled.
    #[must_use]
    pub fn included(mut self, chance: f64) -> Self {
        self.inclusion = chance;
        self
    }
}

/// An estimate on the scale of people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionPowered {
    /// The estimate.
    pub value: f64,
    /// Where the true value is likely to be.
    pub interval: Interval,
    /// Cases with the judge's score.
    pub n: usize,
    /// Those of them with a person's.
    pub labels: usize,
    /// How much of the judge is used; 0: the labels alone.
    pub lambda: f64,
    /// The standard error.
    pub standard_error: f64,
    /// Degrees of freedom of Student's quantile.
    pub df: f64,
    /// The estimate from the labels alone, and its interval: what the judge's scores improve on.
    pub labels_alone: (f64, Interval),
    /// The least chance of being labelled among the labelled cases, relative to the mean one.
    pub least_inclusion: f64,
    /// How the interval is made.
    pub method: Method,
}

impl PredictionPowered {
    /// The one-sided lower bound at `1 - alpha`, by Student's quantile.
    ///
    /// # Errors
    /// `alpha` not between 0 and 1.
    pub fn lower_bound(&self, alpha: f64) -> Result<f64> {
        super::open_share("prediction-powered bound", "alpha", alpha)?;
        Ok(self.value - t_quantile(1.0 - alpha, self.df) * self.standard_error)
    }

    /// The one-sided p-value of "the true value is at most `margin`".
    pub fn p_above(&self, margin: f64) -> f64 {
        if self.standard_error == 0.0 {
            return if self.value > margin { 0.0 } else { 1.0 };
        }
        t_upper((self.value - margin) / self.standard_error, self.df)
    }
}

/// The least labels that an estimate is made from.
const LEAST_LABELS: usize = 10;

/// The mean of people's scores, where `groups` (repeats of a case, turns of a conversation) are the
/// independent units: give each case a group of its own where all are.
///
/// Where all of people's scores are 0 or 1 the interval is Wilson's with the effective number of labels,
/// within `[0, 1]`; else `value ± t · error`.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Judged, prediction_powered};
/// // A judge that is right on nine of ten, on 1,000 cases; a person looks at 100 of them.
/// let cases: Vec<Judged> = (0..1_000)
///     .map(|i| {
///         let human = i % 4 != 0;
///         let judge = human == (i / 7 % 10 != 0);
///         Judged::new(f64::from(u8::from(judge)), (i < 100).then_some(f64::from(u8::from(human))))
///     })
///     .collect();
/// let groups: Vec<usize> = (0..cases.len()).collect();
/// let rate = prediction_powered(&cases, &groups, Confidence::P95)?;
/// assert!(rate.interval.contains(0.75));
/// assert!(rate.interval.width() < rate.labels_alone.1.width());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than ten labels, labels in fewer than three groups, a score that is not finite, a chance of being
/// labelled outside `(0, 1]`, or not as many groups as cases.
pub fn prediction_powered<G: Ord>(
    cases: &[Judged],
    groups: &[G],
    confidence: Confidence,
) -> Result<PredictionPowered> {
    estimate(
        "prediction-powered estimate",
        cases,
        groups,
        confidence,
        false,
    )
}

/// The mean difference `b - a` of people's scores of two bots on the same cases.
///
/// `a[i]` and `b[i]` are of one case; a label counts where people judged both answers. The interval is
/// `value ± t · error` over groups; for scores of at most 1 the error is kept from vanishing where no
/// labelled case tells the two apart (as in Agresti & Min 2005, <https://doi.org/10.1002/sim.1781>, by one
/// case that would).
///
/// ```
/// use botsmith_eval::stats::{Confidence, Judged, prediction_powered_difference};
/// let side = |better: bool| -> Vec<Judged> {
///     (0..400)
///         .map(|i| {
///             let good = f64::from(u8::from(i % 3 != 0 || (better && i % 2 == 0)));
///             Judged::new(good, (i % 4 == 0).then_some(good))
///         })
///         .collect()
/// };
/// let groups: Vec<usize> = (0..400).collect();
/// let gain = prediction_powered_difference(&side(false), &side(true), &groups, Confidence::P95)?;
/// assert!(gain.value > 0.1 && gain.p_above(0.0) < 0.001);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`prediction_powered`], lists of different lengths, or a case whose two answers had different
/// chances of being labelled.
pub fn prediction_powered_difference<G: Ord>(
    a: &[Judged],
    b: &[Judged],
    groups: &[G],
    confidence: Confidence,
) -> Result<PredictionPowered> {
    const NAME: &str = "prediction-powered difference";
    same_length(NAME, ("cases of a", a.len()), ("cases of b", b.len()))?;
    let mut cases = Vec::with_capacity(a.len());
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        if a.inclusion != b.inclusion {
            return fail(
                NAME,
                format!(
                    "case {} had a chance of {} of being labelled for a and of {} for b; both answers of a case are labelled together",
                    at + 1,
                    a.inclusion,
                    b.inclusion
                ),
            );
        }
        cases.push(Judged {
            judge: b.judge - a.judge,
            human: a.human.zip(b.human).map(|(a, b)| b - a),
            inclusion: a.inclusion,
        });
    }
    estimate(NAME, &cases, groups, confidence, true)
}

fn estimate<G: Ord>(
    name: &'static str,
    cases: &[Judged],
    groups: &[G],
    confidence: Confidence,
    difference: bool,
) -> Result<PredictionPowered> {
    same_length(name, ("cases", cases.len()), ("groups", groups.len()))?;
    check_cases(name, cases)?;
    let humans = || cases.iter().filter_map(|case| case.human);
    let bounded = |lo: f64| {
        let within = |x: f64| (lo..=1.0).contains(&x);
        humans().all(within) && cases.iter().all(|case| within(case.judge))
    };
    let bounds = match difference {
        true if bounded(-1.0) => Bounds::Difference,
        false if bounded(0.0) => Bounds::Unit,
        _ => Bounds::None,
    };
    let rate = !difference && humans().all(|x| x == 0.0 || x == 1.0);
    let powered = solve(name, cases, groups, None, bounds)?;
    let alone = solve(name, cases, groups, Some(0.0), bounds)?;
    let interval = |solved: &Solved| {
        if rate {
            wilson_with(solved, confidence)
        } else {
            let half = t_quantile(1.0 - confidence.alpha() / 2.0, solved.df) * solved.error;
            Interval::new(solved.value - half, solved.value + half)
        }
    };
    let chances = || cases.iter().map(|case| case.inclusion);
    let labelled = cases.iter().filter(|case| case.human.is_some());
    let least = labelled
        .map(|case| case.inclusion)
        .fold(f64::INFINITY, f64::min);
    Ok(PredictionPowered {
        value: if rate {
            powered.value.clamp(0.0, 1.0)
        } else {
            powered.value
        },
        interval: interval(&powered)?,
        n: cases.len(),
        labels: humans().count(),
        lambda: powered.lambda,
        standard_error: powered.error,
        df: powered.df,
        labels_alone: (alone.value, interval(&alone)?),
        least_inclusion: least * cases.len() as f64 / chances().sum::<f64>(),
        method: Method::PredictionPowered,
    })
}

fn check_cases(name: &'static str, cases: &[Judged]) -> Result<()> {
    let mut labels = 0;
    for (at, case) in cases.iter().enumerate() {
        let wrong = if !case.judge.is_finite() {
            format!("the judge's score is {}, not a finite number", case.judge)
        } else if case.human.is_some_and(|human| !human.is_finite()) {
            "the label is not a finite number".into()
        } else if !(case.inclusion > 0.0 && case.inclusion <= 1.0) {
            format!(
                "its chance of being labelled is {}; it has to be above 0 and at most 1",
                case.inclusion
            )
        } else {
            labels += usize::from(case.human.is_some());
            continue;
        };
        return fail(name, format!("case {}: {wrong}", at + 1));
    }
    if labels < LEAST_LABELS {
        return fail(
            name,
            format!("needs at least {LEAST_LABELS} labels, there are {labels}"),
        );
    }
    Ok(())
}

/// Wilson's interval with as many cases as the error is worth, and Student's quantile.
fn wilson_with(solved: &Solved, confidence: Confidence) -> Result<Interval> {
    let t = t_quantile(1.0 - confidence.alpha() / 2.0, solved.df);
    let rate = solved.value.clamp(0.0, 1.0);
    let variance = rate * (1.0 - rate);
    let effective = if solved.error > 0.0 && variance > 0.0 {
        variance / (solved.error * solved.error)
    } else {
        solved.effective
    };
    let (centre, half) = wilson_parts(rate, effective.max(1.0), t);
    Interval::new((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests;
