//! Honing over real files, with bots of provider `script`.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "hone/common.rs"]
mod common;
#[path = "hone/edits.rs"]
mod edits;
#[path = "hone/gates.rs"]
mod gates;
#[path = "hone/gating.rs"]
mod gating;
#[path = "hone/guarding.rs"]
mod guarding;
#[path = "hone/labelling.rs"]
mod labelling;
#[path = "hone/searching.rs"]
mod searching;
#[path = "hone/secrecy.rs"]
mod secrecy;
