//! Vectors of each token of a text, for those who match words, as `BERTScore` does.
//!
//! Texts in, the last layer's vectors out, before pooling; in batches as [`SentenceEmbedder::embed`] makes them. The
//! model's prompts and dense layers have no part in it.

use rayon::prelude::*;

use super::{SentenceEmbedder, Vectors};
use crate::chat::CancelToken;
use crate::engine::error::Result;
use crate::engine::tokenizer::Encoded;

/// The tokens of a text with their vectors, special tokens included.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TokenVectors {
    /// Their numbers in the vocabulary.
    pub ids: Vec<u32>,
    /// Where they stand: bytes of the text, `(0, 0)` of special ones.
    pub offsets: Vec<(usize, usize)>,
    /// A vector each, as wide as the encoder.
    pub vectors: Vectors,
}

impl SentenceEmbedder {
    /// The tokens of texts with their vectors, in order. What is longer than the encoder reads is cut.
    ///
    /// # Errors
    /// [`Tokenizer`](super::EngineError::Tokenizer), [`Compute`](super::EngineError::Compute);
    /// [`Cancelled`](super::EngineError::Cancelled).
    pub fn token_vectors<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        cancel: &CancelToken,
    ) -> Result<Vec<TokenVectors>> {
        let tokenizer = self.encoder.tokenizer().cut_at(self.encoder.limit())?;
        let encoded: Vec<Encoded> = texts
            .par_iter()
            .map(|text| tokenizer.encode_with_offsets(text.as_ref(), None, true))
            .collect::<Result<_>>()?;
        let mut values: Vec<Vec<f32>> = vec![Vec::new(); texts.len()];
        self.encoder
            .in_batches(&encoded, cancel, |batch, packed, hidden| {
                let rows = hidden.to_vec2::<f32>()?;
                for (&at, span) in batch.iter().zip(&packed.spans) {
                    values[at] = rows[span.clone()].concat();
                }
                Ok(())
            })?;
        let width = self.encoder.width();
        Ok(encoded
            .into_iter()
            .zip(values)
            .map(|(text, values)| TokenVectors {
                ids: text.ids,
                offsets: text.offsets,
                vectors: Vectors::from_rows(width, values),
            })
            .collect())
    }
}
