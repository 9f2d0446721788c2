//! The examples of local models do what they say, with tiny models of random weights: what they answer means nothing, its
//! shape is what counts.

#![cfg(feature = "engine")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the examples have a main of their own"
)]

#[path = "../examples/local/chat.rs"]
mod chat;
#[path = "../examples/local/choices.rs"]
mod choices;
#[path = "../examples/local/embed.rs"]
mod embed;
#[path = "../examples/local/json.rs"]
mod json;
#[path = "../examples/local/stream.rs"]
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/engine/models")
}

/// A folder with a decoder that chats.
fn decoder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let from = fixtures();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(
            from.join("decoder-qwen3").join(file),
            folder.path().join(file),
        )
        .expect("a copy");
    }
    fs::copy(
        from.join("decoder-tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .expect("a copy");
    let template =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
    let about = json!({"chat_template": template, "eos_token": "<|im_end|>"});
    fs::write(
        folder.path().join("tokenizer_config.json"),
        about.to_string(),
    )
    .expect("a file");
    let path = folder.path().display().to_string();
    (folder, path)
}

#[tokio::test]
async fn chat_tells_the_answer_and_what_it_cost() {
    let (_folder, model) = decoder();
    let told = chat::answer(&model, "Why?").await.expect("an answer");
    assert!(told.contains("tokens read, "), "{told}");
}

#[test]
fn stream_stops_where_it_was_told_to() {
    let (_folder, model) = decoder();
    let mut all = String::new();
    let tokens = stream::stream(&model, "Why?", 5, |piece| all.push_str(piece)).expect("an answer");
    assert_eq!(tokens, 5);
}

#[test]
fn choices_gives_a_probability_for_each_question() {
    let (_folder, model) = decoder();
    let found = choices::verdicts(&model).expect("verdicts");
    assert_eq!(found.len(), choices::QUESTIONS.len());
    assert!(
        found.iter().all(|yes| (0.0..=1.0).contains(yes)),
        "{found:?}"
    );
    assert_ne!(found[0], found[1]);
}

#[tokio::test]
async fn json_gives_what_the_schema_has() {
    let (_folder, model) = decoder();
    let found = json::verdict(&model).await.expect("a verdict");
    assert!(["yes", "no"].contains(&found["helpful"].as_str().expect("a word")));
    assert!((1..=5).contains(&found["score"].as_i64().expect("a number")));
}

#[test]
fn embed_finds_the_two_lines_that_are_nearest() {
    let model = fixtures().join("sentence").display().to_string();
    let text = "the cat sat\n\na mat\nthe cat sat on it\nthe cat sat\n";
    let (cosine, a, b) = embed::nearest(&model, text)
        .expect("vectors")
        .expect("two lines");
    assert!((-1.0..=1.0).contains(&cosine));
    assert_ne!(a, b);
    assert!(
        embed::nearest(&model, "alone\n")
            .expect("vectors")
            .is_none()
    );
}
