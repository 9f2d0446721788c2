//! Pairs that were seen -> gates of any size with a given true difference, drawn from them again.
//!
//! What is drawn are groups (a case without one is a group of its own), each whole, with replacement, with all
//! that was seen of them: both scores, graded or not, slices, whether they must pass, failures, latency, cost. So
//! what hangs together in the run hangs together in the simulated gate. The wanted difference comes from unequal
//! chances: those nearest to equal ones, in Kullback-Leibler divergence, that give the wanted mean difference and
//! leave the share of cases on which the bots differ as it was (exponential tilting: Efron 1981,
//! <https://doi.org/10.2307/3314608>). Where no chances do both, the share gives way.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::tilt::tilt;
use super::{Cases, Slice};
use crate::{Error, Result};

/// Pairs to draw from, and the chance of each group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resampled {
    cases: Cases,
    /// The cases of each group.
    units: Vec<Vec<usize>>,
    /// The chance that a draw is this group or one before it.
    upto: Vec<f64>,
    /// The share of cases on which the bots differ, in what is drawn.
    pub(super) discordance: f64,
    /// The standard deviation of a case's difference, in what is drawn.
    pub(super) spread: f64,
    /// Whether each gate takes many sign flips, which are slow.
    pub(super) flips: bool,
}

/// What a group adds up to over its cases that both bots were scored on.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    n: f64,
    difference: f64,
    square: f64,
    differing: f64,
}

impl Resampled {
    /// Pairs that differ by `effect` in the mean, and on the share `discordance` of the cases where that can be.
    ///
    /// # Errors
    /// An effect that no chances of these pairs give.
    pub(super) fn new(cases: &Cases, effect: f64, discordance: f64) -> Result<Self> {
        let mut units: Vec<Vec<usize>> = Vec::new();
        if cases.groups.is_empty() {
            units.extend((0..cases.len()).map(|i| vec![i]));
        } else {
            let mut known: BTreeMap<usize, usize> = BTreeMap::new();
            for (i, group) in cases.groups.iter().enumerate() {
                let at = *known.entry(*group).or_insert(units.len());
                if at == units.len() {
                    units.push(Vec::new());
                }
                units[at].push(i);
            }
        }
        let sums: Vec<Sums> = units.iter().map(|unit| Sums::of(cases, unit)).collect();
        let both = |sums: &Sums| {
            [
                sums.difference - effect * sums.n,
                sums.differing - discordance * sums.n,
            ]
        };
        let alone = |sums: &Sums| [sums.difference - effect * sums.n, 0.0];
        let tilted = tilt(sums.iter().map(both).collect())
            .or_else(|| tilt(sums.iter().map(alone).collect()));
        let Some(chances) = tilted else {
            return Err(Error::Invalid(format!(
                "no mixture of the {} pairs that were seen differs by {effect} in the mean: say what is to be assumed \
                 instead (`--discordance`)",
                cases.both().count()
            )));
        };
        let mean = |of: fn(&Sums) -> f64| -> f64 {
            let weighed = |of: fn(&Sums) -> f64| -> f64 {
                chances.iter().zip(&sums).map(|(p, s)| p * of(s)).sum()
            };
            weighed(of) / weighed(|sums| sums.n)
        };
        let mut upto = chances.clone();
        for i in 1..upto.len() {
            upto[i] += upto[i - 1];
        }
        let pass_fail = cases
            .both()
            .all(|(_, a, b)| [a, b].iter().all(|x| *x == 0.0 || *x == 1.0));
        Ok(Self {
            discordance: mean(|sums| sums.differing),
            spread: (mean(|sums| sums.square) - effect * effect).max(0.0).sqrt(),
            flips: !pass_fail || !cases.groups.is_empty(),
            cases: cases.clone(),
            units,
            upto,
        })
    }

    /// Whether the run says that the variant is cheaper or faster, or says nothing of either.
    pub(super) fn may_be_cheaper(&self) -> bool {
        let silent = |of: fn(&super::Scored) -> Option<f64>| {
            self.cases
                .a
                .iter()
                .chain(&self.cases.b)
                .all(|scored| of(scored).is_none())
        };
        super::guards::cheaper(&self.cases)
            || (silent(|scored| scored.cost) && silent(|scored| scored.latency))
    }

