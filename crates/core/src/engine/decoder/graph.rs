//! A step as plain numbers, and what computes it on another device.

use super::super::error::Result;
use super::super::kv::{BLOCK, Slab};
use super::super::ops::spread::spread;
use super::super::sampling::{likeliest, log_sum_exp};
use super::{Span, Stop};

/// The logits of some rows, one row after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Logits {
    numbers: Vec<f32>,
    rows: usize,
}

impl Logits {
    /// So many rows of equal width; `None` where the numbers do not make them.
    pub(crate) fn new(numbers: Vec<f32>, rows: usize) -> Option<Self> {
        let fits = match rows {
            0 => numbers.is_empty(),
            rows => numbers.len().is_multiple_of(rows),
        };
        fits.then_some(Self { numbers, rows })
    }

    /// The rows, in order.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        let width = self.numbers.len().checked_div(self.rows).unwrap_or(0);
        self.numbers.chunks_exact(width.max(1))
    }

    /// All numbers.
    pub(crate) fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers
    }

    /// The same numbers.
    pub(crate) fn into_numbers(self) -> Vec<f32> {
        self.numbers
    }
}

/// What is asked of most rows: a device says it without handing out a number for every token there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// The token of the highest logit, the smallest among equals.
    pub(crate) token: u32,
    /// Its logit.
    pub(crate) logit: f32,
    /// `ln(sum(exp(logits)))`.
    pub(crate) whole: f64,
}

/// Summaries of all wanted rows, and single logits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summaries {
    /// Row by row.
    pub(crate) rows: Vec<Summary>,
    /// The logits that were picked, in order.
    pub(crate) picked: Vec<f32>,
}

/// A logit that is asked for: which of the wanted rows, and which token.
pub(crate) type LogitAt = (u32, u32);

impl Logits {
    /// Summaries of the rows, and the logits at `picks`, which the rows have.
    pub(crate) fn summaries(&self, picks: &[LogitAt]) -> Summaries {
        let rows: Vec<&[f32]> = self.rows().collect();
        let summary = |row: &[f32]| {
            let token = likeliest(row);
            Summary {
                token,
                logit: row.get(token as usize).copied().unwrap_or(f32::NAN),
                whole: log_sum_exp(row),
            }
        };
        Summaries {
            picked: picks
                .iter()
                .map(|(row, token)| rows[*row as usize][*token as usize])
                .collect(),
            rows: spread(rows, summary),
        }
    }
}

/// New tokens of several texts, and where their keys and values are in a slab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The tokens of all texts, one a row.
    pub(crate) tokens: Vec<u32>,
    /// Of each text, how many of the rows are its.
    pub(crate) counts: Vec<u32>,
    /// Of each text, how many tokens came before.
    pub(crate) before: Vec<u32>,
    /// The blocks of each text in the slab, one text after another: as many as its tokens take.
    pub(crate) blocks: Vec<u32>,
    /// The rows that are asked for what follows them, rising.
    pub(crate) wanted: Vec<u32>,
}

/// A text of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// Its first row.
    pub(crate) start: usize,
    /// How many rows it has.
    pub(crate) count: usize,
    /// How many tokens came before.
    pub(crate) before: usize,
    /// Where its blocks stand among those of the step.
    pub(crate) first_block: usize,
    /// Its blocks.
    pub(crate) blocks: &'a [u32],
}

impl Text<'_> {
    /// The slot of the token at `position` in the slab.
    pub(crate) fn slot(&self, position: usize) -> u32 {
        self.blocks[position / BLOCK] * BLOCK as u32 + (position % BLOCK) as u32
    }
}

impl Step {
    /// The step of `spans`, for which room was made.
    pub(crate) fn of(spans: &[Span<'_>]) -> Self {
        let mut step = Self::default();
        for span in spans {
            let start = step.tokens.len();
            step.tokens.extend(span.tokens);
            step.counts.push(span.tokens.len() as u32);
            step.before.push(span.sequence.len() as u32);
            step.blocks.extend(span.sequence.places());
            step.wanted
                .extend(span.wanted.iter().map(|at| (start + at) as u32));
        }
        step
    }

    /// Its texts, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Text<'_>> {
        let (mut start, mut block) = (0, 0);
        self.counts
            .iter()
            .zip(&self.before)
            .map(move |(count, before)| {
                let (count, before) = (*count as usize, *before as usize);
                let blocks = (before + count).div_ceil(BLOCK);
                let text = Text {
                    start,
                    count,
                    before,
                    first_block: block,
                    blocks: &self.blocks[block..block + blocks],
                };
                start += count;
                block += blocks;
                text
            })
    }

