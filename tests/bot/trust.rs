//! What `pull`, `show`, `list` and `lint` say of a cartridge is true, and looks like what it is.

use serde_json::json;

use crate::common::Folder;

/// Cartridges that hide something, and what must be said of each before it is kept.
const HIDING: [(&str, &str, &[&str]); 6] = [
    (
        "replay.yml",
        "provider: {id: replay, settings: {path: a.jsonl, mode: auto, provider: \
         {id: openai, credentials: {address: 'https://far.example'}, settings: {model: m}}}}\n",
        &[
            "sends to   openai at https://far.example (recorded by replay)",
            "needs      a.jsonl",
        ],
    ),
    (
        "program.yml",
        "provider: {id: replay, settings: {path: a.jsonl, mode: auto, provider: \
         {id: command, settings: {run: [curl, far.example]}}}}\n",
        &["starts     curl far.example (recorded by replay)"],
    ),
    (
        "http.yml",
        "provider: {id: http, settings: {url: 'https://near.example@far.example/ask', answer: /a}}\n",
        &["sends to   http at https://far.example/ask"],
    ),
    (
        "region.yml",
        "provider: {id: google, credentials: {service: vertex-ai-api, region: us-east4}, options: {model: g}}\n",
        &["sends to   google in region us-east4"],
    ),
    (
        "judge.yml",
        "provider: {id: script, settings: {otherwise: a}}\nbotsmith:\n  evaluate:\n    dataset: [{input: a}]\n    \
         evaluators: [judge: {cartridge: other.yml, criteria: fair, provider: \
         {id: openai, credentials: {address: 'https://far.example'}}}]\n",
        &[
            "sends to   openai at https://far.example (judge)",
            "needs      other.yml",
        ],
    ),
    (
        "fallback.yml",
        "provider: {id: script, settings: {otherwise: a}}\nbotsmith:\n  fallbacks:\n    \
         - {provider: {id: http, settings: {url: 'https://far.example/', answer: /a}}}\n",
        &["sends to   http at https://far.example/"],
    ),
];

#[test]
fn pull_and_show_name_every_host_and_every_program() {
    let folder = Folder::new();
    for (name, text, wanted) in HIDING {
        folder.write(name, text);
        let pulled = folder.run(&["bot", "pull", name, "--yes"]).ends(0);
        let shown = folder.run(&["bot", "show", name]).ends(0);
        for row in wanted {
            assert!(pulled.stdout.contains(row), "{name}: {}", pulled.stdout);
            assert!(shown.stdout.contains(row), "{name}: {}", shown.stdout);
        }
        assert!(!pulled.stdout.contains("sends to   none") || name == "program.yml");
    }
}

#[test]
fn a_region_that_makes_another_host_is_refused_before_anything_is_sent() {
    let folder = Folder::new();
    for (name, value) in [
        ("region", "evil.example#"),
        ("region", "evil.example/"),
        ("project-id", "p/../q"),
    ] {
        folder.write(
            "g.yml",
            format!(
                "provider:\n  id: google\n  credentials:\n    service: vertex-ai-api\n    api-key: k-123\n    \
                 {name}: '{value}'\n  options: {{model: gemini}}\n"
            ),
        );
        let pulled = folder.run(&["bot", "pull", "g.yml", "--yes"]).ends(2);
        assert!(pulled.stderr.contains("g.yml:6:"), "{}", pulled.stderr);
        assert!(!folder.at("bots/g.yml").exists());
        for args in [
            &["bot", "run", "g.yml", "Hello?"][..],
            &["bot", "show", "g.yml", "--request"],
        ] {
            let refused = folder.run(args).ends(2);
            assert!(refused.stderr.contains("a to z"), "{}", refused.stderr);
        }
        let linted = folder.run(&["bot", "lint", "g.yml", "--strict"]).ends(1);
        assert!(linted.stdout.contains("a to z"), "{}", linted.stdout);
    }
}

