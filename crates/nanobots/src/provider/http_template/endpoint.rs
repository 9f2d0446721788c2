//! The endpoint itself: sends what the templates made, reads what comes back.

use std::time::{SystemTime, UNIX_EPOCH};

use botsmith_core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass,
    ModelError, ModelInfo, Usage,
};
use serde_json::Value;

use super::settings::{Pieces, Settings};
use super::{Filled, ID, fill};
use crate::provider::bounds::Bounds;
use crate::provider::limits::HttpLimits;
use crate::provider::pieces::{Out, pieces};
use crate::provider::pointers::text;
use crate::provider::secrets::{Secrets, shown_url};
use crate::provider::sse::{EventReader, LineReader};
use crate::provider::{OpenOptions, ProviderConfig, failure, http, own_settings, plain};

/// Bytes of an error's answer that are read.
const REFUSAL: usize = 64 << 10;

/// Any endpoint over HTTP.
pub(crate) struct Endpoint {
    config: ProviderConfig,
    settings: Settings,
    info: ModelInfo,
    client: reqwest::Client,
    limits: HttpLimits,
    secrets: Secrets,
}

impl Endpoint {
    pub(crate) fn open(config: &ProviderConfig, options: &OpenOptions) -> Result<Self, ModelError> {
        let settings = own_settings::of(config, Settings::read)?;
        // Where the whole address is a template it is known only with the request.
        let shown = shown_url(&settings.url);
        let url = match settings.url.trim_start().starts_with("{{") {
            true => "https://localhost/",
            false => &settings.url,
        };
        let url = url.split("{{").next().unwrap_or(url);
        let client = http::client(ID, url, &options.http)
            .map_err(|error| error.hint("check `provider.settings.url`"))?;
        let mut info = ModelInfo::new(ID, settings.model.clone().unwrap_or_else(|| shown.clone()));
        info.address = Some(config.secrets().hide(&shown));
        info.streams = settings.stream.is_some();
        info.tools = true;
        info.consecutive_user = true;
        info.remote = !["localhost", "127.", "[::1]"].iter().any(|local| {
            let rest = url.split("://").nth(1).unwrap_or_default();
            rest.starts_with(local)
        });
        Ok(Self {
            info,
            client,
            limits: options.http,
            secrets: config.secrets(),
            config: config.clone(),
            settings,
        })
    }

