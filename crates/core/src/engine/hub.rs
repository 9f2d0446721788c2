//! Fetching models from a Hugging Face hub: a name in, a folder of checked files out (feature `hub`).
//!
//! A small client of our own: the crate `hf-hub` 1.0 brings an engine for chunked storage with it that is larger than
//! all of this crate, and neither goes on where a file broke off nor checks what it got. Here a revision is pinned to its
//! commit, every file is checked (SHA-256 of large ones, Git's SHA-1 of small ones), a file that broke off goes on
//! where it stopped, the library finds a model only once it is whole, and pickled weights are never fetched.
//!
//! The address is `HF_ENDPOINT`, the key `HF_TOKEN`, which is sent to that address alone, and `HF_HUB_OFFLINE` or
//! `BOTSMITH_OFFLINE` forbids all of it.

mod client;
mod fetch;
mod listing;

use std::path::{Path, PathBuf};

use super::error::{EngineError, Result};
use super::files::{PICKLE, is_pickle};
use super::library::{HubModel, Library};
use crate::SecretString;
use crate::chat::CancelToken;
use crate::config::Environment;

/// How models are fetched.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hub {
    /// The hub's address.
    pub endpoint: String,
    /// The key that opens gated and private models.
    pub token: Option<SecretString>,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// Stops a transfer; what is there stays for the next time.
    pub cancel: CancelToken,
}

/// How far a transfer is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// The file that is being fetched.
    pub file: String,
    /// Bytes of all files that are here.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The folder with the files.
    pub folder: PathBuf,
    /// The commit that the revision stood for.
    pub commit: String,
    /// Its files.
    pub files: Vec<String>,
    /// Bytes that went over the network: none where all was here.
    pub received: u64,
}

impl Hub {
    /// A hub as an environment names it.
    pub fn new(environment: &Environment) -> Self {
        let text = |name: &str| {
            let value = environment.variables.get(name)?.to_str()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let on = |name: &str| {
            text(name).is_some_and(|value| {
                !matches!(value.to_lowercase().as_str(), "0" | "false" | "no" | "off")
            })
        };
        Self {
            endpoint: text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".into()),
            token: text("HF_TOKEN").map(SecretString::new),
            offline: on("HF_HUB_OFFLINE") || on("BOTSMITH_OFFLINE"),
            cancel: CancelToken::new(),
        }
    }

    /// Fetches a model into `library`, or what is missing of it. A name with a file in it brings that file: a part of several
    /// brings all of them, and safetensors what they cannot be read without.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] for pickled weights, [`EngineError::Offline`], [`EngineError::Hub`],
    /// [`EngineError::HubDenied`], [`EngineError::Checksum`], [`EngineError::Cancelled`], and those of writing files.
    pub fn pull(
        &self,
        library: &Library,
        model: &HubModel,
        mut progress: impl FnMut(&Transfer),
    ) -> Result<Fetched> {
        if model
            .file
            .as_ref()
            .is_some_and(|file| is_pickle(Path::new(file)))
        {
            return Err(EngineError::NoModel {
                path: model.to_string().into(),
                reason: PICKLE.into(),
            });
        }
        if self.offline {
            return Err(EngineError::Offline {
                model: model.to_string(),
            });
        }
        client::block_on(fetch::pull(self, library, model, &mut progress))?
    }
}
