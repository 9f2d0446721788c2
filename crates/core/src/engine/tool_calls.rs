//! Tool calls in a model's own format: found in what it wrote, and demanded by a grammar.
//!
//! Which format a model speaks is read off its chat template. Four are known: Hermes' (Qwen, `SmolLM`;
//! `<tool_call>` around JSON), Mistral's (`[TOOL_CALLS]` before a list), Llama 3's (bare JSON with
//! `parameters`) and Phi-4-mini's (`<|tool_call|>` around a list). What cannot be read stays text.

use serde_json::{Map, Value, json};

use super::chat_template::ChatTemplate;
use super::constraint::{Grammar, MarkedText};
use crate::chat::{ToolCall, ToolSpec};

/// How a model writes tool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolFormat {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`, one after another.
    Hermes,
    /// `[TOOL_CALLS] [{"name": …, "arguments": …}]`.
    Mistral,
    /// `{"name": …, "parameters": …}`, alone.
    Llama,
    /// `<|tool_call|>[{"name": …, "arguments": …}]<|/tool_call|>`.
    Phi,
}

impl ToolFormat {
    /// The format of a template; `None` where it knows no tools, or writes them another way.
    pub fn of(template: &ChatTemplate) -> Option<Self> {
        if !template.mentions("tools") {
            return None;
        }
        let source = template.source();
        let marks = [
            ("<tool_call>", Self::Hermes),
            ("[TOOL_CALLS]", Self::Mistral),
            ("<|tool_call|>", Self::Phi),
            ("\"parameters\"", Self::Llama),
        ];
        marks
            .into_iter()
            .find(|(mark, _)| source.contains(mark))
            .map(|(_, format)| format)
    }

    /// What stands before a call; `None`: the answer is one.
    pub(crate) fn opening(self) -> Option<&'static str> {
        match self {
            Self::Hermes => Some("<tool_call>"),
            Self::Mistral => Some("[TOOL_CALLS]"),
            Self::Phi => Some("<|tool_call|>"),
            Self::Llama => None,
        }
    }

    fn closing(self) -> &'static str {
        match self {
            Self::Hermes => "</tool_call>",
            Self::Phi => "<|/tool_call|>",
            Self::Mistral | Self::Llama => "",
        }
    }

    /// A Lark grammar of one call of one of `tools`; where `answer` is given, or of JSON of that
    /// schema instead. `special` gives the id of a mark that is a special token.
    pub(crate) fn grammar(
        self,
        tools: &[&ToolSpec],
        answer: Option<&Value>,
        special: impl Fn(&str) -> Option<u32>,
    ) -> String {
        let blank = if self == Self::Hermes { "\"\\n\"" } else { "" };
        let open = lark_mark(self.opening().unwrap_or_default(), &special);
        let close = lark_mark(self.closing(), &special);
        let start = match answer {
            Some(_) => "call | answer",
            None => "call",
        };
        let answer = answer.map_or(String::new(), |schema| format!("answer: %json {schema}\n"));
        let body = self.body(tools);
        format!(
            "start: {start}\ncall: {open} {blank} body {blank} {close}\nbody: %json {body}\n{answer}"
        )
    }

    /// Any text, in which a call of one of `tools` is held to its schema once the model has opened it.
    pub(crate) fn held(
        self,
        tools: &[&ToolSpec],
        special: impl Fn(&str) -> Option<u32>,
    ) -> MarkedText {
        let mut text = MarkedText::default();
        let Some(open) = self.opening() else {
            // Bare JSON is a call from the name of a tool on; any other JSON is an answer.
            text.only_first = true;
            text.marks = (tools.iter())
                .map(|tool| {
                    let mark = format!("{{\"name\": {}", json!(tool.name));
                    let rest = format!(
                        "start: \", \\\"parameters\\\": \" body \"}}\"\nbody: %json {}\n",
                        arguments(tool)
                    );
                    (mark, Grammar::Lark(rest))
                })
                .collect();
            return text;
        };
        // Models put blanks here as they like.
        let blank = match self {
            Self::Hermes => "\"\\n\"?",
            Self::Mistral => "\" \"?",
            Self::Phi | Self::Llama => "",
        };
        let close = lark_mark(self.closing(), &special);
        let after = if self == Self::Hermes { blank } else { "" };
        let body = self.body(tools);
        let rest = format!("start: {blank} body {after} {close}\nbody: %json {body}\n");
        text.marks = vec![(open.to_owned(), Grammar::Lark(rest))];
        text
    }

    /// The schema of what stands between the marks.
    fn body(self, tools: &[&ToolSpec]) -> Value {
        let key = if self == Self::Llama {
            "parameters"
        } else {
            "arguments"
        };
        let list = matches!(self, Self::Mistral | Self::Phi);
        let calls: Vec<Value> = (tools.iter().enumerate())
            .map(|(number, tool)| {
                let place = match list {
                    true => format!("#/items/anyOf/{number}/properties/{key}"),
                    false => format!("#/anyOf/{number}/properties/{key}"),
                };
                json!({
                    "type": "object",
                    "properties": {"name": {"const": tool.name}, key: moved(&arguments(tool), &place)},
                    "required": ["name", key],
                    "additionalProperties": false,
                })
            })
            .collect();
        let call = json!({"anyOf": calls});
        match list {
            true => json!({"type": "array", "items": call, "minItems": 1}),
            false => call,
        }
    }
}

