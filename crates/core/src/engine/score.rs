//! How likely a model finds given texts: log-likelihoods of continuations, perplexity, choices.
//!
//! Prompt and continuation are tokenised as one text; a token that crosses the border belongs to the
//! continuation. All texts of a call form one tree of tokens (`score/trie.rs`), so that a shared
//! beginning is read once, and continuations that part at one place cost one row (`score/job.rs`).
//! Branches are read together, as many as fit the budget of a step, those of other calls too; a call
//! that begins like an earlier one waits until that beginning is read. Nothing is decoded.

mod job;
mod trie;

use super::decoder::{Decoder, Span, Stop};
use super::error::{EngineError, Result};
use super::kv::{BLOCK, Pool};
use job::Branch;
pub(crate) use job::Job;

/// A text of which the end is scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    /// The whole text.
    pub(crate) tokens: Vec<u32>,
    /// The first token that is scored; at least 1, since the first has nothing before it.
    pub(crate) first: usize,
}

/// What a step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Tokens that it reads at most.
    pub(crate) tokens: usize,
    /// Free blocks that it leaves to others.
    pub(crate) kept: usize,
    /// Whether nobody but the first of the jobs holds any: what does not fit then never will.
    pub(crate) alone: bool,
    /// Whether it reads one branch and no second: the least that it could take.
    pub(crate) single: bool,
}

/// A part of a branch that is read in this step.
struct Taken {
    job: usize,
    branch: Branch,
    tokens: usize,
}

/// One step over jobs, those before others that came first. Whether there was memory for the first of
/// them; nothing was read if not. A job that fails is over, and says why itself.
pub(crate) fn step(
    decoder: &Decoder,
    pool: &Pool,
    jobs: &mut [&mut Job],
    plan: Plan,
    stop: Stop<'_>,
) -> bool {
    let (mut batch, enough) = taken(pool, jobs, plan);
    if batch.is_empty() {
        return enough;
    }
    let done = read(decoder, pool, jobs, &mut batch, stop);
    let alone = plan.alone && batch.len() == 1;
    let jobs_of: Vec<usize> = batch.iter().map(|taken| taken.job).collect();
    // Last in, first out.
    for taken in batch.into_iter().rev() {
        jobs[taken.job].put_back(taken.branch, pool);
    }
    match done {
        // Who called it off looks for itself.
        Ok(()) | Err(EngineError::Cancelled) => true,
        Err(EngineError::KvBudget { .. }) if !alone => false,
        Err(error) => {
            let words = error.to_string();
            let mut error = Some(error);
            for job in jobs_of {
                let again = || EngineError::Step(words.clone());
                jobs[job].fail(|| error.take().unwrap_or_else(again));
            }
            true
        }
    }
}

/// The branches that are read next, and whether there is memory for the first.
fn taken(pool: &Pool, jobs: &mut [&mut Job], plan: Plan) -> (Vec<Taken>, bool) {
    let mut batch: Vec<Taken> = Vec::new();
    let mut left = plan.tokens;
    let mut planned = 0;
    let mut blocks = pool.free().saturating_sub(plan.kept);
    for at in 0..jobs.len() {
        let (before, rest) = jobs.split_at_mut(at);
        let job = &mut *rest[0];
        while left > 0
            && (batch.is_empty() || !plan.single)
            && let Some(mut branch) = job.next()
        {
            // What is remembered and taken over is free no more.
            if job.take_over(&mut branch, pool) {
                blocks = pool.free().saturating_sub(plan.kept + planned);
            }
            let have = branch.sequence.len();
            let path = job.path(&branch);
            let shared = |other: &&mut Job| other.common(path) / BLOCK * BLOCK > have;
            if before.iter().any(shared) {
                job.ready(branch);
                break;
            }
            let tokens = left.min(path.len() - have);
            let wanted = branch.sequence.blocks_for(tokens);
            if wanted > blocks && !(plan.alone && batch.is_empty()) {
                let enough = !batch.is_empty();
                job.ready(branch);
                return (batch, enough);
            }
            planned += wanted;
            blocks = blocks.saturating_sub(wanted);
            left -= tokens;
            if tokens == 0 {
                // All of it was remembered.
                job.put_back(branch, pool);
                continue;
            }
            batch.push(Taken {
                job: at,
                branch,
                tokens,
            });
        }
    }
    (batch, true)
}

fn read(
    decoder: &Decoder,
    pool: &Pool,
    jobs: &mut [&mut Job],
    batch: &mut [Taken],
    stop: Stop<'_>,
) -> Result<()> {
    let mut rows = Vec::new();
    let mut wanted: Vec<Vec<usize>> = Vec::new();
    for taken in batch.iter() {
        let from = taken.branch.sequence.len();
        let wants = jobs[taken.job].wants(&taken.branch);
        let inside = wants
            .iter()
            .filter(|want| (from..from + taken.tokens).contains(&want.row));
        let inside: Vec<_> = inside.map(|want| (taken.job, want)).collect();
        wanted.push(inside.iter().map(|(_, want)| want.row - from).collect());
        rows.extend(inside);
    }
    let mut spans: Vec<Span<'_>> = Vec::with_capacity(batch.len());
    for (taken, wanted) in batch.iter_mut().zip(&wanted) {
        let from = taken.branch.sequence.len();
        let path = jobs[taken.job].path(&taken.branch);
        spans.push(Span {
            tokens: &path[from..from + taken.tokens],
            sequence: &mut taken.branch.sequence,
            wanted,
        });
    }
    let mut picks: Vec<(u32, u32)> = Vec::new();
    for (at, (job, want)) in rows.iter().enumerate() {
        let token = |text: &usize| jobs[*job].token(*text, want.row + 1);
        picks.extend(want.texts.iter().map(|text| (at as u32, token(text))));
    }
    let found = decoder.summarise(pool, &mut spans, &picks, stop)?;
    drop(spans);
    let mut picked = found.picked.iter();
    let mut values = Vec::with_capacity(found.picked.len());
    for ((job, want), summary) in rows.iter().zip(&found.rows) {
        for (text, logit) in want.texts.iter().zip(&mut picked) {
            let value = f64::from(*logit) - summary.whole;
            values.push((*job, *text, want.row + 1, value));
        }
    }
    for (job, text, token, value) in values {
        jobs[job].set(text, token, value);
    }
    Ok(())
}

/// All of some texts, with nobody beside them, until `stop` says so.
#[cfg(test)]
pub(crate) fn score(
    decoder: &Decoder,
    pool: &Pool,
    texts: &[Scored],
    tokens: usize,
    stop: Stop<'_>,
) -> Result<Vec<Vec<f64>>> {
    let over = std::sync::atomic::AtomicBool::new(false);
    let stop = || {
        let now = stop();
        over.fetch_or(now, std::sync::atomic::Ordering::SeqCst);
        now
    };
    let plan = Plan {
        tokens,
        kept: 0,
        alone: true,
        single: false,
    };
    let mut job = Job::new(texts.to_vec());
    while !job.is_done() {
        step(decoder, pool, &mut [&mut job], plan, &stop);
        if over.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(EngineError::Cancelled);
        }
    }
    job.found()
}
