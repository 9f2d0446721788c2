//! What tells a model from another one of the same name, without reading all of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{ModelFiles, WeightFiles};
use crate::digest::Digest;
use crate::engine::error::{EngineError, Result};

/// Bytes read whole: headers, and files that are small.
const WHOLE: u64 = 4 << 20;
/// Places that a larger file is looked at, evenly spread, and how many bytes of each.
const PLACES: u64 = 1024;
const LOOK: u64 = 4096;

impl ModelFiles {
    /// A digest of what decides the model's answers: configurations, tokenizer and templates whole; of weights their sizes,
    /// the first 4 MiB and 1,024 looks of 4 KiB from there to the end. Training changes numbers everywhere, so two
    /// trainings of one model differ in it; a single number that was changed by hand may not.
    ///
    /// # Errors
    /// [`EngineError::Read`].
    pub fn fingerprint(&self) -> Result<Digest> {
        let beside = [
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja",
        ];
        let beside = beside.iter().filter_map(|name| self.beside(name));
        let (WeightFiles::Safetensors(weights) | WeightFiles::Gguf(weights)) = &self.weights;
        let files = beside.map(|path| (path, true));
        let files = files.chain(weights.iter().map(|path| (path.clone(), false)));
        let mut told = Vec::new();
        for (path, whole) in files {
            let digest = seen(&path, whole).map_err(EngineError::read(&path))?;
            told.extend(path.file_name().unwrap_or_default().as_encoded_bytes());
            told.extend(digest.as_bytes());
        }
        Ok(Digest::of(&told))
    }
}

fn seen(path: &PathBuf, whole: bool) -> std::io::Result<Digest> {
    let mut file = File::open(Path::new(path))?;
    let size = file.metadata()?.len();
    if whole || size <= WHOLE {
        return Digest::of_reader(file);
    }
    let mut bytes = size.to_le_bytes().to_vec();
    (&mut file).take(WHOLE).read_to_end(&mut bytes)?;
    let rest = (size - WHOLE).saturating_sub(LOOK);
    for place in 0..PLACES {
        let at = WHOLE + (u128::from(rest) * u128::from(place) / u128::from(PLACES - 1)) as u64;
        file.seek(SeekFrom::Start(at))?;
        (&mut file).take(LOOK).read_to_end(&mut bytes)?;
    }
    Ok(Digest::of(&bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn other_weights_and_other_words_are_another_model() {
        let folder = tempfile::tempdir().unwrap();
        let weights = folder.path().join("model.safetensors");
        let write = |with: u8| {
            let mut file = File::create(&weights).unwrap();
            file.write_all(&vec![1; WHOLE as usize]).unwrap();
            file.write_all(&vec![with; 9 << 20]).unwrap();
        };
        write(2);
        let print = || ModelFiles::open(&weights).unwrap().fingerprint().unwrap();
        let first = print();
        assert_eq!(print(), first);
        write(3);
        let second = print();
        assert_ne!(second, first);
        let mut file = File::options().append(true).open(&weights).unwrap();
        file.write_all(&[7]).unwrap();
        assert_ne!(print(), second, "one more byte at the end");
        write(2);
        fs::write(folder.path().join("chat_template.jinja"), "{{ messages }}").unwrap();
        assert_ne!(print(), first);
    }
}
