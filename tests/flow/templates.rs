//! `botsmith init --template NAME`: each template runs as it is, offline, by the command that it names.

use serde_json::Value;

use crate::common::Folder;
use crate::{show, step};

fn made(template: &str) -> (Folder, Value) {
    let folder = Folder::new();
    let ran = folder
        .run(&["init", "--template", template, "--json"])
        .ends(0);
    folder.run(&["flow", "validate", "workflow.yaml"]).ends(0);
    let schema: Value = serde_json::from_str(&folder.read("workflow.schema.json")).unwrap();
    let source = botsmith::core::yaml::Source::new("workflow.yaml", folder.read("workflow.yaml"));
    let workflow = botsmith::core::yaml::parse(&source).unwrap().to_json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(
        validator.is_valid(&workflow),
        "{template}: the editor's schema takes it"
    );
    (folder, ran.json())
}

const STORE: &str = "sqlite:.botsmith/state.db";

#[test]
fn evaluate_and_report_writes_its_report() {
    let (folder, _) = made("evaluate-and-report");
    let run = folder
        .run(&["flow", "run", "workflow.yaml", "--json"])
        .ends(0)
        .json();
    assert_eq!(step(&run, "gate")["output"]["passed"], true);
    assert!(folder.read("report.html").contains("states-the-fact"));
    assert!(folder.read("report.md").contains("states-the-fact"));
}

#[test]
fn a_regression_waits_for_a_person_and_is_released_with_its_evidence() {
    let (folder, _) = made("chatbot-regression");
    let ran = folder
        .run(&["flow", "run", "workflow.yaml", "--id", "release-1"])
        .ends(3);
    assert!(
        ran.stdout.contains("support passed its gate"),
        "{}",
        ran.stdout
    );
    assert!(!folder.at("released.md").exists());
    folder
        .run(&["flow", "approve", "release-1", "--by", "lead"])
        .ends(0);
    folder.run(&["flow", "worker", "--until-idle"]).ends(0);
    assert_eq!(show(&folder, "release-1", STORE)["status"], "done");
    assert!(folder.read("released.md").contains("states-the-fact"));
}

#[test]
fn a_regression_whose_gate_fails_asks_nobody() {
    let (folder, _) = made("chatbot-regression");
    let bot = folder.read("bots/support.yml");
    folder.write(
        "bots/support.yml",
        bot.replace("24 months", "a while")
            .replace("30 days", "a while"),
    );
    let run = folder
        .run(&["flow", "run", "workflow.yaml", "--json"])
        .ends(1)
        .json();
    assert_eq!(step(&run, "gate")["error"]["class"], "gate");
    assert_eq!(step(&run, "approve")["status"], "skipped");
}

#[test]
fn a_folder_is_summed_up_text_by_text_and_in_all() {
    let (folder, _) = made("summarise-folder");
    let args = [
        "flow",
        "run",
        "workflow.yaml",
        "--input",
        "folder=texts",
        "--json",
    ];
    let run = folder.run(&args).ends(0).json();
    let each = step(&run, "each")["output"].as_array().unwrap().clone();
    assert_eq!(each.len(), 2);
    assert!(each[0].as_str().unwrap().contains("rain tank"), "{each:?}");
    assert!(
        step(&run, "all")["output"]
            .as_str()
            .unwrap()
            .contains("Two texts"),
        "{run}"
    );
    assert_eq!(step(&run, "each#1")["name"], "each");
}

#[test]
fn a_folder_is_analysed_and_its_phrases_summed_up() {
    let (folder, _) = made("text-analysis");
    let args = [
        "flow",
        "run",
        "workflow.yaml",
        "--input",
        "folder=texts",
        "--json",
    ];
    let run = folder.run(&args).ends(0).json();
    let phrases = &step(&run, "phrases")["output"];
    assert!(
        phrases[0][0]["text"].is_string() && phrases[1].as_array().unwrap().len() == 5,
        "{phrases}"
    );
    assert_eq!(step(&run, "tag#0")["status"], "done");
    assert!(step(&run, "sum")["output"].is_string());
}

#[test]
fn a_nightly_run_is_kept_by_a_schedule_and_tells_when_its_gate_fails() {
    let (folder, made) = made("nightly");
    let next = made["next"][0].as_str().unwrap();
    folder
        .shell(&next.replacen("botsmith", "\"$BOTSMITH\"", 1))
        .status()
        .unwrap();
    let list = folder
        .run(&["flow", "schedule", "list", "--json"])
        .ends(0)
        .json();
    assert_eq!(list["schedules"][0]["zone"], "Europe/Berlin");
    let run = folder
        .run(&["flow", "run", "workflow.yaml", "--json"])
        .ends(0)
        .json();
    assert_eq!(step(&run, "alert")["status"], "skipped");
    folder.write(
        "suite.yaml",
        folder.read("suite.yaml").replace("min: 0.8", "min: 0.999"),
    );
    folder.write(
        "cases.jsonl",
        folder.read("cases.jsonl").replace("At 9:30.", "Soon."),
    );
    let run = folder
        .run(&["flow", "run", "workflow.yaml", "--json"])
        .ends(1)
        .json();
    assert_eq!(step(&run, "alert")["status"], "done");
    assert!(folder.at("failed.md").exists());
}

#[test]
fn templates_are_listed_and_a_misspelt_one_is_told_its_nearest() {
    let folder = Folder::new();
    let list = folder.run(&["init", "--list", "--json"]).ends(0).json();
    assert_eq!(list["templates"].as_array().unwrap().len(), 6);
    let ran = folder.run(&["init", "--template", "nigthly"]).ends(2);
    assert!(
        ran.stderr.contains("did you mean `nightly`?"),
        "{}",
        ran.stderr
    );
}
