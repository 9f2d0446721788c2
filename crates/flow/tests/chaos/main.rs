//! What chaos stands on: its checker, tried on stores that break the contract (`broken.rs`), and worker processes that
//! lose their network (`cut_off.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and says why a case is skipped"
)]

mod broken;
#[path = "../../examples/chaos/main.rs"]
#[allow(dead_code, reason = "the program uses the rest")]
mod chaos;
#[cfg(unix)]
mod cut_off;
