//! What a calibration has seen: the labels that it was fitted to and those that were held against it -> which
//! labels are newer, and what each weighs in the bet.
//!
//! A label is known by its answer, not by its time: a second rater on an answer that was fitted says nothing new.
//! A label weighs one over its chance, divided by the mean of that over the labels seen before it: those that the
//! calibration was fitted to and those fed since. That mean is settled before the label is looked at, as the bet
//! wants it, and does not depend on how many labels are fed at once.

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::label::Dated;
use super::{Drift, Map};
use crate::Result;

/// The greatest weight of a label, relative to the mean, where at least a fifth are drawn at random.
const MOST_WEIGHT: f64 = 5.0;
/// Hexadecimal digits of an answer's key that are kept.
const DIGITS: usize = 16;

/// The labels that a calibration has seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The answers that it was fitted to; `None` for a calibration of a version that did not keep them: then what
    /// was said later than the last of them is newer.
    fitted: Option<BTreeSet<String>>,
    /// The answers whose labels were held against it.
    #[serde(default)]
    fed: BTreeSet<String>,
    /// The sum of one over the chance of each, where it is known.
    #[serde(default)]
    weight: f64,
    /// How many those are.
    #[serde(default)]
    weighed: usize,
}

impl Seen {
    /// What one has seen that is fitted to these.
    pub(super) fn fitted(labels: &[&Dated]) -> Self {
        let mut seen = Self {
            fitted: Some(labels.iter().map(|dated| short(dated)).collect()),
            ..Self::default()
        };
        for dated in labels.iter().filter(|dated| dated.drawn) {
            seen.weigh(dated.label.weight);
        }
        seen
    }

    /// Whether a label is none of those that it was fitted to. `until`: when the newest of them was given.
    pub(super) fn is_since(&self, dated: &Dated, until: u64) -> bool {
        match &self.fitted {
            Some(fitted) => dated.at >= until && !fitted.contains(&short(dated)),
            None => dated.at > until,
        }
    }

    /// Whether a label has not been held against it yet. `until`, `fed_until`: when the newest label that it was
    /// fitted to was given, and the newest that was fed.
    pub(super) fn is_fresh(&self, dated: &Dated, (until, fed_until): (u64, u64)) -> bool {
        let until = match self.fitted {
            Some(_) => until,
            None => fed_until,
        };
        self.is_since(dated, until) && !self.fed.contains(&short(dated))
    }

    /// Feeds labels to the bet, those of one group that come together as one; gives how many groups there were.
    pub(super) fn feed(&mut self, drift: &mut Drift, map: &Map, fresh: &[&Dated]) -> Result<usize> {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        let mut groups: BTreeMap<(u64, &str), Group> = BTreeMap::new();
        for dated in fresh {
            let name = match dated.label.group.as_str() {
                "" => dated.key.as_str(),
                group => group,
            };
            let at = *first.entry(name).or_insert(dated.at);
            let says = dated
                .label
                .passed
                .unwrap_or_else(|| map.apply(dated.label.judge) >= 0.5);
            let group = groups.entry((at, name)).or_default();
            group.agrees += f64::from(u8::from(says == dated.label.human));
            group.weight += dated.label.weight;
            group.drawn |= dated.drawn;
            group.n += 1.0;
        }
        for group in groups.values() {
            let mut weight = 1.0;
            if group.drawn {
                drift.most_weight = drift.most_weight.max(MOST_WEIGHT);
                let plain = group.weight / group.n;
                weight = (plain / self.mean().unwrap_or(plain)).min(drift.most_weight);
                self.weigh(plain);
            }
            drift.observe(group.agrees / group.n, weight)?;
        }
        self.fed.extend(fresh.iter().map(|dated| short(dated)));
        Ok(groups.len())
    }

    fn weigh(&mut self, weight: f64) {
        self.weight += weight;
        self.weighed += 1;
    }

    /// The mean of one over the chance; `None` where no chance is known yet.
    fn mean(&self) -> Option<f64> {
        (self.weighed > 0).then(|| self.weight / self.weighed as f64)
    }
}

/// The labels of one group.
#[derive(Default)]
struct Group {
    agrees: f64,
    weight: f64,
    drawn: bool,
    n: f64,
}

