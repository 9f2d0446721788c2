//! Kinds of steps about bots, texts and suites: the example of the format's page runs on a script, a suite in a
//! workflow is gated, and a suite spread over workers ends as one process's would.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botsmith_core::chat::{ChatResponse, FnModel};
use botsmith_core::config::{Config, Disk, Environment};
use botsmith_core::store::{MemoryStore, StateStore};
use botsmith_core::yaml::{Fields, Source};
use botsmith_eval::ask::Given;
use botsmith_eval::evaluators::{Docs, Evaluator, Kind, Registry, Scope, Subject};
use botsmith_eval::flow::{Desk, Spread, spread};
use botsmith_eval::run::{RunOptions, Runner, Runs};
use botsmith_eval::suite::{Overrides, Suite};
use botsmith_eval::{Score, Verdict};
use botsmith_flow::{FlowStore, Outlook, RunStatus, StepStatus, Worker, Workflow, outlook, run};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::{Bot, Cartridge, Workshop};
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
"#;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn workshop(folder: &Path) -> Workshop {
    let environment = Environment::new(folder);
    let config = Config::load(
        &environment,
        &Disk,
        &botsmith_core::config::Overrides::default(),
    );
    Workshop::new(environment, config.unwrap())
}

#[test]
fn the_example_of_the_format_runs_on_a_scripted_bot_up_to_its_approval() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "docs/a.md", "The cat sat. It slept.");
    write(folder.path(), "docs/b.md", "Dogs bark.");
    write(folder.path(), "docs/c.txt", "Not asked for.");
    let script = r#"provider:
  id: script
  settings:
    model: demo
    answers:
      - {when: '"lemma": "cat"', say: A cat sleeps and dogs bark.}
"#;
    write(folder.path(), "bots/sum.yml", script);
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let kinds = Desk::new(store, Arc::new(workshop(folder.path()))).kinds();
    let workflow = Workflow::parse(&Source::new("nightly.yaml", NIGHTLY), &kinds).unwrap();
    let worker = || Worker::new(flows.clone(), kinds.clone()).folder(folder.path());
    let inputs = json!({"folder": "docs"});
    let state = run(worker(), "r", &workflow, &inputs).unwrap();
    let draft = flows.step("r", "draft").unwrap();
    assert_eq!(state.status, RunStatus::Running, "{:?}", draft.error);
    let Outlook::Waits(waiting) = outlook(&flows, "r").unwrap() else {
        panic!()
    };
    assert_eq!(waiting[0].plan.key, "check");
    let rows = flows.output("r", "load").unwrap().unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let tagged = flows.output("r", "tag").unwrap().unwrap();
    assert_eq!(tagged[0]["sentences"].as_array().unwrap().len(), 2);
    assert_eq!(tagged[1]["text"], "Dogs bark.");
    let said = flows.output("r", "draft").unwrap();
    assert_eq!(said, Some(json!("A cat sleeps and dogs bark.")));
    flows
        .decide("r", "check", true, Some("lead"), None)
        .unwrap();
    let state = run(worker(), "r", &workflow, &inputs).unwrap();
    assert_eq!(state.status, RunStatus::Done);
}

const SUITE: &str = "version: 1
dataset: data.jsonl
bots: [{name: echo, cartridge: echo.yml}, {name: old, recorded: {answer: /old}}]
evaluators: [equals]
gate: [{metric: equals, bot: echo, pass-rate: {min: 0.9}}]
";

fn data(folder: &Path, n: usize) {
    let rows: Vec<String> = (0..n)
        .map(|at| {
            json!({"input": format!("q{at}"), "reference": format!("q{at}"), "old": "no"})
                .to_string()
        })
        .collect();
    write(folder, "data.jsonl", &rows.join("\n"));
    write(folder, "suite.yaml", SUITE);
}

/// A bot that repeats what it is asked, and counts how often it is.
fn echo(asked: &Arc<AtomicUsize>) -> Given {
    let asked = asked.clone();
    let model = FnModel::new("echo", move |request, _| {
        asked.fetch_add(1, Ordering::SeqCst);
        let said = request.messages.last().unwrap().content.text();
        async move { Ok(ChatResponse::text(said)) }
    });
    let cartridge = Cartridge::from_value(&json!({}), Profile::Native).unwrap();
    Given::default().with("echo", Bot::new(cartridge, Arc::new(model)).unwrap())
}