/// A schema that stands at `place` of another one: what it refers to in itself is there too.
fn moved(schema: &Value, place: &str) -> Value {
    match schema {
        Value::Object(map) => (map.iter())
            .map(|(key, value)| {
                let own = value.as_str().and_then(|text| text.strip_prefix('#'));
                let value = match own.filter(|_| key == "$ref") {
                    Some(pointer) => Value::from(format!("{place}{pointer}")),
                    None => moved(value, place),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(list) => list.iter().map(|value| moved(value, place)).collect(),
        other => other.clone(),
    }
}

/// The schema of a tool's arguments; a tool without one takes an object of anything.
fn arguments(tool: &ToolSpec) -> Value {
    match &tool.parameters {
        Value::Null => json!({"type": "object"}),
        schema => schema.clone(),
    }
}

/// A mark as Lark writes it: a token by its id, or a text.
fn lark_mark(text: &str, special: impl Fn(&str) -> Option<u32>) -> String {
    match (text, special(text)) {
        ("", _) => String::new(),
        (_, Some(id)) => format!("<[{id}]>"),
        (text, None) => json!(text).to_string(),
    }
}

/// The calls in a whole answer, and the text before them. Ids are `call_0` and so on.
///
/// ```
/// use botsmith_core::engine::{ToolFormat, parse_tool_calls};
/// let answer = "Let me see.\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>";
/// let (text, calls) = parse_tool_calls(ToolFormat::Hermes, answer);
/// assert_eq!(text, "Let me see.");
/// assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("add", r#"{"a":1}"#));
/// ```
pub fn parse_tool_calls(format: ToolFormat, answer: &str) -> (String, Vec<ToolCall>) {
    let (text, bodies) = match format.opening() {
        None => ("", vec![answer.trim()]),
        Some(open) => match answer.split_once(open) {
            None => return (answer.to_owned(), Vec::new()),
            Some((text, rest)) if format == ToolFormat::Mistral => (text, vec![rest]),
            Some((text, rest)) => {
                let inside = |part| match str::split_once(part, format.closing()) {
                    Some((inside, _)) => inside,
                    None => part,
                };
                (text, rest.split(open).map(inside).collect())
            }
        },
    };
    let mut calls = Vec::new();
    for body in bodies {
        // Several objects may follow each other, without a list around them.
        let mut values = serde_json::Deserializer::from_str(body).into_iter::<Value>();
        let mut any = false;
        for value in values.by_ref() {
            let Ok(value) = value else {
                return (answer.to_owned(), Vec::new());
            };
            let list = match value {
                Value::Array(list) => list,
                one => vec![one],
            };
            for one in &list {
                let Some(call) = one.as_object().and_then(|one| call(one, calls.len())) else {
                    return (answer.to_owned(), Vec::new());
                };
                calls.push(call);
                any = true;
            }
        }
        if !any {
            return (answer.to_owned(), Vec::new());
        }
    }
    (text.trim_end().to_owned(), calls)
}

fn call(value: &Map<String, Value>, number: usize) -> Option<ToolCall> {
    let name = value.get("name")?.as_str()?;
    let arguments = match value.get("arguments").or_else(|| value.get("parameters")) {
        // Some models write the arguments as JSON in a text.
        Some(Value::String(text)) => text.clone(),
        Some(arguments) => arguments.to_string(),
        None => "{}".to_owned(),
    };
    Some(ToolCall {
        id: format!("call_{number}"),
        name: name.to_owned(),
        arguments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_every_format_and_broken_ones_stay_text() {
        let one = r#"{"name": "f", "arguments": {"x": "é"}}"#;
        let cases = [
            (
                ToolFormat::Hermes,
                format!("hm<tool_call>{one}</tool_call>\n<tool_call>\n{one}"),
                "hm",
                2,
            ),
            (
                ToolFormat::Mistral,
                format!("[TOOL_CALLS] [{one}, {one}]"),
                "",
                2,
            ),
            (
                ToolFormat::Llama,
                r#"{"name": "f", "parameters": {"x": "é"}}"#.to_owned(),
                "",
                1,
            ),
            (
                ToolFormat::Phi,
                format!("<|tool_call|>[{one}]<|/tool_call|>"),
                "",
                1,
            ),
        ];
        for (format, answer, text, count) in cases {
            let (before, calls) = parse_tool_calls(format, &answer);
            assert_eq!((before.as_str(), calls.len()), (text, count), "{answer}");
            assert!(
                calls
                    .iter()
                    .all(|call| call.name == "f" && call.arguments == r#"{"x":"é"}"#)
            );
        }
        for (format, answer) in [
            (ToolFormat::Hermes, "<tool_call>{\"name\": </tool_call>"),
            (ToolFormat::Hermes, "<tool_call></tool_call>"),
            (ToolFormat::Llama, "Hello!"),
            (ToolFormat::Llama, "[1]"),
            (ToolFormat::Mistral, "no call"),
        ] {
            assert_eq!(
                parse_tool_calls(format, answer),
                (answer.to_owned(), vec![])
            );
        }
    }
}
