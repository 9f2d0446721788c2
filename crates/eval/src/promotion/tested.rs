//! The test of the gate: cases and rules -> the difference, its one-sided bound and p-value, and whether
//! they are enough at this look's alpha.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::guards::{self, Breach};
use super::{Cases, Rules};
use crate::stats::{
    Confidence, Judged, Pairs, Side, clustered_interval, mcnemar_exact, mean_abc, newcombe,
    prediction_powered_difference, sign_flip, sign_flip_grouped,
};
use crate::{Error, Result};

/// Labels from which an estimate can be made at all.
const FEWEST_LABELS: usize = 10;

/// On whose scale a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scale {
    /// The scores are what is wanted.
    Score,
    /// A judge made the scores; the difference is people's.
    Human,
    /// A judge made the scores, and too few labels say what people think of them.
    Judge,
}

/// The test that decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tested {
    /// Cases that both bots were scored on.
    pub n: usize,
    /// Of these, cases with people's labels of both answers; 0 where no judge made the scores.
    pub labelled: usize,
    /// On whose scale the difference is.
    pub scale: Scale,
    /// The mean score of the variant less that of the bot in force.
    pub difference: f64,
    /// The one-sided lower bound of the difference at `1 - alpha` of this look; `None` where the cases give
    /// none.
    pub bound: Option<f64>,
    /// The one-sided p-value of "no better"; `None` where a margin is tested, which the bound does.
    pub p: Option<f64>,
    /// What was tested: `mcnemar-exact`, `sign-flip`, `prediction-powered`, ….
    pub test: String,
    /// The share of cases on which the two differ.
    pub discordance: f64,
    /// The standard deviation of the difference over independent cases (labels), for computing how many are
    /// needed.
    pub spread: f64,
    /// Whether this is enough for the rules: p at most alpha, and the bound above 0 or above the margin.
    pub holds: bool,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Score => "score",
            Self::Human => "people",
            Self::Judge => "judge",
        })
    }
}

/// The numbers of a gate; [`Verdict`](super::Verdict) puts them into words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Weighed {
    /// The test; `None` where no case was scored on both.
    pub tested: Option<Tested>,
    /// The guards that did not hold.
    pub breaches: Vec<Breach>,
    /// Whether the scores are a judge's and too few labels say what people think of them.
    pub unlabelled: bool,
}

impl Weighed {
    /// Whether the gate passes: the test holds on a scale that counts, and every guard.
    pub fn passes(&self) -> bool {
        !self.unlabelled && self.holds()
    }

    /// Whether test and guards hold, on whatever scale.
    pub fn holds(&self) -> bool {
        self.breaches.is_empty() && self.tested.as_ref().is_some_and(|tested| tested.holds)
    }
}

/// Weighs the cases at `alpha`, which is that of this look ([`alpha_at`](super::alpha_at)).
///
/// ```
/// use botsmith_eval::promotion::{Cases, Rules, Scored, weigh};
/// // 100 cases: 15 gained, 3 lost.
/// let pass = |bad: std::ops::Range<usize>| (0..100).map(|i| Scored::pass(!bad.contains(&i))).collect();
/// let cases = Cases::new(pass(0..15), pass(97..100))?;
/// let weighed = weigh(&cases, &Rules::default(), 0.025)?;
/// assert!(weighed.passes());
/// // The same at the tenth look.
/// assert!(!weigh(&cases, &Rules::default(), 0.05 / 110.0)?.passes());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Rules outside their ranges.
pub fn weigh(cases: &Cases, rules: &Rules, alpha: f64) -> Result<Weighed> {
    rules.check()?;
    let both: Vec<(usize, f64, f64)> = cases.both().collect();
    let labelled = labelled(cases, &both);
    let mut unlabelled = false;
    let tested = match labelled {
        _ if both.is_empty() => None,
        None => Some(direct(cases, &both, rules, alpha)?),
        Some(n) => {
            let enough = n >= rules.least_labels.max(FEWEST_LABELS);
            // Labels in too few groups give no estimate either.
            let human = enough
                .then(|| human(cases, &both, rules, alpha))
                .transpose();
            Some(match human {
                Ok(Some(tested)) => tested,
                Ok(None) | Err(Error::Statistic { .. }) => {
                    unlabelled = true;
                    let tested = direct(cases, &both, rules, alpha)?;
                    Tested {
                        scale: Scale::Judge,
                        labelled: n,
                        ..tested
                    }
                }
                Err(error) => return Err(error),
            })
        }
    };
    Ok(Weighed {
        breaches: guards::breaches(cases, &both, rules)?,
        tested,
        unlabelled,
    })
}

/// How many of the cases people have labelled; `None` where no judge made the scores.
fn labelled(cases: &Cases, both: &[(usize, f64, f64)]) -> Option<usize> {
    let labels = cases.labels.as_ref()?;
    Some(
        both.iter()
            .filter(|(i, ..)| labels.pairs[*i].is_some())
            .count(),
    )
}

