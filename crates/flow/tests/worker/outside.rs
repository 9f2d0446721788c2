//! Kinds that reach outside: `command`, `http`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use botsmith_flow::{RunStatus, StepStatus, run};
use serde_json::{Value, json};

use crate::{memory, output, status, wait_for, worker, workflow};

#[test]
fn a_program_is_run_without_a_shell_and_only_where_it_is_allowed() {
    let flows = memory();
    let lines = "steps:
  cat: {uses: command, with: {run: [cat], stdin: 'a $HOME'}}
  key: {uses: command, with: {run: [printenv, BOTSMITH_IDEMPOTENCY_KEY]}}
  exit: {uses: command, on-failure: continue, with: {run: [sh, -c, 'echo bad >&2; exit 3']}}
  none: {uses: command, on-failure: continue, with: {run: [no-such-program]}}
  slow: {uses: command, on-failure: continue, timeout: 50ms, with: {run: [sh, -c, 'sleep 60 & wait']}}";
    let state = run(
        worker(&flows).allow_commands(true),
        "r",
        &workflow(lines),
        &json!({}),
    )
    .unwrap();
    assert_eq!(state.status, RunStatus::Done);
    assert_eq!(
        output(&flows, "cat"),
        json!({"stdout": "a $HOME", "stderr": ""})
    );
    assert_eq!(output(&flows, "key")["stdout"], "r/key\n");
    let error = |step: &str| flows.step("r", step).unwrap().error.unwrap();
    assert_eq!(error("exit").class, "exit");
    assert!(error("exit").message.contains("bad"), "{:?}", error("exit"));
    assert_eq!(error("none").class, "spawn");
    assert_eq!(error("slow").class, "timeout");

    let flows = memory();
    let workflow = workflow("steps:\n  cat: {uses: command, with: {run: [cat]}}");
    flows
        .start("r", "test", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let running = worker(&flows).start().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    running.drain(Duration::ZERO);
    assert_eq!(running.join().claimed, 0);
    assert_eq!(status(&flows, "cat"), StepStatus::Ready);
}

/// Answers these in turn; gives what it was asked.
fn server(answers: Vec<&'static str>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut part = [0; 4096];
            loop {
                let n = stream.read(&mut part).unwrap();
                text.push_str(&String::from_utf8_lossy(&part[..n]));
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head
                    .lines()
                    .find_map(|line| {
                        line.to_lowercase()
                            .strip_prefix("content-length: ")
                            .map(str::to_owned)
                    })
                    .map_or(0, |n| n.parse().unwrap());
                if body.len() >= length {
                    break;
                }
            }
            asked.push(text);
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (address, serving)
}

#[test]
fn a_request_is_sent_again_with_the_same_key_and_its_answer_is_the_output() {
    let (url, serving) = server(vec![
        "HTTP/1.1 503 busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy",
        "HTTP/1.1 200 ok\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"a\": 1}",
    ]);
    let flows = memory();
    let lines = format!(
        "steps:\n  ask: {{uses: http, retry: {{max: 2, base: 1ms, on: [server]}}, with: {{url: '{url}/x', method: post, headers: {{X-A: b}}, body: {{n: '{{{{ inputs.n }}}}'}}}}}}\n  gone: {{uses: http, on-failure: continue, with: {{url: 'http://127.0.0.1:1/secret'}}}}"
    );
    let state = run(worker(&flows), "r", &workflow(&lines), &json!({"n": 3})).unwrap();
    assert_eq!(state.status, RunStatus::Done);
    let answer: Value = output(&flows, "ask");
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&json!(200), &json!({"a": 1}))
    );
    for asked in serving.join().unwrap() {
        let asked = asked.to_lowercase();
        assert!(
            asked.starts_with("post /x ") && asked.contains("idempotency-key: r/ask"),
            "{asked}"
        );
        assert!(
            asked.contains("x-a: b") && asked.ends_with("{\"n\":3}"),
            "{asked}"
        );
    }
    let gone = flows.step("r", "gone").unwrap().error.unwrap();
    assert_eq!(gone.class, "network");
    assert!(!gone.message.contains("secret"), "{gone:?}");
}

