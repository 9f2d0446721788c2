//! What every store does, as a table of named cases, each given an empty store.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use botsmith_core::digest::Digest;
use botsmith_core::store::{
    Answer, Ask, BlobInfo, Check, Conflict, Due, Found, MAX_NAME, MAX_TIME_MS, MAX_VALUE,
    MemoryStore, Outcome, StateStore, Transaction,
};

use crate::commit;

type Case = (&'static str, fn(&dyn StateStore));

const CASES: &[Case] = &[
    ("a new store is empty", new_store_is_empty),
    ("a record put is got, with a version", record_round_trip),
    ("a put replaces value and version", put_replaces),
    ("versions rise, also over a deletion", versions_rise),
    ("all checks must hold", all_checks_must_hold),
    (
        "a conflict names the first check that fails",
        conflict_names_the_check,
    ),
    ("a conflict writes nothing", conflict_writes_nothing),
    (
        "checks see the state before the writes",
        checks_see_the_state_before,
    ),
    ("writes are made in their order", writes_in_order),
    ("an unchanged record is one that a read found", unchanged),
    ("a transaction without writes only checks", checks_alone),
    ("deleting what is not there is no error", deleting_nothing),
    ("log entries are numbered from zero", log_numbers),
    ("a log is read by range", log_ranges),
    ("one transaction appends to several logs", several_logs),
    ("racing appends lose and double none", racing_appends),
    ("racing claims have one winner", racing_claims),
    (
        "what is due comes in order of time, then name",
        due_in_order,
    ),
    ("due times are cut at the limit and the time", due_limits),
    ("a due member moves and goes", due_moves),
    ("indexes of one partition are apart", indexes_apart),
    ("several records are read at one moment", many_at_one_moment),
    ("keys are listed by prefix, page by page", pages),
    ("odd characters in names are nothing special", odd_names),
    ("partitions are apart", partitions_apart),
    (
        "partitions are listed by prefix, page by page",
        partition_pages,
    ),
    (
        "a deleted partition is gone, the others stay",
        deleted_partition,
    ),
    ("empty values are values", empty_values),
    ("a value of a mebibyte comes back", large_values),
    ("a blob is kept once under its digest", blob_round_trip),
    ("blobs are listed by digest, page by page", blob_pages),
    ("blobs put lately are not deleted", blob_deletion),
    ("names and values beyond the limits are refused", limits),
    ("time is in milliseconds of this century", time),
    ("a conflict reads as a sentence", conflict_text),
    (
        "several reads are answered as each alone, in their order",
        several_reads,
    ),
    (
        "several transactions each happen or not, those of one partition in order",
        several_transactions,
    ),
    (
        "a transaction of thousands of puts is whole, also around a deletion",
        many_puts,
    ),
];

#[test]
fn the_memory_store_conforms() {
    for (name, case) in CASES {
        eprintln!("case: {name}");
        case(&MemoryStore::new());
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn the_sqlite_store_conforms_and_holds_the_same_when_opened_again() {
    use botsmith_core::store::SqliteStore;

    for (name, case) in CASES {
        eprintln!("case: {name}");
        let folder = crate::quick_folder();
        let path = folder.path().join("new/state.db");
        let store = SqliteStore::open(&path).unwrap();
        case(&store);
        let before = dump(&store);
        drop(store);
        let store = SqliteStore::open_existing(&path).unwrap().unwrap();
        assert_eq!(dump(&store), before, "{name}");
    }
}

/// Every case, each in a namespace of its own.
#[cfg(feature = "redis")]
fn redis_conforms(url: &str) {
    use botsmith_core::store::RedisStore;

    for (i, (name, case)) in CASES.iter().enumerate() {
        eprintln!("case: {name}");
        let url = format!("{url}?namespace=case-{}-{i}", std::process::id());
        let store = RedisStore::open(&url).unwrap();
        case(&store);
        let before = dump(&store);
        drop(store);
        let store = RedisStore::open_existing(&url).unwrap().unwrap();
        assert_eq!(dump(&store), before, "{name}");
        for partition in store.partitions("", None, usize::MAX).unwrap() {
            store.delete_partition(&partition).unwrap();
        }
        let blobs = store.blobs(None, usize::MAX).unwrap();
        let digests: Vec<_> = blobs.iter().map(|blob| blob.digest).collect();
        store.delete_blobs(&digests, u64::MAX).unwrap();
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_redis_store_conforms_on_every_server_that_is_installed() {
    use crate::server::{Server, programs};

    for program in programs() {
        eprintln!("server: {program}");
        redis_conforms(&Server::start(program, &["--appendfsync", "no"]).url());
    }
    if let Ok(url) = std::env::var("BOTSMITH_REDIS_URL") {
        redis_conforms(&url);
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_redis_store_conforms_on_a_cluster_of_three() {
    use crate::server::{cluster, cluster_url, programs};

    for program in programs() {
        eprintln!("cluster: {program}");
        redis_conforms(&cluster_url(&cluster(program)));
    }
}

/// All that a store holds under the names that the cases use.
fn dump(store: &dyn StateStore) -> (Vec<String>, Vec<BlobInfo>) {
    let mut lines = Vec::new();
    for partition in store.partitions("", None, usize::MAX).unwrap() {
        lines.push(partition.clone());
        for (key, record) in store.scan(&partition, "", None, usize::MAX).unwrap() {
            let digest = Digest::of(&record.value);
            lines.push(format!("{key} {} {digest}", record.version));
        }
        for name in ["log", "other"] {
            let entries = store.log(&partition, name, 0, usize::MAX).unwrap();
            lines.push(format!("{name} {entries:?}"));
            let due = store.due(&partition, name, u64::MAX, usize::MAX).unwrap();
            lines.push(format!("{name} {due:?}"));
        }
    }
    (lines, store.blobs(None, usize::MAX).unwrap())
}

fn tx() -> Transaction {
    Transaction::new()
}

fn conflict(store: &dyn StateStore, partition: &str, transaction: Transaction) -> Conflict {
    match store.transact(partition, transaction).unwrap() {
        Outcome::Conflict(conflict) => conflict,
        Outcome::Committed(committed) => panic!("no conflict: {committed:?}"),
    }
}

fn value(store: &dyn StateStore, partition: &str, key: &str) -> Option<Vec<u8>> {
    let record = store.get(partition, key).unwrap();
    record.map(|record| record.value)
}

fn new_store_is_empty(store: &dyn StateStore) {
    assert_eq!(store.get("p", "a").unwrap(), None);
    assert!(store.keys("p", "", None, 10).unwrap().is_empty());
    assert!(store.scan("p", "", None, 10).unwrap().is_empty());
    assert!(store.log("p", "log", 0, 10).unwrap().is_empty());
    assert_eq!(store.log_length("p", "log").unwrap(), 0);
    assert!(store.due("p", "log", u64::MAX, 10).unwrap().is_empty());
    assert!(store.partitions("", None, 10).unwrap().is_empty());
    assert!(store.blobs(None, 10).unwrap().is_empty());
    assert_eq!(store.blob(&Digest::of(b"x")).unwrap(), None);
    assert!(!store.delete_partition("p").unwrap());
    assert_eq!(store.put_blobs(Vec::new()).unwrap(), []);
    assert_eq!(store.delete_blobs(&[], u64::MAX).unwrap(), 0);
}

fn record_round_trip(store: &dyn StateStore) {
    let bytes: Vec<u8> = (0..=255).collect();
    let committed = commit(store, "p", tx().put("a", bytes.clone()));
    let record = store.get("p", "a").unwrap().unwrap();
    assert_eq!(record.value, bytes);
    assert_eq!(record.version, committed.version);
}

fn put_replaces(store: &dyn StateStore) {
    let first = commit(store, "p", tx().put("a", "1")).version;
    let second = commit(store, "p", tx().at_version("a", first).put("a", "2")).version;
    assert!(second > first);
    let record = store.get("p", "a").unwrap().unwrap();
    assert_eq!((record.version, record.value), (second, b"2".to_vec()));
    // The same value again is another version: someone may have acted in between.
    assert!(commit(store, "p", tx().put("a", "2")).version > second);
}

fn versions_rise(store: &dyn StateStore) {
    let mut last = 0;
    for round in 0..4 {
        for key in ["a", "b", "a"] {
            let version = commit(store, "p", tx().put(key, "x")).version;
            assert!(version > last, "round {round}: {version} after {last}");
            last = version;
        }
        commit(store, "p", tx().delete("a"));
        if round % 2 == 1 {
            assert!(store.delete_partition("p").unwrap());
        }
    }
}

fn all_checks_must_hold(store: &dyn StateStore) {
    let a = commit(store, "p", tx().put("a", "1")).version;
    let b = commit(store, "p", tx().put("b", "1").append("log", "0")).version;
    let good = || {
        tx().at_version("a", a)
            .at_version("b", b)
            .absent("c")
            .log_length("log", 1)
            .log_length("other", 0)
            .at_value("a", "1")
            .put("done", "x")
    };
    for wrong in [
        tx().at_version("a", b),
        tx().at_version("c", a),
        tx().at_version("a", u64::MAX),
        tx().absent("b"),
        tx().log_length("log", 0),
        tx().log_length("log", 2),
        tx().log_length("other", 1),
        tx().at_value("a", "2"),
        tx().at_value("a", ""),
        tx().at_value("a", "1 "),
        tx().at_value("c", ""),
    ] {
        let mut transaction = good();
        transaction.checks.extend(wrong.checks);
        assert_eq!(conflict(store, "p", transaction).index, 6);
    }
    assert_eq!(value(store, "p", "done"), None);
    commit(store, "p", good());
    assert_eq!(value(store, "p", "done"), Some(b"x".to_vec()));
}

fn conflict_names_the_check(store: &dyn StateStore) {
    let version = commit(store, "p", tx().put("a", "1").append("log", "x")).version;
    let check = Check::Absent { key: "a".into() };
    let found = Found::Version(version);
    let both = tx().absent("b").absent("a").log_length("log", 5);
    let wanted = Conflict {
        index: 1,
        check,
        found,
    };
    assert_eq!(conflict(store, "p", both), wanted);
    let gone = conflict(store, "p", tx().at_version("b", 7));
    assert_eq!((gone.index, gone.found), (0, Found::Absent));
    let other = conflict(store, "p", tx().at_value("a", "12"));
    assert_eq!(other.found, Found::Version(version));
    let other = other.to_string();
    assert!(
        other.contains("`a` was wanted with 2 known bytes"),
        "{other}"
    );
    let none = conflict(store, "p", tx().at_value("b", "1"));
    assert_eq!(none.found, Found::Absent);
    let long = conflict(store, "p", tx().log_length("log", 5));
    assert_eq!(long.found, Found::LogLength(1));
    // A partition that does not exist is one where everything is absent.
    let nowhere = conflict(store, "q", tx().at_version("a", version));
    assert_eq!(nowhere.found, Found::Absent);
}

fn conflict_writes_nothing(store: &dyn StateStore) {
    commit(
        store,
        "p",
        tx().put("a", "1").append("log", "x").set_due("log", "m", 5),
    );
    let before = dump(store);
    let all = |check: Transaction| {
        check
            .put("a", "2")
            .put("b", "2")
            .delete("a")
            .append("log", "y")
            .append("other", "y")
            .set_due("log", "m", 9)
            .set_due("other", "n", 9)
            .clear_due("log", "m")
    };
    let _ = conflict(store, "p", all(tx().absent("a")));
    let _ = conflict(store, "q", all(tx().log_length("log", 1)));
    assert_eq!(dump(store), before);
}

fn checks_see_the_state_before(store: &dyn StateStore) {
    let transaction = tx()
        .put("a", "1")
        .append("log", "x")
        .absent("a")
        .log_length("log", 0);
    commit(store, "p", transaction.clone());
    assert_eq!(conflict(store, "p", transaction).index, 0);
}

fn writes_in_order(store: &dyn StateStore) {
    let transaction = tx()
        .put("a", "1")
        .put("a", "2")
        .put("b", "1")
        .delete("b")
        .delete("c")
        .put("c", "3")
        .append("log", "0")
        .append("log", "1")
        .set_due("log", "m", 1)
        .set_due("log", "m", 2)
        .set_due("log", "n", 3)
        .clear_due("log", "n");
    assert_eq!(commit(store, "p", transaction).appended, [0, 1]);
    assert_eq!(value(store, "p", "a"), Some(b"2".to_vec()));
    assert_eq!(value(store, "p", "b"), None);
    assert_eq!(value(store, "p", "c"), Some(b"3".to_vec()));
    assert_eq!(store.log("p", "log", 0, 9).unwrap(), [b"0", b"1"]);
    let due = store.due("p", "log", u64::MAX, 9).unwrap();
    assert_eq!(
        due,
        [Due {
            at_ms: 2,
            member: "m".into()
        }]
    );
}

fn unchanged(store: &dyn StateStore) {
    let set = |found: Option<_>, value: &str| {
        let transaction = tx().unchanged("a", found.as_ref()).put("a", value);
        store.transact("p", transaction).unwrap().committed()
    };
    assert!(set(None, "1").is_ok());
    assert!(set(None, "2").is_err());
    let found = store.get("p", "a").unwrap();
    assert!(set(found.clone(), "3").is_ok());
    assert!(set(found, "4").is_err());
    assert_eq!(value(store, "p", "a"), Some(b"3".to_vec()));
}

fn checks_alone(store: &dyn StateStore) {
    commit(store, "p", tx().absent("a"));
    assert!(store.partitions("", None, 9).unwrap().is_empty());
    commit(store, "p", tx());
    assert_eq!(conflict(store, "p", tx().log_length("log", 1)).index, 0);
}

fn deleting_nothing(store: &dyn StateStore) {
    commit(store, "p", tx().delete("a").clear_due("log", "m"));
    assert_eq!(store.get("p", "a").unwrap(), None);
}

fn log_numbers(store: &dyn StateStore) {
    for i in 0..5_u64 {
        let committed = commit(store, "p", tx().append("log", i.to_string()));
        assert_eq!(committed.appended, [i]);
        assert_eq!(store.log_length("p", "log").unwrap(), i + 1);
    }
}

fn log_ranges(store: &dyn StateStore) {
    let all = (0..10).fold(tx(), |tx, i: i32| tx.append("log", i.to_string()));
    commit(store, "p", all);
    let read = |from, limit| {
        let entries = store.log("p", "log", from, limit).unwrap();
        String::from_utf8(entries.concat()).unwrap()
    };
    assert_eq!(read(0, usize::MAX), "0123456789");
    assert_eq!(read(0, 3), "012");
    assert_eq!(read(7, 2), "78");
    assert_eq!(read(7, 100), "789");
    assert_eq!(read(10, 5), "");
    assert_eq!(read(u64::MAX, 5), "");
    assert_eq!(read(3, 0), "");
}

fn several_logs(store: &dyn StateStore) {
    commit(store, "p", tx().append("log", "a"));
    let transaction = tx()
        .append("other", "b")
        .append("log", "c")
        .append("other", "d");
    assert_eq!(commit(store, "p", transaction).appended, [0, 1, 1]);
    assert_eq!(store.log("p", "log", 0, 9).unwrap(), [b"a", b"c"]);
    assert_eq!(store.log("p", "other", 0, 9).unwrap(), [b"b", b"d"]);
}

fn racing_appends(store: &dyn StateStore) {
    const THREADS: usize = 8;
    const EACH: usize = 25;
    let start = Barrier::new(THREADS);
    let start = &start;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                start.wait();
                for i in 0..EACH {
                    loop {
                        let length = store.log_length("p", "log").unwrap();
                        let append = tx()
                            .log_length("log", length)
                            .append("log", format!("{thread}/{i:02}"));
                        match store.transact("p", append).unwrap() {
                            Outcome::Committed(done) => {
                                assert_eq!(done.appended, [length]);
                                break;
                            }
                            Outcome::Conflict(conflict) => {
                                assert!(
                                    matches!(conflict.found, Found::LogLength(n) if n > length)
                                );
                            }
                        }
                    }
                }
            });
        }
    });
    let entries = store.log("p", "log", 0, usize::MAX).unwrap();
    assert_eq!(entries.len(), THREADS * EACH);
    for thread in 0..THREADS {
        let own = format!("{thread}/");
        let own: Vec<_> = entries
            .iter()
            .filter(|entry| entry.starts_with(own.as_bytes()))
            .collect();
        assert_eq!(own.len(), EACH);
        assert!(
            own.is_sorted(),
            "thread {thread} finds its entries out of order"
        );
    }
    assert_eq!(
        entries.iter().collect::<BTreeSet<_>>().len(),
        THREADS * EACH
    );
}

fn racing_claims(store: &dyn StateStore) {
    let start = Barrier::new(8);
    let start = &start;
    let winners: usize = thread::scope(|scope| {
        let claims: Vec<_> = (0..8)
            .map(|thread: i32| {
                scope.spawn(move || {
                    start.wait();
                    let claims = (0..20).map(|step| {
                        let key = format!("owner/{step}");
                        let claim = tx().absent(&key).put(&key, thread.to_string());
                        store.transact("p", claim).unwrap().committed().is_ok()
                    });
                    claims.filter(|won| *won).count()
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).sum()
    });
    assert_eq!(winners, 20);
}

fn due_in_order(store: &dyn StateStore) {
    let transaction = tx()
        .set_due("log", "late", 300)
        .set_due("log", "b", 100)
        .set_due("log", "a", 100)
        .set_due("log", "ä", 100)
        .set_due("log", "B", 100)
        .set_due("log", "first", 0)
        .set_due("log", "last", MAX_TIME_MS);
    commit(store, "p", transaction);
    let due = store.due("p", "log", u64::MAX, usize::MAX).unwrap();
    let names: Vec<_> = due.iter().map(|due| due.member.as_str()).collect();
    assert_eq!(names, ["first", "B", "a", "b", "ä", "late", "last"]);
    assert_eq!(due[6].at_ms, MAX_TIME_MS);
}

fn due_limits(store: &dyn StateStore) {
    let all = (0..10).fold(tx(), |tx, i| tx.set_due("log", i.to_string(), i * 10));
    commit(store, "p", all);
    let count = |until, limit| store.due("p", "log", until, limit).unwrap().len();
    assert_eq!(count(u64::MAX, usize::MAX), 10);
    assert_eq!(count(50, usize::MAX), 6);
    assert_eq!(count(49, usize::MAX), 5);
    assert_eq!(count(50, 4), 4);
    assert_eq!(count(0, 4), 1);
    assert_eq!(count(50, 0), 0);
    assert_eq!(store.due("p", "log", 90, 1).unwrap()[0].at_ms, 0);
}

fn due_moves(store: &dyn StateStore) {
    commit(
        store,
        "p",
        tx().set_due("log", "a", 10).set_due("log", "b", 20),
    );
    commit(store, "p", tx().set_due("log", "a", 30));
    let names = || -> Vec<String> {
        let due = store.due("p", "log", u64::MAX, 9).unwrap();
        due.into_iter().map(|due| due.member).collect()
    };
    assert_eq!(names(), ["b", "a"]);
    assert!(store.due("p", "log", 10, 9).unwrap().is_empty());
    commit(store, "p", tx().clear_due("log", "b"));
    assert_eq!(names(), ["a"]);
    // Reading takes nothing out.
    assert_eq!(names(), ["a"]);
}

fn indexes_apart(store: &dyn StateStore) {
    commit(
        store,
        "p",
        tx().set_due("log", "a", 10).set_due("other", "a", 20),
    );
    commit(store, "p", tx().clear_due("log", "a"));
    assert!(store.due("p", "log", 99, 9).unwrap().is_empty());
    assert_eq!(store.due("p", "other", 99, 9).unwrap()[0].at_ms, 20);
}

fn many_at_one_moment(store: &dyn StateStore) {
    commit(store, "p", tx().put("a", "0").put("b", "0"));
    let found = store.get_many("p", &["b", "none", "a", "b"]).unwrap();
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert_eq!(there, [true, false, true, true]);
    assert!(store.get_many("p", &[]).unwrap().is_empty());
    assert_eq!(store.get_many("none", &["a", "b"]).unwrap(), [None, None]);
    thread::scope(|scope| {
        scope.spawn(|| {
            for i in 1..60 {
                let both = tx().put("a", i.to_string()).put("b", i.to_string());
                commit(store, "p", both);
            }
        });
        for _ in 0..200 {
            let found = store.get_many("p", &["a", "b"]).unwrap();
            assert_eq!(found[0], found[1]);
        }
    });
}

fn pages(store: &dyn StateStore) {
    let keys = [
        "a", "run/1", "run/2", "run/3", "run/30", "run/4", "runs", "s",
    ];
    let all = keys.iter().rev().fold(tx(), |tx, key| tx.put(*key, *key));
    commit(store, "p", all);
    let list = |prefix: &str, after: Option<&str>, limit| {
        let keys = store.keys("p", prefix, after, limit).unwrap();
        let records = store.scan("p", prefix, after, limit).unwrap();
        for ((key, record), wanted) in records.iter().zip(&keys) {
            assert_eq!((key, &record.value[..]), (wanted, wanted.as_bytes()));
        }
        assert_eq!(records.len(), keys.len());
        keys
    };
    assert_eq!(list("", None, usize::MAX), keys);
    assert_eq!(list("run/", None, 9), keys[1..6]);
    assert_eq!(list("run/3", None, 9), ["run/3", "run/30"]);
    assert_eq!(list("none", None, 9), [""; 0]);
    assert_eq!(list("run/", None, 0), [""; 0]);
    // `after` need not be there, nor have the prefix.
    assert_eq!(
        list("run/", Some("run/29"), 9),
        ["run/3", "run/30", "run/4"]
    );
    assert_eq!(list("run/", Some("b"), 2), ["run/1", "run/2"]);
    assert_eq!(list("run/", Some("run/"), 1), ["run/1"]);
    assert_eq!(list("run/", Some("run/4"), 9), [""; 0]);
    assert_eq!(list("run/", Some("z"), 9), [""; 0]);
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = list("", after.as_deref(), 3);
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        found.extend(page);
    }
    assert_eq!(found, keys);
}

fn odd_names(store: &dyn StateStore) {
    // In the order of their bytes.
    let names = [
        " ",
        "%",
        "%a",
        "'\"; --",
        "*?",
        "A",
        "[x]",
        "\\",
        "_",
        "_a",
        "a",
        "a b",
        "a%",
        "a_",
        "{p}:x",
        "ß",
        "ﬁ",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
    ];
    for name in names {
        let transaction = tx()
            .put(name, name)
            .append(name, name)
            .set_due(name, name, 1);
        commit(store, name, transaction);
        commit(store, "all", tx().put(name, name));
        assert_eq!(store.keys(name, "", None, 9).unwrap(), [name]);
        assert_eq!(store.log(name, name, 0, 9).unwrap(), [name.as_bytes()]);
        assert_eq!(store.due(name, name, 1, 9).unwrap()[0].member, name);
    }
    assert_eq!(store.keys("all", "", None, 99).unwrap(), names);
    assert_eq!(store.keys("all", "%", None, 99).unwrap(), ["%", "%a"]);
    assert_eq!(store.keys("all", "_", None, 99).unwrap(), ["_", "_a"]);
    assert_eq!(store.keys("all", "[", None, 99).unwrap(), ["[x]"]);
    assert_eq!(
        store.keys("all", "\u{10ffff}", None, 99).unwrap(),
        names[17..]
    );
    assert_eq!(store.keys("all", "", Some("ß"), 99).unwrap(), names[16..]);
    assert_eq!(store.partitions("_", None, 99).unwrap(), ["_", "_a"]);
    let longest = "ü".repeat(MAX_NAME / 2);
    commit(store, &longest, tx().put(&longest, "x"));
    assert_eq!(value(store, &longest, &longest), Some(b"x".to_vec()));
}

fn partitions_apart(store: &dyn StateStore) {
    for partition in ["p", "q"] {
        let transaction = tx()
            .absent("a")
            .log_length("log", 0)
            .put("a", partition)
            .append("log", partition)
            .set_due("log", partition, 1);
        commit(store, partition, transaction);
    }
    commit(
        store,
        "p",
        tx().delete("a").append("log", "more").clear_due("log", "q"),
    );
    assert_eq!(value(store, "p", "a"), None);
    assert_eq!(value(store, "q", "a"), Some(b"q".to_vec()));
    assert_eq!(store.log_length("q", "log").unwrap(), 1);
    assert_eq!(store.due("q", "log", 9, 9).unwrap().len(), 1);
}

fn partition_pages(store: &dyn StateStore) {
    commit(store, "run/1", tx().put("a", ""));
    commit(store, "run/2", tx().append("log", ""));
    commit(store, "run/3", tx().set_due("log", "m", 1));
    commit(store, "session", tx().put("a", ""));
    let list = |prefix: &str, after, limit| store.partitions(prefix, after, limit).unwrap();
    assert_eq!(list("", None, 9), ["run/1", "run/2", "run/3", "session"]);
    assert_eq!(list("run/", None, 2), ["run/1", "run/2"]);
    assert_eq!(list("run/", Some("run/2"), 2), ["run/3"]);
    assert_eq!(list("x", None, 2), [""; 0]);
}

fn deleted_partition(store: &dyn StateStore) {
    for partition in ["p", "pq", "q"] {
        let transaction = tx()
            .put("a", partition)
            .append("log", "x")
            .append("other", "y")
            .set_due("log", "m", 1);
        commit(store, partition, transaction);
    }
    let digest = store.put_blob(b"kept".to_vec()).unwrap();
    assert!(store.delete_partition("p").unwrap());
    assert!(!store.delete_partition("p").unwrap());
    assert_eq!(store.partitions("", None, 9).unwrap(), ["pq", "q"]);
    assert!(store.keys("p", "", None, 9).unwrap().is_empty());
    assert_eq!(store.log_length("p", "log").unwrap(), 0);
    assert!(store.log("p", "other", 0, 9).unwrap().is_empty());
    assert!(store.due("p", "log", 9, 9).unwrap().is_empty());
    assert_eq!(value(store, "pq", "a"), Some(b"pq".to_vec()));
    assert_eq!(store.log("q", "other", 0, 9).unwrap(), [b"y"]);
    assert!(store.blob(&digest).unwrap().is_some());
    // Made anew, its log starts over.
    let anew = tx().log_length("log", 0).absent("a").append("log", "z");
    assert_eq!(commit(store, "p", anew).appended, [0]);
    assert_eq!(store.log("p", "log", 0, 9).unwrap(), [b"z"]);
}

fn empty_values(store: &dyn StateStore) {
    commit(
        store,
        "p",
        tx().put("a", "").append("log", "").append("log", "x"),
    );
    assert_eq!(value(store, "p", "a"), Some(Vec::new()));
    assert_eq!(
        store.log("p", "log", 0, 9).unwrap(),
        [b"".to_vec(), b"x".to_vec()]
    );
    let digest = store.put_blob(Vec::new()).unwrap();
    assert_eq!(store.blob(&digest).unwrap(), Some(Vec::new()));
    assert_eq!(store.blobs(None, 9).unwrap()[0].size, 0);
}

fn large_values(store: &dyn StateStore) {
    let large: Vec<u8> = (0..1 << 20).map(|i: u32| (i * 7 / 3) as u8).collect();
    let transaction = tx().put("a", large.clone()).append("log", large.clone());
    commit(store, "p", transaction);
    let digest = store.put_blob(large.clone()).unwrap();
    assert!(value(store, "p", "a") == Some(large.clone()));
    assert!(store.log("p", "log", 0, 9).unwrap() == vec![large.clone()]);
    assert!(store.blob(&digest).unwrap() == Some(large));
    commit(store, "p", tx().put("a", "small"));
    assert_eq!(value(store, "p", "a"), Some(b"small".to_vec()));
}

fn blob_round_trip(store: &dyn StateStore) {
    let contents = vec![b"one".to_vec(), b"two".to_vec(), b"one".to_vec()];
    let digests = store.put_blobs(contents.clone()).unwrap();
    let wanted: Vec<_> = contents.iter().map(|content| Digest::of(content)).collect();
    assert_eq!(digests, wanted);
    for (digest, content) in digests.iter().zip(contents) {
        assert_eq!(store.blob(digest).unwrap(), Some(content));
    }
    assert_eq!(store.put_blob(b"two".to_vec()).unwrap(), digests[1]);
    let infos = store.blobs(None, 9).unwrap();
    assert_eq!(infos.len(), 2);
    assert!(infos.iter().all(|info| info.size == 3));
    assert_eq!(store.blob(&Digest::of(b"three")).unwrap(), None);
}

fn blob_pages(store: &dyn StateStore) {
    let contents = (0..10).map(|i: i32| i.to_string().into_bytes()).collect();
    let mut digests = store.put_blobs(contents).unwrap();
    digests.sort();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.blobs(after.as_ref(), 4).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.digest);
        found.extend(page.into_iter().map(|info| info.digest));
    }
    assert_eq!(found, digests);
    assert!(store.blobs(None, 0).unwrap().is_empty());
}

fn blob_deletion(store: &dyn StateStore) {
    let digests = store.put_blobs(vec![b"a".to_vec(), b"b".to_vec()]).unwrap();
    // Blobs of one call may be put at different times.
    let infos = store.blobs(None, 9).unwrap();
    let first = infos.iter().map(|info| info.put_at_ms).min().unwrap();
    assert!(first > 1_600_000_000_000);
    assert_eq!(store.delete_blobs(&digests, first).unwrap(), 0);
    let none = Digest::of(b"none");
    let some = [digests[0], none];
    assert_eq!(store.delete_blobs(&some, u64::MAX).unwrap(), 1);
    assert_eq!(store.blob(&digests[0]).unwrap(), None);
    assert_eq!(store.blob(&digests[1]).unwrap(), Some(b"b".to_vec()));
    store.put_blob(b"a".to_vec()).unwrap();
    assert_eq!(store.blob(&digests[0]).unwrap(), Some(b"a".to_vec()));
}

fn limits(store: &dyn StateStore) {
    let long = "x".repeat(MAX_NAME + 1);
    for (partition, transaction, wanted) in [
        ("", tx().put("a", ""), "partition's name is empty"),
        ("p", tx().put("", ""), "record's name is empty"),
        ("p", tx().absent(""), "record's name is empty"),
        ("p", tx().append("", ""), "log's name is empty"),
        ("p", tx().set_due("i", "", 1), "member's name is empty"),
        ("p", tx().put(&long, ""), "has 513 bytes, at most 512 fit"),
        ("p", tx().delete("a\0b"), "control character '\\0'"),
        ("p", tx().log_length("a\n", 1), "control character '\\n'"),
        (
            "p",
            tx().set_due("i", "m", MAX_TIME_MS + 1),
            "the latest time is",
        ),
        (
            "p",
            tx().put("a", vec![0; MAX_VALUE + 1]),
            "has 67108865 bytes",
        ),
        (
            "p",
            tx().append("a", vec![0; MAX_VALUE + 1]),
            "an entry of log `a`",
        ),
    ] {
        // A good write beside the bad one does not happen either.
        let transaction = transaction.put("good", "");
        let error = store.transact(partition, transaction).unwrap_err();
        assert_eq!(error.code(), "BS-CORE-017", "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let error = store
        .put_blobs(vec![vec![], vec![0; MAX_VALUE + 1]])
        .unwrap_err();
    assert!(error.to_string().contains("blob number `2`"), "{error}");
    assert!(store.blobs(None, 9).unwrap().is_empty());
    assert!(store.partitions("", None, 9).unwrap().is_empty());
}

fn time(store: &dyn StateStore) {
    let now = store.now_ms().unwrap();
    assert!(
        (1_600_000_000_000..4_102_444_800_000).contains(&now),
        "{now}"
    );
}

fn conflict_text(store: &dyn StateStore) {
    let version = commit(store, "p", tx().put("a", "").append("log", "")).version;
    for (transaction, wanted) in [
        (
            tx().absent("a"),
            format!("record `a` was wanted absent, it is there at version {version}"),
        ),
        (
            tx().at_version("b", 3),
            "record `b` was wanted at version 3, it is absent".to_owned(),
        ),
        (
            tx().log_length("log", 4),
            "log `log` was wanted with 4 entries, it has 1".to_owned(),
        ),
    ] {
        assert_eq!(conflict(store, "p", transaction).to_string(), wanted);
    }
}

fn several_reads(store: &dyn StateStore) {
    assert_eq!(store.ask(&[]).unwrap(), []);
    commit(
        store,
        "p",
        tx().put("a", "1")
            .put("b", "2")
            .set_due("i", "x", 5)
            .set_due("i", "y", 9),
    );
    commit(store, "q", tx().put("a", "3"));
    let asks = [
        Ask::records("q", ["a", "b"]),
        Ask::due("p", "i", 8, 10),
        Ask::records("p", Vec::<String>::new()),
        Ask::due("p", "i", u64::MAX, 1),
        Ask::records("nowhere", ["a"]),
        Ask::due("p", "none", 8, 10),
        Ask::records("p", ["b", "a", "b"]),
    ];
    let alone = |ask: &Ask| match ask {
        Ask::Records { partition, keys } => {
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            Answer::Records(store.get_many(partition, &keys).unwrap())
        }
        Ask::Due {
            partition,
            index,
            until_ms,
            limit,
        } => Answer::Due(store.due(partition, index, *until_ms, *limit).unwrap()),
    };
    let wanted: Vec<_> = asks.iter().map(alone).collect();
    let found = store.ask(&asks).unwrap();
    assert_eq!(found, wanted);
    let values = |answer: &Answer| {
        let records = answer.clone().records().into_iter().flatten();
        records.map(|record| record.value).collect::<Vec<_>>()
    };
    assert_eq!(values(&found[0]), [b"3"]);
    assert_eq!(values(&found[6]), [b"2", b"1", b"2"]);
    let members = found[1].clone().due().into_iter().map(|due| due.member);
    assert_eq!(members.collect::<Vec<_>>(), ["x"]);
    assert!(found[1].clone().records().is_empty() && found[0].clone().due().is_empty());
}

fn several_transactions(store: &dyn StateStore) {
    assert_eq!(store.transact_all(Vec::new()).unwrap(), []);
    let named = |name: &str, transaction| (name.to_owned(), transaction);
    let outcomes = store
        .transact_all(vec![
            named("p", tx().absent("a").put("a", "1").append("log", "x")),
            named("q", tx().put("a", "2")),
            named("p", tx().absent("a").put("a", "3")),
            named("p", tx().append("log", "y").put("b", "4")),
            named("r", tx().at_version("a", 7).put("a", "5")),
        ])
        .unwrap();
    let committed = |at: usize| match &outcomes[at] {
        Outcome::Committed(committed) => committed.clone(),
        Outcome::Conflict(conflict) => panic!("{at}: {conflict}"),
    };
    assert_eq!(committed(0).appended, [0]);
    assert_eq!(committed(3).appended, [1]);
    assert!(committed(0).version < committed(3).version);
    for (at, check) in [(2, "record `a` was wanted absent"), (4, "it is absent")] {
        let Outcome::Conflict(conflict) = &outcomes[at] else {
            panic!("{at} happened");
        };
        assert!(conflict.to_string().contains(check), "{conflict}");
    }
    let value = |partition, key| store.get(partition, key).unwrap().map(|found| found.value);
    assert_eq!(value("p", "a"), Some(b"1".to_vec()));
    assert_eq!(value("q", "a"), Some(b"2".to_vec()));
    assert_eq!(value("p", "b"), Some(b"4".to_vec()));
    assert_eq!(value("r", "a"), None);
    // Each may build on what the one before it writes; where that was not written, none of them is.
    let link = |n: u64| {
        tx().at_value("n", n.to_string())
            .put("n", (n + 1).to_string())
    };
    for (first, wanted) in [
        (tx().absent("n").put("n", "0"), 20),
        (tx().absent("n").put("n", "30"), 0),
    ] {
        let chain = std::iter::once(first).chain((0..20).map(link));
        let outcomes = store.transact_all(chain.map(|link| named("chain", link)).collect());
        let made = outcomes.unwrap().into_iter().skip(1);
        let made = made.filter(|outcome| matches!(outcome, Outcome::Committed(_)));
        assert_eq!(made.count(), wanted);
        assert_eq!(value("chain", "n"), Some(b"20".to_vec()));
    }
    // Any bytes are a value.
    let bytes: Vec<u8> = (0..=255).collect();
    commit(store, "p", tx().put("bytes", bytes.clone()));
    commit(store, "p", tx().at_value("bytes", bytes).put("bytes", ""));
    commit(store, "p", tx().at_value("bytes", "").put("bytes", "x"));
    // One that cannot be written at all is told of.
    let long = "x".repeat(MAX_NAME + 1);
    let refused = store.transact_all(vec![
        named("p", tx().put("c", "")),
        named("p", tx().put(long, "")),
    ]);
    assert_eq!(refused.unwrap_err().code(), "BS-CORE-017");
}

fn many_puts(store: &dyn StateStore) {
    let name = |n: usize| format!("k{n:05}");
    let filled = (0..2500).fold(tx(), |tx, n| tx.put(name(n), n.to_string()));
    let gone = filled
        .delete(name(7))
        .delete(name(2400))
        .put(name(7), "new");
    commit(store, "p", gone);
    let keys = store.keys("p", "k", None, usize::MAX).unwrap();
    assert_eq!(keys.len(), 2499);
    let found = store.scan("p", "k", None, usize::MAX).unwrap();
    assert_eq!(found.len(), 2499);
    for (key, record) in found {
        let wanted = match key.as_str() {
            "k00007" => "new".to_owned(),
            key => key[1..].parse::<usize>().unwrap().to_string(),
        };
        assert_eq!(record.value, wanted.into_bytes(), "{key}");
    }
    // Put again, nothing is listed twice.
    commit(
        store,
        "p",
        (0..2500).fold(tx(), |tx, n| tx.put(name(n), "")),
    );
    assert_eq!(store.keys("p", "k", None, usize::MAX).unwrap().len(), 2500);
}
