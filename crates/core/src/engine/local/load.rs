//! A path -> a model that is ready: its files read, its weights where they compute.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::super::background;
use super::super::config::Config;
use super::super::decoder::{self, Decoder, Shape};
use super::super::device::{Device, Place, device_memory};
use super::super::error::{EngineError, Result};
use super::super::files::ModelFiles;
use super::super::gguf::Gguf;
use super::super::memory;
use super::super::sampling::SamplingOptions;
use super::super::schedule::{Context, Worker};
use super::super::tokenizer::Tokenizer;
use super::super::weights::Weights;
use super::templates::{Sources, Templates};
use super::{Inner, LocalModel};
use crate::chat::{CancelToken, ModelInfo};

/// How a model is loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Where it computes.
    pub device: Device,
    /// Bytes that keys and values may take, those of remembered prompts included; `None`: 1 GiB, or a
    /// quarter of the free memory where that is less; on a GPU a quarter of its free memory. More than is
    /// free beside the weights is refused.
    pub kv_bytes: Option<u64>,
    /// Tokens that prompt and answer may have together; `None`: what the model was trained for. Never
    /// more than that.
    pub context: Option<usize>,
    /// Tokens that one step reads at most.
    pub step: usize,
    /// Answers under way at once, at most.
    pub parallel: usize,
    /// Stops the loading.
    pub cancel: CancelToken,
    /// Whether quantised matrices are put into tiles on a CPU that is fast at them; for tests of the kernels that others
    /// take.
    #[doc(hidden)]
    pub tiles: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            device: Device::Auto,
            kv_bytes: None,
            context: None,
            step: 512,
            parallel: 64,
            cancel: CancelToken::new(),
            tiles: true,
        }
    }
}

/// The budget of keys and values where none is given, in bytes.
const KV_BYTES: u64 = 1 << 30;

impl LocalModel {
    /// Loads the decoder at `path`: a folder, or a `.gguf` file.
    ///
    /// # Errors
    /// Where something is missing, damaged, does not fit together or into memory; the message names
    /// it. [`EngineError::Cancelled`] when `options.cancel` says so.
    pub fn load(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        Self::load_files(&ModelFiles::open(path)?, options)
    }

    /// What a model is and can do, without reading its weights.
    ///
    /// # Errors
    /// As [`LocalModel::load`].
    pub fn describe(files: &ModelFiles) -> Result<ModelInfo> {
        let config = Config::open(files)?;
        decoder::shape(&config)?;
        let tokenizer = Tokenizer::open(files)?;
        Ok(About::read(files, &config, &tokenizer)?.info(files))
    }

    /// Loads the decoder of files that were found already.
    ///
    /// # Errors
    /// As [`LocalModel::load`].
    pub fn load_files(files: &ModelFiles, options: &LoadOptions) -> Result<Self> {
        Self::load_on(files, &options.device.start()?, options)
    }

    /// Loads the decoder of files that were found already where `place` says, whatever `options.device` is.
    ///
    /// # Errors
    /// As [`LocalModel::load`].
    pub fn load_on(files: &ModelFiles, place: &Place, options: &LoadOptions) -> Result<Self> {
        let heads = {
            let (files, cancel) = (files.clone(), options.cancel.clone());
            background::until(&options.cancel, move || Heads::read(&files, &cancel))?
        };
        let Heads {
            shape,
            tokenizer,
            about,
        } = heads;
        let context = options
            .context
            .map_or(shape.context, |wanted| wanted.min(shape.context));
        let decoder = match place {
            Place::Here(device) => {
                let weights = Weights::open(files, device)?
                    .with_cancel(options.cancel.clone())
                    .with_tiles(options.tiles);
                let free = device_memory(device);
                weights.check_memory(free)?;
                memory::check_kv(options.kv_bytes, weights.bytes_needed(), free)?;
                Decoder::load(shape, &weights)?
            }
            Place::There(there) => {
                let stop = || options.cancel.is_cancelled();
                let graph = there.decoder(&files.path, &stop)?;
                let decoder = Decoder::over(shape, graph);
                memory::check_kv(options.kv_bytes, 0, decoder.device_free())?;
                decoder
            }
        };
        // What the weights have left.
        let usual = match decoder.is_host() {
            true => memory::free().map_or(KV_BYTES, |free| KV_BYTES.min(free / 4)),
            // A device is there to be used.
            false => decoder.device_free().map_or(KV_BYTES, |free| free / 4),
        };
        looked(&options.cancel)?;
        let pool = decoder.pool(options.kv_bytes.unwrap_or(usual))?;
        let info = about.info(files);
        let context = Arc::new(Context {
            decoder,
            tokenizer,
            pool,
            limit: context,
            step: options.step.max(1),
            parallel: options.parallel.max(1),
            ends: about.ends.into(),
            grammars: OnceLock::new(),
        });
        Ok(Self {
            inner: Arc::new(Inner {
                info,
                worker: Worker::new(Arc::clone(&context)),
                context,
                tools: about.templates.tool_format(),
                templates: about.templates,
                defaults: about.defaults,
            }),
        })
    }
}

/// All that is read of a model before its weights.
struct Heads {
    shape: Shape,
    tokenizer: Tokenizer,
    about: About,
}

