//! Tools for providers that have none: a protocol in the prompt.
//!
//! The request's tools become a text for the system message, with the form that a call must have:
//!
//! ```json
//! {"tool_calls": [{"name": "TOOL", "arguments": {}}]}
//! ```
//!
//! An answer that is nothing but such an object is read as calls; earlier calls and results become
//! ordinary messages. Used for cohere and maritaca, and for any model with `options: {tools: prompt}`.
//! It cannot hold a model to the form: an answer that misses it stays text.

use std::fmt::Write as _;

use botsmith_core::chat::{ChatRequest, Message, Role, ToolCall, ToolChoice, ToolSpec};
use serde_json::{Value, json};

/// The same request without tools: they stand in the messages.
pub(crate) fn wrap(request: &ChatRequest) -> ChatRequest {
    let mut plain = request.clone();
    plain.messages = messages(&request.messages);
    if !request.tools.is_empty() && request.tool_choice != ToolChoice::None {
        say(
            &mut plain,
            &instructions(&request.tools, &request.tool_choice),
        );
    }
    plain.tools.clear();
    plain.tool_choice = ToolChoice::Auto;
    plain
}

/// Adds to the system text of a request, or begins one.
pub(super) fn say(request: &mut ChatRequest, text: &str) {
    match request.messages.iter_mut().find(|m| m.role == Role::System) {
        Some(system) => {
            let old = system.content.text();
            system.content = format!("{old}\n\n{text}").into();
        }
        None => request.messages.insert(0, Message::system(text)),
    }
}

fn instructions(tools: &[ToolSpec], choice: &ToolChoice) -> String {
    let mut text = String::from(
        "You can use tools. To use them, answer with nothing but one JSON object of this form:\n\
         {\"tool_calls\": [{\"name\": \"TOOL\", \"arguments\": {}}]}\n\
         The arguments must fit the tool's JSON Schema. The results come with the next message. \
         When you need no tool, answer in plain text.\n",
    );
    match choice {
        ToolChoice::Required => text.push_str("Your next answer must use a tool.\n"),
        ToolChoice::Named(name) => {
            let _ = writeln!(text, "Your next answer must use the tool `{name}`.");
        }
        ToolChoice::Auto | ToolChoice::None => {}
    }
    text.push_str("\nTools:");
    for tool in tools {
        let about = tool.description.as_deref().unwrap_or_default();
        let _ = write!(
            text,
            "
- {}: {about}
  arguments: {}",
            tool.name, tool.parameters
        );
    }
    text
}

fn messages(messages: &[Message]) -> Vec<Message> {
    let mut plain: Vec<Message> = Vec::with_capacity(messages.len());
    let mut results = false;
    for message in messages {
        match message.role {
            Role::Tool => {
                let name = message.name.as_deref().unwrap_or("tool");
                let text = format!("Result of `{name}`:\n{}", message.content.text());
                match plain.last_mut().filter(|_| results) {
                    Some(last) => {
                        last.content = format!("{}\n\n{text}", last.content.text()).into();
                    }
                    None => plain.push(Message::user(text)),
                }
                results = true;
                continue;
            }
            Role::Assistant if !message.tool_calls.is_empty() => {
                plain.push(Message::assistant(as_text(message)));
            }
            _ => plain.push(message.clone()),
        }
        results = false;
    }
    plain
}

fn as_text(message: &Message) -> String {
    let calls: Vec<Value> = message
        .tool_calls
        .iter()
        .map(|call| {
            let arguments = call
                .parsed()
                .unwrap_or_else(|_| Value::from(call.arguments.as_str()));
            json!({"name": call.name, "arguments": arguments})
        })
        .collect();
    let calls = json!({ "tool_calls": calls }).to_string();
    match message.content.text() {
        text if text.is_empty() => calls,
        text => format!("{text}\n{calls}"),
    }
}

/// Whether the beginning of an answer may become calls; `None` until that can be told.
pub(super) fn may_be_calls(text: &str) -> Option<bool> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    Some(first == '{' || first == '`')
}

/// The calls that an answer asks for, if it is nothing but such an object.
pub(crate) fn parse(text: &str, ids: usize) -> Option<Vec<ToolCall>> {
    let mut text = text.trim();
    if let Some(inner) = text.strip_prefix("```") {
        let inner = inner.strip_suffix("```")?;
        text = inner.strip_prefix("json").unwrap_or(inner).trim();
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let calls = value.get("tool_calls")?.as_array()?;
    let calls: Option<Vec<ToolCall>> = calls
        .iter()
        .enumerate()
        .map(|(at, call)| {
            let arguments = match call.get("arguments") {
                None | Some(Value::Null) => "{}".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            Some(ToolCall {
                id: format!("call_{ids}_{at}"),
                name: call.get("name")?.as_str()?.to_owned(),
                arguments,
            })
        })
        .collect();
    calls.filter(|calls| !calls.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_and_their_results_become_text() {
        let mut request = ChatRequest::new(vec![
            Message::user("Dice!"),
            Message {
                tool_calls: vec![ToolCall {
                    id: "c1".into(),
                    name: "roll".into(),
                    arguments: "{\"n\":2}".into(),
                }],
                ..Message::assistant("")
            },
            Message::tool("c1", "roll", "4"),
            Message::tool("c2", "roll", "6"),
        ]);
        request.tools = vec![ToolSpec {
            name: "roll".into(),
            description: Some("Rolls dice.".into()),
            parameters: json!({"type": "object"}),
        }];
        let plain = wrap(&request);
        assert!(plain.tools.is_empty());
        let texts: Vec<_> = plain
            .messages
            .iter()
            .map(|m| (m.role, m.content.text()))
            .collect();
        assert!(
            texts[0]
                .1
                .contains("- roll: Rolls dice.\n  arguments: {\"type\":\"object\"}")
        );
        assert_eq!(
            texts[1..],
            [
                (Role::User, "Dice!".to_owned()),
                (
                    Role::Assistant,
                    "{\"tool_calls\":[{\"name\":\"roll\",\"arguments\":{\"n\":2}}]}".to_owned()
                ),
                (
                    Role::User,
                    "Result of `roll`:\n4\n\nResult of `roll`:\n6".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn only_an_answer_that_is_nothing_but_calls_is_calls() {
        let call = "{\"tool_calls\": [{\"name\": \"roll\", \"arguments\": {\"n\": 2}}]}";
        let fenced = format!("```json\n{call}\n```");
        for text in [call, &fenced] {
            let calls = parse(text, 3).unwrap();
            assert_eq!(
                (calls[0].id.as_str(), calls[0].arguments.as_str()),
                ("call_3_0", "{\"n\":2}")
            );
        }
        for text in [
            "Sure.",
            "{\"a\": 1}",
            "{\"tool_calls\": []}",
            "{\"tool_calls\": [1]}",
            "say {\"tool_calls\": []}",
        ] {
            assert_eq!(parse(text, 0), None, "{text}");
        }
    }
}
