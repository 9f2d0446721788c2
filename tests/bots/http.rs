use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::common::Folder;
use super::server::{Server, says};

const CASES: usize = 40;

fn folder(server: &Server, pace: &str) -> Folder {
    let folder = Folder::with_suite(&format!(
        "version: 1
dataset: cases.jsonl
bots: [{{name: tiny, cartridge: bots/tiny.yml, {pace}}}]
evaluators: [{{contains: '{{{{ input }}}}'}}]
"
    ));
    let mut cases = String::new();
    for i in 0..CASES {
        writeln!(
            cases,
            "{}",
            json!({"id": i.to_string(), "input": format!("question {i}")})
        )
        .unwrap();
    }
    folder.write("cases.jsonl", cases);
    folder.write(
        "bots/tiny.yml",
        format!(
            "provider:
  id: openai
  credentials: {{address: '{}', access-token: ENV/TINY_KEY}}
  settings: {{model: tiny, stream: false}}
",
            server.address
        ),
    );
    folder
}

/// Every file below a folder.
fn files(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, all),
            false => all.push(path),
        }
    }
}

#[test]
fn a_run_that_is_killed_asks_for_no_answer_twice() {
    let server = Server::start(Duration::from_millis(15), |question, _| {
        says(&format!("Re: {question}"))
    });
    let folder = folder(&server, "concurrency: 1");
    let args = [
        "eval",
        "suite.yaml",
        "--json",
        "report.json",
        "--jsonl",
        "cases.jsonl.out",
    ];
    let mut kills = 0;
    for wanted in [5, 12, 20, 33] {
        let mut child = folder
            .command(&args)
            .env("TINY_KEY", "sk-not-told-to-anyone")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while server.asked() < wanted + kills && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it is killed on its way"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    let before = server.asked();
    assert!(before < CASES + kills, "something is left to ask");
    let output = folder
        .command(&args)
        .env("TINY_KEY", "sk-not-told-to-anyone")
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let questions = server.seen.questions.lock().unwrap().clone();
    assert_eq!(questions.len(), CASES);
    let twice: Vec<_> = questions.iter().filter(|(_, times)| **times > 1).collect();
    // One question may be in work when a run is killed: its answer never came.
    assert!(
        twice.len() <= kills && twice.iter().all(|(_, times)| **times <= 1 + kills),
        "{twice:?}"
    );
    assert!(
        questions.values().sum::<usize>() <= CASES + kills,
        "{twice:?}"
    );
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    assert_eq!(report["bots"][0]["scores"]["contains"]["passed"], CASES);
    // Once more, all is there: nobody is asked.
    folder.command(&args).output().unwrap();
    assert_eq!(server.asked(), questions.values().sum::<usize>());
    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn no_more_requests_are_at_the_server_than_allowed() {
    for (pace, flags, most) in [
        ("concurrency: 3", &[][..], 3),
        ("timeout: 30s", &[][..], 4),
        ("concurrency: 3", &["--concurrency", "7"][..], 7),
    ] {
        let server = Server::start(Duration::from_millis(20), |question, _| says(question));
        let folder = folder(&server, pace);
        let args = [
            &["eval", "suite.yaml", "--json", "--store", "memory:"][..],
            flags,
        ]
        .concat();
        let report = folder.run(&args).ends(0).json();
        assert_eq!(report["bots"][0]["answered"], CASES);
        assert_eq!(
            server.seen.most.load(Ordering::SeqCst),
            most,
            "{pace} {flags:?}"
        );
    }
}

#[test]
fn keys_are_found_nowhere_and_failures_tell_the_provider_s_words() {
    const KEY: &str = "sk-planted-0123456789abcdef";
    let server = Server::start(Duration::ZERO, |question, key| match question {
        "question 0" => says(question),
        // A server that repeats the key in its message.
        _ => (
            401,
            json!({"error": {"message": format!("Incorrect API key provided: {key}"), "type": "invalid_request_error", "code": "invalid_api_key"}}),
        ),
    });
    let folder = folder(&server, "concurrency: 2");
    let args = [
        "eval",
        "suite.yaml",
        "--json",
        "report.json",
        "--jsonl",
        "out.jsonl",
        "--csv",
        "out.csv",
        "--html",
        "out.html",
        "--junit",
        "out.xml",
        "--markdown",
        "out.md",
    ];
    let output = folder.command(&args).env("TINY_KEY", KEY).output().unwrap();
    let mut shown = String::from_utf8_lossy(&output.stdout).into_owned();
    shown.push_str(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{shown}");
    folder
        .run(&["eval", "export", "latest", "run.botsmith"])
        .ends(0);
    let lines = folder.read("out.jsonl");
    assert!(lines.contains("Incorrect API key provided"), "{lines}");
    assert!(lines.contains("\"class\":\"auth\""), "{lines}");
    let csv = folder.read("out.csv");
    assert!(
        csv.lines()
            .next()
            .unwrap()
            .contains("overall,provider,model,input_tokens"),
        "{csv}"
    );
    assert!(csv.contains("openai,tiny-2026,7,3,1"), "{csv}");
    assert!(!shown.contains(KEY), "{shown}");
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    assert!(all.iter().any(|file| file.ends_with("state.db")), "{all:?}");
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!found, "the key is in {}", file.display());
    }
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    assert_eq!(report["bots"][0]["failed"], CASES - 1);
    assert_eq!(
        report["bots"][0]["scores"]["contains"]["n"], 1,
        "failures are no zeros"
    );
}

#[test]
fn a_provider_is_asked_without_a_cartridge_and_replaced_by_flags() {
    let server = Server::start(Duration::ZERO, |question, key| {
        says(&format!("{question} {key}"))
    });
    let folder = folder(&server, "concurrency: 2");
    folder.write(
        "suite.yaml",
        format!(
            "version: 1
dataset: [{{input: hello}}]
bots: [{{name: bare, provider: {{id: openai, credentials: {{address: '{}', access-token: ENV/TINY_KEY}}, settings: {{model: m, stream: false}}}}, prompt: 'Say: {{{{ input }}}}'}}]
evaluators: [{{contains: 'Say: hello'}}]
",
            server.address
        ),
    );
    let args = ["eval", "suite.yaml", "--json", "--store", "memory:"];
    let ran = folder.run(&args).ends(2);
    assert!(
        ran.stderr
            .contains("`TINY_KEY`, which `credentials.access-token` names, is not set"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("suite.yaml:3:"), "{}", ran.stderr);
    let output = folder
        .command(&args)
        .env("TINY_KEY", "sk-1234567890")
        .output()
        .unwrap();
    let ran: super::common::Ran = output.into();
    assert_eq!(
        ran.ends(0).json()["bots"][0]["scores"]["contains"]["passed"],
        1
    );
}

#[test]
fn a_suite_asks_where_configuration_and_environment_say_and_sends_no_key_of_the_cartridge() {
    let theirs = Server::start(Duration::ZERO, |_, _| says("theirs"));
    let ours = Server::start(Duration::ZERO, |_, key| says(&format!("ours, key: {key}")));
    let folder = folder(&theirs, "concurrency: 4");
    let args = ["eval", "suite.yaml", "--json", "--jsonl", "out.jsonl"];
    folder.write(
        "botsmith.yaml",
        format!(
            "provider: openai\nmodel: local-model\naddress: {}\n",
            ours.address
        ),
    );
    let ask = |environment: &[(&str, &str)]| {
        let mut command = folder.command(&args);
        command
            .env("TINY_KEY", "sk-of-the-cartridge")
            .envs(environment.iter().copied());
        super::common::Ran::from(command.output().unwrap()).ends(0);
        folder.read("out.jsonl")
    };
    let lines = ask(&[]);
    assert_eq!((ours.asked(), theirs.asked()), (CASES, 0));
    assert!(lines.contains("ours, key: \""), "{lines}");
    assert!(!lines.contains("sk-of-the-cartridge"), "{lines}");
    // The environment is stronger than the file, and another server is another run.
    let lines = ask(&[("BOTSMITH_ADDRESS", theirs.address.as_str())]);
    assert_eq!((ours.asked(), theirs.asked()), (CASES, CASES));
    assert!(lines.contains("theirs"), "{lines}");
}
