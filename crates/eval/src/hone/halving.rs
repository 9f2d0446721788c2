//! Successive halving: so many variants and so many answers to spend -> rungs. Pure arithmetic.
//!
//! Each rung asks the variants that are left about cases they have not seen and keeps the better half; the
//! last rung is on dev. Every rung gets an equal share of what is left, so that few answers go to the many
//! variants that are soon dropped and many to the few that are close. Jamieson & Talwalkar 2016
//! (<https://proceedings.mlr.press/v51/jamieson16.html>), with whole cases in place of pulls.
//!
//! Nothing is known of which variant is best afterwards: its score is one that was chosen, and the gate
//! decides.

use serde::Serialize;

use super::Use;

/// What may be spent on train and dev.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// Answers, repeats included.
    Answers(usize),
    /// Their price, in the currency of the price table.
    Cost(f64),
}

impl Budget {
    /// Reads `400` or `cost:2.50`.
    ///
    /// ```
    /// use botsmith_eval::hone::Budget;
    /// assert_eq!(Budget::parse("400"), Ok(Budget::Answers(400)));
    /// assert_eq!(Budget::parse("cost:2.5"), Ok(Budget::Cost(2.5)));
    /// assert!(Budget::parse("2.5").is_err());
    /// ```
    ///
    /// # Errors
    /// What is wanted, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted =
            || format!("`{text}`: a number of answers (`400`) or a price (`cost:2.50`) is wanted");
        match text.strip_prefix("cost:") {
            Some(price) => match price.trim().parse::<f64>() {
                Ok(price) if price > 0.0 && price.is_finite() => Ok(Self::Cost(price)),
                _ => Err(wanted()),
            },
            None => match text.trim().parse::<usize>() {
                Ok(answers) if answers > 0 => Ok(Self::Answers(answers)),
                _ => Err(wanted()),
            },
        }
    }
}

/// One rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// The cases that it asks about: train or dev.
    #[serde(rename = "use")]
    pub of: Use,
    /// Variants that enter.
    pub variants: usize,
    /// Variants that stay.
    pub keep: usize,
    /// New cases a variant.
    pub cases: usize,
}

/// Cases of train that a rung asks about where no budget says otherwise.
const TRAIN_CASES: usize = 20;

/// How many variants enter each rung, the last one on dev: halved until two are left.
pub(super) fn sizes(variants: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut left = variants;
    while left > 2 {
        sizes.push(left);
        left = left.div_ceil(2);
    }
    if left > 0 {
        sizes.push(left);
    }
    sizes
}

/// The next rung.
///
/// `sizes` are the variants that enter this rung and the later ones; `train` and `dev` the cases that are
/// left; `answers` what may still be spent (`None`: as much as is sensible), at `repeats` a case.
pub(super) fn next(
    sizes: &[usize],
    (train, dev): (usize, usize),
    answers: Option<usize>,
    repeats: usize,
) -> Option<Rung> {
    let (&variants, later) = sizes.split_first()?;
    let share = answers.map(|answers| answers / sizes.len() / (variants * repeats.max(1)));
    let (of, there, usual, keep) = match later.first() {
        Some(&keep) if train > 0 => (Use::Train, train, TRAIN_CASES, keep),
        // Where train has nothing left to tell them apart by, dev is shared out.
        Some(&keep) => (Use::Dev, dev, (dev / sizes.len()).max(1), keep),
        None => (Use::Dev, dev, dev, 1),
    };
    Some(Rung {
        of,
        variants,
        keep,
        cases: there.min(share.unwrap_or(usual)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_halved_until_two_are_left_for_dev() {
        assert!(sizes(0).is_empty());
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(2), [2]);
        assert_eq!(sizes(3), [3, 2]);
        assert_eq!(sizes(9), [9, 5, 3, 2]);
    }

    #[test]
    fn no_budget_is_overspent_whatever_its_size() {
        for variants in 1..40 {
            for budget in [0, 1, 7, 50, 400, 5_000] {
                for repeats in [1, 3] {
                    let sizes = sizes(variants);
                    let (mut left, mut train, mut dev) = (budget, 60, 40);
                    for at in 0..sizes.len() {
                        let rung = next(&sizes[at..], (train, dev), Some(left), repeats).unwrap();
                        let spent = rung.variants * rung.cases * repeats;
                        assert!(spent <= left, "{variants} {budget}: {rung:?}");
                        left -= spent;
                        match rung.of {
                            Use::Train => train -= rung.cases,
                            _ => dev -= rung.cases,
                        }
                    }
                    let keeps_one = next(&sizes[sizes.len() - 1..], (1, 1), None, 1).unwrap();
                    assert_eq!((keeps_one.keep, keeps_one.of), (1, Use::Dev));
                }
            }
        }
    }

    #[test]
    fn what_a_rung_cannot_spend_is_left_to_the_later_ones() {
        let sizes = sizes(4);
        let first = next(&sizes, (5, 40), Some(400), 1).unwrap();
        assert_eq!((first.cases, first.keep), (5, 2));
        let last = next(&sizes[1..], (0, 40), Some(400 - 20), 1).unwrap();
        assert_eq!((last.of, last.cases), (Use::Dev, 40));
    }
}
