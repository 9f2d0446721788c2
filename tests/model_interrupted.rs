//! Ctrl-C while `botsmith model run` reads a prompt or answers: it ends by the signal at once, whatever it computes, and
//! what it used can be used again. No clock: each moment is one that the child has told of, and its work would go on for
//! minutes. (What a program's own cancel token stops is counted in `crates/core/tests/decoder/stops.rs`.)

#![cfg(all(feature = "engine", unix))]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use common::Folder;
use serde_json::Value;

const INTERRUPT: i32 = 2;

/// A folder with a tiny model in `tiny/` whose context holds 200,000 tokens and whose answers do not end by themselves.
fn folder() -> Folder {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/engine/models");
    fs::create_dir(folder.at("tiny")).expect("a folder");
    let model = from.join("decoder-qwen3");
    fs::copy(
        model.join("model.safetensors"),
        folder.at("tiny/model.safetensors"),
    )
    .expect("a file");
    fs::copy(
        from.join("decoder-tokenizer.json"),
        folder.at("tiny/tokenizer.json"),
    )
    .expect("a file");
    let text = fs::read_to_string(model.join("config.json")).expect("a configuration");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    config["max_position_embeddings"] = 200_000.into();
    // No token of the vocabulary ends an answer.
    config["eos_token_id"] = Value::Null;
    folder.write("tiny/config.json", config.to_string());
    folder
}

fn run(folder: &Folder, more: &[&str]) -> Child {
    let args = [
        "model", "run", "--model", "./tiny", "--device", "cpu", "--raw",
    ];
    folder
        .command(&[&args[..], more].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child")
}

fn interrupt(mut child: Child) -> ExitStatus {
    // The shell's own `kill` is everywhere.
    let kill = format!("kill -INT {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(
        sent.expect("a shell").success(),
        "the child has ended already"
    );
    child.wait().expect("an end")
}

fn works(folder: &Folder) {
    let child = run(
        folder,
        &["--prompt", "The cat", "--max-tokens", "3", "--json"],
    );
    let out = child.wait_with_output().expect("an end");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let json: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(json["usage"]["output_tokens"], 3);
}

#[test]
fn an_answer_under_way_ends_with_the_signal() {
    let folder = folder();
    let mut child = run(&folder, &["--prompt", "The cat", "--temperature", "0"]);
    // The answer has begun once some of it is there.
    let mut first = [0];
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut first).expect("the answer's first byte");
    let rest = std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
    assert_eq!(interrupt(child).signal(), Some(INTERRUPT));
    rest.join().expect("a thread").expect("the rest");
    works(&folder);
}

#[test]
fn a_prompt_that_is_being_read_ends_with_the_signal() {
    let folder = folder();
    let mut child = run(&folder, &["--max-tokens", "1"]);
    // Well over what a pipe holds: once it is all written the child is at it.
    let prompt = "The cat sat on the mat. ".repeat(5_500);
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(prompt.as_bytes()).expect("the prompt");
    drop(pipe);
    assert_eq!(interrupt(child).signal(), Some(INTERRUPT));
    works(&folder);
}
