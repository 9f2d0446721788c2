//! One key for equal requests: the blake3 hash of the request as canonical JSON.
//!
//! Canonical JSON here: keys sorted by their bytes, no spaces, numbers and text as `serde_json` writes
//! them. What is never sent to a model (the tags) does not count. Names no provider: see
//! [`router::AnswerCache`](crate::router::AnswerCache) for keys that do.

use botsmith_core::chat::ChatRequest;
use botsmith_core::digest::Digest;
use serde_json::Value;

/// The key of `request`.
///
/// ```
/// use botsmith_core::chat::{ChatRequest, Message};
/// use botsmith_nanobots::provider::request_key;
/// let request = ChatRequest::new(vec![Message::user("Hello!")]);
/// let mut labelled = request.clone();
/// labelled.tags.push("greeting".into());
/// assert_eq!(request_key(&request), request_key(&labelled));
/// ```
pub fn request_key(request: &ChatRequest) -> Digest {
    Digest::of(canonical(&request_value(request)).as_bytes())
}

/// The request as JSON, without what is never sent.
pub(crate) fn request_value(request: &ChatRequest) -> Value {
    let mut value = serde_json::to_value(request).unwrap_or_else(|error| {
        // Keys are text and numbers finite or null: there is nothing that JSON cannot hold.
        unreachable!("a request is JSON: {error}")
    });
    if let Some(fields) = value.as_object_mut() {
        fields.remove("tags");
    }
    value
}

/// `value` with sorted keys and without spaces.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            text.push('{');
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(item, text);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::Message;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_that_of_items_does() {
        let cases = [
            (
                json!({"b": 1, "a": {"d": [1, 2], "c": null}}),
                r#"{"a":{"c":null,"d":[1,2]},"b":1}"#,
            ),
            (json!({"é": "\n\""}), "{\"é\":\"\\n\\\"\"}"),
            (json!([2, 1, 0.5]), "[2,1,0.5]"),
        ];
        for (value, text) in cases {
            assert_eq!(canonical(&value), text);
        }
    }

    #[test]
    fn a_change_of_anything_that_is_sent_changes_the_key() {
        let base = ChatRequest::new(vec![Message::user("a")]);
        let mut others = vec![base.clone(); 4];
        others[0].messages[0] = Message::system("a");
        others[1].sampling.seed = Some(1);
        others[2].model = Some("m".into());
        others[3].native.insert("k".into(), json!(0));
        for other in &others {
            assert_ne!(request_key(&base), request_key(other));
        }
        assert_eq!(request_key(&base), request_key(&base.clone()));
    }
}