    /// What is wrong with logits that are asked of it, of so many tokens, if anything.
    pub(crate) fn fault_of(&self, picks: &[LogitAt], vocabulary: usize) -> Option<&'static str> {
        let inside = |(row, token): &LogitAt| {
            (*row as usize) < self.wanted.len() && (*token as usize) < vocabulary
        };
        (!picks.iter().all(inside)).then_some("logits are picked that the step has not")
    }

    /// What is wrong with it for a slab of so many blocks, if anything.
    pub(crate) fn fault(&self, most: u32) -> Option<&'static str> {
        let sum = |numbers: &[u32]| numbers.iter().map(|n| u64::from(*n)).sum::<u64>();
        let texts = self.counts.iter().zip(&self.before);
        let blocks: u64 = texts
            .map(|(count, before)| (u64::from(*count) + u64::from(*before)).div_ceil(BLOCK as u64))
            .sum();
        if self.counts.len() != self.before.len() {
            return Some("texts and their lengths differ in number");
        }
        if sum(&self.counts) != self.tokens.len() as u64 || self.counts.contains(&0) {
            return Some("the rows of the texts are not those of the step");
        }
        if blocks != self.blocks.len() as u64 || self.blocks.iter().any(|block| *block >= most) {
            return Some("blocks are missing, or not of the slab");
        }
        let rows = self.tokens.len();
        let rising = self.wanted.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising || self.wanted.last().is_some_and(|row| *row as usize >= rows) {
            return Some("rows are wanted that the step has not");
        }
        None
    }
}

/// A decoder on another device, with its slab of keys and values.
pub(crate) trait Graph: Slab {
    /// Makes the slab, of so many blocks; a slab that was there is given up.
    ///
    /// # Errors
    /// Where the device has no room for it.
    fn reserve(&self, blocks: u32) -> Result<()>;

    /// Reads a step: keys and values go into their slots, the logits of the wanted rows come back,
    /// without the cap that some architectures put on them.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`](super::super::EngineError::Cancelled), and those of the computation.
    fn forward(&self, step: &Step, stop: Stop<'_>) -> Result<Logits>;

    /// The same, with no more of the rows than their summaries and the logits at `picks`; with the cap.
    ///
    /// # Errors
    /// As [`Graph::forward`].
    fn summarise(&self, step: &Step, picks: &[LogitAt], stop: Stop<'_>) -> Result<Summaries>;

    /// Bytes that are free on the device, where that is known.
    fn free(&self) -> Option<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Step {
        Step {
            tokens: vec![5, 6, 7],
            counts: vec![1, 2],
            before: vec![16, 15],
            blocks: vec![3, 0, 1, 4],
            wanted: vec![0, 2],
        }
    }

    #[test]
    fn a_text_knows_where_its_tokens_are_in_the_slab() {
        let step = step();
        let texts: Vec<Text<'_>> = step.texts().collect();
        assert_eq!(texts[0].slot(16), 0);
        assert_eq!((texts[1].start, texts[1].first_block), (1, 2));
        assert_eq!((texts[1].slot(15), texts[1].slot(16)), (31, 64));
        assert_eq!(step.fault(5), None);
    }

    #[test]
    fn a_step_that_does_not_fit_together_is_found() {
        let wrong = |change: fn(&mut Step)| {
            let mut step = step();
            change(&mut step);
            step.fault(5).is_some()
        };
        assert!(step().fault(4).is_some(), "a block beyond the slab");
        assert!(wrong(|step| step.wanted = vec![3]));
        assert!(wrong(|step| step.wanted = vec![1, 1]));
        assert!(wrong(|step| step.counts = vec![1, 1]));
        assert!(wrong(|step| step.counts = vec![3, 0]));
        assert!(wrong(|step| step.before = vec![16]));
        assert!(wrong(|step| step.before = vec![32, 15]));
    }
}
