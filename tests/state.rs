//! The store as a whole: `botsmith store`, runs on Redis, and moves between back ends.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;
#[path = "../crates/core/tests/store/server.rs"]
#[allow(dead_code, reason = "its clusters and sentinels are for others")]
mod server;

use std::process::Command;

use common::{Folder, timeless};
use serde_json::json;

fn folder() -> Folder {
    let suite = "version: 1
name: state
dataset: {path: data.jsonl, id: /id}
bots: [{name: a, recorded: {answer: /a}}]
evaluators: [equals, token-f1]
";
    let folder = Folder::with_suite(suite);
    let rows: Vec<String> = (0..40)
        .map(|i| {
            let answer = if i % 3 == 0 { "no" } else { "yes" };
            json!({"id": format!("c{i}"), "input": "x", "reference": "yes", "a": answer})
                .to_string()
        })
        .collect();
    folder.write("data.jsonl", rows.join("\n"));
    folder
}

#[test]
fn a_run_on_redis_is_the_run_on_sqlite_and_moves_between_them() {
    let Some(redis) = server::one(&[]) else {
        return;
    };
    let folder = folder();
    let here = folder.report();
    let there = folder
        .run(&["eval", "suite.yaml", "--json", "--store", &redis.url()])
        .ends(0)
        .json();
    assert_eq!(timeless(there), timeless(here.clone()));
    let id = here["run"].as_str().unwrap();

    // One run, from SQLite to another Redis namespace and from there: the same file.
    let other = format!("{}?namespace=other", redis.url());
    folder.run(&["eval", "export", id, "one.run"]).ends(0);
    folder
        .run(&["eval", "import", "one.run", "--store", &other])
        .ends(0);
    folder
        .run(&["eval", "export", id, "two.run", "--store", &other])
        .ends(0);
    assert!(
        std::fs::read(folder.at("one.run")).unwrap()
            == std::fs::read(folder.at("two.run")).unwrap()
    );
    let shown = folder
        .run(&["eval", "show", id, "--json", "--store", &other])
        .ends(0)
        .json();
    assert_eq!(shown, here);

    // The whole store, by file and by `migrate --to`.
    folder.run(&["store", "export", "all.store"]).ends(0);
    let third = format!("{}?namespace=third", redis.url());
    folder
        .run(&["store", "import", "all.store", "--store", &third])
        .ends(0);
    folder
        .run(&["store", "export", "again.store", "--store", &third])
        .ends(0);
    let all = std::fs::read(folder.at("all.store")).unwrap();
    assert!(all == std::fs::read(folder.at("again.store")).unwrap());
    folder
        .run(&[
            "store",
            "migrate",
            "--to",
            "sqlite:moved.db",
            "--store",
            &third,
        ])
        .ends(0);
    let moved = folder
        .run(&["eval", "show", id, "--json", "--store", "sqlite:moved.db"])
        .ends(0);
    assert_eq!(moved.json(), here);
}

#[test]
fn a_store_is_counted_and_checked() {
    let folder = folder();
    folder.report();
    let stats = folder.run(&["store", "stats", "--json"]).ends(0).json();
    assert_eq!(stats["kinds"]["run"]["partitions"], 1);
    let text = folder.run(&["store", "stats"]).ends(0).stdout;
    assert!(
        text.contains("log entries") && text.contains("run "),
        "{text}"
    );
    let check = folder.run(&["store", "check", "--json"]).ends(0).json();
    assert_eq!((&check["ok"], &check["runs"]), (&json!(true), &json!(1)));
    let text = folder.run(&["store", "check"]).ends(0).stdout;
    assert!(text.contains("nothing is damaged"), "{text}");
    folder.run(&["store", "migrate"]).ends(0);
    let gc = folder.run(&["store", "gc", "--json"]).ends(0).json();
    assert_eq!(gc["runs"], 0);
    let ran = folder
        .run(&["store", "check", "--store", "sqlite:none.db"])
        .ends(2);
    assert!(ran.stderr.contains("no store `sqlite:"), "{}", ran.stderr);
}

#[test]
fn a_damaged_run_is_found() {
    let Some(redis) = server::one(&[]) else {
        return;
    };
    let folder = folder();
    let run = folder
        .run(&["eval", "suite.yaml", "--json", "--store", &redis.url()])
        .ends(0)
        .json();
    let id = run["run"].as_str().unwrap();
    // One of its batches of cases is overwritten.
    let find =
        "for _, k in ipairs(redis.call('KEYS', '*:l:*')) do redis.call('LSET', k, 0, 'x') end";
    let port = redis.port.to_string();
    let ran = Command::new("redis-cli")
        .args(["-p", port.as_str(), "EVAL", find, "0"])
        .output()
        .unwrap();
    assert!(ran.status.success());
    let ran = folder
        .run(&["store", "check", "--store", &redis.url()])
        .ends(1);
    assert!(
        ran.stdout.contains(&format!("✗ run {}", &id[..12])),
        "{}",
        ran.stdout
    );
}

#[test]
fn doctor_says_what_a_server_may_lose_and_fails_where_it_is_much() {
    let Some(redis) = server::one(&["--appendfsync", "everysec", "--requirepass", "hunter2"])
    else {
        return;
    };
    let folder = folder();
    let url = redis.url().replace("//", "//:hunter2@");
    let well = folder.run(&["doctor", "--store", &url]).ends(0);
    assert!(well.stdout.contains("`everysec`"), "{}", well.stdout);
    assert!(!well.stdout.contains("hunter2"), "{}", well.stdout);
    let Some(careless) = server::one(&["--appendonly", "no"]) else {
        return;
    };
    let ran = folder
        .run(&["doctor", "--json", "--store", &careless.url()])
        .ends(1)
        .json();
    let checks = ran["checks"].as_array().unwrap();
    let bad = checks.iter().find(|check| check["ok"] == false).unwrap();
    assert_eq!(bad["name"], "persistence");
    assert!(
        bad["remedy"].as_str().unwrap().contains("appendonly yes"),
        "{bad}"
    );
}
