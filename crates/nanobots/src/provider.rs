//! What answers for a bot: one [`ChatModel`] a provider.
//!
//! A cartridge's `provider:` map -> [`ProviderConfig`] -> [`open`] -> a model. [`ProviderOverride`]
//! puts another provider in its place. This module neither retries nor falls back: the router does.

pub(crate) mod bounds;
mod config;
mod credentials;
pub(crate) mod key;
mod kind;
mod own_settings;
pub(crate) mod pieces;
mod replace;
mod sampling;
mod script;
mod secrets;
mod settings;
mod template;

use std::path::PathBuf;
use std::sync::Arc;

use botsmith_core::chat::{ChatModel, ErrorClass, ModelError};

pub use config::{ProviderConfig, provider_streams};
pub use key::request_key;
pub use kind::ProviderKind;
pub use replace::ProviderOverride;
pub use script::{Script, ScriptModel};

/// What a provider may use besides its configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The folder that relative paths of a cartridge start from.
    pub folder: PathBuf,
    /// Whether a cartridge may run programs (provider `command`).
    pub allow_commands: bool,
}

/// The model behind a configuration. Nothing is sent before it is asked.
///
/// # Errors
/// [`ErrorClass::Unsupported`] where this build has no such provider; else what the provider finds
/// wrong with its configuration.
pub fn open(
    config: &ProviderConfig,
    options: &OpenOptions,
) -> Result<Arc<dyn ChatModel>, ModelError> {
    let _ = options;
    match config.kind() {
        ProviderKind::Local => Err(ModelError::new(
            ErrorClass::Unsupported,
            "local",
            "this build has no engine that runs models in process",
        )
        .hint("use a local server: `ollama`, or `openai` with its address")),
        ProviderKind::Script => Ok(Arc::new(ScriptModel::open(config)?)),
        ProviderKind::Http | ProviderKind::Command | ProviderKind::Replay => {
            Err(absent(config.kind()))
        }
        kind => Err(absent(kind)),
    }
}

fn absent(kind: ProviderKind) -> ModelError {
    ModelError::new(
        ErrorClass::Unsupported,
        kind.as_str(),
        "this build has no such provider",
    )
}
