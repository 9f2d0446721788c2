//! The checker of chaos, tried on stores that break the contract: it has to see each sort of violation, and none
//! where nothing is broken.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use botsmith_core::digest::Digest;
use botsmith_core::store::{
    BlobInfo, Due, MemoryStore, Names, Outcome, Record, StateStore, Transaction, Write,
};
use botsmith_core::{Result, store};
use botsmith_flow::{Claimant, Commit, Committed, FlowStore, Output, Plan};
use serde_json::json;

use crate::chaos::check::{Found, Harm, Terms, check};
use crate::chaos::load::{LEASE, LIMIT, hand, now_ms, plan, step};
use crate::chaos::{Random, drive};

/// How late a write is made.
const DELAY: Duration = Duration::from_secs(2);

/// How a store breaks its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It keeps its word.
    None,
    /// It says that the first result is stored, and stores nothing.
    Forgets,
    /// It makes the first write of a result late, and checks nothing.
    Late,
    /// It changes a result after others have read it.
    Changes,
    /// It never makes the last step of a run ready.
    Deaf,
    /// It keeps no permits.
    Lavish,
}

type Written = (String, String, String, Vec<u8>);

/// A memory store that breaks its word.
#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    fault: Fault,
    done: AtomicBool,
    /// The first write of a result: its partition and key, the nonce, the value.
    first: Mutex<Option<Written>>,
}

/// The nonce of a result that is written in this value.
fn nonce(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let (_, after) = text.split_once("\"nonce\":")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

impl Broken {
    fn new(fault: Fault) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            fault,
            done: AtomicBool::new(false),
            first: Mutex::new(None),
        })
    }

    /// Whether this is the first result that is written.
    fn is_first(&self, transaction: &Transaction) -> bool {
        let result =
            |write: &Write| matches!(write, Write::Put { value, .. } if nonce(value).is_some());
        transaction.writes.iter().any(result) && !self.done.swap(true, Ordering::SeqCst)
    }

    /// Says `committed`, whatever happened.
    fn pretend(&self) -> Result<Outcome> {
        let nothing = Transaction::new().put("nothing", "");
        self.inner.transact("elsewhere", nothing)
    }

    /// Once a result has been read by another step, puts it again with another nonce.
    fn change(&self, transaction: &Transaction) -> Result<()> {
        let mut first = self.first.lock().unwrap();
        for write in &transaction.writes {
            let Write::Put { value, .. } = write else {
                continue;
            };
            let text = String::from_utf8_lossy(value);
            if let Some((partition, key, nonce, old)) = &*first
                && !self.done.load(Ordering::SeqCst)
                && text.contains(&format!("\"sees\":[{nonce}"))
            {
                self.done.store(true, Ordering::SeqCst);
                let other = String::from_utf8_lossy(old).replace(nonce.as_str(), "7");
                let put = Transaction::new().put(key, other);
                let _ = self.inner.transact(partition, put)?;
            }
        }
        drop(first.take_if(|_| self.done.load(Ordering::SeqCst)));
        Ok(())
    }

    fn remember(&self, partition: &str, transaction: &Transaction) {
        let mut first = self.first.lock().unwrap();
        for write in &transaction.writes {
            if let Write::Put { key, value } = write
                && first.is_none()
                && let Some(nonce) = nonce(value)
            {
                *first = Some((partition.to_owned(), key.clone(), nonce, value.clone()));
            }
        }
    }
}

impl StateStore for Broken {
    fn url(&self) -> &str {
        self.inner.url()
    }

    fn now_ms(&self) -> Result<u64> {
        self.inner.now_ms()
    }

    fn transact(&self, partition: &str, mut transaction: Transaction) -> Result<Outcome> {
        match self.fault {
            Fault::Forgets if self.is_first(&transaction) => return self.pretend(),
            Fault::Late if self.is_first(&transaction) => {
                std::thread::sleep(DELAY);
                transaction.checks.clear();
            }
            Fault::Lavish if partition.starts_with("flow/permit/") => return self.pretend(),
            Fault::Deaf => transaction.writes.retain(
                |write| !matches!(write, Write::SetDue { member, .. } if member.ends_with("/end")),
            ),
            Fault::Changes => {
                self.change(&transaction)?;
                let outcome = self.inner.transact(partition, transaction.clone())?;
                if matches!(outcome, Outcome::Committed(_)) {
                    self.remember(partition, &transaction);
                }
                return Ok(outcome);
            }
            _ => {}
        }
        self.inner.transact(partition, transaction)
    }

