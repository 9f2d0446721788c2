//! What each command prints, and how it ends.

use serde_json::{Value, json};

use crate::common::keys;
use crate::{ASKS, CHAIN, SQLITE, folder, show, step, work};

const RUN: [&str; 6] = [
    "flow",
    "run",
    "chain.yaml",
    "--input",
    "word=hello",
    "--allow-command",
];

#[test]
fn a_run_prints_the_object_that_scripts_rely_on() {
    let folder = folder(&[("chain.yaml", CHAIN)]);
    let mut args = RUN.to_vec();
    args.extend(["--id", "one", "--json"]);
    let object = folder.run(&args).ends(0).json();
    assert_eq!(keys(&object), ["run", "workflow", "status", "steps"]);
    assert_eq!(object["run"], "one");
    assert_eq!(object["status"], "done");
    let names: Vec<_> = object["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["name"])
        .collect();
    assert_eq!(
        names,
        ["one", "two", "three"],
        "in the order in which they can be done"
    );
    let two = step(&object, "two");
    assert_eq!(
        keys(two),
        [
            "name", "key", "status", "attempts", "started", "ended", "output"
        ]
    );
    assert_eq!(two["output"]["stdout"], "HELLO\n");
    assert_eq!(two["attempts"], 1);
    assert!(two["started"].as_str().unwrap().ends_with('Z'), "{two}");
    let again = folder.run(&args).ends(0).json();
    assert_eq!(
        again, object,
        "the same id, workflow and inputs start nothing twice"
    );
    assert_eq!(show(&folder, "one", SQLITE), object);
}

#[test]
fn exit_codes_tell_done_failed_could_not_run_and_waiting() {
    let failing = CHAIN.replace("['true']", "['false']");
    let folder = folder(&[
        ("chain.yaml", CHAIN),
        ("failing.yaml", &failing),
        ("release.yaml", ASKS),
    ]);
    folder.run(&RUN).ends(0);
    let ran = folder.run(&[
        "flow",
        "run",
        "failing.yaml",
        "--input",
        "word=x",
        "--allow-command",
        "--id",
        "bad",
    ]);
    let ran = ran.ends(1);
    assert!(
        ran.stdout.contains("✗ three") && ran.stdout.contains("next: botsmith flow retry bad"),
        "{}",
        ran.stdout
    );
    let shown = show(&folder, "bad", SQLITE);
    assert_eq!(shown["status"], "failed");
    assert_eq!(step(&shown, "three")["error"]["class"], "exit");
    folder
        .run(&["flow", "run", "release.yaml", "--allow-command"])
        .ends(3);
    let ran = folder.run(&["flow", "run", "chain.yaml", "--json"]).ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-FLOW-018");
    let ran = folder.run(&["flow", "run", "none.yaml", "--json"]).ends(2);
    assert!(ran.json()["error"]["message"].is_string());
    folder.run(&["flow", "show", "nothing"]).ends(2);
}

#[test]
fn submitting_again_starts_nothing_twice_and_other_inputs_are_refused() {
    let folder = folder(&[("chain.yaml", CHAIN)]);
    let submit = |word: &str| {
        folder.run(&[
            "flow",
            "submit",
            "chain.yaml",
            "--id",
            "nightly",
            "--input",
            word,
            "--json",
        ])
    };
    assert_eq!(
        submit("word=a").ends(0).json(),
        json!({"run": "nightly", "workflow": "chain", "new": true})
    );
    assert_eq!(submit("word=a").ends(0).json()["new"], false);
    assert_eq!(
        submit("word=b").ends(2).json()["error"]["code"],
        "BS-FLOW-003"
    );
    let list = folder.run(&["flow", "list", "--json"]).ends(0).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 1);
    assert_eq!(
        step(&show(&folder, "nightly", SQLITE), "one")["status"],
        "ready"
    );
    // A text stays one, also where it looks like a number.
    assert_eq!(
        submit("word=1").ends(2).json()["error"]["code"],
        "BS-FLOW-003"
    );
}

