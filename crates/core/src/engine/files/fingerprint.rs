//! What tells a model from another one of the same name, without reading all of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{ModelFiles, WeightFiles};
use crate::digest::Digest;
use crate::engine::error::{EngineError, Result};
use crate::engine::gguf::Gguf;
use crate::engine::header::Entry;
use crate::engine::safetensors;

/// Bytes in the middle of each tensor that are looked at.
const LOOK: usize = 4096;

impl ModelFiles {
    /// A digest of what decides the model's answers: configurations, tokenizer and templates, and of weights their headers,
    /// whole; of each tensor 4 KiB from its middle. Training that changes every matrix somewhere in all its rows is seen;
    /// a few numbers or rows that were changed by hand may not be.
    ///
    /// # Errors
    /// [`EngineError::Read`], and [`EngineError::Damaged`] for bad headers.
    pub fn fingerprint(&self) -> Result<Digest> {
        // A GGUF file has in its header what the others say in files of their own.
        let beside: &[&str] = match &self.weights {
            WeightFiles::Gguf(_) => &["generation_config.json"],
            WeightFiles::Safetensors(_) => &[
                "config.json",
                "generation_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "chat_template.jinja",
                "additional_chat_templates/tool_use.jinja",
            ],
        };
        let mut told = Vec::new();
        let mut tell = |path: &Path, digest: Digest| {
            told.extend(path.file_name().unwrap_or_default().as_encoded_bytes());
            told.extend(digest.as_bytes());
        };
        for path in beside.iter().filter_map(|name| self.beside(name)) {
            let digest = File::open(&path).and_then(Digest::of_reader);
            tell(&path, digest.map_err(EngineError::read(&path))?);
        }
        let (WeightFiles::Safetensors(weights) | WeightFiles::Gguf(weights)) = &self.weights;
        for path in weights {
            let mut file = File::open(path).map_err(EngineError::read(path))?;
            let entries = match &self.weights {
                WeightFiles::Gguf(_) => Gguf::read(path, &mut file)?.entries,
                WeightFiles::Safetensors(_) => safetensors::read_header(path, &mut file)?,
            };
            let digest = seen(&mut file, &entries);
            tell(path, digest.map_err(EngineError::read(path))?);
        }
        Ok(Digest::of(&told))
    }
}

/// The header, up to the first tensor, and a look at each tensor.
fn seen(file: &mut File, entries: &[Entry]) -> std::io::Result<Digest> {
    let mut bytes = file.metadata()?.len().to_le_bytes().to_vec();
    let header = entries.iter().map(|entry| entry.start).min();
    file.rewind()?;
    file.take(header.unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    let mut places: Vec<(u64, usize)> = entries
        .iter()
        .map(|entry| {
            let look = entry.bytes.min(LOOK);
            (entry.start + (entry.bytes - look) as u64 / 2, look)
        })
        .collect();
    places.sort_unstable();
    for (at, look) in places {
        file.seek(SeekFrom::Start(at))?;
        file.take(look as u64).read_to_end(&mut bytes)?;
    }
    Ok(Digest::of(&bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A safetensors file with one tensor.
    fn weights(numbers: usize, with: f32) -> Vec<u8> {
        let end = numbers * 4;
        let header =
            format!(r#"{{"a":{{"dtype":"F32","shape":[{numbers}],"data_offsets":[0,{end}]}}}}"#);
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.extend((0..numbers).flat_map(|_| with.to_le_bytes()));
        file
    }

    #[test]
    fn other_weights_and_other_words_are_another_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let print = |numbers, with| {
            fs::write(&path, weights(numbers, with)).unwrap();
            ModelFiles::open(&path).unwrap().fingerprint().unwrap()
        };
        let first = print(100_000, 1.0);
        assert_eq!(print(100_000, 1.0), first);
        assert_ne!(print(100_000, 1.5), first);
        assert_ne!(print(100_001, 1.0), first);
        fs::write(folder.path().join("chat_template.jinja"), "{{ messages }}").unwrap();
        assert_ne!(print(100_000, 1.0), first);
    }
}
