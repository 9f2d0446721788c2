//! Files in and out: our own, and those of Argilla and Langfuse as they write them.

use std::collections::BTreeMap;

use botsmith_eval::feedback::import::{Defaults, Shape, attach, read};
use botsmith_eval::feedback::{Filter, Log, Plan, Record, Source, State, export};
use serde_json::json;

use crate::common::{World, plan, world};

const QUESTIONS: &str = "questions:
  - {name: verdict, kind: thumb}
  - {name: stars, kind: rating, pass: 4}
  - {name: tone, kind: label, options: [kind, curt]}
  - {name: faults, kind: multi-label, options: [wrong, long]}
  - {name: where, kind: span, options: [wrong]}
  - {name: rewrite, kind: correction}
  - {name: better, kind: pairwise}";

fn defaults() -> Defaults {
    Defaults {
        bot: Some("a".into()),
        ..Defaults::default()
    }
}

struct Took {
    shape: Shape,
    records: Vec<Record>,
    passed_over: Vec<(String, usize)>,
    unasked: BTreeMap<String, usize>,
}

fn take(world: &World, plan: &Plan, name: &str, text: &str) -> botsmith_eval::Result<Took> {
    take_at(world, plan, (name, text), 99)
}

fn take_at(
    world: &World,
    plan: &Plan,
    (name, text): (&str, &str),
    at: u64,
) -> botsmith_eval::Result<Took> {
    let path = world.file(name, text);
    let found = read(&path, None, &defaults())?;
    let mut unasked = BTreeMap::new();
    let records = attach(&path, found.records, &world.open(), plan, at, &mut unasked)?;
    Ok(Took {
        shape: found.shape,
        records,
        passed_over: found.passed_over,
        unasked,
    })
}

fn values(records: &[Record]) -> Vec<(String, String, serde_json::Value)> {
    let of = |r: &Record| (r.rater.clone(), r.question.clone(), r.value.clone());
    records.iter().map(of).collect()
}

#[test]
fn what_is_written_reads_back_in_both_forms() {
    let (world, plan) = (world(4), plan(QUESTIONS));
    let text = r#"
{"at": "2026-01-02T03:04:05Z", "case": "c0", "bot": "a", "rater": "ana", "question": "verdict", "value": "up", "comment": "=1+1"}
{"at": "2026-01-02T03:04:06Z", "case": "c1", "bot": "a", "against": {"bot": "b"}, "rater": "ana", "question": "better", "value": "b", "blind": true, "swapped": true}
{"at": "2026-01-02T03:04:07Z", "case": "c1", "bot": "b", "rater": "ben", "question": "where", "value": [{"start": 0, "end": 2, "label": "wrong"}], "seconds": 4.5, "chosen": "random", "probability": 0.25}
{"at": "2026-01-02T03:04:08Z", "case": "c2", "bot": "b", "rater": "ben", "question": "rewrite", "value": "So,\n\"this\" way.", "source": "user", "state": "draft"}
"#;
    let took = take(&world, &plan, "own.jsonl", text).unwrap();
    assert_eq!(took.shape, Shape::Records);
    assert_eq!(took.records.len(), 4);
    assert_eq!(
        took.records[3].correction.as_deref(),
        Some("So,\n\"this\" way.")
    );
    let log = Log::open(&*world.store);
    let kept: Vec<_> = took
        .records
        .into_iter()
        .map(|r| log.append(r).unwrap().record)
        .collect();
    for (name, write) in [
        (
            "back.jsonl",
            export::jsonl as fn(&mut dyn std::io::Write, &[Record]) -> _,
        ),
        ("back.csv", export::csv),
    ] {
        let mut bytes = Vec::new();
        write(&mut bytes, &kept).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let back = take(&world, &plan, name, &text).unwrap();
        assert_eq!(back.records, kept, "{name}");
        assert!(
            back.records
                .into_iter()
                .all(|r| !log.append(r).unwrap().new),
            "{name}"
        );
    }
    assert_eq!(log.all(&Filter::default()).unwrap().len(), 4);
}

