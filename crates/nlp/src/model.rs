//! A model: everything that annotates one language, in one file.
//!
//! The file holds named sections behind a header with a version and a BLAKE3 sum. Tables are used in
//! place; only the small dense layers are unpacked. A model that is read has been checked: no index
//! in it points outside, no sum in it can overflow.

mod file;
mod meta;
mod parts;

use std::borrow::Cow;
use std::path::Path;

pub(crate) use file::{Sections, write};
pub use meta::{Info, Scores};
pub(crate) use meta::{Meta, Sizes};

use crate::sentences::Splitter;
use crate::tagger::Tagger;
use crate::tokenise::Tokeniser;
use crate::{Error, Result};

/// The format that this build reads and writes.
pub const FORMAT: u32 = 1;

/// One language's model.
#[derive(Debug)]
pub struct Model {
    pub(crate) bytes: Cow<'static, [u8]>,
    pub(crate) meta: Meta,
    pub(crate) tokeniser: Tokeniser,
    pub(crate) splitter: Splitter,
    pub(crate) tagger: Tagger,
}

impl Model {
    /// Reads a model from a file.
    ///
    /// # Errors
    /// [`Error::Core`] where the file cannot be read, [`Error::Model`] where it is no model or not
    /// whole, [`Error::ModelVersion`] where a newer Botsmith made it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| botsmith_core::Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::read(path, bytes)
    }

    /// The English model inside this crate, trained on `UD_English-EWT` (CC BY-SA 4.0, see NOTICE).
    ///
    /// # Errors
    /// [`Error::Model`] where this build has not the feature `english`.
    pub fn english() -> Result<Self> {
        #[cfg(feature = "english")]
        {
            const ENGLISH: &[u8] = include_bytes!("../models/english.bsm");
            Self::read("the English model", ENGLISH)
        }
        #[cfg(not(feature = "english"))]
        Err(Error::Model {
            path: "the English model".into(),
            reason: "this build has not the feature `english`; name a file with `--model`".into(),
        })
    }

    /// Reads a model from bytes; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Model::load`], but for reading.
    pub fn read(name: impl AsRef<Path>, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        let name = name.as_ref();
        let sections = Sections::read(name, &bytes)?;
        let bad = |reason: String| Error::Model {
            path: name.to_owned(),
            reason,
        };
        let meta: Meta = serde_json::from_slice(
            &bytes[sections
                .get("meta")
                .ok_or_else(|| bad("section `meta` is missing".into()))?],
        )
        .map_err(|error| bad(format!("section `meta`: {error}")))?;
        parts::assemble(bytes, &sections, meta).map_err(bad)
    }

    /// What the model says of itself.
    pub fn info(&self) -> &Info {
        &self.meta.info
    }

    /// The size of the file, in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}
