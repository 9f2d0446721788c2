//! A decoder that is ready to be asked: loaded once, shared by all who ask.
//!
//! [`LocalModel`] puts the parts together: files, tokenizer, chat template, decoder, keys and values,
//! the worker that answers and scores. It answers chats (`local/chat.rs`), scores
//! (`local/score.rs`), and generates from plain tokens. Cloning it shares everything.

mod answering;
mod chat;
mod load;
mod options;
mod score;
mod start;
mod templates;

use std::sync::Arc;

pub use load::LoadOptions;
pub use start::ChatStart;

use self::templates::Templates;
use super::chat_template::ChatTemplate;
use super::error::Result;
use super::generate::{GenerateRequest, Generation};
use super::sampling::SamplingOptions;
use super::schedule::{Context, Worker};
use super::tokenizer::Tokenizer;
use super::tool_calls::ToolFormat;
use crate::chat::{Call, ModelInfo};

/// A model of this machine.
///
/// ```no_run
/// use botsmith_core::chat::Call;
/// use botsmith_core::engine::{GenerateEvent, GenerateRequest, LoadOptions, LocalModel};
/// let model = LocalModel::load("models/Qwen3-0.6B-Q4_K_M.gguf", &LoadOptions::default())?;
/// let request = GenerateRequest {
///     prompt: model.tokenizer().encode("The sky is", true)?,
///     max_tokens: Some(20),
///     ..GenerateRequest::default()
/// };
/// for event in model.generate(request, Call::default())? {
///     if let GenerateEvent::Token { text, .. } = event? {
///         // show it
///     }
/// }
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LocalModel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    info: ModelInfo,
    context: Arc<Context>,
    worker: Worker,
    templates: Templates,
    tools: Option<ToolFormat>,
    /// What `generation_config.json` recommends.
    defaults: SamplingOptions,
}

/// How much of the memory for keys and values is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvUse {
    /// Tokens that fit.
    pub most_tokens: usize,
    /// Tokens whose blocks are there: in use, or remembered.
    pub tokens: usize,
    /// Bytes of the budget.
    pub most_bytes: u64,
    /// Bytes that the blocks take.
    pub bytes: u64,
}

impl LocalModel {
    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.inner.context.tokenizer
    }

    /// The model's chat template, where it has one: that of conversations without tools.
    pub fn chat_template(&self) -> Option<&ChatTemplate> {
        self.inner.templates.of(false)
    }

    /// Tokens that prompt and answer may have together.
    pub fn context(&self) -> usize {
        self.inner.context.limit
    }

    /// What the model's makers recommend; seed 0.
    pub fn recommended(&self) -> &SamplingOptions {
        &self.inner.defaults
    }

    /// Tokens that end an answer.
    pub fn ends(&self) -> &[u32] {
        &self.inner.context.ends
    }

    /// How much of the memory for keys and values is in use.
    pub fn kv(&self) -> KvUse {
        let pool = &self.inner.context.pool;
        let bytes = pool.shape().bytes();
        KvUse {
            most_tokens: pool.most() * super::kv::BLOCK,
            tokens: pool.used() * super::kv::BLOCK,
            most_bytes: pool.most() as u64 * bytes,
            bytes: pool.used() as u64 * bytes,
        }
    }

    /// Forgets the prompts that were read; those under way stay.
    pub fn forget(&self) {
        self.inner.context.pool.forget();
    }

    /// Begins an answer; it is made in the background and stops when the [`Generation`] is dropped.
    ///
    /// # Errors
    /// [`EngineError::Context`](super::EngineError::Context) where it does not fit,
    /// [`EngineError::Setting`](super::EngineError::Setting) and
    /// [`EngineError::Grammar`](super::EngineError::Grammar) for what cannot be met.
    pub fn generate(&self, request: GenerateRequest, call: Call) -> Result<Generation> {
        self.inner.worker.submit(request, call)
    }

    /// The logits after the last token of a text, one for each token there is: for tests and probes.
    ///
    /// # Errors
    /// Those of reading the text.
    pub fn logits(&self, tokens: &[u32], all: bool) -> Result<Vec<Vec<f32>>> {
        let context = &self.inner.context;
        let mut sequence = super::kv::Sequence::default();
        let wanted: Vec<usize> = match all {
            true => (0..tokens.len()).collect(),
            false => tokens.len().checked_sub(1).into_iter().collect(),
        };
        let mut spans = [super::decoder::Span {
            tokens,
            sequence: &mut sequence,
            wanted: &wanted,
        }];
        let logits = context
            .decoder
            .forward(&context.pool, &mut spans, &|| false)?;
        Ok(logits.rows().map(<[f32]>::to_vec).collect())
    }
}
