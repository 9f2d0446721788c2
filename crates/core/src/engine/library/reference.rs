//! How a model is named: a path, or `hf:org/name[@revision][:file]`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::engine::error::EngineError;

/// A model by name.
///
/// ```
/// use botsmith_core::engine::ModelRef;
/// let ModelRef::Hub(hub) = "hf:BAAI/bge-small-en-v1.5@main:model.safetensors".parse()? else { panic!() };
/// assert_eq!((hub.owner.as_str(), hub.name.as_str()), ("BAAI", "bge-small-en-v1.5"));
/// assert_eq!((hub.revision.as_str(), hub.file.as_deref()), ("main", Some("model.safetensors")));
/// assert!(matches!("models/minilm".parse()?, ModelRef::Path(_)));
/// assert!("hf:../../etc".parse::<ModelRef>().is_err());
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelRef {
    /// A folder or file.
    Path(PathBuf),
    /// A model of the Hugging Face hub.
    Hub(HubModel),
}

/// A model of the Hugging Face hub. Its words are checked when it is made: none leads out of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubModel {
    /// The user or organisation.
    pub owner: String,
    /// The model's name.
    pub name: String,
    /// A branch, tag or commit.
    pub revision: String,
    /// One file of it, such as a `.gguf`.
    pub file: Option<String>,
}

impl HubModel {
    /// `owner--name`.
    pub(crate) fn folder_name(&self) -> String {
        format!("{}--{}", self.owner, self.name)
    }
}

/// Whether a word can be part of a name: letters, digits, `-`, `_` and `.`, and no leading dot.
fn plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 96
        && !word.starts_with('.')
        && !word.contains("--")
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a file of a model stays below the model's folder, on every system.
pub(crate) fn is_inside(file: &str) -> bool {
    file.len() <= 512
        && file.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && !part.ends_with(['.', ' '])
                && part.len() <= 255
        })
        && !file
            .chars()
            .any(|c| c.is_control() || "\\:*?\"<>|".contains(c))
}

impl FromStr for ModelRef {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let Some(rest) = text.strip_prefix("hf:") else {
            return Ok(Self::Path(text.into()));
        };
        let wrong = |what: &str| EngineError::NoModel {
            path: crate::hint::shown(text).into(),
            reason: format!("{what}; a model of the hub is `hf:org/name[@revision][:file]`"),
        };
        let (rest, file) = match rest.split_once(':') {
            Some((rest, file)) => (rest, Some(file)),
            None => (rest, None),
        };
        let (rest, revision) = rest.split_once('@').unwrap_or((rest, "main"));
        let (owner, name) = rest
            .split_once('/')
            .ok_or_else(|| wrong("its name has no `/`"))?;
        if !plain(owner) || !plain(name) {
            return Err(wrong("its name has characters that no name has"));
        }
        if !plain(revision) {
            return Err(wrong("its revision has characters that no revision has"));
        }
        if file.is_some_and(|file| !is_inside(file)) {
            return Err(wrong("its file is outside of the model"));
        }
        Ok(Self::Hub(HubModel {
            owner: owner.into(),
            name: name.into(),
            revision: revision.into(),
            file: file.map(str::to_owned),
        }))
    }
}

impl fmt::Display for HubModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf:{}/{}", self.owner, self.name)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        match &self.file {
            Some(file) => write!(f, ":{file}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Hub(hub) => hub.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for text in [
            "hf:",
            "hf:a",
            "hf:../b",
            "hf:a/..",
            "hf:a/b/c",
            "hf:a/b@../../x",
            "hf:a/b@",
            "hf:a/b:../x",
            "hf:a/b:/etc/passwd",
            "hf:a/b:c\\d",
            "hf:a/b:c:d",
            "hf:a/b:x/./y",
            "hf:a--b/c",
            "hf:a/b\u{1b}[2J",
        ] {
            let error = text.parse::<ModelRef>().expect_err(text);
            assert!(!error.to_string().contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn a_name_is_shown_as_it_is_read() {
        for text in [
            "hf:a/b",
            "hf:a/b@v1.0",
            "hf:a/b:x/m.gguf",
            "hf:a/b@c0ffee:m.gguf",
            "folder/model",
        ] {
            assert_eq!(text.parse::<ModelRef>().expect(text).to_string(), text);
        }
    }
}
