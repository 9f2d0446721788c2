//! Kinds that wait: `wait`, `signal`, `approval`, `ask`; errors, retries and timeouts of steps and runs.

use std::time::Duration;

use botsmith_core::SecretString;
use botsmith_flow::{Outlook, RunStatus, StepStatus, outlook, run};
use serde_json::json;

use crate::{done, memory, output, status, wait_for, worker, workflow};

#[test]
fn an_approval_waits_and_those_who_may_decide() {
    let lines = "steps:
  check: {uses: approval, with: {who: [lead], message: 'Publish?'}}
  after: {uses: echo, when: steps.check.output.approved, with: {value: '{{ steps.check.output.by }}'}}";
    for approved in [true, false] {
        let flows = memory();
        let state = done(&flows, lines);
        assert_eq!(state.status, RunStatus::Running);
        let Outlook::Waits(steps) = outlook(&flows, "r").unwrap() else {
            panic!()
        };
        let about = steps[0].wait.as_ref().unwrap().about.as_ref().unwrap();
        assert_eq!(
            *about,
            json!({"kind": "approval", "message": "Publish?", "who": ["lead"]})
        );
        let error = flows
            .decide("r", "check", true, Some("me"), None)
            .unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-021", "{error}");
        let error = flows
            .decide("r", "after", true, Some("lead"), None)
            .unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-005", "{error}");
        flows
            .decide("r", "check", approved, Some("lead"), None)
            .unwrap();
        // First word counts.
        let kept = flows
            .decide("r", "check", !approved, Some("lead"), None)
            .unwrap();
        assert_eq!(kept["approved"], approved);
        assert_eq!(done(&flows, lines).status, RunStatus::Done);
        let wanted = if approved {
            StepStatus::Done
        } else {
            StepStatus::Skipped
        };
        assert_eq!(status(&flows, "after"), wanted);
    }
}

