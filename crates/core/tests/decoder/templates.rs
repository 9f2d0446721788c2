//! Chat templates of well-known models, beside what transformers makes of them.

use std::path::PathBuf;
use std::time::Instant;

use botsmith_core::engine::{ChatInput, ChatTemplate, TemplateError};
use serde::Deserialize;
use serde_json::{Map, Value};

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
fn a_hostile_template_ends_soon_with_an_error() {
    let doubling = "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}";
    let cases = [
        format!("{doubling}{{% set ns.x = ns.x ~ ns.x %}}{{% endfor %}}{{{{ ns.x }}}}"),
        format!("{doubling}{{% set ns.x = ns.x + ns.x %}}{{% endfor %}}"),
        format!("{doubling}{{% set ns.x = [ns.x, ns.x] | join %}}{{% endfor %}}"),
        format!("{doubling}{{% set ns.x = ns.x.replace('a', 'aaaa') %}}{{% endfor %}}"),
        format!(
            "{doubling}{{% set x %}}{{{{ ns.x }}}}{{{{ ns.x }}}}{{% endset %}}{{% set ns.x = x %}}{{% endfor %}}"
        ),
        "{% macro f(x) %}{{ x }}{{ x }}{% endmacro %}".to_owned()
            + &"{% set a = f(a or 'aaaaaaaa') %}".repeat(60),
        "{{ 'a' * 99999999 }}".to_owned(),
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}".to_owned(),
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".to_owned(),
        format!(
            "{{% for a in range(99999) %}}{}{{% endfor %}}",
            "x".repeat(5000)
        ),
        "{% include 'chat' %}".to_owned(),
        "{{ ''.__class__ }}{{ messages.append(1) }}".to_owned(),
        "(".repeat(300_000),
        "{{ ".to_owned() + &"(".repeat(10_000),
        "{{ messages[0].content.nothing.deeper }}".to_owned(),
    ];
    for source in cases {
        let shown: String = source.chars().take(80).collect();
        let begun = Instant::now();
        let result = ChatTemplate::new(&source, Map::new()).and_then(|template| {
            template.render(&ChatInput {
                messages: vec![serde_json::json!({"role": "user", "content": "a"})],
                ..ChatInput::default()
            })
        });
        assert!(
            matches!(result, Err(TemplateError::Broken { .. })),
            "{shown}"
        );
        assert!(begun.elapsed().as_secs() < 60, "{shown}");
    }
}