#[test]
fn people_are_told_when_a_word_is_needed_and_when_a_run_ends() {
    let answer = "HTTP/1.1 204 fine\r\nconnection: close\r\n\r\n";
    let (url, serving) = server(vec![
        answer,
        "HTTP/1.1 500 oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        answer,
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told");
    let write = format!("cat >> {}", file.display());
    let told = botsmith_flow::Notify::Command(vec!["sh".into(), "-c".into(), write]);
    let flows = memory();
    let teller = || {
        worker(&flows)
            .notify(botsmith_flow::Notify::Webhook(format!("{url}/hook")))
            .notify(told.clone())
    };
    let lines = "steps:\n  check: {uses: approval, with: {message: 'Publish?', deadline: 300ms, default: reject}}";
    let running = teller().start().unwrap();
    flows
        .start("r", "test", &workflow(lines).plan().unwrap(), &json!({}))
        .unwrap();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    wait_for("the last notice", || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.lines().count() == 2)
    });
    running.drain(Duration::ZERO);
    running.join();
    let asked = serving.join().unwrap();
    assert!(
        asked[0].contains("\"event\":\"approval-needed\"") && asked[0].contains("Publish?"),
        "{asked:?}"
    );
    assert!(
        asked[2].contains("\"event\":\"done\""),
        "it was told again: {asked:?}"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("approval-needed") && text.contains("\"done\""),
        "{text}"
    );
}

#[test]
fn a_workflow_says_who_is_told_of_its_runs_and_each_is_told_once() {
    let answer = "HTTP/1.1 204 fine\r\nconnection: close\r\n\r\n";
    let (url, serving) = server(vec![answer, answer]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told");
    let lines = format!(
        "notify:
  - {{on: [approval-needed, done], webhook: \"{{{{ secret('HOOK') }}}}/{{{{ inputs.n }}}}\"}}
  - {{on: failed, webhook: \"{{{{ secret('HOOK') }}}}/failed\"}}
  - {{on: done, command: [sh, -c, 'cat >> $0', '{}']}}
  - {{on: done, webhook: \"{{{{ secret('NONE') }}}}\"}}
steps:
  check: {{uses: approval, with: {{deadline: 300ms, default: reject}}}}",
        file.display()
    );
    let (workflow, flows) = (workflow(&lines), memory());
    let untold = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let start = |allowed: bool| {
        let (hook, told) = (url.clone(), untold.clone());
        let find = move |name: &str| match name {
            "HOOK" => Ok(Some(botsmith_core::SecretString::new(hook.clone()))),
            _ => Err("its file is gone".to_owned()),
        };
        let watch = move |happened: &botsmith_flow::Happened| {
            if let botsmith_flow::Happened::Untold { why, .. } = happened {
                told.lock().unwrap().push(why.clone());
            }
        };
        let worker = worker(&flows).allow_commands(allowed);
        worker.try_secrets(find).watch(watch).start().unwrap()
    };
    let workers = [start(true), start(true)];
    let plan = workflow.plan().unwrap();
    flows.start("r", "test", &plan, &json!({"n": 3})).unwrap();
    wait_for("the end", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    for worker in workers {
        worker.drain(Duration::ZERO);
        worker.join();
    }
    let asked = serving.join().unwrap();
    for (asked, event) in asked.iter().zip(["approval-needed", "done"]) {
        assert!(asked.to_lowercase().starts_with("post /3 "), "{asked}");
        let event = format!("\"event\":\"{event}\"");
        assert!(asked.contains(&event), "{asked}");
    }
    let told = std::fs::read_to_string(&file).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    let notice: Value = serde_json::from_str(&told).unwrap();
    let wanted = json!({"event": "done", "run": "r", "workflow": "test"});
    assert_eq!(notice, wanted);
    let why = untold.lock().unwrap().clone();
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(why[0].contains("secret `NONE` cannot be had: its file is gone"));
    let stored = serde_json::to_string(&flows.run("r").unwrap()).unwrap();
    assert!(!stored.contains(&url) && stored.contains("secret('HOOK')"));
    // Where programs are not allowed, the notice is not sent, and the run is none the worse for it.
    let alone = plan.clone().telling(vec![plan.notices()[2].clone()]);
    flows.start("s", "test", &alone, &json!({"n": 3})).unwrap();
    let worker = start(false);
    wait_for("the second end", || {
        flows.run("s").unwrap().status == RunStatus::Done
    });
    worker.drain(Duration::ZERO);
    worker.join();
    assert!(untold.lock().unwrap()[1].contains("not allowed to start programs"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), told);
}