#[test]
fn a_question_is_answered_as_its_schema_says() {
    let lines = "steps:
  ask: {uses: ask, with: {question: How many?, schema: {type: integer, minimum: 1}}}
  after: {uses: echo, with: {value: '{{ steps.ask.output }}'}}";
    let flows = memory();
    done(&flows, lines);
    for wrong in [json!("s3cret"), json!(0), json!(null)] {
        let error = flows.answer("r", "ask", &wrong).unwrap_err();
        assert_eq!(error.code(), "BS-FLOW-021");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    flows.answer("r", "ask", &json!(7)).unwrap();
    assert_eq!(done(&flows, lines).status, RunStatus::Done);
    assert_eq!(output(&flows, "after"), json!(7));
}

#[test]
fn waits_end_by_time_by_signal_and_by_default() {
    let lines = "steps:
  time: {uses: wait, with: {for: 30ms}}
  seconds: {uses: wait, with: {for: 0.02}}
  event: {uses: signal, with: {name: done}}
  default: {uses: signal, with: {name: never, deadline: 20ms, default: {a: 1}}}
  reject: {uses: approval, with: {deadline: 20ms, default: reject}}
  late: {uses: signal, on-failure: continue, with: {name: late, deadline: 20ms}}";
    let flows = memory();
    let state = done(&flows, lines);
    assert_eq!(
        state.status,
        RunStatus::Running,
        "only the event is missing"
    );
    flows.signal("r", "done", &json!("it is")).unwrap();
    assert_eq!(done(&flows, lines).status, RunStatus::Done);
    assert_eq!(output(&flows, "event"), "it is");
    assert_eq!(output(&flows, "default"), json!({"a": 1}));
    assert_eq!(
        output(&flows, "reject"),
        json!({"approved": false, "by": null})
    );
    assert_eq!(status(&flows, "late"), StepStatus::Failed);
}

#[test]
fn a_wait_that_ends_by_itself_before_long_is_sat_out_and_a_longer_one_is_somebodys() {
    let lines = |deadline: &str| {
        format!(
            "steps:\n  ask: {{uses: ask, with: {{question: And?, deadline: {deadline}, default: 1}}}}"
        )
    };
    let flows = memory();
    assert_eq!(done(&flows, &lines("500ms")).status, RunStatus::Done);
    let flows = memory();
    assert_eq!(done(&flows, &lines("1h")).status, RunStatus::Running);
}

#[test]
fn attempts_fail_by_class_by_time_and_by_panic_and_are_tried_again() {
    let lines = "steps:
  flaky: {uses: flaky, with: {times: 2}, retry: {max: 3, base: 1ms, on: [server]}}
  other: {uses: fail, on-failure: continue, with: {class: client}, retry: {max: 5, base: 1ms, on: [server]}}
  slow: {uses: sleep, on-failure: continue, with: {ms: 60000}, timeout: 30ms}
  panic: {uses: block, on-failure: continue, with: {ms: -1}}
  template: {uses: echo, on-failure: continue, with: {value: '{{ inputs.none }}'}}";
    let flows = memory();
    assert_eq!(done(&flows, lines).status, RunStatus::Done);
    assert_eq!(output(&flows, "flaky"), json!(3));
    let class = |step: &str| {
        let step = flows.step("r", step).unwrap();
        (step.error.unwrap().class, step.attempts)
    };
    assert_eq!(class("other"), ("client".into(), 1));
    assert_eq!(class("slow"), ("timeout".into(), 1));
    assert_eq!(class("panic"), ("panic".into(), 1));
    assert_eq!(class("template"), ("template".into(), 1));
}

#[test]
fn a_run_whose_time_is_over_fails_and_tidies_up() {
    let flows = memory();
    let state = run(
        worker(&flows).lease(Duration::from_millis(300)),
        "r",
        &workflow(
            "timeout: 200ms
steps:
  slow: {uses: sleep, with: {ms: 60000}}
  wait: {uses: wait, with: {for: 1h}}
  next: {uses: echo, needs: [slow], with: {value: 1}}
finally:
  tidy: {uses: echo, with: {value: 1}}",
        ),
        &json!({}),
    )
    .unwrap();
    assert_eq!(state.status, RunStatus::Failed);
    assert!(state.timed_out);
    assert_eq!(status(&flows, "wait"), StepStatus::Skipped);
    assert_eq!(status(&flows, "next"), StepStatus::Skipped);
    assert_eq!(status(&flows, "tidy"), StepStatus::Done);
}

#[test]
fn a_cancelled_run_stops_what_runs() {
    let flows = memory();
    let workflow = workflow(
        "steps:\n  slow: {uses: sleep, with: {ms: 60000}}\n  next: {uses: echo, needs: [slow], with: {value: 1}}",
    );
    flows
        .start("r", "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let running = worker(&flows)
        .lease(Duration::from_millis(300))
        .start()
        .unwrap();
    wait_for("the step", || status(&flows, "slow") == StepStatus::Running);
    flows.cancel("r").unwrap();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Cancelled
    });
    assert_eq!(status(&flows, "slow"), StepStatus::Cancelled);
    running.drain(Duration::ZERO);
    running.join();
}

#[test]
fn secrets_are_given_to_steps_and_stored_nowhere() {
    let flows = memory();
    let worker =
        worker(&flows).secrets(|name| (name == "key").then(|| SecretString::new("s3cr3t-value")));
    let lines = "steps:
  echo: {uses: echo, with: {value: {deep: ['is {{ secret(\"key\") }}'], n: 1}}}
  fail: {uses: fail, on-failure: continue, with: {class: '{{ secret(\"key\") }}'}}
  ask: {uses: ask, with: {question: '{{ secret(\"key\") }}?', deadline: 10ms, default: 1}}
  after: {uses: echo, with: {value: '{{ steps.echo.output }}'}}";
    let state = run(worker, "r", &workflow(lines), &json!({})).unwrap();
    assert_eq!(state.status, RunStatus::Done);
    assert_eq!(output(&flows, "echo"), json!({"deep": ["is ***"], "n": 1}));
    let store = flows.state();
    for partition in store.partitions("", None, usize::MAX).unwrap() {
        for (key, record) in store.scan(&partition, "", None, usize::MAX).unwrap() {
            let text = String::from_utf8_lossy(&record.value).into_owned();
            assert!(!text.contains("s3cr3t-value"), "{key}: {text}");
        }
    }
}
