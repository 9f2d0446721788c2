//! An engine in a library of its own, opened when it is there: models on a device that this program was built without.
//!
//! Candle links CUDA when a program starts, so a program built with it does not start where CUDA is not. The CUDA engine
//! is therefore a shared library, `libbotsmith_cuda.so` (crate `botsmith-cuda`, `scripts/build-cuda`), with a C interface
//! (`plugin/table.rs`): it keeps weights, keys and values on the device and computes. What is asked and answered,
//! tokenizers, schedules, sampling, stays in the program.
//!
//! It is found by `BOTSMITH_CUDA`, else beside the program, else in `../lib/botsmith` from there: never in the working folder,
//! where a stranger's file may lie. Library and program must be of one version; anything else is an error that says so.

#![allow(
    unsafe_code,
    reason = "a library is opened and called through C; each side checks what it is given"
)]

mod client;
mod serve;
mod table;

pub(crate) use client::RemoteEncoder;
pub use client::{Accelerator, PlaceThere};
#[doc(hidden)]
pub use serve::TABLE;
#[doc(hidden)]
pub use table::Table;
