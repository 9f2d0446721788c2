//! `botsmith bot` and `botsmith nb`, as people and scripts use them.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use common::{Folder, keys};
use serde_json::{Value, json};

/// The examples of the repository, copied, so that nothing is written beside them.
fn examples() -> Folder {
    let folder = Folder::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bots");
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        folder.write(&format!("bots/{name}"), std::fs::read(&path).unwrap());
    }
    folder
}

const PARROT: &str = "\
meta: {name: Parrot, author: Ada, version: 1.0.0}
interfaces: {output: {prefix: '<', suffix: \">\\n\"}}
provider:
  id: script
  settings:
    answers: [{when: '/my name is (?<name>\\w+)/i', say: 'Hello, {{ match.name }}!'}]
    otherwise: 'I heard {{ turn }} questions.'
";

#[test]
fn every_example_is_without_warnings_and_passes_the_cases_that_it_brings() {
    let folder = examples();
    folder.run(&["bot", "lint", "--strict", "bots"]).ends(0);
    for bot in ["assistant", "translator", "tools", "extractor", "router"] {
        let ran = folder
            .run(&["bot", "test", bot, "--yes", "--json"])
            .ends(0)
            .json();
        assert_eq!(ran["bots"][0]["failed"], 0, "{bot}: {ran}");
        assert!(ran["bots"][0]["answered"].as_u64().unwrap() > 0, "{bot}");
        for (name, score) in ran["bots"][0]["scores"].as_object().unwrap() {
            assert_eq!(score["pass_rate"], 1.0, "{bot}: {name}");
        }
    }
}

#[test]
fn the_example_suite_asks_bots_beside_recorded_answers_and_a_judge() {
    let folder = examples();
    let report = folder
        .run(&["eval", "bots/suite.yaml", "--json"])
        .ends(0)
        .json();
    let mean = |bot: usize, metric: &str| report["bots"][bot]["scores"][metric]["mean"].clone();
    assert_eq!(
        keys(&report["bots"][0]["scores"]),
        ["says-the-fact", "good-manners"]
    );
    // The recorded bot is rude twice and knows two facts of four.
    assert_eq!(mean(0, "says-the-fact"), 0.5);
    assert_eq!(mean(0, "good-manners"), 0.75);
    assert_eq!(
        (mean(1, "says-the-fact"), mean(1, "good-manners")),
        (json!(1.0), json!(1.0))
    );
    // Asked again, nothing is asked.
    let again = folder
        .run(&["eval", "bots/suite.yaml", "--json"])
        .ends(0)
        .json();
    assert_eq!(again["run"], report["run"]);
}

#[test]
fn a_bot_answers_the_words_or_stdin_and_says_that_it_is_scripted() {
    let folder = examples();
    let ran = folder
        .run(&["bot", "run", "assistant", "How", "long?"])
        .ends(0);
    assert_eq!(ran.stdout, "Delivery takes 3 working days.\n");
    assert!(ran.stderr.contains("scripted answer"), "{}", ran.stderr);
    let piped = folder
        .pipe(&["bot", "run", "assistant", "--quiet"], b"How long?\n")
        .ends(0);
    assert_eq!((piped.stdout, piped.stderr), (ran.stdout, String::new()));
    let json = folder
        .run(&[
            "bot",
            "run",
            "tools",
            "--yes",
            "--json",
            "What do 7 ferns at 12.50 cost?",
        ])
        .ends(0)
        .json();
    let tools: Vec<_> = json["turn"]["tools"].as_array().unwrap().iter().collect();
    assert_eq!(tools.len(), 2);
    assert_eq!(
        (&tools[0]["name"], &tools[0]["output"]),
        (&json!("total"), &json!("87.50"))
    );
    assert_eq!(json["turn"]["response"]["provider"], "script");
}

#[test]
fn a_tool_does_not_run_where_nobody_can_be_asked() {
    let folder = examples();
    let ran = folder
        .run(&[
            "bot",
            "run",
            "tools",
            "--json",
            "What do 7 ferns at 12.50 cost?",
        ])
        .ends(0)
        .json();
    let tool = &ran["turn"]["tools"][0];
    assert_eq!(tool["ran"], false, "{ran}");
}

#[test]
fn variables_are_typed_and_a_wrong_one_names_the_right_one() {
    let folder = examples();
    let run = |args: &[&str]| {
        let mut all = vec!["bot", "run", "translator", "--quiet", "Good morning"];
        all.extend(args);
        folder.run(&all)
    };
    assert_eq!(run(&[]).ends(0).stdout, "Bom dia\n");
    assert_eq!(
        run(&["--var", "language=German"]).ends(0).stdout,
        "Guten Morgen\n"
    );
    let wrong = run(&["--var", "langauge=German"]).ends(2);
    assert!(wrong.stderr.contains("language"), "{}", wrong.stderr);
    let shape = run(&["--var", "German"]).ends(2);
    assert!(shape.stderr.contains("NAME=VALUE"), "{}", shape.stderr);
}

#[test]
fn the_router_falls_back_and_tells_of_every_hop() {
    let folder = examples();
    let ran = folder
        .run(&["bot", "run", "router", "--json", "Hello!"])
        .ends(0)
        .json();
    let hops = ran["turn"]["response"]["hops"].as_array().unwrap();
    let last = hops.last().unwrap();
    assert_eq!(ran["turn"]["text"], "The small model answers.");
    assert_eq!(
        (&last["model"], &last["error"]),
        (&json!("small"), &Value::Null)
    );
    assert_eq!(hops[0]["class"], "rate-limit");
    let seen = folder.run(&["bot", "run", "router", "Hello!"]).ends(0);
    assert!(
        seen.stderr.contains("busy: come back later"),
        "{}",
        seen.stderr
    );
}

#[test]
fn a_session_remembers_across_processes_and_its_store_is_sealed_with_a_password() {
    let folder = Folder::new();
    folder.write("parrot.yml", PARROT);
    let ask = |words: &str| {
        let args = [
            "bot",
            "run",
            "parrot.yml",
            "--session",
            "s",
            "--quiet",
            words,
        ];
        let mut command = folder.command(&args);
        command.env("NANO_BOTS_ENCRYPTION_PASSWORD", "open sesame");
        common::Ran::from(command.output().unwrap())
    };
    assert_eq!(
        ask("my name is Zebedee").ends(0).stdout,
        "<Hello, Zebedee!>\n"
    );
    assert_eq!(ask("and now?").ends(0).stdout, "<I heard 2 questions.>\n");
    for entry in std::fs::read_dir(folder.at(".botsmith")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"Zebedee"));
    }
    let wrong = folder
        .command(&["bot", "run", "parrot.yml", "--session", "s", "x"])
        .env("NANO_BOTS_ENCRYPTION_PASSWORD", "open rye")
        .output()
        .unwrap();
    let wrong = common::Ran::from(wrong).ends(2);
    assert!(wrong.stderr.contains("BS-BOT-007"), "{}", wrong.stderr);
}

