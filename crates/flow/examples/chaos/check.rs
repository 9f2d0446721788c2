//! What workers wrote down and what is stored -> violations of the contract.
//!
//! - *double commit*: a step was stored twice with different results, or its end stands twice in its run;
//! - *lost*: a worker was told `stored`, and the store has another result. Where the server forgets, what was
//!   told less than [`WINDOW_MS`] before it was killed is counted and no violation of either sort;
//! - *unfinished*: a run did not come to its end;
//! - *torn*: a step saw another result of a step before it than the one that is stored;
//! - *over-admitted*: more steps of a concurrency key at once than it allows. What a process did that was
//!   stalled past its lease is left out; where the server forgets, also what began less than [`WINDOW_MS`]
//!   before or after it was killed: its permit may be lost.
//!
//! `crates/flow/tests/chaos.rs` tries it on stores that break each of these.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use botsmith_flow::{FlowStore, RunStatus};
use serde_json::Value;

use super::load::LEASE;

/// Redis postpones a write by up to two seconds while it syncs; and a little for the clocks.
const WINDOW_MS: u64 = 3000;

/// What is allowed.
pub(crate) struct Terms {
    /// Whether a server that is killed may forget what it said last.
    pub(crate) forgets: bool,
    /// How many steps of the key may run at once.
    pub(crate) limit: u64,
}

/// What was done to them. Times are milliseconds since 1970-01-01T00:00Z.
#[derive(Default)]
pub(crate) struct Harm {
    pub(crate) workers: u64,
    /// When servers were killed.
    pub(crate) servers: Vec<u64>,
    /// Processes that were stalled, from when to when.
    pub(crate) stalls: Vec<(u32, u64, u64)>,
    /// Processes that were killed, and when.
    pub(crate) killed: Vec<(u32, u64)>,
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) facts: String,
    pub(crate) violations: Vec<String>,
}

type Key = (String, String);

/// The process and the number of an attempt.
type Attempt = (Option<u64>, Option<u64>);

