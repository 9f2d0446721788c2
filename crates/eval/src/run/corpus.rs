//! Corpus scores of a run: added up from its answers, once all are judged.
//!
//! One more pass over the answers, for suites that name a metric with a corpus score only. Nothing
//! of it is stored: a run that went on after a stop reads the same answers in the same order and
//! comes to the same scores.

use crate::Result;
use crate::evaluators::Corpora;
use crate::suite::Suite;

use super::CaseRecord;

/// The corpora of each bot, in suite order; empty where no metric has a corpus score.
pub(super) fn corpora(
    suite: &Suite,
    batches: impl Iterator<Item = Result<Vec<CaseRecord>>>,
) -> Result<Vec<Corpora>> {
    let new = || Corpora::new(&suite.panel);
    let mut corpora: Vec<_> = suite.bots.iter().map(|_| new()).collect();
    if corpora.iter().all(Corpora::is_empty) {
        return Ok(corpora);
    }
    for batch in batches {
        for record in batch? {
            let prepared = suite.panel.prepare(&record.case)?;
            for answer in &record.answers {
                if let Some(corpora) = corpora.get_mut(answer.bot) {
                    corpora.add(&suite.panel, &prepared, &answer.answer, &answer.verdicts);
                }
            }
        }
    }
    Ok(corpora)
}
