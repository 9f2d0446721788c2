//! The files of a model: a folder, a `.gguf` or a `.safetensors` file (any part of several) in, checked paths out.
//!
//! The layout is that of the Hugging Face hub and of `sentence-transformers`: `config.json`, `tokenizer.json`,
//! `tokenizer_config.json`, `generation_config.json`, `modules.json`, weights in one file or in several with
//! `model.safetensors.index.json`; the encoder may lie in a folder of its own, which `modules.json` names. Names in an
//! index that leave the folder are refused, and so are pickled weights (`pytorch_model.bin`): reading them runs code.
//! Nothing is fetched here.

mod content;
mod fingerprint;
mod modules;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{EngineError, Result};
use super::gguf::parts;
pub(crate) use modules::{Module, modules};

/// The largest JSON file read besides the tokenizer, in bytes.
const JSON_BYTES: u64 = 16 << 20;
/// Most files that weights may be split over.
const SHARDS: usize = 4096;

/// Where the weights are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightFiles {
    /// One or more safetensors files.
    Safetensors(Vec<PathBuf>),
    /// The parts of a GGUF model, mostly one; the first also holds configuration and tokenizer. Never empty.
    Gguf(Vec<PathBuf>),
}

/// The files of one model, found but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelFiles {
    /// What was opened: the folder, or the file itself.
    pub path: PathBuf,
    /// The folder that configuration, tokenizer and weights lie in: `path`, or the one below it that `modules.json` names.
    pub folder: PathBuf,
    /// The weights.
    pub weights: WeightFiles,
}

impl ModelFiles {
    /// Finds the files of the model at `path`: a folder, a `.gguf` or a `.safetensors` file.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] where there is none or several; [`EngineError::Damaged`] for a bad index.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let about = fs::metadata(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => no_model(path, "there is no such file or folder"),
            _ => EngineError::Read {
                path: path.to_owned(),
                source,
            },
        })?;
        if about.is_dir() {
            let (folder, weights) = match weights_in(path) {
                Ok(weights) => (path.to_owned(), weights),
                // What `sentence-transformers` keeps in folders of their own.
                Err(error) => match modules::transformer(path)? {
                    Some(folder) => {
                        let weights = weights_in(&folder)?;
                        (folder, weights)
                    }
                    None => return Err(error),
                },
            };
            return Ok(Self {
                path: path.to_owned(),
                folder,
                weights,
            });
        }
        let weights = match extension(path).as_deref() {
            Some("gguf") => WeightFiles::Gguf(parts::all(path)?),
            Some("safetensors") => WeightFiles::Safetensors(whole(path)?),
            _ if is_pickle(path) => return Err(no_model(path, PICKLE)),
            _ => {
                return Err(no_model(
                    path,
                    "a model is a folder, a `.gguf` or a `.safetensors` file",
                ));
            }
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            path: path.to_owned(),
            folder: folder.to_owned(),
            weights,
        })
    }

    /// The folder that was named, or that of the file that was: where `modules.json` lies.
    pub(crate) fn top(&self) -> &Path {
        match self.folder.starts_with(&self.path) {
            true => &self.path,
            false => &self.folder,
        }
    }

    /// The path of a file beside the weights, where it is there.
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name);
        path.is_file().then_some(path)
    }

    /// The path of a file beside the weights.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] where it is not there.
    pub fn needed(&self, name: &str) -> Result<PathBuf> {
        self.beside(name)
            .ok_or_else(|| no_model(&self.path, format!("`{name}` is missing")))
    }

    /// A JSON file beside the weights; `None` where it is not there.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] where it is no JSON or larger than 16 MB; [`EngineError::Read`].
    pub fn json(&self, name: &str) -> Result<Option<Value>> {
        self.beside(name).map(|path| read_json(&path)).transpose()
    }

    /// The GGUF file with the metadata, where the weights are in such files.
    pub fn gguf(&self) -> Option<&Path> {
        match &self.weights {
            WeightFiles::Gguf(parts) => parts.first().map(PathBuf::as_path),
            WeightFiles::Safetensors(_) => None,
        }
    }
}

pub(crate) const PICKLE: &str = "pickled weights can run code when they are read, so they are not; get the model as safetensors";

