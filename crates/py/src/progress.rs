//! Progress on its way to Python: the working thread leaves the newest here, and the caller's thread tells it at its
//! next tick, so that work never waits for the interpreter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use botsmith::eval::run::Progress;
use pyo3::prelude::*;

/// The newest progress that nobody was told of yet; its copies are the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Newest(Arc<Mutex<Option<Progress>>>);

impl Newest {
    /// Takes the place of what nobody was told of.
    pub(crate) fn update(&self, progress: Progress) {
        *self.place() = Some(progress);
    }

    /// Tells a listener, if there is one and there is news: cases, share of the data, answers, answers in all, failed,
    /// verdicts of judges.
    pub(crate) fn tell(&self, py: Python<'_>, listener: Option<&Py<PyAny>>) -> PyResult<()> {
        let news = self.place().take();
        let (Some(listener), Some(news)) = (listener, news) else {
            return Ok(());
        };
        let asking = news.asking.unwrap_or_default();
        let seen = (
            news.cases,
            news.fraction,
            asking.answers,
            asking.of,
            asking.failed,
            asking.verdicts,
        );
        listener.call1(py, seen).map(drop)
    }

    fn place(&self) -> MutexGuard<'_, Option<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
