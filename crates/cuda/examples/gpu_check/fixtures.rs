//! The tiny models of the engine's tests, inside the program, written out as folders.

use std::path::Path;

use crate::Failure;

macro_rules! files {
    ($($model:literal: $($file:literal)+;)+) => {
        &[$($((
            $model,
            $file,
            include_bytes!(concat!("../../../core/tests/engine/models/", $model, "/", $file)).as_slice(),
        ),)+)+]
    };
}

const FILES: &[(&str, &str, &[u8])] = files! {
    "decoder-llama2": "config.json" "model.safetensors";
    "decoder-llama3": "config.json" "model.safetensors";
    "decoder-qwen2": "config.json" "model.safetensors";
    "decoder-qwen3": "config.json" "model.safetensors";
    "decoder-qwen3-yarn": "config.json" "model.safetensors";
    "decoder-mistral": "config.json" "model.safetensors";
    "decoder-phi3": "config.json" "model.safetensors";
    "decoder-phi3-long": "config.json" "model.safetensors";
    "decoder-gemma2": "config.json" "model.safetensors";
    "decoder-gemma3": "config.json" "model.safetensors";
    "decoder-smollm3": "config.json" "model.safetensors";
    "bert": "config.json" "model.safetensors" "tokenizer.json";
    "roberta": "config.json" "model.safetensors" "tokenizer.json";
    "xlm-roberta": "config.json" "model.safetensors" "tokenizer.json";
    "distilbert": "config.json" "model.safetensors" "tokenizer.json";
    "modernbert": "config.json" "model.safetensors" "tokenizer.json";
    "deberta-v3": "config.json" "model.safetensors" "tokenizer.json";
};

const TOKENIZER: &[u8] = include_bytes!("../../../core/tests/engine/models/decoder-tokenizer.json");
const WORDS: &[u8] = include_bytes!("../../../core/tests/engine/models/bert/tokenizer.json");

/// Writes all models into `folder`; gives the names of decoders and of encoders.
pub(crate) fn write(folder: &Path) -> Result<[Vec<&'static str>; 2], Failure> {
    for (model, file, bytes) in FILES {
        std::fs::create_dir_all(folder.join(model))?;
        std::fs::write(folder.join(model).join(file), bytes)?;
        let tokenizer = folder.join(model).join("tokenizer.json");
        if *file == "config.json" {
            tokenizer_of(&tokenizer, model.starts_with("decoder"))?;
        }
    }
    let mut names: Vec<&str> = FILES.iter().map(|(model, _, _)| *model).collect();
    names.dedup();
    let (decoders, encoders) = names.iter().partition(|name| name.starts_with("decoder"));
    Ok([decoders, encoders])
}

/// Writes a tokenizer of letters (a decoder's) or of words.
pub(crate) fn tokenizer_of(path: &Path, decoder: bool) -> Result<(), Failure> {
    Ok(std::fs::write(
        path,
        if decoder { TOKENIZER } else { WORDS },
    )?)
}
