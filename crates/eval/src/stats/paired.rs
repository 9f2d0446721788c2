//! Two bots, each with a graded score for the same cases: the differences, the paired t test and
//! the sign test. The permutation test, the better default, is [`sign_flip`](super::sign_flip).

use super::mean::mean_of;
use super::special::{binomial_half_two_sided, coin_cdf, t_two_sided, t_upper};
use super::{Result, Side, Test, TestResult, check, fail, same_length, sd};

/// `b - a` case by case.
///
/// ```
/// use botsmith_eval::stats::differences;
/// assert_eq!(differences(&[0.5, 1.0], &[0.75, 0.0])?, [0.25, -1.0]);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, or a value that is not finite.
pub fn differences(a: &[f64], b: &[f64]) -> Result<Vec<f64>> {
    same_length(
        "differences",
        ("scores of a", a.len()),
        ("scores of b", b.len()),
    )?;
    check("differences", a, 0)?;
    check("differences", b, 0)?;
    Ok(a.iter().zip(b).map(|(a, b)| b - a).collect())
}

/// Student's paired test of a mean difference of 0; the statistic is t with n - 1 degrees of
/// freedom. All differences 0 give t = 0 and p = 1.
///
/// ```
/// use botsmith_eval::stats::{Side, paired_t};
/// let test = paired_t(&[0.25, 0.5, -0.25, 0.5], Side::TwoSided)?;
/// assert!((test.statistic - 1.4142).abs() < 1e-4);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two differences, one that is not finite, or all equal and not 0: t is infinite.
pub fn paired_t(differences: &[f64], side: Side) -> Result<TestResult> {
    check("paired t test", differences, 2)?;
    let n = differences.len();
    let mean = mean_of(differences);
    let error = sd(differences)? / (n as f64).sqrt();
    if error == 0.0 && mean != 0.0 {
        return fail(
            "paired t test",
            format!("all differences are {mean}: t is infinite; a sign-flip test still works"),
        );
    }
    let t = if mean == 0.0 { 0.0 } else { mean / error };
    let df = (n - 1) as f64;
    let p = match side {
        Side::TwoSided => t_two_sided(t, df),
        Side::Greater => t_upper(t, df),
        Side::Less => t_upper(-t, df),
    };
    Ok(TestResult {
        test: Test::PairedT,
        statistic: t,
        p,
        n,
    })
}

/// The sign test: whether differences above 0 are as frequent as those below; zeros are left out.
/// The statistic is the number above 0. No differences but zeros give p = 1.
///
/// ```
/// use botsmith_eval::stats::{Side, sign_test};
/// let test = sign_test(&[0.1, 0.3, 0.2, 0.4, 0.0], Side::TwoSided)?;
/// assert_eq!((test.statistic, test.p), (4.0, 0.125));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No differences, or one that is not finite.
pub fn sign_test(differences: &[f64], side: Side) -> Result<TestResult> {
    check("sign test", differences, 1)?;
    let above = differences.iter().filter(|&&d| d > 0.0).count() as u64;
    let below = differences.iter().filter(|&&d| d < 0.0).count() as u64;
    let m = above + below;
    let p = match side {
        Side::TwoSided => binomial_half_two_sided(above, m),
        Side::Greater => coin_cdf(below, m),
        Side::Less => coin_cdf(above, m),
    };
    Ok(TestResult {
        test: Test::SignTest,
        statistic: above as f64,
        p,
        n: differences.len(),
    })
}
