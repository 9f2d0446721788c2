//! Statistics: every number with its n and its interval, every comparison paired and tested.
//!
//! Pure functions over slices; nothing here reads a file or a clock. Where chance is needed it
//! comes from a seed (`ChaCha8`), and the same seed gives the same bytes on every platform and with
//! any number of threads. The order of the cases changes nothing but the last digit of a sum.
//!
//! Two doors are enough for most: [`estimate`] for the mean of a metric, [`compare`] for two bots
//! over the same cases; both guess from the values whether these are verdicts, and [`Scale`] is for who
//! knows. Behind them, by idea:
//!
//! - shares of passes: [`wilson`], [`clopper_pearson`], [`jeffreys`], [`agresti_coull`], [`wald`]
//! - means: [`mean`], [`sd`], [`standard_error`], [`t_interval`], [`mean_bca`], [`mean_abc`],
//!   [`mean_percentile`]; over any statistic: [`bca`], [`percentile`]
//! - repeats and conversations: [`clustered_standard_error`], [`clustered_interval`],
//!   [`clustered_wilson`]
//! - people's judgement from a judge's and some labels: [`prediction_powered`],
//!   [`prediction_powered_difference`]; whom to label: [`inclusion_probabilities`]; shares of cases drawn
//!   with unequal chances: [`weighted_wilson`]
//! - paired tests: [`mcnemar_exact`], [`mcnemar`], [`sign_flip`], [`sign_flip_grouped`],
//!   [`paired_t`], [`wilcoxon`], [`sign_test`]; the interval [`newcombe`]
//! - how large: [`cohens_dz`], [`cohens_h`], [`odds_ratio`], [`superiority`], [`cliffs_delta`]
//! - many comparisons: [`adjust`]
//! - several tries a case: [`pass_at_k`], [`pass_hat_k`]
//! - how many cases: [`PairedRates::cases_needed`], [`cases_needed_for_mean`],
//!   [`cases_for_half_width`]
//! - two raters or two scales: [`Confusion`], [`pearson`], [`spearman`], [`kendall`]
//! - several raters: [`Ratings`], [`krippendorff_alpha`], [`alpha_interval`], [`fleiss_kappa`],
//!   [`randolph_kappa`], [`rater_agreement`]
//! - scores that rank: [`roc_auc`], [`average_precision`], [`brier`], [`log_loss`], [`ndcg`],
//!   [`reciprocal_rank`]
//!
//! Differences are always `b - a`: above zero, b is better.

#![allow(clippy::doc_markdown)] // McNemar, DiCiccio and BCa are names, not code

mod agreement;
mod bootstrap;
mod cluster;
mod compare;
mod confusion;
mod correlation;
mod effect;
mod estimate;
mod hypothesis;
mod interval;
mod mean;
mod multiple;
mod paired;
mod pairs;
mod pass_at;
mod power;
mod power_mean;
mod prediction_powered;
mod proportion;
mod ranking;
mod sampling;
mod scale;
mod sign_flip;
pub(crate) mod special;
mod weighted;
mod wilcoxon;

use crate::{Error, Result};

pub use agreement::{
    Level, RaterAgreement, Ratings, alpha_interval, fleiss_kappa, krippendorff_alpha,
    randolph_kappa, rater_agreement,
};
pub(crate) use agreement::{kappas_of, units_interval};
pub use bootstrap::{DRAWS, bca, mean_abc, mean_bca, mean_percentile, percentile};
pub use cluster::{clustered_interval, clustered_standard_error, clustered_wilson};
pub use compare::{Comparison, compare, compare_grouped};
pub(crate) use confusion::kappa_of;
pub use confusion::{ClassScores, Confusion, Weights};
pub use correlation::{Correlation, kendall, pearson, spearman};
pub use effect::{cliffs_delta, cohens_dz, cohens_h, dominance, odds_ratio, superiority};
pub use estimate::{Estimate, clustered, estimate};
pub use hypothesis::{Side, Test, TestResult};
pub use interval::{Confidence, Interval, Method};
pub use mean::{mean, sd, standard_error, t_interval};
pub use multiple::{Correction, adjust};
pub use paired::{differences, paired_t, sign_test};
pub use pairs::{Pairs, mcnemar, mcnemar_exact, newcombe};
pub use pass_at::{mean_pass_at_k, mean_pass_hat_k, pass_at_k, pass_hat_k};
pub use power::{PairedRates, detectable_difference};
pub use power_mean::{cases_for_half_width, cases_needed_for_mean, power_for_mean};
pub use prediction_powered::{
    Judged, LEAST_RANDOM_SHARE, PredictionPowered, draw_labels, inclusion_probabilities,
    prediction_powered, prediction_powered_difference,
};
pub use proportion::{agresti_coull, clopper_pearson, jeffreys, wald, wilson};
pub use ranking::{average_precision, brier, log_loss, ndcg, reciprocal_rank, roc_auc};
pub(crate) use sampling::{below, generator};
pub use scale::Scale;
pub use sign_flip::{sign_flip, sign_flip_grouped};
pub(crate) use weighted::check_weights;
pub use weighted::{WeightedShare, weighted_wilson, weighted_wilson_at};
pub use wilcoxon::{wilcoxon, wilcoxon_exact};

/// The error of a statistic that its values do not have.
fn fail<T>(statistic: &'static str, reason: impl Into<String>) -> Result<T> {
    Err(Error::Statistic {
        statistic,
        reason: reason.into(),
    })
}

/// Whether there are enough values, and all are numbers.
fn check(statistic: &'static str, values: &[f64], at_least: usize) -> Result<()> {
    if values.len() < at_least {
        let s = if at_least == 1 { "" } else { "s" };
        return fail(
            statistic,
            format!(
                "needs at least {at_least} value{s}, there are {}",
                values.len()
            ),
        );
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => fail(
            statistic,
            format!(
                "value {} of {} is {}, not a finite number",
                at + 1,
                values.len(),
                values[at]
            ),
        ),
        None => Ok(()),
    }
}

/// Whether two slices belong together, item by item.
fn same_length(
    statistic: &'static str,
    (first, a): (&str, usize),
    (second, b): (&str, usize),
) -> Result<()> {
    if a == b {
        Ok(())
    } else {
        fail(
            statistic,
            format!("there are {a} {first} but {b} {second}; they go in pairs"),
        )
    }
}

/// Whether `x` is a probability strictly between 0 and 1.
fn open_share(statistic: &'static str, name: &str, x: f64) -> Result<()> {
    if x > 0.0 && x < 1.0 {
        Ok(())
    } else {
        fail(
            statistic,
            format!("{name} is {x}; it has to be above 0 and below 1"),
        )
    }
}
