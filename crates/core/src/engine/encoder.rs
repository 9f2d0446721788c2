//! Encoders: texts in, one vector a token out. BERT, RoBERTa and XLM-R, DistilBERT, ModernBERT, DeBERTa-v3; and decoders
//! without their output layer, which sentence embedders are made of too.
//!
//! Our own graphs over Candle's tensors. Several texts go through together without padding ([`Packed`]): matrices see
//! all tokens at once, attention sees each text by itself. What is made of the vectors is somebody else's: sentence
//! embeddings and classes stand in modules of their own.

mod bert;
mod block;
mod deberta;
mod distilbert;
mod modernbert;
mod packed;

use candle_core::Tensor;

use super::config::Config;
use super::decoder::{Backbone, DECODERS, Stop, not_there};
use super::device::{Place, device_memory};
use super::error::{EngineError, Result};
use super::files::ModelFiles;
use super::plugin::RemoteEncoder;
use super::tokenizer::{Encoded, Tokenizer};
use super::weights::Weights;
use crate::chat::CancelToken;
pub(crate) use block::Activation;
pub use packed::Packed;
pub(crate) use packed::batches;

/// The kinds of encoders that [`Encoder`] knows, as `model_type` names them; it also takes
/// [`DECODERS`](super::DECODERS).
pub const ENCODERS: &[&str] = &[
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "distilbert",
    "modernbert",
    "deberta-v2",
];

/// Widths, layers and the like beyond which a configuration is nonsense.
pub(crate) const WIDTH: std::ops::RangeInclusive<usize> = 1..=1 << 16;
pub(crate) const LAYERS: std::ops::RangeInclusive<usize> = 1..=1024;
pub(crate) const ROWS: std::ops::RangeInclusive<usize> = 1..=1 << 24;

/// The graph of one architecture.
#[derive(Debug)]
pub(crate) enum Body {
    Bert(bert::Bert),
    DistilBert(distilbert::DistilBert),
    ModernBert(modernbert::ModernBert),
    Deberta(deberta::Deberta),
    Decoder(Backbone),
}

/// What a graph's users need to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Numbers of a token's vector.
    pub(crate) width: usize,
    /// Tokens that have an embedding.
    pub(crate) rows: usize,
    /// The most tokens of a text, special ones included.
    pub(crate) limit: usize,
}

impl Body {
    /// The graph that the configuration names, with its weights.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for another kind of model; those of configuration and weights.
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<(Self, Sizes)> {
        macro_rules! loaded {
            ($kind:ident, $graph:ty) => {{
                let graph = <$graph>::load(config, weights)?;
                let sizes = Sizes {
                    width: graph.width(),
                    rows: graph.rows(),
                    limit: graph.limit(),
                };
                Ok((Self::$kind(graph), sizes))
            }};
        }
        match config.model_type() {
            "bert" | "roberta" | "xlm-roberta" | "camembert" => loaded!(Bert, bert::Bert),
            "distilbert" => loaded!(DistilBert, distilbert::DistilBert),
            "modernbert" => loaded!(ModernBert, modernbert::ModernBert),
            "deberta-v2" => loaded!(Deberta, deberta::Deberta),
            decoder if DECODERS.contains(&decoder) => loaded!(Decoder, Backbone),
            other => Err(EngineError::Unsupported {
                what: "encoder",
                found: crate::hint::shown(other),
                known: [ENCODERS, DECODERS].concat().join(", "),
            }),
        }
    }

    /// The last layer's vectors of all tokens, `[tokens, width]`, on the device of the weights.
    ///
    /// # Errors
    /// As [`Encoder::forward`]; [`EngineError::Cancelled`] where `stop` says so, which decoders alone look for.
    pub(crate) fn forward(&self, batch: &Packed, stop: Stop<'_>) -> Result<Tensor> {
        match self {
            Self::Bert(bert) => bert.forward(batch),
            Self::DistilBert(bert) => bert.forward(batch),
            Self::ModernBert(bert) => bert.forward(batch),
            Self::Deberta(bert) => bert.forward(batch),
            Self::Decoder(decoder) => decoder.forward(&batch.ids, &batch.spans, stop),
        }
    }
}

/// Where an encoder computes.
#[derive(Debug)]
enum Work {
    Here(Box<Body>),
    There(RemoteEncoder),
}

/// An encoder, loaded.
#[derive(Debug)]
pub struct Encoder {
    work: Work,
    config: Config,
    tokenizer: Tokenizer,
    sizes: Sizes,
    /// Tokens that go through together.
    budget: usize,
}

/// Enough for the matrices to be busy, few enough for a CPU's caches.
const HOST_BUDGET: usize = 2048;
/// The same for a GPU.
const DEVICE_BUDGET: usize = 16_384;

impl Encoder {
    /// Loads the encoder of `files` with `weights`, and its tokenizer.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for another kind of model; those of configuration, tokenizer and weights.
    pub fn load(files: &ModelFiles, weights: &Weights) -> Result<Self> {
        let config = Config::open(files)?;
        let (body, sizes) = Body::load(&config, weights)?;
        let budget = match weights.device().is_cpu() {
            true => HOST_BUDGET,
            false => DEVICE_BUDGET,
        };
        Self::with(files, config, Work::Here(Box::new(body)), sizes, budget)
    }

