//! `botsmith hone`: from what people said to a version that waits for a yes, with the real command, a bot of
//! provider `script`, and no network.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;
#[path = "bots/server.rs"]
mod server;

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use botsmith::core::audit::Audit;
use botsmith::core::store;
use botsmith::eval::hone::{Split, Use};
use common::{Draw, Folder};
use serde_json::{Value, json};
use server::{Server, question, says};

const BOT: &str = "\
meta: {name: Prices, version: 1.0.0}   # the price bot
provider:
  id: script
  settings:
    answers:
      - when: /price of (\\d+)/
        say: \"{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}\"
    otherwise: I do not know.
";

const SUITE: &str = "\
version: 1
name: prices
dataset: cases.jsonl
bots: [{name: prices, cartridge: bots/prices.yml}]
evaluators: [equals]
hone: {metric: equals}
";

/// A project with so many cases.
fn project(cases: usize) -> Folder {
    let folder = Folder::with_suite(SUITE);
    folder.write("bots/prices.yml", BOT);
    let mut rows = String::new();
    for i in 0..cases {
        let row = json!({"id": format!("case-{i}"), "input": format!("The price of {i}?"), "reference": format!("{i} EUR")});
        let _ = writeln!(rows, "{row}");
    }
    folder.write("cases.jsonl", rows);
    folder
}

/// Has the bot judged, and corrections of so many train cases imported.
fn corrected(folder: &Folder, cases: usize, corrections: usize) {
    folder.run(&["eval", "suite.yaml", "--quiet"]).ends(0);
    let split = Split::default();
    let train = (0..cases).filter(|i| split.of_key(&format!("case-{i}")) == Use::Train);
    let mut lines = String::new();
    for i in train.take(corrections) {
        let record = json!({
            "case": format!("case-{i}"), "bot": "prices", "rater": "ana", "question": "verdict",
            "value": "down", "correction": format!("{i} EUR"),
        });
        let _ = writeln!(lines, "{record}");
    }
    folder.write("said.jsonl", lines);
    folder.run(&["feedback", "import", "said.jsonl"]).ends(0);
}

fn hone(folder: &Folder, more: &[&str], code: i32) -> Value {
    let args = ["hone", "prices", "--suite", "suite.yaml", "--json"];
    folder.run(&[&args, more].concat()).ends(code).json()
}

