//! Statistics: reference values, laws, coverage by simulation, and the edges.

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
