//! Workflow files: what they become, every error with its exact place, hashes, workflows in workflows.
//!
//! In the tables `«` stands just before the place that the error has to name.

use std::collections::BTreeMap;
use std::path::Path;

use botsmith_core::store;
use botsmith_core::yaml::Source;
use botsmith_flow::{
    Commit, Committed, Ended, Error, FlowStore, Kind, Kinds, OnFailure, Output, RunIf, RunStatus,
    Scope, StepStatus, Type, Work, Worker, Workflow, schema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The example of the format's page, in full.
const NIGHTLY: &str = r#"version: 1
name: nightly
inputs: {type: object, properties: {folder: {type: string}}, required: [folder]}
timeout: 6h                                  # whole run
steps:
  load:  {uses: dataset, with: {path: "{{ inputs.folder }}/*.md"}}
  tag:   {uses: map, over: "{{ steps.load.output }}", item: row, max-parallel: 8, step: {uses: nlp, with: {text: "{{ row.text }}"}}}
  draft: {uses: bot, needs: [tag], with: {cartridge: bots/sum.yml, input: "{{ steps.tag.output }}"}, retry: {max: 3, base: 1s, cap: 1m, on: [rate-limit, server]}, timeout: 2m, on-failure: continue, priority: 5, concurrency-key: gpu}
  check: {uses: approval, needs: [draft], when: "steps.draft.status == 'done'", with: {who: [lead], deadline: 2d, default: reject}}
finally:
  tidy: {uses: count, with: {text: "over"}}
"#;

fn kinds() -> Kinds {
    Kinds::builtin()
        .with(
            Kind::new("dataset", "Rows.")
                .takes("path", Type::Text, "A file.")
                .gives(Type::List),
        )
        .with(
            Kind::new("nlp", "Tags.")
                .takes("text", Type::Text, "A text.")
                .gives(Type::Map),
        )
        .with(
            Kind::new("bot", "Asks a bot.")
                .takes("cartridge", Type::Text, "A file.")
                .takes("input", Type::Any, "What it is asked.")
                .gives(Type::Text),
        )
        .with(
            Kind::new("count", "Counts.")
                .may_take("text", Type::Text, "A text.")
                .may_take("rows", Type::List, "Rows.")
                .may_take("limit", Type::Number, "The most.")
                .gives(Type::Number),
        )
}

fn read(text: &str) -> Result<Workflow, Error> {
    Workflow::parse(&Source::new("flow.yaml", text), &kinds())
}

/// The text without its marker, and the marker's line and column.
fn marked(text: &str) -> (String, usize, usize) {
    let (before, after) = text.split_once('«').expect("a marker");
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (format!("{before}{after}"), line, column)
}

/// Each error stands at the marker, has this code, and says this.
fn errors(cases: &[(&str, &str, &str)]) {
    for (text, code, words) in cases {
        let (text, line, column) = marked(text);
        let error = read(&text).expect_err(&text);
        let place = error
            .diagnostic()
            .unwrap_or_else(|| panic!("no place: {error}"));
        assert_eq!((place.line, place.column), (line, column), "{error}");
        assert_eq!((place.code, error.code()), (*code, *code), "{error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

/// A workflow of these lines of steps, for the tables.
macro_rules! steps {
    ($($line:literal)+) => {
        concat!("version: 1\nname: é\ninputs: {type: object, properties: {folder: {type: string}, n: {type: integer}}}\nsteps:\n", $("  ", $line, "\n",)+)
    };
}

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
fn the_shape_of_a_file_is_checked_with_the_nearest_word() {
    errors(&[
        (
            "version: «2\nname: a\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "this build reads 1",
        ),
        (
            "«name: a\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "`version` is missing",
        ),
        (
            "version: 1\nname: a\nsteps: «{}",
            "BS-FLOW-010",
            "at least one step",
        ),
        (
            "version: 1\nname: «\"\"\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "must not be empty",
        ),
        (
            steps!["a: {uses: count, «tiemout: 2s}"],
            "BS-FLOW-010",
            "did you mean `timeout`?",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, needs: a, run-if: «alwyas}"],
            "BS-FLOW-010",
            "`always`?",
        ),
        (
            steps!["a: {uses: count, on-failure: «contniue}"],
            "BS-FLOW-010",
            "`continue`?",
        ),
        (
            steps!["a: {uses: count, timeout: «2 weeks}"],
            "BS-FLOW-010",
            "a duration like",
        ),
        (
            steps!["a: {uses: count, timeout: «0s}"],
            "BS-FLOW-010",
            "1 ms or more",
        ),
        (
            steps!["a: {uses: count, priority: «12}"],
            "BS-FLOW-010",
            "outside 0 to 9",
        ),
        (
            steps!["a: {uses: count, retry: {max: «0}}"],
            "BS-FLOW-010",
            "outside 1 to 1000",
        ),
        (
            steps!["a: {uses: count, retry: {max: 2, base: 2m, cap: «1s}}"],
            "BS-FLOW-010",
            "not below `base`",
        ),
        (
            steps!["a: {uses: count, over: «[1]}"],
            "BS-FLOW-010",
            "belongs to a step of kind `map`",
        ),
        (
            steps!["a: {uses: map, over: [1], item: «a-b, step: {uses: count}}"],
            "BS-FLOW-010",
            "name of an item",
        ),
        (
            steps!["a: {uses: map, over: [1], step: {uses: count, needs: «[b]}}"],
            "BS-FLOW-010",
            "around this one",
        ),
        (
            steps!["a: «{uses: loop, until: output, step: {uses: count}}"],
            "BS-FLOW-010",
            "`at-most` is missing",
        ),
        (
            steps!["«1a: {uses: count}"],
            "BS-FLOW-010",
            "no name of a step",
        ),
        (
            steps!["a: {uses: count, concurrency-key: gpu}" "b: {uses: count, concurrency-key: «{key: gpu, limit: 2}}"],
            "BS-FLOW-010",
            "limit 1 above and 2 here",
        ),
        (
            "version: 1\nname: a\nsteps: {a: {uses: count}}\nfinally: {«a: {uses: count}}",
            "BS-FLOW-010",
            "is a step already",
        ),
        (
            steps!["a: {uses: «cuont}"],
            "BS-FLOW-013",
            "did you mean `count`?",
        ),
        (
            "version: 1\nname: a\ninputs: {type: object, properties: {n: {type: «intger}}}\nsteps: {a: {uses: count}}",
            "BS-FLOW-017",
            "JSON Schema",
        ),
        (
            "version: 1\nname: a\ninputs: {type: «array}\nsteps: {a: {uses: count}}",
            "BS-FLOW-017",
            "type: object",
        ),
    ]);
}

#[test]
fn steps_that_are_none_circles_and_steps_that_never_run_are_named() {
    errors(&[
        (
            steps!["load: {uses: count}" "b: {uses: count, needs: [«laod]}"],
            "BS-FLOW-011",
            "did you mean `load`?",
        ),
        (
            steps!["load: {uses: count}" "b: {uses: count, with: {limit: \"{{ «steps.laod.output }}\"}}"],
            "BS-FLOW-011",
            "did you mean `load`?",
        ),
        (
            steps!["load: {uses: count}" "b: {uses: count, when: 1 < «steps.laod.output}"],
            "BS-FLOW-011",
            "`load`?",
        ),
        (
            steps!["my-step: {uses: count}" "b: {uses: count, when: «steps.my-step.output > 1}"],
            "BS-FLOW-011",
            "steps['my-step']",
        ),
        (
            steps!["my: {uses: count}" "b: {uses: count, when: «steps.my-1 > 1}"],
            "BS-FLOW-016",
            "as in `steps.my.output`",
        ),
        (
            "version: 1\nname: a\nsteps: {a: {uses: count, needs: «z}}\nfinally: {z: {uses: count}}",
            "BS-FLOW-011",
            "runs after all steps",
        ),
        (
            steps!["a: {uses: count, needs: «a}"],
            "BS-FLOW-012",
            "`a` -> `a`",
        ),
        (
            steps![
                "x: {uses: count, needs: b}"
                "a: {uses: count, needs: d}"
                "b: {uses: count, needs: c}"
                "c: {uses: count, when: steps.d.output > 1}"
                "d: {uses: count, with: {limit: '{{ «steps.b.output }}'}}"
            ],
            "BS-FLOW-012",
            "`b` -> `c` -> `d` -> `b`",
        ),
        (
            steps!["a: {uses: count, when: «false}" "b: {uses: count, needs: a}"],
            "BS-FLOW-015",
            "needs it: `b`",
        ),
        (
            steps!["a: {uses: count, when: «1 > 2}"],
            "BS-FLOW-015",
            "it is never true",
        ),
        (
            steps!["a: {uses: count, run-if: «failed}"],
            "BS-FLOW-015",
            "no step that could fail",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: «steps.a.status == 'failed'}"],
            "BS-FLOW-015",
            "skipped before it is asked",
        ),
        (
            steps!["a: {uses: map, over: [1], step: {uses: count, when: «false}}"],
            "BS-FLOW-015",
            "the step inside can never run",
        ),
    ]);
    // The same condition can hold where the step is asked.
    for run_if in ["failed", "always"] {
        let text = format!(
            "version: 1\nname: a\nsteps:\n  a: {{uses: count}}\n  b: {{uses: count, run-if: {run_if}, when: steps.a.status == 'failed'}}\n"
        );
        assert!(read(&text).is_ok());
    }
}

#[test]
fn values_of_the_wrong_type_are_found_before_the_run() {
    errors(&[
        (
            steps!["a: {uses: count, with: {«limt: 3}}"]
                .replace("«limt: 3", "limt: «3")
                .leak(),
            "BS-FLOW-014",
            "`limit`?",
        ),
        (
            steps!["a: {uses: count, with: {limit: «many}}"],
            "BS-FLOW-014",
            "expected a number, found text",
        ),
        (
            steps!["a: «{uses: nlp}"],
            "BS-FLOW-014",
            "needs text as `text`",
        ),
        (
            steps!["a: {uses: wait, with: {for: «soon}}"],
            "BS-FLOW-010",
            "a duration like",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: map, over: \"{{ «steps.a.output }}\", step: {uses: count}}"],
            "BS-FLOW-014",
            "found a number, the output of step `a` (`count`)",
        ),
        (
            steps!["a: {uses: count, with: {limit: «\"{{ inputs.folder }}\"}}"],
            "BS-FLOW-014",
            "expected a number, found text",
        ),
        (
            steps!["a: {uses: count, with: {rows: «'x{{ inputs.n }}'}}"],
            "BS-FLOW-014",
            "made by a template",
        ),
        (
            steps!["a: {uses: count, with: {text: \"x {{ «inputs.fodler }}\"}}"],
            "BS-FLOW-014",
            "`folder`?",
        ),
        (
            "version: 1\nname: a\nsteps:\n  a:\n    uses: count\n    with:\n      text: |\n        one\n        {{ «inputs.x }}\n",
            "BS-FLOW-014",
            "declares no `inputs`",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: \"steps.a.status == «'don'\"}"],
            "BS-FLOW-014",
            "did you mean `done`?",
        ),
    ]);
}

