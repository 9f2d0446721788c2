//! Parts of messages for providers that do not take them in `OpenAI`'s shape: text and images.

use botsmith_core::chat::{ChatRequest, Content, ErrorClass, ModelError, Part};
use serde_json::Value;

use super::ProviderKind;

/// A part that has a meaning everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// Media type and base64 data.
    Image(&'a str, &'a str),
    ImageUrl(&'a str),
    /// Something else, by its type.
    Other(&'a str),
}

pub(super) fn pieces(content: &Content) -> Vec<Piece<'_>> {
    match content {
        Content::Text(text) => vec![Piece::Text(text)],
        Content::Parts(parts) => parts.iter().map(piece).collect(),
    }
}

fn piece(part: &Part) -> Piece<'_> {
    match part {
        Part::Text { text, .. } => Piece::Text(text),
        Part::Other(value) => {
            let url = value.get("image_url").and_then(|image| {
                image
                    .as_str()
                    .or_else(|| image.get("url").and_then(Value::as_str))
            });
            match url {
                Some(url) => match data_url(url) {
                    Some((media, data)) => Piece::Image(media, data),
                    None => Piece::ImageUrl(url),
                },
                None => Piece::Other(
                    value
                        .get("type")
                        .and_then(Value::as_str)
                        .unwrap_or("without a type"),
                ),
            }
        }
    }
}

fn data_url(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("data:")?.split_once(";base64,")
}

/// Says no to a part that the provider's interface has no place for, before anything is sent.
pub(super) fn check(kind: ProviderKind, request: &ChatRequest) -> Result<(), ModelError> {
    if matches!(kind, ProviderKind::OpenAi | ProviderKind::Mistral) {
        return Ok(());
    }
    for message in &request.messages {
        for piece in pieces(&message.content) {
            let what = match (kind, &piece) {
                (_, Piece::Text(_))
                | (ProviderKind::Anthropic, Piece::ImageUrl(_))
                | (
                    ProviderKind::Anthropic | ProviderKind::Google | ProviderKind::Ollama,
                    Piece::Image(..),
                ) => continue,
                (_, Piece::Image(..)) => "an image",
                (_, Piece::ImageUrl(_)) => "an image by its address",
                (_, Piece::Other(kind)) => kind,
            };
            return Err(ModelError::new(
                ErrorClass::Unsupported,
                kind.as_str(),
                format!("a message has a part that cannot be sent: {what}"),
            )
            .hint("send text, or another provider"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::Message;
    use serde_json::json;

    use super::*;

    #[test]
    fn images_are_found_in_openai_s_shape() {
        let content: Content = serde_json::from_value(json!([
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "input_audio", "input_audio": {}},
        ]))
        .unwrap();
        assert_eq!(
            pieces(&content),
            [
                Piece::Text("What is this?"),
                Piece::Image("image/png", "AAAA"),
                Piece::ImageUrl("https://x/y.png"),
                Piece::Other("input_audio"),
            ]
        );
        let request = ChatRequest::new(vec![
            Message::user("x"),
            Message {
                content,
                ..Message::user("")
            },
        ]);
        assert!(check(ProviderKind::OpenAi, &request).is_ok());
        let error = check(ProviderKind::Anthropic, &request).unwrap_err();
        assert!(error.to_string().contains("input_audio"), "{error}");
    }
}
