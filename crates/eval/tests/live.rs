//! Suites over bots that are asked, through the library: closures stand for the models.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "live/asking.rs"]
mod asking;
#[path = "live/calibrating.rs"]
mod calibrating;
#[path = "live/common.rs"]
mod common;
#[path = "live/judging.rs"]
mod judging;
#[path = "live/reading.rs"]
mod reading;
#[path = "live/resuming.rs"]
mod resuming;