#[test]
fn templates_that_break_or_are_refused_are_shown_at_the_word() {
    errors(&[
        (
            steps!["a: {uses: count, with: {text: «'{{ inputs. }}'}}"],
            "BS-FLOW-016",
            "not a valid template",
        ),
        (
            steps!["a: {uses: count, when: «'{{ inputs.n }}'}"]
                .replace("«'{{", "'«{{")
                .leak(),
            "BS-FLOW-016",
            "may not use `{`",
        ),
        (
            steps!["a: {uses: count, with: {text: '{{ «row.text }}'}}"],
            "BS-FLOW-016",
            "`row` is nothing",
        ),
        (
            steps![
                "a: {uses: map, over: [1], item: row, step: {uses: count, with: {text: '{{ «rwo }}'}}}"
            ],
            "BS-FLOW-016",
            "did you mean `row`?",
        ),
        (
            steps!["a: {uses: count, with: {text: '{{ inputs.n «~ 1 }}'}}"],
            "BS-FLOW-016",
            "may not use `~`",
        ),
        (
            steps!["a: {uses: count, when: \"2 «* 3 == 6\"}"],
            "BS-FLOW-016",
            "may not use `*`",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: «steps.a.outptu}"],
            "BS-FLOW-016",
            "`output`?",
        ),
        (
            steps!["a: {uses: count, when: «steps}"],
            "BS-FLOW-016",
            "read by name",
        ),
        (
            steps!["a: {uses: count, when: \"«secret('x') == 'y'\"}"],
            "BS-FLOW-016",
            "is stored",
        ),
        (
            steps!["a: {uses: map, over: \"{{ «secret('x') }}\", step: {uses: count}}"],
            "BS-FLOW-016",
            "is stored",
        ),
    ]);
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
fn a_map_adds_a_step_for_each_item_and_a_loop_one_at_a_time() {
    let text = steps![
        "load: {uses: dataset, with: {path: x}}"
        "tag: {uses: map, over: '{{ steps.load.output }}', item: row, step: {uses: nlp, with: {text: '{{ row.text }}'}, retry: {max: 2}}}"
        "again: {uses: loop, until: output > 2, at-most: 4, step: {uses: count, with: {limit: '{{ iteration }}'}}}"
    ];
    let plan = read(text).unwrap().plan().unwrap();
    let work =
        |key: &str| Work::of(plan.steps().iter().find(|step| step.key == key).unwrap()).unwrap();
    let tag = work("tag");
    assert_eq!(tag.reads().into_iter().collect::<Vec<_>>(), ["load"]);
    let items = tag.for_items("tag", &[json!({"text": "a"}), json!({"text": "b"})]);
    let keys: Vec<_> = items
        .iter()
        .map(|step| (step.key.as_str(), step.retry.max))
        .collect();
    assert_eq!(keys, [("tag#0", 2), ("tag#1", 2)]);
    let second = Work::of(&items[1]).unwrap();
    let scope = second.scope(Scope::new(json!({})));
    assert_eq!(scope.value(&second.with).unwrap(), json!({"text": "b"}));

    let again = work("again");
    let scope = Scope::new(json!({}));
    let next = |at, previous: Value| {
        again
            .next_iteration("again", at, &previous, &scope)
            .unwrap()
    };
    let first = next(1, Value::Null).unwrap();
    assert_eq!(first.key, "again#1");
    let given = Work::of(&first).unwrap();
    let own = given.scope(scope.clone());
    assert_eq!(own.value(&given.with).unwrap(), json!({"limit": 1}));
    assert!(next(2, json!(1)).is_some());
    assert!(next(2, json!(3)).is_none(), "until holds");
    assert!(next(5, json!(1)).is_none(), "at most 4");
}

