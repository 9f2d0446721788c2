//! Classes of a text or of a pair: sentiment, entailment (NLI), relevance (reranking).
//!
//! An encoder with the classifying head that transformers trains on it. A pair goes in as one sequence, so the model
//! compares word by word; that is slower than embeddings and more exact.

mod head;

use std::collections::HashMap;

use rayon::prelude::*;

use super::config::Config;
use super::decoder::DECODERS;
use super::device::Place;
use super::encoder::{ENCODERS, Encoder};
use super::error::{EngineError, Result};
use super::files::ModelFiles;
use super::tokenizer::{Encoded, Tokenizer};
use super::weights::Weights;
use crate::chat::CancelToken;
use head::Head;

/// A text, or two that are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair<'a> {
    /// The text, the premise or the question.
    pub first: &'a str,
    /// The hypothesis or the passage.
    pub second: Option<&'a str>,
}

/// How texts are classified.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClassifyOptions {
    /// Whether a pair that is too long is an error; else its longer text is cut.
    pub strict: bool,
    /// Stops the work between two pairs or batches.
    pub cancel: CancelToken,
}

/// A classifier of texts and pairs.
#[derive(Debug)]
pub struct CrossEncoder {
    encoder: Encoder,
    head: Head,
    labels: Vec<String>,
    whole: Tokenizer,
    cut: Tokenizer,
}

impl CrossEncoder {
    /// Loads the model of `files` where `place` says, once it is sure to fit into memory there. The classifying head,
    /// which is small, computes on the CPU.
    ///
    /// # Errors
    /// Those of files, configuration, tokenizer and weights, also where the model has no classifying head;
    /// [`EngineError::Memory`].
    pub fn load(files: &ModelFiles, place: impl Into<Place>) -> Result<Self> {
        Self::load_until(files, place, &CancelToken::new())
    }

    /// As [`Self::load`], until `cancel` says otherwise.
    ///
    /// # Errors
    /// As [`Self::load`]; [`EngineError::Cancelled`].
    pub fn load_until(
        files: &ModelFiles,
        place: impl Into<Place>,
        cancel: &CancelToken,
    ) -> Result<Self> {
        check(&Config::open(files)?)?;
        let encoder = Encoder::load_on(files, &place.into(), cancel)?;
        let labels = encoder
            .config()
            .labels()?
            .unwrap_or_else(|| vec!["LABEL_0".into(), "LABEL_1".into()]);
        if labels.is_empty() {
            return Err(encoder
                .config()
                .error("id2label", "a classifier has at least one label"));
        }
        let weights = Weights::open(files, &candle_core::Device::Cpu)?;
        let head = Head::load(encoder.config(), &weights, encoder.width(), labels.len())?;
        Ok(Self {
            whole: encoder.tokenizer().clone(),
            cut: encoder.tokenizer().cut_at(encoder.limit())?,
            encoder,
            head,
            labels,
        })
    }

    /// The names of the classes, in the order of the logits.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The class of this name, whatever its case.
    pub fn label(&self, name: &str) -> Option<usize> {
        self.labels
            .iter()
            .position(|label| label.eq_ignore_ascii_case(name))
    }

    /// The encoder inside.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The logits of all classes for each pair, in order.
    ///
    /// # Errors
    /// [`EngineError::TooLong`] where `strict`; [`EngineError::Cancelled`].
    pub fn logits(&self, pairs: &[Pair<'_>], options: &ClassifyOptions) -> Result<Vec<Vec<f32>>> {
        let mut places: HashMap<Pair<'_>, usize> = HashMap::with_capacity(pairs.len());
        let mut different = Vec::new();
        let which: Vec<usize> = (pairs.iter())
            .map(|pair| {
                *places.entry(*pair).or_insert_with(|| {
                    different.push(*pair);
                    different.len() - 1
                })
            })
            .collect();
        let tokenizer = if options.strict {
            &self.whole
        } else {
            &self.cut
        };
        let encoded: Vec<Encoded> = different
            .par_iter()
            .map(|pair| match options.cancel.is_cancelled() {
                true => Err(EngineError::Cancelled),
                false => tokenizer.encode_with_offsets(pair.first, pair.second, true),
            })
            .collect::<Result<_>>()?;
        let mut logits = vec![Vec::new(); different.len()];
        self.encoder
            .in_batches(&encoded, &options.cancel, |batch, packed, hidden| {
                let rows = self
                    .head
                    .forward(&hidden, &packed.spans)?
                    .to_vec2::<f32>()?;
                for (&at, row) in batch.iter().zip(rows) {
                    logits[at] = row;
                }
                Ok(())
            })?;
        Ok(which.into_iter().map(|at| logits[at].clone()).collect())
    }

    /// The probability of each class for each pair: softmax over several classes, the logistic function of a single
    /// one.
    ///
    /// # Errors
    /// As [`CrossEncoder::logits`].
    pub fn probabilities(
        &self,
        pairs: &[Pair<'_>],
        options: &ClassifyOptions,
    ) -> Result<Vec<Vec<f64>>> {
        let logits = self.logits(pairs, options)?;
        Ok(logits.iter().map(|row| probabilities(row)).collect())
    }
}

/// Whether it is no decoder: some were trained to rerank, by the logits of two words or by a head of their own.
fn check(config: &Config) -> Result<()> {
    let kind = config.model_type();
    match DECODERS.contains(&kind) {
        false => Ok(()),
        true => Err(EngineError::Unsupported {
            what: "classifier",
            found: kind.to_owned(),
            known: format!(
                "{}; this is a decoder: it answers, scores and embeds, but classifies and reranks no text here",
                ENCODERS.join(", ")
            ),
        }),
    }
}

fn probabilities(logits: &[f32]) -> Vec<f64> {
    if let [only] = logits {
        return vec![1.0 / (1.0 + (-f64::from(*only)).exp())];
    }
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f64> = logits
        .iter()
        .map(|logit| f64::from(logit - largest).exp())
        .collect();
    let total: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_one_class_stands_alone() {
        let three = probabilities(&[1000.0, 1000.0, -1000.0]);
        assert_eq!(three, [0.5, 0.5, 0.0]);
        assert_eq!(probabilities(&[0.0]), [0.5]);
    }
}
