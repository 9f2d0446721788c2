//! What commands keep, and what they tell of it: cached answers, imported states, answers that broke off.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Folder, Ran};
use crate::server::{Server, says};

fn counting(folder: &Folder) -> Server {
    let server = Server::start(Duration::ZERO, |_, _| says("kept-4711"));
    folder.write(
        "a.yml",
        format!(
            "meta: {{name: A}}\nprovider: {{id: openai, credentials: {{address: '{}', access-token: k}}, \
             settings: {{model: m, temperature: 0, stream: false}}}}\nbotsmith: {{cache: true}}\n",
            server.address
        ),
    );
    server
}

#[test]
fn a_second_process_finds_the_answer_that_the_first_one_got() {
    let folder = Folder::new();
    let server = counting(&folder);
    let first = folder
        .run(&["bot", "run", "a.yml", "Hello?", "--json"])
        .ends(0)
        .json();
    assert_eq!(first["turn"]["response"]["cached"], Value::Null);
    let second = folder
        .run(&["bot", "run", "a.yml", "Hello?", "--json"])
        .ends(0)
        .json();
    assert_eq!(second["turn"]["response"]["cached"], true);
    let told = folder.run(&["bot", "run", "a.yml", "Hello?"]).ends(0);
    assert_eq!(told.stdout.trim(), "kept-4711");
    assert!(told.stderr.contains("a cached answer"), "{}", told.stderr);
    let talked = folder.pipe(&["bot", "repl", "a.yml"], b"Hello?\n").ends(0);
    assert!(
        talked.stderr.contains("a cached answer"),
        "{}",
        talked.stderr
    );
    assert_eq!(server.asked(), 1);
    // Its messages are not the same: `nb` reads as the reference does, and keeps in the same place.
    for _ in 0..2 {
        folder.run(&["nb", "a.yml", "-", "eval", "Hello?"]).ends(0);
    }
    assert!(server.asked() <= 2, "{}", server.asked());
}

#[test]
fn where_sessions_are_sealed_no_answer_is_kept_in_clear() {
    let folder = Folder::new();
    let server = counting(&folder);
    for _ in 0..2 {
        let mut command = folder.command(&["bot", "run", "a.yml", "--session", "s", "Hello?"]);
        command.env("NANO_BOTS_ENCRYPTION_PASSWORD", "open sesame");
        Ran::from(command.output().unwrap()).ends(0);
    }
    assert!(server.asked() > 0);
    for entry in std::fs::read_dir(folder.at(".botsmith")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"kept-4711"));
    }
}