#[test]
fn workflows_stand_in_workflows_and_are_pinned_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let open = |name: &str| Workflow::read(folder.path().join(name), &kinds());
    let child = "version: 1\nname: child\ninputs: {type: object, properties: {n: {type: integer}}, required: [n]}\nsteps:\n  one: {uses: count, with: {limit: '{{ inputs.n }}'}}\n  two: {uses: count, with: {limit: '{{ steps.one.output }}'}}\n";
    write("child.yaml", child);
    write(
        "parent.yaml",
        "version: 1\nname: parent\nsteps:\n  sub: {uses: workflow, with: {path: child.yaml, inputs: {n: 3}}}\n  end: {uses: count, when: steps.sub.output.two > 1}\n",
    );
    let parent = open("parent.yaml").unwrap();
    let plan = parent.plan().unwrap();
    let sub = Work::of(&plan.steps()[0]).unwrap();
    let below = sub.below("sub", &json!({"n": 3})).unwrap();
    let keys: Vec<_> = below
        .iter()
        .map(|step| (step.key.as_str(), step.needs.clone()))
        .collect();
    assert_eq!(
        keys,
        [("sub.one", vec![]), ("sub.two", vec!["sub.one".to_owned()])]
    );
    let two = Work::of(&below[1]).unwrap();
    assert_eq!(two.reads().into_iter().collect::<Vec<_>>(), ["sub.one"]);
    let one = Work::of(&below[0]).unwrap();
    let scope = one.scope(Scope::new(json!({"n": 99})));
    assert_eq!(scope.value(&one.with).unwrap(), json!({"limit": 3}));
    assert_eq!(
        sub.below("sub", &json!({})).unwrap_err().code(),
        "BS-FLOW-018"
    );

    write(
        "child.yaml",
        &child.replace(
            "{uses: count, with: {limit: '{{ inputs.n }}'}}",
            "{uses: count}",
        ),
    );
    assert_ne!(open("parent.yaml").unwrap().hash(), parent.hash());

    write(
        "child.yaml",
        "version: 1\nname: child\nsteps:\n  up: {uses: workflow, with: {path: parent.yaml}}\n",
    );
    let error = open("parent.yaml").unwrap_err();
    let place = error.diagnostic().unwrap();
    assert_eq!(
        (error.code(), place.line, place.column),
        ("BS-FLOW-020", 4, 37)
    );
    assert!(
        place.path.ends_with("child.yaml") && place.message.contains("in a circle"),
        "{error}"
    );

    write("child.yaml", child);
    for (with, code, words) in [
        ("{path: «gone.yaml}", "BS-FLOW-020", "gone.yaml"),
        (
            "{path: '{{ «inputs.x }}'}",
            "BS-FLOW-014",
            "declares no `inputs`",
        ),
        (
            "{path: child.yaml, inputs: «{}}",
            "BS-FLOW-014",
            "needs the input `n`",
        ),
        (
            "{path: child.yaml, inputs: {m: «1}}",
            "BS-FLOW-014",
            "no input `m`",
        ),
        (
            "{path: child.yaml, inputs: {n: «x}}",
            "BS-FLOW-014",
            "expected a number",
        ),
    ] {
        let (text, line, column) = marked(&format!(
            "version: 1\nname: p\nsteps:\n  s: {{uses: workflow, with: {with}}}\n"
        ));
        write("parent.yaml", &text);
        let error = open("parent.yaml").unwrap_err();
        let place = error.diagnostic().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(
            (error.code(), place.line, place.column),
            (code, line, column),
            "{error}"
        );
    }
}

