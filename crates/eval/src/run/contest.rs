//! Two sides on one corpus metric: the counts of both, added up in blocks of cases, and what a paired
//! randomisation of the blocks finds.
//!
//! Cases of a group are in one block. Beyond a thousand units, neighbours share a block, which is
//! swapped as one: the test stays valid and its time and memory bounded, whatever the data's size.

use crate::Result;
use crate::metrics::paired;
use crate::report::CorpusComparison;
use crate::stats::Interval;

/// Blocks at most.
const MOST: usize = 1_000;

/// How units (cases, or groups of them) become blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    units: usize,
}

impl Layout {
    /// Of so many units.
    pub(super) fn of(units: usize) -> Self {
        Self { units }
    }

    fn blocks(self) -> usize {
        self.units.min(MOST)
    }

    /// The block of a unit.
    pub(super) fn block(self, unit: usize) -> usize {
        unit * self.blocks() / self.units.max(1)
    }
}

/// The counts of two sides. Both are given the same cases.
#[derive(Debug)]
pub(super) struct Contest {
    layout: Layout,
    /// Numbers a block; 0 until the first counts.
    width: usize,
    sides: [Vec<f64>; 2],
    cases: [usize; 2],
}

impl Contest {
    /// Without counts.
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            width: 0,
            sides: [Vec::new(), Vec::new()],
            cases: [0; 2],
        }
    }

    /// Adds the counts of one case to one side.
    pub(super) fn add(&mut self, side: usize, unit: usize, counts: &[f64]) {
        if self.width == 0 {
            self.width = counts.len();
            let size = self.layout.blocks() * self.width;
            self.sides = [vec![0.0; size], vec![0.0; size]];
        }
        let from = self.layout.block(unit) * self.width;
        let sums = &mut self.sides[side][from..from + self.width];
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
        self.cases[side] += 1;
    }

    /// What the counts say; `None` without any, or if a score is not a number.
    pub(super) fn decide(
        &self,
        score: impl Fn(&[f64]) -> Option<f64>,
        grouped: bool,
        seed: u64,
    ) -> Result<Option<CorpusComparison>> {
        if self.width == 0 || self.cases[0] != self.cases[1] {
            return Ok(None);
        }
        let rows = self.sides.each_ref().map(|side| {
            let rows = side.chunks_exact(self.width);
            rows.collect::<Vec<_>>()
        });
        let score = |sums: &[f64]| score(sums).unwrap_or(f64::NAN);
        let found = paired::difference(&rows[0], &rows[1], score, seed)?;
        let difference = found.b - found.a;
        if !difference.is_finite() {
            return Ok(None);
        }
        let interval = match found.interval {
            Some((lo, hi)) if lo.is_finite() && hi.is_finite() => Some(Interval::new(lo, hi)?),
            _ => None,
        };
        let test = match found.exact {
            true => "exact-randomisation",
            false => "approximate-randomisation",
        };
        let clustered = if grouped { "-clustered" } else { "" };
        Ok(Some(CorpusComparison {
            a: found.a,
            b: found.b,
            difference,
            interval,
            p: found.p_value,
            p_adjusted: None,
            test: format!("{test}{clustered}"),
            better: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Contest, Layout, MOST};

    fn share(sums: &[f64]) -> Option<f64> {
        (sums[1] > 0.0).then(|| sums[0] / sums[1])
    }

    #[test]
    fn units_go_to_blocks_in_order_and_no_block_is_beyond_the_last() {
        for units in [1, 7, MOST, MOST + 1, 12_345] {
            let layout = Layout::of(units);
            let blocks: Vec<_> = (0..units).map(|unit| layout.block(unit)).collect();
            assert!(blocks.is_sorted());
            assert_eq!(blocks.last(), Some(&(units.min(MOST) - 1)));
        }
    }

    #[test]
    fn sides_that_are_alike_are_not_told_apart_and_others_are() {
        let mut alike = Contest::new(Layout::of(3_000));
        let mut other = Contest::new(Layout::of(3_000));
        for unit in 0..3_000 {
            let counts = [f64::from(unit as u32 % 3), 2.0];
            let more = [counts[0] + 1.0, 2.0];
            alike.add(0, unit, &counts);
            alike.add(1, unit, &counts);
            other.add(0, unit, &counts);
            other.add(1, unit, if unit % 2 == 0 { &more } else { &counts });
        }
        let alike = alike.decide(share, false, 1).unwrap().unwrap();
        assert_eq!((alike.difference, alike.p), (0.0, 1.0));
        let other = other.decide(share, true, 1).unwrap().unwrap();
        assert_eq!((other.a, other.b), (0.5, 0.75));
        assert!(other.p < 0.001, "{}", other.p);
        assert_eq!(other.test, "approximate-randomisation-clustered");
        let interval = other.interval.unwrap();
        assert!(interval.lo() > 0.2 && interval.hi() < 0.3, "{interval:?}");
    }

    #[test]
    fn no_counts_decide_nothing() {
        let empty = Contest::new(Layout::of(10));
        assert_eq!(empty.decide(share, false, 1).unwrap(), None);
    }
}