pub(crate) fn check(
    terms: &Terms,
    flows: &FlowStore,
    runs: &[String],
    log: &Path,
    harm: &Harm,
    finished: bool,
) -> Found {
    let mut violations = Vec::new();
    let text = std::fs::read_to_string(log).unwrap_or_default();
    // A process that was killed may have left half a line.
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let text_of = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let key_of = |line: &Value| (text_of(line, "run"), text_of(line, "step"));
    let attempt = |line: &Value| (line["pid"].as_u64(), line["attempt"].as_u64());
    let mut nonces: HashMap<(Key, Attempt), u64> = HashMap::new();
    let mut told: BTreeMap<Key, Vec<(u64, u64)>> = BTreeMap::new();
    let (mut fenced, mut already) = (0, 0);
    for line in &lines {
        let key = key_of(line);
        match line["what"].as_str() {
            Some("begin") => {
                let nonce = line["nonce"].as_u64().unwrap_or_default();
                nonces.insert((key, attempt(line)), nonce);
            }
            Some("ended") => match line["committed"].as_str() {
                Some("fenced") => fenced += 1,
                Some(word) => {
                    already += u64::from(word == "already");
                    let nonce = nonces.get(&(key.clone(), attempt(line)));
                    if let (Some(nonce), Some("done")) = (nonce, line["how"].as_str()) {
                        let at = line["at"].as_u64().unwrap_or_default();
                        told.entry(key).or_default().push((*nonce, at));
                    }
                }
                None => {}
            },
            _ => {}
        }
    }
    let (mut lost, mut expired) = (0, 0);
    for run in runs {
        let Ok(state) = flows.run(run) else {
            violations.push(format!("lost: {run} is not there"));
            continue;
        };
        if state.status != RunStatus::Done {
            violations.push(format!(
                "unfinished: {run} is {:?} with {} steps open",
                state.status, state.open
            ));
        }
        let mut ends: BTreeMap<String, u64> = BTreeMap::new();
        for event in flows.events(run, 0, usize::MAX).unwrap() {
            expired += u64::from(event.what == "expired");
            if event.what == "done" {
                *ends.entry(event.step.unwrap_or_default()).or_default() += 1;
            }
        }
        let steps = flows.steps(run).unwrap();
        for step in &steps {
            let name = &step.plan.key;
            if state.status == RunStatus::Done && ends.get(name) != Some(&1) {
                violations.push(format!(
                    "double commit: {run}/{name} ended {:?} times",
                    ends.get(name)
                ));
            }
            if step.plan.kind != "work" {
                continue;
            }
            let output = flows.output(run, name).unwrap().unwrap_or_default();
            let stored = output["nonce"].as_u64();
            let mut results: Vec<u64> = Vec::new();
            for (nonce, at) in told.get(&(run.clone(), name.clone())).into_iter().flatten() {
                let excused = terms.forgets
                    && harm
                        .servers
                        .iter()
                        .any(|kill| (*at..=at + WINDOW_MS).contains(kill));
                if !results.contains(nonce) && !excused {
                    results.push(*nonce);
                }
                if Some(*nonce) == stored {
                    continue;
                }
                match excused {
                    true => lost += 1,
                    false => violations.push(format!(
                        "lost: {run}/{name} was told to be stored as {nonce}, and {stored:?} is"
                    )),
                }
            }
            if results.len() > 1 {
                violations.push(format!(
                    "double commit: {run}/{name} was stored as {results:?}"
                ));
            }
            let sees: Vec<u64> = output["sees"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect();
            let mut needs = step.plan.needs.clone();
            needs.retain(|need| need != "approve");
            needs.sort();
            for (need, saw) in needs.iter().zip(&sees) {
                let there = flows.output(run, need).unwrap().unwrap_or_default();
                if there["nonce"].as_u64() != Some(*saw) {
                    violations.push(format!(
                        "torn: {run}/{name} saw {saw} of {need}, and {} is stored",
                        there["nonce"]
                    ));
                }
            }
        }
    }
    if !finished && violations.is_empty() {
        violations.push("unfinished: the time was over".into());
    }
    let most = admitted(&lines, terms, harm);
    let limit = terms.limit;
    if most > limit {
        violations.push(format!(
            "over-admitted: {most} steps of a key for {limit} at once"
        ));
    }
    Found {
        facts: format!(
            "{} stored, {lost} told and lost, {already} sent again, {fenced} fenced, {expired} leases expired, at most {most} of {limit} at once",
            told.len()
        ),
        violations,
    }
}

/// The most steps of the key that ran at once, each under a permit that holds.
fn admitted(lines: &[Value], terms: &Terms, harm: &Harm) -> u64 {
    let lease = LEASE.as_millis() as u64;
    // A process that sleeps does nothing; what it claimed before goes on when it wakes, until it hears
    // that its lease is over.
    let asleep = |pid: Option<u64>, at: u64| {
        harm.stalls.iter().any(|(one, since, until)| {
            Some(u64::from(*one)) == pid && *since <= at && at <= until.saturating_add(lease)
        })
    };
    let forgotten = |at: u64| {
        terms.forgets
            && harm
                .servers
                .iter()
                .any(|kill| kill.abs_diff(at) <= WINDOW_MS)
    };
    // When a process first came to harm after it began something.
    let stopped = |pid: Option<u64>, began: u64| {
        let stalls = harm.stalls.iter().map(|(one, since, _)| (*one, *since));
        let all = stalls.chain(harm.killed.iter().copied());
        all.filter(|(one, at)| Some(u64::from(*one)) == pid && *at >= began)
            .map(|(_, at)| at)
            .min()
            .unwrap_or(u64::MAX)
    };
    let mut edges: Vec<(u64, i64)> = Vec::new();
    let mut open: HashMap<(Option<u64>, u64), u64> = HashMap::new();
    for line in lines.iter().filter(|line| line["slot"] == true) {
        let (pid, nonce) = (
            line["pid"].as_u64(),
            line["nonce"].as_u64().unwrap_or_default(),
        );
        let at = line["at"].as_u64().unwrap_or_default();
        if line["what"] == "begin" {
            if !asleep(pid, at) && !forgotten(at) {
                open.insert((pid, nonce), at);
            }
        } else if let Some(began) = open.remove(&(pid, nonce)) {
            edges.extend([(began, 1), (at.min(stopped(pid, began)), -1)]);
        }
    }
    for ((pid, _), began) in open {
        let end = stopped(pid, began);
        if end != u64::MAX {
            edges.extend([(began, 1), (end, -1)]);
        }
    }
    // At one millisecond, ends come before beginnings.
    edges.sort_unstable();
    let (mut now, mut most) = (0_i64, 0_i64);
    for (_, change) in edges {
        now += change;
        most = most.max(now);
    }
    most.unsigned_abs()
}