#[test]
fn a_run_of_a_workflow_gives_its_worker_what_the_step_says() {
    let flows = FlowStore::open(store::open("memory:").unwrap()).unwrap();
    let workflow = read(NIGHTLY).unwrap();
    let inputs = json!({"folder": "docs"});
    workflow.check_inputs(&inputs).unwrap();
    let plan = workflow.plan().unwrap();
    flows.start("r", workflow.name(), &plan, &inputs).unwrap();
    let offers = ["dataset", "map", "nlp", "bot", "approval", "count"];
    let worker = Worker::new(offers.map(|kind| format!("kind:{kind}")));
    let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
    let mut given = Vec::new();
    loop {
        let claimed = flows.claim(&worker, 1, 60_000).unwrap();
        let Some(claimed) = claimed.first() else {
            break;
        };
        assert_eq!(claimed.plan_hash, plan.hash());
        let work = Work::of(&claimed.plan).unwrap();
        let mut scope = Scope::new(claimed.inputs.clone());
        for key in work.reads() {
            let ended = Ended {
                status: StepStatus::Done,
                output: Some(outputs[&key].clone()),
                error: None,
            };
            scope = scope.step(key, ended);
        }
        let scope = work.scope(scope);
        assert!(work.is_wanted(&scope).unwrap());
        let key = claimed.plan.key.clone();
        let (output, added) = match &work.each {
            Some(each) => {
                let items = scope.value(&each.over).unwrap();
                let added = work.for_items(&key, items.as_array().unwrap());
                (json!(added.len()), added)
            }
            None if key == "load" => (json!([{"text": "a"}, {"text": "b"}]), Vec::new()),
            None => (json!(key), Vec::new()),
        };
        given.push((key.clone(), scope.value(&work.with).unwrap()));
        outputs.insert(key, output.clone());
        let commit = Commit::new(claimed, Output::Done(output)).spawning(added);
        assert_eq!(flows.commit(&[commit]).unwrap(), [Committed::Stored]);
    }
    assert_eq!(flows.run("r").unwrap().status, RunStatus::Done);
    let given: BTreeMap<_, _> = given.into_iter().collect();
    assert_eq!(given["load"], json!({"path": "docs/*.md"}));
    assert_eq!(given["tag#1"], json!({"text": "b"}));
    assert_eq!(
        given["draft"],
        json!({"cartridge": "bots/sum.yml", "input": 2})
    );
    assert_eq!(given.len(), 7);
}

