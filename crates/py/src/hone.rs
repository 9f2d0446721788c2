//! Honing: an order as JSON in, its story as JSON out.

use std::num::NonZeroUsize;
use std::sync::Arc;

use botsmith::eval::hone::{Means, Order, Story};
use botsmith::eval::suite::Suite;
use botsmith::nanobots::{Allow, Workshop};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::bounds;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::progress::Newest;
use crate::store::Store;

/// What is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    order: Order,
    by: Option<String>,
    /// Whether something is done, not only planned.
    begin: bool,
    threads: usize,
    concurrency: Option<NonZeroUsize>,
    allow_commands: bool,
}

/// Hones a bot, or says what that would be.
#[pyfunction]
#[pyo3(signature = (wanted, store, stop, progress=None))]
pub(crate) fn hone(
    py: Python<'_>,
    wanted: &str,
    store: &Store,
    stop: &Stop,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let wanted: Wanted =
        serde_json::from_str(wanted).map_err(|error| Fault::from(error).into_py(py))?;
    let newest = Newest::default();
    let told = newest.clone();
    let tick = |py: Python<'_>| told.tell(py, progress.as_ref());
    let (until, store) = (stop.clone(), store.clone());
    doorway::long(py, stop, tick, move || {
        let suite = Suite::load(&wanted.order.suite)?;
        let open = store.open()?;
        let allow = Allow::default().commands(wanted.allow_commands);
        let workshop = Workshop::of_process()?
            .allow(allow)
            .store(Arc::clone(&open));
        let by = workshop.by(wanted.by.as_deref(), open.now_ms()?);
        let update = |progress| newest.update(progress);
        let mut means = Means::new(&*open, &workshop);
        means.threads = bounds::threads(wanted.threads)?;
        means.concurrency = wanted.concurrency;
        bounds::concurrency(wanted.concurrency.map_or(0, NonZeroUsize::get))?;
        means.progress = Some(&update);
        means.cancel = Some(until.flag());
        let begin = |_: &Story| wanted.begin;
        let story = wanted
            .order
            .run(suite, (&open, &workshop), means, by, begin)?;
        Ok::<_, Fault>(serde_json::to_string(&story)?)
    })
}
