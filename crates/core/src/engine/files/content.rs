//! What decides a model's numbers, read whole, as one digest.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{ModelFiles, WeightFiles, modules};
use crate::digest::Digest;
use crate::engine::error::{EngineError, Result};

/// Files beside the weights that decide what a text becomes.
const BESIDE: [&str; 7] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
];

impl ModelFiles {
    /// A digest of all that decides the numbers that a model gives to texts: configurations, tokenizer, prompts, every
    /// weight, and the same of each step of a sentence model (pooling, dense layers). Two trainings of one model have
    /// files of one name and size, so nothing less tells them apart. How answers are sampled, and the template of
    /// chats, have no part in it: see [`ModelFiles::fingerprint`].
    ///
    /// # Errors
    /// [`EngineError::Read`], and [`EngineError::Damaged`] for a bad list of steps.
    pub fn content(&self) -> Result<Digest> {
        let mut paths = self.weight_files().to_vec();
        // A GGUF file has in its header what the others say in files of their own.
        if self.gguf().is_none() {
            let steps = modules(self.top())?;
            let mut folders = vec![self.folder.as_path()];
            for folder in [self.top()]
                .into_iter()
                .chain(steps.iter().map(|step| &*step.folder))
            {
                if !folders.contains(&folder) {
                    folders.push(folder);
                    // A step may have no weights, and of the model only one folder has them.
                    if let Ok(files) = Self::open(folder)
                        && files.folder == folder
                    {
                        paths.extend_from_slice(files.weight_files());
                    }
                }
            }
            let named = |folder: &&Path| BESIDE.map(|name| folder.join(name));
            let named = folders.iter().flat_map(named);
            paths.extend(named.filter(|path| path.is_file()));
        }
        let mut told = Vec::new();
        for path in paths {
            let digest = File::open(&path).and_then(Digest::of_reader);
            let digest = digest.map_err(EngineError::read(&path))?;
            let name = path.strip_prefix(self.top()).unwrap_or(&path);
            told.extend(name.as_os_str().as_encoded_bytes());
            told.extend(digest.as_bytes());
        }
        Ok(Digest::of(&told))
    }

    fn weight_files(&self) -> &[PathBuf] {
        let (WeightFiles::Safetensors(paths) | WeightFiles::Gguf(paths)) = &self.weights;
        paths
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_that_decides_a_number_is_in_it_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let modules = r#"[{"path": "", "type": "x.Transformer"}, {"path": "1_Pooling", "type": "x.Pooling"},
            {"path": "2_Dense", "type": "x.Dense"}]"#;
        fs::create_dir(folder.path().join("1_Pooling")).unwrap();
        fs::create_dir(folder.path().join("2_Dense")).unwrap();
        fs::write(folder.path().join("modules.json"), modules).unwrap();
        fs::write(folder.path().join("model.safetensors"), "a").unwrap();
        let content = || ModelFiles::open(folder.path()).unwrap().content().unwrap();
        let mut last = content();
        for (name, decides) in [
            ("model.safetensors", true),
            ("config.json", true),
            ("tokenizer.json", true),
            ("tokenizer_config.json", true),
            ("special_tokens_map.json", true),
            ("sentence_bert_config.json", true),
            ("config_sentence_transformers.json", true),
            ("1_Pooling/config.json", true),
            ("2_Dense/config.json", true),
            ("2_Dense/model.safetensors", true),
            ("README.md", false),
            ("generation_config.json", false),
            ("1_Pooling/notes.txt", false),
        ] {
            for text in ["other", "still another"] {
                fs::write(folder.path().join(name), text).unwrap();
                let now = content();
                assert_eq!(now != last, decides, "{name}");
                last = now;
            }
        }
        fs::write(folder.path().join("modules.json"), "[]").unwrap();
        assert_ne!(content(), last);
        fs::write(folder.path().join("modules.json"), "{}").unwrap();
        let error = ModelFiles::open(folder.path()).unwrap().content();
        assert!(error.unwrap_err().to_string().contains("a list of up to"));
    }
}
