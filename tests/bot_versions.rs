//! `botsmith bot history|diff|promote|rollback|pin`, `store audit` and `eval power --gate`, as people and
//! scripts use them.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use botsmith::core::store::{self, StateStore};
use botsmith::nanobots::versions::{By, Version, Versions};
use common::Folder;
use serde_json::json;

const BOT: &str = "# Ours\nmeta:\n  version: 1.0.0   # counted up\n  name: Sum\n";

/// A project whose store knows a variant that passed a gate.
fn project() -> (Folder, Version) {
    let folder = Folder::new();
    folder.write("bots/sum.yml", BOT);
    let url = format!(
        "sqlite:{}",
        folder.path().join(".botsmith/state.db").display()
    );
    let store = store::open(&url).unwrap();
    let variant = propose(&*store, "# Be brief.\n");
    (folder, variant)
}

fn propose(store: &dyn StateStore, words: &str) -> Version {
    let versions = Versions::of(store, "bots/sum.yml");
    let by = By::new("hone", 1_767_225_600_000);
    let first = versions.adopt(BOT.as_bytes(), &by).unwrap();
    let evidence = json!({"gate": {
        "passed": true, "baseline": first.hash, "reasons": [], "difference": 0.125,
    }});
    let text = format!("{BOT}{words}");
    versions
        .propose(text.as_bytes(), Some(&first.hash), evidence, &by)
        .unwrap()
}

