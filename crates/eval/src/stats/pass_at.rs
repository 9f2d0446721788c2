//! Several tries at one case: would one of k pass (pass@k), would all k pass (pass^k)?
//!
//! From n >= k tries of which c passed, both are unbiased estimates: shares of the C(n, k) ways to
//! pick k of the n tries. Taking `1 - (1 - c/n)^k` instead is biased. pass@k: Chen et al. 2021
//! (<https://arxiv.org/abs/2107.03374>); pass^k: Yao et al. 2024, tau-bench
//! (<https://arxiv.org/abs/2406.12045>).

use super::{Result, fail};

fn check_tries(statistic: &'static str, n: u64, c: u64, k: u64) -> Result<()> {
    if k == 0 {
        return fail(statistic, "k is 0; it has to be at least 1");
    }
    if k > n {
        return fail(
            statistic,
            format!("k is {k} but there are only {n} tries; it cannot be told from fewer than k"),
        );
    }
    if c > n {
        return fail(statistic, format!("{c} of only {n} tries passed"));
    }
    Ok(())
}

/// C(m, k) / C(n, k), for m <= n and k <= n.
fn share_of_picks(m: u64, n: u64, k: u64) -> f64 {
    if m < k {
        return 0.0;
    }
    // C(m, k) / C(n, k) = C(n - k, n - m) / C(n, n - m): take the shorter product.
    let (top, factors) = if k <= n - m { (m, k) } else { (n - k, n - m) };
    (0..factors).fold(1.0, |share, i| share * ((top - i) as f64 / (n - i) as f64))
}

/// The chance that at least one of `k` tries passes, from `n` tries of which `c` passed:
/// `1 - C(n-c, k) / C(n, k)`, in `[0, 1]`.
///
/// ```
/// use botsmith_eval::stats::pass_at_k;
/// assert!((pass_at_k(10, 3, 3)? - 0.70833).abs() < 1e-5);
/// assert!(pass_at_k(2, 1, 3).is_err(), "two tries say nothing about three");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// `k` is 0 or above `n`, or `c` above `n`.
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Result<f64> {
    check_tries("pass@k", n, c, k)?;
    Ok(1.0 - share_of_picks(n - c, n, k))
}

/// The chance that all of `k` tries pass, from `n` tries of which `c` passed:
/// `C(c, k) / C(n, k)`, in `[0, 1]`.
///
/// ```
/// assert!((botsmith_eval::stats::pass_hat_k(10, 3, 3)? - 1.0 / 120.0).abs() < 1e-15);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`pass_at_k`].
pub fn pass_hat_k(n: u64, c: u64, k: u64) -> Result<f64> {
    check_tries("pass^k", n, c, k)?;
    Ok(share_of_picks(c, n, k))
}

fn mean_over(
    statistic: &'static str,
    cases: &[(u64, u64)],
    each: impl Fn(u64, u64) -> Result<f64>,
) -> Result<f64> {
    if cases.is_empty() {
        return fail(statistic, "there are no cases");
    }
    let mut sum = 0.0;
    for &(n, c) in cases {
        sum += each(n, c)?;
    }
    Ok(sum / cases.len() as f64)
}

/// The mean of [`pass_at_k`] over cases, each with its tries and its passes `(n, c)`.
///
/// ```
/// assert_eq!(botsmith_eval::stats::mean_pass_at_k(&[(2, 2), (2, 1), (2, 0)], 1)?, 0.5);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No cases, or one with fewer than `k` tries.
pub fn mean_pass_at_k(cases: &[(u64, u64)], k: u64) -> Result<f64> {
    mean_over("pass@k", cases, |n, c| pass_at_k(n, c, k))
}

/// The mean of [`pass_hat_k`] over cases, each with its tries and its passes `(n, c)`.
///
/// ```
/// assert_eq!(botsmith_eval::stats::mean_pass_hat_k(&[(2, 2), (2, 1), (2, 0)], 2)?, 1.0 / 3.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`mean_pass_at_k`].
pub fn mean_pass_hat_k(cases: &[(u64, u64)], k: u64) -> Result<f64> {
    mean_over("pass^k", cases, |n, c| pass_hat_k(n, c, k))
}
