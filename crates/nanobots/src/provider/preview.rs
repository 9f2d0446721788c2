//! The request that would be sent, for people to read: every secret is `***`.

use std::fmt;

use botsmith_core::chat::{ChatRequest, ModelError};
use serde_json::Value;

use super::secrets::shown_url;
use super::{ProviderConfig, ProviderKind, http_template, key, wire};

/// A request as it would go over the wire.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestPreview {
    /// `POST`; `ASK` for what is asked on this machine.
    pub method: &'static str,
    /// Where to, without user and password.
    pub url: String,
    /// Names and values; secret ones are `***`.
    pub headers: Vec<(String, String)>,
    /// The body, without secrets.
    pub body: Value,
}

impl fmt::Display for RequestPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{:#}", self.body)
    }
}

/// What would be sent as the body, without secrets: for an answer in one piece.
pub fn request_body(config: &ProviderConfig, request: &ChatRequest) -> Value {
    let mut body = match config.kind {
        ProviderKind::Http => match http_template::preview(config, request, false) {
            Ok(shown) => return shown.body,
            Err(_) => Value::Null,
        },
        // Asked on this machine: the request itself is what they get.
        ProviderKind::Command | ProviderKind::Replay | ProviderKind::Script => {
            key::request_value(request)
        }
        _ => wire::body(config, request, false),
    };
    config.secrets().hide_in(&mut body);
    body
}

/// What would be sent, without secrets; `stream`: for an answer that comes in pieces. Nothing is
/// missing that would be missed before sending, such as a key: [`open`](super::open)ed models check it.
///
/// ```
/// use botsmith_core::chat::{ChatRequest, Message};
/// use botsmith_nanobots::provider::{ProviderConfig, request_preview};
/// let config = ProviderConfig::from_provider(&serde_json::json!({"id": "anthropic",
///     "credentials": {"api-key": "sk-ant-1"}, "settings": {"model": "claude"}})).unwrap();
/// let request = ChatRequest::new(vec![Message::user("Hello!")]);
/// let shown = request_preview(&config, &request, false).unwrap().to_string();
/// assert!(shown.starts_with("POST https://api.anthropic.com/v1/messages\n"));
/// assert!(shown.contains("x-api-key: ***") && !shown.contains("sk-ant-1"));
/// ```
///
/// # Errors
/// If the credentials name no address: an unknown service of google.
pub fn request_preview(
    config: &ProviderConfig,
    request: &ChatRequest,
    stream: bool,
) -> Result<RequestPreview, ModelError> {
    match config.kind {
        ProviderKind::Http => return http_template::preview(config, request, stream),
        kind @ (ProviderKind::Command | ProviderKind::Replay | ProviderKind::Script) => {
            return Ok(RequestPreview {
                method: "ASK",
                url: format!("{kind}:"),
                headers: Vec::new(),
                body: request_body(config, request),
            });
        }
        _ => {}
    }
    let target = wire::target(config, wire::model(config, request), stream)?;
    let secrets = config.secrets();
    let mut body = wire::body(config, request, stream);
    secrets.hide_in(&mut body);
    let query = match target.url.ends_with("?alt=sse") {
        true => "?alt=sse",
        false => "",
    };
    Ok(RequestPreview {
        method: "POST",
        url: format!("{}{query}", secrets.hide(&shown_url(&target.url))),
        headers: target
            .headers
            .iter()
            .map(|header| {
                let value = match header.secret {
                    true => "***".to_owned(),
                    false => secrets.hide(header.value.expose()),
                };
                (header.name.to_owned(), value)
            })
            .collect(),
        body,
    })
}