#[test]
fn the_timeline_fits_eighty_columns_and_names_who_has_to_do_what() {
    let folder = folder(&[("release.yaml", ASKS)]);
    let ran = folder
        .run(&[
            "flow",
            "run",
            "release.yaml",
            "--allow-command",
            "--id",
            "a-run-with-a-name",
        ])
        .ends(3);
    for line in ran.stdout.lines().filter(|line| !line.starts_with("next:")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for words in [
        "… waiting · started ",
        "✓ draft",
        "█",
        "check: waits for approval by lead: “Send it?”",
        "left, then rejected",
        "next: botsmith flow approve a-run-with-a-name check",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
}

#[test]
fn runs_are_steered_by_name_or_by_filter_and_never_all_by_mistake() {
    let folder = folder(&[("chain.yaml", CHAIN)]);
    for id in ["a", "b", "c"] {
        folder
            .run(&[
                "flow",
                "submit",
                "chain.yaml",
                "--id",
                id,
                "--input",
                "word=x",
            ])
            .ends(0);
    }
    let ran = folder.run(&["flow", "cancel"]).ends(2);
    assert!(ran.stderr.contains("which runs?"), "{}", ran.stderr);
    let ran = folder
        .run(&["flow", "cancel", "--status", "runing"])
        .ends(2);
    assert!(
        ran.stderr.contains("did you mean `running`?"),
        "{}",
        ran.stderr
    );
    let dry = folder
        .run(&[
            "flow",
            "cancel",
            "--workflow",
            "chain",
            "--dry-run",
            "--json",
        ])
        .ends(0)
        .json();
    assert_eq!(dry["changed"].as_array().unwrap().len(), 3);
    folder.run(&["flow", "pause", "a"]).ends(0);
    let list = folder
        .run(&["flow", "list", "--status", "paused", "--json"])
        .ends(0)
        .json();
    assert_eq!(list["runs"][0]["run"], "a");
    folder.run(&["flow", "priority", "b", "--to", "9"]).ends(0);
    let older = folder
        .run(&["flow", "cancel", "--older-than", "1h", "--json"])
        .ends(0)
        .json();
    assert_eq!(older["changed"], json!([]));
    folder.run(&["flow", "resume", "a"]).ends(0);
    let all = folder
        .run(&["flow", "cancel", "--status", "running", "--json"])
        .ends(0)
        .json();
    assert_eq!(all["changed"].as_array().unwrap().len(), 3);
    assert_eq!(show(&folder, "a", SQLITE)["status"], "cancelled");
    folder.run(&["flow", "priority", "b", "--to", "1"]).ends(2);
}

#[test]
fn a_run_is_done_again_from_a_step_and_its_failures_retried() {
    let folder = folder(&[(
        "chain.yaml",
        &CHAIN.replace("['true']", "[test, -e, there]"),
    )]);
    let ran = folder.run(&[
        "flow",
        "run",
        "chain.yaml",
        "--input",
        "word=x",
        "--allow-command",
        "--id",
        "one",
    ]);
    ran.ends(1);
    folder.write("there", "");
    let work = [
        "flow",
        "worker",
        "--until-idle",
        "--allow-command",
        "--quiet",
    ];
    folder.run(&["flow", "retry", "one"]).ends(0);
    folder.run(&work).ends(0);
    let one = show(&folder, "one", SQLITE);
    assert_eq!(one["status"], "done");
    assert_eq!(
        (
            &step(&one, "one")["attempts"],
            &step(&one, "three")["attempts"]
        ),
        (&json!(1), &json!(2))
    );
    let again = folder
        .run(&["flow", "rerun", "one", "--from", "two", "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (&again["run"], &again["kept"]),
        (&json!("one-again1"), &json!(1))
    );
    folder.run(&work).ends(0);
    let new = show(&folder, "one-again1", SQLITE);
    assert_eq!(
        step(&new, "one")["ended"],
        step(&one, "one")["ended"],
        "it was not done again"
    );
    assert_ne!(step(&new, "two")["ended"], step(&one, "two")["ended"]);
    assert_eq!(new["status"], "done");
    let ran = folder
        .run(&["flow", "rerun", "one", "--from", "tow"])
        .ends(2);
    assert!(ran.stderr.contains("did you mean `two`"), "{}", ran.stderr);
}

#[test]
fn a_waiting_run_is_moved_to_a_new_definition_by_command_only() {
    let folder = folder(&[("release.yaml", ASKS)]);
    let ran = folder.run(&[
        "flow",
        "run",
        "release.yaml",
        "--allow-command",
        "--id",
        "r",
    ]);
    ran.ends(3);
    folder.write(
        "release.yaml",
        ASKS.replace("[echo, sent]", "[echo, sent better]"),
    );
    let before = folder
        .run(&[
            "flow",
            "run",
            "release.yaml",
            "--allow-command",
            "--id",
            "r",
            "--json",
        ])
        .ends(2);
    assert_eq!(
        before.json()["error"]["code"],
        "BS-FLOW-003",
        "a run keeps its definition"
    );
    let moved = folder
        .run(&["flow", "migrate", "r", "release.yaml", "--json"])
        .ends(0)
        .json();
    assert_eq!(moved["changed"], true);
    folder
        .run(&["flow", "approve", "r", "--by", "lead"])
        .ends(0);
    work(&folder, SQLITE);
    let shown = show(&folder, "r", SQLITE);
    assert_eq!(step(&shown, "send")["output"]["stdout"], "sent better\n");
    assert_eq!(step(&shown, "draft")["attempts"], 1);
}

#[test]
fn workflows_are_checked_without_a_run_and_drawn() {
    let folder = folder(&[
        ("chain.yaml", CHAIN),
        ("bad.yaml", &CHAIN.replace("steps.one", "steps.noe")),
    ]);
    folder.run(&["flow", "validate", "chain.yaml"]).ends(0);
    let ran = folder
        .run(&["flow", "validate", "chain.yaml", "bad.yaml", "--json"])
        .ends(1)
        .json();
    assert_eq!(
        (&ran["files"][0]["ok"], &ran["files"][1]["ok"]),
        (&json!(true), &json!(false))
    );
    assert!(
        ran["files"][1]["error"]
            .as_str()
            .unwrap()
            .contains("bad.yaml:6"),
        "{ran}"
    );
    let ran = folder.run(&["flow", "graph", "chain.yaml"]).ends(0);
    assert!(
        ran.stdout.starts_with("flowchart LR\n") && ran.stdout.contains("n0 --> n1"),
        "{}",
        ran.stdout
    );
    folder
        .run(&[
            "flow",
            "run",
            "chain.yaml",
            "--input",
            "word=<&",
            "--allow-command",
            "--id",
            "x",
        ])
        .ends(0);
    folder
        .run(&["flow", "graph", "x", "--svg", "x.svg"])
        .ends(0);
    let svg = folder.read("x.svg");
    let mut reader = quick_xml::Reader::from_str(&svg);
    let mut rects = 0;
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Empty(tag) if tag.name().as_ref() == "rect" => rects += 1,
            _ => {}
        }
    }
    assert_eq!(rects, 4, "three steps and the ground");
    assert!(
        svg.contains("prefers-color-scheme:dark") && !svg.contains("<script"),
        "{svg}"
    );
}

#[test]
fn what_happened_is_a_stream_of_events() {
    let folder = folder(&[("chain.yaml", CHAIN)]);
    folder
        .run(&[
            "flow",
            "run",
            "chain.yaml",
            "--input",
            "word=x",
            "--allow-command",
            "--id",
            "x",
        ])
        .ends(0);
    let ran = folder
        .run(&["flow", "logs", "x", "--follow", "--json"])
        .ends(0);
    let events: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["what"], "started");
    assert_eq!(events.last().unwrap()["what"], "run-done");
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    let ran = folder.run(&["flow", "logs", "x", "--step", "two"]).ends(0);
    assert_eq!(
        ran.stdout.lines().count(),
        2,
        "claimed and done: {}",
        ran.stdout
    );
    let ran = folder.run(&["flow", "watch", "x", "--json"]).ends(0);
    assert_eq!(ran.json()["status"], "done");
}

