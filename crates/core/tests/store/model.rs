//! Random histories, compared step by step with a plain model made of maps.

use std::collections::BTreeMap;

use botsmith_core::digest::Digest;
use botsmith_core::store::{
    Committed, MemoryStore, Outcome, Record, StateStore, Transaction, Write,
};
use proptest::prelude::*;

const PARTITIONS: [&str; 2] = ["p", "q%_"];
const KEYS: [&str; 5] = ["a", "a%", "a_b", "ab", "ü"];
const LOGS: [&str; 2] = ["log", "l%g"];
const INDEXES: [&str; 2] = ["ready", "leases"];

/// A check as it relates to what is there when it is made.
#[derive(Clone, Copy, Debug)]
enum Expect {
    Absent(usize),
    /// The version that is there, plus this.
    Version(usize, u64),
    /// The value that is there, and so many bytes more.
    Value(usize, u64),
    /// The length that the log has, plus this.
    Length(usize, u64),
}

#[derive(Clone, Debug)]
enum Step {
    Transact(usize, Vec<Expect>, Vec<Write>),
    /// Several in one go; where it says so, one that wants a key absent.
    Several(Vec<(usize, Option<usize>, Vec<Write>)>),
    DeletePartition(usize),
    PutBlobs(Vec<u8>),
    DeleteBlobs(Vec<u8>),
    /// Closes and opens again, where that is possible.
    Reopen,
}

