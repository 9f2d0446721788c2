//! From a request to what is sent: method, URL, headers, body.
//!
//! [`ChatRequest`] and [`ProviderConfig`] -> the JSON body in the provider's format. Settings of the
//! cartridge come first, the request's sampling over them, its native settings over both. Pure:
//! nothing is sent here.

use std::borrow::Cow;

use botsmith_core::SecretString;
use botsmith_core::chat::{
    ChatRequest, ErrorClass, ModelError, OutputFormat, ToolChoice, ToolSpec,
};
use serde_json::{Map, Value, json};

use super::{
    ProviderConfig, ProviderKind, anthropic, cohere, content, google, maritaca, mistral, ollama,
    openai, prompt_tools, sampling, settings,
};

/// A request that the provider's own interface can express.
pub(super) struct Prepared<'a> {
    pub(super) request: Cow<'a, ChatRequest>,
    /// What the interface itself is asked for.
    pub(super) output: OutputFormat,
    /// Whether calls of tools come as text.
    pub(super) prompted: bool,
}

pub(super) fn prepare<'a>(config: &ProviderConfig, request: &'a ChatRequest) -> Prepared<'a> {
    let mut output = match request.output.is_text() {
        true => config.output.clone(),
        false => request.output.clone(),
    };
    let by_prompt = !config.kind.has_tools()
        || config.option("tools").and_then(Value::as_str) == Some("prompt");
    let has_history = request
        .messages
        .iter()
        .any(|message| !message.tool_calls.is_empty() || message.tool_call_id.is_some());
    let offered = !request.tools.is_empty() && request.tool_choice != ToolChoice::None;
    let mut request = Cow::Borrowed(request);
    if by_prompt && (has_history || !request.tools.is_empty()) {
        request = Cow::Owned(prompt_tools::wrap(&request));
    }
    let prompted = by_prompt && offered;
    // Held to a schema, a model could not write a call.
    if !output.is_text() && (prompted || !config.kind.has_json_schema()) {
        let text = match &output {
            OutputFormat::JsonSchema { schema, .. } => format!(
                "Give your answer as nothing but one JSON value that fits this JSON Schema:\n{schema}"
            ),
            _ => "Give your answer as nothing but one JSON value.".to_owned(),
        };
        prompt_tools::say(request.to_mut(), &text);
        output = OutputFormat::Text;
    }
    Prepared {
        request,
        output,
        prompted,
    }
}

/// The model to ask.
pub(super) fn model<'a>(config: &'a ProviderConfig, request: &'a ChatRequest) -> Option<&'a str> {
    request.model.as_deref().or_else(|| config.model())
}

/// The body of a request.
pub(super) fn body(config: &ProviderConfig, request: &ChatRequest, stream: bool) -> Value {
    let prepared = prepare(config, request);
    let Prepared {
        request, output, ..
    } = &prepared;
    let kind = config.kind;
    let mut base = settings::sent(config);
    base.remove("model");
    base.remove("stream");
    sampling::write(kind, &request.sampling, &mut base);
    let mut body = Map::new();
    if let Some(model) = model(config, request)
        && kind != ProviderKind::Google
    {
        body.insert("model".into(), json!(model));
    }
    body.extend(match kind {
        ProviderKind::OpenAi => {
            if is_vendor_address(config) {
                openai::vendor_words(request, &mut base);
            }
            openai::body(config, request, output, stream)
        }
        ProviderKind::Ollama => ollama::body(request, output),
        ProviderKind::Mistral => mistral::body(request, output),
        ProviderKind::Google => google::body(config, request, output),
        ProviderKind::Anthropic => anthropic::body(request, output),
        ProviderKind::Cohere => cohere::body(config, request, output),
        ProviderKind::Maritaca => maritaca::body(request),
        // Others have formats of their own; this is what a template of theirs may use.
        _ => openai::body(config, request, output, false),
    });
    under(&mut body, base);
    settings::merge(&mut body, &request.native);
    match kind {
        ProviderKind::Anthropic => anthropic::complete(&mut body),
        ProviderKind::OpenAi if !body.contains_key("tools") => {
            body.remove("tool_choice");
            body.remove("parallel_tool_calls");
        }
        _ => {}
    }
    match kind {
        // Part of the address.
        ProviderKind::Google => {}
        // Ollama streams unless it is told not to.
        ProviderKind::Ollama => {
            body.insert("stream".into(), json!(stream));
        }
        _ if stream => {
            body.insert("stream".into(), json!(true));
        }
        _ => {
            body.remove("stream");
        }
    }
    body.into()
}

