//! The heads that transformers puts on its encoders for sequence classification, one kind an architecture.

use std::ops::Range;

use candle_core::Tensor;

use crate::engine::config::Config;
use crate::engine::embed::{Pooling, pool};
use crate::engine::encoder::Activation;
use crate::engine::error::{EngineError, Result};
use crate::engine::linear::Linear;
use crate::engine::norm::Norm;
use crate::engine::weights::Weights;

/// Pooling, one map with an activation and perhaps a norm, and the map to the classes.
#[derive(Debug)]
pub(super) struct Head {
    pooling: Pooling,
    dense: Linear,
    activation: Activation,
    norm: Option<Norm>,
    out: Linear,
}

impl Head {
    pub(super) fn load(
        config: &Config,
        weights: &Weights,
        width: usize,
        labels: usize,
    ) -> Result<Self> {
        let linear = |name: &str, outputs: usize| weights.linear(name, width, outputs);
        let head = |dense: &str, activation: Activation, out: &str| -> Result<Self> {
            Ok(Self {
                pooling: Pooling::Cls,
                dense: linear(dense, width)?,
                activation,
                norm: None,
                out: linear(out, labels)?,
            })
        };
        match config.model_type() {
            "bert" => head("bert.pooler.dense", Activation::Tanh, "classifier"),
            "roberta" | "xlm-roberta" | "camembert" => {
                head("classifier.dense", Activation::Tanh, "classifier.out_proj")
            }
            "distilbert" => head("pre_classifier", Activation::Relu, "classifier"),
            "deberta-v2" => head(
                "pooler.dense",
                Activation::of(config, "pooler_hidden_act")?,
                "classifier",
            ),
            "modernbert" => Ok(Self {
                pooling: config.word(
                    "classifier_pooling",
                    &[("cls", Pooling::Cls), ("mean", Pooling::Mean)],
                )?,
                norm: Some(weights.part("head").layer_norm(
                    "norm",
                    width,
                    config.number_or("norm_eps", 1e-5, 0.0..=1.0)?,
                )?),
                ..head(
                    "head.dense",
                    Activation::of(config, "classifier_activation")?,
                    "classifier",
                )?
            }),
            other => Err(EngineError::Unsupported {
                what: "classifier",
                found: crate::hint::shown(other),
                known: crate::engine::ENCODERS.join(", "),
            }),
        }
    }

    /// `[tokens, width]` to `[texts, classes]`.
    pub(super) fn forward(&self, hidden: &Tensor, spans: &[Range<usize>]) -> Result<Tensor> {
        let x = self
            .activation
            .after(&self.dense, &pool(hidden, spans, self.pooling, 0)?)?;
        let x = match &self.norm {
            Some(norm) => norm.forward(&x)?,
            None => x,
        };
        self.out.forward(&x)
    }
}