#[test]
fn a_suite_in_a_workflow_gives_its_report_and_a_gate_stops_on_it() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path(), 5);
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let kinds = Desk::new(store, Arc::new(echo(&Arc::default()))).kinds();
    let text = "version: 1
name: gated
steps:
  judge: {uses: eval, with: {suite: suite.yaml}}
  passes: {uses: gate, with: {report: '{{ steps.judge.output }}', value: '{{ steps.judge.output.bots[0].scores.equals.mean }}', min: 0.9, max: 1}}
  stops: {uses: gate, on-failure: continue, with: {value: '{{ steps.judge.output.bots[1].scores.equals.mean }}', min: 0.5}}
";
    let workflow = Workflow::parse(&Source::new("gated.yaml", text), &kinds).unwrap();
    let worker = Worker::new(flows.clone(), kinds).folder(folder.path());
    let state = run(worker, "r", &workflow, &json!({})).unwrap();
    let error = |step: &str| flows.step("r", step).unwrap().error;
    assert_eq!(
        state.status,
        RunStatus::Done,
        "{:?} {:?}",
        error("judge"),
        error("passes")
    );
    assert_eq!(flows.step("r", "stops").unwrap().status, StepStatus::Failed);
    let error = error("stops").unwrap();
    assert_eq!(
        (error.class.as_str(), error.message.as_str()),
        ("gate", "0 is not at least 0.5")
    );
}

/// The report without what differs from run to run.
fn timeless(report: &botsmith_eval::report::Report) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    value["timings"] = Value::Null;
    value["facts"]["created"] = Value::Null;
    for bot in value["bots"].as_array_mut().unwrap() {
        for key in ["latency", "latencies"] {
            if bot.get(key).is_some() {
                bot[key] = Value::Null;
            }
        }
    }
    value
}

#[test]
fn a_suite_on_workers_asks_each_question_once_and_ends_as_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path(), 40);
    let file = folder.path().join("suite.yaml");
    let suite = Suite::load(&file).unwrap();
    let alone = {
        let (store, bots) = (MemoryStore::new(), echo(&Arc::default()));
        let options = options(&bots, false);
        Runner::new(&store).with(options).run(&suite).unwrap()
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let bots = echo(&asked);
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let desk = Desk::new(store.clone(), Arc::new(bots.clone()));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let worker = Worker::new(flows.clone(), desk.kinds()).concurrency(2);
            worker.poll(Duration::from_millis(10)).start().unwrap()
        })
        .collect();
    let what = Spread {
        file: &file,
        overrides: &Overrides::default(),
        parts: 7,
        concurrency: None,
    };
    assert!(spread(&desk, &flows, what, |_| true).unwrap());
    let claimed: Vec<u64> = workers
        .into_iter()
        .map(|worker| {
            worker.drain(Duration::from_secs(5));
            worker.join().claimed
        })
        .collect();
    // Seven shares, each of which is asked about and then judged.
    assert_eq!(claimed.iter().sum::<u64>(), 14, "{claimed:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 40);
    let finished = Runner::new(&*store)
        .with(options(&bots, true))
        .run(&suite)
        .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 40, "judging asks nobody");
    assert_eq!(timeless(&finished.report), timeless(&alone.report));
    assert!(
        !spread(&desk, &flows, what, |_| true).unwrap(),
        "nothing is left to do"
    );
}

/// Takes its time, and writes down what it judges. Its values are no round numbers.
#[derive(Clone, Debug, Default)]
struct Slow {
    judged: Arc<Mutex<Vec<String>>>,
}

impl Evaluator for Slow {
    fn evaluate(&self, subject: &Subject<'_>) -> botsmith_eval::Result<Verdict> {
        std::thread::sleep(Duration::from_millis(20));
        self.judged.lock().unwrap().push(subject.case.input.clone());
        let seen = f64::from(u32::try_from(subject.case.input.len()).unwrap());
        let score = Score {
            value: 1.0 / (seen + 3.1),
            passed: Some(true),
            ..Score::default()
        };
        Ok(score.because("it took its time").with(0, 1, true).into())
    }
}

