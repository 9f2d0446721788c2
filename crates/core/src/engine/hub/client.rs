//! HTTP of the hub: one client, errors in the hub's words.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::Hub;
use crate::engine::error::{EngineError, Result};

/// The longest description of a model, in bytes.
const JSON_BYTES: usize = 16 << 20;

/// Runs a transfer on a runtime of its own, which ends with it.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| EngineError::Hub {
        url: String::new(),
        reason: format!("no runtime can be made: {error}"),
    })?;
    Ok(runtime.block_on(work))
}

/// A client for the hub; keys go to the host that was named and, by reqwest's rule, to no other.
pub(super) fn client(hub: &Hub) -> Result<Client> {
    let wrong = |reason: String| EngineError::Hub {
        url: hub.endpoint.clone(),
        reason,
    };
    let url = reqwest::Url::parse(&hub.endpoint)
        .map_err(|error| wrong(format!("this is no address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("this is no http or https address".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(rustls::ConfigBuilder::with_platform_verifier)
        .map_err(|error| wrong(format!("TLS cannot be set up: {error}")))?
        .with_no_client_auth();
    let mut builder = Client::builder()
        .user_agent(concat!("botsmith/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .redirect(no_downgrade())
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60));
    if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| wrong(error.to_string()))
}

/// Weights lie elsewhere than the hub, so redirects are followed, but never from https to http.
fn no_downgrade() -> Policy {
    Policy::custom(|attempt| {
        let secure = attempt
            .previous()
            .last()
            .is_some_and(|url| url.scheme() == "https");
        if secure && attempt.url().scheme() != "https" {
            attempt.error("a redirect leads from https to http")
        } else if attempt.previous().len() > 10 {
            attempt.error("over 10 redirects")
        } else {
            attempt.follow()
        }
    })
}

/// Sends a request with the key, and says what is wrong in words.
pub(super) async fn send(hub: &Hub, url: &str, request: RequestBuilder) -> Result<Response> {
    let request = match &hub.token {
        Some(token) => request.bearer_auth(token.expose()),
        None => request,
    };
    let response = request.send().await.map_err(|error| broken(url, &error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => EngineError::HubDenied {
            url: url.to_owned(),
            status: status.as_u16(),
            remedy: match hub.token {
                Some(_) => "the key in HF_TOKEN has no right to it: accept the model's terms on its page, or use another key".into(),
                None => "the model is private, gated or not there: set HF_TOKEN to a key that may read it".into(),
            },
        },
        StatusCode::NOT_FOUND => EngineError::Hub {
            url: url.to_owned(),
            reason: "there is no such model, revision or file".into(),
        },
        StatusCode::TOO_MANY_REQUESTS => EngineError::Hub {
            url: url.to_owned(),
            reason: "too many requests: wait some minutes and give the same command again".into(),
        },
        other => EngineError::Hub {
            url: url.to_owned(),
            reason: format!("the hub answers {other}"),
        },
    })
}

/// A JSON answer of bounded size.
pub(super) async fn json(url: &str, mut response: Response) -> Result<serde_json::Value> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken(url, &error))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > JSON_BYTES {
            return Err(EngineError::Hub {
                url: url.to_owned(),
                reason: format!("the answer has over {JSON_BYTES} bytes"),
            });
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| EngineError::Hub {
        url: url.to_owned(),
        reason: format!("the answer is no JSON: {error}"),
    })
}

pub(super) fn broken(url: &str, error: &reqwest::Error) -> EngineError {
    // The innermost cause says most; the outer ones repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    EngineError::Hub {
        url: url.to_owned(),
        reason: cause.to_string(),
    }
}