fn write() -> impl Strategy<Value = Write> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..6);
    let name = |names: &'static [&str]| prop::sample::select(names).prop_map(str::to_owned);
    prop_oneof![
        3 => (name(&KEYS), bytes()).prop_map(|(key, value)| Write::Put { key, value }),
        1 => name(&KEYS).prop_map(|key| Write::Delete { key }),
        3 => (name(&LOGS), bytes()).prop_map(|(log, entry)| Write::Append { log, entry }),
        2 => (name(&INDEXES), name(&KEYS), 0..9_u64)
            .prop_map(|(index, member, at_ms)| Write::SetDue { index, member, at_ms }),
        1 => (name(&INDEXES), name(&KEYS))
            .prop_map(|(index, member)| Write::ClearDue { index, member }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    // Mostly checks that hold, or few transactions would get through.
    let off = || prop_oneof![4 => Just(0_u64), 1 => Just(1)];
    let expect = prop_oneof![
        1 => (0..KEYS.len()).prop_map(Expect::Absent),
        2 => (0..KEYS.len(), off()).prop_map(|(key, off)| Expect::Version(key, off)),
        2 => (0..KEYS.len(), off()).prop_map(|(key, off)| Expect::Value(key, off)),
        2 => (0..LOGS.len(), off()).prop_map(|(log, off)| Expect::Length(log, off)),
    ];
    let checks = prop::collection::vec(expect, 0..3);
    let writes = prop::collection::vec(write(), 0..5);
    let few = || prop::collection::vec(0..4_u8, 0..3);
    let absent = prop::option::of(0..KEYS.len());
    let several = (
        0..PARTITIONS.len(),
        absent,
        prop::collection::vec(write(), 0..4),
    );
    prop_oneof![
        20 => (0..PARTITIONS.len(), checks, writes)
            .prop_map(|(partition, checks, writes)| Step::Transact(partition, checks, writes)),
        5 => prop::collection::vec(several, 0..5).prop_map(Step::Several),
        1 => (0..PARTITIONS.len()).prop_map(Step::DeletePartition),
        2 => few().prop_map(Step::PutBlobs),
        1 => few().prop_map(Step::DeleteBlobs),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Debug, Default)]
struct Partition {
    records: BTreeMap<String, Record>,
    logs: BTreeMap<String, Vec<Vec<u8>>>,
    due: BTreeMap<(String, String), u64>,
}

#[derive(Debug, Default)]
struct Model {
    partitions: BTreeMap<&'static str, Partition>,
    /// The last version given in each partition, kept when it is deleted.
    last: BTreeMap<&'static str, u64>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Model {
    fn transact(&mut self, store: &dyn StateStore, at: usize, checks: &[Expect], writes: &[Write]) {
        let name = PARTITIONS[at];
        let after = self.partitions.get(name).cloned().unwrap_or_default();
        let mut transaction = Transaction::new();
        let mut fails = None;
        for (i, check) in checks.iter().enumerate() {
            let holds;
            (transaction, holds) = match *check {
                Expect::Absent(key) => {
                    let there = after.records.contains_key(KEYS[key]);
                    (transaction.absent(KEYS[key]), !there)
                }
                Expect::Version(key, off) => {
                    let there = after.records.get(KEYS[key]);
                    let version = there.map_or(0, |record| record.version) + off;
                    let holds = there.is_some() && off == 0;
                    (transaction.at_version(KEYS[key], version), holds)
                }
                Expect::Value(key, off) => {
                    let there = after.records.get(KEYS[key]);
                    let mut value = there.map_or(Vec::new(), |record| record.value.clone());
                    value.resize(value.len() + off as usize, 0);
                    let holds = there.is_some() && off == 0;
                    (transaction.at_value(KEYS[key], value), holds)
                }
                Expect::Length(log, off) => {
                    let length = after.logs.get(LOGS[log]).map_or(0, Vec::len) as u64;
                    (transaction.log_length(LOGS[log], length + off), off == 0)
                }
            };
            if !holds && fails.is_none() {
                fails = Some(i);
            }
        }
        transaction.writes = writes.to_vec();
        let committed = match store.transact(name, transaction).unwrap() {
            Outcome::Conflict(conflict) => {
                assert_eq!(Some(conflict.index), fails, "{conflict}");
                return;
            }
            Outcome::Committed(committed) => committed,
        };
        assert_eq!(fails, None, "a check that does not hold was passed over");
        self.made(name, after, writes, committed);
    }

    fn several(&mut self, store: &dyn StateStore, all: &[(usize, Option<usize>, Vec<Write>)]) {
        let transaction = |(at, absent, writes): &(usize, Option<usize>, Vec<Write>)| {
            let mut transaction = Transaction::new();
            if let Some(key) = absent {
                transaction = transaction.absent(KEYS[*key]);
            }
            transaction.writes.clone_from(writes);
            (PARTITIONS[*at].to_owned(), transaction)
        };
        let outcomes = store.transact_all(all.iter().map(transaction).collect());
        for (outcome, (at, absent, writes)) in outcomes.unwrap().into_iter().zip(all) {
            let name = PARTITIONS[*at];
            let before = self.partitions.get(name).cloned().unwrap_or_default();
            let there = absent.is_some_and(|key| before.records.contains_key(KEYS[key]));
            match outcome {
                Outcome::Committed(committed) if !there => {
                    self.made(name, before, writes, committed);
                }
                Outcome::Conflict(conflict) if there => assert_eq!(conflict.index, 0),
                other => panic!("{other:?}, and the key is there: {there}"),
            }
        }
    }

    /// Takes in what was committed.
    fn made(
        &mut self,
        name: &'static str,
        mut after: Partition,
        writes: &[Write],
        committed: Committed,
    ) {
        let version = committed.version;
        let mut appended = committed.appended.into_iter();
        for write in writes {
            match write.clone() {
                Write::Put { key, value } => {
                    let last = self.last.get(name).copied().unwrap_or(0);
                    assert!(version > last, "version {version} after {last}");
                    after.records.insert(key, Record { version, value });
                }
                Write::Delete { key } => drop(after.records.remove(&key)),
                Write::Append { log, entry } => {
                    let log = after.logs.entry(log).or_default();
                    assert_eq!(appended.next(), Some(log.len() as u64));
                    log.push(entry);
                }
                Write::SetDue {
                    index,
                    member,
                    at_ms,
                } => drop(after.due.insert((index, member), at_ms)),
                Write::ClearDue { index, member } => drop(after.due.remove(&(index, member))),
            }
        }
        assert_eq!(appended.next(), None);
        if !writes.is_empty() {
            self.partitions.insert(name, after);
            self.last.insert(name, version);
        }
    }

    fn step(&mut self, store: &dyn StateStore, step: &Step) {
        let content = |i: &u8| vec![*i; usize::from(*i) * 100];
        match step {
            Step::Transact(at, checks, writes) => self.transact(store, *at, checks, writes),
            Step::Several(all) => self.several(store, all),
            Step::DeletePartition(at) => {
                let existed = self.partitions.remove(PARTITIONS[*at]).is_some();
                assert_eq!(store.delete_partition(PARTITIONS[*at]).unwrap(), existed);
            }
            Step::PutBlobs(blobs) => {
                let contents: Vec<_> = blobs.iter().map(content).collect();
                let digests = store.put_blobs(contents.clone()).unwrap();
                self.blobs.extend(digests.into_iter().zip(contents));
            }
            Step::DeleteBlobs(blobs) => {
                let digests: Vec<_> = blobs.iter().map(|i| Digest::of(&content(i))).collect();
                let gone = digests.iter().filter(|d| self.blobs.remove(d).is_some());
                let gone = gone.count() as u64;
                assert_eq!(store.delete_blobs(&digests, u64::MAX).unwrap(), gone);
            }
            Step::Reopen => {}
        }
    }

    /// Everything that can be read is as it should be.
    fn compare(&self, store: &dyn StateStore) {
        let names = store.partitions("", None, usize::MAX).unwrap();
        assert!(names.iter().eq(self.partitions.keys()), "{names:?}");
        for name in PARTITIONS {
            let partition = self.partitions.get(name).cloned().unwrap_or_default();
            let records: Vec<_> = partition.records.clone().into_iter().collect();
            assert_eq!(store.scan(name, "", None, usize::MAX).unwrap(), records);
            let found = store.get_many(name, &KEYS).unwrap();
            let wanted = KEYS.map(|key| partition.records.get(key).cloned());
            assert_eq!(found, wanted);
            for (prefix, after, limit) in [("a", None, 2), ("a", Some("a%"), 9), ("ü", None, 1)] {
                let wanted = partition.records.keys().filter(|key| {
                    key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
                });
                let wanted: Vec<_> = wanted.take(limit).cloned().collect();
                assert_eq!(store.keys(name, prefix, after, limit).unwrap(), wanted);
            }
            for log in LOGS {
                let wanted = partition.logs.get(log).cloned().unwrap_or_default();
                assert_eq!(store.log_length(name, log).unwrap(), wanted.len() as u64);
                assert_eq!(store.log(name, log, 0, usize::MAX).unwrap(), wanted);
                let some: Vec<_> = wanted.into_iter().skip(1).take(2).collect();
                assert_eq!(store.log(name, log, 1, 2).unwrap(), some);
            }
            for index in INDEXES {
                let own = partition.due.iter().filter(|(at, _)| at.0 == index);
                let mut wanted: Vec<_> = own.collect();
                wanted.sort_by_key(|((_, member), at_ms)| (**at_ms, member.clone()));
                for (until, limit) in [(u64::MAX, usize::MAX), (4, 2)] {
                    let due = store.due(name, index, until, limit).unwrap();
                    let due = due.iter().map(|due| (&due.member, &due.at_ms));
                    let wanted = wanted.iter().filter(|(_, at_ms)| **at_ms <= until);
                    assert!(due.eq(wanted.take(limit).map(|((_, member), at)| (member, *at))));
                }
            }
        }
        let digests = store.blobs(None, usize::MAX).unwrap();
        assert!(
            digests
                .iter()
                .map(|info| &info.digest)
                .eq(self.blobs.keys())
        );
        for (digest, content) in &self.blobs {
            assert_eq!(store.blob(digest).unwrap().as_ref(), Some(content));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_store_does_as_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let (store, mut model) = (MemoryStore::new(), Model::default());
        for step in &steps {
            model.step(&store, step);
            model.compare(&store);
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn the_sqlite_store_does_as_the_model(steps in prop::collection::vec(step(), 1..60)) {
        use botsmith_core::store::SqliteStore;

        let folder = crate::quick_folder();
        let path = folder.path().join("state.db");
        let (mut store, mut model) = (SqliteStore::open(&path).unwrap(), Model::default());
        for step in &steps {
            if matches!(step, Step::Reopen) {
                drop(store);
                store = SqliteStore::open(&path).unwrap();
            }
            model.step(&store, step);
            model.compare(&store);
        }
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_redis_store_does_as_the_model() {
    use std::sync::atomic::{AtomicU64, Ordering};

    use botsmith_core::store::RedisStore;
    use proptest::test_runner::TestRunner;

    use crate::server::{Server, programs};

    let Some(program) = programs().first().copied() else {
        return;
    };
    // One server for all histories, each in its own namespace.
    let server = Server::start(program, &["--appendfsync", "no"]);
    let histories = AtomicU64::new(0);
    let config = ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..60);
    let ran = TestRunner::new(config).run(&steps, |steps| {
        let history = histories.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}?namespace=h{history}", server.url());
        let (mut store, mut model) = (RedisStore::open(&url).unwrap(), Model::default());
        for step in &steps {
            if matches!(step, Step::Reopen) {
                store = RedisStore::open(&url).unwrap();
            }
            model.step(&store, step);
            model.compare(&store);
        }
        Ok(())
    });
    ran.unwrap();
}
