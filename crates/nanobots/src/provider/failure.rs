//! A provider's refusal, put into a class and into words.
//!
//! Status, headers and body of an answer that is an error -> [`ModelError`]: first by the provider's
//! own codes, then by the status. The provider's message is kept, secrets are taken out, control
//! characters are escaped, and it is cut to a length that a terminal can show.

use botsmith_core::chat::{ErrorClass, ModelError};
use serde_json::Value;

use super::secrets::{Secrets, shown_url};
use super::wait;
use super::{ProviderConfig, ProviderKind};

/// Characters of a provider's words that are shown.
const LONGEST: usize = 500;

/// What an error's answer brings besides its body.
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) retry_after_ms: Option<String>,
    pub(super) location: Option<String>,
}

/// The error that an answer with a status other than 2xx stands for. `now` is in seconds since 1970.
pub(super) fn of_status(
    config: &ProviderConfig,
    secrets: &Secrets,
    heads: &Heads,
    body: &str,
    now: i64,
) -> ModelError {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let status = heads.status;
    let words = match message(&value) {
        Some(words) => words,
        None if (300..400).contains(&status) => format!(
            "the address leads elsewhere: {}",
            heads
                .location
                .as_deref()
                .map_or_else(|| "nowhere".into(), shown_url)
        ),
        None => body.trim().to_owned(),
    };
    let words = excerpt(secrets, &words);
    let codes = codes(&value);
    let class = class(status, &codes, &words);
    let text = match words.is_empty() {
        true => format!("HTTP {status}"),
        false => format!("HTTP {status}: {words}"),
    };
    let error = ModelError::new(class, config.id(), text)
        .status(status)
        .retry_after(wait::asked(heads, &value, now));
    hinted(config, error)
}

/// The error that a JSON value stands for, if it is one: some come with status 200, or in a stream.
pub(super) fn of_value(
    config: &ProviderConfig,
    secrets: &Secrets,
    value: &Value,
) -> Option<ModelError> {
    let found = match value {
        Value::Array(list) => list.first()?.get("error")?,
        _ => value.get("error")?,
    };
    if matches!(found, Value::Null | Value::Bool(false)) {
        return None;
    }
    let words = message(value).unwrap_or_else(|| found.to_string());
    let words = excerpt(secrets, &words);
    let status = found
        .get("code")
        .and_then(Value::as_u64)
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    let class = class(status.unwrap_or(0), &codes(value), &words);
    let mut error = ModelError::new(class, config.id(), words).retry_after(wait::in_body(value));
    error.status = status;
    Some(hinted(config, error))
}

/// The error for text that should be JSON.
pub(super) fn malformed(
    config: &ProviderConfig,
    secrets: &Secrets,
    text: &str,
    error: &serde_json::Error,
) -> ModelError {
    let near: String = text.chars().take(LONGEST).collect();
    ModelError::new(
        ErrorClass::Protocol,
        config.id(),
        format!(
            "the answer is not JSON ({error}): {}",
            excerpt(secrets, near.trim())
        ),
    )
    .hint("check that the address speaks this provider's interface")
}

/// Text as it may be shown: the start of it, so long as it is printed.
pub(super) fn excerpt(secrets: &Secrets, text: &str) -> String {
    let text = secrets.hide(text);
    let mut shown = String::new();
    let mut left = LONGEST;
    for c in text.trim().chars() {
        let (plain, escaped) = match c {
            '\n' | '\r' | '\t' => (Some(' '), None),
            c if c.is_control() => (None, Some(c.escape_unicode())),
            c => (Some(c), None),
        };
        let length = escaped.as_ref().map_or(1, ExactSizeIterator::len);
        if length > left {
            shown.push('…');
            break;
        }
        left -= length;
        shown.extend(plain);
        shown.extend(escaped.into_iter().flatten());
    }
    shown
}

/// The provider's own words.
fn message(value: &Value) -> Option<String> {
    const PLACES: [&str; 9] = [
        "/error/message",
        "/0/error/message",
        "/error",
        "/message",
        "/detail",
        "/detail/0/msg",
        "/message/detail/0/msg",
        "/errors/0/message",
        "/errors/0",
    ];
    PLACES
        .iter()
        .find_map(|place| value.pointer(place).and_then(Value::as_str))
        .filter(|words| !words.trim().is_empty())
        .map(str::to_owned)
}

/// The provider's codes for what happened, lower case.
fn codes(value: &Value) -> Vec<String> {
    let error = match value {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        one => one,
    };
    let mut found = Vec::new();
    for place in [
        "/error/code",
        "/error/type",
        "/error/status",
        "/code",
        "/type",
    ] {
        match error.pointer(place) {
            Some(Value::String(code)) => found.push(code.to_lowercase()),
            Some(Value::Number(code)) => found.push(code.to_string()),
            _ => {}
        }
    }
    if let Some(Value::Array(details)) = error.pointer("/error/details") {
        for detail in details {
            if let Some(reason) = detail.get("reason").and_then(Value::as_str) {
                found.push(reason.to_lowercase());
            }
        }
    }
    found
}