#[test]
fn nb_takes_the_words_of_the_reference() {
    let folder = Folder::new();
    folder.write("parrot.yml", PARROT);
    let nb = |words: &[&str]| {
        let mut all = vec!["nb"];
        all.extend(words);
        folder.run(&all)
    };
    assert_eq!(
        nb(&["parrot.yml", "-", "eval", "my", "name", "is", "Ada"])
            .ends(0)
            .stdout,
        "<Hello, Ada!>\n"
    );
    assert_eq!(
        nb(&["parrot.yml", "key", "eval", "one"]).ends(0).stdout,
        "<I heard 1 questions.>\n"
    );
    let state: Value =
        serde_json::from_str(&nb(&["parrot.yml", "key", "state"]).ends(0).stdout).unwrap();
    let history = state["state"]["content"]["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(
        (&history[0]["who"], &history[1]["who"]),
        (&json!("user"), &json!("AI"))
    );
    let shown: Value =
        serde_json::from_str(&nb(&["parrot", "-", "cartridge"]).ends(0).stdout).unwrap();
    assert_eq!(shown["meta"]["name"], "Parrot");
    assert_eq!(nb(&["specification"]).ends(0).stdout, "3.2.0\n");
    assert!(
        nb(&["help"])
            .ends(0)
            .stdout
            .contains("CARTRIDGE STATE eval")
    );
    assert!(
        nb(&["version"])
            .ends(0)
            .stdout
            .starts_with(char::is_numeric)
    );
    assert!(
        nb(&["security"])
            .ends(1)
            .stdout
            .contains("NANO_BOTS_ENCRYPTION_PASSWORD")
    );
    let unknown = nb(&["parrot.yml", "-", "dance"]).ends(2);
    assert!(
        unknown.stderr.contains("Command not found: [dance]"),
        "{}",
        unknown.stderr
    );
    let absent = nb(&["nobody", "-", "eval", "x"]).ends(2);
    assert!(
        absent
            .stderr
            .contains("Cartridge file not found: \"nobody\""),
        "{}",
        absent.stderr
    );
}

