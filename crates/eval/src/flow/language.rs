//! Steps of kind `nlp`: a text -> its sentences and words with their tags and lemmas; of kind `keyphrases`: an
//! English text -> the phrases that it is about.

use std::sync::{Arc, OnceLock};

use botsmith_flow::{StepError, Task};
use botsmith_nlp::{Pipeline, keyphrases};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failed;
use crate::Error;

/// Phrases that a step gives, where it does not say how many.
const PHRASES: usize = 10;

#[derive(Deserialize)]
struct With {
    text: String,
    model: Option<String>,
}

/// English, made once.
fn english() -> Result<Arc<Pipeline>, StepError> {
    static ENGLISH: OnceLock<Arc<Pipeline>> = OnceLock::new();
    if let Some(pipeline) = ENGLISH.get() {
        return Ok(Arc::clone(pipeline));
    }
    let made = Pipeline::english().map_err(|error| failed(&Error::Nlp(error)))?;
    Ok(Arc::clone(ENGLISH.get_or_init(|| Arc::new(made))))
}

pub(super) fn annotate(task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let pipeline = match with.model {
        None => english()?,
        Some(path) => {
            let loaded = Pipeline::load(task.path(path));
            Arc::new(loaded.map_err(|error| failed(&Error::Nlp(error)))?)
        }
    };
    let doc = pipeline.annotate(with.text);
    let doc = doc.map_err(|error| failed(&Error::Nlp(error)))?;
    Ok(serde_json::from_str(&doc.to_json()).expect("a document is JSON"))
}

#[derive(Deserialize)]
struct Phrases {
    text: String,
    top: Option<usize>,
}

pub(super) fn phrases(task: &Task) -> Result<Value, StepError> {
    let with: Phrases = task.read()?;
    let doc = english()?.annotate(with.text);
    let doc = doc.map_err(|error| failed(&Error::Nlp(error)))?;
    let found = keyphrases::keyphrases(&doc, with.top.unwrap_or(PHRASES));
    let told = found
        .iter()
        .map(|phrase| json!({"text": phrase.text, "lemmas": phrase.lemmas, "score": phrase.score}));
    Ok(told.collect())
}
