//! The local engine against transformers: tiny seeded models and expected values in `models/`, written by
//! `scripts/make-engine-fixtures`.

mod batches;
mod embedders;
mod encoders;
mod gguf_files;
mod gguf_heads;
mod gguf_vectors;
mod hostile;
mod sentences;
mod size;
mod support;
mod tokenizers;
