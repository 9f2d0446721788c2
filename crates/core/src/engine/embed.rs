//! Sentence embeddings: texts in, one vector a text out, as `sentence-transformers` computes them.
//!
//! A folder of that library is read as it is: `modules.json` names the pooling, dense and normalising steps,
//! `sentence_bert_config.json` the longest text, `config_sentence_transformers.json` the prompts. Other folders of
//! encoders are pooled by the mean; of a decoder the pooling has to be said, else it is a model that answers. Equal texts
//! are computed once; the others go through sorted by length, in batches of a number of tokens without padding. Similarity
//! itself is not computed here.

mod layout;
mod pooling;
mod tokens;

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::config::Config;
use super::decoder::DECODERS;
use super::device::Place;
use super::encoder::{ENCODERS, Encoder};
use super::error::{EngineError, Result};
use super::files::ModelFiles;
use super::tokenizer::{Encoded, Tokenizer};
use crate::chat::CancelToken;
pub use crate::vectors::{Int8Vectors, Vectors};
use layout::{Dense, Layout};
pub use pooling::Pooling;
pub(crate) use pooling::pool;
pub use tokens::TokenVectors;

/// How texts are embedded.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EmbedOptions {
    /// A prompt of the model by its name (`query`, `passage`); its text goes in front of each text.
    pub prompt_name: Option<String>,
    /// A prompt by its text; rules over the name.
    pub prompt: Option<String>,
    /// Only this many leading dimensions, normed anew where vectors are normed (Kusupati et al. 2022,
    /// <https://arxiv.org/abs/2205.13147>); for models that were trained so.
    pub dimensions: Option<usize>,
    /// Whether vectors have length 1; `None`: as the model says.
    pub normalise: Option<bool>,
    /// Whether a text that is too long is an error; else it is cut, as `sentence-transformers` does.
    pub strict: bool,
    /// Stops the work between two texts or batches.
    pub cancel: CancelToken,
}

/// A model of sentence embeddings.
#[derive(Debug)]
pub struct SentenceEmbedder {
    encoder: Encoder,
    whole: Tokenizer,
    cut: Tokenizer,
    layout: Layout,
    pooling: Pooling,
    limit: usize,
}

