//! Schedules: kept, listed, fired by a worker.

use serde_json::json;

use crate::{SQLITE, folder, show, until};

const EMPTY: &str = "version: 1\nname: tick\nsteps:\n  only: {uses: wait, with: {for: 1ms}}\n";

#[test]
fn a_worker_starts_the_runs_of_a_schedule() {
    let folder = folder(&[("tick.yaml", EMPTY)]);
    let add = [
        "flow",
        "schedule",
        "add",
        "second",
        "tick.yaml",
        "--cron",
        "* * * * * *",
        "--json",
    ];
    let state = folder.run(&add).ends(0).json();
    assert_eq!(
        (&state["misfire"], &state["zone"]),
        (&json!("one"), &json!("UTC"))
    );
    let mut child = folder
        .command(&["flow", "worker", "--quiet"])
        .spawn()
        .unwrap();
    let runs = until("two runs are done", || {
        let list = folder
            .run(&["flow", "list", "--status", "done", "--json"])
            .ends(0)
            .json();
        let runs = list["runs"].as_array().unwrap().clone();
        (runs.len() >= 2).then_some(runs)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let id = runs[0]["run"].as_str().unwrap();
    assert!(id.starts_with("second-2") && id.ends_with('Z'), "{id}");
    assert_eq!(show(&folder, id, SQLITE)["workflow"], "tick");
    let list = folder
        .run(&["flow", "schedule", "list", "--json"])
        .ends(0)
        .json();
    assert!(
        list["schedules"][0]["fired"].as_u64().unwrap() >= 2,
        "{list}"
    );
    folder.run(&["flow", "schedule", "pause", "second"]).ends(0);
    folder
        .run(&["flow", "schedule", "remove", "second"])
        .ends(0);
    folder
        .run(&["flow", "schedule", "remove", "second"])
        .ends(2);
}

#[test]
fn a_schedule_says_in_words_when_it_is_and_what_does_not_fit() {
    let folder = folder(&[("tick.yaml", EMPTY)]);
    let add = |cron: &str, zone: &str| {
        folder.run(&[
            "flow",
            "schedule",
            "add",
            "n",
            "tick.yaml",
            "--cron",
            cron,
            "--zone",
            zone,
        ])
    };
    let ran = add("30 2 * * MON-FRI", "Europe/Berlin").ends(0);
    assert!(
        ran.stdout.contains("02:30") && ran.stdout.contains("Europe/Berlin"),
        "{}",
        ran.stdout
    );
    let ran = add("30 2 * *", "UTC").ends(2);
    assert!(ran.stderr.contains("BS-FLOW-030"), "{}", ran.stderr);
    let ran = add("@daily", "Europe/Berln").ends(2);
    assert!(
        ran.stderr.contains("no time zone `Europe/Berln`"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["flow", "schedule", "list"]).ends(0);
    assert!(
        ran.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.stdout
    );
}
