//! Models of this machine that measure: embeddings, token vectors, classes of pairs, likelihoods.
//!
//! A model is read once in a process for all evaluators that name it for the same use, and goes when the last of them
//! does. Texts that are too long are cut, as `sentence-transformers` does it; a decoder's are an error that says so.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use botsmith_core::chat::{Call, CancelToken};
use botsmith_core::config::Environment;
use botsmith_core::engine::{
    ClassifyOptions, CrossEncoder, Device, EmbedOptions, EngineError, Library, LoadOptions,
    LocalModel, ModelFiles, Pair, SentenceEmbedder, TokenVectors,
};
use botsmith_core::score::ScoreRequest;
use serde_json::{Value, json};

use super::backend::{Backend, Measured, different, score, with_spans};
use super::source::{Model, What};
use crate::metrics::bertscore::Idf;
use crate::{Error, Result};

/// Pairs whose token vectors are held at once: a vector a token takes much room.
const MATCHED: usize = 64;

/// A model that was read, for one use, and what its files held.
#[derive(Debug)]
struct Read {
    loaded: Loaded,
    content: String,
}

#[derive(Debug)]
enum Loaded {
    Embedder(SentenceEmbedder),
    Classifier(CrossEncoder),
    Decoder(LocalModel),
}

/// What tells two of them apart: files, device, use.
type Key = (PathBuf, String, u8);

type Kept = Vec<(Key, Weak<Read>)>;

static LOADED: OnceLock<Mutex<Kept>> = OnceLock::new();

/// A model with what it is to measure.
#[derive(Debug)]
struct Local {
    model: Arc<Read>,
    identity: Value,
    /// Whether token vectors are compared, not whole texts.
    tokens: bool,
    idf: Option<Idf<u32>>,
    /// Of classifiers: the place of the class that is wanted.
    class: usize,
}

/// Reads the model that the suite names.
pub(super) fn open(model: &Model, what: &What) -> Result<Arc<dyn Backend>> {
    let wrong = |error: &EngineError| -> Error {
        let mut at = (*model.named_at).clone().code(error.code());
        at.message = error.to_string();
        at.into()
    };
    let environment = Environment::of_process().map_err(|source| {
        Error::Core(botsmith_core::Error::Read {
            path: ".".into(),
            source,
        })
    })?;
    let mut library = Library::new(&environment);
    library.here.push(&model.folder);
    let opened = || -> Result<Local, EngineError> {
        let files = library.open(&model.name.parse()?)?;
        let device: Device = model.device.as_deref().unwrap_or("auto").parse()?;
        let read = shared(&files, device, what)?;
        Ok(Local {
            class: class(&read.loaded, what)?,
            tokens: matches!(what, What::Tokens(_)),
            idf: idf(&read.loaded, what)?,
            identity: json!({"model": model.name, "files": read.content}),
            model: read,
        })
    };
    opened()
        .map(|local| Arc::new(local) as _)
        .map_err(|error| wrong(&error))
}

fn shared(files: &ModelFiles, device: Device, what: &What) -> Result<Arc<Read>, EngineError> {
    let path = std::fs::canonicalize(&files.path).unwrap_or_else(|_| files.path.clone());
    let used_as = match what {
        What::Cosine | What::Tokens(_) => 0,
        What::Class(_) => 1,
        What::Likelihood => 2,
    };
    let key = (path, device.to_string(), used_as);
    // Held while a model is read: two evaluators of one suite shall not read it twice.
    let mut all = LOADED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    all.retain(|(_, model)| model.strong_count() > 0);
    let known = all.iter().find(|(known, _)| *known == key);
    if let Some(model) = known.and_then(|(_, model)| model.upgrade()) {
        return Ok(model);
    }
    let content = files.content()?.to_string();
    let loaded = match what {
        What::Cosine | What::Tokens(_) => {
            Loaded::Embedder(SentenceEmbedder::load(files, device.start()?)?)
        }
        What::Class(_) => Loaded::Classifier(CrossEncoder::load(files, device.start()?)?),
        What::Likelihood => {
            let mut load = LoadOptions::default();
            load.device = device;
            Loaded::Decoder(LocalModel::load_files(files, &load)?)
        }
    };
    let model = Arc::new(Read { loaded, content });
    all.push((key, Arc::downgrade(&model)));
    Ok(model)
}

