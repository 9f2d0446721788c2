//! Statistics: reference values, laws, coverage by simulation, and the edges.

#![allow(
    clippy::unwrap_used,         // a test that finds an error has failed
    clippy::unreadable_literal,  // reference values stay as they were printed
    clippy::needless_for_each,   // one line is easier to read
    clippy::cast_possible_wrap,  // small counts
)]

#[path = "stats/coverage.rs"]
mod coverage;
#[path = "stats/edges.rs"]
mod edges;
#[path = "stats/laws.rs"]
mod laws;
#[path = "stats/power.rs"]
mod power;
#[path = "stats/references.rs"]
mod references;