fn no_model(path: &Path, reason: impl Into<String>) -> EngineError {
    EngineError::NoModel {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Whether a file is of a format that runs code when it is read, by its name.
pub(crate) fn is_pickle(path: &Path) -> bool {
    let kinds = ["bin", "pt", "pth", "pkl", "pickle", "ckpt"];
    extension(path).is_some_and(|extension| kinds.contains(&extension.as_str()))
}

/// The index of all parts of the model that `model-00001-of-00002.safetensors` is a part of, by its name.
pub(crate) fn index_of(part: &Path) -> Option<PathBuf> {
    let (stem, ..) = parts::numbered(part, "safetensors")?;
    Some(part.with_file_name(format!("{stem}.safetensors.index.json")))
}

/// The files of the model that a `.safetensors` file is, or is a part of.
fn whole(path: &Path) -> Result<Vec<PathBuf>> {
    match index_of(path).filter(|index| index.is_file()) {
        Some(index) => shards(path.parent().unwrap_or(Path::new("")), &index),
        None => Ok(vec![path.to_owned()]),
    }
}

fn weights_in(folder: &Path) -> Result<WeightFiles> {
    let index = folder.join("model.safetensors.index.json");
    if index.is_file() {
        return shards(folder, &index).map(WeightFiles::Safetensors);
    }
    let single = folder.join("model.safetensors");
    if single.is_file() {
        return Ok(WeightFiles::Safetensors(vec![single]));
    }
    let mut found = BTreeSet::new();
    let mut pickled = false;
    for entry in fs::read_dir(folder).map_err(EngineError::read(folder))? {
        let path = entry.map_err(EngineError::read(folder))?.path();
        match extension(&path).as_deref() {
            Some("gguf") if path.is_file() => {
                found.insert(parts::first(&path));
            }
            Some("safetensors") if path.is_file() => {
                found.insert(path);
            }
            _ => pickled |= is_pickle(&path),
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(match extension(&only).as_deref() {
            Some("gguf") => WeightFiles::Gguf(parts::all(&only)?),
            _ => WeightFiles::Safetensors(vec![only]),
        }),
        (Some(first), Some(second)) => Err(no_model(
            folder,
            format!(
                "several weight files, such as {} and {}: name one of them",
                name(&first),
                name(&second)
            ),
        )),
        (None, _) if pickled => Err(no_model(folder, PICKLE)),
        (None, _) => Err(no_model(
            folder,
            "the folder has neither `model.safetensors` nor a `.gguf` file",
        )),
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("`{}`", crate::hint::shown(&name))
}

/// The files that an index names, each once, in order.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>> {
    let json = read_json(index)?;
    let map = json
        .get("weight_map")
        .and_then(Value::as_object)
        .ok_or_else(|| EngineError::damaged(index, "it has no `weight_map`"))?;
    let mut names = BTreeSet::new();
    for (tensor, file) in map {
        let shown = crate::hint::shown(tensor);
        let file = file.as_str().ok_or_else(|| {
            EngineError::damaged(index, format!("the file of `{shown}` is no text"))
        })?;
        let plain = !file.is_empty()
            && !file.contains(['/', '\\', ':', '\0'])
            && file != ".."
            && extension(Path::new(file)).as_deref() == Some("safetensors");
        if !plain {
            let file = crate::hint::shown(file);
            return Err(EngineError::damaged(
                index,
                format!(
                    "the file of `{shown}` is `{file}`; only a `.safetensors` file beside it is read"
                ),
            ));
        }
        names.insert(file);
        if names.len() > SHARDS {
            return Err(EngineError::damaged(
                index,
                format!("it names over {SHARDS} files"),
            ));
        }
    }
    if names.is_empty() {
        return Err(EngineError::damaged(index, "it names no file"));
    }
    names
        .into_iter()
        .map(|file| {
            let path = folder.join(file);
            path.is_file().then_some(path).ok_or_else(|| {
                no_model(
                    folder,
                    format!(
                        "`{}` is missing, which its index names",
                        crate::hint::shown(file)
                    ),
                )
            })
        })
        .collect()
}

/// A whole file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = fs::File::open(path).map_err(EngineError::read(path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(EngineError::read(path))?;
    if bytes.len() as u64 > limit {
        return Err(EngineError::damaged(
            path,
            format!("it is larger than {limit} bytes, the most that is read of such a file"),
        ));
    }
    Ok(bytes)
}

/// A JSON file of at most 16 MB.
pub(crate) fn read_json(path: &Path) -> Result<Value> {
    let bytes = read_limited(path, JSON_BYTES)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| EngineError::damaged(path, format!("it is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        folder
    }

    #[test]
    fn a_folder_says_what_it_lacks() {
        for (files, said) in [
            (&[][..], "neither"),
            (&[("pytorch_model.bin", "")][..], "pickled"),
            (
                &[("a.gguf", ""), ("b.gguf", "")][..],
                "`a.gguf` and `b.gguf`",
            ),
        ] {
            let folder = folder(files);
            let error = ModelFiles::open(folder.path()).expect_err(said);
            assert_eq!(error.code(), "BS-ENG-001");
            assert!(error.to_string().contains(said), "{error}");
        }
        let error = ModelFiles::open("/no/such/model").expect_err("nothing there");
        assert!(error.to_string().contains("no such file"), "{error}");
    }

    #[test]
    fn shards_are_found_through_the_index_each_once() {
        let index = r#"{"weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}}"#;
        let folder = folder(&[
            ("model.safetensors.index.json", index),
            ("m-1.safetensors", ""),
            ("m-2.safetensors", ""),
        ]);
        let files = ModelFiles::open(folder.path()).expect("a model");
        let expected = ["m-1.safetensors", "m-2.safetensors"].map(|name| folder.path().join(name));
        assert_eq!(files.weights, WeightFiles::Safetensors(expected.into()));
    }

    #[test]
    fn an_index_cannot_name_files_elsewhere() {
        for file in [
            "../a.safetensors",
            "/etc/a.safetensors",
            "a/b.safetensors",
            "a.bin",
            "c:a.safetensors",
            "",
        ] {
            let index = serde_json::json!({"weight_map": {"a": file}}).to_string();
            let folder = folder(&[("model.safetensors.index.json", &index)]);
            let error = ModelFiles::open(folder.path()).expect_err(file);
            assert_eq!(error.code(), "BS-ENG-003", "{error}");
        }
    }
}
