//! A calibration and newer labels: feed them to it, or make a new one.
//!
//! The calibration in force (if any), what the judge is bound to now, and all labels of it in; the calibration
//! from now on out. One that holds stays and newer labels are held against it, for a calibration that is made
//! anew with every label would never be found wrong. A new one is made where there is none, the judge has
//! changed, the old one is void, or who asks wants it. After drift only the labels since count.

use serde::{Deserialize, Serialize};

use super::label::{Dated, LEAST, Label};
use super::{Binding, Requirements, Seen, Stored, calibrate};
use crate::Result;

/// What became of newer labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "happened", rename_all = "kebab-case")]
pub enum Renewal {
    /// A calibration was made from so many labels.
    Made {
        /// How many.
        labels: usize,
    },
    /// The one in force stays; so many newer labels were held against it.
    Watched {
        /// How many.
        labels: usize,
    },
    /// So many newer labels made the one in force void; the next renewal makes a new one from the labels
    /// since, if there are enough.
    Voided {
        /// How many.
        labels: usize,
    },
    /// The one in force is void, and there are too few labels since for a new one.
    Waits {
        /// How many there are.
        labels: usize,
        /// How many are wanted.
        of: usize,
    },
}

/// How to renew.
#[derive(Clone, Copy, Debug)]
pub struct Renew {
    /// What is wanted of the judge if it is to gate.
    pub requirements: Requirements,
    /// Now, in milliseconds since 1970.
    pub now_ms: u64,
    /// The seed of folds and bootstraps.
    pub seed: u64,
    /// Whether a new one is made though the old one holds.
    pub anew: bool,
}

/// Renews a calibration. `labels` are all labels of this judge, in the order in which they were given.
///
/// # Errors
/// Too few labels for a first calibration, or as [`calibrate`].
pub fn renew(
    old: Option<Stored>,
    binding: &Binding,
    labels: &[Dated],
    how: &Renew,
) -> Result<(Stored, Renewal)> {
    let old = old.filter(|old| old.binding.changes(binding).is_empty());
    let Some(mut old) = old else {
        return make(binding, &labels.iter().collect::<Vec<_>>(), how);
    };
    if !old.drift.is_void() {
        let until = (old.labels_until_ms, old.fed_until_ms);
        let fresh = |dated: &&Dated| old.seen.is_fresh(dated, until);
        let fresh: Vec<&Dated> = labels.iter().filter(fresh).collect();
        let fed = feed(&mut old, &fresh)?;
        old.requirements = how.requirements;
        return match (old.drift.is_void(), how.anew) {
            // Kept as void before anything takes its place, so that nobody overlooks it.
            (true, _) => Ok((old, Renewal::Voided { labels: fed })),
            (false, true) => make(binding, &labels.iter().collect::<Vec<_>>(), how),
            (false, false) => Ok((old, Renewal::Watched { labels: fed })),
        };
    }
    let since = |dated: &&Dated| old.seen.is_since(dated, old.labels_until_ms);
    let since: Vec<&Dated> = labels.iter().filter(since).collect();
    let count = since.len();
    if count < LEAST {
        let of = LEAST;
        return Ok((old, Renewal::Waits { labels: count, of }));
    }
    if !how.anew && count < how.requirements.labels {
        // What newer labels have shown is kept in sight until there are enough to do better.
        let of = how.requirements.labels;
        return Ok((old, Renewal::Waits { labels: count, of }));
    }
    make(binding, &since, how)
}

fn make(binding: &Binding, labels: &[&Dated], how: &Renew) -> Result<(Stored, Renewal)> {
    let plain: Vec<Label> = labels.iter().map(|dated| dated.label.clone()).collect();
    let calibration = calibrate(&plain, how.seed)?;
    let until = labels.iter().map(|dated| dated.at).max().unwrap_or(0);
    let mut stored = Stored::new(
        binding.clone(),
        calibration,
        how.requirements,
        (how.now_ms, until),
        // Raised by the first label that was drawn with a known chance.
        1.0,
    )?;
    stored.seen = Seen::fitted(labels);
    Ok((
        stored,
        Renewal::Made {
            labels: plain.len(),
        },
    ))
}

