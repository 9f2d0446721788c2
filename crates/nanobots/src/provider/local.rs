//! Provider `local`: a model in this process, on the engine of `botsmith-core`.
//!
//! `settings.model` names it: a folder or a `.gguf` file (from the cartridge's folder on), or
//! `hf:org/name`. Settings are ollama's (`settings.options`, `settings.format`), so that a cartridge
//! written for it runs here. Weights are read when the first question comes, once for all bots of the
//! process that name the same model in the same way, and stay while any of those bots is there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use botsmith_core::chat::{
    BoxFuture, Call, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass, ModelError,
    ModelInfo, OutputFormat, collect,
};
use botsmith_core::config::Environment;
use botsmith_core::engine::{Device, EngineError, Library, LoadOptions, LocalModel, ModelFiles};
use botsmith_core::score::{ScoreRequest, Scorer, Scores};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};

use super::{OpenOptions, ProviderConfig, ProviderKind, sampling};
use crate::bot::off_thread;

/// A model that is read when it is first asked.
#[derive(Debug)]
pub(super) struct Local {
    info: ModelInfo,
    files: ModelFiles,
    load: LoadOptions,
    /// Settings in ollama's words, without those about loading.
    settings: Map<String, Value>,
    output: OutputFormat,
    model: Arc<Shared>,
}

/// A model that several bots use.
type Shared = Mutex<Option<LocalModel>>;

/// What tells two models apart: files, device, memory for keys and values, context.
type Key = (PathBuf, String, Option<u64>, Option<usize>);

/// Models that go when the last bot that uses them does.
type Models = Vec<(Key, Weak<Shared>)>;

/// The models of this process that some bot uses.
static MODELS: OnceLock<Mutex<Models>> = OnceLock::new();

fn shared(key: Key) -> Arc<Shared> {
    let models = MODELS.get_or_init(Mutex::default);
    let mut models = models.lock().unwrap_or_else(PoisonError::into_inner);
    models.retain(|(_, model)| model.strong_count() > 0);
    let known = models.iter().find(|(known, _)| *known == key);
    if let Some(model) = known.and_then(|(_, model)| model.upgrade()) {
        return model;
    }
    let model = Arc::new(Shared::default());
    models.push((key, Arc::downgrade(&model)));
    model
}

fn wrong(message: impl Into<String>) -> ModelError {
    ModelError::new(ErrorClass::Load, "local", message)
}

impl Local {
    /// Finds the model's files and reads what they say of it, but no weights.
    pub(super) fn open(config: &ProviderConfig, options: &OpenOptions) -> Result<Self, ModelError> {
        let name = config.model().ok_or_else(|| {
            wrong("`provider.settings.model` is missing")
                .hint("name a folder, a `.gguf` file, or `hf:org/name`")
        })?;
        let environment = Environment::of_process().map_err(|error| wrong(error.to_string()))?;
        let mut library = Library::new(&environment);
        if !options.folder.as_os_str().is_empty() {
            library.here.clone_from(&options.folder);
        }
        let files = name
            .parse()
            .and_then(|name| library.open(&name))
            .map_err(EngineError::into_model_error)?;
        let mut info = LocalModel::describe(&files).map_err(EngineError::into_model_error)?;
        name.clone_into(&mut info.model);
        let mut load = LoadOptions::default();
        let text = |key: &str| config.option(key).and_then(Value::as_str);
        if let Some(device) = text("device") {
            load.device = device
                .parse::<Device>()
                .map_err(EngineError::into_model_error)?;
        }
        load.kv_bytes = config.option("kv-bytes").and_then(Value::as_u64);
        let mut settings = config.sent_settings();
        let context = settings
            .get("options")
            .and_then(|options| options.get("num_ctx"));
        load.context = context
            .and_then(Value::as_u64)
            .and_then(|tokens| usize::try_from(tokens).ok());
        for key in ["model", "stream", "messages", "tools", "format"] {
            settings.remove(key);
        }
        let path = std::fs::canonicalize(&files.path).unwrap_or_else(|_| files.path.clone());
        let key = (path, load.device.to_string(), load.kv_bytes, load.context);
        Ok(Self {
            output: sampling::output(ProviderKind::Local, config.settings()),
            model: shared(key),
            info,
            files,
            load,
            settings,
        })
    }

    /// The model, read if nobody has done so yet.
    async fn loaded(&self, call: &Call) -> Result<LocalModel, ModelError> {
        let (slot, files, mut load) = (
            Arc::clone(&self.model),
            self.files.clone(),
            self.load.clone(),
        );
        load.cancel = call.cancel.clone();
        let read = move || -> Result<LocalModel, EngineError> {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(model) = slot.as_ref() {
                return Ok(model.clone());
            }
            let model = LocalModel::load_files(&files, &load)?;
            *slot = Some(model.clone());
            Ok(model)
        };
        off_thread(read)
            .await
            .map_err(EngineError::into_model_error)
    }

    /// The request with the cartridge's settings; its own win.
    fn request(&self, request: &ChatRequest) -> ChatRequest {
        let mut request = request.clone();
        let own = std::mem::replace(&mut request.native, self.settings.clone());
        super::settings::merge(&mut request.native, &own);
        if let Some(format) = request.native.remove("format") {
            let only = Map::from_iter([("format".to_owned(), format)]);
            request.output = sampling::output(ProviderKind::Local, &only);
        } else if request.output.is_text() {
            request.output.clone_from(&self.output);
        }
        request
    }

    fn named(&self, mut response: ChatResponse) -> ChatResponse {
        response.model.clone_from(&self.info.model);
        response
    }
}

impl Scorer for Local {
    fn score<'a>(
        &'a self,
        requests: &'a [ScoreRequest],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Vec<Scores>, ModelError>> {
        Box::pin(async move {
            let model = self.loaded(call).await?;
            model.score(requests, call).await
        })
    }
}

impl ChatModel for Local {
    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(collect(self.stream(request, call)))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        let request = self.request(request);
        let begun = async move {
            let model = self.loaded(call).await?;
            model
                .begin_chat(&request, call)
                .map_err(EngineError::into_model_error)
        };
        let events = futures_util::stream::once(begun).flat_map(|begun| match begun {
            Ok(events) => events.left_stream(),
            Err(error) => futures_util::stream::iter([Err(error)]).right_stream(),
        });
        Box::pin(events.map(|event| match event {
            Ok(botsmith_core::chat::ChatEvent::Done(response)) => Ok(
                botsmith_core::chat::ChatEvent::Done(Box::new(self.named(*response))),
            ),
            other => other,
        }))
    }
}
