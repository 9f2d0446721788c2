//! `botsmith model run|score|bench`: what scripts rely on, with tiny models of random weights.

#![cfg(feature = "engine")]

mod common;

use std::fs;
use std::path::Path;

use common::Folder;
use serde_json::{Value, json};

/// A folder with a model in `tiny/`.
fn folder() -> Folder {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/engine/models");
    fs::create_dir(folder.at("tiny")).expect("a folder");
    for file in ["config.json", "model.safetensors"] {
        fs::copy(
            from.join("decoder-qwen3").join(file),
            folder.at("tiny").join(file),
        )
        .expect("a file");
    }
    let tokenizer = from.join("decoder-tokenizer.json");
    fs::copy(tokenizer, folder.at("tiny/tokenizer.json")).expect("a file");
    let template =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
    let about = json!({"chat_template": template, "eos_token": "<|im_end|>"});
    folder.write("tiny/tokenizer_config.json", about.to_string());
    folder
}

const MODEL: [&str; 4] = ["--model", "./tiny", "--device", "cpu"];

fn args<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["model", command][..], &MODEL, more].concat()
}

#[test]
fn score_gives_sums_in_nats_and_counts_in_the_order_of_the_lines() {
    let folder = folder();
    let lines = "{\"prompt\": \"The cat\", \"continuations\": [\" sat\", \" sat on\"]}\n\n\
                 {\"id\": 7, \"prompt\": \"größe\", \"continuations\": []}\n\
                 {\"prompt\": \"The cat\", \"continuations\": [\" sat\"]}\n";
    let out = folder.pipe(&args("score", &["--json", "--per-token"]), lines.as_bytes());
    let out = out.ends(0).stdout;
    let rows: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 3);
    let sums: Vec<f64> = rows[0]["logprobs"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|sum| sum.as_f64().expect("a number"))
        .collect();
    assert!(sums[1] < sums[0] && sums[0] < 0.0, "{sums:?}");
    for (at, sum) in sums.iter().enumerate() {
        let each = rows[0]["token_logprobs"][at].as_array().expect("a list");
        assert_eq!(rows[0]["tokens"][at], each.len());
        let total: f64 = each.iter().filter_map(Value::as_f64).sum();
        assert!((total - sum).abs() < 1e-9);
    }
    assert_eq!(
        (&rows[1]["id"], &rows[1]["logprobs"]),
        (&json!(7), &json!([]))
    );
    let again = rows[2]["logprobs"][0].as_f64().expect("a number");
    assert!((again - sums[0]).abs() < 1e-5);
    // Through the chat template the same words are something else.
    let chat = folder.pipe(&args("score", &["--chat"]), lines.as_bytes());
    let chat: Value =
        serde_json::from_str(chat.ends(0).stdout.lines().next().expect("a line")).expect("JSON");
    assert_ne!(chat["logprobs"], rows[0]["logprobs"]);
    let wrong = folder
        .pipe(&args("score", &[]), b"{\"prompt\": 1}\n")
        .ends(2);
    assert!(wrong.stderr.contains("<stdin>:1"), "{}", wrong.stderr);
}

#[test]
fn run_gives_the_same_answer_for_the_same_seed_and_follows_a_schema() {
    let folder = folder();
    let ask = |seed: &str| {
        let more = [
            "--prompt",
            "Hello!",
            "--temperature",
            "0.9",
            "--max-tokens",
            "12",
            "--seed",
            seed,
            "--json",
        ];
        folder.run(&args("run", &more)).ends(0).json()
    };
    let first = ask("1");
    assert_eq!(ask("1")["text"], first["text"]);
    assert_ne!(ask("2")["text"], first["text"]);
    assert!(
        first["usage"]["output_tokens"]
            .as_u64()
            .is_some_and(|tokens| tokens <= 12)
    );
    folder.write("schema.json", r#"{"enum": ["yes", "no"]}"#);
    let more = [
        "--prompt",
        "Is it?",
        "--raw",
        "--schema",
        "schema.json",
        "--max-tokens",
        "20",
    ];
    let out = folder.run(&args("run", &more)).ends(0).stdout;
    assert!(["\"yes\"", "\"no\""].contains(&out.trim()), "{out}");
    let long = "a ".repeat(400);
    let failed = folder
        .run(&args("run", &["--raw", "--prompt", &long]))
        .ends(2);
    assert!(failed.stderr.contains("BS-ENG-016"), "{}", failed.stderr);
}

#[test]
fn bench_measures_reading_answering_and_scoring() {
    let folder = folder();
    let more = [
        "--prompt-tokens",
        "32",
        "--answer-tokens",
        "4",
        "--parallel",
        "3",
        "--repeat",
        "1",
        "--json",
    ];
    let json = folder.run(&args("bench", &more)).ends(0).json();
    for key in ["prefill", "decode", "together"] {
        let rate = json[key]["tokens_per_second"].as_f64();
        assert!(rate.is_some_and(|rate| rate > 0.0), "{json}");
    }
}

#[test]
fn bench_measures_vectors_of_a_file_of_texts() {
    let folder = Folder::new();
    folder.write("texts.txt", "the cat\na mat\nthe cat sat\n");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/engine/models");
    let model = model.join("sentence").display().to_string();
    let args = [
        "model",
        "bench",
        "--model",
        &model,
        "--device",
        "cpu",
        "--texts",
        "texts.txt",
    ];
    let json = folder
        .run(&[&args[..], &["--json"]].concat())
        .ends(0)
        .json();
    assert_eq!(json["embedding"]["texts"], 3);
    let rate = json["embedding"]["texts_per_second"].as_f64();
    assert!(rate.is_some_and(|rate| rate > 0.0), "{json}");
    let text = folder.run(&args).ends(0).stdout;
    assert!(text.contains("texts/s (3 texts)"), "{text}");
}
