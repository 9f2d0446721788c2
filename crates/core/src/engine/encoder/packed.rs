//! Texts for one forward pass: their tokens one after another, without padding.

use std::ops::Range;

use crate::engine::error::{EngineError, Result};
use crate::engine::tokenizer::Encoded;

/// The tokens of several texts, one text after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 for tokens of a first text, 1 for those of a second.
    pub types: Vec<u32>,
    /// Where each text stands in `ids`.
    pub spans: Vec<Range<usize>>,
}

impl Packed {
    /// Packs texts in their order.
    ///
    /// # Errors
    /// [`EngineError::TooLong`] where one has more than `limit` tokens.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a Encoded>, limit: usize) -> Result<Self> {
        let mut packed = Self::default();
        for text in texts {
            let tokens = text.ids.len();
            if tokens > limit {
                return Err(EngineError::TooLong { tokens, limit });
            }
            let start = packed.ids.len();
            packed.ids.extend(&text.ids);
            packed.types.extend(&text.types);
            packed.types.resize(packed.ids.len(), 0);
            packed.spans.push(start..packed.ids.len());
        }
        Ok(packed)
    }

    /// The texts of these tokens, `lengths` after one another; `None` where they do not fit together.
    pub(crate) fn of(ids: Vec<u32>, types: Vec<u32>, lengths: &[u32]) -> Option<Self> {
        let mut spans = Vec::with_capacity(lengths.len());
        let mut start = 0;
        for length in lengths {
            let end = start + *length as usize;
            spans.push(start..end);
            start = end;
        }
        (start == ids.len() && types.len() == ids.len()).then_some(Self { ids, types, spans })
    }

    /// Each token's place in its text, counted from `first`.
    pub(crate) fn positions(&self, first: u32) -> Vec<u32> {
        self.spans
            .iter()
            .flat_map(|span| (first..).take(span.len()))
            .collect()
    }
}

/// Which texts go into one forward pass: longest first, at most `budget` tokens together (a longer text goes alone).
///
/// Neighbours in length cost least to compute together, and the longest first shows at once whether memory suffices.
pub(crate) fn batches(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&at| (std::cmp::Reverse(lengths[at]), at));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for at in order {
        tokens += lengths[at];
        match batches.last_mut() {
            Some(batch) if tokens <= budget => batch.push(at),
            _ => {
                batches.push(vec![at]);
                tokens = lengths[at];
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_is_in_one_batch_and_only_a_long_one_breaks_the_budget(
            lengths in proptest::collection::vec(1_usize..300, 0..80),
            budget in 1_usize..1000,
        ) {
            let batches = batches(&lengths, budget);
            let mut all: Vec<usize> = batches.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                let tokens: usize = batch.iter().map(|&at| lengths[at]).sum();
                prop_assert!(tokens <= budget || batch.len() == 1);
            }
        }
    }

    #[test]
    fn positions_begin_anew_with_each_text() {
        let text = |n: u32| Encoded {
            ids: (0..n).collect(),
            ..Encoded::default()
        };
        let packed = Packed::new([&text(2), &text(3)], 3).expect("short texts");
        assert_eq!(packed.positions(2), [2, 3, 2, 3, 4]);
        assert_eq!(packed.types, [0; 5]);
        Packed::new([&text(4)], 3).expect_err("too long");
    }
}
