//! The store of runs: damaged, full, read-only, shared by processes, looked at, moved, cleaned.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

mod common;

use std::fmt::Write as _;
use std::process::Stdio;

use common::{Draw, Folder, Ran, keys, timeless};
use serde_json::{Value, json};

const SUITE: &str = "version: 1
name: NAME
dataset: {path: data.jsonl, id: /id}
bots:
  - {name: a, recorded: {answer: /a}}
  - {name: b, recorded: {answer: /b}}
evaluators: [equals, token-f1]
";

/// Rows of which each takes about `weight` bytes in the store, whatever packs them.
fn rows(n: usize, weight: usize) -> String {
    let mut draw = Draw::new(5);
    let mut lines = String::new();
    for i in 0..n {
        let noise: String = (0..weight)
            .map(|_| (b'!' + draw.below(90) as u8) as char)
            .collect();
        let said = |right: bool| if right { "yes it is" } else { "no" };
        let row = json!({
            "id": format!("case-{i:05}"), "input": noise, "reference": "yes it is",
            "a": said(i % 3 != 0), "b": said(i % 4 != 0),
        });
        let _ = writeln!(lines, "{row}");
    }
    lines
}

fn folder(n: usize, weight: usize) -> Folder {
    let folder = Folder::with_suite(&SUITE.replace("NAME", "store"));
    folder.write("data.jsonl", rows(n, weight));
    folder
}

fn root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

/// A shell that may mount; `None` where this system does not allow it.
fn unshared(folder: &Folder, script: &str) -> Option<Ran> {
    for flags in ["-m", "-Urm"] {
        let allowed = folder
            .shell(&format!(
                "mkdir -p probe && unshare {flags} mount -t tmpfs none probe"
            ))
            .output();
        if allowed.is_ok_and(|output| output.status.success()) {
            let mut command = folder.shell(&format!("exec unshare {flags} sh -eu script.sh"));
            folder.write("script.sh", script);
            return Some(command.output().unwrap().into());
        }
    }
    println!("skipped: this system lets no test mount a file system (unshare, mount)");
    None
}

#[test]
fn a_full_disk_is_an_error_that_the_same_command_mends() {
    // Some 3 MiB of text that does not pack well, on a disk of 2 MiB that then grows.
    let folder = folder(3000, 1000);
    let script = "
        mkdir disk
        mount -t tmpfs -o size=2m none disk
        set +e
        \"$BOTSMITH\" eval suite.yaml --json --store sqlite:disk/state.db > full.json 2> full.txt
        echo $? > full.code
        \"$BOTSMITH\" eval list --json --store sqlite:disk/state.db > list.json
        set -e
        mount -o remount,size=64m disk
        \"$BOTSMITH\" eval suite.yaml --json --jsonl mended.jsonl --store sqlite:disk/state.db > mended.json
    ";
    let Some(ran) = unshared(&folder, script) else {
        return;
    };
    ran.ends(0);
    assert_eq!(folder.read("full.code"), "2\n");
    let said = folder.read("full.txt");
    assert!(
        said.starts_with("error[BS-CORE-012]: store `sqlite:"),
        "{said}"
    );
    assert!(said.contains("disk/state.db` is full: "), "{said}");
    assert!(
        said.contains("free some space and run the same command again"),
        "{said}"
    );
    let error: Value = serde_json::from_str(&folder.read("full.json")).unwrap();
    assert_eq!(error["error"]["code"], "BS-CORE-012");
    let mended: Value = serde_json::from_str(&folder.read("mended.json")).unwrap();
    let whole = folder
        .run(&["eval", "suite.yaml", "--json", "--jsonl", "whole.jsonl"])
        .ends(0)
        .json();
    assert_eq!(timeless(mended), timeless(whole));
    assert!(folder.read("mended.jsonl") == folder.read("whole.jsonl"));
}