#[test]
fn a_variant_is_looked_at_promoted_and_rolled_back() {
    let (folder, variant) = project();
    let short = &variant.hash[..12];
    let diff = folder
        .run(&["bot", "diff", "sum", "current", short])
        .ends(0);
    assert!(diff.stdout.contains("+# Be brief.\n"), "{}", diff.stdout);
    let history = folder.run(&["bot", "history", "sum"]).ends(0).stdout;
    assert!(
        history.contains("gate passed, +12.5 points (selected: expect less)"),
        "{history}"
    );

    // Nobody is there to approve it.
    let alone = folder.run(&["bot", "promote", "sum", short]).ends(2);
    assert!(
        alone.stderr.contains("a person approves a promotion"),
        "{}",
        alone.stderr
    );
    assert_eq!(folder.read("bots/sum.yml"), BOT);

    let args = [
        "bot", "promote", "sum", short, "--yes", "--by", "ada", "--json",
    ];
    let promoted = folder.run(&args).ends(0).json();
    assert_eq!(promoted["version"]["name"], "1.0.1");
    assert_eq!(promoted["version"]["evidence"]["approval"]["by"], "ada");
    assert_eq!(promoted["pointer"]["previous"], promoted["from"]);
    let wanted = format!("{BOT}# Be brief.\n").replace("1.0.0", "1.0.1");
    assert_eq!(folder.read("bots/sum.yml"), wanted);

    let diff = folder
        .run(&["bot", "diff", "bots/sum.yml", "--json"])
        .ends(0)
        .json();
    assert_eq!((&diff["added"], &diff["removed"]), (&json!(2), &json!(1)));
    let again = folder
        .run(&["bot", "promote", "sum", short, "--yes"])
        .ends(2);
    assert!(
        again.stderr.contains("BS-BOT-012") && again.stderr.contains("is in force now"),
        "{}",
        again.stderr
    );

    let back = folder
        .run(&["bot", "rollback", "sum", "--json"])
        .ends(0)
        .json();
    assert_eq!(back["to"], promoted["from"]);
    assert_eq!(folder.read("bots/sum.yml"), BOT);
    let history = folder
        .run(&["bot", "history", "sum", "--json"])
        .ends(0)
        .json();
    let actions: Vec<_> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["action"])
        .collect();
    assert_eq!(actions, ["adopt", "promote", "rollback"]);
    assert_eq!(
        (&history["edited"], &history["audit_whole"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(history["versions"].as_array().unwrap().len(), 3);
}

#[test]
fn a_pinned_bot_stays_until_it_is_let_go() {
    let (folder, variant) = project();
    let short = &variant.hash[..12];
    folder.run(&["bot", "pin", "sum"]).ends(0);
    let refused = folder
        .run(&["bot", "promote", "sum", short, "--yes"])
        .ends(2);
    assert!(
        refused.stderr.contains("bot pin bots/sum.yml --off"),
        "{}",
        refused.stderr
    );
    let off = folder
        .run(&["bot", "pin", "bots/sum.yml", "--off", "--json"])
        .ends(0)
        .json();
    assert_eq!(off["unpinned"], true);
    folder
        .run(&["bot", "promote", "sum", short, "--yes"])
        .ends(0);
    let unknown = folder
        .run(&["bot", "rollback", "sum", "--to", "curent"])
        .ends(2);
    assert!(
        unknown.stderr.contains("did you mean `current`?"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn the_audit_log_is_shown_verified_and_found_damaged() {
    let (folder, variant) = project();
    folder
        .run(&[
            "bot",
            "promote",
            "sum",
            &variant.hash,
            "--yes",
            "--by",
            "ada",
        ])
        .ends(0);
    let shown = folder.run(&["store", "audit", "show"]).ends(0).stdout;
    assert!(shown.contains("promote bots/sum.yml  by ada"), "{shown}");
    let log = folder
        .run(&["store", "audit", "show", "--from", "1", "--json"])
        .ends(0)
        .json();
    let actions: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["action"])
        .collect();
    assert_eq!(actions, ["propose", "begin", "promote"]);
    let whole = folder
        .run(&["store", "audit", "verify", "--json"])
        .ends(0)
        .json();
    assert_eq!((&whole["ok"], &whole["entries"]), (&json!(true), &json!(4)));
    let head = whole["head"].as_str().unwrap();
    folder
        .run(&["store", "audit", "verify", "--known", head])
        .ends(0);
    folder
        .run(&["store", "audit", "verify", "--known", &"7".repeat(64)])
        .ends(1);
    folder
        .run(&["store", "audit", "verify", "--known", "7"])
        .ends(2);

    // The log moves with the store.
    folder.run(&["store", "export", "all.store"]).ends(0);
    folder
        .run(&["store", "import", "all.store", "--store", "sqlite:copy.db"])
        .ends(0);
    let copy = folder.run(&[
        "store",
        "audit",
        "verify",
        "--store",
        "sqlite:copy.db",
        "--json",
    ]);
    assert_eq!(copy.ends(0).json(), whole);

    // One byte of the copy's file.
    let path = folder.path().join("copy.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let entry = b"\"action\":\"propose\"";
    let places: Vec<_> = bytes
        .windows(entry.len())
        .enumerate()
        .filter(|(_, w)| w == entry)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 12] ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let broken = folder.run(&[
        "store",
        "audit",
        "verify",
        "--store",
        "sqlite:copy.db",
        "--json",
    ]);
    assert_eq!(broken.ends(1).json()["damage"]["entry"], 1);
    let checked = folder
        .run(&["store", "check", "--store", "sqlite:copy.db"])
        .ends(1);
    assert!(
        checked.stdout.contains("audit log, entry 1"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_bot_without_versions_says_what_makes_some() {
    let folder = Folder::new();
    folder.write("bots/sum.yml", BOT);
    let none = folder.run(&["bot", "history", "sum", "--json"]).ends(2);
    assert!(none.stdout.contains("BS-EVAL-004"), "{}", none.stdout);
    // What stands in the file is the first version.
    folder.run(&["bot", "pin", "sum"]).ends(0);
    let history = folder.run(&["bot", "history", "sum"]).ends(0).stdout;
    assert!(history.contains("pinned to 1.0.0"), "{history}");
    folder.write("bots/other.yml", BOT);
    let empty = folder.run(&["bot", "history", "other"]).ends(0);
    assert!(empty.stdout.contains("no versions yet"), "{}", empty.stdout);
    let missing = folder.run(&["bot", "rollback", "summ"]).ends(2);
    assert!(
        missing.stderr.contains("did you mean `sum`?"),
        "{}",
        missing.stderr
    );
}
