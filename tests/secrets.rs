//! Planted keys are found nowhere: each command that meets a cartridge runs against a server that quotes all
//! that it was sent, and then every output, every file and the store are searched. What a bot is told counts as
//! well where it came out of the environment; only what is said in an answer, and the conversation that is kept
//! of it, is as it was.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::quoting::quoting_server;
use common::{Folder, Ran};

/// Where each key stands in the cartridge.
const PLANTED: [(&str, &str); 9] = [
    ("OWN_KEY", "planted-own-4f1c"),
    ("SPARE_KEY", "planted-spare-77aa"),
    ("SPARE_NOTE", "planted-note-90e2"),
    ("HTTP_KEY", "planted-http-1b3d"),
    ("MCP_TOKEN", "planted-token-c0de"),
    ("MCP_HEADER", "planted-header-5ea1"),
    ("DIRECTIVE", "planted-directive-0d1e"),
    ("PREFIX", "planted-prefix-ab42"),
    ("SUFFIX", "planted-suffix-77e0"),
];

fn cartridge(address: &str, mcp: &str) -> String {
    format!(
        "meta: {{name: Leaky, author: Ada, version: 1.0.0}}
behaviors: {{interaction: {{directive: ENV/DIRECTIVE}}}}
interfaces: {{input: {{prefix: ENV/PREFIX, suffix: ENV/SUFFIX}}}}
provider:
  id: openai
  credentials: {{address: '{address}', access-token: ENV/OWN_KEY}}
  settings: {{model: own}}
botsmith:
  fallbacks:
    - provider:
        id: openai
        credentials: {{address: '{address}', access-token: ENV/SPARE_KEY}}
        settings: {{model: spare, metadata: {{note: ENV/SPARE_NOTE}}}}
      on: [auth]
    - provider:
        id: http
        credentials: {{my-key: ENV/HTTP_KEY}}
        settings:
          url: '{address}/generate'
          headers: {{authorization: 'Bearer {{{{ credentials.my_key }}}}'}}
          body: {{prompt: '{{{{ input }}}}'}}
          answer: /text
          error: /error/message
      on: [auth]
{mcp}  evaluate:
    dataset: [{{id: one, input: Hello?, reference: x}}]
    evaluators: [equals]
"
    )
}

fn run(folder: &Folder, args: &[&str]) -> Ran {
    let mut command = folder.command(args);
    command.envs(PLANTED).output().unwrap().into()
}

/// Every file below a folder.
fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, all),
            false => all.push(path),
        }
    }
}

#[test]
fn planted_keys_are_in_no_output_file_or_store() {
    let (address, heard) = quoting_server();
    let folder = Folder::new();
    folder.write("own.yml", cartridge(&address, ""));
    folder.write(
        "process.yml",
        cartridge(
            &address,
            "  mcp: {tools: {command: [sh, -c, 'echo got $TOKEN; echo got $TOKEN >&2'], env: {TOKEN: ENV/MCP_TOKEN}}}\n",
        ),
    );
    folder.write(
        "web.yml",
        cartridge(
            &address,
            &format!(
                "  mcp: {{tools: {{url: '{address}/mcp', headers: {{x-token: ENV/MCP_HEADER}}}}}}\n"
            ),
        ),
    );
    folder.write(
        "suite.yaml",
        "version: 1\ndataset: [{id: one, input: Hello?, reference: x}]\nevaluators: [equals]\nbots:\n\
         \x20 - {name: own, cartridge: own.yml}\n  - {name: web, cartridge: web.yml}\n",
    );
    let mut shown = String::new();
    let mut tell = |args: &[&str]| {
        let ran = run(&folder, args);
        writeln!(shown, "$ {args:?}\n{}{}", ran.stdout, ran.stderr).unwrap();
        ran
    };
    for bot in ["own.yml", "process.yml", "web.yml"] {
        for args in [
            &["bot", "show", bot][..],
            &["bot", "show", bot, "--json"],
            &["bot", "show", bot, "--request"],
            &["bot", "show", bot, "--request", "--json"],
            &["bot", "lint", bot],
            &["bot", "lint", bot, "--json"],
            &["bot", "pull", bot, "--yes"],
            &["bot", "pull", bot, "--yes", "--json"],
            &["nb", bot, "-", "cartridge"],
        ] {
            tell(args).ends(0);
        }
        for args in [
            &["bot", "run", bot, "Hello?"][..],
            &["bot", "run", bot, "Hello?", "--json", "--allow-command"],
            &[
                "bot",
                "run",
                bot,
                "Hello?",
                "--session",
                "s",
                "--allow-command",
            ],
            &["nb", bot, "s", "eval", "Hello?"],
        ] {
            tell(args).ends(2);
        }
        tell(&["nb", bot, "s", "state"]);
    }
    tell(&["bot", "list"]).ends(0);
    tell(&["bot", "test", "own.yml", "--json"]).ends(1);
    let reports = [
        "eval",
        "suite.yaml",
        "--json",
        "r.json",
        "--jsonl",
        "r.jsonl",
        "--csv",
        "r.csv",
        "--html",
        "r.html",
        "--junit",
        "r.xml",
        "--markdown",
        "r.md",
    ];
    tell(&reports).ends(0);
    tell(&["eval", "show", "--case", "one"]).ends(0);
    tell(&["eval", "export", "latest", "run.botsmith"]).ends(0);

    // They were sent where they belong, or the search below would prove nothing.
    let heard = heard.lock().unwrap();
    for (name, key) in PLANTED.iter().filter(|(name, _)| *name != "MCP_TOKEN") {
        assert!(heard.contains(key), "{name} was sent nowhere");
    }
    assert!(shown.contains("I refuse"), "{shown}");
    assert!(!shown.contains("planted-"), "{shown}");
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    assert!(all.iter().any(|file| file.ends_with("state.db")), "{all:?}");
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(8).any(|bytes| bytes == b"planted-");
        assert!(!found, "a key is in {}", file.display());
    }
}