/// Puts settings under what stands in the body already, maps into maps.
fn under(body: &mut Map<String, Value>, base: Map<String, Value>) {
    for (key, value) in base {
        match (body.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => under(inner, more),
            (Some(_), _) => {}
            (None, value) => {
                body.insert(key, value);
            }
        }
    }
}

/// A tool's definition as the provider wants it.
pub(super) fn tool_schema(config: &ProviderConfig, tool: &ToolSpec) -> Value {
    match config.kind {
        ProviderKind::Google => google::tool(tool, config.profile),
        ProviderKind::Anthropic => {
            let mut request = ChatRequest::new(Vec::new());
            request.tools = vec![tool.clone()];
            anthropic::body(&request, &OutputFormat::Text)["tools"][0].clone()
        }
        _ => openai::tool(tool),
    }
}

/// A header; a secret one is never shown.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) value: SecretString,
    pub(super) secret: bool,
}

/// Where a request goes and what goes with it, besides the body.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: String,
    pub(super) headers: Vec<Header>,
}

pub(super) fn is_vendor_address(config: &ProviderConfig) -> bool {
    let Some(address) = config.address() else {
        return true;
    };
    config.kind.default_address().is_some_and(|own| {
        address
            .strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Where a request to `model` goes.
pub(super) fn target(
    config: &ProviderConfig,
    model: Option<&str>,
    stream: bool,
) -> Result<Target, ModelError> {
    let address = config
        .address()
        .or(config.kind.default_address())
        .unwrap_or_default();
    let url = match config.kind {
        ProviderKind::Ollama => ollama::url(address),
        ProviderKind::Mistral => mistral::url(address),
        ProviderKind::Google => google::url(config, model.unwrap_or_default(), stream)?,
        ProviderKind::Anthropic => anthropic::url(address),
        ProviderKind::Cohere => cohere::url(address),
        ProviderKind::Maritaca => maritaca::url(address),
        _ => openai::url(address),
    };
    let mut headers = vec![open("content-type", "application/json")];
    if let Some(key) = config.key() {
        let key = key.expose().trim();
        headers.push(match config.kind {
            ProviderKind::Anthropic => secret("x-api-key", key.to_owned()),
            ProviderKind::Google => secret("x-goog-api-key", key.to_owned()),
            ProviderKind::Maritaca => secret("authorization", format!("Key {key}")),
            _ => secret("authorization", format!("Bearer {key}")),
        });
    }
    match config.kind {
        ProviderKind::Anthropic => {
            let version = config.plain("anthropic-version").unwrap_or("2023-06-01");
            headers.push(open("anthropic-version", version));
        }
        ProviderKind::OpenAi => {
            for (name, header) in [
                ("organization", "openai-organization"),
                ("project", "openai-project"),
            ] {
                if let Some(value) = config.plain(name) {
                    headers.push(open(header, value));
                }
            }
        }
        _ => {}
    }
    Ok(Target { url, headers })
}

fn open(name: &'static str, value: &str) -> Header {
    Header {
        name,
        value: SecretString::new(value),
        secret: false,
    }
}

pub(super) fn secret(name: &'static str, value: String) -> Header {
    Header {
        name,
        value: SecretString::new(value),
        secret: true,
    }
}

/// Says no, before anything is sent, to what cannot succeed.
pub(super) fn check(config: &ProviderConfig, request: &ChatRequest) -> Result<(), ModelError> {
    let id = config.id();
    content::check(config.kind, request)?;
    // A local server may have one model and need no name of it.
    if model(config, request).is_none()
        && (config.kind != ProviderKind::OpenAi || is_vendor_address(config))
    {
        let place = match config.kind {
            ProviderKind::Google => "provider.options.model",
            _ => "provider.settings.model",
        };
        return Err(ModelError::new(ErrorClass::Load, id, "no model is named")
            .hint(format!("set `{place}`, or choose one with --model")));
    }
    let by_account = config.kind == ProviderKind::Google
        && (config.credential("file-contents").is_some()
            || config.credential("file-path").is_some());
    if config.key().is_none()
        && !by_account
        && config.kind != ProviderKind::Ollama
        && is_vendor_address(config)
    {
        let name = config.kind.key_name();
        return Err(
            ModelError::new(ErrorClass::Auth, id, format!("no key: `{name}` is not set")).hint(
                match config.key_variable() {
                    Some(variable) => format!("set {variable} in the environment or in .env"),
                    None => format!("set `provider.credentials.{name}`"),
                },
            ),
        );
    }
    Ok(())
}