#[test]
fn a_condition_is_asked_of_what_the_step_before_came_to() {
    let plan = read(NIGHTLY).unwrap().plan().unwrap();
    let check = plan
        .steps()
        .iter()
        .find(|step| step.key == "check")
        .unwrap();
    let work = Work::of(check).unwrap();
    for (status, wanted) in [(StepStatus::Done, true), (StepStatus::Failed, false)] {
        let ended = Ended {
            status,
            output: None,
            error: None,
        };
        let scope = Scope::new(json!({})).step("draft", ended);
        assert_eq!(work.is_wanted(&scope).unwrap(), wanted);
    }
}

#[test]
fn the_json_schema_takes_what_is_read_and_refuses_what_is_not() {
    let validator = jsonschema::validator_for(&schema(&kinds())).unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_gives_a_workflow_or_an_error_at_a_place_inside_it(
        text in "\\PC{0,80}",
        at in 0..NIGHTLY.len(),
        cut in 0..20_usize,
        piece in "[a-z\\{\\}\\[\\]%'\":|.~é\n -]{0,8}",
    ) {
        let start = NIGHTLY.floor_char_boundary(at);
        let end = NIGHTLY.floor_char_boundary((at + cut).min(NIGHTLY.len())).max(start);
        let changed = format!("{}{piece}{}", &NIGHTLY[..start], &NIGHTLY[end..]);
        let inside = format!("version: 1\nname: a\nsteps: {{a: {{uses: count, when: {}}}}}", json!(text));
        let value = format!("version: 1\nname: a\nsteps: {{a: {{uses: count, with: {{text: {}}}}}}}", json!(format!("{{{{{text}")));
        for text in [text, changed, inside, value] {
            match read(&text) {
                Ok(workflow) => {
                    let again: Workflow = serde_json::from_str(&serde_json::to_string(&workflow).unwrap()).unwrap();
                    prop_assert_eq!(again.hash(), workflow.hash());
                    prop_assert!(workflow.plan().is_ok());
                }
                Err(error) => {
                    let place = error.diagnostic().expect("a place");
                    prop_assert!(place.line <= text.split(['\n', '\r']).count(), "{}", error);
                    prop_assert_eq!(place.path.as_path(), Path::new("flow.yaml"));
                }
            }
        }
    }
}

#[test]
fn many_steps_are_read_and_checked_in_time() {
    let steps: Vec<String> = (1..3000)
        .map(|at| {
            let before = at - 1;
            format!("  s{at}: {{uses: count, when: steps.s{before}.output > 1}}")
        })
        .collect();
    let head = "version: 1\nname: long\nsteps:\n  s0: {uses: count}\n";
    let text = format!("{head}{}\n", steps.join("\n"));
    let plan = read(&text).unwrap().plan().unwrap();
    let at: BTreeMap<_, _> = plan
        .steps()
        .iter()
        .enumerate()
        .map(|(at, s)| (s.key.as_str(), at))
        .collect();
    assert_eq!(at["s2999"], 2999);
}
