//! How likely a model finds given texts: log-likelihoods of continuations, perplexity, choices.
//!
//! Prompt and continuation are tokenised as one text; a token that crosses the border belongs to the
//! continuation. All texts of a call form one tree of tokens (`score/trie.rs`), so that a shared
//! beginning is read once, and continuations that part at one place cost one row. Branches are read
//! together, as many as fit the budget of a step; nothing is decoded.

mod trie;

use super::decoder::{Decoder, Span, Stop};
use super::error::{EngineError, Result};
use super::kv::{Pool, Sequence};
use trie::Trie;

/// A text of which the end is scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    /// The whole text.
    pub(crate) tokens: Vec<u32>,
    /// The first token that is scored; at least 1, since the first has nothing before it.
    pub(crate) first: usize,
}

/// The log-probability of each scored token, in nats, text by text.
///
/// # Errors
/// [`EngineError::TooLong`] for a text beyond the context; [`EngineError::KvBudget`] where a single
/// branch does not fit; [`EngineError::Cancelled`].
pub(crate) fn score(
    decoder: &Decoder,
    pool: &Pool,
    texts: &[Scored],
    step: usize,
    stop: Stop<'_>,
) -> Result<Vec<Vec<f64>>> {
    let limit = decoder.shape().context;
    if let Some(long) = texts.iter().find(|text| text.tokens.len() > limit) {
        return Err(EngineError::TooLong {
            tokens: long.tokens.len(),
            limit,
        });
    }
    let mut results: Vec<Vec<f64>> = texts
        .iter()
        .map(|text| vec![0.0; text.tokens.len().saturating_sub(text.first)])
        .collect();
    let trie = Trie::new(texts);
    let mut reader = Reader {
        decoder,
        pool,
        texts,
        trie: &trie,
        step,
        stop,
        ready: Vec::new(),
    };
    for root in trie.roots() {
        reader.begin(*root, &Sequence::default());
    }
    while reader.advance(&mut results)? {}
    Ok(results)
}

/// A branch that is being read.
#[derive(Debug)]
struct Branch {
    node: usize,
    sequence: Sequence,
}

struct Reader<'a> {
    decoder: &'a Decoder,
    pool: &'a Pool,
    texts: &'a [Scored],
    trie: &'a Trie,
    step: usize,
    stop: Stop<'a>,
    /// Last in, first out: few branches are half read at a time.
    ready: Vec<Branch>,
}

impl Reader<'_> {
    /// Makes a branch ready whose parent's sequence is `before`.
    fn begin(&mut self, node: usize, before: &Sequence) {
        let about = self.trie.node(node);
        let path = &self.texts[about.text].tokens[..about.end];
        // What is asked for has to be read, even if it was read before.
        let needed = about.wants.first().map_or(about.end, |want| want.row);
        let mut sequence = self.pool.remembered(&path[..needed]);
        if sequence.len() <= before.len() {
            sequence = before.clone();
        }
        self.ready.push(Branch { node, sequence });
    }

    /// One step: up to `step` tokens of the branches that are ready. Whether there may be more.
    fn advance(&mut self, results: &mut [Vec<f64>]) -> Result<bool> {
        let mut batch: Vec<(Branch, usize)> = Vec::new();
        let mut left = self.step;
        let mut blocks = self.pool.free();
        while left > 0
            && let Some(branch) = self.ready.pop()
        {
            let from = branch.sequence.len();
            let take = left.min(self.trie.node(branch.node).end - from);
            if take == 0 {
                // All of it was remembered.
                self.finish(&branch);
                continue;
            }
            let wanted = branch.sequence.blocks_for(take);
            if wanted > blocks && !batch.is_empty() {
                self.ready.push(branch);
                break;
            }
            blocks = blocks.saturating_sub(wanted);
            left -= take;
            batch.push((branch, take));
        }
        if batch.is_empty() {
            return Ok(false);
        }
        self.read(&mut batch, results)?;
        for (branch, _) in batch.into_iter().rev() {
            match branch.sequence.len() == self.trie.node(branch.node).end {
                true => self.finish(&branch),
                false => self.ready.push(branch),
            }
        }
        Ok(true)
    }

    fn read(&self, batch: &mut [(Branch, usize)], results: &mut [Vec<f64>]) -> Result<()> {
        let mut rows = Vec::new();
        let mut wanted: Vec<Vec<usize>> = Vec::new();
        for (branch, take) in batch.iter() {
            let from = branch.sequence.len();
            let wants = &self.trie.node(branch.node).wants;
            let inside = wants
                .iter()
                .filter(|want| (from..from + take).contains(&want.row));
            let inside: Vec<_> = inside.collect();
            wanted.push(inside.iter().map(|want| want.row - from).collect());
            rows.extend(inside);
        }
        let mut spans: Vec<Span<'_>> = batch
            .iter_mut()
            .zip(&wanted)
            .map(|((branch, take), wanted)| {
                let from = branch.sequence.len();
                let text = self.trie.node(branch.node).text;
                Span {
                    tokens: &self.texts[text].tokens[from..from + *take],
                    sequence: &mut branch.sequence,
                    wanted,
                }
            })
            .collect();
        let targets = |text: &usize, row: usize| self.texts[*text].tokens[row + 1];
        let picks: Vec<(u32, u32)> = rows
            .iter()
            .enumerate()
            .flat_map(|(at, want)| {
                want.texts
                    .iter()
                    .map(move |text| (at as u32, targets(text, want.row)))
            })
            .collect();
        let found = (self.decoder).summarise(self.pool, &mut spans, &picks, self.stop)?;
        let mut picked = found.picked.iter();
        for (want, summary) in rows.iter().zip(&found.rows) {
            for (text, logit) in want.texts.iter().zip(&mut picked) {
                let first = self.texts[*text].first;
                results[*text][want.row + 1 - first] = f64::from(*logit) - summary.whole;
            }
        }
        Ok(())
    }

    /// A branch is read: it is remembered, and those that go on from it are ready.
    fn finish(&mut self, branch: &Branch) {
        let about = self.trie.node(branch.node);
        let path = &self.texts[about.text].tokens[..about.end];
        self.pool.remember(path, &branch.sequence);
        for child in about.children.clone() {
            self.begin(child, &branch.sequence);
        }
    }
}
