//! Chat templates of well-known models, beside what transformers makes of them.

use std::path::PathBuf;

use botsmith_core::engine::{ChatInput, ChatTemplate, TemplateError};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bombs;

#[derive(Deserialize)]
struct Fixture {
    now: i64,
    special: Map<String, Value>,
    templates: Map<String, Value>,
    cases: Vec<Case>,
    results: std::collections::BTreeMap<String, Vec<Map<String, Value>>>,
}

#[derive(Deserialize)]
struct Case {
    messages: Vec<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    extra: Map<String, Value>,
    add_generation_prompt: bool,
}

#[test]
fn every_conversation_is_written_as_transformers_writes_it() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decoder/chats.json");
    let fixture: Fixture = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, source) in &fixture.templates {
        let template = ChatTemplate::new(source.as_str().unwrap(), fixture.special.clone())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for (number, (case, wanted)) in fixture.cases.iter().zip(&fixture.results[name]).enumerate()
        {
            count += 1;
            let rendered = template.render(&ChatInput {
                messages: case.messages.clone(),
                tools: case.tools.clone(),
                add_generation_prompt: case.add_generation_prompt,
                extra: case.extra.clone(),
                now: fixture.now,
            });
            let right = match (&rendered, wanted.get("text"), wanted.get("error")) {
                (Ok(text), Some(Value::String(wanted)), _) => text == wanted,
                (Err(TemplateError::Raised(words)), _, Some(Value::String(wanted))) => {
                    words == wanted
                }
                (Err(_), _, Some(Value::Null)) => true,
                _ => false,
            };
            if !right {
                wrong.push(format!("{name} {number}:\n{rendered:?}\nwanted {wanted:?}"));
            }
        }
    }
    assert!(count > 400);
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(6)].join("\n\n")
    );
}

#[test]
fn a_conversation_of_five_thousand_messages_is_no_harm() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decoder/chats.json");
    let fixture: Fixture = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let messages = (0..5000).map(|at| {
        let role = if at % 2 == 0 { "user" } else { "assistant" };
        serde_json::json!({"role": role, "content": format!("{at} {}", "word ".repeat(200))})
    });
    let messages: Vec<Value> = messages.collect();
    let length: usize = (messages.iter())
        .map(|message| message["content"].as_str().unwrap().trim().len())
        .sum();
    for name in [
        "chatml", "llama3", "llama3.1", "qwen2.5", "qwen3", "phi3", "mistral", "gemma",
    ] {
        let source = fixture.templates[name].as_str().unwrap();
        let template = ChatTemplate::new(source, fixture.special.clone()).unwrap();
        let text = template.render(&ChatInput {
            messages: messages.clone(),
            ..ChatInput::default()
        });
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.len() > length, "{name}");
    }
}

#[test]
fn a_hostile_template_ends_by_a_count_of_steps_or_bytes() {
    for (reason, source) in bombs::all() {
        let shown: String = source.chars().take(80).collect();
        let result = ChatTemplate::new(&source, Map::new()).and_then(|template| {
            template.render(&ChatInput {
                messages: vec![serde_json::json!({"role": "user", "content": "a"})],
                ..ChatInput::default()
            })
        });
        let Err(error @ TemplateError::Broken { .. }) = result else {
            panic!("{shown}: {result:?}")
        };
        let words = error.to_string();
        assert!(words.contains(reason), "{shown}: {words}, not {reason}");
    }
}

#[test]
fn the_deepest_template_that_is_read_overflows_no_stack() {
    // Everything at its limit at once, on a stack of the usual size.
    let links = " and x.y|d(1)".repeat(55);
    let brackets = format!("{}x{links}{}", "f(1, [".repeat(15), "])".repeat(15));
    let blocks = 120;
    let source = format!(
        "{}{}{{% if {brackets} %}}{}{{% endif %}}{}",
        "{% for x in [1] %}".repeat(blocks / 2),
        "{% if 1 %}".repeat(blocks / 2),
        format!("{{% elif {brackets} %}}").repeat(200),
        "{% endif %}".repeat(blocks / 2) + &"{% endfor %}".repeat(blocks / 2),
    );
    for text in [
        source.clone(),
        source.replace("f(1, [", "g[1, (").replace("])", ")]"),
    ] {
        let words = match ChatTemplate::new(&text, Map::new()) {
            Ok(template) => {
                assert!(!template.mentions("tools"));
                format!("{:?}", template.render(&ChatInput::default()))
            }
            Err(error) => error.to_string(),
        };
        assert!(words.contains("Ok(") || words.contains("breaks"), "{words}");
    }
}
