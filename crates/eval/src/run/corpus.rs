//! Corpus scores of a run: added up from its answers, once all are judged.
//!
//! One more pass over the answers, for suites that name a metric with a corpus score only. Nothing
//! of it is stored: a run that went on after a stop reads the same answers in the same order and
//! comes to the same scores.

use crate::Result;
use crate::evaluators::Corpora;
use crate::report::CorpusComparison;
use crate::suite::Suite;

use super::CaseRecord;
use super::contest::{Contest, Layout};
use super::table::Table;

/// The corpora of a run.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Of each bot, in suite order; empty where no metric has a corpus score.
    pub(super) bots: Vec<Corpora>,
    /// Of each pair of bots and metric, over the cases that both were judged on.
    contests: Vec<Pair>,
    grouped: bool,
}

#[derive(Debug)]
struct Pair {
    a: usize,
    b: usize,
    metric: usize,
    contest: Contest,
}

impl Totals {
    /// How bot `b` differs from bot `a` as corpora; `None` where the metric has no sums to compare.
    pub(super) fn compare(
        &self,
        (a, b): (usize, usize),
        metric: usize,
        seed: u64,
    ) -> Result<Option<CorpusComparison>> {
        let mut pairs = self.contests.iter();
        match pairs.find(|pair| (pair.a, pair.b, pair.metric) == (a, b, metric)) {
            Some(pair) => {
                let score = |sums: &[f64]| self.bots[a].score_of(metric, sums);
                pair.contest.decide(score, self.grouped, seed)
            }
            None => Ok(None),
        }
    }
}

/// Adds up the answers of all cases, which are those of the table.
pub(super) fn totals(
    suite: &Suite,
    table: &Table,
    batches: impl Iterator<Item = Result<Vec<CaseRecord>>>,
) -> Result<Totals> {
    let (bots, metrics) = (suite.bots.len(), suite.panel.evaluators().len());
    let mut totals = Totals {
        bots: (0..bots).map(|_| Corpora::new(&suite.panel)).collect(),
        contests: Vec::new(),
        grouped: table.groups().is_some(),
    };
    if totals.bots.iter().all(Corpora::is_empty) {
        return Ok(totals);
    }
    let layout = Layout::of(table.units());
    for metric in (0..metrics).filter(|metric| totals.bots[0].has(*metric)) {
        for a in 0..bots {
            totals.contests.extend((a + 1..bots).map(|b| Pair {
                a,
                b,
                metric,
                contest: Contest::new(layout),
            }));
        }
    }
    // Of one case, by bot and metric; empty: not judged.
    let mut counts = vec![Vec::new(); bots * metrics];
    let mut one = Vec::new();
    let mut number = 0;
    for batch in batches {
        for record in batch? {
            let prepared = suite.panel.prepare(&record.case)?;
            counts.iter_mut().for_each(Vec::clear);
            for answer in &record.answers {
                let Some(corpora) = totals.bots.get_mut(answer.bot) else {
                    continue;
                };
                corpora.add(&suite.panel, &prepared, &answer.answer, &answer.verdicts);
                let of_bot = &mut counts[answer.bot * metrics..][..metrics];
                for (metric, counts) in of_bot.iter_mut().enumerate() {
                    one.clear();
                    if bots > 1 && corpora.last(metric, &answer.verdicts, &mut one) {
                        add(counts, &one);
                    }
                }
            }
            if let Some(unit) = table.unit(number) {
                for pair in &mut totals.contests {
                    let side = |bot: usize| &counts[bot * metrics + pair.metric];
                    let (a, b) = (side(pair.a), side(pair.b));
                    if !a.is_empty() && !b.is_empty() {
                        pair.contest.add(0, unit, a);
                        pair.contest.add(1, unit, b);
                    }
                }
            }
            number += 1;
        }
    }
    Ok(totals)
}

/// Adds the counts of another answer to the same case.
pub(super) fn add(sums: &mut Vec<f64>, counts: &[f64]) {
    sums.resize(counts.len(), 0.0);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}
