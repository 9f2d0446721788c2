//! The page holds what it should, and no text can break out of its place.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps in a helper is still a test"
)]

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::{PAGE, SCRIPT, STYLE, pieces, write};
use crate::{Error, Result};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)><!-- <script> ]]> \u{2028} {{cases}}";

fn page(report: &Value, cases: Vec<Result<Value>>) -> Result<String> {
    let mut out = Vec::new();
    write(&mut out, Path::new("report.html"), report, cases)?;
    Ok(String::from_utf8(out).unwrap())
}

/// Every embedded JSON document, found as a browser finds it: up to the first `</script`.
fn embedded(page: &str) -> Vec<Value> {
    page.split("<script type=\"application/json\"")
        .skip(1)
        .map(|rest| rest.split_once('>').unwrap().1)
        .map(|rest| serde_json::from_str(rest.split("</script").next().unwrap()).unwrap())
        .collect()
}

/// A disk without room.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn hostile_text_comes_back_whole_and_stays_in_its_script() {
    let report = json!({"suite": HOSTILE, HOSTILE: 1});
    let case = json!({"id": HOSTILE, "answers": [{"text": HOSTILE}]});
    let page = page(&report, vec![Ok(case.clone()), Ok(case.clone())]).unwrap();
    assert_eq!(embedded(&page), [report, json!([case, case])]);
    assert!(!page.contains("<img"));
    let template = pieces(PAGE).map(|(_, text)| text).collect::<String>();
    for tag in ["<script", "</script"] {
        // The template's own, and those of the one block of cases.
        assert_eq!(
            page.matches(tag).count(),
            template.matches(tag).count() + 1,
            "{tag}"
        );
    }
}

#[test]
fn every_place_of_the_page_is_filled() {
    let places: Vec<&str> = pieces(PAGE).map(|(place, _)| place).collect();
    assert_eq!(places, ["", "style", "script", "report", "cases"]);
    let page = page(&json!({}), vec![]).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    assert!(page.ends_with("</html>\n"));
    assert!(page.contains("<noscript>") && page.contains("default-src 'none'"));
    assert!(page.contains(STYLE) && SCRIPT.iter().all(|part| page.contains(part)));
    assert_eq!(embedded(&page), [json!({})]);
}

#[test]
fn nothing_in_style_or_script_ends_them_early_or_loads_from_elsewhere() {
    for part in SCRIPT.iter().chain([&STYLE, &PAGE]) {
        for bad in ["http://", "https://", "@import", "innerHTML"] {
            let harmless = part.replace("http://www.w3.org/2000/svg", "");
            assert!(!harmless.contains(bad), "{bad}");
        }
    }
    for part in SCRIPT.iter().chain([&STYLE]) {
        assert!(!part.contains("</s") && !part.contains("<!--") && !part.contains("<script"));
    }
}

#[test]
fn many_cases_come_in_several_blocks_that_join_in_order() {
    let case = |row: usize| json!({"row": row, "input": "x".repeat(100_000)});
    let page = page(&json!({}), (0..100).map(|row| Ok(case(row))).collect()).unwrap();
    let blocks = embedded(&page);
    assert!(blocks.len() > 2, "{} blocks", blocks.len());
    let rows: Vec<Value> = blocks[1..]
        .iter()
        .flat_map(|block| block.as_array().unwrap())
        .map(|case| case["row"].clone())
        .collect();
    assert_eq!(rows, (0..100).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn an_error_of_a_case_comes_through_and_an_error_of_writing_names_the_file() {
    let error = page(&json!({}), vec![Err(Error::Invalid("no such case".into()))]).unwrap_err();
    assert_eq!(error.to_string(), "no such case");

    let path = Path::new("out/report.html");
    let error = write(&mut Full, path, &json!({}), Vec::<Result<Value>>::new()).unwrap_err();
    assert!(error.to_string().contains("out/report.html"), "{error}");
}