#[test]
fn a_table_by_hand_needs_no_more_than_case_question_and_value() {
    let (world, plan) = (world(4), plan(QUESTIONS));
    let text = "case,rater,question,value\nc0,ana,stars,4\nc1,ana,faults,\"wrong; long\"\nc2,ben,verdict,no\n";
    let first = take(&world, &plan, "hand.csv", text).unwrap().records;
    assert_eq!(
        values(&first),
        [
            ("ana".into(), "stars".into(), json!(4)),
            ("ana".into(), "faults".into(), json!(["wrong", "long"])),
            ("ben".into(), "verdict".into(), json!("down")),
        ]
    );
    assert!(first.iter().all(|record| record.at == 99));
    // Read another time, it is the same records; on another run, it is others.
    let ids = |records: &[Record]| records.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
    let again = take_at(&world, &plan, ("hand.csv", text), 500)
        .unwrap()
        .records;
    assert_eq!(ids(&first), ids(&again));
    let other = crate::common::world(5);
    let elsewhere = take(&other, &plan, "hand.csv", text).unwrap().records;
    assert_ne!(ids(&first), ids(&elsewhere));
}

#[test]
fn argilla_s_three_shapes_load() {
    let (world, plan) = (world(4), plan(QUESTIONS));
    let nested = r#"[
 {"id": "c0", "fields": {"answer": "é number 0"}, "metadata": {"bot": "b"}, "status": "completed", "_server_id": "5",
  "suggestions": {"tone": {"value": "curt", "score": 0.9, "agent": "m"}},
  "responses": {"tone": [{"value": "kind", "user_id": "u1"}, {"value": "curt", "user_id": "u2"}],
                "where": [{"value": [{"start": 0, "end": 1, "label": "wrong"}], "user_id": "u1"}],
                "order": [{"value": [{"value": "x", "rank": 1}], "user_id": "u1"}]}},
 {"id": "c1", "fields": {}, "metadata": {}, "suggestions": {}, "responses": {}, "vectors": {}}
]"#;
    let took = take(&world, &plan, "nested.json", nested).unwrap();
    assert_eq!(took.shape, Shape::Argilla);
    assert_eq!(
        values(&took.records),
        [
            ("u1".into(), "tone".into(), json!("kind")),
            ("u2".into(), "tone".into(), json!("curt")),
            // One code point, two bytes.
            (
                "u1".into(),
                "where".into(),
                json!([{"start": 0, "end": 2, "label": "wrong"}])
            ),
        ]
    );
    assert!(
        took.records
            .iter()
            .all(|r| r.bot == "b" && r.from == "argilla")
    );
    assert_eq!(took.passed_over.len(), 2, "{:?}", took.passed_over);

    let flat = r#"{"id": "c0", "status": "completed", "_server_id": "5", "answer": "x", "stars.responses": [5, 2], "stars.responses.users": ["u1", "u2"], "stars.responses.status": ["submitted", "draft"], "stars.suggestion": 3, "other.responses": ["x"], "other.responses.users": ["u1"], "other.responses.status": ["submitted"]}"#;
    let took = take(&world, &plan, "flat.jsonl", flat).unwrap();
    let states: Vec<_> = took
        .records
        .iter()
        .map(|r| (r.value.clone(), r.state))
        .collect();
    assert_eq!(
        states,
        [(json!(5), State::Submitted), (json!(2), State::Draft)]
    );
    assert_eq!(took.unasked, BTreeMap::from([("other".to_owned(), 1)]));

    let before = r#"{"external_id": "c2", "fields": {"text": "x"}, "responses": [{"values": {"verdict": {"value": "yes"}, "rewrite": {"value": "Better."}}, "status": "submitted", "user_id": "u1", "updated_at": "2023-05-01T10:00:00"}, {"values": null, "status": "discarded", "user_id": "u2"}], "suggestions": []}"#;
    let took = take(&world, &plan, "before.jsonl", before).unwrap();
    assert_eq!(
        values(&took.records),
        [
            ("u1".into(), "verdict".into(), json!("up")),
            ("u1".into(), "rewrite".into(), json!("Better.")),
        ]
    );
    assert_eq!(took.records[0].at, 1_682_935_200_000);

    let hub = r#"{"external_id": "c3", "text": "x", "verdict": [{"user_id": "u1", "value": "no", "status": "submitted"}], "verdict-suggestion": null}"#;
    let took = take(&world, &plan, "hub.jsonl", hub).unwrap();
    assert_eq!(
        values(&took.records),
        [("u1".into(), "verdict".into(), json!("down"))]
    );
}