#[test]
fn corrections_become_examples_pass_the_gate_and_are_promoted_by_a_person() {
    let folder = project(120);
    corrected(&folder, 120, 5);
    let story = hone(&folder, &["--yes"], 0);
    assert_eq!(story["end"], "ready", "{story}");
    assert_eq!(story["gate"]["decision"], "passed");
    assert_eq!(story["tried"][0]["proposer"], "examples");
    assert_eq!(story["tried"][0]["difference"], 1.0);
    assert_eq!(
        folder.read("bots/prices.yml"),
        BOT,
        "nothing changes before a yes"
    );
    let regressions = folder.read("suite.regressions.jsonl");
    assert_eq!(
        regressions.lines().count() as u64,
        story["cases"]["train"].as_u64().unwrap()
    );

    let next: Vec<&str> = story["next"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    let promote: Vec<&str> = next[1].split(' ').skip(1).chain(["--yes"]).collect();
    assert_eq!(promote[..3], ["bot", "promote", "bots/prices.yml"]);
    folder.run(&promote).ends(0);
    let text = folder.read("bots/prices.yml");
    assert!(
        text.starts_with("meta: {name: Prices, version: 1.0.1}   # the price bot\n"),
        "{text}"
    );
    assert!(text.contains("examples:"), "{text}");
    let history = folder.run(&["bot", "history", "bots/prices.yml"]).ends(0);
    assert!(history.stdout.contains("1.0.1"), "{}", history.stdout);
    folder.run(&["store", "audit", "verify"]).ends(0);
}

#[test]
fn the_story_is_told_in_words_and_a_second_time_nobody_is_asked() {
    let folder = project(120);
    corrected(&folder, 120, 5);
    let args = ["hone", "bots/prices.yml", "--suite", "suite.yaml", "--yes"];
    let ran = folder.run(&args).ends(0);
    for words in ["cases teach", "a true gain of"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    for words in [
        "dev (selected)",
        "the gate: examples-",
        "expect less",
        "next: botsmith bot promote",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let story = hone(&folder, &["--yes"], 0);
    assert_eq!(
        (&story["spent"]["asked"], &story["gate"]["look"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn nothing_is_asked_before_a_yes() {
    let folder = project(120);
    let story = hone(&folder, &["--dry-run"], 0);
    assert_eq!(
        (&story["end"], &story["spent"]["answers"]),
        (&json!("planned"), &json!(0))
    );
    assert!(
        story["outlook"]["detectable"].as_f64().unwrap() < 0.3,
        "{story}"
    );
    let error = hone(&folder, &[], 2);
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("--yes"),
        "{error}"
    );
    let runs = folder.run(&["eval", "list", "--json"]).ends(0).json();
    assert_eq!(runs["runs"], json!([]));
}

#[test]
fn too_small_a_gate_is_refused_and_so_is_a_bot_that_nothing_helps() {
    let story = hone(&project(20), &["--yes"], 1);
    assert_eq!(story["end"], "refused");
    assert!(
        story["reasons"][0]
            .as_str()
            .unwrap()
            .contains("fresh cases"),
        "{story}"
    );

    let folder = project(120);
    folder.write("bots/prices.yml", BOT.replace("EUR", "dollars"));
    corrected(&folder, 120, 5);
    let story = hone(&folder, &["--yes", "--proposers", "examples"], 1);
    assert!(
        story["reasons"][0].as_str().unwrap().contains("no look"),
        "{story}"
    );
    assert_eq!(
        (&story["gate"], &story["regressions"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn what_cannot_be_honed_is_told_by_name() {
    let folder = project(60);
    let error = |args: &[&str]| {
        let ran = folder
            .run(&[&["hone"], args, &["--json", "--yes"]].concat())
            .ends(2);
        ran.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let text = error(&["price", "--suite", "suite.yaml"]);
    assert!(
        text.contains("no bot `price`; did you mean `prices`?"),
        "{text}"
    );
    let text = error(&["prices", "--suite", "suit.yaml"]);
    assert!(text.contains("no such suite file"), "{text}");
    let text = error(&["prices", "--suite", "suite.yaml", "--metric", "equal"]);
    assert!(text.contains("did you mean `equals`?"), "{text}");
    let text = error(&[
        "prices",
        "--suite",
        "suite.yaml",
        "--proposers",
        "instructions",
    ]);
    assert!(text.contains("--optimiser"), "{text}");
    let text = error(&["prices", "--suite", "suite.yaml", "--margin", "0.5"]);
    assert!(text.contains("margin is 0.5"), "{text}");
    folder.write(
        "suite.yaml",
        SUITE.replace("metric: equals", "metrics: equals"),
    );
    let text = error(&["prices", "--suite", "suite.yaml"]);
    assert!(text.contains("metrics"), "{text}");
}

#[test]
fn what_was_tried_can_be_judged_again_though_the_suite_has_several_bots_and_a_gate() {
    let folder = project(120);
    let more = "bots:
  - {name: words, recorded: {answer: /words}}
  - {name: prices, cartridge: bots/prices.yml}
gate: [{metric: equals, bot: words, pass-rate: {min: 0.9}}]
";
    let bots = "bots: [{name: prices, cartridge: bots/prices.yml}]\n";
    folder.write("suite.yaml", SUITE.replace(bots, more));
    let mut rows = String::new();
    for i in 0..120 {
        let row = json!({
            "id": format!("case-{i}"), "input": format!("The price of {i}?"), "reference": format!("{i} EUR"),
            "words": format!("{i} EUR"),
        });
        let _ = writeln!(rows, "{row}");
    }
    folder.write("cases.jsonl", rows);
    corrected(&folder, 120, 5);
    assert_eq!(hone(&folder, &["--yes"], 0)["end"], "ready");

    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    let ids: Vec<&str> = list["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].as_str().unwrap())
        .collect();
    let (mut single, mut rates) = (0, Vec::new());
    for id in &ids {
        let before = folder.run(&["eval", "show", id, "--json"]).ends(0).json();
        let again = folder.run(&["eval", "rerun", id, "--json"]).ends(0).json();
        assert_eq!(again["bots"], before["bots"], "{id}");
        let bots = again["bots"].as_array().unwrap();
        if bots.len() == 1 {
            single += 1;
            assert_eq!(bots[0]["name"], "prices");
            assert_eq!(
                again["gate"]["rules"],
                json!([]),
                "no gate decides over a trial"
            );
            rates.push(bots[0]["scores"]["equals"]["pass_rate"].as_f64().unwrap());
        }
    }
    assert_eq!(single, ids.len() - 1, "all but the run of the suite");
    // The answers are those of the variants, not of the bot in the file.
    assert!(rates.contains(&0.0) && rates.contains(&1.0), "{rates:?}");
}

/// What a honing leaves in its folder: versions, moves, audit log, regression cases, runs.
fn left(folder: &Folder) -> Value {
    let history = folder.run(&["bot", "history", "bots/prices.yml", "--json"]);
    let history = history.ends(0).json();
    let hashes = |list: &Value| -> Vec<Value> {
        let list = list.as_array().unwrap();
        list.iter().map(|version| version["hash"].clone()).collect()
    };
    let store = format!("sqlite:{}", folder.at(".botsmith/state.db").display());
    let store = store::open(&store).unwrap();
    let audit: Vec<String> = Audit::new(&*store)
        .entries(0, 1_000)
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry.event.action, entry.event.subject))
        .collect();
    let runs = folder.run(&["eval", "list", "--json"]).ends(0).json();
    json!({
        "versions": hashes(&history["versions"]), "moves": history["history"].as_array().unwrap().len(),
        "audit": audit, "regressions": folder.read("suite.regressions.jsonl"),
        "runs": runs["runs"].as_array().unwrap().len(),
    })
}

#[test]
fn killed_anywhere_and_begun_again_it_ends_as_if_nothing_had_happened_and_does_nothing_twice() {
    // It learns the currency from the examples that it is shown.
    let server = Server::serving(Duration::from_millis(1), |request, _| {
        let asked = question(request);
        let number: String = asked.chars().filter(char::is_ascii_digit).collect();
        let shown = request["messages"].as_array().unwrap().len() > 2;
        says(&format!(
            "{number} {}",
            if shown { "EUR" } else { "dollars" }
        ))
    });
    let bot = format!(
        "meta: {{name: Prices, version: 1.0.0}}
provider:
  id: openai
  credentials: {{address: '{}', access-token: none}}
  settings: {{model: tiny, stream: false}}
",
        server.address
    );
    let prepared = || {
        let folder = project(120);
        folder.write("bots/prices.yml", &bot);
        let one = "cartridge: bots/prices.yml, concurrency: 1";
        folder.write(
            "suite.yaml",
            SUITE.replace("cartridge: bots/prices.yml", one),
        );
        corrected(&folder, 120, 5);
        folder
    };
    let args = ["hone", "prices", "--suite", "suite.yaml", "--json", "--yes"];
    let begun = |folder: &Folder| -> Command {
        let mut command = folder.command(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };

    let undisturbed = prepared();
    let (before, started) = (server.asked(), Instant::now());
    let wanted = undisturbed.run(&args).ends(0).json();
    let (asked, whole) = (server.asked() - before, started.elapsed());
    assert_eq!(wanted["end"], "ready", "{wanted}");
    assert!(asked > 150, "{asked}");

    let folder = prepared();
    let (before, mut draw, mut kills) = (server.asked(), Draw::new(9), 0);
    let story = loop {
        let mut child = begun(&folder).spawn().unwrap();
        if kills < 15 {
            std::thread::sleep(whole.mul_f64(draw.below(1000) as f64 / 1000.0 * 0.15));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
                kills += usize::from(output.status.code().is_none());
                continue;
            }
        }
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{error}");
        break serde_json::from_slice::<Value>(&output.stdout).unwrap();
    };
    assert!(kills > 3, "{kills}");
    let asked_now = server.asked() - before;
    assert!(
        (asked..=asked + kills).contains(&asked_now),
        "{asked_now} answers, {asked} undisturbed, {kills} kills: only what was on its way is asked for again"
    );
    let alike = |story: &Value| {
        let mut story = story.clone();
        // What was there already was not asked for, and not added, by the last of them.
        story["spent"]["asked"].take();
        story["regressions"]["added"].take();
        // One that is begun again behind its look foretells the next one. The look itself, in `gate`, is one.
        story["outlook"].take();
        // How long a server took is never the same twice.
        story["gate"]["guards"].take();
        story
    };
    assert_eq!(alike(&story), alike(&wanted));
    assert_eq!(left(&folder), left(&undisturbed));
}
