//! Provider `local`: a model in this process, on the engine of `botsmith-core`.
//!
//! `settings.model` names it: a folder or a `.gguf` file (from the cartridge's folder on), or
//! `hf:org/name`. Settings are ollama's (`settings.options`, `settings.format`), so that a cartridge
//! written for it runs here, and `settings.tool_choice` is `OpenAI`'s. Weights are read when the first question comes, once for all bots of the
//! process that name the same model in the same way, and stay while any of those bots is there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use botsmith_core::chat::{
    BoxFuture, Call, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass, ModelError,
    ModelInfo, OutputFormat, Role, ToolChoice, collect,
};
use botsmith_core::config::Environment;
use botsmith_core::engine::{Device, EngineError, Library, LoadOptions, LocalModel, ModelFiles};
use botsmith_core::hint;
use botsmith_core::score::{ScorePrompt, ScoreRequest, Scorer, Scores};
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

/// What tells two models apart: files, what is in them, device, memory for keys and values, context.
type Key = (PathBuf, String, String, Option<u64>, Option<usize>);

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

/// How many tokens prompt and answer may have together, where the settings say so: ollama's `num_ctx`.
fn context(settings: &Map<String, Value>) -> Result<Option<usize>, ModelError> {
    let options = settings
        .get("options")
        .and_then(|options| options.get("num_ctx"));
    let Some(value) = options.or_else(|| settings.get("num_ctx")) else {
        return Ok(None);
    };
    let tokens = value
        .as_u64()
        .and_then(|tokens| usize::try_from(tokens).ok());
    match tokens.filter(|tokens| *tokens > 0) {
        Some(tokens) => Ok(Some(tokens)),
        None => Err(wrong(format!(
            "`num_ctx` is {}, a whole number from 1 is wanted",
            hint::shown(&value.to_string())
        ))),
    }
}

impl Local {
    /// Finds the model's files and reads what they say of it, and of the weights a look at each.
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
        // Another training under the same name is another model: what was judged or cached of the first is not its.
        let print = files.fingerprint().map_err(EngineError::into_model_error)?;
        let print = print.to_string();
        info.revision = Some(print.clone());
        let mut load = LoadOptions::default();
        let text = |key: &str| config.option(key).and_then(Value::as_str);
        if let Some(device) = text("device") {
            load.device = device
                .parse::<Device>()
                .map_err(EngineError::into_model_error)?;
        }
        load.kv_bytes = config.option("kv-bytes").and_then(Value::as_u64);
        let mut settings = config.sent_settings();
        load.context = context(&settings)?;
        for key in ["model", "stream", "messages", "tools", "format"] {
            settings.remove(key);
        }
        let path = std::fs::canonicalize(&files.path).unwrap_or_else(|_| files.path.clone());
        let device = load.device.to_string();
        let key = (path, print, device, load.kv_bytes, load.context);
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
        let known = self.info.revision.clone();
        let read = move || -> Result<LocalModel, EngineError> {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(model) = slot.as_ref() {
                return Ok(model.clone());
            }
            let model = LocalModel::load_files(&files, &load)?;
            if Some(files.fingerprint()?.to_string()) != known {
                return Err(EngineError::Damaged {
                    path: files.path,
                    reason: "it was replaced after the bot was opened; open the bot again".into(),
                });
            }
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
        let mut settings = self.settings.clone();
        // A cartridge that demands a call wants one, not one after another: once a tool has answered, the model
        // is free. What the request itself says of tools wins.
        let answered = request.messages.last().map(|last| last.role) == Some(Role::Tool)
            && settings.get("tool_choice").and_then(Value::as_str) != Some("none");
        let asked = request.tool_choice != ToolChoice::Auto || request.tools.is_empty();
        if answered || asked {
            settings.remove("tool_choice");
        }
        let own = std::mem::replace(&mut request.native, settings);
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
            let mut requests = requests.to_vec();
            for request in &mut requests {
                if let ScorePrompt::Chat(chat) = &mut request.prompt {
                    **chat = self.request(chat);
                }
            }
            model.score(&requests, call).await
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use botsmith_core::chat::Message;
    use serde_json::json;

    use super::super::settings::ollama_options;
    use super::*;

    /// A model of random weights and the settings of a cartridge that names it.
    #[allow(clippy::needless_pass_by_value, reason = "each is made for its call")]
    fn opened(folder: &Path, settings: Value) -> Local {
        opened_with(folder, "{{ messages[0].content }}", settings)
    }

    /// The same with a chat template.
    #[allow(clippy::needless_pass_by_value, reason = "each is made for its call")]
    fn opened_with(folder: &Path, template: &str, settings: Value) -> Local {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/engine/models");
        for (file, to) in [
            ("decoder-qwen2/config.json", "config.json"),
            ("decoder-qwen2/model.safetensors", "model.safetensors"),
            ("decoder-tokenizer.json", "tokenizer.json"),
        ] {
            fs::copy(from.join(file), folder.join(to)).unwrap();
        }
        let about = json!({"chat_template": template});
        fs::write(folder.join("tokenizer_config.json"), about.to_string()).unwrap();
        let provider = json!({"id": "local", "options": {"device": "cpu", "kv-bytes": 16_777_216}, "settings": settings});
        let config = ProviderConfig::from_provider(&provider).unwrap();
        Local::open(&config, &OpenOptions::new(folder.to_owned())).unwrap()
    }

    /// The value that ollama has where a cartridge says nothing.
    fn usual(option: &str) -> Value {
        match option {
            "num_predict" => json!(1),
            "stop" => json!(["a"]),
            "mirostat" | "seed" | "num_gqa" | "main_gpu" | "presence_penalty"
            | "frequency_penalty" => json!(0),
            "mirostat_tau" => json!(5.0),
            "mirostat_eta" | "min_p" => json!(0.1),
            "tfs_z" | "typical_p" | "repeat_penalty" => json!(1.0),
            "temperature" | "top_p" => json!(0.8),
            "top_k" | "repeat_last_n" | "num_keep" | "num_batch" | "num_gpu" | "num_thread" => {
                json!(4)
            }
            "num_ctx" => json!(128),
            "numa" | "low_vram" | "vocab_only" | "logits_all" | "use_mlock" => json!(false),
            "f16_kv" | "use_mmap" | "penalize_newline" => json!(true),
            other => panic!("ollama's option `{other}` has no value here"),
        }
    }

    #[tokio::test]
    async fn every_option_of_ollama_is_taken_at_its_usual_value_or_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let ask = async |local: &Local, name: &str, value: Value| {
            let mut request = ChatRequest::new(vec![Message::user("a")]);
            request
                .native
                .insert("options".into(), json!({"num_predict": 1, name: value}));
            local.chat(&request, &Call::default()).await
        };
        let local = opened(folder.path(), json!({"model": path}));
        assert!(ollama_options().len() > 30);
        for name in ollama_options() {
            let answer = ask(&local, name, usual(name)).await;
            assert!(answer.is_ok(), "{name}: {answer:?}");
            // A value that no option takes is never passed over in silence, but where it changes no answer.
            let odd = ask(&local, name, json!({"odd": true})).await;
            match odd {
                Ok(_) => assert!(usual(name).is_boolean() || SERVERS.contains(name), "{name}"),
                Err(error) => assert!(error.to_string().contains(&format!("`{name}`")), "{error}"),
            }
        }
        // All of them at once, as cartridges have them.
        let all = ollama_options()
            .iter()
            .map(|name| ((*name).to_owned(), usual(name)));
        let all: Map<String, Value> = all.collect();
        let local = opened(folder.path(), json!({"model": path, "options": all}));
        assert_eq!(local.load.context, Some(128));
        let request = ChatRequest::new(vec![Message::user("a")]);
        local.chat(&request, &Call::default()).await.unwrap();
    }

