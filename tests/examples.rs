//! The examples run as their pages say.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::path::Path;

use common::Folder;

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart");

fn quickstart() -> Folder {
    let folder = Folder::new();
    for file in std::fs::read_dir(QUICKSTART).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_str().unwrap();
            folder.write(name, std::fs::read(&path).unwrap());
        }
    }
    folder
}

/// The version of this build stands for any.
fn any_version(text: &str) -> String {
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// `BOTSMITH_BLESS=1` writes the file anew, to be looked at before it is committed.
#[test]
fn quickstart_passes_its_gate_and_says_what_its_page_shows() {
    let folder = quickstart();
    folder
        .run(&["eval", "suite.yaml", "--markdown", "new.md"])
        .ends(0);
    let expected = Path::new(QUICKSTART).join("expected.md");
    let new = folder.read("new.md");
    if std::env::var_os("BOTSMITH_BLESS").is_some() {
        std::fs::write(&expected, &new).unwrap();
    }
    let expected = std::fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(
        any_version(&new),
        any_version(&expected.replace("\r\n", "\n"))
    );
}

/// Pages that show what the command prints, run's id and seconds apart.
#[test]
fn pages_show_the_report_of_quickstart_as_the_command_prints_it() {
    let printed = quickstart().run(&["eval", "suite.yaml"]).ends(0).stdout;
    for page in ["README.md", "docs/src/quickstart.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("\r\n", "\n");
        let start = text.find("```text\nquickstart · ").unwrap() + "```text\n".len();
        let end = start + text[start..].find("```").unwrap();
        if std::env::var_os("BOTSMITH_BLESS").is_some() {
            let new = format!("{}{printed}{}", &text[..start], &text[end..]);
            std::fs::write(&path, new).unwrap();
            continue;
        }
        assert_eq!(any_run(&text[start..end]), any_run(&printed), "{page}");
    }
}

/// Any run and any time stand for all.
fn any_run(text: &str) -> String {
    let word = |word: &str| match word {
        id if id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()) => "RUN".to_owned(),
        other => other.to_owned(),
    };
    let line = |line: &str| match line.starts_with("run ") {
        true => "run RUN · TIME".to_owned(),
        false => line.split(' ').map(word).collect::<Vec<_>>().join(" "),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_commented_rule_of_quickstart_fails_the_gate() {
    let folder = quickstart();
    let rule = "  # - {metric: states-the-fact, bot: fluent, pass-rate: {min: 0.8}}";
    let suite = folder.read("suite.yaml");
    assert!(suite.contains(rule), "the page says to take off the `#`");
    folder.write(
        "suite.yaml",
        suite.replace(rule, &rule.replacen("# ", "", 1)),
    );
    folder.run(&["eval", "suite.yaml"]).ends(1);
}

#[test]
fn the_suite_of_meaning_finds_right_answers_in_other_words() {
    let folder = quickstart();
    let meaning = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/meaning/suite.yaml");
    let suite = std::fs::read_to_string(meaning).unwrap();
    folder.write("meaning.yaml", suite.replace("../quickstart/", ""));
    let found = folder
        .run(&["eval", "meaning.yaml", "--json", "--jsonl", "judged.jsonl"])
        .ends(0)
        .json();
    for bot in found["bots"].as_array().unwrap() {
        let scores = &bot["scores"];
        assert_eq!(scores["similarity"]["n"], 59);
        assert!(
            scores["says-it-all"]["mean"].as_f64().unwrap() > 0.5,
            "{bot}"
        );
    }
    let judged = folder.read("judged.jsonl");
    // The phrase that `states-the-fact` looks for is in neither; what is meant is.
    for id in ["delivery-10", "privacy-07"] {
        let case: serde_json::Value = judged
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .find(|case: &serde_json::Value| case["id"] == id)
            .unwrap();
        let fluent = &case["answers"][1];
        assert_eq!(fluent["bot"], "fluent");
        let similarity = fluent["scores"]["similarity"]["value"].as_f64().unwrap();
        // References of different questions have 0.24 in the mean, nine in ten of them at most 0.41.
        assert!(similarity > 0.45, "{id}: {similarity}");
    }
}

#[test]
fn the_suite_of_language_marks_what_it_found() {
    let folder = quickstart();
    let language = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/language/suite.yaml");
    let suite = std::fs::read_to_string(language).unwrap();
    folder.write("language.yaml", suite.replace("../quickstart/", ""));
    folder
        .run(&["eval", "language.yaml", "--jsonl", "judged.jsonl"])
        .ends(0);
    let judged = folder.read("judged.jsonl");
    // `fluent` subtracts €52.40 from €60 and says €8.60.
    let case = judged.lines().find(|line| line.contains("delivery-02"));
    assert!(case.is_some_and(|case| case.contains("€8.60")), "{case:?}");
}
