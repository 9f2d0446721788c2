//! Decoders against transformers, and the laws of batching, sharing, scoring and answering.
//!
//! The models are tiny, with seeded random weights; `scripts/make-engine-fixtures` writes them and
//! what transformers computes with them.

#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used)]

mod answers;
mod bombs;
mod chats;
mod configs;
mod converter;
mod ends;
mod hostile;
mod laws;
mod models;
mod parity;
mod quantised;
mod sampling;
mod scores;
mod split_files;
mod stops;
mod stored;
mod template_strings;
mod templates;
mod tools;