#[test]
fn a_read_only_disk_is_an_error_and_can_still_be_read() {
    let folder = folder(10, 10);
    folder.report();
    let script = "
        mount --bind . .
        cd \"$PWD\"
        mount -o remount,bind,ro .
        set +e
        \"$BOTSMITH\" eval suite.yaml --seed 9 2> /dev/shm/botsmith-ro-$$.txt
        code=$?
        cat /dev/shm/botsmith-ro-$$.txt >&2
        rm /dev/shm/botsmith-ro-$$.txt
        \"$BOTSMITH\" eval show --json
        echo $? >&2
        exit $code
    ";
    let Some(ran) = unshared(&folder, script) else {
        return;
    };
    let ran = ran.ends(2);
    assert!(ran.stderr.contains("is read-only"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--store"), "{}", ran.stderr);
    assert_eq!(ran.json()["suite"], "store", "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    if root() {
        println!("skipped: root may write everywhere; the read-only disk above stands for it");
        return;
    }
    let folder = folder(10, 10);
    folder.write("locked/none", "");
    let allow = |mode| {
        std::fs::set_permissions(folder.at("locked"), std::fs::Permissions::from_mode(mode))
            .unwrap();
    };
    allow(0o555);
    let ran = folder
        .run(&["eval", "suite.yaml", "--store", "sqlite:locked/state.db"])
        .ends(2);
    allow(0o755);
    assert!(ran.stderr.contains("locked"), "{}", ran.stderr);
}

#[test]
fn a_store_that_is_none_is_an_error_and_stays_as_it_was() {
    let folder = folder(10, 10);
    let garbage = "not a database, though it is long enough to be one\n".repeat(200);
    folder.write(".botsmith/state.db", &garbage);
    for args in [
        &["eval", "suite.yaml"][..],
        &["eval", "list"],
        &["eval", "show"],
        &["eval", "gc"],
    ] {
        let ran = folder.run(args).ends(2);
        assert!(
            ran.stderr.starts_with("error[BS-CORE-014]:"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("damaged or no Botsmith store"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(folder.read(".botsmith/state.db"), garbage);
    let ran = folder
        .run(&["eval", "suite.yaml", "--store", "sqlite:."])
        .ends(2);
    assert!(
        ran.stderr.contains("it is a folder; name the file in it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn looking_at_a_store_that_is_not_there_makes_none() {
    let folder = folder(1, 1);
    assert_eq!(
        folder.run(&["eval", "list", "--json"]).ends(0).json(),
        json!({"runs": []})
    );
    let ran = folder.run(&["eval", "show"]).ends(2);
    assert!(
        ran.stderr.contains("`botsmith eval SUITE` makes one"),
        "{}",
        ran.stderr
    );
    assert!(!folder.at(".botsmith").exists());
}

#[test]
fn memory_keeps_nothing() {
    let folder = folder(10, 10);
    folder.judge();
    assert!(!folder.at(".botsmith").exists());
    let ran = folder
        .run(&["eval", "suite.yaml", "--store", "memory:"])
        .ends(0);
    assert!(
        !ran.stdout.contains("eval show"),
        "there is nothing to show: {}",
        ran.stdout
    );
    folder.run(&["eval", "show", "--store", "memory:"]).ends(2);
}

#[test]
fn two_processes_on_one_run_make_it_once() {
    let folder = folder(1500, 20);
    let whole = timeless(folder.judge());
    for round in 0..20 {
        let store = format!("sqlite:round-{round}.db");
        let args = [
            "eval",
            "suite.yaml",
            "--json",
            "--threads",
            "1",
            "--store",
            &store,
        ];
        let start = || {
            let mut command = folder.command(&args);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let both = [start(), start()];
        for child in both {
            let ran = Ran::from(child.wait_with_output().unwrap()).ends(0);
            assert_eq!(timeless(ran.json()), whole, "round {round}");
        }
        folder
            .run(&["eval", "show", "--jsonl", "cases.jsonl", "--store", &store])
            .ends(0);
        let cases = folder.read("cases.jsonl");
        let ids: Vec<_> = cases
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["id"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let wanted: Vec<_> = (0..1500).map(|i| format!("case-{i:05}")).collect();
        assert!(
            ids == wanted,
            "round {round}: the log does not hold each case once"
        );
    }
}

#[test]
fn two_suites_share_a_store_at_once() {
    let folder = folder(1000, 20);
    folder.write(
        "other.yaml",
        SUITE.replace("NAME", "other").replace("equals, ", ""),
    );
    let start = |suite: &str| {
        let mut command = folder.command(&["eval", suite, "--json"]);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start("suite.yaml"), start("other.yaml")];
    let reports = both.map(|child| Ran::from(child.wait_with_output().unwrap()).ends(0).json());
    assert_eq!(timeless(reports[0].clone()), timeless(folder.judge()));
    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    let mut names: Vec<_> = list["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["suite"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["other", "store"]);
}

#[test]
fn list_and_show_find_runs_by_their_first_digits() {
    let folder = folder(12, 4);
    let first = folder.report();
    let second = folder
        .run(&["eval", "suite.yaml", "--json", "--seed", "1"])
        .ends(0)
        .json();
    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 2);
    assert_eq!(
        keys(&list["runs"][0]),
        [
            "id",
            "suite",
            "started_ms",
            "complete",
            "passed",
            "cases",
            "run"
        ]
    );
    let id = first["run"].as_str().unwrap();
    for name in [id, &id[..12], &id[..8]] {
        assert_eq!(
            folder.run(&["eval", "show", name, "--json"]).ends(0).json(),
            first
        );
    }
    assert_eq!(
        folder
            .run(&["eval", "show", "latest", "--json"])
            .ends(0)
            .json(),
        second
    );
    let ran = folder.run(&["eval", "show", "zzz"]).ends(2);
    assert_eq!(
        ran.stderr,
        "error[BS-EVAL-004]: no run `zzz`; 2 runs are there: see `botsmith eval list`\n"
    );
    let text = folder.run(&["eval", "list"]).ends(0).stdout;
    assert!(text.contains(&id[..12]), "{text}");
}

#[test]
fn a_beginning_that_several_runs_share_is_too_short() {
    let folder = folder(3, 4);
    let mut first = std::collections::HashSet::new();
    // Seventeen runs share a first digit among sixteen.
    let twice = (0..17).find_map(|seed| {
        let report = folder
            .run(&["eval", "suite.yaml", "--json", "--seed", &seed.to_string()])
            .ends(0)
            .json();
        let digit = report["run"].as_str().unwrap()[..1].to_owned();
        (!first.insert(digit.clone())).then_some(digit)
    });
    let ran = folder.run(&["eval", "show", &twice.unwrap()]).ends(2);
    assert!(
        ran.stderr.contains("2 runs begin so: give more digits"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_case_is_explained_by_the_beginning_of_its_id() {
    let folder = folder(12, 4);
    folder.report();
    let case = folder
        .run(&["eval", "show", "--case", "case-00003", "--json"])
        .ends(0)
        .json();
    assert_eq!(case["id"], "case-00003");
    assert_eq!(case["answers"][0]["scores"]["equals"]["passed"], false);
    let text = folder
        .run(&["eval", "show", "--case", "case-00003"])
        .ends(0)
        .stdout;
    assert!(
        text.contains("✗ equals") && text.contains("line 4 of data.jsonl"),
        "{text}"
    );
    folder.run(&["eval", "show", "--case", "case-0000"]).ends(2);
    let ran = folder.run(&["eval", "show", "--case", "case-0001"]).ends(2);
    assert!(
        ran.stderr.contains("several cases begin so"),
        "{}",
        ran.stderr
    );
    let ran = folder
        .run(&["eval", "show", "--case", "csae-00003"])
        .ends(2);
    assert!(
        ran.stderr.contains("did you mean `case-00003`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn failures_are_listed_with_their_reasons() {
    let folder = folder(12, 4);
    folder.report();
    let found = folder
        .run(&["eval", "show", "--failures", "--json"])
        .ends(0)
        .json();
    let failures = found["failures"].as_array().unwrap();
    // 4 of `a` and 3 of `b` differ from their reference; token-f1 decides nothing.
    assert_eq!(failures.len(), 7);
    assert_eq!(
        keys(&failures[0]),
        ["case", "bot", "repeat", "metric", "why"]
    );
    let text = folder.run(&["eval", "show", "--failures"]).ends(0).stdout;
    assert_eq!(text.matches("equals").count(), 7, "{text}");
}

#[test]
fn compare_reads_one_run_or_two() {
    let folder = folder(40, 4);
    let before = folder.report();
    let one = folder.run(&["eval", "compare", "--json"]).ends(0).json();
    assert_eq!(keys(&one), ["run", "bots", "comparisons", "correction"]);
    assert_eq!(one["correction"], "holm");
    assert_eq!(one["comparisons"], before["comparisons"]);
    // Bot `a` learns: four of its wrong answers are right now.
    let mut n = 0;
    let better: String = folder
        .read("data.jsonl")
        .lines()
        .map(|line| {
            let fix = line.contains("\"a\":\"no\"") && n < 4;
            n += usize::from(fix);
            if fix {
                line.replace("\"a\":\"no\"", "\"a\":\"yes it is\"") + "\n"
            } else {
                line.to_owned() + "\n"
            }
        })
        .collect();
    folder.write("data.jsonl", better);
    let after = folder.report();
    let (a, b) = (
        before["run"].as_str().unwrap(),
        after["run"].as_str().unwrap(),
    );
    let two = folder
        .run(&["eval", "compare", a, b, "--json"])
        .ends(0)
        .json();
    assert_eq!(
        keys(&two),
        [
            "a",
            "b",
            "shared",
            "only_a",
            "only_b",
            "comparisons",
            "flips",
            "correction"
        ]
    );
    assert_eq!((&two["shared"], &two["only_a"]), (&json!(40), &json!(0)));
    let args = ["eval", "compare", a, b, "--correction", "bh"];
    let bh = folder
        .run(&[&args[..], &["--json"]].concat())
        .ends(0)
        .json();
    assert_eq!(bh["correction"], "benjamini-hochberg");
    let p = |found: &Value, key: &str| found[key].as_f64().unwrap();
    for (holm, bh) in two["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .zip(bh["comparisons"].as_array().unwrap())
    {
        assert_eq!(p(holm, "p"), p(bh, "p"));
        assert!(p(bh, "p") <= p(bh, "p_adjusted") && p(bh, "p_adjusted") <= p(holm, "p_adjusted"));
    }
    let shown = folder.run(&args).ends(0).stdout;
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("corrected by Benjamini and Hochberg's rule"),
        "{shown}"
    );
    let flips = two["flips"].as_array().unwrap();
    assert_eq!(flips.len(), 4);
    assert!(
        flips
            .iter()
            .all(|f| f["bot"] == "a" && f["metric"] == "equals" && f["now"] == true)
    );
    let found = &two["comparisons"][0];
    assert_eq!(found["a"], format!("a@{}", &a[..8]));
    assert!((found["difference"].as_f64().unwrap() - 0.1).abs() < 1e-9);
    let text = folder.run(&["eval", "compare", a, b]).ends(0).stdout;
    assert!(text.contains("case-"), "{text}");
}

#[test]
fn a_run_moves_to_another_store_as_it_is() {
    let folder = folder(600, 200);
    let report = folder
        .run(&["eval", "suite.yaml", "--json", "--jsonl", "a.jsonl"])
        .ends(0)
        .json();
    let id = report["run"].as_str().unwrap();
    let ran = folder
        .run(&["eval", "export", "latest", "run.bsr", "--json"])
        .ends(0);
    assert_eq!(ran.json()["run"], id);
    let other = ["--store", "sqlite:other.db"];
    let there = |args: &[&str]| folder.run(&[args, &other].concat());
    for _ in 0..2 {
        assert_eq!(
            there(&["eval", "import", "run.bsr", "--json"])
                .ends(0)
                .json()["run"],
            id
        );
    }
    let shown = there(&["eval", "show", "--json", "--jsonl", "b.jsonl"])
        .ends(0)
        .json();
    assert_eq!(shown, report);
    assert!(folder.read("a.jsonl") == folder.read("b.jsonl"));
    there(&["eval", "export", "latest", "again.bsr"]).ends(0);
    let bytes = |name: &str| std::fs::read(folder.at(name)).unwrap();
    assert!(bytes("run.bsr") == bytes("again.bsr"));
}

#[test]
fn a_damaged_export_is_refused_and_leaves_nothing_to_see() {
    let folder = folder(300, 50);
    folder.report();
    folder.run(&["eval", "export", "latest", "run.bsr"]).ends(0);
    let whole = std::fs::read(folder.at("run.bsr")).unwrap();
    let import = |bytes: &[u8]| {
        folder.write("bad.bsr", bytes);
        let ran = folder
            .run(&["eval", "import", "bad.bsr", "--store", "sqlite:other.db"])
            .ends(2);
        assert!(
            ran.stderr.contains("--> bad.bsr") || ran.stderr.contains("bad.bsr"),
            "{}",
            ran.stderr
        );
        ran.stderr
    };
    assert!(import(b"hello").contains("not a run that `botsmith eval export` wrote"));
    for part in 1..8 {
        assert!(import(&whole[..whole.len() * part / 8]).contains("cut short"));
    }
    let mut draw = Draw::new(3);
    for _ in 0..20 {
        let mut bytes = whole.clone();
        let at = draw.below(whole.len() as u64) as usize;
        bytes[at] ^= 1 << draw.below(8);
        import(&bytes);
    }
    let list = folder
        .run(&["eval", "list", "--json", "--store", "sqlite:other.db"])
        .ends(0)
        .json();
    assert_eq!(list, json!({"runs": []}));
    folder
        .run(&["eval", "import", "run.bsr", "--store", "sqlite:other.db"])
        .ends(0);
}

#[test]
fn rerun_judges_stored_answers_again_without_the_data() {
    let folder = folder(50, 4);
    let report = folder.report();
    std::fs::remove_file(folder.at("data.jsonl")).unwrap();
    let again = folder
        .run(&["eval", "rerun", "latest", "--json"])
        .ends(0)
        .json();
    assert_ne!(again["run"], report["run"]);
    for key in ["bots", "comparisons", "slices", "metrics", "gate"] {
        assert_eq!(again[key], report[key], "{key}");
    }
    let third = folder.run(&["eval", "rerun", "--json"]).ends(0).json();
    assert_ne!(third["run"], again["run"]);
    assert_eq!(
        folder.run(&["eval", "list", "--json"]).json()["runs"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn gc_keeps_the_newest_and_the_dry_run_removes_nothing() {
    let folder = folder(300, 1000);
    let mut newest = String::new();
    for seed in ["1", "2", "3"] {
        let args = ["eval", "suite.yaml", "--json", "--seed", seed];
        newest = folder.run(&args).ends(0).json()["run"]
            .as_str()
            .unwrap()
            .to_owned();
    }
    let count = || {
        folder.run(&["eval", "list", "--json"]).json()["runs"]
            .as_array()
            .unwrap()
            .len()
    };
    let dry = folder
        .run(&["eval", "gc", "--keep", "1", "--dry-run", "--json"])
        .ends(0)
        .json();
    assert_eq!((&dry["runs"], &dry["dry_run"]), (&json!(2), &json!(true)));
    assert_eq!(count(), 3);
    let gone = folder.run(&["eval", "gc", "--json"]).ends(0).json();
    assert_eq!(gone["runs"], 0, "complete runs stay unless --keep says so");
    let gone = folder
        .run(&["eval", "gc", "--keep", "1", "--json"])
        .ends(0)
        .json();
    assert_eq!((&gone["runs"], count()), (&json!(2), 1));
    assert_eq!(
        folder.run(&["eval", "show", "--json"]).ends(0).json()["run"],
        newest
    );
    let ran = folder.run(&["eval", "gc", "--keep", "0"]).ends(2);
    assert!(
        ran.stderr.contains("--keep 0 would remove every run"),
        "{}",
        ran.stderr
    );
}

#[test]
fn gc_says_why_a_run_that_was_just_begun_stays() {
    use botsmith::eval::run::{RunOptions, Runner};
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = folder(2_000, 100);
    let suite = botsmith::eval::suite::Suite::load(folder.at("suite.yaml")).unwrap();
    std::fs::create_dir_all(folder.at(".botsmith")).unwrap();
    let url = format!("sqlite:{}", folder.at(".botsmith/state.db").display());
    let store = botsmith::core::store::open(&url).unwrap();
    let stop = AtomicBool::new(false);
    let progress = |_| stop.store(true, Ordering::Relaxed);
    let mut options = RunOptions::default();
    options.progress = Some(&progress);
    options.cancel = Some(&stop);
    Runner::new(&*store).with(options).run(&suite).unwrap_err();
    drop(store);

    let json = folder.run(&["eval", "gc", "--json"]).ends(0).json();
    assert_eq!((&json["runs"], &json["young"]), (&json!(0), &json!(1)));
    let said = folder.run(&["eval", "gc"]).ends(0).stdout;
    assert!(
        said.contains("1 unfinished run is younger than an hour and stays"),
        "{said}"
    );
    let help = folder.run(&["eval", "--help"]).ends(0).stdout;
    assert!(help.contains("more than an hour ago"), "{help}");
}

#[test]
fn what_to_do_next_names_the_run_also_where_a_later_one_is_there() {
    let folder = folder(30, 10);
    let first = folder.run(&["eval", "suite.yaml", "--json"]).ends(0).json();
    folder.run(&["eval", "suite.yaml", "--seed", "9"]).ends(0);
    let again = folder.run(&["eval", "suite.yaml"]).ends(0).stdout;
    let short = &first["run"].as_str().unwrap()[..12];
    assert!(again.contains("judged before"), "{again}");
    assert!(
        again.contains(&format!("next: botsmith eval show {short} --failures")),
        "{again}"
    );
}