#[test]
fn langfuse_scores_load_from_the_api_and_from_tables() {
    let (world, plan) = (world(4), plan(QUESTIONS));
    let api = r#"{"data": [
 {"id": "s1", "traceId": "t-1", "name": "verdict", "source": "ANNOTATION", "dataType": "BOOLEAN", "value": 1, "stringValue": "True", "authorUserId": "u1", "comment": "fine", "timestamp": "2026-01-02T03:04:05.000Z", "metadata": {"case": "c0", "bot": "b"}, "queueId": null, "configId": null, "environment": "default"},
 {"id": "s2", "traceId": "c1", "name": "tone", "source": "ANNOTATION", "dataType": "CATEGORICAL", "value": 0, "stringValue": "Kind", "authorUserId": "u1", "timestamp": "2026-01-02T03:04:06.000Z"},
 {"id": "s3", "traceId": "c1", "name": "stars", "source": "API", "dataType": "NUMERIC", "value": 4, "authorUserId": "u9", "timestamp": "2026-01-02T03:04:07.000Z"},
 {"id": "s4", "traceId": "c1", "name": "stars", "source": "EVAL", "dataType": "NUMERIC", "value": 1, "timestamp": "2026-01-02T03:04:07.000Z"}
], "meta": {"page": 1, "limit": 50, "totalItems": 4, "totalPages": 1}}"#;
    let took = take(&world, &plan, "scores.json", api).unwrap();
    assert_eq!(took.shape, Shape::Langfuse);
    let found: Vec<_> = took
        .records
        .iter()
        .map(|r| (r.id.as_str(), r.value.clone(), r.source))
        .collect();
    assert_eq!(
        found,
        [
            ("s1", json!("up"), Source::Expert),
            ("s2", json!("kind"), Source::Expert),
            ("s3", json!(4), Source::User),
        ]
    );
    assert_eq!(
        (took.records[0].bot.as_str(), took.records[1].bot.as_str()),
        ("b", "a")
    );
    assert_eq!(took.passed_over, [("scores of evaluators".to_owned(), 1)]);
    let table = "id,trace_id,name,source,data_type,value,string_value,author_user_id,timestamp\n\
                 s9,c2,tone,ANNOTATION,CATEGORICAL,,curt,u1,2026-01-02T03:04:05Z\n";
    let took = take(&world, &plan, "scores.csv", table).unwrap();
    assert_eq!(
        values(&took.records),
        [("u1".into(), "tone".into(), json!("curt"))]
    );
}

#[test]
fn what_does_not_fit_is_refused_with_file_and_line() {
    let (world, plan) = (world(4), plan(QUESTIONS));
    let record = |inside: &str| {
        format!(
            "\n{{\"case\": \"c0\", \"bot\": \"a\", \"rater\": \"ana\", \"question\": \"verdict\", \"value\": \"up\"{inside}}}\n"
        )
    };
    for (text, wanted) in [
        (record(", \"valu\": 1"), "did you mean `value`?"),
        (record("").replace("c0", "c9"), "no case `c9`"),
        (record("").replace("\"a\"", "\"aa\""), "no bot `aa`"),
        (record("").replace("up", "ip"), "`up` or `down`"),
        (record(", \"run\": \"feed\""), "another run"),
        (record(", \"answer_hash\": \"00\""), "another answer"),
        (
            record(", \"against\": {\"bot\": \"b\"}"),
            "about one answer",
        ),
        (
            record("").replace("verdict", "better").replace("up", "a"),
            "names one",
        ),
        (record("").replace("\"rater\": \"ana\", ", ""), "--rater"),
        (
            record("").replace("\"case\": \"c0\", ", ""),
            "names no case",
        ),
        (record(", \"at\": \"noon\""), "2026-01-31T12:00:00Z"),
        ("\n[1]\n".to_owned(), "expected a record"),
        ("\n{\n".to_owned(), ""),
    ] {
        let Err(error) = take(&world, &plan, "bad.jsonl", &text) else {
            panic!("{text} was taken");
        };
        let error = error.to_string();
        assert!(error.contains(wanted), "{text}: {error}");
        assert!(error.contains("bad.jsonl:2"), "{error}");
    }
    let error = take(&world, &plan, "bad.txt", "x")
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains(".csv"), "{error}");
}
