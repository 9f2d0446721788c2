//! Models of this machine, with the crate's feature `engine`: decoders, embedders, cross-encoders.
//!
//! Nothing is decided here that the engine of core decides: a class holds a model, a method hands texts over
//! and gives back texts, numbers, or the bytes of a NumPy array. What the classes look like to users is in
//! `python/botsmith/_model.py` and `_encoders.py`, which also say what is missing where a build has no engine.

mod chat;
mod decoder;
mod encoders;

use std::sync::OnceLock;

use botsmith::core;
use botsmith::core::config::Environment;
use botsmith::core::engine::{Library, ModelFiles, ModelRef};

use crate::fault::Fault;

pub(crate) use chat::ChatStream;
pub(crate) use decoder::Model;
pub(crate) use encoders::{CrossEncoder, Embedder};

/// The process that models are in.
static PROCESS: OnceLock<u32> = OnceLock::new();

/// That this process has models' threads. A forked one has not: work would wait for them without end.
fn here() -> Result<(), Fault> {
    match PROCESS.get() {
        Some(process) if *process != std::process::id() => Err(Fault::Forked),
        _ => Ok(()),
    }
}

/// The files of a model by its path or name, in a process that may load it.
fn files(name: &str) -> Result<ModelFiles, Fault> {
    here()?;
    let environment = Environment::of_process().map_err(|source| core::Error::Read {
        path: ".".into(),
        source,
    })?;
    let files = Library::new(&environment).open(&name.parse::<ModelRef>()?)?;
    PROCESS.get_or_init(std::process::id);
    Ok(files)
}
