//! What a file says -> the plan, its hash, its JSON Schema.

use botsmith_core::yaml::Source;
use botsmith_flow::{OnFailure, RunIf, Work, Workflow, schema};
use serde_json::json;

use crate::{NIGHTLY, kinds, read};

#[test]
fn the_example_becomes_a_plan_with_all_that_it_says() {
    let workflow = read(NIGHTLY).unwrap();
    assert_eq!(
        (workflow.name(), workflow.timeout_ms()),
        ("nightly", Some(6 * 3_600_000))
    );
    let plan = workflow.plan().unwrap();
    let step = |key: &str| plan.steps().iter().find(|step| step.key == key).unwrap();
    assert_eq!(step("load").kind, "dataset");
    assert_eq!(step("tag").needs, ["load"]);
    assert_eq!(step("tag").requires, ["kind:map"]);
    let draft = step("draft");
    assert_eq!(draft.needs, ["tag"]);
    assert_eq!(
        (draft.retry.max, draft.retry.base_ms, draft.retry.cap_ms),
        (3, 1000, 60_000)
    );
    assert_eq!(draft.retry.on, ["rate-limit", "server"]);
    assert_eq!((draft.on_failure, draft.priority), (OnFailure::Continue, 5));
    let concurrency = draft.concurrency.as_ref().unwrap();
    assert_eq!((concurrency.key.as_str(), concurrency.limit), ("gpu", 1));
    assert_eq!(Work::of(draft).unwrap().timeout_ms, Some(120_000));
    assert_eq!(
        Work::of(step("check")).unwrap().when.as_deref(),
        Some("steps.draft.status == 'done'")
    );
    let tidy = step("tidy");
    assert_eq!((tidy.run_if, tidy.needs.len()), (RunIf::Always, 4));
    assert_eq!(plan.steps().last().unwrap().key, "tidy");
}

#[test]
fn comments_layout_and_the_order_of_keys_are_no_part_of_a_hash() {
    let a = read("version: 1\nname: a\nsteps:\n  x: {uses: count, with: {text: t, limit: 2}}\n  y: {uses: count, needs: [x]}\n").unwrap();
    let b = read("# a comment\nsteps:\n  y:\n    needs: x # one\n    uses: count\n  x: {with: {limit: 2, text: 't'}, uses: count}\nname: a\nversion: 1\n").unwrap();
    assert_eq!(a.hash(), b.hash());
    assert_eq!(a.plan().unwrap().hash(), b.plan().unwrap().hash());
    for (from, to) in [
        ("limit: 2", "limit: 3"),
        ("name: a", "name: b"),
        ("uses: count, needs", "uses: count, priority: 6, needs"),
    ] {
        let text = "version: 1\nname: a\nsteps:\n  x: {uses: count, with: {text: t, limit: 2}}\n  y: {uses: count, needs: [x]}\n";
        assert_ne!(
            read(&text.replace(from, to)).unwrap().hash(),
            a.hash(),
            "{to}"
        );
    }
    let stored = serde_json::to_string(&a).unwrap();
    assert_eq!(serde_json::from_str::<Workflow>(&stored).unwrap(), a);
}

#[test]
fn inputs_are_held_against_their_schema_without_showing_them() {
    let workflow = read(NIGHTLY).unwrap();
    assert!(workflow.check_inputs(&json!({"folder": "docs"})).is_ok());
    for (inputs, words) in [(json!({}), "folder"), (json!({"folder": 731}), "`/folder`")] {
        let error = workflow.check_inputs(&inputs).unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-018");
        assert!(
            error.to_string().contains(words) && !error.to_string().contains("731"),
            "{error}"
        );
    }
    let none = read("version: 1\nname: a\nsteps: {a: {uses: count}}").unwrap();
    assert!(none.check_inputs(&json!({"x": 1})).is_err());
    assert!(none.check_inputs(&json!({})).is_ok());
}

#[test]
fn the_json_schema_takes_what_is_read_and_refuses_what_is_not() {
    let schema = schema(&kinds());
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| {
        botsmith_core::yaml::parse(&Source::new("flow.yaml", text))
            .unwrap()
            .to_json()
    };
    assert!(validator.is_valid(&json(NIGHTLY)));
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("timeout: 2m", "tiemout: 2m"),
        ("priority: 5", "priority: 12"),
        ("on-failure: continue", "on-failure: go"),
        ("{path: \"{{ inputs.folder }}/*.md\"}", "{}"),
        ("over: \"{{ steps.load.output }}\", ", ""),
        ("step: {uses: nlp,", "step: {uses: nlp, needs: [load],"),
    ] {
        let text = NIGHTLY.replace(from, to);
        assert_ne!(text, NIGHTLY);
        assert!(!validator.is_valid(&json(&text)), "{to}");
        assert!(read(&text).is_err(), "{to}");
    }
}
