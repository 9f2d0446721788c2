//! The local engine as a library of its own, for NVIDIA GPUs: `libbotsmith_cuda.so`.
//!
//! Built with the feature `cuda` (`scripts/build-cuda`), and opened by a Botsmith that was built without it: see
//! `botsmith_core::engine::Accelerator`. It has one symbol, which hands out a table of functions.

#![allow(
    unsafe_code,
    reason = "a library has to give its symbol a name of its own"
)]

use botsmith_core::engine::{TABLE, Table};

/// What the library can do.
#[unsafe(no_mangle)]
pub extern "C" fn botsmith_engine() -> *const Table {
    &raw const TABLE
}
