//! Text to token ids and back, as the model was trained: from `tokenizer.json`, or from a GGUF file's metadata.
//!
//! The work is done by the crate `tokenizers`. Truncation and padding that a file asks for are switched off: batches
//! here have no padding, and a text that is too long is the caller's to cut, on the side that the files name. Chat
//! templates are not applied here.

mod gguf;

use std::path::{Path, PathBuf};

use tokenizers::{Tokenizer as Inner, TruncationDirection};

use super::error::{EngineError, Result};
use super::files::{ModelFiles, read_json, read_limited};
use super::gguf::Gguf;

/// The largest `tokenizer.json` read, in bytes; those of 256,000 words have 33 MB.
const BYTES: u64 = 256 << 20;
/// The longest text that is tokenised at once, in bytes.
const TEXT: usize = 64 << 20;

/// Token ids of one text or pair of texts, with what each token is part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The ids.
    pub ids: Vec<u32>,
    /// 0 for tokens of the first text, 1 for those of the second.
    pub types: Vec<u32>,
    /// Where each token stands in its text, in bytes; empty for special ones.
    pub offsets: Vec<(usize, usize)>,
}

/// A model's tokenizer.
#[derive(Clone)]
pub struct Tokenizer {
    inner: Inner,
    path: PathBuf,
    /// Where a text that is too long is cut.
    side: TruncationDirection,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("path", &self.path)
            .field("tokens", &self.size())
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// The tokenizer of `files`: `tokenizer.json` beside the weights, else the one in the GGUF file.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where it does not hold; [`EngineError::NoModel`] where there is none.
    pub fn open(files: &ModelFiles) -> Result<Self> {
        if let Some(path) = files.gguf() {
            // A file beside the weights may belong to another model of the same folder.
            return Self::from_gguf(path, &Gguf::open(path)?);
        }
        let path = files.needed("tokenizer.json")?;
        let mut tokenizer = Self::from_json(&path, &read_limited(&path, BYTES)?)?;
        if let Some(path) = files.beside("tokenizer_config.json") {
            tokenizer.cut_as_said(&path)?;
        }
        Ok(tokenizer)
    }

    /// The side that transformers cuts a text on: that of `tokenizer_config.json` goes before that of `tokenizer.json`.
    fn cut_as_said(&mut self, path: &Path) -> Result<()> {
        let about = read_json(path)?;
        self.side = match about.get("truncation_side").filter(|side| !side.is_null()) {
            None => return Ok(()),
            Some(side) if side == "right" => TruncationDirection::Right,
            Some(side) if side == "left" => TruncationDirection::Left,
            Some(_) => {
                return Err(EngineError::Tokenizer {
                    path: path.to_owned(),
                    reason: "`truncation_side` is neither `left` nor `right`".into(),
                });
            }
        };
        Ok(())
    }

    /// A tokenizer from the content of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where it does not hold.
    pub fn from_json(path: &Path, json: &[u8]) -> Result<Self> {
        let inner = Inner::from_bytes(json).map_err(|error| EngineError::Tokenizer {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Self::new(path, inner)
    }

    /// The tokenizer in the metadata of a GGUF file.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where it does not hold; [`EngineError::Unsupported`] for an unknown kind.
    pub fn from_gguf(path: &Path, gguf: &Gguf) -> Result<Self> {
        let json = gguf::tokenizer_json(path, gguf)?;
        let inner = serde_json::from_value(json).map_err(|error| EngineError::Tokenizer {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Self::new(path, inner)
    }

    fn new(path: &Path, mut inner: Inner) -> Result<Self> {
        let side = (inner.get_truncation()).map_or(TruncationDirection::Right, |how| how.direction);
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| EngineError::Tokenizer {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            inner,
            path: path.to_owned(),
            side,
        })
    }

    /// The ids of a text; `special` adds what the model wants around it (`[CLS]`, a beginning).
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the text cannot be tokenised.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        self.fits(text)?;
        let encoding = self
            .inner
            .encode_fast(text, special)
            .map_err(|error| self.error(&*error))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// A text, or a pair where `second` is given, with types and offsets of its tokens.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where a text cannot be tokenised.
    pub fn encode_with_offsets(
        &self,
        first: &str,
        second: Option<&str>,
        special: bool,
    ) -> Result<Encoded> {
        self.fits(first)?;
        let encoding = match second {
            None => self.inner.encode(first, special),
            Some(second) => {
                self.fits(second)?;
                self.inner.encode((first, second), special)
            }
        }
        .map_err(|error| self.error(&*error))?;
        Ok(Encoded {
            ids: encoding.get_ids().to_vec(),
            types: encoding.get_type_ids().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
        })
    }

    /// The text of ids; `skip_special` leaves special tokens out.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where they cannot be joined.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.inner
            .decode(ids, skip_special)
            .map_err(|error| self.error(&*error))
    }

    /// The same tokenizer, which cuts what goes beyond `limit` tokens, special ones included, on the side that the model's
    /// files name, else at the end; of a pair, the longer text is cut first.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the special tokens alone are more than `limit`.
    pub fn cut_at(&self, limit: usize) -> Result<Self> {
        let mut cut = self.clone();
        let how = tokenizers::TruncationParams {
            max_length: limit,
            direction: self.side,
            ..tokenizers::TruncationParams::default()
        };
        (cut.inner.with_truncation(Some(how))).map_err(|error| self.error(&*error))?;
        Ok(cut)
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether a token stands for no text: a beginning, an end.
    pub(crate) fn is_special(&self, id: u32) -> bool {
        let added = self.inner.get_added_vocabulary();
        (added.get_added_tokens_decoder().get(&id)).is_some_and(|token| token.special)
    }

    /// One more than the largest id.
    pub fn size(&self) -> usize {
        let vocabulary = self.inner.get_vocab(true);
        vocabulary.values().max().map_or(0, |id| *id as usize + 1)
    }

    /// Whether every id has its row among `rows` embeddings.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] where one has none.
    pub fn check(&self, rows: usize) -> Result<()> {
        match self.size() {
            size if size > rows => Err(EngineError::Vocabulary {
                largest: u32::try_from(size - 1).unwrap_or(u32::MAX),
                rows,
            }),
            _ => Ok(()),
        }
    }

    /// The tokenizer of the crate `tokenizers`, for what this type does not wrap.
    pub fn inner(&self) -> &Inner {
        &self.inner
    }

    fn fits(&self, text: &str) -> Result<()> {
        match text.len() {
            bytes if bytes > TEXT => Err(EngineError::Tokenizer {
                path: self.path.clone(),
                reason: format!("a text has {bytes} bytes, at most {TEXT} are tokenised at once"),
            }),
            _ => Ok(()),
        }
    }

    fn error(&self, error: &dyn std::error::Error) -> EngineError {
        EngineError::Tokenizer {
            path: self.path.clone(),
            reason: error.to_string(),
        }
    }
}
