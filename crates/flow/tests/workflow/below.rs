//! Workflows in workflows, from real files.

use botsmith_flow::{Scope, Work, Workflow};
use serde_json::json;

use crate::{kinds, marked};

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