    async fn send(
        &self,
        filled: &Filled,
        bounds: &Bounds,
    ) -> Result<reqwest::Response, ModelError> {
        let method = self
            .settings
            .method
            .parse()
            .expect("a method of a fixed list");
        let mut asking = self.client.request(method, &filled.url);
        let mut typed = false;
        for (name, value) in &filled.headers {
            typed |= name.eq_ignore_ascii_case("content-type");
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                let name = botsmith_core::hint::shown(name);
                failed(ErrorClass::Load, format!("`{name}` is no name of a header"))
            })?;
            let mut value = reqwest::header::HeaderValue::from_str(value).map_err(|_| {
                let words = format!("the value of `{name}` cannot stand in a header");
                failed(ErrorClass::Load, words)
            })?;
            value.set_sensitive(true);
            asking = asking.header(name, value);
        }
        if let Some(body) = &filled.body {
            if !typed {
                let kind = match body {
                    Value::String(_) => "text/plain; charset=utf-8",
                    _ => "application/json",
                };
                asking = asking.header("content-type", kind);
            }
            asking = asking.body(text(body));
        }
        let first = bounds.at_most(Some(self.limits.first_byte));
        let response = first
            .run(ID, asking.send())
            .await?
            .map_err(|error| http::failure(ID, &self.secrets, &filled.url, error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.refusal(response, filled, bounds).await),
        }
    }

    async fn refusal(
        &self,
        response: reqwest::Response,
        filled: &Filled,
        bounds: &Bounds,
    ) -> ModelError {
        let head = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let heads = failure::Heads {
            status: response.status().as_u16(),
            retry_after: head("retry-after"),
            retry_after_ms: head("retry-after-ms"),
            location: head("location"),
        };
        // A body that breaks off still has a status that says what happened.
        let body = self
            .read(response, filled, bounds, REFUSAL)
            .await
            .unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let mut error = failure::of_status(&self.config, &self.secrets, &heads, &body, now);
        let words = serde_json::from_str(&body)
            .ok()
            .and_then(|value| self.settings.pointers.error(&value));
        if let Some(words) = words {
            let words = failure::excerpt(&self.secrets, &words);
            error.message = format!("HTTP {}: {words}", heads.status);
        }
        error
    }

    async fn chunk(
        &self,
        response: &mut reqwest::Response,
        filled: &Filled,
        bounds: &Bounds,
    ) -> Result<Option<Vec<u8>>, ModelError> {
        let chunk = bounds
            .at_most(Some(self.limits.silence))
            .run(ID, response.chunk())
            .await?
            .map_err(|error| http::failure(ID, &self.secrets, &filled.url, error))?;
        Ok(chunk.map(|bytes| bytes.to_vec()))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        filled: &Filled,
        bounds: &Bounds,
        most: usize,
    ) -> Result<Vec<u8>, ModelError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response, filled, bounds).await? {
            if body.len() + chunk.len() > most {
                let words = format!("the answer is longer than {most} bytes");
                return Err(failed(ErrorClass::Protocol, words));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    async fn answer(
        &self,
        request: &ChatRequest,
        call: &Call,
        out: Option<&Out>,
    ) -> Result<ChatResponse, ModelError> {
        let bounds = Bounds::of(call).at_most(self.settings.timeout);
        // Whether a text asks for tools is known only at its end.
        let streamed = self.settings.stream.as_ref().zip(out);
        let streamed = streamed.filter(|_| !plain::offers_tools(request));
        let filled = fill(&self.config, &self.settings, request, streamed.is_some())?;
        let response = self.send(&filled, &bounds).await?;
        let mut answer = if let Some((form, out)) = streamed {
            self.stream(response, &filled, &bounds, form, out).await?
        } else {
            let most = self.limits.body;
            let body = self.read(response, &filled, &bounds, most).await?;
            self.whole(&body)?
        };
        answer.provider = ID.into();
        if answer.model.is_empty() {
            answer.model = request
                .model
                .clone()
                .unwrap_or_else(|| self.info.model.clone());
        }
        plain::response(request, &mut answer);
        if let Some(out) = out
            && streamed.is_none()
            && !answer.text.is_empty()
        {
            out.send(ChatEvent::Text(answer.text.clone())).await;
        }
        Ok(answer)
    }

    fn whole(&self, body: &[u8]) -> Result<ChatResponse, ModelError> {
        let text = String::from_utf8_lossy(body);
        if self.settings.pointers.answer.is_none() {
            return Ok(ChatResponse::text(text));
        }
        let value = serde_json::from_str(&text)
            .map_err(|error| failure::malformed(&self.config, &self.secrets, &text, &error))?;
        self.settings
            .pointers
            .response(ID, &value)
            .map_err(|mut error| {
                error.message = failure::excerpt(&self.secrets, &error.message);
                error
            })
    }

    async fn stream(
        &self,
        mut response: reqwest::Response,
        filled: &Filled,
        bounds: &Bounds,
        form: &Pieces,
        out: &Out,
    ) -> Result<ChatResponse, ModelError> {
        let mut reader = match form.lines {
            true => Reader::Lines(LineReader::default()),
            false => Reader::Events(EventReader::default()),
        };
        let mut said = Said::default();
        let began = |said: &Said, error: ModelError| match said.text.is_empty() {
            true => error,
            false => error.began(),
        };
        let mut bytes = 0;
        while !said.over {
            let chunk = self.chunk(&mut response, filled, bounds).await;
            let Some(chunk) = chunk.map_err(|error| began(&said, error))? else {
                break;
            };
            bytes += chunk.len();
            let items = match bytes > self.limits.body {
                true => Err(format!(
                    "the answer is longer than {} bytes",
                    self.limits.body
                )),
                false => reader.feed(&chunk),
            };
            let items = items.map_err(|words| began(&said, failed(ErrorClass::Protocol, words)))?;
            for item in items {
                self.piece(&item, form, &mut said, out)
                    .await
                    .map_err(|error| began(&said, error))?;
            }
        }
        if let Some(item) = reader.rest().filter(|_| !said.over) {
            self.piece(&item, form, &mut said, out)
                .await
                .map_err(|error| began(&said, error))?;
        }
        if form.end.is_some() && !said.over {
            let error = failed(ErrorClass::Network, "the answer ended in the middle");
            return Err(began(&said, error));
        }
        let mut answer = ChatResponse::text(said.text);
        answer.usage = said.usage;
        Ok(answer)
    }

    async fn piece(
        &self,
        item: &str,
        form: &Pieces,
        said: &mut Said,
        out: &Out,
    ) -> Result<(), ModelError> {
        if said.over {
            return Ok(());
        }
        if form.end.as_deref() == Some(item.trim()) {
            said.over = true;
            return Ok(());
        }
        let value: Value = serde_json::from_str(item)
            .map_err(|error| failure::malformed(&self.config, &self.secrets, item, &error))?;
        if let Some(words) = self.settings.pointers.error(&value) {
            let words = failure::excerpt(&self.secrets, &words);
            return Err(failed(ErrorClass::Server, words));
        }
        if let Some(usage) = self.settings.pointers.usage(&value) {
            said.usage = Some(usage);
        }
        if let Some(Value::String(text)) = value.pointer(&form.text)
            && !text.is_empty()
        {
            said.text.push_str(text);
            out.send(ChatEvent::Text(text.clone())).await;
        }
        Ok(())
    }
}

fn failed(class: ErrorClass, message: impl Into<String>) -> ModelError {
    ModelError::new(class, ID, message)
}

/// What has come so far.
#[derive(Default)]
struct Said {
    text: String,
    usage: Option<Usage>,
    over: bool,
}

enum Reader {
    Lines(LineReader),
    Events(EventReader),
}

impl Reader {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, String> {
        match self {
            Self::Lines(lines) => lines.feed(bytes).map_err(|error| error.to_string()),
            Self::Events(events) => {
                let events = events.feed(bytes).map_err(|error| error.to_string())?;
                Ok(events.into_iter().map(|event| event.data).collect())
            }
        }
    }

    fn rest(self) -> Option<String> {
        match self {
            Self::Lines(lines) => lines.rest(),
            Self::Events(events) => events.rest().map(|event| event.data),
        }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Address, headers and body may hold secrets.
        f.debug_struct("Endpoint")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl ChatModel for Endpoint {
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
