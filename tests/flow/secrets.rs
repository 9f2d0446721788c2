//! Secrets that a workflow is given are in no dump of the server, no file of the store, no event, no blob and no
//! export: planted, used in every way that there is, and then looked for.

use std::path::{Path, PathBuf};

use crate::common::quoting::quoting_server;
use crate::common::{Folder, Ran};
use crate::{SQLITE, folder};

/// A step's program, what a server is sent, a bot's key, a notice's address, and the store's own password.
const PLANTED: [(&str, &str); 4] = [
    ("TOKEN", "planted-token-77f0"),
    ("HEADER", "planted-header-19ce"),
    ("BOT_KEY", "planted-bot-4b2a"),
    ("HOOK", "planted-hook-e6d8"),
];
const PASSWORD: &str = "planted-password-5c31";

/// Steps that say their secrets, fail with them, and give so much of them that it goes into a blob.
fn workflow(address: &str) -> String {
    format!(
        r#"version: 1
name: leaky
notify: {{on: [approval-needed, failed], webhook: "{address}/{{{{ secret('HOOK') }}}}"}}
steps:
  says: {{uses: command, with: {{run: [printf, "{{{{ secret('TOKEN') }}}}"]}}}}
  much: {{uses: command, with: {{run: [sh, -c, 'for i in $(seq 9000); do echo "$i $0"; done', "{{{{ secret('TOKEN') }}}}"]}}}}
  fails: {{uses: command, on-failure: continue, with: {{run: [sh, -c, 'echo $0 >&2; exit 3', "{{{{ secret('TOKEN') }}}}"]}}}}
  sends: {{uses: http, on-failure: continue, with: {{url: "{address}/{{{{ secret('HEADER') }}}}", headers: {{x-key: "{{{{ secret('HEADER') }}}}"}}}}}}
  asks: {{uses: bot, on-failure: continue, with: {{cartridge: leaky.yml, input: hello}}}}
  judges: {{uses: eval, with: {{suite: suite.yaml}}}}
  waits: {{uses: approval, needs: [says, much, fails, sends, asks, judges], run-if: always, with: {{message: "{{{{ secret('TOKEN') }}}}?"}}}}
"#
    )
}

fn planted(address: &str) -> Folder {
    let bot = format!(
        "provider:
  id: openai
  credentials: {{address: '{address}', access-token: ENV/BOT_KEY}}
  settings: {{model: any}}
"
    );
    folder(&[
        ("leaky.yaml", &workflow(address)),
        ("leaky.yml", &bot),
        (
            "suite.yaml",
            "version: 1\ndataset: [{input: hello, reference: x}]\nbots: [{name: leaky, cartridge: leaky.yml}]\nevaluators: [equals]\n",
        ),
    ])
}

/// Runs a command that meets the secrets, and keeps what it says.
fn run(folder: &Folder, args: &[&str], code: i32, seen: &mut Vec<u8>) {
    let mut command = folder.command(args);
    let ran: Ran = command.envs(PLANTED).output().unwrap().into();
    let ran = ran.ends(code);
    seen.extend(ran.stdout.bytes().chain(ran.stderr.bytes()));
}

/// Reads every file below a folder.
fn files(folder: &Path, seen: &mut Vec<u8>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, seen));
        } else {
            seen.extend(std::fs::read(&path).unwrap());
            found.push(path);
        }
    }
    found
}

#[track_caller]
fn holds_none(seen: &[u8], place: &str) {
    let secrets = PLANTED.iter().map(|(_, secret)| *secret).chain([PASSWORD]);
    for secret in secrets {
        let found = seen
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "`{secret}` is in {place}");
    }
    assert!(
        String::from_utf8_lossy(seen).contains("***"),
        "nothing was hidden in {place}"
    );
}

/// Runs the workflow and has everything said and exported.
fn used(store: &str) -> (Folder, Vec<u8>) {
    let (address, heard) = quoting_server();
    let folder = planted(&address);
    let mut seen = Vec::new();
    let at = ["--store", store];
    let begin = [
        "flow",
        "run",
        "leaky.yaml",
        "--allow-command",
        "--id",
        "r",
        "--json",
    ];
    run(&folder, &[&begin[..], &at].concat(), 3, &mut seen);
    for args in [
        &["flow", "show", "r"][..],
        &["flow", "logs", "r", "--json"],
        &["flow", "graph", "r"],
        &["store", "stats"],
        &["store", "export", "all.store"],
        &["doctor"],
    ] {
        run(&folder, &[args, &at].concat(), 0, &mut seen);
    }
    let heard = heard.lock().unwrap().clone();
    for (name, secret) in &PLANTED[1..] {
        assert!(heard.contains(secret), "{name} was used");
    }
    seen.extend(std::fs::read(folder.at("all.store")).unwrap());
    (folder, seen)
}

#[test]
fn planted_secrets_are_in_no_dump_of_a_redis_server_no_event_no_blob_and_no_export() {
    // Nothing in its files is packed: what is there can be found.
    let plain = ["--rdbcompression", "no", "--aof-use-rdb-preamble", "no"];
    let Some(redis) = crate::server::one(&plain) else {
        return;
    };
    let word = format!(">{PASSWORD}");
    let user = ["ACL", "SETUSER", "bot", "on", &word, "~*", "+@all"];
    assert_eq!(redis.say(&user), "+OK");
    let (_folder, said) = used(&redis.url().replace("//", &format!("//bot:{PASSWORD}@")));
    holds_none(&said, "what was said or exported");
    assert_eq!(redis.say(&["SAVE"]), "+OK");
    let mut seen = Vec::new();
    let found = files(redis.folder(), &mut seen);
    let named = |name: &str| {
        found
            .iter()
            .any(|path| path.to_string_lossy().contains(name))
    };
    assert!(named("dump.rdb") && named(".aof"), "{found:?}");
    let text = String::from_utf8_lossy(&seen);
    assert!(
        text.contains("secret('TOKEN')"),
        "the plan is there as it was written"
    );
    holds_none(&seen, "the server's dump and log");
}

#[test]
fn planted_secrets_are_in_no_file_of_a_sqlite_store() {
    let (folder, said) = used(SQLITE);
    holds_none(&said, "what was said or exported");
    let mut seen = Vec::new();
    files(&folder.at(".botsmith"), &mut seen);
    holds_none(&seen, "the store's files");
}
