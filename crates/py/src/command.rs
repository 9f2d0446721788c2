//! The command line as a function, and log records on their way to Python's `logging`.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::doorway;
use crate::fault::Fault;

/// Runs `botsmith` with these arguments, the program's name first, and gives the exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, args: Vec<OsString>) -> PyResult<u8> {
    doorway::quick(py, || Ok::<_, Fault>(botsmith::cli::run(args)))
}

/// From now on log records of Rust go to Python's `logging`, under the names of their modules with
/// dots (`botsmith_eval.run`). A second call does nothing.
#[pyfunction]
pub(crate) fn forward_log(py: Python<'_>) -> PyResult<()> {
    let logger = pyo3_log::Logger::new(py, pyo3_log::Caching::LoggersAndLevels)?;
    // Another extension of the same process has been there first: then its logger has the records.
    drop(logger.install());
    Ok(())
}
