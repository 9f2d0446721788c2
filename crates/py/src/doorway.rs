//! The doorway between Python and Rust: the interpreter is let go, panics become exceptions, Ctrl-C is
//! answered.
//!
//! [`quick`] is for work that is done within some milliseconds and runs on the caller's thread.
//! [`long`] is for everything else: the work has a thread of its own while the caller looks for signals
//! ten times a second and tells a listener how far it has come. Work that is stopped has half a second
//! to end by itself; then it is left alone, and the caller gets `KeyboardInterrupt`. [`long_at`] is the same
//! at another [`Pace`], [`apart`] the same for work that nobody else stops: whatever waits for a store, a file or a
//! lock, which may be on the other side of a network that is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use botsmith::core::chat::CancelToken;
use pyo3::prelude::*;

use crate::fault::Fault;

/// How closely a caller watches the work that it waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How often it looks for signals and tells of progress.
    pub(crate) tick: Duration,
    /// How long stopped work may take to end by itself.
    pub(crate) grace: Duration,
}

/// For work that is mostly short.
const USUAL: Pace = Pace {
    tick: Duration::from_millis(100),
    grace: Duration::from_millis(500),
};

/// For models: Ctrl-C is answered within 200 ms, though a step of a large one takes longer.
#[cfg(feature = "engine")]
pub(crate) const PROMPT: Pace = Pace {
    tick: Duration::from_millis(40),
    grace: Duration::from_millis(100),
};

/// Stops work from another thread: `botsmith.aio` sets it where a task is cancelled.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    flag: Arc<AtomicBool>,
    token: CancelToken,
}

#[pymethods]
impl Stop {
    #[new]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Stops the work that was given this.
    pub(crate) fn set(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.token.cancel();
    }

    /// Whether it was set.
    fn is_set(&self) -> bool {
        self.is_stopped()
    }
}

impl Stop {
    /// For work that looks now and then.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Whether the work is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// For work that waits.
    pub(crate) fn token(&self) -> &CancelToken {
        &self.token
    }
}

/// Runs `work` without the interpreter.
pub(crate) fn quick<T: Send, E: Into<Fault> + Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    py.detach(|| caught(work))
        .map_err(|fault| fault.into_py(py))
}

/// Runs `work` without the interpreter on a thread of its own, and looks for signals meanwhile. `tick` is
/// called with the interpreter, ten times a second; its error stops the work as a signal does.
pub(crate) fn long<T: Send + 'static, E: Into<Fault> + 'static>(
    py: Python<'_>,
    stop: &Stop,
    tick: impl Fn(Python<'_>) -> PyResult<()>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    long_at(py, USUAL, stop, tick, work)
}

/// As [`long`], for work that tells of no progress and that only a signal stops.
pub(crate) fn apart<T: Send + 'static, E: Into<Fault> + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    long(py, &Stop::new(), |_| Ok(()), work)
}

/// [`quick`] where there is little to do, [`apart`] where there is much.
pub(crate) fn by_size<T: Send + 'static, E: Into<Fault> + Send + 'static>(
    py: Python<'_>,
    quickly: bool,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    match quickly {
        true => quick(py, work),
        false => apart(py, work),
    }
}

/// As [`long`], at a pace.
pub(crate) fn long_at<T: Send + 'static, E: Into<Fault> + 'static>(
    py: Python<'_>,
    pace: Pace,
    stop: &Stop,
    tick: impl Fn(Python<'_>) -> PyResult<()>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    let (done, mut waiting) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("botsmith".into())
        .spawn(move || {
            // Nobody waits any more where it was stopped.
            let _ = done.send(caught(work));
        })?;
    let mut stopped: Option<(PyErr, Instant)> = None;
    loop {
        let (back, got) = py.detach(move || {
            let got = waiting.recv_timeout(pace.tick);
            (waiting, got)
        });
        waiting = back;
        let gone = matches!(got, Err(RecvTimeoutError::Disconnected));
        match (got, stopped.take()) {
            (Ok(_), Some((error, _))) => return Err(error),
            (Ok(result), None) => return result.map_err(|fault| fault.into_py(py)),
            (Err(_), Some((error, since))) => {
                if gone || since.elapsed() > pace.grace {
                    return Err(error);
                }
                stopped = Some((error, since));
            }
            (Err(_), None) if gone => {
                return Err(Fault::Broken("the working thread is gone".into()).into_py(py));
            }
            (Err(_), None) => {
                if let Err(error) = py.check_signals().and_then(|()| tick(py)) {
                    stop.set();
                    stopped = Some((error, Instant::now()));
                }
            }
        }
    }
}

/// Runs `work`; a panic becomes a fault.
pub(crate) fn caught<T, E: Into<Fault>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Fault::Broken(words.unwrap_or("it panicked").to_owned()))
        }
    }
}
