//! `botsmith bot` and `nb` where it matters whom one can believe: what a cartridge is said to do before it is
//! trusted (`trust.rs`), whom an override keeps it from (`moved.rs`), what is kept and what is told of it
//! (`kept.rs`). The real binary, servers of this machine.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../bots/server.rs"]
mod server;

mod kept;
mod moved;
mod trust;