    /// Loads the encoder of `files` where `place` says, once it is sure to fit into memory there, until `cancel`
    /// says otherwise.
    ///
    /// # Errors
    /// As [`Encoder::load`]; [`EngineError::Memory`], [`EngineError::Cancelled`].
    pub fn load_on(files: &ModelFiles, place: &Place, cancel: &CancelToken) -> Result<Self> {
        let config = Config::open(files)?;
        if DECODERS.contains(&config.model_type())
            && !matches!(place, Place::Here(candle_core::Device::Cpu))
        {
            return Err(not_there(&place.to_string()));
        }
        match place {
            Place::Here(device) => {
                let weights = Weights::open(files, device)?.with_cancel(cancel.clone());
                weights.check_memory(device_memory(device))?;
                Self::load(files, &weights)
            }
            Place::There(there) => {
                let (remote, sizes) = there.encoder(&files.path, &|| cancel.is_cancelled())?;
                Self::with(files, config, Work::There(remote), sizes, DEVICE_BUDGET)
            }
        }
    }

    fn with(
        files: &ModelFiles,
        config: Config,
        work: Work,
        sizes: Sizes,
        budget: usize,
    ) -> Result<Self> {
        let tokenizer = Tokenizer::open(files)?;
        tokenizer.check(sizes.rows)?;
        Ok(Self {
            work,
            config,
            tokenizer,
            sizes,
            budget,
        })
    }

    /// How wide a token's vector is.
    pub fn width(&self) -> usize {
        self.sizes.width
    }

    /// The most tokens of a text, special ones included.
    pub fn limit(&self) -> usize {
        self.sizes.limit
    }

    /// The model's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The last layer's vectors of all tokens, `[tokens, width]`, one text after another, in main memory.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] for a token without an embedding; [`EngineError::Compute`].
    pub fn forward(&self, batch: &Packed) -> Result<Tensor> {
        self.forward_until(batch, &|| false)
    }

    fn forward_until(&self, batch: &Packed, stop: Stop<'_>) -> Result<Tensor> {
        match &self.work {
            Work::Here(body) => {
                let hidden = body.forward(batch, stop)?;
                Ok(hidden.to_device(&candle_core::Device::Cpu)?)
            }
            Work::There(remote) => remote.forward(batch, self.sizes.width),
        }
    }

    /// [`Encoder::forward`] over any number of texts, in batches, until `cancel` says otherwise; `take` gets each batch's
    /// texts (their numbers), its packing and its vectors.
    pub(crate) fn in_batches(
        &self,
        texts: &[Encoded],
        cancel: &CancelToken,
        mut take: impl FnMut(&[usize], &Packed, Tensor) -> Result<()>,
    ) -> Result<()> {
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        for batch in batches(&lengths, self.budget) {
            let packed = Packed::new(batch.iter().map(|&at| &texts[at]), self.sizes.limit)?;
            #[cfg(test)]
            BATCHES.with_borrow_mut(|all| all.push(batch.clone()));
            let hidden = self.forward_until(&packed, &|| cancel.is_cancelled())?;
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            take(&batch, &packed, hidden)?;
        }
        Ok(())
    }
}

#[cfg(test)]
thread_local! {
    /// The batches that this thread had computed, each by its texts' numbers.
    static BATCHES: std::cell::RefCell<Vec<Vec<usize>>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::engine::{
        ClassifyOptions, ComputeDevice, CrossEncoder, EmbedOptions, Pair, SentenceEmbedder,
    };

    fn files() -> ModelFiles {
        let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models");
        ModelFiles::open(models.join("bert")).unwrap()
    }

    /// How many texts a batch has, for each that `work` has computed.
    fn batches_of(work: impl FnOnce()) -> Vec<usize> {
        BATCHES.take();
        work();
        BATCHES.take().iter().map(Vec::len).collect()
    }

    #[test]
    fn equal_texts_are_computed_once() {
        let texts = ["the cat", "a mat", "the cat", "a mat", "a mat", "other"];
        let model = SentenceEmbedder::load(&files(), &ComputeDevice::Cpu).unwrap();
        let embedded = batches_of(|| {
            model.embed(&texts, &EmbedOptions::default()).unwrap();
        });
        assert_eq!(embedded, [3]);
        let model = CrossEncoder::load(&files(), &ComputeDevice::Cpu).unwrap();
        let classified = batches_of(|| {
            let pair = |first, second| Pair { first, second };
            // The second text counts, and that there is none.
            let mut pairs: Vec<Pair<'_>> = texts.map(|text| pair(text, None)).into();
            pairs.extend(texts.map(|text| pair(text, Some("the cat"))));
            let logits = model.logits(&pairs, &ClassifyOptions::default());
            assert_eq!(logits.unwrap().len(), 12);
        });
        assert_eq!(classified, [6]);
    }

    #[test]
    fn what_goes_through_in_several_batches_comes_back_in_the_callers_order() {
        let model = SentenceEmbedder::load(&files(), &ComputeDevice::Cpu).unwrap();
        // Short and long ones by turns, so that no text is where the batches have it.
        let texts: Vec<String> = (0..120)
            .map(|at| format!("{} {at}", "cat ".repeat(at * 37 % 80)))
            .collect();
        let mut together = None;
        let batches = batches_of(|| {
            together = Some(model.embed(&texts, &EmbedOptions::default()).unwrap());
        });
        assert!(batches.len() > 1, "{batches:?}");
        assert!(batches.is_sorted(), "the longest come first: {batches:?}");
        let together = together.unwrap();
        for (text, vector) in texts.iter().zip(together.rows()) {
            let alone = model.embed(&[text], &EmbedOptions::default()).unwrap();
            for (a, b) in alone.row(0).iter().zip(vector) {
                assert!((a - b).abs() < 1e-5, "{text}: {a} {b}");
            }
        }
    }
}
