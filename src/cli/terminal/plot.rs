//! An interval as a line of characters.

use botsmith::eval::report::{MetricReport, ScoreReport};

/// Columns of a plot.
const COLUMNS: usize = 22;

/// The scale that the bots of one metric share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    lo: f64,
    hi: f64,
}

impl Axis {
    /// 0 to 1 for shares and unit scores, else from 0 to the greatest end of an interval.
    pub(super) fn of(metric: &MetricReport, scores: &[&ScoreReport]) -> Self {
        if metric.range == (0.0, Some(1.0)) || scores.iter().all(|s| s.is_rate()) {
            return Self { lo: 0.0, hi: 1.0 };
        }
        let ends = scores
            .iter()
            .filter_map(|s| s.interval.map_or(s.mean, |i| Some(i.hi())));
        Self {
            lo: 0.0,
            hi: ends.fold(0.0, f64::max),
        }
    }

    fn column(self, x: f64) -> usize {
        let share = ((x - self.lo) / (self.hi - self.lo)).clamp(0.0, 1.0);
        (share * (COLUMNS - 1) as f64).round() as usize
    }

    /// `│    ├──●─┤     │`
    pub(super) fn draw(self, score: &ScoreReport) -> String {
        let Some(mean) = score.mean else {
            return String::new();
        };
        if self.hi <= self.lo {
            return String::new();
        }
        let mut cells = [' '; COLUMNS];
        if let Some(interval) = score.interval {
            let (lo, hi) = (self.column(interval.lo()), self.column(interval.hi()));
            cells[lo..=hi].fill('─');
            cells[lo] = '├';
            cells[hi] = '┤';
        }
        cells[self.column(mean)] = '●';
        format!("│{}│", cells.iter().collect::<String>())
    }
}