    #[tokio::test]
    async fn the_cartridges_settings_reach_the_scores_of_a_chat() {
        let folder = tempfile::tempdir().unwrap();
        let template = "{{ messages[0].content }}{% if enable_thinking %} I think:{% endif %}";
        let scored = async |settings: Value, own: Value| {
            let local = opened_with(folder.path(), template, settings);
            let mut asked = ChatRequest::new(vec![Message::user("Is it so?")]);
            asked.native.clone_from(own.as_object().unwrap());
            let request = ScoreRequest::chat(asked, [" yes"]);
            let plain = ["Is it so?", "Is it so? I think:"].map(|prompt| {
                // Special tokens are the template's, which writes none.
                let asked = ChatRequest::new(vec![Message::user(prompt)]);
                ScoreRequest::chat(asked, [" yes"])
            });
            let scores = local.score(&[request], &Call::default()).await.unwrap();
            let plainly = opened(folder.path(), json!({"model": folder.path()}));
            let plain = plainly.score(&plain, &Call::default()).await.unwrap();
            let value = |scores: &Scores| scores.continuations[0].logprob;
            let found = value(&scores[0]);
            let at = plain
                .iter()
                .position(|one| (value(one) - found).abs() < 1e-5);
            assert!((value(&plain[0]) - value(&plain[1])).abs() > 1e-3);
            at
        };
        let model = |think: Value| json!({"model": folder.path(), "think": think});
        let (without, with) = (Some(0), Some(1));
        assert_eq!(
            scored(json!({"model": folder.path()}), json!({})).await,
            without
        );
        assert_eq!(scored(model(json!(false)), json!({})).await, without);
        assert_eq!(scored(model(json!(true)), json!({})).await, with);
        // What the request itself says wins.
        assert_eq!(
            scored(model(json!(true)), json!({"think": false})).await,
            without
        );
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_before_it_is_loaded_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let local = opened(folder.path(), json!({"model": folder.path()}));
        let weights = folder.path().join("model.safetensors");
        let (first, mut other) = (fs::read(&weights).unwrap(), fs::read(&weights).unwrap());
        // The last tensor is a small one, of which every number is looked at.
        let last = other.len() - 4;
        other[last] ^= 1;
        let ask = async || {
            let request = ChatRequest::new(vec![Message::user("a")]);
            local.chat(&request, &Call::default()).await
        };
        fs::write(&weights, other).unwrap();
        let error = ask().await.unwrap_err().to_string();
        assert!(
            error.contains("replaced after the bot was opened"),
            "{error}"
        );
        assert!(error.contains("open the bot again"), "{error}");
        // What was loaded for nothing is not kept.
        fs::write(&weights, first).unwrap();
        assert!(ask().await.is_ok());
    }

    /// Options of ollama's server, which mean nothing in this process.
    const SERVERS: &[&str] = &[
        "main_gpu",
        "num_batch",
        "num_gpu",
        "num_gqa",
        "num_keep",
        "num_thread",
    ];
}
