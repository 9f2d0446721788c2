//! Providers against a server on this machine that speaks each vendor's real wire format.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod account;
mod answers;
mod bodies;
mod calls;
mod errors;
mod override_;
mod secrets;
mod server;
mod streams;
mod vendors;
