//! Models that read: vectors of texts, classes of texts and pairs. Numbers leave as the bytes of NumPy arrays.

use std::sync::Arc;

use botsmith::core::chat::CancelToken;
use botsmith::core::engine::{
    ClassifyOptions, CrossEncoder as Classifier, Device, EmbedOptions, Pair, SentenceEmbedder,
    Vectors,
};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;
use serde_json::{Map, json};

use crate::doorway::{self, PROMPT, Stop};
use crate::fault::Fault;

/// A model of sentence embeddings, loaded.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Embedder(Arc<SentenceEmbedder>);

#[pymethods]
impl Embedder {
    #[new]
    fn new(py: Python<'_>, path: String, device: String, stop: &Stop) -> PyResult<Self> {
        let cancel = stop.token().clone();
        let load = move || -> Result<_, Fault> {
            let device = device.parse::<Device>()?;
            let files = super::files(&path)?;
            Ok(SentenceEmbedder::load_until(
                &files,
                device.start()?,
                &cancel,
            )?)
        };
        let model = doorway::long_at(py, PROMPT, stop, |_| Ok(()), load)?;
        Ok(Self(Arc::new(model)))
    }

    /// What it is, as JSON.
    fn facts_json(&self) -> String {
        let model = &self.0;
        let prompts: Map<String, _> = model
            .prompts()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        json!({
            "width": model.width(),
            "limit": model.limit(),
            "pooling": model.pooling().name(),
            "normalises": model.normalises(),
            "prompts": prompts,
        })
        .to_string()
    }

    /// The vectors of texts, one after another, as little-endian f32.
    fn embed<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        how: How,
        stop: &Stop,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let vectors = self.vectors(py, texts, how, stop)?;
        let bytes = py.detach(|| f32_bytes(vectors.values()));
        Ok(PyByteArray::new(py, &bytes))
    }

    /// The vectors as bytes, and a scale for each as little-endian f32.
    fn embed_int8<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        how: How,
        stop: &Stop,
    ) -> PyResult<(Bound<'py, PyByteArray>, Bound<'py, PyByteArray>)> {
        let vectors = self.vectors(py, texts, how, stop)?;
        let (values, scales) = py.detach(|| {
            let small = vectors.to_int8();
            let values: Vec<u8> = small.values.iter().map(|v| v.cast_unsigned()).collect();
            (values, f32_bytes(&small.scales))
        });
        let bytes = |values: &[u8]| PyByteArray::new(py, values);
        Ok((bytes(&values), bytes(&scales)))
    }
}

/// How texts are embedded: prompt by name, prompt by text, dimensions, whether normed, whether strict.
type How = (
    Option<String>,
    Option<String>,
    Option<usize>,
    Option<bool>,
    bool,
);

impl Embedder {
    fn vectors(
        &self,
        py: Python<'_>,
        texts: Vec<String>,
        (prompt_name, prompt, dimensions, normalise, strict): How,
        stop: &Stop,
    ) -> PyResult<Vectors> {
        let mut options = EmbedOptions::default();
        options.prompt_name = prompt_name;
        options.prompt = prompt;
        options.dimensions = dimensions;
        options.normalise = normalise;
        options.strict = strict;
        options.cancel = stop.token().clone();
        let model = Arc::clone(&self.0);
        let work = move || -> Result<Vectors, Fault> {
            super::here()?;
            Ok(model.embed(&texts, &options)?)
        };
        doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)
    }
}

/// A classifier of texts and pairs, loaded.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct CrossEncoder(Arc<Classifier>);

/// A text, or two that are judged together.
type Texts = (String, Option<String>);

#[pymethods]
impl CrossEncoder {
    #[new]
    fn new(py: Python<'_>, path: String, device: String, stop: &Stop) -> PyResult<Self> {
        let cancel = stop.token().clone();
        let load = move || -> Result<_, Fault> {
            let device = device.parse::<Device>()?;
            let files = super::files(&path)?;
            Ok(Classifier::load_until(&files, device.start()?, &cancel)?)
        };
        let model = doorway::long_at(py, PROMPT, stop, |_| Ok(()), load)?;
        Ok(Self(Arc::new(model)))
    }

    /// The names of the classes.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.0.labels().to_vec()
    }

    /// The logits of each pair's classes, pair after pair, as little-endian f32.
    fn logits<'py>(
        &self,
        py: Python<'py>,
        pairs: Vec<Texts>,
        strict: bool,
        stop: &Stop,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let rows = self.run(py, pairs, strict, stop, Classifier::logits)?;
        Ok(PyByteArray::new(py, &f32_bytes(&rows.concat())))
    }

    /// The probabilities of each pair's classes, pair after pair, as little-endian f64.
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        pairs: Vec<Texts>,
        strict: bool,
        stop: &Stop,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let rows = self.run(py, pairs, strict, stop, Classifier::probabilities)?;
        let values = rows.iter().flatten();
        let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        Ok(PyByteArray::new(py, &bytes))
    }
}

impl CrossEncoder {
    fn run<T: Send + 'static>(
        &self,
        py: Python<'_>,
        pairs: Vec<Texts>,
        strict: bool,
        stop: &Stop,
        classify: impl FnOnce(
            &Classifier,
            &[Pair<'_>],
            &ClassifyOptions,
        ) -> botsmith::core::engine::Result<Vec<Vec<T>>>
        + Send
        + 'static,
    ) -> PyResult<Vec<Vec<T>>> {
        let options = options(strict, stop.token());
        let model = Arc::clone(&self.0);
        let work = move || -> Result<_, Fault> {
            super::here()?;
            let pairs: Vec<Pair<'_>> = pairs
                .iter()
                .map(|(first, second)| Pair {
                    first,
                    second: second.as_deref(),
                })
                .collect();
            Ok(classify(&model, &pairs, &options)?)
        };
        doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)
    }
}

fn options(strict: bool, cancel: &CancelToken) -> ClassifyOptions {
    let mut options = ClassifyOptions::default();
    options.strict = strict;
    options.cancel = cancel.clone();
    options
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
