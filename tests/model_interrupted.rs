//! Ctrl-C while `botsmith model run` loads a model, reads a prompt or answers: it ends by the signal at once, whatever it
//! computes, and what it used can be used again. No clock: each moment is one that the child has told of, or at which it was
//! held and looked at, and its work would go on for long. (What a program's own cancel token stops is counted in `crates/core/tests/decoder/stops.rs`.)

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
    run_model(folder, "./tiny", more)
}

fn run_model(folder: &Folder, model: &str, more: &[&str]) -> Child {
    let args = ["model", "run", "--model", model, "--device", "cpu", "--raw"];
    folder
        .command(&[&args[..], more].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child")
}

fn signal(child: &Child, name: &str) {
    // The shell's own `kill` is everywhere.
    let kill = format!("kill -{name} {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(
        sent.expect("a shell").success(),
        "the child has ended already"
    );
}

fn interrupt(mut child: Child) -> ExitStatus {
    signal(&child, "INT");
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

/// How far programs have come in a file: Linux tells of every one.
#[cfg(target_os = "linux")]
mod loading {
    use serde_json::json;

    use super::*;

    /// As many layers as a model may have, and their inner width.
    const LAYERS: usize = 1024;
    const WIDE: u64 = 512;

    /// A model of that many layers in `deep/`, whose 108 MB of numbers are all zero and take no room on the disk; gives the
    /// bytes of its header and of all.
    fn deep(folder: &Folder) -> (u64, u64) {
        fs::create_dir(folder.at("deep")).expect("a folder");
        fs::copy(
            folder.at("tiny/tokenizer.json"),
            folder.at("deep/tokenizer.json"),
        )
        .expect("a file");
        let text = fs::read_to_string(folder.at("tiny/config.json")).expect("a configuration");
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        let narrow = config["intermediate_size"].as_u64();
        config["intermediate_size"] = WIDE.into();
        config["num_hidden_layers"] = LAYERS.into();
        config["layer_types"] = vec!["full_attention"; LAYERS].into();
        folder.write("deep/config.json", config.to_string());

        let file = fs::read(folder.at("tiny/model.safetensors")).expect("the weights");
        let (length, rest) = file.split_first_chunk().expect("a length");
        let length = usize::try_from(u64::from_le_bytes(*length)).expect("a short header");
        let tiny: Value = serde_json::from_slice(&rest[..length]).expect("a table of tensors");
        let mut header = serde_json::Map::new();
        let mut end = 0;
        let mut put = |name: String, entry: &Value| {
            let shape = entry["shape"].as_array().expect("a shape").iter();
            let shape: Vec<u64> = shape
                .filter_map(Value::as_u64)
                .map(|side| if Some(side) == narrow { WIDE } else { side })
                .collect();
            let bytes = 4 * shape.iter().product::<u64>();
            let places = [end, end + bytes];
            let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": places});
            header.insert(name, entry);
            end += bytes;
        };
        for (name, entry) in tiny.as_object().expect("tensors") {
            match name.strip_prefix("model.layers.") {
                None if name != "__metadata__" => put(name.clone(), entry),
                Some(rest) if rest.starts_with("0.") => {
                    for layer in 0..LAYERS {
                        put(format!("model.layers.{layer}.{}", &rest[2..]), entry);
                    }
                }
                _ => {}
            }
        }
        let header = Value::Object(header).to_string();
        let mut file = fs::File::create(folder.at("deep/model.safetensors")).expect("a file");
        let length = header.len() as u64;
        file.write_all(&length.to_le_bytes()).expect("a length");
        file.write_all(header.as_bytes()).expect("a header");
        file.set_len(8 + length + end).expect("zeros");
        (8 + length, 8 + length + end)
    }

    /// How far a process has come in the file of weights, which it has open while it loads them.
    fn place(child: &Child, weights: &Path) -> Option<u64> {
        let process = Path::new("/proc").join(child.id().to_string());
        let files = fs::read_dir(process.join("fd")).ok()?;
        let open = files
            .filter_map(Result::ok)
            .find(|file| fs::read_link(file.path()).is_ok_and(|to| to == weights))?;
        let info = fs::read_to_string(process.join("fdinfo").join(open.file_name())).ok()?;
        let at = info.lines().find_map(|line| line.strip_prefix("pos:"))?;
        at.trim().parse().ok()
    }

    #[test]
    fn a_model_that_is_being_loaded_ends_with_the_signal() {
        let folder = folder();
        let (header, all) = deep(&folder);
        let weights = fs::canonicalize(folder.at("deep/model.safetensors")).expect("a path");
        let mut child = run_model(&folder, "./deep", &["--prompt", "The cat"]);
        // Past the header: it reads tensors.
        while place(&child, &weights).is_none_or(|at| at <= header) {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "it ended before it was seen to load");
            std::thread::yield_now();
        }
        // It is held, so that what it does now is what it does when the signal comes.
        signal(&child, "STOP");
        let at = place(&child, &weights).expect("it loads still");
        assert!(
            header < at && at < all,
            "at {at} of {all} bytes, {header} of them the header"
        );
        let mut out = child.stdout.take().expect("a pipe");
        signal(&child, "INT");
        signal(&child, "CONT");
        let ended = child.wait().expect("an end");
        assert_eq!(ended.signal(), Some(INTERRUPT));
        let mut answer = String::new();
        out.read_to_string(&mut answer).expect("text");
        assert_eq!(answer, "", "nothing is answered by half a model");
        works(&folder);
    }
}
