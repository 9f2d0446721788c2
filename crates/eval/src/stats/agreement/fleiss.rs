//! Kappa of many raters from a table of counts: Fleiss' (chance as the raters use the categories) and
//! Randolph's (chance as if all categories were equally likely).
//!
//! Fleiss 1971 (<https://doi.org/10.1037/h0031619>); Randolph 2005, "Free-marginal multirater kappa"
//! (<https://eric.ed.gov/?id=ED490661>). Every subject has the same number of ratings; where some are
//! missing, use [`krippendorff_alpha`](super::krippendorff_alpha).

use crate::stats::{Result, fail};

/// The mean share of agreeing pairs, and the share of each category.
fn observed(name: &'static str, table: &[Vec<u64>]) -> Result<(f64, Vec<f64>)> {
    let Some(first) = table.first() else {
        return fail(name, "there are no subjects");
    };
    let raters: u64 = first.iter().sum();
    if raters < 2 {
        return fail(
            name,
            format!("needs 2 ratings a subject, there are {raters}"),
        );
    }
    for (at, row) in table.iter().enumerate() {
        let sum: u64 = row.iter().sum();
        if row.len() != first.len() || sum != raters {
            return fail(
                name,
                format!(
                    "subject {} has {sum} ratings in {} categories, the first has {raters} in {}",
                    at + 1,
                    row.len(),
                    first.len()
                ),
            );
        }
    }
    let (n, r) = (table.len() as f64, raters as f64);
    let pairs = |row: &Vec<u64>| {
        let squares: f64 = row.iter().map(|c| (*c as f64).powi(2)).sum();
        (squares - r) / (r * (r - 1.0))
    };
    let agreement = table.iter().map(pairs).sum::<f64>() / n;
    let shares = (0..first.len())
        .map(|k| table.iter().map(|row| row[k] as f64).sum::<f64>() / (n * r))
        .collect();
    Ok((agreement, shares))
}

fn beyond(agreement: f64, chance: f64) -> Option<f64> {
    (chance < 1.0).then(|| (agreement - chance) / (1.0 - chance))
}

/// Fleiss' kappa of `table[subject][category]`, how many raters chose the category; at most 1. `None`
/// where only one category was ever chosen.
///
/// ```
/// use botsmith_eval::stats::fleiss_kappa;
/// let table = [vec![3, 0], vec![0, 3], vec![2, 1], vec![3, 0]];
/// assert!((fleiss_kappa(&table)?.unwrap() - 0.625).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No subjects, fewer than two ratings, or subjects that have different numbers of them.
pub fn fleiss_kappa(table: &[Vec<u64>]) -> Result<Option<f64>> {
    let (agreement, shares) = observed("fleiss kappa", table)?;
    Ok(beyond(agreement, shares.iter().map(|p| p * p).sum()))
}

/// Randolph's kappa of the same table; at most 1. `None` with one category.
///
/// # Errors
/// As [`fleiss_kappa`].
pub fn randolph_kappa(table: &[Vec<u64>]) -> Result<Option<f64>> {
    let (agreement, shares) = observed("randolph kappa", table)?;
    Ok(beyond(agreement, 1.0 / shares.len() as f64))
}

/// Fleiss' and Randolph's kappa of a table that was looked through before, each subject as often as `times` says.
pub(crate) fn kappas_of(table: &[Vec<u64>], times: &[f64]) -> (Option<f64>, Option<f64>) {
    let (mut n, mut agreement) = (0.0, 0.0);
    let mut counts = vec![0.0; table.first().map_or(0, Vec::len)];
    for (row, times) in table.iter().zip(times).filter(|(_, times)| **times > 0.0) {
        let r: f64 = row.iter().map(|c| *c as f64).sum();
        let squares: f64 = row.iter().map(|c| (*c as f64).powi(2)).sum();
        agreement += times * (squares - r) / (r * (r - 1.0));
        n += times;
        for (sum, c) in counts.iter_mut().zip(row) {
            *sum += times * *c as f64;
        }
    }
    let all: f64 = counts.iter().sum();
    let chance = counts.iter().map(|c| (c / all).powi(2)).sum();
    let agreement = agreement / n;
    (
        beyond(agreement, chance),
        beyond(agreement, 1.0 / counts.len() as f64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_that_count_twice_are_two_subjects() {
        let table = [vec![3, 0], vec![0, 3], vec![2, 1], vec![3, 0]];
        let (fleiss, randolph) = kappas_of(&table, &[2.0, 1.0, 0.0, 1.0]);
        let written = [
            table[0].clone(),
            table[0].clone(),
            table[1].clone(),
            table[3].clone(),
        ];
        assert_eq!(fleiss, fleiss_kappa(&written).unwrap());
        assert_eq!(randolph, randolph_kappa(&written).unwrap());
        assert_eq!(kappas_of(&table, &[1.0, 0.0, 0.0, 1.0]).0, None);
    }
}