#[test]
fn nb_warns_on_stderr_and_leaves_stdout_to_the_reference() {
    let folder = Folder::new();
    folder.write(
        "a.yml",
        "meta: {name: A}\nprovder: {}\nprovider: {id: script, settings: {otherwise: Hi!}}\n",
    );
    for words in [
        &["nb", "a.yml", "-", "eval", "Hello?"][..],
        &["nb", "a.yml", "-", "state"],
        &["nb", "a.yml", "-", "cartridge"],
    ] {
        let ran = folder.run(words).ends(0);
        assert!(
            ran.stderr.contains("did you mean `provider`?"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stdout.contains("warning"), "{}", ran.stdout);
    }
    let ran = folder
        .pipe(&["nb", "a.yml", "-", "repl"], b"Hello?\n")
        .ends(0);
    assert!(
        ran.stderr.contains("did you mean `provider`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_input_of_a_request_may_stand_before_or_after_the_flag() {
    let folder = Folder::new();
    folder.write(
        "a.yml",
        "provider: {id: script, settings: {otherwise: Hi!}}\n",
    );
    let asked = |args: &[&str]| {
        let all = [&["bot", "show", "--json"], args].concat();
        let shown = folder.run(&all).ends(0).json();
        shown["body"]["messages"][0]["content"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (args, wanted) in [
        (&["--request", "a.yml"][..], "Hello!"),
        (&["a.yml", "--request"], "Hello!"),
        (&["--request=Why?", "a.yml"], "Why?"),
        (&["a.yml", "--request=Why?"], "Why?"),
        (&["a.yml", "--request", "Why?"], "Why?"),
        (&["--request", "a.yml", "Why?"], "Why?"),
        (&["a.yml", "Why?", "--request"], "Why?"),
    ] {
        assert_eq!(asked(args), wanted, "{args:?}");
    }
    let alone = folder.run(&["bot", "show", "a.yml", "Why?"]).ends(2);
    assert!(alone.stderr.contains("--request"), "{}", alone.stderr);
}

#[test]
fn a_state_of_the_reference_is_imported_and_gone_on_with() {
    let folder = Folder::new();
    folder.write(
        "a.yml",
        "meta: {name: A}\nprovider: {id: script, settings: {otherwise: 'question {{ turn }}'}}\n",
    );
    let event = |who: &str, message: &str| json!({"who": who, "message": message, "input": message, "output": message});
    let state = json!({"history": [event("user", "one"), event("AI", "two")]});
    folder.write("state.json", state.to_string());
    for nothing in ["-", " ", ""] {
        let key = format!("--session={nothing}");
        let args = ["bot", "import-state", "a.yml", "state.json", &key];
        let refused = folder.run(&args).ends(2);
        assert!(
            refused.stderr.contains("nothing is kept"),
            "{}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
    let args = [
        "bot",
        "import-state",
        "a.yml",
        "state.json",
        "--session",
        "s",
    ];
    let told = folder.run(&args).ends(0);
    assert!(
        told.stdout.contains("2 messages are in session `s`"),
        "{}",
        told.stdout
    );
    let shown = folder.run(&["nb", "a.yml", "s", "state"]).ends(0).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let history = shown["state"]["content"]["history"].as_array().unwrap();
    assert_eq!(
        (&history[0]["message"], &history[1]["message"]),
        (&json!("one"), &json!("two"))
    );
    let args = ["bot", "run", "a.yml", "--session", "s", "--quiet", "three"];
    assert_eq!(folder.run(&args).ends(0).stdout.trim(), "question 2");
}

#[test]
fn an_answer_that_breaks_off_leaves_the_error_a_line_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        let piece = json!({"choices": [{"delta": {"content": "half"}}]});
        // More is promised than comes.
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n";
        stream
            .write_all(format!("{head}data: {piece}\n\n").as_bytes())
            .unwrap();
    });
    let folder = Folder::new();
    folder.write(
        "a.yml",
        format!(
            "provider: {{id: openai, credentials: {{address: '{address}', access-token: k}}, settings: {{model: m}}}}\n"
        ),
    );
    let ran = folder.run(&["bot", "run", "a.yml", "Hello?"]).ends(2);
    server.join().unwrap();
    assert_eq!(ran.stdout, "half\n");
    assert!(
        ran.stderr.starts_with("error[BS-MODEL-006]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_answer_without_words_is_told_of() {
    let server = Server::start(Duration::ZERO, |_, _| {
        let said = json!({"choices": [{"message": {"role": "assistant", "content": null}, "finish_reason": "length"}]});
        (200, said)
    });
    let folder = Folder::new();
    folder.write(
        "a.yml",
        format!(
            "provider: {{id: openai, credentials: {{address: '{}', access-token: k}}, settings: {{model: m, stream: false}}}}\n\
             botsmith: {{limits: {{cost: 0.01, tokens: 100}}}}\n",
            server.address
        ),
    );
    let ran = folder.run(&["bot", "run", "a.yml", "Hello?"]).ends(0);
    assert!(ran.stderr.contains("the answer is empty"), "{}", ran.stderr);
    // This server counts nothing: neither limit was one.
    for limit in [
        "`limits.tokens` could not be checked",
        "`limits.cost` could not be checked",
    ] {
        assert!(ran.stderr.contains(limit), "{}", ran.stderr);
    }
}
