//! Python callables that Rust calls: one text in, one text out, both JSON where they have structure. What
//! a callable may be and give is settled in Python (`botsmith._callables`).
//!
//! What may take long ([`Callback::ask`]) runs on a thread that Python made: such threads end with the
//! interpreter, while one of Rust that comes back into an interpreter that is gone would end the process.
//! Short calls ([`Callback::call`]) run where they are; the interpreter waits for them before it goes
//! ([`leave`]).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::sync::{mpsc, oneshot};

/// Calls of Python that are going on on threads of Rust.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// Whether the interpreter is about to go.
static LEAVING: AtomicBool = AtomicBool::new(false);
/// How long the interpreter waits for calls that are going on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Called before the interpreter goes: no new calls begin, those that are going on end.
#[pyfunction]
pub(crate) fn leave(py: Python<'_>) {
    LEAVING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let begun = Instant::now();
        while INSIDE.load(Ordering::SeqCst) > 0 && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

/// Does something with the interpreter, unless it is about to go.
pub(crate) fn inside<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    struct Count;
    impl Drop for Count {
        fn drop(&mut self) {
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let _count = Count;
    match LEAVING.load(Ordering::SeqCst) {
        true => None,
        false => Python::try_attach(work),
    }
}

/// A callable of one text that gives a text. Any thread may call it.
#[derive(Clone, Debug)]
pub(crate) struct Callback(Arc<Py<PyAny>>);

/// Why a call of Python gave nothing.
#[derive(Clone, Debug)]
pub(crate) struct Raised {
    /// The exception's class, such as `TimeoutError`.
    pub(crate) kind: String,
    /// Class and words.
    pub(crate) words: String,
}

impl Callback {
    pub(crate) fn new(callable: Py<PyAny>) -> Self {
        Self(Arc::new(callable))
    }

    /// Calls it on this thread.
    pub(crate) fn call(&self, argument: &str) -> Result<String, Raised> {
        let called = inside(|py| {
            let given = self.0.bind(py).call1((argument,));
            given
                .and_then(|text| text.extract::<String>())
                .map_err(|error| raised(py, &error))
        });
        called.unwrap_or_else(|| Err(Raised::gone()))
    }

    /// Calls it on a thread of Python, and waits for it without holding up others. One that gives its text in pieces
    /// leaves each in `pieces` as it comes.
    pub(crate) async fn ask(
        &self,
        argument: String,
        pieces: Option<mpsc::UnboundedSender<String>>,
    ) -> Result<String, Raised> {
        let (sender, receiver) = oneshot::channel();
        let callback = self.clone();
        let begin = move || {
            let answered = Answered(Mutex::new(Some(sender)));
            let begun = inside(|py| {
                let start = py.import("botsmith._threads")?.getattr("start")?;
                let pieces = pieces.map(Pieces);
                start
                    .call1((callback.0.bind(py), argument, answered, pieces))
                    .map(drop)
            });
            match begun {
                Some(Ok(())) => Ok(()),
                Some(Err(error)) => {
                    Err(inside(|py| raised(py, &error)).unwrap_or_else(Raised::gone))
                }
                None => Err(Raised::gone()),
            }
        };
        // Waiting for the interpreter holds up no other bot.
        let begun = tokio::task::spawn_blocking(begin).await;
        begun.unwrap_or_else(|_| Err(Raised::gone()))?;
        receiver.await.unwrap_or_else(|_| Err(Raised::gone()))
    }
}

/// What a thread of Python calls with what came of a call: a text, or an exception's class and words.
#[pyclass(frozen, module = "botsmith._native")]
pub(crate) struct Answered(Mutex<Option<oneshot::Sender<Result<String, Raised>>>>);

#[pymethods]
impl Answered {
    fn __call__(&self, text: Option<String>, kind: String, words: String) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waits any more where the call was stopped.
            let _ = sender.send(text.ok_or_else(|| Raised::of(kind, &words)));
        }
    }
}

/// What a thread of Python calls with each piece of a text.
#[pyclass(frozen, module = "botsmith._native")]
pub(crate) struct Pieces(mpsc::UnboundedSender<String>);

#[pymethods]
impl Pieces {
    /// Hands a piece on; whether more are wanted.
    fn __call__(&self, text: String) -> bool {
        self.0.send(text).is_ok()
    }
}

impl Raised {
    fn of(kind: String, value: &str) -> Self {
        let words = match value.is_empty() {
            true => kind.clone(),
            false => format!("{kind}: {value}"),
        };
        Self { kind, words }
    }

    /// There is no interpreter any more.
    fn gone() -> Self {
        Self::of("SystemExit".into(), "the interpreter is shutting down")
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Callback {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.is_callable() {
            true => Ok(Self::new(object.to_owned().unbind())),
            false => Err(pyo3::exceptions::PyTypeError::new_err(
                "a callable is wanted",
            )),
        }
    }
}

fn raised(py: Python<'_>, error: &PyErr) -> Raised {
    let kind = error.get_type(py).name();
    let kind = kind.map_or_else(|_| "Exception".to_owned(), |name| name.to_string());
    Raised::of(kind, &error.value(py).to_string())
}
