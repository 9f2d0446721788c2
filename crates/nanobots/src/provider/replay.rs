//! Provider `replay`: recorded answers, found by the request.
//!
//! A request in, the answer that was recorded for the equal request out, from a JSONL file. Mode `record`
//! asks another provider and appends what it says; mode `auto` does so only for requests that are not
//! recorded yet. Known secrets are taken out before anything is written. Two requests are equal if
//! [`request_key`] is; an answer that is not there is an error that names the nearest request.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use botsmith_core::chat::{Call, ChatModel, ChatRequest, Message};
//! use botsmith_nanobots::provider::{ReplayMode, ReplayModel};
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("answers.jsonl");
//! let line = r#"{"request": {"messages": [{"role": "user", "content": "Hello!"}]}, "response": {"text": "Hi!"}}"#;
//! std::fs::write(&path, line).unwrap();
//! let model = ReplayModel::open(&path, ReplayMode::Replay, None).unwrap();
//! let request = ChatRequest::new(vec![Message::user("Hello!")]);
//! assert_eq!(model.chat(&request, &Call::default()).await.unwrap().text, "Hi!");
//! # });
//! ```

mod book;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use botsmith_core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass,
    ModelError, ModelInfo, ToolCallDelta,
};
use botsmith_core::yaml::Cursor;
use botsmith_core::{Error, SecretString};
use futures_util::StreamExt;
use serde_json::Value;

use super::bounds::Bounds;
use super::key::request_value;
use super::pieces::{Out, pieces, words};
use super::secrets::Secrets;
use super::{OpenOptions, ProviderConfig, request_key};
use book::Book;

const ID: &str = "replay";

/// What happens with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayMode {
    /// Its recorded answer is given; without one it fails.
    #[default]
    Replay,
    /// It is asked, and its answer recorded.
    Record,
    /// Its recorded answer is given; without one it is asked, and its answer recorded.
    Auto,
}

/// Recorded answers, and perhaps the model to record.
#[derive(Debug)]
pub struct ReplayModel {
    info: ModelInfo,
    path: PathBuf,
    mode: ReplayMode,
    book: Arc<Mutex<Book>>,
    inner: Option<Arc<dyn ChatModel>>,
    secrets: Secrets,
}

