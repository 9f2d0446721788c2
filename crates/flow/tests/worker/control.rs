//! `map`, `loop`, `workflow`, `when`, `finally`, failures inside.

use std::path::Path;

use botsmith_core::yaml::Source;
use botsmith_flow::{RunStatus, StepStatus, Workflow, run};
use serde_json::json;

use crate::{done, memory, output, status, test_kinds, worker};

#[test]
fn a_map_gives_the_outputs_of_its_items_in_order_and_what_reads_it_waits_for_all() {
    let flows = memory();
    let state = done(
        &flows,
        "steps:
  load: {uses: echo, with: {value: [3, 1, 2]}}
  each: {uses: map, over: '{{ steps.load.output }}', item: row, max-parallel: 2, step: {uses: echo, with: {value: {row: '{{ row }}', at: '{{ index }}'}}}}
  count: {uses: echo, with: {value: '{{ steps.each.output | length }}'}}
  none: {uses: map, over: [], step: {uses: fail}}",
    );
    assert_eq!(state.status, RunStatus::Done);
    let wanted = json!([{"row": 3, "at": 0}, {"row": 1, "at": 1}, {"row": 2, "at": 2}]);
    assert_eq!(output(&flows, "each"), wanted);
    assert_eq!(output(&flows, "count"), json!(3));
    assert_eq!(output(&flows, "none"), json!([]));
    assert_eq!(
        flows.permits("r/each").unwrap(),
        0,
        "all permits were given back"
    );
}

#[test]
fn a_map_in_a_map_and_conditions_inside() {
    let flows = memory();
    let state = done(
        &flows,
        "steps:
  outer: {uses: map, over: [[1, 2], [3]], item: list, step: {uses: map, over: '{{ list }}', item: n, step: {uses: echo, when: n != 2, with: {value: '{{ [n, inputs.n] }}'}}}}",
    );
    assert_eq!(state.status, RunStatus::Done);
    assert_eq!(output(&flows, "outer"), json!([[[1, 3], null], [[3, 3]]]));
}

#[test]
fn a_failed_item_fails_the_map_by_name_and_the_map_says_what_that_means() {
    for (policy, wanted, after) in [
        ("fail", RunStatus::Failed, StepStatus::Skipped),
        ("continue", RunStatus::Done, StepStatus::Done),
    ] {
        let flows = memory();
        let state = done(
            &flows,
            &format!(
                "steps:
  each: {{uses: map, over: [0, 1, 5], on-failure: {policy}, step: {{uses: flaky, with: {{times: '{{{{ item }}}}'}}, retry: {{max: 2, base: 1ms}}}}}}
  other: {{uses: echo, needs: [each], run-if: always, when: steps.each.status == 'failed', with: {{value: '{{{{ steps.each.error }}}}'}}}}
  later: {{uses: wait, with: {{for: 300ms}}}}"
            ),
        );
        assert_eq!(state.status, wanted);
        assert_eq!(output(&flows, "each#1"), json!(2), "it was tried again");
        assert_eq!(output(&flows, "other"), "item `each#2` failed: not yet");
        assert_eq!(status(&flows, "later"), after);
    }
}

#[test]
fn a_loop_ends_when_its_expression_holds_or_at_most_so_often() {
    let flows = memory();
    let state = done(
        &flows,
        "steps:
  until: {uses: loop, until: output.n >= 3, at-most: 10, step: {uses: echo, with: {value: {n: '{{ iteration }}', before: '{{ previous }}'}}}}
  most: {uses: loop, until: output == 99, at-most: 2, step: {uses: echo, with: {value: '{{ iteration }}'}}}
  read: {uses: echo, with: {value: '{{ steps.until.output.n }}'}}",
    );
    assert_eq!(state.status, RunStatus::Done);
    let second = json!({"n": 2, "before": {"n": 1, "before": null}});
    assert_eq!(output(&flows, "until"), json!({"n": 3, "before": second}));
    assert!(flows.step("r", "until#4").is_err());
    assert_eq!(output(&flows, "most"), json!(2));
    assert_eq!(output(&flows, "read"), json!(3));
}

