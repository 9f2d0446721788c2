//! Real answers: four bots of the GSM8K paper (Cobbe et al. 2021, <https://arxiv.org/abs/2110.14168>)
//! on its 1,319 test questions, against the verdicts that its authors published with them.
//!
//! The data is not in this repository: `BOTSMITH_GSM8K` names `example_model_solutions.jsonl` of
//! <https://github.com/openai/grade-school-math>, or it lies beside the checkout.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

mod common;

use std::path::{Path, PathBuf};

use common::Folder;
use serde_json::Value;

const SUITE: &str = include_str!("gsm8k/suite.yaml");

/// Right answers by the authors' own flags.
const TOTALS: [(&str, usize); 4] = [
    ("6b_finetuning", 286),
    ("6b_verification", 515),
    ("175b_finetuning", 458),
    ("175b_verification", 742),
];

fn data() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("BOTSMITH_GSM8K") {
        let path = PathBuf::from(path);
        assert!(
            path.is_file(),
            "BOTSMITH_GSM8K names no file: {}",
            path.display()
        );
        return Some(path);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/data/gsm8k/model_solutions.jsonl");
    beside.is_file().then_some(beside)
}

#[test]
fn every_verdict_is_that_of_the_papers_authors() {
    let Some(data) = data() else {
        println!("skipped: no GSM8K answers here; set BOTSMITH_GSM8K to run this test");
        return;
    };
    let data = data.canonicalize().unwrap();
    let folder =
        Folder::with_suite(&SUITE.replace("DATA", &format!("{:?}", data.to_str().unwrap())));
    let args = ["eval", "suite.yaml", "--json", "--jsonl", "cases.jsonl"];
    let report = folder.run(&args).ends(0).json();
    for (bot, (name, right)) in report["bots"].as_array().unwrap().iter().zip(TOTALS) {
        let score = &bot["scores"]["number-equals"];
        assert_eq!((&bot["name"], &score["n"]), (&name.into(), &1319.into()));
        assert_eq!(score["passed"], right, "{name}");
    }
    let text = std::fs::read_to_string(data).unwrap();
    let authors: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let cases = folder.read("cases.jsonl");
    let mut compared = 0;
    for (case, authors) in cases.lines().zip(&authors) {
        let case: Value = serde_json::from_str(case).unwrap();
        assert_eq!(case["input"], authors["question"]);
        for answer in case["answers"].as_array().unwrap() {
            let bot = answer["bot"].as_str().unwrap();
            let passed = &answer["scores"]["number-equals"]["passed"];
            assert_eq!(
                *passed, authors[bot]["is_correct"],
                "{bot} on {}",
                case["row"]
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 5276);
    let compared = folder.run(&["eval", "compare", "--json"]).ends(0).json();
    let comparisons = compared["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 6);
    for found in comparisons {
        let (lo, hi) = (
            found["interval"][0].as_f64().unwrap(),
            found["interval"][1].as_f64().unwrap(),
        );
        let difference = found["difference"].as_f64().unwrap();
        assert!(lo < difference && difference < hi, "{found}");
        let right = |side: &str| {
            TOTALS
                .iter()
                .find(|(name, _)| found[side] == *name)
                .unwrap()
                .1 as f64
        };
        assert!(
            (difference - (right("b") - right("a")) / 1319.0).abs() < 1e-9,
            "{found}"
        );
        assert!(
            found["p_adjusted"].as_f64() >= found["p"].as_f64(),
            "{found}"
        );
        assert_eq!(found["n"], 1319);
    }
}
