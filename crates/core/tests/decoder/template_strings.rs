//! The 500 strings in conversations, and conversations with tools, in every chat template, beside transformers.
//!
//! The fixture keeps sums: one a conversation over all templates, one a template over all conversations. Where a text
//! differs, its conversation and its template are both named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use botsmith_core::engine::{ChatInput, ChatTemplate, TemplateError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Fixture {
    strings: Sums,
    with_tools: WithTools,
}

#[derive(Deserialize)]
struct WithTools {
    cases: Vec<Case>,
    sums: Sums,
}

/// CRC-32 over outcomes with a zero byte between.
#[derive(Deserialize)]
struct Sums {
    cases: Vec<u32>,
    templates: BTreeMap<String, u32>,
}

#[derive(Clone, Deserialize)]
struct Case {
    messages: Vec<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    add_generation_prompt: bool,
}

#[derive(Deserialize)]
struct Written {
    now: i64,
    special: Map<String, Value>,
    templates: BTreeMap<String, String>,
}

fn read<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(file);
    let text = std::fs::read(path).expect("a fixture");
    serde_json::from_slice(&text).expect("JSON")
}

/// The CRC-32 of zlib.
fn sum(outcomes: &[&str]) -> u32 {
    let mut sum = u32::MAX;
    for byte in outcomes.join("\0").bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

/// What a template makes of a conversation: a text, its own refusal, or an error whose words are not compared.
fn outcome(template: &ChatTemplate, case: &Case, now: i64) -> String {
    let rendered = template.render(&ChatInput {
        messages: case.messages.clone(),
        tools: case.tools.clone(),
        add_generation_prompt: case.add_generation_prompt,
        extra: Map::new(),
        now,
    });
    match rendered {
        Ok(text) => format!("={text}"),
        Err(TemplateError::Raised(words)) => format!("!{words}"),
        Err(_) => "?".to_owned(),
    }
}

fn compare(cases: &[Case], wanted: &Sums) {
    let known: Written = read("decoder/chats.json");
    assert_eq!(cases.len(), wanted.cases.len());
    assert!(wanted.templates.keys().eq(known.templates.keys()));
    let made: Vec<(&str, Vec<String>)> = (known.templates.iter())
        .map(|(name, source)| {
            let template = ChatTemplate::new(source, known.special.clone()).expect("a template");
            let all = cases.iter().map(|case| outcome(&template, case, known.now));
            (name.as_str(), all.collect())
        })
        .collect();
    let templates: Vec<&str> = (made.iter())
        .filter(|(name, all)| {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            sum(&all) != wanted.templates[*name]
        })
        .map(|(name, _)| *name)
        .collect();
    let mut wrong = Vec::new();
    for (number, (case, sum_wanted)) in cases.iter().zip(&wanted.cases).enumerate() {
        let row: Vec<&str> = made.iter().map(|(_, all)| all[number].as_str()).collect();
        if sum(&row) != *sum_wanted {
            let shown = (made.iter())
                .filter(|(name, _)| templates.contains(name))
                .map(|(name, all)| format!("{name}: {:?}", all[number]));
            let shown: Vec<String> = shown.collect();
            wrong.push(format!("{}\n{}", json!(case.messages), shown.join("\n")));
        }
    }
    assert!(
        wrong.is_empty() && templates.is_empty(),
        "{} of {} in {templates:?}:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(4)].join("\n\n")
    );
}

/// As `conversation` in `scripts/engine_fixtures/chat_strings.py`.
fn conversation(texts: &[String], number: usize) -> Case {
    let text = |step: usize| &texts[(number + step) % texts.len()];
    let said = |role: &str, step: usize| json!({"role": role, "content": text(step)});
    let messages = match number % 3 {
        0 => vec![said("user", 0)],
        1 => vec![said("user", 0), said("assistant", 7), said("user", 13)],
        _ => vec![said("system", 7), said("user", 0)],
    };
    Case {
        messages,
        tools: Vec::new(),
        add_generation_prompt: number.is_multiple_of(2),
    }
}

#[test]
fn five_hundred_strings_are_written_in_every_template_as_transformers_writes_them() {
    let fixture: Fixture = read("decoder/chat-strings.json");
    let texts: Vec<String> = read("engine/models/strings.json");
    assert_eq!(texts.len(), 500);
    let cases: Vec<Case> = (0..texts.len())
        .map(|number| conversation(&texts, number))
        .collect();
    compare(&cases, &fixture.strings);
}

#[test]
fn tools_and_their_calls_are_written_in_every_template_as_transformers_writes_them() {
    let fixture: Fixture = read("decoder/chat-strings.json");
    let cases = &fixture.with_tools.cases;
    assert!(cases.len() >= 10 && cases.iter().filter(|case| !case.tools.is_empty()).count() >= 9);
    compare(cases, &fixture.with_tools.sums);
}