#[test]
fn a_step_that_no_live_worker_can_run_is_named_with_what_it_needs() {
    let text = "version: 1\nname: big\nsteps:\n  train: {uses: wait, requires: ['device:cuda'], with: {for: 1s}}\n";
    let folder = folder(&[("big.yaml", text)]);
    folder
        .run(&["flow", "submit", "big.yaml", "--id", "x"])
        .ends(0);
    let ran = folder.run(&["flow", "show", "x"]).ends(0);
    let doctor = folder.run(&["doctor", "--json"]).json();
    let checks = doctor["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "workflows")
        .unwrap();
    assert!(
        check["found"]
            .as_str()
            .unwrap()
            .contains("no live worker can run x/train"),
        "{check}"
    );
    assert!(
        ran.stdout
            .contains("train: no live worker can run it; it needs"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("device:cuda") && ran.stdout.contains("next: botsmith flow worker"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_secret_is_in_no_event_no_output_and_no_export() {
    let text = "version: 1\nname: s\nsteps:\n  say: {uses: command, with: {run: [printf, \"{{ secret('TOKEN') }}\"]}}\n  no: {uses: command, needs: [say], with: {run: [sh, -c, 'echo $0 >&2; exit 3', \"{{ secret('TOKEN') }}\"]}}\n";
    let folder = folder(&[("s.yaml", text)]);
    let secret = "s3cr3t-of-the-house";
    let mut command = folder.command(&["flow", "run", "s.yaml", "--allow-command", "--id", "x"]);
    let ran: crate::common::Ran = command.env("TOKEN", secret).output().unwrap().into();
    let ran = ran.ends(1);
    let logs = folder.run(&["flow", "logs", "x", "--json"]).ends(0);
    folder.run(&["store", "export", "all.bin"]).ends(0);
    let mut seen = format!(
        "{}{}{}{}",
        ran.stdout,
        ran.stderr,
        logs.stdout,
        show(&folder, "x", SQLITE)
    )
    .into_bytes();
    assert!(String::from_utf8_lossy(&seen).contains("***"));
    for file in ["all.bin", ".botsmith/state.db", ".botsmith/state.db-wal"] {
        seen.extend(std::fs::read(folder.at(file)).unwrap_or_default());
    }
    let found = seen
        .windows(secret.len())
        .any(|window| window == secret.as_bytes());
    assert!(!found, "the secret is stored");
}
