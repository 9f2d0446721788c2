//! Sessions, and answers as they come.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use botsmith::core::chat::Call;
use botsmith::nanobots::interface::Mode;
use botsmith::nanobots::session::{Observer, Piece, Quiet};
use botsmith::nanobots::{Bot, Session as Kept, SessionOptions};
use pyo3::prelude::*;
use serde_json::json;
use tokio::sync::Mutex as Turns;

use super::{call, waited};
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::store::Store;

/// How often a reader of a stream looks for signals.
const TICK: Duration = Duration::from_millis(100);

/// A conversation with a bot. One turn at a time: a second caller waits, no longer than its call says. A turn that
/// panicked is gone back from before the next one.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Session(Arc<Turns<Kept>>);

impl Session {
    pub(super) fn open(
        bot: &Bot,
        key: Option<String>,
        user: Option<String>,
        store: Option<&Store>,
    ) -> Result<Self, Fault> {
        let mut options = match key {
            Some(key) => SessionOptions::named(key),
            None => SessionOptions::default(),
        };
        options.user = user;
        if let Some(store) = store {
            options = options.store(store.open()?);
        }
        Ok(Self(Arc::new(Turns::new(bot.session(options)?))))
    }
}

#[pymethods]
impl Session {
    /// One turn; gives output and turn as JSON.
    #[pyo3(signature = (input, stop, timeout=None))]
    fn ask(
        &self,
        py: Python<'_>,
        input: String,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<String> {
        let call = call(stop, timeout)?;
        let session = Arc::clone(&self.0);
        doorway::long(
            py,
            stop,
            |_| Ok(()),
            move || turn(&session, &input, &mut Quiet, &call),
        )
    }

    /// One turn, piece by piece.
    #[pyo3(signature = (input, stop, timeout=None))]
    fn stream(&self, input: String, stop: &Stop, timeout: Option<f64>) -> PyResult<Stream> {
        let call = call(stop, timeout)?;
        Stream::begin(Arc::clone(&self.0), input, call, stop.clone())
    }

    /// What was said so far, as JSON.
    fn history_json(&self, py: Python<'_>) -> PyResult<String> {
        let session = Arc::clone(&self.0);
        doorway::apart(py, move || {
            let session = session.blocking_lock();
            Ok::<_, Fault>(serde_json::to_string(session.history())?)
        })
    }

    /// Forgets everything, in the store too.
    fn forget(&self, py: Python<'_>) -> PyResult<()> {
        let session = Arc::clone(&self.0);
        doorway::apart(py, move || {
            waited(session.blocking_lock().forget(), &Call::default())
        })
    }
}

/// One turn, once those before it are done; the call's time counts from now.
fn turn(
    session: &Turns<Kept>,
    input: &str,
    observer: &mut dyn Observer,
    call: &Call,
) -> Result<String, Fault> {
    let work = async {
        let mut session = session.lock().await;
        session.eval(input, Mode::Eval, observer, call).await
    };
    let reply = waited(work, call)?;
    Ok(json!({"output": reply.output, "turn": reply.turn}).to_string())
}

enum Part {
    Text(String),
    Done(Result<String, Fault>),
}

/// An answer as it comes: an iterator of texts. Dropping it stops the bot.
#[pyclass(frozen, module = "botsmith._native")]
pub(crate) struct Stream {
    parts: Mutex<Option<Receiver<Part>>>,
    reply: OnceLock<String>,
    stop: Stop,
}

impl Stream {
    fn begin(session: Arc<Turns<Kept>>, input: String, call: Call, stop: Stop) -> PyResult<Self> {
        let (sender, receiver) = channel();
        std::thread::Builder::new()
            .name("botsmith".into())
            .spawn(move || {
                let pieces = sender.clone();
                let mut observer = move |piece: &Piece<'_>| {
                    if let Some(text) = piece.fragment.filter(|text| !text.is_empty()) {
                        // The reader may have gone.
                        let _ = pieces.send(Part::Text(text.to_owned()));
                    }
                };
                let done = doorway::caught(|| turn(&session, &input, &mut observer, &call));
                let _ = sender.send(Part::Done(done));
            })?;
        Ok(Self {
            parts: Mutex::new(Some(receiver)),
            reply: OnceLock::new(),
            stop,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.set();
    }
}

#[pymethods]
impl Stream {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        loop {
            let next = py.detach(|| {
                let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(parts) = &*parts else {
                    return Err(RecvTimeoutError::Disconnected);
                };
                parts.recv_timeout(TICK)
            });
            match next {
                Ok(Part::Text(text)) => return Ok(Some(text)),
                Ok(Part::Done(done)) => {
                    self.end();
                    let reply = done.map_err(|fault| fault.into_py(py))?;
                    // There is one end.
                    let _ = self.reply.set(reply);
                    return Ok(None);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => py.check_signals().inspect_err(|_| {
                    self.stop.set();
                    self.end();
                })?,
            }
        }
    }

    /// Stops the bot; what has come stays.
    fn close(&self) {
        self.stop.set();
        self.end();
    }

    /// The whole turn as JSON, once the stream is at its end.
    #[getter]
    fn reply_json(&self) -> Option<&str> {
        self.reply.get().map(String::as_str)
    }
}

impl Stream {
    fn end(&self) {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}
