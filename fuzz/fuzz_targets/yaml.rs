//! YAML: any text gives a tree whose marks lie inside it, or an error at a place inside it.
//!
//! Covers: crates/core/src/yaml
#![no_main]

use botsmith_core::yaml::{Cursor, Mark, Node, Source, Value, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.yaml", text);
    // Lines as YAML ends them, and how many characters each has.
    let lines: Vec<usize> = source
        .text()
        .replace("\r\n", "\n")
        .split(['\n', '\r'])
        .map(|line| line.chars().count())
        .collect();
    match parse(&source) {
        Ok(node) => {
            marks(&node, &lines);
            walk(&Cursor::new(&source, &node));
            let _ = node.to_json();
        }
        Err(error) => {
            let place = error.diagnostic().expect("a parse error has a place");
            assert!(place.line <= lines.len(), "{error}");
            assert!(!error.to_string().contains('\u{1b}'), "{error}");
        }
    }
});

fn marks(node: &Node, lines: &[usize]) {
    inside(node.mark, lines);
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| marks(item, lines)),
        Value::Map(entries) => {
            for entry in entries {
                inside(entry.key_mark, lines);
                marks(&entry.value, lines);
            }
        }
        _ => {}
    }
}

/// One past the end of a line or of the text is where an empty value stands.
fn inside(mark: Mark, lines: &[usize]) {
    assert!((1..=lines.len() + 1).contains(&mark.line), "{mark:?}");
    let width = lines.get(mark.line - 1).copied().unwrap_or(0);
    assert!(
        (1..=width + 1).contains(&mark.column),
        "{mark:?} in {width}"
    );
}

/// No reader panics, whatever the value.
fn walk(at: &Cursor<'_>) {
    let _ = (at.name(), at.bool(), at.number_in(0.0, 1.0), at.count());
    let _ = (at.duration(), at.texts(), at.single().map(|(key, _)| key));
    let _ = at.one_of(&[("mean", 1), ("pass-rate", 2)]);
    if let Ok(items) = at.items() {
        items.iter().for_each(walk);
    }
    if let Ok(fields) = at.fields() {
        let _ = fields.required("name").map(|value| walk(&value));
        let _ = fields.finish();
    }
    if let Ok(fields) = at.fields() {
        fields.entries().iter().for_each(|(_, value)| walk(value));
    }
}
