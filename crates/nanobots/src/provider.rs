//! What answers for a bot: one [`ChatModel`] a provider.
//!
//! A cartridge's `provider:` map -> [`ProviderConfig`] -> [`open`] -> a model. [`ProviderOverride`]
//! puts another provider in its place. This module neither retries nor falls back: the router does.

mod anthropic;
mod assembly;
pub(crate) mod bounds;
mod cohere;
mod command;
mod config;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "used where requests are sent")
)]
mod content;
mod credentials;
mod decode;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "used where requests are sent")
)]
mod failure;
mod google;
#[cfg(feature = "http")]
pub(crate) mod http;
mod http_template;
pub(crate) mod key;
mod kind;
mod limits;
#[cfg(feature = "engine")]
mod local;
mod maritaca;
mod mistral;
mod ollama;
mod openai;
mod own_settings;
mod parameter;
pub(crate) mod pieces;
mod plain;
mod pointers;
mod preview;
pub(crate) mod prompt_tools;
#[cfg(feature = "http")]
mod remote;
mod replace;
mod replay;
mod sampling;
mod script;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "used where requests are sent")
)]
pub(crate) mod secrets;
mod settings;
pub mod sse;
mod streaming;
mod template;
#[cfg(feature = "http")]
mod token;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "used where requests are sent")
)]
mod wait;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "used where requests are sent")
)]
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(not(all(feature = "http", feature = "engine")))]
use botsmith_core::chat::ErrorClass;
use botsmith_core::chat::{ChatModel, ModelError, ToolSpec};
use serde_json::Value;

pub use config::ProviderConfig;
pub use decode::{StreamDecoder, decode_answer};
pub(crate) use google::refused_place;
pub use key::request_key;
pub use kind::ProviderKind;
pub use limits::HttpLimits;
pub use parameter::Parameter;
pub use preview::{RequestPreview, request_body, request_preview};
pub use replace::ProviderOverride;
pub use replay::{ReplayMode, ReplayModel};
pub use script::{Script, ScriptModel};
pub(crate) use secrets::shown_url;
pub use settings::ProviderWarning;
pub use streaming::provider_streams;

/// What a provider may use besides its configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The folder that relative paths of a cartridge start from.
    pub folder: PathBuf,
    /// Whether a cartridge may run programs (provider `command`).
    pub allow_commands: bool,
    /// Limits of providers over HTTP.
    pub http: HttpLimits,
}

impl OpenOptions {
    /// Options of a cartridge in `folder`: no programs, the usual limits.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            ..Self::default()
        }
    }
}

/// A tool's definition in the words of the provider's interface.
pub fn tool_schema(config: &ProviderConfig, tool: &ToolSpec) -> Value {
    wire::tool_schema(config, tool)
}

/// The model behind a configuration. Nothing is sent before it is asked.
///
/// # Errors
/// [`botsmith_core::chat::ErrorClass::Unsupported`] where this build has no such provider; else what
/// the provider finds wrong with its configuration.
pub fn open(
    config: &ProviderConfig,
    options: &OpenOptions,
) -> Result<Arc<dyn ChatModel>, ModelError> {
    match config.kind() {
        #[cfg(feature = "engine")]
        ProviderKind::Local => Ok(Arc::new(local::Local::open(config, options)?)),
        #[cfg(not(feature = "engine"))]
        ProviderKind::Local => Err(ModelError::new(
            ErrorClass::Unsupported,
            "local",
            "this build has no engine that runs models in process",
        )
        .hint("build with feature `engine`, or use a local server: `ollama`, or `openai` with its address")),
        ProviderKind::Script => Ok(Arc::new(ScriptModel::open(config)?)),
        ProviderKind::Replay => Ok(Arc::new(ReplayModel::configured(config, options)?)),
        ProviderKind::Command => Ok(Arc::new(command::Command::open(config, options)?)),
        #[cfg(feature = "http")]
        ProviderKind::Http => Ok(Arc::new(http_template::Endpoint::open(config, options)?)),
        #[cfg(feature = "http")]
        _ => Ok(Arc::new(remote::Remote::open(config, options)?)),
        #[cfg(not(feature = "http"))]
        kind => Err(absent(kind)),
    }
}

/// Whether a configuration names something that could be asked: what its provider can say of its settings
/// without a key, a network or a model.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn usable(config: &ProviderConfig, options: &OpenOptions) -> Result<(), ModelError> {
    match config.kind() {
        // Opening it reads a model.
        ProviderKind::Local => Ok(()),
        ProviderKind::Script
        | ProviderKind::Replay
        | ProviderKind::Command
        | ProviderKind::Http => open(config, options).map(drop),
        _ => {
            #[cfg(feature = "http")]
            if let Some(address) = config.address() {
                http::parsed(config.id(), address)?;
            }
            wire::target(config, config.model(), false).map(drop)
        }
    }
}

#[cfg(not(feature = "http"))]
fn absent(kind: ProviderKind) -> ModelError {
    ModelError::new(
        ErrorClass::Unsupported,
        kind.as_str(),
        "this build has no such provider",
    )
    .hint("build with feature `http`")
}
