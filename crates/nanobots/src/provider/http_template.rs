//! Provider `http`: any endpoint. A template in, a pointer out.
//!
//! URL, headers and body are written in the cartridge, with templates over the conversation in their
//! strings; a JSON Pointer says where in the answer the text stands. Answers may come in pieces, as
//! server-sent events or as lines of JSON. Tools are offered in words, as to any model without an
//! interface for them. One request, no retries: those are the router's.

#[cfg(feature = "http")]
mod endpoint;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "what reads an answer is not in this build")
)]
mod settings;

use std::collections::BTreeMap;

use botsmith_core::chat::{ChatRequest, ErrorClass, ModelError, Sampling};
use minijinja::Value as Known;
use minijinja::value::Serde;
use serde_json::{Value, json};

use super::secrets::shown_url;
use super::template::{TemplateError, Templates};
use super::{ProviderConfig, RequestPreview, own_settings, plain, wire};

#[cfg(feature = "http")]
pub(super) use endpoint::Endpoint;
use settings::Settings;

const ID: &str = "http";

/// A request, filled in. Holds secrets.
struct Filled {
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// Fills the templates in.
fn fill(
    config: &ProviderConfig,
    settings: &Settings,
    request: &ChatRequest,
    stream: bool,
) -> Result<Filled, ModelError> {
    let templates = Templates::default();
    let known = known(config, settings, request, stream);
    let wrong = |place: &str, error: TemplateError| {
        let path = match error.path.as_str() {
            "" => place.to_owned(),
            path if path.starts_with('[') => format!("{place}{path}"),
            path => format!("{place}.{path}"),
        };
        ModelError::new(
            ErrorClass::Load,
            ID,
            format!("`provider.settings.{path}`: {}", error.reason),
        )
        .hint("known are `input`, `system`, `messages`, `model`, `sampling`, `stream`, `openai` and `credentials`")
    };
    let mut headers = Vec::new();
    for (name, value) in &settings.headers {
        let value = templates
            .text(value, &known)
            .map_err(|error| wrong(&format!("headers.{name}"), error))?;
        headers.push((name.clone(), value));
    }
    Ok(Filled {
        url: templates
            .text(&settings.url, &known)
            .map_err(|error| wrong("url", error))?,
        headers,
        body: settings
            .body
            .as_ref()
            .map(|body| templates.tree(body, &known))
            .transpose()
            .map_err(|error| wrong("body", error))?,
    })
}

/// What templates know.
fn known(
    config: &ProviderConfig,
    settings: &Settings,
    request: &ChatRequest,
    stream: bool,
) -> Known {
    let asked = plain::request(request);
    let messages: Vec<_> = asked
        .messages
        .iter()
        .map(|message| json!({"role": message.role, "content": message.content.text()}))
        .collect();
    let system: Vec<_> = asked
        .messages
        .iter()
        .filter(|message| message.role == botsmith_core::chat::Role::System)
        .map(|message| message.content.text())
        .collect();
    let credentials: BTreeMap<_, _> = config
        .credentials
        .iter()
        .map(|(name, value)| (name.replace('-', "_"), value.expose().trim()))
        .collect();
    let model = request.model.as_ref().or(settings.model.as_ref());
    Known::from(BTreeMap::<&str, Known>::from([
        ("input", asked.last_user().unwrap_or_default().into()),
        ("system", system.join("\n").into()),
        ("messages", Serde(messages).into()),
        ("model", Serde(model).into()),
        ("sampling", Serde(sampling(config, request)).into()),
        ("stream", stream.into()),
        (
            "openai",
            Serde(wire::body(&bare(config), &asked, stream)).into(),
        ),
        ("credentials", Serde(credentials).into()),
    ]))
}

/// The configuration without what only this provider understands.
fn bare(config: &ProviderConfig) -> ProviderConfig {
    let mut bare = config.clone();
    bare.settings
        .retain(|key, _| !settings::KEYS.contains(&key.as_str()));
    if let Some(model) = config.model() {
        bare.settings.insert("model".into(), model.into());
    }
    bare
}

/// All words of sampling, null where nothing is said, so that templates may name any.
fn sampling(config: &ProviderConfig, request: &ChatRequest) -> Value {
    let mut all = json!({
        "temperature": null, "top_p": null, "top_k": null, "max_tokens": null, "stop": [], "seed": null,
        "presence_penalty": null, "frequency_penalty": null,
    });
    let said = |sampling: &Sampling| serde_json::to_value(sampling).unwrap_or_default();
    for said in [said(&config.sampling()), said(&request.sampling)] {
        if let (Some(all), Value::Object(said)) = (all.as_object_mut(), said) {
            all.extend(said);
        }
    }
    all
}

/// The request that would be sent, for people to read.
pub(super) fn preview(
    config: &ProviderConfig,
    request: &ChatRequest,
    stream: bool,
) -> Result<RequestPreview, ModelError> {
    let settings = own_settings::of(config, Settings::read)?;
    let filled = fill(
        config,
        &settings,
        request,
        stream && settings.stream.is_some(),
    )?;
    let secrets = config.secrets();
    let mut body = filled.body.unwrap_or(Value::Null);
    secrets.hide_in(&mut body);
    let hide = |(name, value): (String, String)| (name, secrets.hide(&value));
    Ok(RequestPreview {
        method: settings.method,
        url: secrets.hide(&shown_url(&filled.url)),
        headers: filled.headers.into_iter().map(hide).collect(),
        body,
    })
}