/// The place of the wanted class among the model's.
fn class(model: &Loaded, what: &What) -> Result<usize, EngineError> {
    let (Loaded::Classifier(model), What::Class(wanted)) = (model, what) else {
        return Ok(0);
    };
    let Some(name) = wanted else {
        return Ok(model.labels().len().saturating_sub(1));
    };
    model.label(name).ok_or_else(|| {
        EngineError::Setting(format!(
            "the model has no class `{name}`; it has {}; say which it is with `labels`",
            botsmith_core::hint::list(model.labels().iter().map(String::as_str))
        ))
    })
}

fn idf(model: &Loaded, what: &What) -> Result<Option<Idf<u32>>, EngineError> {
    let (Loaded::Embedder(model), What::Tokens(documents)) = (model, what) else {
        return Ok(None);
    };
    if documents.is_empty() {
        return Ok(None);
    }
    let tokenizer = model.encoder().tokenizer();
    let ids: Result<Vec<Vec<u32>>, _> = documents
        .iter()
        .map(|text| tokenizer.encode(text, false))
        .collect();
    Ok(Some(Idf::new(ids?)))
}

impl Backend for Local {
    fn measure(&self, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, String> {
        let measured = match &self.model.loaded {
            Loaded::Embedder(model) if self.tokens => self.tokens(model, pairs),
            Loaded::Embedder(model) => cosines(model, pairs),
            Loaded::Classifier(model) => self.probabilities(model, pairs),
            Loaded::Decoder(model) => likelihoods(model, pairs),
        };
        measured.map_err(|error| error.to_string())
    }

    fn identity(&self) -> Value {
        self.identity.clone()
    }
}

fn cosines(model: &SentenceEmbedder, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, EngineError> {
    let (texts, places) = different(pairs);
    let vectors = model.embed(&texts, &EmbedOptions::default())?;
    let cosine = |&(a, b): &(usize, usize)| match a == b {
        true => 1.0,
        false => vectors.cosine(a, b).clamp(-1.0, 1.0),
    };
    Ok(places
        .iter()
        .map(|both| vec![cosine(both)].into())
        .collect())
}

/// Nats, tokens and bytes of each second text after its first.
fn likelihoods(model: &LocalModel, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, EngineError> {
    let requests: Vec<ScoreRequest> = pairs
        .iter()
        .map(|(before, text)| ScoreRequest::text(*before, [*text]))
        .collect();
    let scores = model.score_now(&requests, &Call::default())?;
    Ok(scores
        .iter()
        .zip(pairs)
        .map(|(scores, (_, text))| {
            let one = &scores.continuations[0];
            vec![one.logprob, one.tokens.len() as f64, text.len() as f64].into()
        })
        .collect())
}

impl Local {
    fn probabilities(
        &self,
        model: &CrossEncoder,
        pairs: &[(&str, &str)],
    ) -> Result<Vec<Measured>, EngineError> {
        let pairs: Vec<Pair<'_>> = pairs
            .iter()
            .map(|(first, second)| Pair {
                first,
                second: Some(second),
            })
            .collect();
        let rows = model.probabilities(&pairs, &ClassifyOptions::default())?;
        Ok(rows
            .iter()
            .map(|row| vec![row[self.class]].into())
            .collect())
    }

    /// `BERTScore` over the last layer's vectors. As in `bert-score`, special tokens can be found, and weigh nothing.
    fn tokens(
        &self,
        model: &SentenceEmbedder,
        pairs: &[(&str, &str)],
    ) -> Result<Vec<Measured>, EngineError> {
        let weights = |tokens: &TokenVectors| -> Vec<f64> {
            let tokens = tokens.ids.iter().zip(&tokens.offsets);
            tokens
                .map(|(id, (from, to))| match (&self.idf, from < to) {
                    (_, false) => 0.0,
                    (Some(idf), true) => idf.weight(id),
                    (None, true) => 1.0,
                })
                .collect()
        };
        let mut all = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(MATCHED) {
            let (texts, places) = different(pairs);
            let read = model.token_vectors(&texts, &CancelToken::default())?;
            let weights: Vec<Vec<f64>> = read.iter().map(weights).collect();
            for (a, b) in places {
                let (ours, theirs) = (&read[a], &read[b]);
                let found = score(
                    ours.vectors.width(),
                    (ours.vectors.values(), Some(weights[a].as_slice())),
                    (theirs.vectors.values(), Some(weights[b].as_slice())),
                )
                .map_err(EngineError::Step)?;
                let mut measured = with_spans(&found, ours.offsets.iter().copied());
                measured.spans.retain(|(from, to, _)| from < to);
                all.push(measured);
            }
        }
        Ok(all)
    }
}
