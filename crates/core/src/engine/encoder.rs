//! Encoders: texts in, one vector a token out. BERT, RoBERTa and XLM-R, DistilBERT, ModernBERT, DeBERTa-v3.
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
use super::error::{EngineError, Result};
use super::files::ModelFiles;
use super::tokenizer::{Encoded, Tokenizer};
use super::weights::Weights;
pub(crate) use block::Activation;
pub use packed::Packed;
pub(crate) use packed::batches;

/// The kinds of models that [`Encoder`] knows, as `model_type` names them.
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
enum Body {
    Bert(bert::Bert),
    DistilBert(distilbert::DistilBert),
    ModernBert(modernbert::ModernBert),
    Deberta(deberta::Deberta),
}

/// An encoder, loaded.
#[derive(Debug)]
pub struct Encoder {
    body: Body,
    config: Config,
    tokenizer: Tokenizer,
    width: usize,
    limit: usize,
}

impl Encoder {
    /// Loads the encoder of `files` with `weights`, and its tokenizer.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for another kind of model; those of configuration, tokenizer and weights.
    pub fn load(files: &ModelFiles, weights: &Weights) -> Result<Self> {
        let config = Config::open(files)?;
        let tokenizer = Tokenizer::open(files)?;
        let (body, width, rows, limit) = match config.model_type() {
            "bert" | "roberta" | "xlm-roberta" | "camembert" => {
                let bert = bert::Bert::load(&config, weights)?;
                let sizes = (bert.width(), bert.rows(), bert.limit());
                (Body::Bert(bert), sizes.0, sizes.1, sizes.2)
            }
            "distilbert" => {
                let bert = distilbert::DistilBert::load(&config, weights)?;
                let sizes = (bert.width(), bert.rows(), bert.limit());
                (Body::DistilBert(bert), sizes.0, sizes.1, sizes.2)
            }
            "modernbert" => {
                let bert = modernbert::ModernBert::load(&config, weights)?;
                let sizes = (bert.width(), bert.rows(), bert.limit());
                (Body::ModernBert(bert), sizes.0, sizes.1, sizes.2)
            }
            "deberta-v2" => {
                let bert = deberta::Deberta::load(&config, weights)?;
                let sizes = (bert.width(), bert.rows(), bert.limit());
                (Body::Deberta(bert), sizes.0, sizes.1, sizes.2)
            }
            other => {
                return Err(EngineError::Unsupported {
                    what: "encoder",
                    found: crate::hint::shown(other),
                    known: ENCODERS.join(", "),
                });
            }
        };
        tokenizer.check(rows)?;
        Ok(Self {
            body,
            config,
            tokenizer,
            width,
            limit,
        })
    }

    /// How wide a token's vector is.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The most tokens of a text, special ones included.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The model's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The last layer's vectors of all tokens, `[tokens, width]`, one text after another.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] for a token without an embedding; [`EngineError::Compute`].
    pub fn forward(&self, batch: &Packed) -> Result<Tensor> {
        match &self.body {
            Body::Bert(bert) => bert.forward(batch),
            Body::DistilBert(bert) => bert.forward(batch),
            Body::ModernBert(bert) => bert.forward(batch),
            Body::Deberta(bert) => bert.forward(batch),
        }
    }

    /// [`Encoder::forward`] over any number of texts, in batches of about `budget` tokens; `take` gets each batch's
    /// texts (their numbers), its packing and its vectors.
    pub(crate) fn in_batches(
        &self,
        texts: &[Encoded],
        budget: usize,
        mut take: impl FnMut(&[usize], &Packed, Tensor) -> Result<()>,
    ) -> Result<()> {
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        for batch in batches(&lengths, budget) {
            let packed = Packed::new(batch.iter().map(|&at| &texts[at]), self.limit)?;
            take(&batch, &packed, self.forward(&packed)?)?;
        }
        Ok(())
    }
}
