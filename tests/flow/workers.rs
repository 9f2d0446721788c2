//! Workers: stopped, killed, looked at; on SQLite and on Redis.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::common::Folder;
use crate::{SQLITE, folder, show, step, until, work};

/// A slow step that leaves a mark at each attempt, and one after it.
const SLOW: &str = "version: 1
name: slow
inputs: {type: object, properties: {seconds: {type: string}}, required: [seconds]}
steps:
  slow: {uses: command, with: {run: [sh, -c, 'echo x >> marks; exec sleep $0', '{{ inputs.seconds }}']}}
  after: {uses: command, needs: [slow], with: {run: [touch, after]}}
";

fn on_stores(test: impl Fn(&Folder, &str)) {
    test(&folder(&[("slow.yaml", SLOW)]), SQLITE);
    if let Some(redis) = crate::server::one(&[]) {
        test(&folder(&[("slow.yaml", SLOW)]), &redis.url());
    }
}

fn submit(folder: &Folder, store: &str, seconds: &str) {
    let input = format!("seconds={seconds}");
    let args = [
        "flow",
        "submit",
        "slow.yaml",
        "--id",
        "r",
        "--input",
        &input,
        "--store",
        store,
    ];
    folder.run(&args).ends(0);
}

fn worker(folder: &Folder, store: &str, more: &[&str]) -> Child {
    let mut args = vec![
        "flow",
        "worker",
        "--allow-command",
        "--lease",
        "500ms",
        "--json",
        "--store",
        store,
    ];
    args.extend(more);
    let mut command = folder.command(&args);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn marks(folder: &Folder) -> usize {
    std::fs::read_to_string(folder.at("marks")).map_or(0, |text| text.lines().count())
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn a_worker_that_is_told_to_stop_finishes_its_step_and_begins_no_other() {
    on_stores(|folder, store| {
        submit(folder, store, "1");
        let mut child = worker(folder, store, &[]);
        until("the step runs", || (marks(folder) == 1).then_some(()));
        signal(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{store}");
        let shown = show(folder, "r", store);
        assert_eq!(step(&shown, "slow")["status"], "done", "{store}");
        assert_eq!(
            shown["steps"][0]["key"], "slow",
            "in the order in which they can be done"
        );
        assert_eq!(step(&shown, "after")["status"], "ready", "{store}");
        assert!(!folder.at("after").exists());
        work(folder, store);
        assert_eq!(show(folder, "r", store)["status"], "done");
        assert_eq!(marks(folder), 1, "nothing was done twice");
    });
}

#[cfg(unix)]
#[test]
fn a_step_that_does_not_end_in_time_is_given_back() {
    let folder = folder(&[("slow.yaml", SLOW)]);
    submit(&folder, SQLITE, "60");
    let mut child = worker(&folder, SQLITE, &["--grace", "200ms"]);
    until("the step runs", || (marks(&folder) == 1).then_some(()));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(step(&show(&folder, "r", SQLITE), "slow")["status"], "ready");
}

#[cfg(unix)]
#[test]
fn what_a_killed_worker_left_another_finishes() {
    on_stores(|folder, store| {
        submit(folder, store, "1");
        let mut child = worker(folder, store, &[]);
        until("the step runs", || (marks(folder) == 1).then_some(()));
        child.kill().unwrap();
        child.wait().unwrap();
        work(folder, store);
        let shown = show(folder, "r", store);
        assert_eq!(shown["status"], "done", "{store}");
        assert_eq!(step(&shown, "slow")["attempts"], 2, "{store}");
        assert_eq!(step(&shown, "after")["attempts"], 1, "{store}");
        let logs = folder.run(&["flow", "logs", "r", "--store", store]).ends(0);
        assert!(logs.stdout.contains("expired"), "{}", logs.stdout);
    });
}

#[cfg(unix)]
#[test]
fn a_step_that_kills_its_workers_is_a_dead_letter_that_can_be_retried() {
    let folder = folder(&[("slow.yaml", SLOW)]);
    submit(&folder, SQLITE, "60");
    for deaths in 1..=4 {
        let mut child = worker(&folder, SQLITE, &[]);
        until("the step runs", || (marks(&folder) == deaths).then_some(()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut child = worker(&folder, SQLITE, &[]);
    until("it is dead", || {
        (step(&show(&folder, "r", SQLITE), "slow")["status"] == "dead").then_some(())
    });
    signal(&child, "-TERM");
    child.wait().unwrap();
    let letters = folder
        .run(&["flow", "dlq", "list", "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (
            &letters["letters"][0]["run"],
            &letters["letters"][0]["step"]
        ),
        (&"r".into(), &"slow".into())
    );
    let ran = folder.run(&["flow", "show", "r"]).ends(0);
    assert!(
        ran.stdout.contains("† slow") && ran.stdout.contains("poison"),
        "{}",
        ran.stdout
    );
    folder.run(&["flow", "dlq", "retry", "r"]).ends(0);
    let letters = folder
        .run(&["flow", "dlq", "list", "--json"])
        .ends(0)
        .json();
    assert_eq!(letters["letters"], serde_json::json!([]));
    assert_eq!(step(&show(&folder, "r", SQLITE), "slow")["status"], "ready");
}

#[cfg(unix)]
#[test]
fn a_worker_serves_its_numbers_for_prometheus() {
    let folder = folder(&[("slow.yaml", SLOW)]);
    submit(&folder, SQLITE, "0");
    let mut child = worker(&folder, SQLITE, &["--metrics", "127.0.0.1:0"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let hello: Value = serde_json::from_str(&line).unwrap();
    let address = hello["metrics"].as_str().unwrap();
    let address = address
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/metrics")
        .unwrap()
        .to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = until("both steps are done", || {
        let answer = get("/metrics");
        answer
            .contains("\nbotsmith_flow_steps_done_total 2\n")
            .then_some(answer)
    });
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    for name in [
        "botsmith_flow_ready_steps",
        "botsmith_flow_oldest_ready_seconds",
        "botsmith_flow_leases_expired_total",
        "botsmith_flow_retries_total",
        "botsmith_flow_dead_letters",
    ] {
        assert!(
            answer.contains(&format!("\n{name} 0\n")),
            "{name}\n{answer}"
        );
        assert!(
            answer.contains(&format!("# TYPE {name} ")),
            "{name}\n{answer}"
        );
    }
    assert!(get("/").starts_with("HTTP/1.1 404"));
    signal(&child, "-TERM");
    child.wait().unwrap();
}