impl Kind for Slow {
    fn docs(&self) -> &Docs {
        const DOCS: Docs = Docs::pass_fail("slow", "Takes its time.");
        &DOCS
    }

    fn build(&self, _: &Fields<'_>, _: &Scope<'_>) -> botsmith_eval::Result<Box<dyn Evaluator>> {
        Ok(Box::new(self.clone()))
    }
}

#[test]
fn judging_is_spread_and_a_worker_that_is_stopped_repeats_no_verdict_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..60)
        .map(|at| {
            json!({"id": format!("c{at}"), "input": "q".repeat(at + 1), "old": "yes"}).to_string()
        })
        .collect();
    write(folder.path(), "data.jsonl", &rows.join("\n"));
    let text = "version: 1
dataset: data.jsonl
bots: [{name: old, recorded: {answer: /old}}]
evaluators: [slow, {contains: {value: y}}]
";
    write(folder.path(), "suite.yaml", text);
    let file = folder.path().join("suite.yaml");
    let slow = Slow::default();
    let mut registry = Registry::builtin();
    registry.register(slow.clone());
    let suite = Suite::load_with(&file, &registry, &Overrides::default()).unwrap();
    let alone_store = MemoryStore::new();
    let alone = Runner::new(&alone_store).run(&suite).unwrap();
    slow.judged.lock().unwrap().clear();
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let desk = Desk::new(store.clone(), Arc::new(Given::default())).registry(registry);
    let what = Spread {
        file: &file,
        overrides: &Overrides::default(),
        parts: 6,
        concurrency: None,
    };
    let start = || {
        let worker = Worker::new(flows.clone(), desk.kinds()).concurrency(1);
        worker.poll(Duration::from_millis(10)).start().unwrap()
    };
    let kept = || {
        let partition = format!("run/{}", alone.report.run);
        let found = store.scan(&partition, "judged/", None, 1000).unwrap();
        let rows = |value: &[u8]| -> Vec<Value> { serde_json::from_slice(value).unwrap() };
        found
            .iter()
            .flat_map(|(_, record)| rows(&record.value))
            .map(|row| "q".repeat(row["row"].as_u64().unwrap() as usize + 1))
            .collect::<Vec<_>>()
    };
    // The first one is stopped in the middle of a share.
    let first = start();
    let stopped = spread(&desk, &flows, what, |_| kept().len() < 4);
    assert!(stopped.is_err());
    first.drain(Duration::ZERO);
    first.join();
    // A verdict that was being made is kept too.
    std::thread::sleep(Duration::from_millis(300));
    let before = kept();
    let seen = slow.judged.lock().unwrap().len();
    assert!((4..60).contains(&before.len()), "{}", before.len());
    let others = [start(), start()];
    assert!(spread(&desk, &flows, what, |_| true).unwrap());
    let claimed = others.map(|worker| {
        worker.drain(Duration::from_secs(5));
        worker.join().claimed
    });
    assert!(claimed.iter().all(|steps| *steps > 0), "{claimed:?}");
    let later = slow.judged.lock().unwrap().split_off(seen);
    let again: Vec<_> = later.iter().filter(|one| before.contains(one)).collect();
    assert!(again.is_empty(), "judged again: {again:?}");
    assert_eq!(later.len() + before.len(), 60);
    let finished = Runner::new(&*store).run(&suite).unwrap();
    assert_eq!(
        slow.judged.lock().unwrap().len(),
        seen,
        "nothing is judged by who finishes"
    );
    assert_eq!(timeless(&finished.report), timeless(&alone.report));
    let all = |store: &dyn StateStore| {
        let run = Runs::new(store).open(&alone.report.run).unwrap();
        run.cases().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(all(&*store), all(&alone_store));
    assert!(
        kept().is_empty(),
        "what was kept goes with the end of the run"
    );
}

fn options(bots: &Given, asked: bool) -> RunOptions<'_> {
    let mut options = RunOptions::default();
    options.bots = Some(bots);
    options.asked = asked;
    options
}
