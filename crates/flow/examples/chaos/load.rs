//! The load: plans of runs, and the worker process that does their steps and writes down what it was told.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botsmith_core::store;
use botsmith_flow::{
    Committed, Concurrency, FlowStore, Happened, Kind, Kinds, Plan, Retry, Running, StepError,
    StepPlan, Type, Worker,
};
use serde_json::{Value, json};

use super::Random;

/// How long a lease is.
pub(crate) const LEASE: Duration = Duration::from_millis(1500);
/// How many steps of the key `slot` may run at once.
pub(crate) const LIMIT: u32 = 3;
const FAN: u64 = 6;
/// How many steps a run has.
pub(crate) const STEPS: u64 = FAN + 5;

/// The time of this machine, in milliseconds: processes of one machine compare it.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// A step that is tried again however often it is harmed.
#[allow(
    clippy::needless_pass_by_value,
    reason = "what is said is made for the step"
)]
pub(crate) fn step(key: String, needs: &[String], kind: &str, with: Value) -> StepPlan {
    let slot = with["slot"] == true;
    StepPlan {
        key,
        needs: needs.to_vec(),
        kind: kind.to_owned(),
        with: json!({"with": with}),
        requires: vec![format!("kind:{kind}")],
        retry: Retry {
            max: 8,
            base_ms: 5,
            cap_ms: 50,
            on: Vec::new(),
        },
        // Every kill and stall costs a lease, and no step here is poison.
        max_expiries: 1000,
        concurrency: slot.then(|| Concurrency {
            key: "slot".into(),
            limit: LIMIT,
        }),
        ..StepPlan::default()
    }
}

/// load -> six of which some fail at first, some share a key -> join -> timer -> approval -> end.
pub(crate) fn plan(random: &mut Random) -> Plan {
    let load = "load".to_owned();
    let mut steps = vec![step(
        load.clone(),
        &[],
        "work",
        json!({"ms": 2, "sees": []}),
    )];
    let fan: Vec<String> = (0..FAN).map(|n| format!("part{n}")).collect();
    for key in &fan {
        let with = json!({
            "ms": random.below(20),
            "fails": u64::from(random.below(4) == 0) * (1 + random.below(2)),
            "sees": ["{{ steps.load.output.nonce }}"],
            "slot": random.below(3) == 0,
        });
        steps.push(step(key.clone(), std::slice::from_ref(&load), "work", with));
    }
    let sees: Vec<String> = fan
        .iter()
        .map(|key| format!("{{{{ steps.{key}.output.nonce }}}}"))
        .collect();
    steps.push(step(
        "join".into(),
        &fan,
        "work",
        json!({"ms": 1, "sees": sees}),
    ));
    let timer = json!({"for": format!("{}ms", 10 + random.below(60))});
    steps.push(step("timer".into(), &["join".into()], "wait", timer));
    steps.push(step(
        "approve".into(),
        &["timer".into()],
        "approval",
        json!({}),
    ));
    let seen = json!({"ms": 1, "sees": ["{{ steps.join.output.nonce }}"]});
    steps.push(step(
        "end".into(),
        &["approve".into(), "join".into()],
        "work",
        seen,
    ));
    Plan::new(steps).unwrap()
}

/// A file of lines, each written in one go: what is written outlives this process.
#[derive(Clone)]
struct Log(Arc<Mutex<File>>);

impl Log {
    fn open(path: &str) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(Arc::new(Mutex::new(file.unwrap())))
    }

    fn write(&self, mut line: Value) {
        line["at"] = json!(now_ms());
        line["pid"] = json!(std::process::id());
        self.0
            .lock()
            .unwrap()
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }
}

/// A worker process: until it is killed.
pub(crate) fn worker(url: &str, log: &str, seed: u64) {
    // The server may be down just now.
    let flows = loop {
        match store::open(url)
            .map_err(Into::into)
            .and_then(FlowStore::open)
        {
            Ok(flows) => break flows,
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    hand(Arc::new(flows), log, seed, LEASE).join();
}

/// A worker that writes down what it does and what it is told.
pub(crate) fn hand(flows: Arc<FlowStore>, log: &str, seed: u64, lease: Duration) -> Running {
    let log = Log::open(log);
    let random = Arc::new(Mutex::new(Random(seed)));
    let own = log.clone();
    let work = Kind::new("work", "Works.").takes("ms", Type::Number, "How long.").open().does(
        move |task| {
            let (log, nonce) = (own.clone(), random.lock().unwrap().next() >> 12);
            async move {
                let with = task.with();
                let line = |what: &str| json!({"what": what, "run": task.run(), "step": task.step(), "attempt": task.attempt(), "nonce": nonce, "slot": with["slot"]});
                log.write(line("begin"));
                let ms = with["ms"].as_u64().unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                let fails = with["fails"].as_u64().unwrap_or(0);
                log.write(line("finish"));
                match task.attempt() <= fails {
                    true => Err(StepError::new("server", "as the load wants it")),
                    false => Ok(json!({"nonce": nonce, "sees": with["sees"]})),
                }
            }
        },
    );
    let told = log.clone();
    let watch = move |happened: &Happened| {
        if let Happened::Ended {
            run,
            step,
            attempt,
            how,
            committed,
            ..
        } = happened
        {
            let committed = match committed {
                Committed::Stored => "stored",
                Committed::Already(_) => "already",
                Committed::Fenced => "fenced",
            };
            told.write(json!({"what": "ended", "run": run, "step": step, "attempt": attempt, "how": how, "committed": committed}));
        }
    };
    let worker = Worker::new(flows, Kinds::builtin().with(work))
        .concurrency(8)
        // Small writes that go together, or large ones.
        .batch(if seed.is_multiple_of(2) { 1 } else { 64 })
        .lease(lease)
        .poll(Duration::from_millis(50))
        .watch(watch);
    loop {
        match worker.clone().start() {
            Ok(running) => return running,
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