    /// Draws the cases of one gate.
    ///
    /// # Errors
    /// None that pairs which were cases before can give.
    pub(super) fn draw(&self, n: usize, rng: &mut ChaCha8Rng) -> Result<Cases> {
        let (mut picked, mut groups) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let last = self.units.len() - 1;
        let total = self.upto[last];
        for group in 0.. {
            if picked.len() >= n {
                break;
            }
            let u = total * (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            let unit = self.upto.partition_point(|upto| *upto <= u).min(last);
            for &i in &self.units[unit] {
                picked.push(i);
                groups.push(group);
            }
        }
        // The last group is cut where the gate is full.
        picked.truncate(n);
        groups.truncate(n);
        let of = |side: &[super::Scored]| picked.iter().map(|&i| side[i]).collect();
        let mut drawn = Cases::new(of(&self.cases.a), of(&self.cases.b))?;
        if !self.cases.groups.is_empty() {
            drawn = drawn.groups(groups)?;
        }
        let mut slices_of = vec![Vec::new(); self.cases.len()];
        for (at, slice) in self.cases.slices.iter().enumerate() {
            for &i in &slice.cases {
                slices_of[i].push(at);
            }
        }
        let named = |slice: &Slice| Slice {
            name: slice.name.clone(),
            cases: Vec::new(),
        };
        let mut slices: Vec<Slice> = self.cases.slices.iter().map(named).collect();
        let mut must = vec![false; self.cases.len()];
        for &i in &self.cases.must_pass {
            must[i] = true;
        }
        let mut must_pass = Vec::new();
        for (at, &i) in picked.iter().enumerate() {
            for &slice in &slices_of[i] {
                slices[slice].cases.push(at);
            }
            if must[i] {
                must_pass.push(at);
            }
        }
        drawn.slices(slices)?.must_pass(must_pass)
    }
}

impl Sums {
    fn of(cases: &Cases, unit: &[usize]) -> Self {
        let mut sums = Self::default();
        for &i in unit {
            let Some((a, b)) = cases.a[i].score.zip(cases.b[i].score) else {
                continue;
            };
            let difference = b - a;
            sums.n += 1.0;
            sums.difference += difference;
            sums.square += difference * difference;
            sums.differing += f64::from(u8::from(difference != 0.0));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::promotion::Scored;

    /// Means over many draws: the difference, the share that differs.
    fn means(pairs: &Resampled) -> (f64, f64) {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let drawn = pairs.draw(40_000, &mut rng).unwrap();
        let n = drawn.both().count() as f64;
        let sum: f64 = drawn.both().map(|(_, a, b)| b - a).sum();
        let differ = drawn.both().filter(|(_, a, b)| a != b).count();
        (sum / n, differ as f64 / n)
    }

    #[test]
    fn what_is_drawn_has_the_wanted_difference_and_differs_as_often_as_before() {
        // 200 cases in groups of two: 12 % gained, 14 % lost.
        let a = (0..200).map(|i| Scored::pass(i % 50 >= 6)).collect();
        let b = (0..200).map(|i| Scored::pass(i % 50 < 43)).collect();
        let cases = Cases::new(a, b).unwrap();
        let grouped = cases
            .clone()
            .groups((0..200).map(|i| i / 2).collect())
            .unwrap();
        let graded = |gain: f64| -> Vec<Scored> {
            (0..200)
                .map(|i| Scored::graded(f64::from(i % 7) / 7.0 + gain * f64::from(i % 5 - 2) / 2.0))
                .collect()
        };
        let graded = Cases::new(graded(0.0), graded(0.3)).unwrap();
        for (name, cases, differ) in [
            ("pass or fail", cases, 0.26),
            ("groups", grouped, 0.26),
            ("graded", graded, 0.8),
        ] {
            let pairs = Resampled::new(&cases, 0.1, differ).unwrap();
            let (difference, discordance) = means(&pairs);
            assert!((difference - 0.1).abs() < 0.01, "{name}: {difference}");
            assert!((discordance - differ).abs() < 0.01, "{name}: {discordance}");
            assert!((pairs.discordance - differ).abs() < 1e-3, "{name}");
        }
    }

    #[test]
    fn the_share_that_differs_gives_way_where_it_must_and_an_impossible_effect_is_refused() {
        // Nothing lost: 10 points cannot come from 20 % that differ.
        let a = (0..100).map(|i| Scored::pass(i >= 20)).collect();
        let b = (0..100).map(|_| Scored::pass(true)).collect();
        let cases = Cases::new(a, b).unwrap();
        let pairs = Resampled::new(&cases, 0.1, 0.2).unwrap();
        assert!((means(&pairs).0 - 0.1).abs() < 0.01);
        assert!((pairs.discordance - 0.1).abs() < 1e-3);
        let none = (0..50).map(|_| Scored::pass(false)).collect::<Vec<_>>();
        let worse = Cases::new(vec![Scored::pass(true); 50], none).unwrap();
        let error = Resampled::new(&worse, 0.1, 1.0).unwrap_err().to_string();
        assert!(error.contains("--discordance"), "{error}");
    }
}
