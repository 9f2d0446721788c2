//! Steps of kind `http`: one request -> `{status, headers, body}`; a JSON body is given as a value.
//!
//! The request carries `Idempotency-Key`, the same for every attempt. Answers of 400 and above fail the
//! attempt: class `rate-limit` for 429, `server` from 500 on, `client` else; `network` where none came.
//! TLS is rustls with the certificates of the platform. No redirect is followed to another host.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::task::Task;
use crate::{Output, StepError};

/// The most bytes of an answer.
const MOST: usize = 8 << 20;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request without a timeout of its step may take.
const LONGEST: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
struct With {
    url: String,
    method: Option<String>,
    headers: Option<Map<String, Value>>,
    body: Option<Value>,
}

/// A client; one for addresses of this machine, which no proxy is asked for.
pub(crate) fn client(here: bool) -> Result<Client, StepError> {
    static CLIENTS: [OnceLock<Client>; 2] = [const { OnceLock::new() }; 2];
    let place = &CLIENTS[usize::from(here)];
    if let Some(client) = place.get() {
        return Ok(client.clone());
    }
    let bad = |error: String| StepError::new("network", format!("no client can be made: {error}"));
    let mut builder = Client::builder()
        .user_agent(concat!("botsmith/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls(here).map_err(|error| bad(error.to_string()))?)
        .connect_timeout(CONNECT)
        .timeout(LONGEST)
        .redirect(reqwest::redirect::Policy::custom(|attempt| {
            let first = attempt.previous().first();
            let same = first.is_some_and(|first| first.origin() == attempt.url().origin());
            match same && attempt.previous().len() <= 3 {
                true => attempt.follow(),
                false => attempt.stop(),
            }
        }));
    if here {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| bad(error.to_string()))?;
    Ok(place.get_or_init(|| client).clone())
}

fn tls(here: bool) -> Result<rustls::ClientConfig, rustls::Error> {
    use rustls_platform_verifier::BuilderVerifierExt as _;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    Ok(match here {
        // A test server of this machine speaks plain HTTP, or has no certificate that anyone knows.
        true => builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
        false => builder.with_platform_verifier()?.with_no_client_auth(),
    })
}

/// Posts a notice.
pub(super) async fn post(url: &str, notice: &Value) -> Result<(), String> {
    let parsed = Url::parse(url).map_err(|_| "the address of notices is none".to_owned())?;
    let host = parsed.host_str().unwrap_or_default().to_owned();
    let client = client(is_here(&host)).map_err(|error| error.message)?;
    match client.post(parsed).json(notice).send().await {
        Err(error) => Err(format!(
            "`{host}` could not be told: {}",
            error.without_url_text()
        )),
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("`{host}` answered {}", answer.status().as_u16())),
    }
}

/// The host of an http or https address, and whether it is this machine.
#[cfg(feature = "otlp")]
pub(crate) fn host_of(url: &str) -> Option<(String, bool)> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    matches!(url.scheme(), "http" | "https").then(|| (host.to_owned(), is_here(host)))
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

pub(super) async fn http(task: Task) -> Result<Output, StepError> {
    let with: With = task.read()?;
    let refuse = |what: &str| StepError::new("with", format!("step `{}`: {what}", task.step()));
    let url = Url::parse(&with.url).map_err(|_| refuse("`url` is no address"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refuse("`url` is neither an http nor an https address"));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let method = with.method.as_deref().unwrap_or("GET").to_uppercase();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| refuse("`method` is none"))?;
    let mut request = client(is_here(&host))?
        .request(method, url)
        .header("Idempotency-Key", task.idempotency_key());
    for (name, value) in with.headers.iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        request = request.header(name, value);
    }
    request = match with.body {
        None | Some(Value::Null) => request,
        Some(Value::String(text)) => request.body(text),
        Some(body) => request.json(&body),
    };
    // An address may hold a secret: only the host is named.
    let failed = |error: &reqwest::Error| {
        let class = if error.is_timeout() {
            "timeout"
        } else {
            "network"
        };
        let why = error.without_url_text();
        StepError::new(class, format!("`{host}` could not be asked: {why}"))
    };
    let mut answer = request.send().await.map_err(|error| failed(&error))?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| failed(&error))? {
        body.extend_from_slice(&part);
        if body.len() > MOST {
            let message = format!("the answer of `{host}` has more than {MOST} bytes");
            return Err(StepError::new("too-large", message));
        }
    }
    if status >= 400 {
        let class = match status {
            429 => "rate-limit",
            500.. => "server",
            _ => "client",
        };
        let said: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let message = format!("`{host}` answered {status}: {}", said.trim());
        return Err(StepError::new(class, message));
    }
    let headers: Map<String, Value> = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
        .collect();
    let kind = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| {
        kind.split(';')
            .next()
            .unwrap_or("")
            .trim()
            .ends_with("json")
    });
    let value = is_json
        .then(|| serde_json::from_slice(&body).ok())
        .flatten();
    let value = value.unwrap_or_else(|| json!(String::from_utf8_lossy(&body)));
    Ok(Output::Done(
        json!({"status": status, "headers": headers, "body": value}),
    ))
}

trait WithoutUrl {
    fn without_url_text(&self) -> String;
}

impl WithoutUrl for reqwest::Error {
    /// The innermost reason: the outer ones quote the address.
    fn without_url_text(&self) -> String {
        let mut inner: &dyn std::error::Error = self;
        while let Some(source) = inner.source() {
            inner = source;
        }
        match std::ptr::addr_eq(inner, self) {
            true => "no answer".to_owned(),
            false => inner.to_string(),
        }
    }
}
