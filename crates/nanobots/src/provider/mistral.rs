//! Mistral's chat completions (<https://docs.mistral.ai/api/>): `OpenAI`'s shape, with other words
//! for the seed, for tools that must be used, and with ids of calls of nine letters and digits.

use botsmith_core::chat::{ChatRequest, OutputFormat};
use serde_json::{Map, Value};

use super::openai;

pub(super) fn body(request: &ChatRequest, output: &OutputFormat) -> Map<String, Value> {
    let mut body = Map::new();
    let messages = request.messages.iter().map(|message| {
        let mut message = message.clone();
        for call in &mut message.tool_calls {
            call.id = id(&call.id);
        }
        message.tool_call_id = message.tool_call_id.as_deref().map(id);
        openai::message(&message)
    });
    body.insert("messages".into(), messages.collect());
    openai::tools(&mut body, request, "any");
    if let Some(format) = openai::response_format(output) {
        body.insert("response_format".into(), format);
    }
    body
}

/// An id that Mistral takes; one that another provider gave is replaced, always by the same.
fn id(given: &str) -> String {
    if given.len() == 9 && given.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return given.to_owned();
    }
    blake3::hash(given.as_bytes()).to_hex()[..9].to_owned()
}

pub(super) fn url(address: &str) -> String {
    openai::url(address)
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::{Message, ToolCall};
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_of_other_providers_become_ids_that_mistral_takes() {
        let call = |id: &str| ToolCall {
            id: id.into(),
            name: "roll".into(),
            arguments: String::new(),
        };
        let request = ChatRequest::new(vec![
            Message {
                tool_calls: vec![call("call_abc"), call("D681PevKs")],
                ..Message::assistant("")
            },
            Message::tool("call_abc", "roll", "4"),
        ]);
        let body = Value::Object(body(&request, &OutputFormat::Text));
        let calls = &body["messages"][0]["tool_calls"];
        assert_eq!(calls[0]["id"], body["messages"][1]["tool_call_id"]);
        assert_eq!(calls[0]["id"].as_str().map(str::len), Some(9));
        assert_eq!(calls[1]["id"], json!("D681PevKs"));
        assert_eq!(calls[1]["function"]["arguments"], json!("{}"));
    }
}
