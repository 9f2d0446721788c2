//! Messages and tools of the house -> the shape that chat templates expect.
//!
//! It is `OpenAI`'s, with one difference that templates rely on: arguments of a tool call are an
//! object, not JSON text. A key without a value is left out, as transformers does.

use serde_json::{Map, Value, json};

use crate::chat::{Content, Message, Part, Role, ToolSpec};

/// The conversation as templates read it.
///
/// Text parts of one message become one text, since most templates know no parts; other parts stay.
pub fn messages_as_json(messages: &[Message]) -> Vec<Value> {
    messages.iter().map(message).collect()
}

fn message(message: &Message) -> Value {
    let mut out = Map::new();
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    out.insert("role".into(), role.into());
    let parts = match &message.content {
        Content::Parts(parts) if parts.iter().any(|part| matches!(part, Part::Other(_))) => {
            json!(parts)
        }
        content => Value::from(content.text()),
    };
    out.insert("content".into(), parts);
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let arguments = call
                .parsed()
                .unwrap_or_else(|_| Value::from(call.arguments.clone()));
            json!({
                "type": "function",
                "id": call.id,
                "function": {"name": call.name, "arguments": arguments},
            })
        });
        out.insert("tool_calls".into(), calls.collect());
    }
    if let Some(id) = &message.tool_call_id {
        out.insert("tool_call_id".into(), Value::from(id.as_str()));
    }
    if let Some(name) = &message.name {
        out.insert("name".into(), Value::from(name.as_str()));
    }
    Value::Object(out)
}

/// The tools as templates read them.
pub fn tools_as_json(tools: &[ToolSpec]) -> Vec<Value> {
    tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description.clone().unwrap_or_default(),
                    "parameters": tool.parameters,
                },
            })
        })
        .collect()
}