impl Heads {
    fn read(files: &ModelFiles, cancel: &CancelToken) -> Result<Self> {
        let config = Config::open(files)?;
        let shape = decoder::shape(&config)?;
        looked(cancel)?;
        let tokenizer = Tokenizer::open(files)?;
        looked(cancel)?;
        tokenizer.check(shape.vocabulary)?;
        looked(cancel)?;
        let about = About::read(files, &config, &tokenizer)?;
        Ok(Self {
            shape,
            tokenizer,
            about,
        })
    }
}

fn looked(cancel: &CancelToken) -> Result<()> {
    match cancel.is_cancelled() {
        true => Err(EngineError::Cancelled),
        false => Ok(()),
    }
}

/// What a model says of itself beside its weights.
struct About {
    templates: Templates,
    ends: Vec<u32>,
    defaults: SamplingOptions,
}

impl About {
    fn info(&self, files: &ModelFiles) -> ModelInfo {
        let name = files
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let mut info = ModelInfo::new("local", name.unwrap_or_default());
        info.streams = true;
        info.json_schema = true;
        info.consecutive_user = true;
        info.tools = self.templates.tool_format().is_some();
        info
    }

    fn read(files: &ModelFiles, config: &Config, tokenizer: &Tokenizer) -> Result<Self> {
        let generation = files.json("generation_config.json")?.unwrap_or_default();
        let mut ends = ids(generation.get("eos_token_id"));
        if ends.is_empty() {
            ends = ids(config.get("eos_token_id"));
        }
        let (sources, special) = match files.gguf() {
            Some(path) => {
                let gguf = Gguf::open(path)?;
                for key in ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"] {
                    ends.extend(gguf.integer(key).and_then(|id| u32::try_from(id).ok()));
                }
                let token = |key: &str| {
                    let id = config
                        .get(key)?
                        .as_u64()
                        .and_then(|id| u32::try_from(id).ok())?;
                    tokenizer.token(id).map(Value::from)
                };
                let names = [
                    ("bos_token", "bos_token_id"),
                    ("eos_token", "eos_token_id"),
                    ("pad_token", "pad_token_id"),
                ];
                let special = names
                    .into_iter()
                    .filter_map(|(name, key)| Some((name.to_owned(), token(key)?)))
                    .collect();
                (Sources::of_gguf(&gguf), special)
            }
            None => (Sources::of_folder(files)?, Self::special_of_folder(files)?),
        };
        // A model that chats ends its turns with a token that its configuration may not name.
        for (_, text) in special.iter().filter(|(name, _)| *name == "eos_token") {
            ends.extend(text.as_str().and_then(|text| tokenizer.id(text)));
        }
        ends.sort_unstable();
        ends.dedup();
        Ok(Self {
            templates: sources.read(&special)?,
            ends,
            defaults: recommended(&generation),
        })
    }

    /// The special tokens of a folder, by their names.
    fn special_of_folder(files: &ModelFiles) -> Result<Map<String, Value>> {
        let about = files.json("tokenizer_config.json")?.unwrap_or_default();
        let mut special = Map::new();
        for (name, value) in about.as_object().into_iter().flatten() {
            let text = value.as_str().or_else(|| value.get("content")?.as_str());
            if name.ends_with("_token")
                && let Some(text) = text
            {
                special.insert(name.clone(), text.into());
            }
        }
        Ok(special)
    }
}

/// One id, or a list of them.
fn ids(value: Option<&Value>) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The settings of `generation_config.json`; what is out of range is not taken.
fn recommended(generation: &Value) -> SamplingOptions {
    let number = |key: &str| {
        generation
            .get(key)
            .and_then(Value::as_f64)
            .map(|number| number as f32)
    };
    let mut options = SamplingOptions::default();
    if generation.get("do_sample").and_then(Value::as_bool) == Some(true) {
        options.temperature = number("temperature").unwrap_or(1.0);
        options.top_k = generation.get("top_k").and_then(Value::as_u64).unwrap_or(0) as usize;
        options.top_p = number("top_p").unwrap_or(1.0);
        options.min_p = number("min_p").unwrap_or(0.0);
    }
    options.repetition_penalty = number("repetition_penalty").unwrap_or(1.0);
    match options.refusal() {
        None => options,
        Some(_) => SamplingOptions::default(),
    }
}

impl EngineError {
    /// The same as an error of a model that was asked, by class.
    pub fn into_model_error(self) -> crate::chat::ModelError {
        use crate::chat::ErrorClass as Class;
        let class = match &self {
            EngineError::Context { .. } | EngineError::TooLong { .. } => Class::ContextTooLong,
            EngineError::Cancelled => Class::Cancelled,
            EngineError::Deadline => Class::Timeout,
            EngineError::Template(_) | EngineError::Setting(_) | EngineError::Grammar(_) => {
                Class::Request
            }
            EngineError::Compute(_)
            | EngineError::Step(_)
            | EngineError::Panicked { .. }
            | EngineError::KvBudget { .. } => Class::Server,
            _ => Class::Load,
        };
        crate::chat::ModelError::new(class, "local", self.to_string())
    }
}
