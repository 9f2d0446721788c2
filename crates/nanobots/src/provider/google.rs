//! Google's `generateContent`, by the Generative Language API and by Vertex AI
//! (<https://ai.google.dev/api/generate-content>).
//!
//! The directive is `system_instruction` on Vertex AI and a user's message on the Generative
//! Language API, a backdrop gets the answer "Understood." after it, both as the reference
//! implementation has it. Thoughts are read, and not sent back.

#[cfg(feature = "http")]
mod account;
mod answer;
mod schema;

use botsmith_core::chat::{
    ChatRequest, ErrorClass, Message, ModelError, OutputFormat, Role, ToolChoice, ToolSpec,
};
use serde_json::{Map, Value, json};

use super::content::{Piece, pieces};
use super::{ProviderConfig, openai};
use crate::cartridge::{Profile, is_placeholder};

#[cfg(feature = "http")]
pub(super) use account::{Account, given};
pub(super) use answer::{piece, whole};

/// Which of the two services answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    GenerativeLanguage,
    Vertex,
}

/// The service that the credentials name; without a name, Vertex AI where they have what only it
/// takes.
pub(super) fn service(config: &ProviderConfig) -> Result<Service, ModelError> {
    match config.plain("service") {
        Some("vertex-ai-api") => Ok(Service::Vertex),
        Some("generative-language-api") => Ok(Service::GenerativeLanguage),
        Some(other) => Err(ModelError::new(
            ErrorClass::Unsupported,
            "google",
            format!("unknown service `{}`", botsmith_core::hint::shown(other)),
        )
        .hint("`credentials.service` is `generative-language-api` or `vertex-ai-api`")),
        None if ["file-path", "file-contents", "project-id", "region"]
            .iter()
            .any(|name| config.credential(name).is_some()) =>
        {
            Ok(Service::Vertex)
        }
        None => Ok(Service::GenerativeLanguage),
    }
}

pub(super) fn body(
    config: &ProviderConfig,
    request: &ChatRequest,
    output: &OutputFormat,
) -> Map<String, Value> {
    let compat = config.profile == Profile::Compat;
    let vertex = matches!(service(config), Ok(Service::Vertex));
    // These models refuse calls without the signature of the thought behind them, which a neutral
    // conversation does not keep; Google documents a word that stands for it.
    let signed =
        super::wire::model(config, request).is_some_and(|model| model.contains("gemini-3"));
    let mut body = Map::new();
    let mut contents: Vec<Value> = Vec::new();
    let mut results = false;
    for message in &request.messages {
        let was_results = std::mem::replace(&mut results, message.role == Role::Tool);
        match message.role {
            Role::System if vertex => {}
            Role::System => {
                contents.push(turn("user", &text_parts(&message.content.text(), compat)));
            }
            Role::User => {
                contents.push(turn("user", &parts(message, compat, signed)));
                if message.backdrop {
                    contents.push(turn("model", &text_parts("Understood.", compat)));
                }
            }
            Role::Assistant => contents.push(turn("model", &parts(message, compat, signed))),
            Role::Tool => {
                let name = message.name.as_deref().unwrap_or_default();
                let result = json!({"functionResponse": {"name": name,
                    "response": {"name": name, "content": message.content.text()}}});
                // All results of one answer stand in one turn; the reference makes a turn of each.
                let joined = contents
                    .last_mut()
                    .filter(|_| was_results && !compat)
                    .and_then(|last| last["parts"].as_array_mut());
                match joined {
                    Some(list) => list.push(result),
                    None => contents.push(turn("function", &json!([result]))),
                }
            }
        }
    }
    if vertex {
        let system: Vec<String> = request
            .messages
            .iter()
            .filter(|message| message.role == Role::System)
            .map(|message| message.content.text())
            .collect();
        if !system.is_empty() {
            let parts = text_parts(&system.join("\n\n"), compat);
            body.insert("system_instruction".into(), turn("user", &parts));
        }
    }
    body.insert("contents".into(), contents.into());
    tools(config, request, &mut body);
    if !output.is_text() {
        let mut generation = Map::new();
        generation.insert("responseMimeType".into(), json!("application/json"));
        if let OutputFormat::JsonSchema { schema, .. } = output {
            generation.insert("responseSchema".into(), schema::plain(schema));
        }
        body.insert("generationConfig".into(), generation.into());
    }
    body
}

