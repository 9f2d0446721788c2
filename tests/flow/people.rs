//! People in the middle of a run: approvals, answers, signals.

use serde_json::json;

use crate::{ASKS, SQLITE, begin, folder, show, step, work};

#[test]
fn an_approval_lets_a_run_go_on_and_only_those_named_may_give_it() {
    let folder = folder(&[("release.yaml", ASKS)]);
    begin(&folder);
    let ran = folder
        .run(&["flow", "approve", "r", "check", "--by", "guest", "--json"])
        .ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-FLOW-021");
    let args = [
        "flow",
        "approve",
        "r",
        "--by",
        "lead",
        "--comment",
        "fine",
        "--json",
    ];
    let said = folder.run(&args).ends(0).json();
    assert_eq!(
        said["decision"],
        json!({"approved": true, "by": "lead", "comment": "fine"})
    );
    let late = folder
        .run(&["flow", "reject", "r", "check", "--by", "lead"])
        .ends(0);
    assert!(
        late.stdout.contains("the first word counts"),
        "{}",
        late.stdout
    );
    work(&folder, SQLITE);
    let shown = show(&folder, "r", SQLITE);
    assert_eq!(shown["status"], "done");
    assert_eq!(step(&shown, "send")["output"]["stdout"], "sent\n");
}

#[test]
fn a_rejection_skips_what_hangs_on_the_approval() {
    let folder = folder(&[("release.yaml", ASKS)]);
    begin(&folder);
    folder.run(&["flow", "reject", "r", "--by", "lead"]).ends(0);
    work(&folder, SQLITE);
    assert_eq!(
        step(&show(&folder, "r", SQLITE), "send")["status"],
        "skipped"
    );
}

#[test]
fn a_question_takes_an_answer_that_fits_its_schema_and_a_signal_any() {
    let text = "version: 1
name: ask
steps:
  size: {uses: ask, with: {question: 'How many?', schema: {type: integer, minimum: 1}}}
  paid: {uses: signal, with: {name: payment}}
  tell: {uses: command, with: {run: [echo, '{{ steps.size.output }} {{ steps.paid.output.sum }}']}}
";
    let folder = folder(&[("ask.yaml", text)]);
    let ran = folder
        .run(&["flow", "run", "ask.yaml", "--allow-command", "--id", "q"])
        .ends(3);
    assert!(
        ran.stdout.contains("waits for an answer: “How many?”"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("next: botsmith flow signal q payment --data"),
        "{}",
        ran.stdout
    );
    let ran = folder
        .run(&["flow", "signal", "q", "size", "--data", "none", "--json"])
        .ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-FLOW-021");
    folder
        .run(&["flow", "signal", "q", "size", "--data", "3"])
        .ends(0);
    folder
        .run(&["flow", "signal", "q", "payment", "--data", r#"{"sum": 7}"#])
        .ends(0);
    let again = folder
        .run(&[
            "flow",
            "signal",
            "q",
            "payment",
            "--data",
            r#"{"sum": 8}"#,
            "--json",
        ])
        .ends(0)
        .json();
    assert_eq!(
        (&again["first"], &again["data"]),
        (&json!(false), &json!({"sum": 7}))
    );
    work(&folder, SQLITE);
    assert_eq!(
        step(&show(&folder, "q", SQLITE), "tell")["output"]["stdout"],
        "3 7\n"
    );
}
