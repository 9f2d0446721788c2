//! A pipeline file and a text, with a line `---` between: what does not build names its place, what builds
//! gives layers whose spans lie in the text.
//! Covers: crates/nlp/src/matcher crates/nlp/src/stages crates/nlp/src/chunks.rs crates/nlp/src/clauses.rs crates/nlp/src/keyphrases.rs
#![no_main]

use botsmith_core::yaml::Source;
use botsmith_nlp::PipelineBuilder;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &str| {
    let (yaml, text) = input.split_once("\n---\n").unwrap_or((input, "Ann's old cat isn't here."));
    // A model file would be read from the disk of whoever fuzzes.
    if yaml.contains("model") || text.len() > 2000 {
        return;
    }
    let built = PipelineBuilder::from_yaml(&Source::new("pipeline.yaml", yaml))
        .and_then(PipelineBuilder::build);
    let analyser = match built {
        Ok(analyser) => analyser,
        Err(error) => {
            assert!(error.code().starts_with("BS-"), "{error}");
            return;
        }
    };
    let analysis = analyser.analyse(text).expect("a short text");
    assert_eq!(analysis.doc.text(), text);
    let json: Value = serde_json::from_str(&analysis.to_json()).expect("one JSON object");
    spans(&json["layers"], text);
});

/// Every `start` and `end` are borders of characters.
fn spans(value: &Value, text: &str) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| spans(item, text)),
        Value::Object(fields) => {
            if let (Some(start), Some(end)) = (field(value, "start"), field(value, "end")) {
                assert!(text.get(start..end).is_some(), "{start}..{end}");
            }
            fields.values().for_each(|item| spans(item, text));
        }
        _ => {}
    }
}

fn field(value: &Value, name: &str) -> Option<usize> {
    usize::try_from(value.get(name)?.as_u64()?).ok()
}
