//! What every test gives back: which test it was, its statistic, its p-value and n.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which way a difference (b - a) has to point to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Either way.
    #[default]
    TwoSided,
    /// b above a.
    Greater,
    /// b below a.
    Less,
}

impl Side {
    /// The share of `alpha` that one rejected tail gets.
    pub(super) fn tail(self, alpha: f64) -> f64 {
        match self {
            Self::TwoSided => alpha / 2.0,
            Self::Greater | Self::Less => alpha,
        }
    }
}

/// Which test gave a p-value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Test {
    /// [`mcnemar_exact`](super::mcnemar_exact).
    McnemarExact,
    /// [`mcnemar`](super::mcnemar), chi-square.
    Mcnemar,
    /// [`mcnemar`](super::mcnemar), chi-square with continuity correction.
    McnemarCorrected,
    /// [`sign_flip`](super::sign_flip), every flip counted.
    SignFlipExact,
    /// [`sign_flip`](super::sign_flip), random flips.
    SignFlip,
    /// [`sign_flip`](super::sign_flip), the flips' distribution taken as normal.
    SignFlipNormal,
    /// [`paired_t`](super::paired_t).
    PairedT,
    /// [`wilcoxon_exact`](super::wilcoxon_exact).
    WilcoxonExact,
    /// [`wilcoxon`](super::wilcoxon).
    Wilcoxon,
    /// [`sign_test`](super::sign_test).
    SignTest,
}

impl Test {
    /// The name, as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::McnemarExact => "mcnemar-exact",
            Self::Mcnemar => "mcnemar",
            Self::McnemarCorrected => "mcnemar-corrected",
            Self::SignFlipExact => "sign-flip-exact",
            Self::SignFlip => "sign-flip",
            Self::SignFlipNormal => "sign-flip-normal",
            Self::PairedT => "paired-t",
            Self::WilcoxonExact => "wilcoxon-exact",
            Self::Wilcoxon => "wilcoxon",
            Self::SignTest => "sign-test",
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The outcome of one test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The test.
    pub test: Test,
    /// Its statistic; each test says what that is.
    pub statistic: f64,
    /// The p-value, in `[0, 1]`.
    pub p: f64,
    /// How many pairs were given.
    pub n: usize,
}