fn short(dated: &Dated) -> String {
    Digest::of(dated.key.as_bytes()).to_string()[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Binding, Label, Renew, Renewal, Requirements, Stored, renew};
    use super::*;

    fn binding() -> Binding {
        serde_json::from_value(json!({
            "digest": "d", "suite": "s", "metric": "polite", "model": [], "model_hash": "m",
            "prompt_hash": "p", "rubric_hash": "r", "decoding_hash": "d", "version": "1",
        }))
        .unwrap()
    }

    fn how() -> Renew {
        Renew {
            requirements: Requirements::default(),
            now_ms: 1,
            seed: 1,
            anew: false,
        }
    }

    fn renewed(old: Option<Stored>, labels: &[Dated]) -> (Stored, Renewal) {
        renew(old, &binding(), labels, &how()).unwrap()
    }

    fn label(at: u64, human: bool, agrees: bool) -> Dated {
        let says = human == agrees;
        Dated {
            at,
            label: Label::new(if says { 0.9 } else { 0.1 }, human).judged(says),
            drawn: false,
            key: format!("answer {at}"),
        }
    }

    /// Labels of a judge that never changes: of the answers that it doubts, all labelled, it is right on two of three;
    /// of the others, one in ten labelled, on 23 of 24.
    fn drawn(from: u64, count: u64) -> Vec<Dated> {
        let one = |i: u64| {
            let doubted = i % 10 < 6;
            let right = match doubted {
                true => i * 7 % 10 < 6,
                false => i % 60 != 59,
            };
            let mut dated = label(from + i, (i / 10).is_multiple_of(2), right);
            dated.drawn = true;
            dated.label.weight = if doubted { 1.0 } else { 10.0 };
            dated
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn fed_at_once_or_one_by_one_the_same_labels_give_the_same_e_value_and_weigh_by_their_chance() {
        let mut all = drawn(0, 200);
        let (made, _) = renewed(None, &all);
        let newer = drawn(1_000, 120);
        let mut one_by_one = made.clone();
        for dated in &newer {
            all.push(dated.clone());
            (one_by_one, _) = renewed(Some(one_by_one), &all);
        }
        let (at_once, renewal) = renewed(Some(made), &all);
        assert_eq!(renewal, Renewal::Watched { labels: 120 });
        assert!((at_once.drift.e_value() - one_by_one.drift.e_value()).abs() < 1e-9);
        assert_eq!(at_once.drift.labels, one_by_one.drift.labels);
        // Alike they would agree in three of four and be taken for a drop; by their chances nothing has changed.
        let plain = newer.iter().filter(|dated| {
            let label = &dated.label;
            label.passed == Some(label.human)
        });
        assert!((plain.count() as f64 / 120.0) < 0.8);
        assert!(
            at_once.drift.agreement().unwrap() > 0.85,
            "{:?}",
            at_once.drift
        );
        assert!(!at_once.drift.is_void());
        assert!(
            (at_once.drift.weight / 120.0 - 1.0).abs() < 0.05,
            "{:?}",
            at_once.drift
        );
    }

    #[test]
    fn labels_that_were_drawn_weigh_by_their_chance_though_those_fitted_had_none() {
        let plain: Vec<Dated> = (0..200)
            .map(|i| label(i, i % 2 == 0, i % 10 != 0))
            .collect();
        let (made, _) = renewed(None, &plain);
        assert_eq!(made.drift.most_weight, 1.0);
        let (fed, _) = renewed(Some(made), &drawn(1_000, 120));
        assert_eq!(fed.drift.most_weight, MOST_WEIGHT);
        assert!(fed.drift.agreement().unwrap() > 0.85, "{:?}", fed.drift);
    }

    #[test]
    fn a_second_rater_on_an_answer_that_was_fitted_or_fed_says_nothing_new() {
        let mut all: Vec<Dated> = (0..200)
            .map(|i| label(i, i % 2 == 0, i % 10 != 0))
            .collect();
        let (made, _) = renewed(None, &all);
        all.extend((1_000..1_040).map(|i| label(i, i % 2 == 0, i % 10 != 0)));
        let (fed, renewal) = renewed(Some(made), &all);
        assert_eq!(renewal, Renewal::Watched { labels: 40 });
        // Weeks later somebody else agrees on all of them: the last word on each is newer.
        for dated in &mut all {
            dated.at += 100_000;
        }
        let (again, renewal) = renewed(Some(fed.clone()), &all);
        assert_eq!(renewal, Renewal::Watched { labels: 0 });
        assert_eq!(again.drift, fed.drift);
    }

    #[test]
    fn two_labels_of_one_moment_are_both_fed() {
        let mut all: Vec<Dated> = (0..200)
            .map(|i| label(i, i % 2 == 0, i % 10 != 0))
            .collect();
        let (mut stored, _) = renewed(None, &all);
        for n in 0..2 {
            let mut dated = label(500, true, true);
            dated.key = format!("imported {n}");
            all.push(dated);
            let (next, renewal) = renewed(Some(stored), &all);
            assert_eq!(renewal, Renewal::Watched { labels: 1 }, "label {n}");
            stored = next;
        }
    }

    #[test]
    fn a_calibration_that_did_not_keep_its_answers_goes_by_time() {
        let mut all: Vec<Dated> = (0..200)
            .map(|i| label(i, i % 2 == 0, i % 10 != 0))
            .collect();
        let (made, _) = renewed(None, &all);
        let mut old = serde_json::to_value(&made).unwrap();
        old.as_object_mut().unwrap().remove("seen");
        let old: Stored = serde_json::from_value(old).unwrap();
        all.extend(drawn(1_000, 40));
        let (fed, renewal) = renewed(Some(old), &all);
        assert_eq!(renewal, Renewal::Watched { labels: 40 });
        assert_eq!(renewed(Some(fed), &all).1, Renewal::Watched { labels: 0 });
    }
}
