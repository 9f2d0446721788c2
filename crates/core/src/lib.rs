//! What every Botsmith crate stands on: errors that help, YAML with positions, configuration,
//! and the stores that keep state.
//!
//! - [`Error`] and [`Diagnostic`]: every error about a file names the file, line, column, field,
//!   what was found, what was wanted, and the nearest valid word.
//! - [`yaml`]: YAML 1.2 read into a tree whose every node knows where it stands.
//! - [`chat`]: messages, requests, responses, and the trait of every model that answers.
//! - [`score`]: how likely a model finds given texts.
//! - [`config`]: defaults < `botsmith.yaml` < environment < flags.
//! - `schema` (feature `schema`): values held against a JSON Schema.
//! - `template` (feature `template`): templates of strangers, bounded in steps and bytes.
//! - [`audit`]: who changed what, in a log that shows every change of itself.
//! - [`store`]: one [`StateStore`](store::StateStore) trait; memory, SQLite and Redis behind it.
//!
//! - `static_embeddings` (feature `static-embeddings`): vectors of texts from a table of token vectors, with an
//!   English table inside.
//! - `engine` (feature `engine`): models on Candle: weights, tokenizers, encoders, embeddings.
//!
//! Without features this crate compiles no SQLite and no async runtime.

#![deny(unsafe_code)]

pub mod audit;
pub mod chat;
pub mod config;
pub mod digest;
#[cfg(feature = "engine")]
pub mod engine;
mod error;
pub mod hint;
#[cfg(any(feature = "engine", feature = "template"))]
mod nesting;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(any(feature = "engine", feature = "schema"))]
mod schema_depth;
pub mod score;
pub mod secret;
#[cfg(feature = "static-embeddings")]
pub mod static_embeddings;
pub mod store;
#[cfg(feature = "template")]
pub mod template;
#[cfg(any(feature = "engine", feature = "static-embeddings"))]
mod vectors;
pub mod yaml;

pub use error::{Diagnostic, Error, Result};
pub use secret::SecretString;
#[cfg(any(feature = "engine", feature = "static-embeddings"))]
pub use vectors::{Int8Vectors, Vectors};