    fn get_many(&self, partition: &str, keys: &[&str]) -> Result<Vec<Option<Record>>> {
        self.inner.get_many(partition, keys)
    }

    fn keys(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        self.inner.keys(partition, prefix, after, limit)
    }

    fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>> {
        self.inner.scan(partition, prefix, after, limit)
    }

    fn log(&self, partition: &str, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>> {
        self.inner.log(partition, log, from, limit)
    }

    fn log_length(&self, partition: &str, log: &str) -> Result<u64> {
        self.inner.log_length(partition, log)
    }

    fn due(&self, partition: &str, index: &str, until_ms: u64, limit: usize) -> Result<Vec<Due>> {
        self.inner.due(partition, index, until_ms, limit)
    }

    fn partitions(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        self.inner.partitions(prefix, after, limit)
    }

    fn names(&self, partition: &str) -> Result<Names> {
        self.inner.names(partition)
    }

    fn delete_partition(&self, partition: &str) -> Result<bool> {
        self.inner.delete_partition(partition)
    }

    fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>> {
        self.inner.put_blobs(blobs)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        self.inner.blob(digest)
    }

    fn blobs(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<BlobInfo>> {
        self.inner.blobs(after, limit)
    }

    fn delete_blobs(&self, digests: &[Digest], put_before_ms: u64) -> Result<u64> {
        self.inner.delete_blobs(digests, put_before_ms)
    }
}

const ONE: Terms = Terms {
    forgets: false,
    limit: LIMIT as u64,
};

/// Does a run of this plan with two workers on a store with this fault, and has it checked.
fn tried(fault: Fault, plan: &Plan, longest: Duration) -> Found {
    let store = Broken::new(fault);
    let open = || Arc::new(FlowStore::open(store.clone() as Arc<dyn StateStore>).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("history.jsonl");
    let flows = open();
    flows.start("run-0", "chaos", plan, &json!({})).unwrap();
    let hands: Vec<_> = (0..2)
        .map(|n| hand(open(), log.to_str().unwrap(), n, LEASE))
        .collect();
    let began = Instant::now();
    let mut approved = HashSet::new();
    let mut finished = false;
    while !finished && began.elapsed() < longest {
        std::thread::sleep(Duration::from_millis(20));
        let states = flows.runs().unwrap();
        finished = states.iter().all(|state| state.status.is_final());
        drive::approve(&flows, &states, &mut approved);
    }
    for hand in &hands {
        hand.drain(LEASE * 3);
    }
    for hand in hands {
        hand.join();
    }
    let runs = ["run-0".to_owned()];
    check(&ONE, &flows, &runs, &log, &Harm::default(), finished)
}

fn says(found: &Found, what: &str) -> bool {
    found.violations.iter().any(|one| one.starts_with(what))
}

#[test]
fn a_store_that_keeps_its_word_gives_no_violation() {
    let found = tried(Fault::None, &plan(&mut Random(1)), Duration::from_secs(60));
    assert!(found.violations.is_empty(), "{found:?}");
}

#[test]
fn a_result_that_was_acknowledged_and_not_stored_is_seen() {
    let found = tried(
        Fault::Forgets,
        &plan(&mut Random(2)),
        Duration::from_secs(60),
    );
    assert!(says(&found, "lost: run-0/load"), "{found:?}");
}

#[test]
fn a_result_that_changed_after_it_was_read_is_seen_as_torn() {
    let found = tried(
        Fault::Changes,
        &plan(&mut Random(4)),
        Duration::from_secs(60),
    );
    assert!(says(&found, "torn: run-0/"), "{found:?}");
}

#[test]
fn a_run_that_does_not_end_is_seen() {
    let found = tried(Fault::Deaf, &plan(&mut Random(5)), Duration::from_secs(4));
    assert!(says(&found, "unfinished: run-0"), "{found:?}");
}

#[test]
fn too_many_steps_of_a_key_at_once_are_seen_where_no_permits_are_kept() {
    // Each is long enough to meet the others.
    let wide = |count: u32| {
        let with = json!({"ms": 300, "sees": [], "slot": true});
        let steps = (0..count).map(|n| step(format!("part{n}"), &[], "work", with.clone()));
        Plan::new(steps.collect()).unwrap()
    };
    let lavish = tried(Fault::Lavish, &wide(12), Duration::from_secs(60));
    assert!(says(&lavish, "over-admitted: "), "{lavish:?}");
    let strict = tried(Fault::None, &wide(2 * LIMIT), Duration::from_secs(60));
    assert!(strict.violations.is_empty(), "{strict:?}");
}

/// A run of one step.
fn one_step(flows: &FlowStore) {
    let one = step("load".into(), &[], "work", json!({"sees": []}));
    let plan = Plan::new(vec![one]).unwrap();
    flows.start("run-0", "chaos", &plan, &json!({})).unwrap();
}

/// Claims the step and commits this nonce.
fn attempt(flows: &FlowStore, nonce: u64) {
    let claimant = Claimant::new(["kind:work".to_owned()]);
    let claimed = flows.claim(&claimant, 1, 500).unwrap().remove(0);
    let output = Output::Done(json!({"nonce": nonce, "sees": []}));
    let stored = flows.commit(&[Commit::new(&claimed, output)]).unwrap();
    assert_eq!(stored, [Committed::Stored]);
}

/// What the checker says where a worker was told at `at` that 1 is stored, and another 9 s later that 2 is.
fn told(terms: &Terms, flows: &FlowStore, harm: &Harm, at: u64) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("history.jsonl");
    let lines = |pid: u64, at: u64| {
        let about = |what: &str| json!({"what": what, "run": "run-0", "step": "load", "attempt": 1, "nonce": pid, "at": at, "pid": pid});
        let mut ended = about("ended");
        ended["how"] = json!("done");
        ended["committed"] = json!("stored");
        format!("{}\n{ended}\n", about("begin"))
    };
    // A process that was killed left half a line.
    let half = "{\"what\":\"ended\",\"run\":\"run-";
    let text = format!("{}{}{half}", lines(1, at), lines(2, at + 9000));
    std::fs::write(&log, text).unwrap();
    check(terms, flows, &["run-0".to_owned()], &log, harm, true)
}

#[test]
fn a_store_that_fences_nothing_is_seen_to_commit_twice() {
    let store = Broken::new(Fault::Late);
    let open = || FlowStore::open(store.clone() as Arc<dyn StateStore>).unwrap();
    let flows = open();
    one_step(&flows);
    std::thread::scope(|scope| {
        let stale = open();
        scope.spawn(move || attempt(&stale, 1));
        // Its lease is over, and its commit is on its way.
        std::thread::sleep(DELAY / 2);
        attempt(&flows, 2);
    });
    let found = told(&ONE, &flows, &Harm::default(), now_ms());
    assert!(
        says(&found, "double commit: run-0/load was stored as [1, 2]"),
        "{found:?}"
    );
}

#[test]
fn only_what_was_told_just_before_a_forgetful_server_was_killed_may_be_lost() {
    let flows = FlowStore::open(store::open("memory:").unwrap()).unwrap();
    one_step(&flows);
    attempt(&flows, 2);
    let at = now_ms();
    let killed = |when: u64| Harm {
        servers: vec![when],
        ..Harm::default()
    };
    let forgetful = Terms {
        forgets: true,
        limit: 1,
    };
    let found = told(&forgetful, &flows, &killed(at + 500), at);
    assert!(found.violations.is_empty(), "{found:?}");
    assert!(found.facts.contains("1 told and lost"), "{found:?}");
    let cases = [
        (&forgetful, at + 8000),
        (&forgetful, at - 1),
        (&ONE, at + 500),
    ];
    for (terms, when) in cases {
        let found = told(terms, &flows, &killed(when), at);
        assert!(says(&found, "lost: run-0/load"), "{found:?}");
        assert!(says(&found, "double commit: run-0/load"), "{found:?}");
    }
}
