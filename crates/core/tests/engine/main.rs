//! The local engine against transformers: tiny seeded models and expected values in `models/`, written by
//! `scripts/make-engine-fixtures`.

mod batches;
mod encoders;
mod gguf_files;
mod hostile;
mod sentences;
mod support;
mod tokenizers;