impl SentenceEmbedder {
    /// Loads the model of `files` where `place` says, once it is sure to fit into memory there.
    ///
    /// # Errors
    /// Those of files, configuration, tokenizer and weights; [`EngineError::Memory`]; [`EngineError::Unsupported`] also for
    /// a decoder that nothing says the pooling of, and [`EngineError::Device`] for one that is to compute on a GPU.
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
        let layout = Layout::read(files)?;
        let files = match &layout.transformer {
            Some(folder) => &ModelFiles::open(folder)?,
            None => files,
        };
        let pooling = match layout.pooling {
            Some(pooling) => pooling,
            None => usual_pooling(&Config::open(files)?)?,
        };
        if let (Some(said), Pooling::Last) = (&layout.ends, pooling) {
            check_end(files, said)?;
        }
        let encoder = Encoder::load_on(files, &place.into(), cancel)?;
        let limit = layout.limit.unwrap_or(usize::MAX).min(encoder.limit());
        Ok(Self {
            whole: encoder.tokenizer().clone(),
            cut: encoder.tokenizer().cut_at(limit)?,
            layout,
            pooling,
            limit,
            encoder,
        })
    }

    /// How wide the vectors are.
    pub fn width(&self) -> usize {
        let dense = self.layout.dense.last().map(Dense::width);
        dense.unwrap_or(self.encoder.width())
    }

    /// The most tokens of a text, special ones included.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How tokens become one vector.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Whether vectors have length 1 when nobody says otherwise.
    pub fn normalises(&self) -> bool {
        self.layout.normalise
    }

    /// The prompts that the model knows, by name.
    pub fn prompts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.layout
            .prompts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The encoder inside.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The vectors of `texts`, in their order.
    ///
    /// # Errors
    /// [`EngineError::Config`] for a prompt or a number of dimensions that the model has not; [`EngineError::TooLong`]
    /// where `strict`; [`EngineError::Cancelled`].
    pub fn embed<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        options: &EmbedOptions,
    ) -> Result<Vectors> {
        let width = self.width();
        let dimensions = options.dimensions.unwrap_or(width);
        if dimensions == 0 || dimensions > width {
            let config = self.encoder.config();
            return Err(config.error(
                "hidden_size",
                format!("{dimensions} dimensions are wanted, the model has {width}"),
            ));
        }
        let prompt = self.prompt(options)?;
        let unused = self.unused(prompt)?;
        // The place of each text among those that differ.
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(texts.len());
        let mut different: Vec<&str> = Vec::new();
        let which: Vec<usize> = (texts.iter())
            .map(|text| {
                *places.entry(text.as_ref()).or_insert_with(|| {
                    different.push(text.as_ref());
                    different.len() - 1
                })
            })
            .collect();
        let encoded = self.tokens(&different, prompt, options)?;
        let mut vectors = Vectors::new(different.len(), dimensions);
        let normalise = options.normalise.unwrap_or(self.layout.normalise);
        self.encoder
            .in_batches(&encoded, &options.cancel, |batch, packed, hidden| {
                let mut pooled = pool(&hidden, &packed.spans, self.pooling, unused)?;
                for dense in &self.layout.dense {
                    pooled = dense.forward(&pooled)?;
                }
                let pooled = pooled.to_vec2::<f32>()?;
                for (&at, row) in batch.iter().zip(&pooled) {
                    vectors.set(at, &row[..dimensions], normalise);
                }
                Ok(())
            })?;
        Ok(vectors.select(&which))
    }

    fn tokens(&self, texts: &[&str], prompt: &str, options: &EmbedOptions) -> Result<Vec<Encoded>> {
        let tokenizer = if options.strict {
            &self.whole
        } else {
            &self.cut
        };
        texts
            .par_iter()
            .map(|text| {
                if options.cancel.is_cancelled() {
                    return Err(EngineError::Cancelled);
                }
                let text = match self.layout.lower {
                    true => text.to_lowercase().into(),
                    false => std::borrow::Cow::Borrowed(*text),
                };
                let whole = format!("{prompt}{text}");
                let ids = tokenizer.encode(&whole, true)?;
                match ids.len() {
                    tokens if tokens > self.limit => Err(EngineError::TooLong {
                        tokens,
                        limit: self.limit,
                    }),
                    _ => Ok(Encoded {
                        ids,
                        ..Encoded::default()
                    }),
                }
            })
            .collect()
    }

    fn prompt<'a>(&'a self, options: &'a EmbedOptions) -> Result<&'a str> {
        if let Some(prompt) = &options.prompt {
            return Ok(prompt);
        }
        let Some(name) = options
            .prompt_name
            .as_ref()
            .or(self.layout.default_prompt.as_ref())
        else {
            return Ok("");
        };
        let prompt = self.layout.prompts.get(name);
        prompt.map(String::as_str).ok_or_else(|| {
            let names = self.layout.prompts.keys().map(String::as_str);
            let known = match self.layout.prompts.is_empty() {
                true => "the model has none".to_owned(),
                false => format!("the model has {}", crate::hint::list(names)),
            };
            let name = crate::hint::shown(name);
            self.encoder
                .config()
                .error("prompts", format!("there is no prompt `{name}`; {known}"))
        })
    }

    /// How many leading tokens, those of the prompt, are left out of the pooling.
    fn unused(&self, prompt: &str) -> Result<usize> {
        if self.layout.pools_prompt || prompt.is_empty() {
            return Ok(0);
        }
        let alone = self.whole.encode(prompt, true)?;
        // The prompt's own ending token, where the model has one, is not there when a text follows.
        let ends = (alone.last()).is_some_and(|last| self.whole.is_special(*last));
        Ok(alone.len() - usize::from(ends))
    }
}

/// Whether the tokenizer does put an ending token after a text, where it is said to and the vector is taken there.
fn check_end(files: &ModelFiles, said: &Path) -> Result<()> {
    let tokenizer = Tokenizer::open(files)?;
    let ids = tokenizer.encode("a", true)?;
    match ids.last().is_some_and(|last| tokenizer.is_special(*last)) {
        true => Ok(()),
        // transformers went by this word until version 5, which goes by the template alone.
        false => Err(EngineError::Tokenizer {
            path: said.to_owned(),
            reason: "`add_eos_token` is true, but the template of `tokenizer.json` puts no ending token after a text, \
                     where this model's vector is taken: change the one that is wrong"
                .into(),
        }),
    }
}

/// The pooling where nothing says it.
fn usual_pooling(config: &Config) -> Result<Pooling> {
    let kind = config.model_type();
    if !DECODERS.contains(&kind) {
        return Ok(Pooling::Mean);
    }
    Err(EngineError::Unsupported {
        what: "embedder",
        found: kind.to_owned(),
        known: format!(
            "{}; this is a decoder, which embeds where its folder says how, by the `modules.json` of \
             sentence-transformers, or its GGUF file, by `{kind}.pooling_type`",
            ENCODERS.join(", ")
        ),
    })
}