fn tools(config: &ProviderConfig, request: &ChatRequest, body: &mut Map<String, Value>) {
    if request.tools.is_empty() {
        return;
    }
    let declarations: Vec<Value> = request
        .tools
        .iter()
        .map(|spec| tool(spec, config.profile))
        .collect();
    let declared = json!({"function_declarations": declarations});
    body.insert(
        "tools".into(),
        match config.profile {
            Profile::Compat => declared,
            Profile::Native => json!([declared]),
        },
    );
    let calling = match &request.tool_choice {
        ToolChoice::Auto => return,
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.insert(
        "toolConfig".into(),
        json!({"functionCallingConfig": calling}),
    );
}

/// A tool's definition: in profile `compat` with its schema as written, else with what Google's
/// kind of schema has no word for left out.
pub(super) fn tool(spec: &ToolSpec, profile: Profile) -> Value {
    let mut function = openai::function(spec);
    if profile == Profile::Native {
        function["parameters"] = schema::plain(&function["parameters"]);
    }
    function
}

fn turn(role: &str, parts: &Value) -> Value {
    json!({"role": role, "parts": parts})
}

/// One part of text; the reference sends it without its list, which the service takes as well.
fn text_parts(text: &str, compat: bool) -> Value {
    match compat {
        true => json!({"text": text}),
        false => json!([{"text": text}]),
    }
}

fn parts(message: &Message, compat: bool, signed: bool) -> Value {
    let pieces = pieces(&message.content);
    if let ([Piece::Text(text)], true) = (&pieces[..], message.tool_calls.is_empty()) {
        return text_parts(text, compat);
    }
    let mut parts: Vec<Value> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text("") | Piece::Other(_) | Piece::ImageUrl(_) => None,
            Piece::Text(text) => Some(json!({"text": text})),
            Piece::Image(media, data) => {
                Some(json!({"inlineData": {"mimeType": media, "data": data}}))
            }
        })
        .collect();
    for (at, call) in message.tool_calls.iter().enumerate() {
        let arguments = call.parsed().unwrap_or_else(|_| json!({}));
        let mut part = json!({"functionCall": {"name": call.name, "args": arguments}});
        if signed && at == 0 {
            part["thoughtSignature"] = json!("skip_thought_signature_validator");
        }
        parts.push(part);
    }
    parts.into()
}

