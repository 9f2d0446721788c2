//! Intervals, the confidence they claim, and the method that made them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::special::normal_quantile;
use super::{Result, fail};

/// A closed interval of finite numbers, `lo <= hi`; written as `[lo, hi]`.
///
/// ```
/// use botsmith_eval::stats::Interval;
/// let interval = Interval::new(0.25, 0.75)?;
/// assert!(interval.contains(0.5));
/// assert_eq!(serde_json::to_string(&interval)?, "[0.25,0.75]");
/// assert!(Interval::new(1.0, 0.0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    lo: f64,
    hi: f64,
}

impl Interval {
    /// The interval from `lo` to `hi`.
    ///
    /// # Errors
    /// An end that is not finite, or `lo` above `hi`.
    pub fn new(lo: f64, hi: f64) -> Result<Self> {
        if lo.is_finite() && hi.is_finite() && lo <= hi {
            Ok(Self { lo, hi })
        } else {
            fail(
                "interval",
                format!("the ends {lo} and {hi} are not finite and in order"),
            )
        }
    }

    /// The interval of one point.
    pub(super) fn point(at: f64) -> Self {
        Self { lo: at, hi: at }
    }

    /// The lower end.
    pub fn lo(self) -> f64 {
        self.lo
    }

    /// The upper end.
    pub fn hi(self) -> f64 {
        self.hi
    }

    /// `hi - lo`.
    pub fn width(self) -> f64 {
        self.hi - self.lo
    }

    /// Whether `x` lies in it, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.lo <= x && x <= self.hi
    }

    /// Both ends moved into `[lo, hi]`, for values that cannot lie outside it.
    #[must_use]
    pub fn clamped(self, lo: f64, hi: f64) -> Self {
        let into = |x: f64| x.max(lo).min(hi);
        Self {
            lo: into(self.lo),
            hi: into(self.hi),
        }
    }
}

impl TryFrom<[f64; 2]> for Interval {
    type Error = crate::Error;

    fn try_from([lo, hi]: [f64; 2]) -> Result<Self> {
        Self::new(lo, hi)
    }
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.lo, interval.hi]
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(3);
        write!(f, "[{:.digits$}, {:.digits$}]", self.lo, self.hi)
    }
}

/// How often intervals made this way hold the true value: above 0, below 1; 0.95 by default.
///
/// ```
/// use botsmith_eval::stats::Confidence;
/// assert_eq!(Confidence::default(), Confidence::P95);
/// assert!((Confidence::new(0.99)?.z() - 2.5758).abs() < 1e-4);
/// assert!(Confidence::new(95.0).is_err());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(f64);

impl Confidence {
    /// 95 %.
    pub const P95: Self = Self(0.95);

    /// A level such as `0.95`.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn new(level: f64) -> Result<Self> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            fail(
                "confidence",
                format!("{level} is not between 0 and 1 (95 % is 0.95)"),
            )
        }
    }

    /// The level, such as `0.95`.
    pub fn level(self) -> f64 {
        self.0
    }

    /// `1 - level`, such as `0.05`.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The normal quantile of both tails together, such as `1.96`.
    pub fn z(self) -> f64 {
        -normal_quantile(self.alpha() / 2.0)
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self::P95
    }
}

impl TryFrom<f64> for Confidence {
    type Error = crate::Error;

    fn try_from(level: f64) -> Result<Self> {
        Self::new(level)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

/// What made an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// [`wilson`](super::wilson): a share of passes.
    Wilson,
    /// [`clopper_pearson`](super::clopper_pearson): a share, never less sure than it says.
    ClopperPearson,
    /// [`wald`](super::wald): the textbook normal interval of a share.
    Wald,
    /// [`agresti_coull`](super::agresti_coull): a share.
    AgrestiCoull,
    /// [`jeffreys`](super::jeffreys): a share.
    Jeffreys,
    /// [`t_interval`](super::t_interval): a mean.
    StudentT,
    /// [`mean_percentile`](super::mean_percentile): bootstrap.
    Percentile,
    /// [`mean_bca`](super::mean_bca): bootstrap, bias-corrected and accelerated.
    Bca,
    /// [`mean_abc`](super::mean_abc): the closed form of BCa.
    Abc,
    /// [`clustered_interval`](super::clustered_interval): a mean over groups.
    ClusteredT,
    /// Wilson's with the effective number of independent cases.
    ClusteredWilson,
    /// [`newcombe`](super::newcombe): a difference of paired shares.
    Newcombe,
    /// [`prediction_powered`](super::prediction_powered): a judge's scores and some labels.
    PredictionPowered,
}

impl Method {
    /// The name, as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::ClopperPearson => "clopper-pearson",
            Self::Wald => "wald",
            Self::AgrestiCoull => "agresti-coull",
            Self::Jeffreys => "jeffreys",
            Self::StudentT => "student-t",
            Self::Percentile => "percentile",
            Self::Bca => "bca",
            Self::Abc => "abc",
            Self::ClusteredT => "clustered-t",
            Self::ClusteredWilson => "clustered-wilson",
            Self::Newcombe => "newcombe",
            Self::PredictionPowered => "prediction-powered",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
