//! `botsmith model`: what scripts rely on, with tiny models.

#![cfg(feature = "engine")]

mod common;

use std::fs;

use common::Folder;
use serde_json::{Value, json};

fn model(name: &str) -> String {
    format!(
        "{}/crates/core/tests/engine/models/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn info_tells_kind_size_and_memory_of_both_formats() {
    let folder = Folder::new();
    for (name, format, tokens) in [("bert", "safetensors", 160), ("bert.gguf", "GGUF", 160)] {
        let json = folder
            .run(&["model", "info", &model(name), "--json"])
            .ends(0)
            .json();
        assert_eq!(json["format"], format);
        assert_eq!(json["tokens"], tokens);
        assert_eq!(json["context"], 96);
        assert!(
            json["memory"]["needed"]
                .as_u64()
                .is_some_and(|bytes| bytes > 10_000)
        );
        let text = folder.run(&["model", "info", &model(name)]).ends(0).stdout;
        assert!(text.contains("MB on the CPU"), "{text}");
    }
}

#[test]
fn embed_gives_one_vector_a_line_with_its_id() {
    let folder = Folder::new();
    folder.write("lines.txt", "the cat\na mat\nthe cat\n");
    let args = ["model", "embed", "--model", &model("sentence"), "lines.txt"];
    let out = folder.run(&args).ends(0).stdout;
    let rows: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], rows[2]);
    let length: f64 = (rows[1]["embedding"].as_array().expect("a vector").iter())
        .map(|value| value.as_f64().expect("a number").powi(2))
        .sum();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
    folder.write("objects.jsonl", "{\"id\": \"x\", \"text\": \"the cat\"}\n");
    let args = [
        "model",
        "embed",
        "--model",
        &model("sentence"),
        "objects.jsonl",
        "--dimensions",
        "4",
        "--int8",
    ];
    let out = folder.run(&args).ends(0).stdout;
    let row: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(row["id"], "x");
    assert_eq!(row["embedding"].as_array().map(Vec::len), Some(4));
    assert!(row["scale"].as_f64().is_some_and(|scale| scale > 0.0));
}