#[test]
fn another_workflow_is_one_step_with_its_own_inputs_and_names() {
    let flows = memory();
    let below = "version: 1
name: below
inputs: {type: object, properties: {text: {type: string}}, required: [text]}
steps:
  one: {uses: echo, with: {value: '{{ inputs.text }}'}}
  two: {uses: map, over: [1, 2], step: {uses: echo, with: {value: '{{ steps.one.output }}{{ item }}'}}}
finally:
  last: {uses: echo, with: {value: '{{ steps.two.output }}'}}
";
    let text = "version: 1
name: above
steps:
  one: {uses: echo, with: {value: above}}
  sub: {uses: workflow, with: {path: below.yaml, inputs: {text: '{{ steps.one.output }}'}}}
  end: {uses: echo, with: {value: '{{ steps.sub.output.last }}'}}
";
    let files = |path: &Path| Ok(Source::new(path, below));
    let source = Source::new("flow.yaml", text);
    let workflow = Workflow::parse_with(&source, &test_kinds(), &files).unwrap();
    let state = run(worker(&flows), "r", &workflow, &json!({})).unwrap();
    assert_eq!(state.status, RunStatus::Done);
    let items = json!(["above1", "above2"]);
    assert_eq!(
        output(&flows, "sub"),
        json!({"last": items, "one": "above", "two": items})
    );
    assert_eq!(output(&flows, "end"), items);
}

#[test]
fn a_failure_in_another_workflow_is_the_steps_own() {
    let flows = memory();
    let below = "version: 1
name: below
steps:
  bad: {uses: fail}
  fine: {uses: fail, on-failure: continue}
finally:
  last: {uses: echo, with: {value: 1}}
";
    let text = "version: 1
name: above
steps:
  sub: {uses: workflow, on-failure: continue, with: {path: below.yaml}}
";
    let files = |path: &Path| Ok(Source::new(path, below));
    let source = Source::new("flow.yaml", text);
    let workflow = Workflow::parse_with(&source, &test_kinds(), &files).unwrap();
    let state = run(worker(&flows), "r", &workflow, &json!({})).unwrap();
    assert_eq!(state.status, RunStatus::Done);
    let sub = flows.step("r", "sub").unwrap();
    assert_eq!(sub.status, StepStatus::Failed);
    assert_eq!(
        sub.error.unwrap().message,
        "step `sub.bad` failed: as it was told"
    );
    assert_eq!(
        output(&flows, "sub.last"),
        json!(1),
        "what is under finally ran"
    );
}

#[test]
fn finally_runs_after_a_failure_and_a_condition_skips() {
    let flows = memory();
    let state = done(
        &flows,
        "steps:
  bad: {uses: fail}
  skipped: {uses: echo, when: inputs.n > 3, with: {value: 1}}
finally:
  tidy: {uses: echo, with: {value: '{{ steps.bad.status }} {{ steps.bad.error }}'}}",
    );
    assert_eq!(state.status, RunStatus::Failed);
    assert_eq!(output(&flows, "tidy"), "failed as it was told");
    assert_eq!(status(&flows, "skipped"), StepStatus::Skipped);
}

#[test]
fn a_requeued_map_repeats_only_the_items_that_failed() {
    let flows = memory();
    let state = done(
        &flows,
        "steps:
  each: {uses: map, over: [0, 1], step: {uses: flaky, with: {times: '{{ item }}'}}}",
    );
    assert_eq!(state.status, RunStatus::Failed);
    flows.requeue("r").unwrap();
    let state = done(
        &flows,
        "steps:
  each: {uses: map, over: [0, 1], step: {uses: flaky, with: {times: '{{ item }}'}}}",
    );
    assert_eq!(state.status, RunStatus::Done);
    assert_eq!(output(&flows, "each"), json!([1, 2]));
    assert_eq!(flows.step("r", "each#0").unwrap().attempts, 1);
}