/// Feeds labels to the bet; gives how many groups there were.
fn feed(stored: &mut Stored, fresh: &[&Dated]) -> Result<usize> {
    let newest = fresh.iter().map(|dated| dated.at).max();
    stored.fed_until_ms = stored.fed_until_ms.max(newest.unwrap_or(0));
    let map = &stored.calibration.map;
    stored.seen.feed(&mut stored.drift, map, fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn binding(model: &str) -> Binding {
        serde_json::from_value(json!({
            "digest": model, "suite": "s", "metric": "polite", "model": [model], "model_hash": model,
            "prompt_hash": "p", "rubric_hash": "r", "decoding_hash": "d", "version": "1",
        }))
        .unwrap()
    }

    /// Labels from a time on of which the judge is right on the share given.
    fn labels(from: u64, count: u64, right: u64) -> Vec<Dated> {
        let one = |i: u64| {
            let human = i.is_multiple_of(2);
            let says = human == (i * 7 % 10 < right);
            Dated {
                at: from + i,
                label: Label::new(if says { 0.9 } else { 0.1 }, human).judged(says),
                drawn: false,
                key: format!("{}", from + i),
            }
        };
        (0..count).map(one).collect()
    }

    fn how() -> Renew {
        Renew {
            requirements: Requirements::default(),
            now_ms: 1,
            seed: 1,
            anew: false,
        }
    }

    #[test]
    fn newer_labels_are_held_against_the_calibration_and_not_learnt_from() {
        let mut all = labels(0, 200, 9);
        let (first, renewal) = renew(None, &binding("m"), &all, &how()).unwrap();
        assert_eq!(renewal, Renewal::Made { labels: 200 });
        assert!(
            first.standing(&binding("m")).gates(),
            "{:?}",
            first.standing(&binding("m"))
        );
        all.extend(labels(1_000, 40, 9));
        let (second, renewal) = renew(Some(first.clone()), &binding("m"), &all, &how()).unwrap();
        assert_eq!(renewal, Renewal::Watched { labels: 40 });
        assert_eq!(second.calibration, first.calibration);
        // The same labels again are not newer any more.
        let (third, renewal) = renew(Some(second.clone()), &binding("m"), &all, &how()).unwrap();
        assert_eq!(
            (renewal, third.drift),
            (Renewal::Watched { labels: 0 }, second.drift)
        );
    }

    #[test]
    fn a_judge_that_got_worse_loses_its_calibration_and_gets_one_from_labels_since() {
        let mut all = labels(0, 200, 9);
        let (first, _) = renew(None, &binding("m"), &all, &how()).unwrap();
        all.extend(labels(1_000, 60, 5));
        let (void, renewal) = renew(Some(first), &binding("m"), &all, &how()).unwrap();
        assert_eq!(renewal, Renewal::Voided { labels: 60 });
        let (void, renewal) = renew(Some(void), &binding("m"), &all, &how()).unwrap();
        assert_eq!(
            renewal,
            Renewal::Waits {
                labels: 60,
                of: 100
            }
        );
        let reason = void.standing(&binding("m")).reason().unwrap();
        assert!(reason.starts_with("void: "), "{reason}");
        all.extend(labels(2_000, 60, 9));
        let (anew, renewal) = renew(Some(void), &binding("m"), &all, &how()).unwrap();
        assert_eq!(renewal, Renewal::Made { labels: 120 });
        assert!((anew.calibration.quality.agreement.value - 0.7).abs() < 1e-9);
    }

    #[test]
    fn another_model_needs_a_calibration_of_its_own() {
        let all = labels(0, 200, 9);
        let (first, _) = renew(None, &binding("m"), &all, &how()).unwrap();
        let standing = first.standing(&binding("n"));
        assert_eq!(
            standing.reason().unwrap(),
            "the model changed since the judge was calibrated"
        );
        let (_, renewal) = renew(Some(first), &binding("n"), &all, &how()).unwrap();
        assert_eq!(renewal, Renewal::Made { labels: 200 });
    }
}
