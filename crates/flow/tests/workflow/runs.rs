//! A plan in a store -> what each worker is given.

use std::collections::BTreeMap;

use botsmith_core::store;
use botsmith_flow::{
    Claimant, Commit, Committed, Ended, FlowStore, Output, RunStatus, Scope, StepStatus, Work,
};
use serde_json::{Value, json};

use crate::{NIGHTLY, read};

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
fn a_run_of_a_workflow_gives_its_worker_what_the_step_says() {
    let flows = FlowStore::open(store::open("memory:").unwrap()).unwrap();
    let workflow = read(NIGHTLY).unwrap();
    let inputs = json!({"folder": "docs"});
    workflow.check_inputs(&inputs).unwrap();
    let plan = workflow.plan().unwrap();
    flows.start("r", workflow.name(), &plan, &inputs).unwrap();
    let offers = ["dataset", "map", "nlp", "bot", "approval", "count"];
    let worker = Claimant::new(offers.map(|kind| format!("kind:{kind}")));
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
