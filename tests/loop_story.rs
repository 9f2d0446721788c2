//! The story of `examples/loop` comes out as its page says, and its report is one page that loads nothing.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(dead_code, unreachable_pub, reason = "modules of the example")]

#[path = "../examples/loop/charts.rs"]
mod charts;
#[path = "../examples/loop/commands.rs"]
mod commands;
#[path = "../examples/loop/people.rs"]
mod people;
#[path = "../examples/loop/report.rs"]
mod report;
#[path = "../examples/loop/steps.rs"]
mod steps;
#[path = "../examples/loop/story.rs"]
mod story;
#[path = "../examples/loop/traffic.rs"]
mod traffic;
#[path = "../examples/loop/world.rs"]
mod world;

use std::path::Path;

use serde_json::Value;

const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/loop/expected.json");

/// A number that is the same on machines whose logarithms differ in the last place.
fn rounded(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(rounded),
        Value::Object(fields) => fields.values_mut().for_each(rounded),
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.6e}", number.as_f64().unwrap());
            *value = text.parse::<f64>().unwrap().into();
        }
        _ => {}
    }
}

/// Without what differs between machines and days: hashes, last places.
fn steady(mut story: Value) -> Value {
    rounded(&mut story);
    for version in story["versions"].as_array_mut().unwrap() {
        version[1] = "HASH".into();
    }
    let mut text = serde_json::to_string_pretty(&story).unwrap();
    let hashes: Vec<String> = text
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() == 12 && word.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect();
    for hash in hashes {
        text = text.replace(&hash, "HASH");
    }
    serde_json::from_str(&text).unwrap()
}

/// `BOTSMITH_BLESS=1` writes the file anew, to be looked at before it is committed.
#[test]
fn the_loop_is_told_as_expected() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_botsmith"));
    let story = steps::tell(program, folder.path(), 9).unwrap();

    assert!(story.gate.difference > 0.2 && story.gate.p <= story.gate.alpha);
    assert!(
        story
            .raters
            .iter()
            .any(|of| of.name == "cleo" && of.excluded.is_some())
    );
    let ends: Vec<&str> = story.watches.iter().map(|of| of.end.as_str()).collect();
    assert_eq!(ends, ["promoted", "rolled back"]);
    assert!(story.audit_whole);

    let page = report::page(&story);
    for outside in ["http://", "https://", "<script", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "the page holds {outside}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("<svg"));
    assert!(page.contains("Simulated."));
    for refused in &story.refused {
        assert!(page.contains(&charts::escaped(&refused.why)));
    }

    let found = steady(serde_json::to_value(&story).unwrap());
    if std::env::var_os("BOTSMITH_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap();
        std::fs::write(EXPECTED, text + "\n").unwrap();
    }
    let expected = std::fs::read_to_string(EXPECTED).unwrap_or_default();
    let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
    assert_eq!(found, expected);
}

#[test]
fn words_of_people_cannot_end_the_page() {
    let mut story = story::Story {
        bot: "<script>alert(1)</script>".into(),
        ..story::Story::default()
    };
    story.refused.push(story::Refused {
        what: "\"><img>".into(),
        why: "& so on".into(),
    });
    let page = report::page(&story);
    assert!(!page.contains("<script>") && !page.contains("<img>"));
    assert!(page.contains("&amp; so on"));
}