impl ReplayModel {
    /// Reads the recorded answers at `path`; `inner` is who is asked in the other modes.
    ///
    /// # Errors
    /// A file that cannot be read, or a line of it; in mode `replay` also a file that is not there.
    pub fn open(
        path: &Path,
        mode: ReplayMode,
        inner: Option<Arc<dyn ChatModel>>,
    ) -> botsmith_core::Result<Self> {
        if mode == ReplayMode::Replay && !path.exists() {
            return Err(Error::Read {
                path: path.to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        let book = Book::read(path)?;
        let name = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        let mut info = if let Some(inner) = &inner {
            // Its requests are made for what that model can do.
            inner.info().clone()
        } else {
            let mut info = ModelInfo::new(ID, name.unwrap_or_default());
            info.tools = true;
            info.json_schema = true;
            info.consecutive_user = true;
            info
        };
        if mode == ReplayMode::Replay {
            info.provider = ID.into();
            info.revision = Some(book.revision().to_string());
            (info.deterministic, info.remote) = (true, false);
        }
        info.streams = true;
        Ok(Self {
            info,
            path: path.to_owned(),
            mode,
            book: Arc::new(Mutex::new(book)),
            inner,
            secrets: Secrets::default(),
        })
    }

    /// The same model, which never writes any of `secrets`.
    #[must_use]
    pub fn hiding(mut self, secrets: &[SecretString]) -> Self {
        for secret in secrets {
            self.secrets.add(secret.expose());
        }
        self
    }

    /// How many answers are recorded.
    pub fn recorded(&self) -> usize {
        self.book().len()
    }

    /// The model of a configuration: `path`, `mode`, and the `provider` to record.
    pub(super) fn configured(
        config: &ProviderConfig,
        options: &OpenOptions,
    ) -> Result<Self, ModelError> {
        let settings = super::own_settings::of(config, Settings::read)?;
        // Keys and settings alone: what was said is recorded as it was.
        let mut secrets = Secrets::of(config);
        let mut inner = None;
        if let Some(provider) = &settings.provider {
            let of = ProviderConfig::from_provider(provider)?
                .with_profile(config.profile())
                .with_texts(config.texts.clone());
            secrets.extend(&Secrets::of(&of));
            inner = match (super::open(&of, options), settings.mode) {
                (Ok(model), _) => Some(model),
                // It is not asked; without it its abilities are not known, which may do no harm.
                (Err(_), ReplayMode::Replay) => None,
                (Err(error), _) => return Err(error),
            };
        } else if settings.mode != ReplayMode::Replay {
            return Err(
                ModelError::new(ErrorClass::Load, ID, "nobody is there to be recorded")
                    .hint("name the provider under `provider.settings.provider`"),
            );
        }
        let path = options.folder.join(&settings.path);
        let model = Self::open(&path, settings.mode, inner)
            .map_err(|error| super::own_settings::refused(ID, &error))?;
        Ok(Self { secrets, ..model })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(
        &self,
        request: &ChatRequest,
        call: &Call,
        out: Option<&Out>,
    ) -> Result<ChatResponse, ModelError> {
        let bounds = Bounds::of(call);
        if bounds.over() {
            bounds.run(ID, std::future::pending::<()>()).await?;
        }
        let key = request_key(request);
        if self.mode != ReplayMode::Record {
            let found = self.book().answer(&key).cloned();
            if let Some(mut response) = found {
                response.provider = ID.into();
                if let Some(out) = out {
                    tell(&response, out).await;
                }
                return Ok(response);
            }
        }
        let Some(inner) = self
            .inner
            .as_ref()
            .filter(|_| self.mode != ReplayMode::Replay)
        else {
            return Err(self.missing(request));
        };
        let response = match out {
            None => inner.chat(request, call).await?,
            Some(out) => pass(&**inner, request, call, out).await?,
        };
        self.record(request, &response).await?;
        Ok(response)
    }

    async fn record(
        &self,
        request: &ChatRequest,
        response: &ChatResponse,
    ) -> Result<(), ModelError> {
        let key = request_key(request);
        let mut asked = request_value(request);
        self.secrets.hide_in(&mut asked);
        let mut kept = response.clone();
        (kept.hops, kept.cost, kept.cached) = (Vec::new(), None, false);
        let mut kept =
            serde_json::to_value(kept).map_err(|error| self.unwritten(&error.to_string()))?;
        self.secrets.hide_in(&mut kept);
        let kept =
            serde_json::from_value(kept).map_err(|error| self.unwritten(&error.to_string()))?;
        let book = Arc::clone(&self.book);
        let write = move || {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            book.record(key, asked, kept)
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.unwritten(&error.to_string())),
            Err(error) => Err(self.unwritten(&error.to_string())),
        }
    }

    fn unwritten(&self, reason: &str) -> ModelError {
        let message = format!("the answer could not be recorded: {reason}");
        ModelError::new(ErrorClass::Load, ID, message).hint(format!(
            "check that {} can be written to",
            self.path.display()
        ))
    }

    fn missing(&self, request: &ChatRequest) -> ModelError {
        const SHOWN: usize = 3;
        let key = request_key(request);
        let book = self.book();
        let mut message = format!("{} has no answer for request {key}", self.path.display());
        if let Some((line, other, places)) = book.nearest(request) {
            let more = match places.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more places"),
            };
            let places: Vec<_> = places
                .iter()
                .take(SHOWN)
                .map(|place| format!("`{place}`"))
                .collect();
            let _ = write!(
                message,
                "; the nearest of {} is line {line} ({}…), which differs at {}{more}",
                book.len(),
                &other.to_string()[..12],
                places.join(", "),
            );
        }
        ModelError::new(ErrorClass::Request, ID, message)
            .hint("record it with `mode: auto` and the `provider` to ask")
    }
}

struct Settings {
    path: String,
    mode: ReplayMode,
    provider: Option<Value>,
}

impl Settings {
    fn read(at: &Cursor<'_>) -> botsmith_core::Result<Self> {
        let fields = at.fields()?;
        // Read elsewhere: by the bot's interface, and as the name of what was recorded.
        let _ = (fields.get("stream"), fields.get("model"));
        let modes = [
            ("replay", ReplayMode::Replay),
            ("record", ReplayMode::Record),
            ("auto", ReplayMode::Auto),
        ];
        let settings = Self {
            path: fields.required("path")?.name()?.to_owned(),
            mode: match fields.get("mode") {
                Some(at) => at.one_of(&modes)?,
                None => ReplayMode::default(),
            },
            provider: fields.get("provider").map(|at| at.node().to_json()),
        };
        fields.finish()?;
        Ok(settings)
    }
}

/// A whole answer, told in pieces.
async fn tell(response: &ChatResponse, out: &Out) {
    if let Some(thought) = &response.reasoning {
        out.send(ChatEvent::Reasoning(thought.clone())).await;
    }
    for word in words(&response.text) {
        out.send(ChatEvent::Text(word.to_owned())).await;
    }
    for (index, call) in response.tool_calls.iter().enumerate() {
        out.send(ChatEvent::ToolCall(ToolCallDelta {
            index,
            id: Some(call.id.clone()),
            name: Some(call.name.clone()),
            arguments: call.arguments.clone(),
        }))
        .await;
    }
}

/// The pieces of another model, handed on.
async fn pass(
    model: &dyn ChatModel,
    request: &ChatRequest,
    call: &Call,
    out: &Out,
) -> Result<ChatResponse, ModelError> {
    let mut stream = model.stream(request, call);
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Done(response) => return Ok(*response),
            piece => out.send(piece).await,
        }
    }
    Err(ModelError::new(
        ErrorClass::Network,
        &model.info().provider,
        "the answer ended in the middle",
    ))
}

impl ChatModel for ReplayModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.answer(request, call, None))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        pieces(move |out| async move { self.answer(request, call, Some(&out)).await })
    }
}
