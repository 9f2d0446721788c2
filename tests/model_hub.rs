//! `botsmith model pull`, `list` and `rm`, against a hub on 127.0.0.1.

#![cfg(feature = "hub")]

mod common;
#[path = "../crates/core/tests/hub/server.rs"]
#[allow(dead_code, reason = "a part is used here")]
mod server;

use std::path::Path;

use common::{Folder, Ran};
use server::{COMMIT, Faults, Files, Server};

/// A model of sentence embeddings, and weights that nobody may fetch.
fn files() -> Files {
    let from =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/engine/models/sentence");
    let mut files = Files::new();
    let mut folders = vec![from.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("files") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&from).expect("a name").to_string_lossy();
            files.insert(
                name.replace('\\', "/"),
                std::fs::read(&path).expect("a file"),
            );
        }
    }
    files.remove("cases.json");
    files.insert("pytorch_model.bin".into(), b"never".to_vec());
    files
}

fn run(folder: &Folder, server: &Server, args: &[&str]) -> Ran {
    let mut command = folder.command(&[&["model"], args].concat());
    command.env("HF_ENDPOINT", &server.address);
    command.output().expect("it runs").into()
}

#[test]
fn a_model_is_fetched_listed_asked_and_removed() {
    let (folder, server) = (
        Folder::new(),
        Server::start(files(), Faults::default(), None),
    );
    let pulled = run(&folder, &server, &["pull", "hf:a/b", "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (&pulled["model"], &pulled["commit"]),
        (&"hf:a/b".into(), &COMMIT.into())
    );
    let bytes: usize = files()
        .iter()
        .filter(|(name, _)| *name != "pytorch_model.bin")
        .map(|(_, file)| file.len())
        .sum();
    assert_eq!(pulled["received"], bytes);
    let names: Vec<&str> = pulled["files"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|name| name.as_str())
        .collect();
    assert_eq!(names.len(), files().len() - 1);
    assert!(!names.contains(&"pytorch_model.bin"));
    // Nothing is left to fetch.
    let again = run(&folder, &server, &["pull", "hf:a/b", "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (&again["received"], &again["path"]),
        (&0.into(), &pulled["path"])
    );
    let path = run(&folder, &server, &["pull", "hf:a/b", "--quiet"])
        .ends(0)
        .stdout;
    assert_eq!(pulled["path"], path.trim_end());
    let list = run(&folder, &server, &["list", "--json"]).ends(0).json();
    let kept = &list["models"][0];
    assert_eq!(kept["model"], format!("hf:a/b@{COMMIT}"));
    assert_eq!(
        (&kept["bytes"], &kept["path"], &kept["ours"]),
        (&bytes.into(), &pulled["path"], &true.into())
    );
    assert_eq!(list["models"].as_array().map(Vec::len), Some(1));
    let text = run(&folder, &server, &["list"]).ends(0).stdout;
    assert!(text.contains(&format!("hf:a/b@{COMMIT}")), "{text}");
    // It is a model that answers, and asks the hub for nothing.
    let asked = server.requests("").len();
    folder.write("lines.txt", "the cat\n");
    let vector = run(
        &folder,
        &server,
        &["embed", "--model", "hf:a/b", "lines.txt"],
    )
    .ends(0)
    .json();
    assert_eq!(vector["embedding"].as_array().map(Vec::len), Some(8));
    assert_eq!(server.requests("").len(), asked);
    let gone = run(&folder, &server, &["rm", "hf:a/b", "--json"])
        .ends(0)
        .json();
    assert_eq!(gone["removed"], "hf:a/b");
    assert!(
        gone["bytes"]
            .as_u64()
            .is_some_and(|freed| freed >= bytes as u64),
        "{gone}"
    );
    assert!(!Path::new(path.trim_end()).exists());
    let list = run(&folder, &server, &["list", "--json"]).ends(0).json();
    assert_eq!(list["models"].as_array().map(Vec::len), Some(0));
    run(&folder, &server, &["rm", "hf:a/b"]).ends(2);
}

#[test]
fn what_is_not_fetched_is_said_with_its_code() {
    let (folder, server) = (
        Folder::new(),
        Server::start(files(), Faults::default(), None),
    );
    let ran = run(
        &folder,
        &server,
        &["pull", "hf:a/b:pytorch_model.bin", "--json"],
    )
    .ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-ENG-001");
    let ran = run(&folder, &server, &["pull", "hf:a/none"]).ends(2);
    assert!(ran.stderr.contains("error[BS-ENG-021]"), "{}", ran.stderr);
    let ran = run(&folder, &server, &["pull", "./folder"]).ends(2);
    assert!(ran.stderr.contains("is a path"), "{}", ran.stderr);
    let list = run(&folder, &server, &["list", "--json"]).ends(0).json();
    assert_eq!(list["models"].as_array().map(Vec::len), Some(0));
}