/// Whether all scores are 0 or 1.
pub(super) fn is_pass_fail(both: &[(usize, f64, f64)]) -> bool {
    let binary = |x: f64| x == 0.0 || x == 1.0;
    both.iter().all(|&(_, a, b)| binary(a) && binary(b))
}

pub(super) fn pairs(both: &[(usize, f64, f64)]) -> Pairs {
    let mut pairs = Pairs::default();
    for &(_, a, b) in both {
        match (a == 1.0, b == 1.0) {
            (true, true) => pairs.both += 1,
            (true, false) => pairs.only_a += 1,
            (false, true) => pairs.only_b += 1,
            (false, false) => pairs.neither += 1,
        }
    }
    pairs
}

fn direct(cases: &Cases, both: &[(usize, f64, f64)], rules: &Rules, alpha: f64) -> Result<Tested> {
    let n = both.len();
    let differences: Vec<f64> = both.iter().map(|&(_, a, b)| b - a).collect();
    let difference = differences.iter().sum::<f64>() / n as f64;
    let differing = differences.iter().filter(|d| **d != 0.0).count();
    let confidence = one_sided(alpha)?;
    let groups: Vec<usize> = match cases.groups.is_empty() {
        true => Vec::new(),
        false => both.iter().map(|(i, ..)| cases.groups[*i]).collect(),
    };
    // What gives no bound (a single case, a single group) has none.
    let (test, p, bound) = if !groups.is_empty() {
        let flips = sign_flip_grouped(&differences, &groups, Side::Greater, rules.seed)?;
        let interval = clustered_interval(&differences, &groups, confidence).ok();
        (flips.test, flips.p, interval)
    } else if is_pass_fail(both) {
        let pairs = pairs(both);
        let exact = mcnemar_exact(&pairs, Side::Greater);
        (exact.test, exact.p, newcombe(&pairs, confidence).ok())
    } else {
        let flips = sign_flip(&differences, Side::Greater, rules.seed)?;
        (flips.test, flips.p, mean_abc(&differences, confidence).ok())
    };
    let bound = bound.map(crate::stats::Interval::lo);
    let (p, holds) = decide(rules, alpha, p, bound);
    Ok(Tested {
        n,
        labelled: 0,
        scale: Scale::Score,
        difference,
        bound,
        p,
        test: test.as_str().to_owned(),
        discordance: differing as f64 / n as f64,
        spread: spread(&differences, difference, &groups),
        holds,
    })
}

fn human(cases: &Cases, both: &[(usize, f64, f64)], rules: &Rules, alpha: f64) -> Result<Tested> {
    let labels = cases.labels.as_ref().expect("a judge made the scores");
    let mut a = Vec::with_capacity(both.len());
    let mut b = Vec::with_capacity(both.len());
    let mut groups = Vec::with_capacity(both.len());
    let (mut labelled, mut differing) = (0, 0);
    for &(i, score_a, score_b) in both {
        let human = labels.pairs[i];
        let chance = labels.inclusion.get(i).copied().unwrap_or(1.0);
        a.push(Judged::new(score_a, human.map(|(a, _)| a)).included(chance));
        b.push(Judged::new(score_b, human.map(|(_, b)| b)).included(chance));
        groups.push(cases.groups.get(i).copied().unwrap_or(i));
        labelled += usize::from(human.is_some());
        differing += usize::from(human.is_some_and(|(a, b)| a != b));
    }
    let estimate = prediction_powered_difference(&a, &b, &groups, one_sided(alpha)?)?;
    let bound = estimate.lower_bound(alpha).ok();
    let (p, holds) = decide(rules, alpha, estimate.p_above(0.0), bound);
    Ok(Tested {
        n: both.len(),
        labelled,
        scale: Scale::Human,
        difference: estimate.value,
        bound,
        p,
        test: "prediction-powered".into(),
        discordance: differing as f64 / labelled as f64,
        spread: estimate.standard_error * (labelled as f64).sqrt(),
        holds,
    })
}

/// Whether the test is enough. With a margin the bound alone decides: p is about a difference of 0.
fn decide(rules: &Rules, alpha: f64, p: f64, bound: Option<f64>) -> (Option<f64>, bool) {
    match rules.margin {
        Some(margin) => (None, bound.is_some_and(|bound| bound > -margin)),
        None => (
            Some(p),
            p <= alpha && bound.is_some_and(|bound| bound > 0.0),
        ),
    }
}

/// The two-sided confidence whose lower end is the one-sided bound.
fn one_sided(alpha: f64) -> Result<Confidence> {
    Confidence::new(1.0 - 2.0 * alpha)
}

/// The standard deviation of a case's difference, as if cases were independent: over groups it is larger.
fn spread(differences: &[f64], mean: f64, groups: &[usize]) -> f64 {
    let n = differences.len() as f64;
    if groups.is_empty() {
        let square: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        return (square / (n - 1.0).max(1.0)).sqrt();
    }
    let error = crate::stats::clustered_standard_error(differences, groups);
    error.map_or(0.0, |error| error * n.sqrt())
}