#[test]
fn a_conversation_goes_on_until_it_is_left() {
    let folder = Folder::new();
    folder.write("parrot.yml", PARROT);
    let talk = "my name is Ada\n\n/history\nline one\\\nline two\n/exit\nnot said\n";
    let ran = folder
        .pipe(&["bot", "repl", "parrot.yml", "--quiet"], talk.as_bytes())
        .ends(0);
    assert!(ran.stdout.contains("<Hello, Ada!>"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("user  my name is Ada"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("<I heard 2 questions.>"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_request_that_would_be_sent_hides_every_key() {
    let folder = Folder::new();
    folder.write(
        "remote.yml",
        "behaviors: {interaction: {directive: Be brief.}}\n\
         provider:\n  id: anthropic\n  credentials: {api-key: ENV/PLANTED, anthropic-version: '2023-06-01'}\n  \
         settings: {model: claude, max_tokens: 100}\n",
    );
    let show = |args: &[&str]| {
        let mut all = vec!["bot", "show", "remote.yml"];
        all.extend(args);
        let mut command = folder.command(&all);
        command.env("PLANTED", "sk-planted-4711");
        common::Ran::from(command.output().unwrap()).ends(0)
    };
    let request = show(&["--request", "Hello?", "--json"]);
    let shown = request.json();
    assert_eq!(shown["url"], "https://api.anthropic.com/v1/messages");
    assert_eq!(shown["body"]["system"], "Be brief.");
    assert_eq!(shown["body"]["messages"][0]["content"], "Hello?");
    for ran in [request, show(&["--request"]), show(&[]), show(&["--json"])] {
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains("sk-planted-4711"), "{all}");
    }
    // Another provider, without editing the cartridge.
    let here = show(&[
        "--request",
        "--json",
        "--provider",
        "ollama",
        "--model",
        "qwen3",
    ])
    .json();
    assert_eq!(
        (&here["provider"], &here["body"]["model"]),
        (&json!("ollama"), &json!("qwen3"))
    );
    folder.write(
        "botsmith.yaml",
        "provider: openai\nmodel: local-model\naddress: http://127.0.0.1:1\n",
    );
    let configured = show(&["--request", "--json"]).json();
    assert_eq!(configured["body"]["model"], "local-model");
    assert!(
        configured["url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:1/")
    );
}

#[test]
fn lint_counts_warnings_as_errors_only_when_strict() {
    let folder = Folder::new();
    folder.write("bots/a.yml", "meta: {name: A}\nprovder: {id: script}\n");
    folder.write("bots/b.yml", "meta: {name: B\n");
    let one = folder.run(&["bot", "lint", "bots/a.yml"]).ends(0);
    assert!(one.stdout.contains("bots/a.yml:2:1"), "{}", one.stdout);
    assert!(
        one.stdout.contains("did you mean `provider`?"),
        "{}",
        one.stdout
    );
    folder
        .run(&["bot", "lint", "bots/a.yml", "--strict"])
        .ends(1);
    let all = folder
        .run(&["bot", "lint", "bots", "--json"])
        .ends(1)
        .json();
    assert_eq!(
        (&all["errors"], &all["warnings"], &all["files"]),
        (&json!(1), &json!(1), &json!(2))
    );
}

#[test]
fn pull_shows_what_a_cartridge_wants_before_it_is_kept() {
    let folder = Folder::new();
    let text = "meta: {name: Far, license: MIT}\nsafety: {functions: {sandboxed: false}}\n\
                tools: [{name: clock, lua: return 1}]\n\
                provider: {id: openai, credentials: {address: 'https://api.example.org', access-token: ENV/KEY}}\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/far.yml", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2048];
            let _ = stream.read(&mut request).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
        }
    });
    let asked = folder.run(&["bot", "pull", &url]).ends(2);
    assert!(
        asked.stdout.contains("clock (lua)")
            && asked.stdout.contains("openai at https://api.example.org"),
        "{}",
        asked.stdout
    );
    assert!(
        asked.stdout.contains("NO: its code may do what you may"),
        "{}",
        asked.stdout
    );
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert!(!folder.at("bots/far.yml").exists());
    let kept = folder
        .run(&["bot", "pull", &url, "--yes", "--json"])
        .ends(0)
        .json();
    server.join().unwrap();
    assert_eq!(kept["path"], "bots/far.yml");
    assert_eq!(kept["contents"]["environment"], json!(["KEY"]));
    assert_eq!(folder.read("bots/far.yml"), text);
    // The same again is no harm, another of its name is.
    folder.write("far.yml", text);
    folder.run(&["bot", "pull", "far.yml", "--yes"]).ends(0);
    folder.write("far.yml", "meta: {name: Other}\n");
    let other = folder.run(&["bot", "pull", "far.yml", "--yes"]).ends(2);
    assert!(other.stderr.contains("--force"), "{}", other.stderr);
    folder
        .run(&["bot", "pull", "far.yml", "--yes", "--force"])
        .ends(0);
    let plain = folder
        .run(&["bot", "pull", "http://example.org/a.yml"])
        .ends(2);
    assert!(plain.stderr.contains("not encrypted"), "{}", plain.stderr);
    let listed = folder.run(&["bot", "list", "--json"]).ends(0).json();
    assert!(
        listed["bots"]
            .as_array()
            .unwrap()
            .iter()
            .any(|bot| bot["id"] == "far"),
        "{listed}"
    );
}

