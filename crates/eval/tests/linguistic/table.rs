//! A YAML list of cases, each judged by one evaluator: at least twenty that pass, twenty that do not.
//!
//! A case has `answer` and `pass`; `question`, `context`, `references`, `vars` where the evaluator reads
//! them; `with`, its options; `value`; `evidence`, texts of the spans in order (`+` for, `-` against the answer),
//! `says`, a part of the explanation. `pass: skipped` is a case that must not be judged.

use botsmith_core::yaml::{Cursor, Node, Source, parse};
use botsmith_eval::evaluators::{Panel, Registry, read_list};
use botsmith_eval::extract::Extract;
use botsmith_eval::{Answer, Case, Verdict};
use serde_json::Value;

const LEAST: usize = 20;

/// Judges all cases and tells every one that came out differently.
pub(crate) fn check(evaluator: &str, yaml: &str) {
    let source = Source::new(format!("{evaluator}.yaml"), yaml);
    let cases = parse(&source).unwrap_or_else(|error| panic!("{error}"));
    let cases = cases.to_json();
    let (mut passing, mut failing, mut wrong) = (0, 0, Vec::new());
    for case in cases.as_array().expect("a list of cases") {
        match &case["pass"] {
            Value::Bool(true) => passing += 1,
            Value::Bool(false) => failing += 1,
            _ => {}
        }
        if let Err(reason) = one(evaluator, case) {
            wrong.push(format!("{reason}\n  {case}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{evaluator}: {} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        passing >= LEAST && failing >= LEAST,
        "{evaluator}: {passing} pass and {failing} do not, {LEAST} of both wanted"
    );
}

fn one(evaluator: &str, case: &Value) -> Result<(), String> {
    let answer = case["answer"].as_str().ok_or("no answer")?;
    let verdict = judge(evaluator, &case["with"], case, answer)?;
    let score = match (verdict, &case["pass"]) {
        (Verdict::Skipped(_), Value::String(wanted)) if wanted == "skipped" => return Ok(()),
        (Verdict::Judged(score), Value::Bool(_)) => score,
        (verdict, _) => return Err(format!("{verdict:?}")),
    };
    for span in &score.evidence {
        if answer.get(span.start..span.end).is_none_or(str::is_empty) {
            return Err(format!("evidence outside of the answer: {span:?}"));
        }
    }
    let spans: Vec<String> = score
        .evidence
        .iter()
        .map(|span| {
            format!(
                "{}{}",
                if span.supports { '+' } else { '-' },
                &answer[span.start..span.end]
            )
        })
        .collect();
    let said = score.explanation.as_deref().unwrap_or_default();
    let told = || {
        format!(
            "value {}, passed {:?}, {said:?}, {spans:?}",
            score.value, score.passed
        )
    };
    let same = score.passed == case["pass"].as_bool()
        && case["value"]
            .as_f64()
            .is_none_or(|value| (score.value - value).abs() < 0.0006)
        && case["says"].as_str().is_none_or(|part| said.contains(part))
        && case["evidence"].as_array().is_none_or(|wanted| {
            wanted
                .iter()
                .map(|text| text.as_str().unwrap_or_default())
                .eq(spans.iter().map(String::as_str))
        });
    if same { Ok(()) } else { Err(told()) }
}

fn judge(evaluator: &str, options: &Value, case: &Value, answer: &str) -> Result<Verdict, String> {
    let mut entry = serde_json::Map::new();
    entry.insert(evaluator.to_owned(), options.clone());
    let node = Node::from_json(&Value::Array(vec![Value::Object(entry)]));
    let source = Source::new("suite.yaml", "");
    let list = read_list(
        &Cursor::new(&source, &node),
        &Registry::builtin(),
        &Extract::default(),
    )
    .map_err(|error| error.to_string())?;
    let texts = |key: &str| match &case[key] {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let subject = Case {
        id: "c1".into(),
        input: case["question"].as_str().unwrap_or_default().to_owned(),
        context: texts("context"),
        references: texts("references"),
        vars: case["vars"].as_object().cloned().unwrap_or_default(),
        ..Case::default()
    };
    let panel = Panel::new(list);
    let verdicts = panel
        .prepare(&subject)
        .and_then(|prepared| panel.judge(&prepared, &Answer::text(answer)))
        .map_err(|error| error.to_string())?;
    Ok(verdicts
        .into_iter()
        .next()
        .expect("one evaluator gives one verdict"))
}