#[test]
fn an_embedder_that_is_a_decoder_is_told_of_and_embeds_as_any_other() {
    let folder = Folder::new();
    let model = model("embedder-qwen3");
    let json = folder
        .run(&["model", "info", &model, "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (&json["kind"], &json["tokens"]),
        (&json!("Qwen3Model"), &json!(272))
    );
    folder.write("lines.txt", "the cat\na mat\nthe cat\n");
    let rows = |more: &[&str]| -> Vec<Value> {
        let args = [
            "model",
            "embed",
            "--model",
            &model,
            "lines.txt",
            "--device",
            "cpu",
        ];
        let out = folder.run(&[&args[..], more].concat()).ends(0).stdout;
        out.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let plain = rows(&[]);
    assert_eq!(plain.len(), 3);
    assert_eq!(plain[0], plain[2]);
    assert_eq!(plain[0]["embedding"].as_array().map(Vec::len), Some(8));
    assert_ne!(plain, rows(&["--prompt-name", "query"]));
}

#[test]
fn embed_writes_files_that_numpy_reads() {
    let folder = Folder::new();
    folder.write("lines.txt", "one\ntwo\nthree\n");
    let args = [
        "model",
        "embed",
        "--model",
        &model("sentence"),
        "lines.txt",
        "--npy",
        "v.npy",
        "--quiet",
    ];
    assert_eq!(folder.run(&args).ends(0).stdout, "");
    let bytes = std::fs::read(folder.path().join("v.npy")).expect("a file");
    assert_eq!(bytes.len(), 128 + 3 * 8 * 4);
    let head = String::from_utf8_lossy(&bytes[10..128]);
    assert!(head.contains("'<f4'") && head.contains("(3, 8)"), "{head}");
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00\x76\x00") && head.ends_with('\n'));
    let json = folder
        .run(&[&args[..], &["--json"]].concat())
        .ends(0)
        .json();
    assert_eq!(json["file"], "v.npy");
    assert_eq!(
        (json["vectors"].as_u64(), json["dimensions"].as_u64()),
        (Some(3), Some(8))
    );
    assert_eq!(json["type"], "float32");
}

#[test]
fn a_model_that_is_not_here_is_an_error_with_the_command_that_fetches_it() {
    let folder = Folder::new();
    let ran = folder.run(&["model", "info", "hf:a/b", "--json"]).ends(2);
    let json = ran.json();
    assert_eq!(json["error"]["code"], "BS-ENG-001");
    let message = json["error"]["message"].as_str().expect("a message");
    assert!(message.contains("botsmith model pull hf:a/b"), "{message}");
    let ran = folder.run(&["model", "info", "hf:../../etc"]).ends(2);
    assert!(ran.stderr.contains("error[BS-ENG-001]"), "{}", ran.stderr);
    folder.run(&["model", "rm", "hf:a/b"]).ends(2);
    let json = folder.run(&["model", "list", "--json"]).ends(0).json();
    assert_eq!(json["models"].as_array().map(Vec::len), Some(0));
}

/// What the doctor found of this name.
fn checked(json: &Value, name: &str) -> Value {
    let checks = json["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

#[test]
fn the_doctor_names_the_kernels_and_the_instructions_that_they_need() {
    let folder = Folder::new();
    let kernels = checked(&folder.run(&["doctor", "--json"]).ends(0).json(), "kernels");
    let details = &kernels["details"];
    let features = details["features"].as_object().expect("features");
    let has = |name: &str| features.get(name) == Some(&Value::Bool(true));
    let quantised = details["quantised"].as_str().expect("a text");
    if cfg!(target_arch = "x86_64") {
        assert_eq!(
            features.keys().collect::<Vec<_>>(),
            ["AVX-512", "AVX-512 VNNI", "AVX-VNNI", "AVX2"]
        );
        let tiles = has("AVX-512") && has("AVX-512 VNNI");
        assert_eq!(quantised.starts_with("tiles"), tiles, "{quantised}");
        let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        if let Some(flags) = flags.lines().find(|line| line.starts_with("flags")) {
            for (name, flag) in [("AVX2", "avx2"), ("AVX-512 VNNI", "avx512_vnni")] {
                let wanted = flags.split_whitespace().any(|word| word == flag);
                assert_eq!(has(name), wanted, "{name}");
            }
        }
    }
    let found = kernels["found"].as_str().expect("a text");
    assert!(found.contains(quantised), "{found}");
}

#[test]
fn the_doctor_counts_the_models_and_says_whether_more_can_be_fetched() {
    let folder = Folder::new();
    let doctor = |models: &str| {
        let ran = folder
            .command(&["doctor", "--json"])
            .env("BOTSMITH_MODELS", folder.at(models))
            .env("HF_HUB_CACHE", folder.at("hub"))
            .output()
            .expect("it runs");
        let json: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        assert_eq!(json["ok"], true, "{json}");
        checked(&json, "models")
    };
    let none = doctor("models");
    assert_eq!(none["details"]["models"], 0);
    assert_eq!(none["details"]["writable"], true);
    let found = none["found"].as_str().expect("a text");
    assert!(
        found.ends_with("no models; the first `botsmith model pull` makes the folder"),
        "{found}"
    );
    assert!(!folder.at("models").exists(), "looking makes nothing");

    let commit = "0123456789abcdef0123456789abcdef01234567";
    for (name, bytes) in [
        ("models/org--a", 1_500_000),
        ("models/org--b", 700_000),
        ("hub/models--org--c", 10),
    ] {
        folder.write(&format!("{name}/refs/main"), commit);
        folder.write(
            &format!("{name}/snapshots/{commit}/model.safetensors"),
            vec![0; bytes],
        );
        folder.write(&format!("{name}/refs/{commit}"), commit);
    }
    let some = doctor("models");
    let details = &some["details"];
    assert_eq!(
        (&details["models"], &details["hub_models"]),
        (&json!(2), &json!(1)),
        "{some}"
    );
    assert_eq!(
        (&details["bytes"], &details["hub_bytes"]),
        (&json!(2_200_000), &json!(10)),
        "{some}"
    );
    let found = some["found"].as_str().expect("a text");
    assert!(
        found.contains("models: 2 models, 3 MB; ")
            && found.ends_with("hub: 1 model, 1 MB; can be written to"),
        "{found}"
    );

    folder.write("file", "no folder");
    let barred = doctor("file/models");
    assert_eq!(barred["details"]["writable"], false);
    assert_eq!(
        (&barred["ok"], &barred["warning"]),
        (&json!(true), &json!(true))
    );
    assert!(
        barred["remedy"]
            .as_str()
            .expect("a remedy")
            .contains("BOTSMITH_MODELS")
    );
}

#[test]
fn the_doctor_names_the_device_and_why() {
    let folder = Folder::new();
    let device = checked(&folder.run(&["doctor", "--json"]).ends(0).json(), "device");
    let found = device["found"].as_str().expect("a text");
    assert!(
        found.starts_with("cpu (") || found.starts_with("cuda") || found.starts_with("metal"),
        "{found}"
    );
}
