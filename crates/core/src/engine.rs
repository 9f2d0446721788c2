//! The local engine: models on Candle, in process, shaped for evaluation (feature `engine`).
//!
//! A [`ModelFiles`] finds the files of a model: a folder of the Hugging Face layout, a `.gguf` or a `.safetensors`
//! file. From it come its [`Config`], its [`Tokenizer`] and its [`Weights`]. Nothing is fetched from a network here,
//! and no file is run: pickled weights are refused.
//!
//! ```no_run
//! use botsmith_core::engine::{Config, Device, ModelFiles, Tokenizer, Weights, memory};
//!
//! let files = ModelFiles::open("models/all-MiniLM-L6-v2")?;
//! let config = Config::open(&files)?;
//! let tokenizer = Tokenizer::open(&files)?;
//! let weights = Weights::open(&files, &Device::Auto.open()?)?;
//! weights.check_memory(memory::free())?;
//! let width = config.count("hidden_size", 1..=65_536)?;
//! let words = weights.embedding("embeddings.word_embeddings", config.count("vocab_size", 1..=1 << 24)?, width)?;
//! let vectors = words.forward(&tokenizer.encode("a question", true)?)?;
//! # Ok::<(), botsmith_core::engine::EngineError>(())
//! ```

mod background;
mod chat_template;
mod classify;
mod config;
mod constraint;
mod decoder;
mod device;
mod embed;
mod encoder;
mod error;
mod files;
mod generate;
pub mod gguf;
mod header;
#[cfg(feature = "hub")]
pub mod hub;
mod kv;
mod library;
mod linear;
mod local;
pub mod memory;
mod norm;
mod ops;
mod plugin;
mod processor;
pub mod safetensors;
mod sampling;
mod schedule;
mod score;
mod stream;
mod tiled;
mod tokenizer;
mod tool_calls;
mod weights;

pub use candle_core::{Device as ComputeDevice, Tensor};

pub use chat_template::{ChatInput, ChatTemplate, TemplateError, messages_as_json, tools_as_json};
pub use classify::{ClassifyOptions, CrossEncoder, Pair};
pub use config::Config;
pub use constraint::{Grammar, MarkedText};
pub use decoder::DECODERS;
pub use device::{Device, Place};
pub use embed::{EmbedOptions, Int8Vectors, Pooling, SentenceEmbedder, TokenVectors, Vectors};
pub use encoder::{ENCODERS, Encoder, Packed};
pub use error::{EngineError, Result};
pub use files::{ModelFiles, WeightFiles};
pub use generate::{GenerateEvent, GenerateRequest, GeneratedToken, Generation};
pub use header::{Entry, Stored};
pub use library::{HubModel, Kept, Library, ModelRef};
pub use linear::{Embedding, Linear};
pub use local::{ChatStart, KvUse, LoadOptions, LocalModel};
pub use norm::Norm;
pub use plugin::{Accelerator, PlaceThere};
#[doc(hidden)]
pub use plugin::{TABLE, Table};
pub use processor::Processor;
pub use sampling::{Candidate, Pick, Sampler, SamplingOptions, TOP_LOGPROBS};
pub use stream::{StopText, TokenText};
pub use tokenizer::{Encoded, Tokenizer};
pub use tool_calls::{ToolFormat, parse_tool_calls};
pub use weights::{Part, Weights};
