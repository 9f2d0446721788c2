//! The `feedback:` block: what it reads, and how it refuses.

use botsmith_eval::feedback::Kind;

use crate::common::{plan, read};

#[test]
fn every_kind_of_question_reads() {
    let plan = plan(
        "guidelines: Be fair.
questions:
  - {kind: thumb}
  - {name: stars, kind: rating, min: 0, max: 10, pass: 7}
  - {name: tone, kind: label, options: [kind, curt], pass: kind, ask: How does it sound?}
  - {name: faults, kind: multi-label, options: [wrong, long, 3]}
  - {name: better, kind: pairwise, ties: false, guidelines: Take the shorter one.}
  - {name: where, kind: span, options: [wrong]}
  - {name: part, kind: span}
  - {kind: correction}
  - {kind: comment}
raters: [ana, ben]
budget: 40
random: 0.2
double: 0.2
blind: false
by: kind
judge: token-f1",
    );
    let kinds: Vec<_> = plan.questions.iter().map(|q| q.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "thumb",
            "rating",
            "label",
            "multi-label",
            "pairwise",
            "span",
            "span",
            "correction",
            "comment"
        ]
    );
    assert_eq!(plan.questions[0].name, "thumb");
    assert_eq!(plan.questions[2].ask, "How does it sound?");
    assert_eq!(plan.questions[4].kind, Kind::Pairwise { ties: false });
    assert!(plan.check_rater("ana").is_ok());
    let error = plan.check_rater("anna").unwrap_err().to_string();
    assert!(error.contains("did you mean `ana`?"), "{error}");
    let error = plan.question("beter").unwrap_err().to_string();
    assert!(error.contains("did you mean `better`?"), "{error}");
}

#[test]
fn mistakes_are_named_with_place_and_nearest_word() {
    for (block, line, wanted) in [
        ("qestions: [{kind: thumb}]", 2, "questions"),
        ("questions: []", 2, "at least one question"),
        ("questions: [{kind: tumb}]", 2, "thumb"),
        ("questions: [{kind: thumb, optoins: [a, b]}]", 2, "optoins"),
        ("questions: [{kind: label}]", 2, "options"),
        ("questions: [{kind: label, options: [a]}]", 2, "two options"),
        (
            "questions: [{kind: label, options: [a, A]}]",
            2,
            "second option",
        ),
        (
            "questions: [{kind: label, options: [good, bad], pass: [goood]}]",
            2,
            "did you mean `good`?",
        ),
        (
            "questions: [{kind: rating, min: 5, max: 5}]",
            2,
            "nothing to choose",
        ),
        ("questions: [{kind: rating, pass: 6}]", 2, "outside 1 to 5"),
        (
            "questions: [{kind: thumb}, {kind: thumb}]",
            2,
            "second question named `thumb`",
        ),
        ("random: 0.1", 2, "less than 0.2"),
        ("double: 0.05", 2, "less than 0.1"),
        ("double: 15", 2, "0 to 1"),
        ("budget: 0", 2, "1 or more"),
        ("blind: perhaps", 2, "perhaps"),
    ] {
        let error = read(block).unwrap_err().to_string();
        assert!(error.contains(wanted), "{block}: {error}");
        assert!(error.contains(&format!("suite.yaml:{line}")), "{error}");
    }
}
