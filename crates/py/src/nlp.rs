//! Pipelines and documents. Offsets are code points here; see [`crate::offsets`].

mod analyser;
mod doc;
mod groups;

use std::path::PathBuf;
use std::sync::Arc;

use botsmith::nlp::{self as rust, Given};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::bounds;
use crate::doorway::{self, Stop};
use crate::fault::Fault;

pub(crate) use analyser::Analyser;
pub(crate) use doc::{
    Doc, Sentence, Token, Word, from_bytes, from_conllu, from_json, nlp_evaluate,
};
pub(crate) use groups::verbs;

/// Bytes of text that are read at once on the caller's thread; more get one of their own.
const QUICK: usize = 1 << 15;

/// Annotates texts of one language. Any number of threads may call it.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Pipeline {
    rust: Arc<rust::Pipeline>,
    /// The model file; `None`: the English one inside.
    path: Option<PathBuf>,
}

#[pymethods]
impl Pipeline {
    /// The English pipeline, or one over a model file.
    #[new]
    #[pyo3(signature = (path=None))]
    fn new(py: Python<'_>, path: Option<PathBuf>) -> PyResult<Self> {
        let from = path.clone();
        let load = move || match from {
            Some(path) => rust::Pipeline::load(path),
            None => rust::Pipeline::english(),
        };
        let rust = Arc::new(doorway::apart(py, load)?);
        Ok(Self { rust, path })
    }

    /// The model file; none for the English model inside.
    #[getter]
    fn path(&self) -> Option<String> {
        let path = self.path.as_ref()?;
        Some(path.display().to_string())
    }

    /// What the model says of itself, as JSON.
    fn info_json(&self) -> String {
        serde_json::to_string(&self.rust.model().info()).unwrap_or_default()
    }

    /// Annotates one text.
    fn annotate(&self, py: Python<'_>, text: PyBackedStr, given: &str) -> PyResult<Doc> {
        let given = known(given)?;
        let rust = Arc::clone(&self.rust);
        let quickly = text.len() < QUICK;
        // The text goes back to the caller's thread, which has the interpreter that it is of.
        let work = move || rust.annotate_given(&*text, given).map(|doc| (doc, text));
        let (doc, _text) = doorway::by_size(py, quickly, work)?;
        Ok(Doc::new(doc))
    }

    /// Annotates many texts on so many threads (0: one a core), in order.
    fn annotate_all(
        &self,
        py: Python<'_>,
        texts: Vec<PyBackedStr>,
        given: &str,
        threads: usize,
        stop: &Stop,
    ) -> PyResult<Vec<Doc>> {
        let given = known(given)?;
        let threads = bounds::threads(threads).map_err(|fault| fault.into_py(py))?;
        let rust = Arc::clone(&self.rust);
        let until = stop.clone();
        // Texts go back to the caller's thread, which has the interpreter that they are of.
        let (docs, texts) = doorway::long(
            py,
            stop,
            |_| Ok(()),
            move || {
                let docs = all(&rust, &texts, given, threads, &until)?;
                Ok::<_, Fault>((docs, texts))
            },
        )?;
        drop(texts);
        Ok(docs.into_iter().map(Doc::new).collect())
    }

    /// Tags and lemmas anew; sentences, tokens and words stay.
    fn retag(&self, py: Python<'_>, doc: &Doc) -> PyResult<Doc> {
        let (rust, doc) = (Arc::clone(&self.rust), doc.clone());
        let doc = doorway::apart(py, move || rust.retag(doc.rust()))?;
        Ok(Doc::new(doc))
    }
}

fn known(given: &str) -> PyResult<Given> {
    match given {
        "nothing" => Ok(Given::Nothing),
        "sentences" => Ok(Given::Sentences),
        "tokens" => Ok(Given::Tokens),
        other => Err(PyValueError::new_err(format!(
            "given={other:?}: \"nothing\", \"sentences\" or \"tokens\" is wanted"
        ))),
    }
}

fn all(
    rust: &rust::Pipeline,
    texts: &[PyBackedStr],
    given: Given,
    threads: usize,
    stop: &Stop,
) -> Result<Vec<rust::Doc>, Fault> {
    use rayon::prelude::*;

    let one = |text: &PyBackedStr| {
        if stop.flag().load(std::sync::atomic::Ordering::Relaxed) {
            return Err(botsmith::eval::Error::Interrupted.into());
        }
        rust.annotate_given(&**text, given).map_err(Fault::from)
    };
    if threads == 1 || texts.len() < 2 {
        return texts.iter().map(one).collect();
    }
    // A pool of its own: rayon's global one does not live on in a forked process.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Fault::Wrong(format!("threads={threads}: {error}")))?;
    pool.install(|| texts.par_iter().map(one).collect())
}
