//! The contract of flows, line by line, on every back end; then random histories against a plain
//! model, and workers that race.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says which case it is at or why it is skipped"
)]

mod backends;
mod contract;
mod layout;
mod model;
mod race;
mod remade;
#[path = "../../../core/tests/store/server.rs"]
#[allow(dead_code, reason = "its clusters and sentinels are for others")]
mod server;
mod sizes;
mod turn;
