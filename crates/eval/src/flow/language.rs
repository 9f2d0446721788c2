//! Steps of kind `nlp`: a text -> its sentences and words with their tags and lemmas.

use std::sync::{Arc, OnceLock};

use botsmith_flow::{StepError, Task};
use botsmith_nlp::Pipeline;
use serde::Deserialize;
use serde_json::Value;

use super::failed;
use crate::Error;

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
