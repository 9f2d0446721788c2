//! `--otlp` against a local HTTP server that stands for a collector: what it receives is OTLP, with the names of
//! OpenTelemetry's conventions, and neither texts nor secrets.

#![cfg(feature = "otlp")]
#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use common::Folder;
use serde_json::Value;

/// One request to the collector.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Takes whatever is posted.
struct Collector {
    url: String,
    got: Arc<Mutex<Vec<Request>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let all = got.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = all.clone();
                std::thread::spawn(move || serve(stream, &all));
            }
        });
        Self { url, got }
    }

    fn requests(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }

    /// The spans of all requests, which are JSON.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for request in self.requests() {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            for resource in body["resourceSpans"].as_array().unwrap() {
                let about = attributes(&resource["resource"]);
                assert_eq!(about["service.name"], "botsmith", "{about:?}");
                for scope in resource["scopeSpans"].as_array().unwrap() {
                    spans.extend(scope["spans"].as_array().unwrap().iter().map(Span::read));
                }
            }
        }
        spans
    }
}

/// Answers requests of one connection.
fn serve(stream: TcpStream, got: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut headers) = (String::new(), BTreeMap::new());
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers["content-length"].parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let line = line.trim_end().to_owned();
        let request = Request {
            line,
            headers,
            body,
        };
        got.lock().unwrap().push(request);
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// What one span says.
#[derive(Clone, Debug)]
struct Span {
    name: String,
    id: String,
    parent: String,
    attributes: BTreeMap<String, String>,
    failed: bool,
    seconds: f64,
}

impl Span {
    fn read(span: &Value) -> Self {
        let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
        let nanos = |key: &str| text(key).parse::<f64>().unwrap();
        Self {
            name: text("name"),
            id: text("spanId"),
            parent: text("parentSpanId"),
            attributes: attributes(span),
            // The convention's number for an error.
            failed: span["status"]["code"] == 2,
            seconds: (nanos("endTimeUnixNano") - nanos("startTimeUnixNano")) / 1e9,
        }
    }
}

/// The attributes of a span or a resource, as text.
fn attributes(of: &Value) -> BTreeMap<String, String> {
    let list = of["attributes"].as_array().into_iter().flatten();
    let text = |value: &Value| {
        let value = value.as_object().unwrap().values().next().unwrap();
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    list.map(|one| (one["key"].as_str().unwrap().to_owned(), text(&one["value"])))
        .collect()
}

const BOT: &str = "provider:
  id: script
  settings:
    model: demo
    answers:
      - {when: private, say: secret words}
";

const WORKFLOW: &str = "version: 1
name: told
steps:
  ask: {uses: bot, with: {cartridge: bot.yml, input: private question}}
  breaks: {uses: command, needs: [ask], on-failure: continue, with: {run: ['false']}}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("bot.yml", BOT);
    folder.write("told.yaml", WORKFLOW);
    folder
}

#[track_caller]
fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no span `{name}`: {spans:#?}"))
}

#[test]
fn a_run_tells_a_collector_of_each_attempt_and_each_question() {
    let (folder, collector) = (folder(), Collector::start());
    let mut run = folder.command(&[
        "flow",
        "run",
        "told.yaml",
        "--id",
        "r",
        "--allow-command",
        "--otlp",
        &collector.url,
    ]);
    let run = run
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=opensesame");
    common::Ran::from(run.output().unwrap()).ends(0);
    let requests = collector.requests();
    let first = requests.first().expect("something was sent");
    assert_eq!(first.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.headers["x-key"], "opensesame");
    let spans = collector.spans();
    let ask = named(&spans, "bot ask");
    for (key, value) in [
        ("gen_ai.workflow.name", "told"),
        ("botsmith.run", "r"),
        ("botsmith.step", "ask"),
        ("botsmith.kind", "bot"),
        ("botsmith.attempt", "1"),
    ] {
        assert_eq!(ask.attributes[key], value, "{key}");
    }
    let question = named(&spans, "invoke_agent bot.yml");
    assert_eq!(question.parent, ask.id, "a question is part of its step");
    for (key, value) in [
        ("gen_ai.operation.name", "invoke_agent"),
        ("gen_ai.agent.name", "bot.yml"),
        ("gen_ai.provider.name", "script"),
        ("gen_ai.request.model", "demo"),
    ] {
        assert_eq!(question.attributes[key], value, "{key}");
    }
    assert!(ask.seconds >= question.seconds && question.seconds >= 0.0);
    assert!(!ask.failed && !question.failed);
    let breaks = named(&spans, "command breaks");
    assert_eq!(breaks.attributes["error.type"], "exit");
    assert!(breaks.failed);
    let all: Vec<u8> = requests.into_iter().flat_map(|one| one.body).collect();
    let all = String::from_utf8(all).unwrap();
    for word in ["private", "secret words", "opensesame"] {
        assert!(!all.contains(word), "`{word}` was sent");
    }
}

#[test]
fn a_suite_tells_of_its_questions_as_protobuf_to_the_address_of_the_environment() {
    let (folder, collector) = (folder(), Collector::start());
    folder.write(
        "suite.yaml",
        "version: 1
dataset: [{input: private one, reference: x}, {input: private two, reference: x}]
bots: [{name: scripted, cartridge: bot.yml}]
evaluators: [equals]
",
    );
    let mut eval = folder.command(&["eval", "suite.yaml", "--quiet"]);
    let eval = eval.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    common::Ran::from(eval.output().unwrap()).ends(0);
    let requests = collector.requests();
    let types: Vec<_> = requests
        .iter()
        .map(|request| request.headers["content-type"].as_str())
        .collect();
    assert!(!types.is_empty() && types.iter().all(|kind| *kind == "application/x-protobuf"));
    let all: Vec<u8> = requests.into_iter().flat_map(|one| one.body).collect();
    let count = |text: &str| {
        let all = all.windows(text.len());
        all.filter(|part| *part == text.as_bytes()).count()
    };
    assert_eq!(count("invoke_agent scripted"), 2, "one span a question");
    assert_eq!(count("botsmith.suite"), 1);
    assert_eq!(count("private"), 0);
}

#[test]
fn a_collector_that_is_away_costs_the_spans_and_nothing_else() {
    let folder = folder();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let args = [
        "flow",
        "run",
        "told.yaml",
        "--allow-command",
        "--otlp",
        &url,
    ];
    let ran = folder.run(&args).ends(0);
    assert!(
        ran.stderr.contains("warning[BS-FLOW-023]"),
        "{}",
        ran.stderr
    );
    let bad = ["flow", "run", "told.yaml", "--otlp", "key=hidden"];
    let ran = folder.run(&bad).ends(2);
    assert!(ran.stderr.contains("BS-FLOW-023") && !ran.stderr.contains("hidden"));
}