/// The credential that cannot be part of an address, if one of those that are can not: a text with a `/`, a
/// `.` or a `#` would make another host of it. In a configuration as `written`, what stands for a variable of
/// the environment is not looked at.
pub(crate) fn refused_place(
    config: &ProviderConfig,
    written: bool,
) -> Option<(&'static str, ModelError)> {
    if config.kind != super::ProviderKind::Google {
        return None;
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ["region", "project-id"].into_iter().find_map(|name| {
        let value = config.plain(name)?;
        let fine = value.chars().all(plain) || (written && is_placeholder(value).is_some());
        let error = || {
            let shown = botsmith_core::hint::shown(value);
            let message = format!("`{shown}` is no {}", name.replace("-id", ""));
            ModelError::new(ErrorClass::Load, "google", message).hint(format!(
                "`credentials.{name}` has only the letters a to z, digits and `-`"
            ))
        };
        (!fine).then(|| (name, error()))
    })
}

/// Where a model answers. `method` is `generateContent` or `streamGenerateContent`.
pub(super) fn url(
    config: &ProviderConfig,
    model: &str,
    stream: bool,
) -> Result<String, ModelError> {
    let method = match stream {
        true => "streamGenerateContent?alt=sse",
        false => "generateContent",
    };
    if let Some((_, error)) = refused_place(config, false) {
        return Err(error);
    }
    let given = config
        .address()
        .map(|address| address.trim_end_matches('/'));
    match service(config)? {
        Service::GenerativeLanguage => {
            let base = given.unwrap_or("https://generativelanguage.googleapis.com");
            let version = config.plain("version").unwrap_or("v1beta");
            let model = match model.contains('/') {
                true => model.to_owned(),
                false => format!("models/{model}"),
            };
            Ok(format!("{base}/{version}/{model}:{method}"))
        }
        Service::Vertex => {
            let region = config.plain("region");
            let host = match region {
                None | Some("global") => "https://aiplatform.googleapis.com".to_owned(),
                Some(region) => format!("https://{region}-aiplatform.googleapis.com"),
            };
            let base = given.map_or(host, str::to_owned);
            let version = config.plain("version").unwrap_or("v1");
            let model = match model.contains('/') {
                true => model.to_owned(),
                false => format!("publishers/google/models/{model}"),
            };
            // A key of the express mode stands for the project by itself.
            let project = config
                .plain("project-id")
                .map(str::to_owned)
                .or_else(|| project(config.credential("file-contents")?.expose()));
            Ok(match project {
                Some(project) => format!(
                    "{base}/{version}/projects/{project}/locations/{}/{model}:{method}",
                    region.unwrap_or("global")
                ),
                None => format!("{base}/{version}/{model}:{method}"),
            })
        }
    }
}

/// The project in a service account's JSON.
fn project(account: &str) -> Option<String> {
    let account: Value = serde_json::from_str(account).ok()?;
    Some(account.get("project_id")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(credentials: &Value) -> ProviderConfig {
        ProviderConfig::from_provider(&json!({"id": "google", "credentials": credentials})).unwrap()
    }

    #[test]
    fn each_service_has_its_address() {
        let cases = [
            (
                json!({"service": "generative-language-api"}),
                false,
                "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
            ),
            (
                json!({"service": "generative-language-api", "version": "v1"}),
                true,
                "https://generativelanguage.googleapis.com/v1/models/m:streamGenerateContent?alt=sse",
            ),
            (
                json!({"service": "vertex-ai-api", "region": "us-east4", "project_id": "p"}),
                false,
                "https://us-east4-aiplatform.googleapis.com/v1/projects/p/locations/us-east4/publishers/google/models/m:generateContent",
            ),
            (
                json!({"service": "vertex-ai-api", "api-key": "k-123"}),
                false,
                "https://aiplatform.googleapis.com/v1/publishers/google/models/m:generateContent",
            ),
            (
                json!({"service": "vertex-ai-api", "file-contents": "{\"project_id\": \"q\", \"client_email\": \"e\", \"private_key\": \"k\"}"}),
                false,
                "https://aiplatform.googleapis.com/v1/projects/q/locations/global/publishers/google/models/m:generateContent",
            ),
        ];
        for (credentials, stream, expected) in cases {
            assert_eq!(url(&config(&credentials), "m", stream).unwrap(), expected);
        }
        let error = url(&config(&json!({"service": "palm"})), "m", false).unwrap_err();
        assert!(error.to_string().contains("vertex-ai-api"), "{error}");
        for (name, value) in [
            ("region", "evil.example#"),
            ("region", "evil.example/"),
            ("region", "ENV/REGION"),
            ("project-id", "p/../../x"),
            ("project_id", "p?"),
        ] {
            let credentials = json!({"service": "vertex-ai-api", name: value});
            let error = url(&config(&credentials), "m", false).unwrap_err();
            assert!(error.to_string().contains("a to z"), "{value}: {error}");
        }
    }
}
