//! Errors of Rust as exceptions of Python: code, message, path, line, column, field and hint go into an
//! exception that `botsmith._errors.of` picks by the code.

use botsmith::{core, eval, flow, nanobots, nlp};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// Why a call did not do what it should.
#[derive(Debug)]
pub(crate) enum Fault {
    /// One of our errors.
    Known(Box<eval::Error>),
    /// One of workflows.
    Flow(Box<flow::Error>),
    /// Python's own, from a callable.
    Python(PyErr),
    /// Something that is no use of the right kind, in words.
    Wrong(String),
    /// A model in a process that was forked since models were loaded.
    #[cfg(feature = "engine")]
    Forked,
    /// A panic, which is a bug.
    Broken(String),
}

impl From<eval::Error> for Fault {
    fn from(error: eval::Error) -> Self {
        Self::Known(Box::new(error))
    }
}

impl From<core::Error> for Fault {
    fn from(error: core::Error) -> Self {
        eval::Error::from(error).into()
    }
}

#[cfg(feature = "engine")]
impl From<core::engine::EngineError> for Fault {
    fn from(error: core::engine::EngineError) -> Self {
        core::Error::from(error).into()
    }
}

#[cfg(feature = "engine")]
impl From<core::chat::ModelError> for Fault {
    fn from(error: core::chat::ModelError) -> Self {
        nanobots::Error::Model(error).into()
    }
}

impl From<nlp::Error> for Fault {
    fn from(error: nlp::Error) -> Self {
        eval::Error::from(error).into()
    }
}

impl From<nanobots::Error> for Fault {
    fn from(error: nanobots::Error) -> Self {
        eval::Error::from(error).into()
    }
}

impl From<flow::Error> for Fault {
    fn from(error: flow::Error) -> Self {
        match error {
            flow::Error::Core(error) => error.into(),
            other => Self::Flow(Box::new(other)),
        }
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

/// What an exception says, in the order of the arguments of `botsmith._errors.of`.
type Facts = (
    &'static str,
    String,
    String,
    Option<String>,
    Option<usize>,
    Option<usize>,
    Option<String>,
    Option<String>,
);

impl Fault {
    /// The exception.
    pub(crate) fn into_py(self, py: Python<'_>) -> PyErr {
        static OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let facts = match self {
            Self::Python(error) => return error,
            Self::Known(error) if matches!(*error, eval::Error::Interrupted) => {
                return pyo3::exceptions::PyKeyboardInterrupt::new_err(error.to_string());
            }
            Self::Known(error) => facts(&error),
            Self::Flow(error) => plain(error.code(), error.to_string()),
            Self::Wrong(words) => return pyo3::exceptions::PyValueError::new_err(words),
            #[cfg(feature = "engine")]
            Self::Forked => {
                let words = "models have threads, which a forked process has not: load models in the new process, \
                             and start it by `spawn` or `forkserver` where this one has loaded some";
                plain("BS-PY-005", words.into())
            }
            Self::Broken(words) => plain("BS-PY-001", format!("a bug in botsmith: {words}")),
        };
        let made = OF
            .get_or_try_init(py, || {
                let module = py.import("botsmith._errors")?;
                Ok::<_, PyErr>(module.getattr("of")?.unbind())
            })
            .and_then(|of| of.bind(py).call1(facts));
        match made {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    }
}

fn plain(code: &'static str, message: String) -> Facts {
    (code, message.clone(), message, None, None, None, None, None)
}

fn facts(error: &eval::Error) -> Facts {
    let core = match error {
        eval::Error::Core(core) | eval::Error::Bot(nanobots::Error::Core(core)) => Some(core),
        _ => None,
    };
    let text = error.to_string();
    let mut facts = plain(error.code(), text);
    if let Some(diagnostic) = core.and_then(core::Error::diagnostic) {
        facts.2.clone_from(&diagnostic.message);
        facts.3 = Some(diagnostic.path.display().to_string());
        facts.4 = Some(diagnostic.line).filter(|line| *line > 0);
        facts.5 = Some(diagnostic.column).filter(|column| *column > 0);
        facts.6.clone_from(&diagnostic.field);
        facts.7.clone_from(&diagnostic.hint);
    }
    if let Some(core::Error::Read { path, .. } | core::Error::Write { path, .. }) = core {
        facts.3 = Some(path.display().to_string());
    }
    #[cfg(feature = "engine")]
    if let Some(core::Error::Engine(error)) = core
        && let Some(path) = error.path()
    {
        facts.3 = Some(path.display().to_string());
    }
    match error {
        eval::Error::NotFound { hint, .. } => facts.7.clone_from(hint),
        eval::Error::Bot(nanobots::Error::Model(model)) => facts.7.clone_from(&model.hint),
        eval::Error::Bot(nanobots::Error::NotFound { query, near, .. }) => {
            facts.3 = Some(query.clone());
            facts.7 = near.as_ref().map(|near| format!("did you mean `{near}`?"));
        }
        eval::Error::Nlp(
            nlp::Error::Model { path, .. } | nlp::Error::ModelVersion { path, .. },
        ) => {
            facts.3 = Some(path.display().to_string());
        }
        _ => {}
    }
    facts
}
