//! An answer of a model as it is made: an iterator of texts.
//!
//! The model works on threads of its own; the reader looks in for as long as a signal may wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use botsmith::core::chat::{ChatEvent, ChatStream as Pieces, ModelError};
use pyo3::prelude::*;

use crate::doorway::{self, PROMPT};
use crate::fault::Fault;

/// The text of an answer, piece by piece. Dropping it stops the model.
#[pyclass(frozen, module = "botsmith._native")]
pub(crate) struct ChatStream {
    /// `None` once it is at its end.
    pieces: Mutex<Option<Pieces<'static>>>,
    response: OnceLock<String>,
    closed: AtomicBool,
}

impl ChatStream {
    pub(super) fn new(pieces: Pieces<'static>) -> Self {
        Self {
            pieces: Mutex::new(Some(pieces)),
            response: OnceLock::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// The next event, if it comes soon.
    fn look(&self) -> Result<Poll<Option<ChatEvent>>, Fault> {
        super::here()?;
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(under_way) = pieces.as_mut() else {
            return Ok(Poll::Ready(None));
        };
        let event = match soon(under_way, PROMPT.tick) {
            // Another thread closes it, and waits for the lock.
            Poll::Pending if self.closed.load(Ordering::Relaxed) => Poll::Ready(None),
            event => event,
        };
        let Poll::Ready(event) = event else {
            return Ok(Poll::Pending);
        };
        if matches!(event, None | Some(Err(_) | Ok(ChatEvent::Done(_)))) {
            *pieces = None;
        }
        Ok(Poll::Ready(event.transpose()?))
    }

    fn end(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::Relaxed);
        // A reader in another thread holds it while it looks.
        py.detach(|| {
            *self.pieces.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
    }
}

#[pymethods]
impl ChatStream {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        loop {
            match doorway::quick(py, || self.look())? {
                Poll::Pending => py.check_signals().inspect_err(|_| self.end(py))?,
                Poll::Ready(None) => return Ok(None),
                Poll::Ready(Some(ChatEvent::Text(text))) if !text.is_empty() => {
                    return Ok(Some(text));
                }
                Poll::Ready(Some(ChatEvent::Done(response))) => {
                    let json = serde_json::to_string(&response)
                        .map_err(|error| Fault::from(error).into_py(py))?;
                    // There is one end.
                    let _ = self.response.set(json);
                    return Ok(None);
                }
                Poll::Ready(Some(_)) => py.check_signals().inspect_err(|_| self.end(py))?,
            }
        }
    }

    /// Stops the model; what has come stays.
    fn close(&self, py: Python<'_>) {
        self.end(py);
    }

    /// The whole answer as JSON, once the stream is at its end.
    #[getter]
    fn response_json(&self) -> Option<&str> {
        self.response.get().map(String::as_str)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What comes next, if it comes within `most`.
fn soon(
    pieces: &mut Pieces<'static>,
    most: Duration,
) -> Poll<Option<Result<ChatEvent, ModelError>>> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let end = Instant::now() + most;
    loop {
        if let Poll::Ready(event) = pieces.as_mut().poll_next(&mut context) {
            return Poll::Ready(event);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Poll::Pending;
        }
        thread::park_timeout(left);
    }
}
