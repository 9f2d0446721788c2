//! The command line as a function, and log records on their way to Python's `logging`.

use std::ffi::OsString;

use log::{LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

use crate::callback;
use crate::doorway;
use crate::fault::Fault;

/// How the targets of our crates begin, and what they begin with in Python, where all are below one logger.
const OURS: (&str, &str) = ("botsmith_", "botsmith::");
/// Modules that make spans, which are for traces: as records they would say again what others say.
const SPANS: [&str; 2] = [
    "botsmith::eval::ask::traced",
    "botsmith::flow::worker::attempt",
];

/// Runs `botsmith` with these arguments, the program's name first, and gives the exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, args: Vec<OsString>) -> PyResult<u8> {
    doorway::quick(py, || Ok::<_, Fault>(botsmith::cli::run(args)))
}

/// Hands records on while there is an interpreter. Whoever logs has let go of it.
struct Forward(pyo3_log::Logger);

impl Log for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The filters are over Python's names, which only a record is given.
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        let ours = record.target().strip_prefix(OURS.0);
        let target = match ours {
            Some(rest) => format!("{}{rest}", OURS.1),
            None => record.target().to_owned(),
        };
        let metadata = Metadata::builder()
            .level(record.level())
            .target(&target)
            .build();
        if self.0.enabled(&metadata) {
            let mut builder = Record::builder();
            builder.metadata(metadata).file(record.file());
            builder
                .module_path(record.module_path())
                .line(record.line());
            callback::inside(|_| self.0.log(&builder.args(*record.args()).build()));
        }
    }

    fn flush(&self) {}
}

/// From now on log records of Rust go to Python's `logging`, under the names of their modules with dots
/// (`botsmith.eval.run`): ours down to `DEBUG`, of other crates warnings and errors. A second call does nothing.
#[pyfunction]
pub(crate) fn forward_log(py: Python<'_>) -> PyResult<()> {
    // Levels are asked for each time: a program may set them whenever it likes.
    let logger = pyo3_log::Logger::new(py, pyo3_log::Caching::Loggers)?.filter(LevelFilter::Warn);
    let logger = logger.filter_target("botsmith".to_owned(), LevelFilter::Debug);
    let logger = SPANS.iter().fold(logger, |logger, module| {
        logger.filter_target((*module).to_owned(), LevelFilter::Off)
    });
    // Another extension of the same process may have been there first: then its logger has the records.
    if log::set_boxed_logger(Box::new(Forward(logger))).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
    Ok(())
}
