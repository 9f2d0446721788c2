//! Feedback through the library: records, files, work, sessions, standing.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "feedback/common.rs"]
mod common;
#[path = "feedback/estimate.rs"]
mod estimate;
#[path = "feedback/files.rs"]
mod files;
#[path = "feedback/log.rs"]
mod log;
#[path = "feedback/plan.rs"]
mod plan;
#[path = "feedback/session.rs"]
mod session;
#[path = "feedback/standing.rs"]
mod standing;
