//! A vendor's model over HTTP, as a [`ChatModel`].
//!
//! Request -> POST -> status, then body or stream -> answer. Holds to the call's deadline and
//! cancel token, to the limits of [`HttpLimits`], and closes the connection when it is dropped.
//! Tries once: retries are the router's. Needs a tokio runtime with time.

mod reading;

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botsmith_core::chat::{
    BoxFuture, Call, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass, ModelError,
    ModelInfo,
};

use super::decode::decode_answer;
use super::limits::HttpLimits;
use super::secrets::{Secrets, shown_url};
use super::token::Tokens;
use super::{OpenOptions, ProviderConfig, failure, http, wire};

/// A model of a vendor.
#[derive(Debug)]
pub(super) struct Remote {
    config: ProviderConfig,
    info: ModelInfo,
    client: reqwest::Client,
    limits: HttpLimits,
    secrets: Secrets,
    tokens: Option<Tokens>,
}

impl Remote {
    pub(super) fn open(config: &ProviderConfig, options: &OpenOptions) -> Result<Self, ModelError> {
        let mut config = config.clone();
        let tokens = Tokens::of(&mut config, &options.folder, &options.http)?;
        if let Some(address) = config.address() {
            http::parsed(config.id(), address)?;
        }
        let url = wire::target(&config, config.model(), false)?.url;
        let client = http::client(config.id(), &url, &options.http)?;
        let model = config.model().unwrap_or("default");
        let mut info = ModelInfo::new(config.id(), model);
        info.streams = config.streams();
        // The protocol in the prompt stands in where the interface has none.
        info.tools = true;
        info.json_schema = config.kind.has_json_schema();
        info.consecutive_user = true;
        info.remote = !is_local(&url);
        info.address = Some(config.secrets().hide(&super::secrets::shown_url(&url)));
        Ok(Self {
            info,
            client,
            limits: options.http,
            secrets: config.secrets(),
            tokens,
            config,
        })
    }

    /// Runs `work` until the call is cancelled or its time is up.
    async fn held<T>(
        &self,
        call: &Call,
        work: impl Future<Output = Result<T, ModelError>>,
    ) -> Result<T, ModelError> {
        let deadline = async {
            match call.deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = call.cancel.cancelled() => Err(self.error(ErrorClass::Cancelled, "the call was cancelled")),
            () = deadline => Err(self.error(ErrorClass::Timeout, "the call's time is up")),
            done = work => done,
        }
    }

    fn error(&self, class: ErrorClass, message: impl Into<String>) -> ModelError {
        ModelError::new(class, self.config.id(), message)
    }

    /// Runs `work` for `time` at most.
    async fn within<T>(
        &self,
        time: Duration,
        what: &str,
        work: impl Future<Output = Result<T, ModelError>>,
    ) -> Result<T, ModelError> {
        match tokio::time::timeout(time, work).await {
            Ok(done) => done,
            Err(_) => Err(self.error(
                ErrorClass::Timeout,
                format!("{what} for {} seconds", time.as_secs_f64()),
            )),
        }
    }

    async fn send(
        &self,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<(reqwest::Response, String), ModelError> {
        wire::check(&self.config, request)?;
        let model = wire::model(&self.config, request);
        let mut target = wire::target(&self.config, model, stream)?;
        if let Some(tokens) = &self.tokens {
            let token = tokens.get(now()).await?;
            target.headers.push(wire::secret(
                "authorization",
                format!("Bearer {}", token.expose()),
            ));
        }
        let body = wire::body(&self.config, request, stream);
        let body = serde_json::to_vec(&body).expect("a JSON value is always JSON");
        let mut post = self.client.post(&target.url).body(body);
        for header in &target.headers {
            let mut value =
                reqwest::header::HeaderValue::from_str(header.value.expose()).map_err(|_| {
                    self.error(
                        ErrorClass::Auth,
                        format!("the value of `{}` cannot stand in a header", header.name),
                    )
                    .hint("a key has no line ends and no control characters")
                })?;
            value.set_sensitive(header.secret);
            post = post.header(header.name, value);
        }
        let response = self
            .within(self.limits.first_byte, "the server was silent", async {
                post.send().await.map_err(|error| {
                    http::failure(self.config.id(), &self.secrets, &target.url, error)
                })
            })
            .await?;
        match response.status().is_success() {
            true => Ok((response, target.url)),
            false => Err(self.refusal(response, &target.url).await),
        }
    }

    /// The error that an answer with a bad status stands for.
    async fn refusal(&self, response: reqwest::Response, url: &str) -> ModelError {
        let text = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let heads = failure::Heads {
            status: response.status().as_u16(),
            retry_after: text("retry-after"),
            retry_after_ms: text("retry-after-ms"),
            location: text("location"),
        };
        // A body that breaks off, or is endless, still has a status that says what happened.
        let body = self.read(response, url, 64 << 10).await.unwrap_or_default();
        failure::of_status(
            &self.config,
            &self.secrets,
            &heads,
            &String::from_utf8_lossy(&body),
            i64::try_from(now()).unwrap_or(i64::MAX),
        )
    }

    async fn chunk(
        &self,
        response: &mut reqwest::Response,
        url: &str,
    ) -> Result<Option<Vec<u8>>, ModelError> {
        self.within(self.limits.silence, "the server fell silent", async {
            match response.chunk().await {
                Ok(chunk) => Ok(chunk.map(|bytes| bytes.to_vec())),
                Err(error) => Err(http::failure(self.config.id(), &self.secrets, url, error)),
            }
        })
        .await
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        url: &str,
        most: usize,
    ) -> Result<Vec<u8>, ModelError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response, url).await? {
            if body.len() + chunk.len() > most {
                return Err(self.error(
                    ErrorClass::Protocol,
                    format!("the answer is longer than {most} bytes"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    async fn whole(&self, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let (response, url) = self.send(request, false).await?;
        let body = self.read(response, &url, self.limits.body).await?;
        decode_answer(&self.config, request, &body)
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

fn is_local(url: &str) -> bool {
    let shown = shown_url(url);
    let host = shown.split("://").nth(1).unwrap_or_default();
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

impl ChatModel for Remote {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.held(call, self.whole(request)))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        reading::stream(self, request, call)
    }
}
