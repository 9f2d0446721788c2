//! The async runtime that bots answer on: made when it is first needed, and anew in a forked process,
//! where the threads of the old one are not.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

use crate::fault::Fault;

static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The runtime of this process.
pub(crate) fn runtime() -> Result<Arc<Runtime>, Fault> {
    let mut kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = &*kept
        && *of == process
    {
        return Ok(Arc::clone(runtime));
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("botsmith")
        .enable_all()
        .build()
        .map_err(|error| Fault::Python(error.into()))?;
    let made = Arc::new(made);
    // The parent's threads do not live here: waiting for them would never end.
    std::mem::forget(kept.replace((process, Arc::clone(&made))));
    Ok(made)
}