#[test]
fn a_program_starts_only_where_it_is_allowed() {
    let folder = Folder::new();
    folder.write(
        "shout.yml",
        "provider: {id: command, settings: {run: [tr, a-z, A-Z]}}\n",
    );
    let closed = folder.run(&["bot", "run", "shout.yml", "hello"]).ends(2);
    assert!(
        closed.stderr.contains("--allow-command"),
        "{}",
        closed.stderr
    );
    let open = folder
        .run(&[
            "bot",
            "run",
            "shout.yml",
            "--allow-command",
            "--quiet",
            "hello",
        ])
        .ends(0);
    assert_eq!(open.stdout.trim(), "HELLO");
}

#[test]
fn the_schema_of_cartridges_accepts_the_examples() {
    let folder = examples();
    let text = folder.run(&["schema", "cartridge"]).ends(0).stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for bot in [
        "assistant",
        "translator",
        "tools",
        "extractor",
        "router",
        "judge",
    ] {
        let shown = folder.run(&["bot", "show", bot, "--json"]).ends(0).json();
        let errors: Vec<_> = validator
            .iter_errors(&shown["cartridge"])
            .map(|e| format!("{bot} {}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

/// A tool server in a few lines of shell: one tool, `weather`, that says where it is warm.
#[cfg(unix)]
const SERVER: &str = r#"while read -r line; do
  id=${line#*\"id\":}; ID=${id%%[,\}]*}
  case "$line" in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'$ID',"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}';;
    *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$ID',"result":{"tools":[{"name":"weather","inputSchema":{"type":"object"}}]}}';;
    *'"tools/call"'*) echo '{"jsonrpc":"2.0","id":'$ID',"result":{"content":[{"type":"text","text":"warm in '$CITY'"}]}}';;
  esac
done
"#;

#[cfg(unix)]
#[test]
fn tools_of_a_server_are_used_where_programs_may_start_and_nowhere_else() {
    let folder = Folder::new();
    folder.write("server.sh", SERVER);
    folder.write(
        "weather.yml",
        "botsmith:\n  mcp: {local: {command: [sh, server.sh], env: {CITY: Lisbon}}}\n\
         provider:\n  id: script\n  settings:\n    answers:\n      \
         - {when: warm, calls: {tool: weather}}\n      \
         - {when: {tool: weather, result: '/in (?<city>\\w+)/'}, say: 'In {{ match.city }}.'}\n",
    );
    let closed = folder
        .run(&["bot", "run", "weather.yml", "--yes", "Where is it warm?"])
        .ends(2);
    assert!(
        closed.stderr.contains("weather.yml:2:"),
        "{}",
        closed.stderr
    );
    assert!(
        closed.stderr.contains("--allow-command"),
        "{}",
        closed.stderr
    );
    let args = [
        "bot",
        "run",
        "weather.yml",
        "--yes",
        "--allow-command",
        "--json",
        "Where is it warm?",
    ];
    let open = folder.run(&args).ends(0).json();
    assert_eq!(open["turn"]["text"], "In Lisbon.");
    assert_eq!(open["turn"]["tools"][0]["output"], "warm in Lisbon");
    // A server that is not there fails the turn and says so.
    let broken = folder
        .read("weather.yml")
        .replace("server.sh", "nowhere.sh");
    folder.write("broken.yml", broken);
    let broken = folder
        .run(&[
            "bot",
            "run",
            "broken.yml",
            "--yes",
            "--allow-command",
            "Where is it warm?",
        ])
        .ends(2);
    assert!(broken.stderr.contains("local"), "{}", broken.stderr);
}

#[test]
fn what_was_not_found_or_not_asked_says_what_to_do() {
    let folder = examples();
    let absent = folder.run(&["bot", "run", "tols", "x"]).ends(2);
    assert!(
        absent.stderr.contains("did you mean `tools`?"),
        "{}",
        absent.stderr
    );
    let silent = folder.pipe(&["bot", "run", "assistant"], b" \n").ends(2);
    assert!(
        silent.stderr.contains("nothing was asked"),
        "{}",
        silent.stderr
    );
    let late = folder
        .run(&["bot", "run", "assistant", "x", "--timeout", "1e-9"])
        .ends(2);
    assert!(
        late.stderr.contains("BS-MODEL-007]: script"),
        "{}",
        late.stderr
    );
}

#[test]
fn lint_names_the_place_of_an_unknown_setting_and_only_where_that_provider_is_asked() {
    let folder = Folder::new();
    let cartridge = |provider: &str| format!("meta: {{name: A}}\nprovider:\n  {provider}\n");
    let key = "credentials: {access-token: ENV/NOT_SET}";
    folder.write(
        "a.yml",
        cartridge(&format!(
            "id: openai\n  {key}\n  settings:\n    model: m\n    temprature: 1"
        )),
    );
    folder.write(
        "b.yml",
        cartridge("id: script\n  settings:\n    otherwize: hi"),
    );
    for (file, place, near) in [
        ("a.yml", "a.yml:7", "did you mean `temperature`?"),
        ("b.yml", "b.yml:5", "did you mean `otherwise`?"),
    ] {
        let ran = folder.run(&["bot", "lint", file, "--strict"]).ends(1);
        assert!(ran.stdout.contains(place), "{}", ran.stdout);
        assert!(ran.stdout.contains(near), "{}", ran.stdout);
    }
    let args = ["bot", "show", "a.yml", "--request"];
    let own = folder.run(&args).ends(0);
    assert!(own.stderr.contains("NOT_SET"), "{}", own.stderr);
    let elsewhere = [&args[..], &["--provider", "ollama", "--model", "m"]].concat();
    assert_eq!(folder.run(&elsewhere).ends(0).stderr, "");
    // Nobody wrote the baseline, so nobody is told to mend it.
    assert_eq!(
        folder
            .run(&["bot", "show", "-", "--request"])
            .ends(0)
            .stderr,
        ""
    );
}

#[test]
fn a_cartridge_without_provider_shows_a_request_and_is_asked_only_where_one_is_chosen() {
    let folder = Folder::new();
    folder.write(
        "bare.yml",
        "behaviors: {interaction: {directive: Be brief.}}\n",
    );
    let shown = folder
        .run(&["bot", "show", "bare.yml", "--request", "--json"])
        .ends(0);
    assert!(shown.stderr.contains("--provider"), "{}", shown.stderr);
    let shown = shown.json();
    assert_eq!(shown["url"], "https://api.openai.com/v1/chat/completions");
    assert_eq!(shown["body"]["messages"][0]["content"], "Be brief.");
    let asked = folder.run(&["bot", "run", "bare.yml", "Hello?"]).ends(2);
    assert!(asked.stderr.contains("--provider"), "{}", asked.stderr);
}

#[test]
fn show_tells_whom_a_bot_asks_what_it_keeps_and_what_a_turn_may_use() {
    let folder = Folder::new();
    folder.write(
        "whole.yml",
        "provider: {id: script, settings: {model: large}}
botsmith:
  fallbacks:
    - {provider: {id: ollama, settings: {model: qwen3}}, on: [rate-limit, server]}
  routing:
    - {when: {input-longer-than: 2000, tag: [legal, tax]}, use: 1}
    - {when: {language: [de, fr]}, provider: {id: mistral, settings: {model: m}, credentials: {api-key: ENV/PLANTED}}}
  cache: {mode: always, ttl: 1h}
  limits: {tokens: 4000, seconds: 30, tool-rounds: 5, cost: 0.05}
  context: 8000
  mcp:
    files: {command: [files-server, --root, .], env: {TOKEN: ENV/PLANTED}, tools: [read], timeout: 20s}
  examples: [{user: a, assistant: b}]
  output-schema: {type: object, properties: {customer: {type: string}}}
",
    );
    let show = |args: &[&str]| {
        let all = [&["bot", "show", "whole.yml"][..], args].concat();
        let mut command = folder.command(&all);
        command.env("PLANTED", "sk-planted-4711");
        common::Ran::from(command.output().unwrap()).ends(0)
    };
    let text = show(&[]);
    for line in [
        "fallbacks  1. ollama qwen3, after rate-limit, server",
        "routing    input longer than 2000 and tag legal or tax: ollama qwen3 (fallback 1)",
        "language de or fr: mistral m",
        "cache      all answers, for 3600 s",
        "limits     4000 tokens, 30 s, 5 tool rounds, cost 0.05 a turn",
        "context    8000 tokens a request; the oldest turns are left out",
        "mcp        files: starts files-server --root ., only read, 20.0 s a call",
        "examples   1 turn",
        "answers    JSON that fits its schema: customer",
    ] {
        assert!(text.stdout.contains(line), "{line}\n{}", text.stdout);
    }
    let json = show(&["--json"]);
    for ran in [&text, &json] {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("sk-planted"));
    }
    let json = json.json();
    assert_eq!(
        json["fallbacks"],
        json!([{"provider": "ollama", "model": "qwen3", "on": ["rate-limit", "server"]}])
    );
    assert_eq!(json["routing"][0]["use"], 1);
    assert_eq!(json["routing"][0]["when"]["tag"], json!(["legal", "tax"]));
    assert_eq!(json["routing"][1]["provider"], "mistral");
    assert_eq!(json["cache"], json!({"mode": "always", "ttl_s": 3600.0}));
    assert_eq!(json["limits"]["tokens"], 4000);
    assert_eq!(
        json["context"],
        json!({"budget": 8000, "policy": "drop-oldest"})
    );
    assert_eq!(json["mcp"][0]["tools"], json!(["read"]));
    assert_eq!(json["mcp"][0]["env"], json!(["TOKEN"]));
    // A cartridge without extensions shows none.
    folder.write("bare.yml", "provider: {id: script, settings: {model: m}}\n");
    let bare = folder.run(&["bot", "show", "bare.yml"]).ends(0).stdout;
    for name in [
        "fallbacks",
        "routing",
        "cache",
        "limits",
        "context",
        "mcp",
        "examples",
    ] {
        assert!(!bare.contains(name), "{name}\n{bare}");
    }
}
