//! Pipelines of stages, from YAML, with stages of Python among them. What a stage finds crosses as JSON; in
//! what stages of Rust found, `start` and `end` become code points.

use std::path::PathBuf;
use std::sync::Arc;

use botsmith::core::Diagnostic;
use botsmith::core::yaml::Source;
use botsmith::nlp::stages::{Layers, Stage, StageKinds};
use botsmith::nlp::{self as rust, PipelineBuilder};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use serde_json::Value;

use super::{Doc, QUICK, known};
use crate::bounds;
use crate::callback;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::offsets::Offsets;

/// A pipeline of stages. Any number of threads may call it.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Analyser {
    rust: Arc<rust::Analyser>,
    /// Layers of Python, which are as Python made them.
    own: Vec<String>,
}

/// A stage that is a Python function: a document in, JSON of its layer out.
#[derive(Clone, Debug)]
struct Function {
    name: String,
    needs: Vec<String>,
    call: Arc<Py<PyAny>>,
}

impl Stage for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Vec<&str> {
        self.needs.iter().map(String::as_str).collect()
    }

    fn gives(&self) -> Vec<&str> {
        vec![&self.name]
    }

    fn run(&self, doc: &rust::Doc, layers: &mut Layers) -> rust::Result<()> {
        let given = callback::inside(|py| {
            let text = self.call.bind(py).call1((Doc::new(doc.clone()),));
            text.and_then(|text| text.extract::<String>())
                .map_err(|error| error.to_string())
        });
        let given = given.unwrap_or_else(|| Err("the interpreter is shutting down".into()));
        let layer = given.and_then(|text| {
            serde_json::from_str::<Value>(&text).map_err(|error| error.to_string())
        });
        match layer {
            Ok(layer) => {
                layers.put(&self.name, layer);
                Ok(())
            }
            Err(words) => {
                let place = format!("stage {}", self.name);
                Err(Diagnostic::new(place, words).code("BS-PY-003").into())
            }
        }
    }
}

#[pymethods]
impl Analyser {
    /// Reads a pipeline; `path` is its name in errors, and where its files are. `own` are the stages of
    /// Python that it may name: name, needs, function.
    #[new]
    fn new(
        py: Python<'_>,
        yaml: String,
        path: PathBuf,
        own: Vec<(String, Vec<String>, Py<PyAny>)>,
    ) -> PyResult<Self> {
        let names = own.iter().map(|(name, ..)| name.clone()).collect();
        let rust = doorway::apart(py, move || {
            let mut kinds = StageKinds::builtin();
            for (name, needs, call) in own {
                let call = Arc::new(call);
                let stage = Function {
                    name: name.clone(),
                    needs,
                    call,
                };
                kinds.register(&name, move |_| Ok(Box::new(stage.clone())));
            }
            let source = Source::new(path, yaml);
            PipelineBuilder::from_yaml_with(&source, &kinds)?.build()
        })?;
        Ok(Self {
            rust: Arc::new(rust),
            own: names,
        })
    }

    /// The names of its stages.
    #[getter]
    fn stages(&self) -> Vec<String> {
        self.rust.stages().map(str::to_owned).collect()
    }

    /// A document, and the layers as JSON.
    fn analyse(&self, py: Python<'_>, text: PyBackedStr, given: &str) -> PyResult<(Doc, String)> {
        let given = known(given)?;
        let rust = Arc::clone(&self.rust);
        let quickly = text.len() < QUICK;
        // The text goes back to the caller's thread, which has the interpreter that it is of.
        let work = move || rust.analyse_given(&*text, given).map(|found| (found, text));
        let (found, _text) = doorway::by_size(py, quickly, work)?;
        Ok(self.shown(found))
    }

    /// The same of a document that is there.
    fn analyse_doc(&self, py: Python<'_>, doc: &Doc) -> PyResult<(Doc, String)> {
        let (rust, doc) = (Arc::clone(&self.rust), doc.rust().clone());
        let quickly = doc.text().len() < QUICK;
        let found = doorway::by_size(py, quickly, move || rust.analyse_doc(doc))?;
        Ok(self.shown(found))
    }

    /// The same of many texts on so many threads (0: one a core), in order.
    fn analyse_all(
        &self,
        py: Python<'_>,
        texts: Vec<PyBackedStr>,
        threads: usize,
        stop: &Stop,
    ) -> PyResult<Vec<(Doc, String)>> {
        let threads = bounds::threads(threads).map_err(|fault| fault.into_py(py))?;
        let rust = Arc::clone(&self.rust);
        let (found, texts) = doorway::long(
            py,
            stop,
            |_| Ok(()),
            move || {
                // A pool of its own: rayon's global one does not live on in a forked process.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let pool =
                    pool.map_err(|error| Fault::Wrong(format!("threads={threads}: {error}")))?;
                let found = pool.install(|| rust.analyse_all(&texts))?;
                Ok::<_, Fault>((found, texts))
            },
        )?;
        drop(texts);
        Ok(found.into_iter().map(|found| self.shown(found)).collect())
    }
}

impl Analyser {
    fn shown(&self, found: rust::Analysis) -> (Doc, String) {
        let mut layers = found.layers.to_json();
        let text = found.doc.text();
        let offsets = Offsets::of(text);
        for (name, layer) in layers.as_object_mut().into_iter().flatten() {
            if !self.own.contains(name) {
                offsets.of_json(text, layer);
            }
        }
        (Doc::new(found.doc), layers.to_string())
    }
}