fn class(status: u16, codes: &[String], words: &str) -> ErrorClass {
    for code in codes {
        match code.as_str() {
            "context_length_exceeded" | "exceed_context_size_error" | "request_too_large" => {
                return ErrorClass::ContextTooLong;
            }
            "content_filter" | "content_policy_violation" => return ErrorClass::Refused,
            "invalid_api_key"
            | "authentication_error"
            | "permission_error"
            | "unauthenticated"
            | "permission_denied"
            | "api_key_invalid" => return ErrorClass::Auth,
            "rate_limit_exceeded"
            | "rate_limit_error"
            | "insufficient_quota"
            | "resource_exhausted" => return ErrorClass::RateLimit,
            "overloaded_error"
            | "server_error"
            | "internal_server_error"
            | "api_error"
            | "unavailable"
            | "internal" => return ErrorClass::Server,
            "model_not_found" | "not_found_error" => return ErrorClass::Load,
            _ => {}
        }
    }
    if matches!(status, 0 | 400 | 413 | 422) && is_too_long(words) {
        return ErrorClass::ContextTooLong;
    }
    match status {
        401 | 403 => ErrorClass::Auth,
        402 | 429 => ErrorClass::RateLimit,
        408 => ErrorClass::Timeout,
        300..=399 | 404 => ErrorClass::Load,
        413 => ErrorClass::ContextTooLong,
        // An error inside of an answer whose status was good is the server's.
        0 | 500..=599 => ErrorClass::Server,
        _ => ErrorClass::Request,
    }
}

/// Whether the words say that the conversation is too long; not all providers have a code for it.
fn is_too_long(words: &str) -> bool {
    const PHRASES: [&str; 8] = [
        "maximum context length",
        "context length exceeded",
        "prompt is too long",
        "exceed context limit",
        "exceeds the maximum number of tokens",
        "exceeds the available context size",
        "too many tokens",
        "context window",
    ];
    let words = words.to_lowercase();
    PHRASES.iter().any(|phrase| words.contains(phrase))
}

fn hinted(config: &ProviderConfig, error: ModelError) -> ModelError {
    match error.class {
        ErrorClass::Auth => match config.key_variable() {
            Some(variable) => error.hint(format!(
                "check the key: {variable} in the environment or in .env"
            )),
            None => error.hint("check the credentials"),
        },
        ErrorClass::Load => {
            let model = config.model().unwrap_or("the model");
            let address = config
                .address()
                .or(config.kind.default_address())
                .unwrap_or_default();
            error.hint(match config.kind {
                ProviderKind::Ollama => format!("`ollama pull {model}` fetches a model"),
                _ => format!(
                    "check the model's name ({model}) and the address ({})",
                    shown_url(address)
                ),
            })
        }
        ErrorClass::ContextTooLong => {
            error.hint("shorten the conversation, or use a model with a larger context")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(id: &str, heads: &Heads, body: &Value) -> ModelError {
        let config =
            ProviderConfig::from_provider(&json!({"id": id, "settings": {"model": "m"}})).unwrap();
        of_status(&config, &config.secrets(), heads, &body.to_string(), 1_000)
    }

    #[test]
    fn errors_get_their_class_by_code_and_then_by_status() {
        use ErrorClass::{Auth, ContextTooLong, Load, RateLimit, Refused, Request, Server};
        let cases = [
            (
                "openai",
                401,
                json!({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}}),
                Auth,
            ),
            (
                "openai",
                400,
                json!({"error": {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"}}),
                ContextTooLong,
            ),
            (
                "openai",
                400,
                json!({"object": "error", "message": "This model's maximum context length is 2048 tokens. However, you requested 3000", "code": 400}),
                ContextTooLong,
            ),
            (
                "openai",
                400,
                json!({"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}),
                ContextTooLong,
            ),
            (
                "openai",
                429,
                json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
                RateLimit,
            ),
            (
                "openai",
                400,
                json!({"error": {"message": "filtered", "code": "content_filter"}}),
                Refused,
            ),
            (
                "openai",
                404,
                json!({"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}),
                Load,
            ),
            (
                "anthropic",
                400,
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 250000 tokens > 200000 maximum"}}),
                ContextTooLong,
            ),
            (
                "anthropic",
                529,
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
                Server,
            ),
            (
                "anthropic",
                400,
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: Field required"}}),
                Request,
            ),
            (
                "google",
                400,
                json!({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}),
                Auth,
            ),
            (
                "google",
                400,
                json!([{"error": {"code": 400, "message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}}]),
                ContextTooLong,
            ),
            (
                "ollama",
                404,
                json!({"error": "model \"x\" not found, try pulling it first"}),
                Load,
            ),
            (
                "mistral",
                422,
                json!({"detail": [{"msg": "Field required"}]}),
                Request,
            ),
            (
                "cohere",
                400,
                json!({"message": "too many tokens: total number of tokens cannot exceed 4081"}),
                ContextTooLong,
            ),
            ("cohere", 500, json!({"message": "internal"}), Server),
        ];
        for (id, status, body, class) in cases {
            let heads = Heads {
                status,
                ..Heads::default()
            };
            let error = error(id, &heads, &body);
            assert_eq!(error.class, class, "{id} {status} {body}");
            assert_eq!(error.status, Some(status));
        }
    }

    #[test]
    fn words_are_shown_short_and_without_what_redraws_a_terminal() {
        let secrets = Secrets::default();
        assert_eq!(excerpt(&secrets, "a\nb\u{1b}[2J"), "a b\\u{1b}[2J");
        assert_eq!(
            excerpt(&secrets, &"é".repeat(600)).chars().count(),
            LONGEST + 1
        );
        assert!(excerpt(&secrets, &"\0".repeat(600)).chars().count() <= LONGEST + 1);
    }
}