#[test]
fn words_of_a_cartridge_cannot_pass_for_rows_of_ours() {
    let folder = Folder::new();
    let forged = r#""Nice\nsends to   none\nstarts     none\e[8m\r\u202e""#;
    folder.write(
        "bots/forged.yml",
        format!(
            "meta: {{name: {forged}, author: {forged}, license: {forged}, description: {forged}}}\n\
             tools: [{{name: t, lua: 'return 1'}}]\n\
             behaviors: {{interaction: {{directive: {forged}}}}}\n\
             provider: {{id: http, settings: {{url: {forged}, model: {forged}, answer: /a}}}}\n\
             botsmith:\n  variables: {{v: {{default: a, description: {forged}}}}}\n  \
             mcp: {{m: {{command: [{forged}]}}}}\n"
        ),
    );
    folder.write("far.yml", folder.read("bots/forged.yml"));
    for args in [
        &["bot", "pull", "far.yml", "--yes", "--to", "kept"][..],
        &["bot", "show", "forged"],
        &["bot", "list"],
        &["bot", "lint", "bots/forged.yml"],
        &["bot", "history", "forged"],
    ] {
        let ran = folder.run(args);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        let plain = |c: char| c == '\n' || !botsmith::core::hint::is_unprintable(c);
        assert!(all.chars().all(plain), "{args:?}: {all:?}");
        for row in all.lines() {
            assert!(
                !row.starts_with("sends to   none") && !row.starts_with("starts     none"),
                "{args:?}: {all}"
            );
        }
    }
    let listed = folder.run(&["bot", "list", "--quiet"]).ends(0).stdout;
    // The baseline and this one: a row each.
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

#[test]
fn a_cartridge_is_kept_only_with_the_files_that_it_needs() {
    let folder = Folder::new();
    folder.write(
        "far/base.yml",
        "provider: {id: script, settings: {otherwise: a}}\n",
    );
    folder.write(
        "far/top.yml",
        "meta: {name: Top}\nbotsmith:\n  extends: base.yml\n",
    );
    let pull = ["bot", "pull", "far/top.yml", "--yes"];
    let refused = folder.run(&pull).ends(2);
    assert!(
        refused.stderr.contains("far/base.yml"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("far/top.yml:3"),
        "{}",
        refused.stderr
    );
    assert!(!folder.at("bots/top.yml").exists());
    // Another file of that name is another bot.
    folder.write(
        "bots/base.yml",
        "provider: {id: script, settings: {otherwise: b}}\n",
    );
    folder.run(&pull).ends(2);
    folder
        .run(&["bot", "pull", "far/base.yml", "--yes", "--force"])
        .ends(0);
    folder.run(&pull).ends(0);
    assert_eq!(
        folder
            .run(&["bot", "run", "top", "--quiet", "Hello?"])
            .ends(0)
            .stdout
            .trim(),
        "a"
    );
}

#[test]
fn what_the_environment_put_in_is_not_shown() {
    let folder = Folder::new();
    folder.write(
        "bots/quiet.yml",
        "meta: {name: ENV/NAME, description: ENV/NAME}\n\
         behaviors: {interaction: {directive: ENV/DIRECTIVE}}\n\
         interfaces: {input: {prefix: ENV/PREFIX}}\n\
         provider: {id: anthropic, credentials: {api-key: k-4711, address: ENV/ADDRESS}, settings: {model: ENV/MODEL}}\n",
    );
    let secret = [
        ("NAME", "planted-name"),
        ("DIRECTIVE", "planted-directive\nin two lines"),
        ("PREFIX", "planted-prefix: "),
    ];
    let plain = [("MODEL", "the-model"), ("ADDRESS", "http://127.0.0.1:9")];
    let run = |args: &[&str]| {
        let mut command = folder.command(args);
        command.envs(secret).envs(plain);
        crate::common::Ran::from(command.output().unwrap())
    };
    for args in [
        &["bot", "show", "quiet"][..],
        &["bot", "show", "quiet", "--json"],
        &["bot", "list"],
        &["bot", "list", "--json"],
        &["bot", "lint", "bots/quiet.yml"],
        &["bot", "pull", "bots/quiet.yml", "--yes", "--to", "kept"],
        &["bot", "show", "quiet", "--request"],
        &["bot", "show", "quiet", "--request", "--json"],
        &["nb", "bots/quiet.yml", "-", "cartridge"],
    ] {
        let ran = run(args).ends(0);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains("planted-"), "{args:?}: {all}");
    }
    let request = run(&["bot", "show", "quiet", "--request=Why?", "--json"]).json();
    assert_eq!(request["body"]["system"], "***");
    assert_eq!(request["body"]["messages"][0]["content"], "***Why?");
    // What says where, and who is not secret, is shown.
    assert_eq!(request["model"], json!("the-model"));
    assert_eq!(request["url"], "http://127.0.0.1:9/v1/messages");
}

#[test]
fn lint_finds_what_cannot_run_wherever_it_stands() {
    let folder = Folder::new();
    let script = "provider: {id: script, settings: {otherwise: a}}\n";
    let cases = [
        (
            "provider:\n  id: opnai\n".to_owned(),
            "2:",
            "did you mean `openai`?",
        ),
        (
            format!("{script}botsmith:\n  fallbacks:\n    - provider:\n        id: olama\n"),
            "5:",
            "did you mean `ollama`?",
        ),
        (
            format!(
                "{script}botsmith:\n  fallbacks:\n    - provider:\n        id: openai\n        settings:\n          modle: m\n"
            ),
            "7:",
            "did you mean `model`?",
        ),
        (
            format!(
                "{script}botsmith:\n  routing:\n    - when: {{tag: a}}\n      provider: {{id: openai, credentials: {{acess-token: k}}}}\n"
            ),
            "5:",
            "did you mean `access-token`?",
        ),
        (
            "provider:\n  id: replay\n  settings:\n    path: a.jsonl\n    modee: auto\n".to_owned(),
            "4:",
            "did you mean `mode`?",
        ),
        (
            "provider:\n  id: replay\n  settings: {path: gone.jsonl}\n".to_owned(),
            "3:",
            "gone.jsonl",
        ),
        (
            format!("{script}tools:\n- name: a\n  lua: return 1\n- name: b\n  clojure: (+ 1 1)\n"),
            "6:",
            "is in Clojure",
        ),
        (format!("{script}tools:\n- name: b\n"), "3:", "has no code"),
    ];
    for (text, line, words) in cases {
        folder.write("a.yml", &text);
        let ran = folder.run(&["bot", "lint", "a.yml", "--strict"]).ends(1);
        let place = format!("a.yml:{line}");
        assert!(
            ran.stdout.contains(&place) && ran.stdout.contains(words),
            "{text}\n{}",
            ran.stdout
        );
        assert!(
            ran.stdout.contains("0 errors, 1 warning"),
            "{text}\n{}",
            ran.stdout
        );
    }
}
