//! A store of runs and sessions, which can be closed.

use std::sync::{Arc, Mutex, PoisonError};

use botsmith::core::Error;
use botsmith::core::config::{Config, Disk, Environment, Overrides};
use botsmith::core::store::{self, StateStore};
use pyo3::prelude::*;

use crate::doorway;
use crate::fault::Fault;

/// Where runs and sessions are kept. Shared by all that was made with it.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Clone, Debug)]
pub(crate) struct Store {
    url: String,
    open: Arc<Mutex<Option<Arc<dyn StateStore>>>>,
}

#[pymethods]
impl Store {
    /// Opens `url`, and makes it where it is missing; without one, the store of the configuration.
    #[new]
    #[pyo3(signature = (url=None))]
    fn new(py: Python<'_>, url: Option<String>) -> PyResult<Self> {
        doorway::apart(py, move || {
            let url = match url {
                Some(url) => url,
                None => configured()?,
            };
            let open = store::open(&url)?;
            Ok::<_, Fault>(Self {
                url,
                open: Arc::new(Mutex::new(Some(open))),
            })
        })
    }

    /// Its URL.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    /// Lets go of it; what is at work finishes first.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let held = self.lock().take();
        doorway::apart(py, move || {
            drop(held);
            Ok::<_, Fault>(())
        })
    }
}

impl Store {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn StateStore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store, if it was not closed.
    pub(crate) fn open(&self) -> Result<Arc<dyn StateStore>, Fault> {
        let open = self.lock().clone();
        open.ok_or_else(|| {
            let reason = "it was closed; open it again".into();
            Error::StoreOpen {
                url: self.url.clone(),
                reason,
            }
            .into()
        })
    }
}

fn configured() -> Result<String, Fault> {
    let environment = Environment::of_process().map_err(|source| Error::Read {
        path: ".".into(),
        source,
    })?;
    let config = Config::load(&environment, &Disk, &Overrides::default())?;
    Ok(config.store.value.as_str().to_owned())
}
