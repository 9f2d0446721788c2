//! Several processes on one file, and processes that die in the middle.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use botsmith_core::digest::Digest;
use botsmith_core::store::{SqliteStore, StateStore, Transaction};

use crate::child::{self, THREADS};
use crate::commit;

#[test]
fn processes_that_append_to_one_log_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let exe = env::current_exe().unwrap();
    // The first of them makes the store; they start without waiting for each other.
    let children: Vec<_> = ["c0", "c1", "c2"]
        .map(|name| {
            let mut child = child::command(&exe, "appends_fifty_entries", &path, name);
            child.stdout(Stdio::null()).spawn().unwrap()
        })
        .into_iter()
        .collect();
    let store = SqliteStore::open(&path).unwrap();
    for i in 0..50 {
        child::append(&store, &format!("me/{i:02}"));
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let entries = store.log("shared", "log", 0, usize::MAX).unwrap();
    let entries: Vec<_> = entries
        .into_iter()
        .map(|entry| String::from_utf8(entry).unwrap())
        .collect();
    assert_eq!(entries.len(), 200);
    for name in ["c0", "c1", "c2", "me"] {
        let own = entries.iter().filter(|entry| entry.starts_with(name));
        assert!(
            own.eq(&(0..50)
                .map(|i| format!("{name}/{i:02}"))
                .collect::<Vec<_>>())
        );
    }
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_and_nothing_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let exe = env::current_exe().unwrap();
    // A fixed sequence of odd-looking counts: from before the store is made to well into it.
    let mut random = 12_345_u64;
    for round in 0..10 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let lines = if round == 0 { 0 } else { random >> 58 };
        let mut child = child::command(&exe, "writes_until_killed", &path, "")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut acked = [0; THREADS.len()];
        let mut read = |limit: u64| {
            let mut line = String::new();
            let mut seen = 0;
            while seen < limit && out.read_line(&mut line).unwrap() > 0 {
                if let Some(ack) = line.trim_end().strip_prefix("acked ") {
                    let (thread, count) = ack.split_once(' ').unwrap();
                    let thread = THREADS.iter().position(|name| *name == thread).unwrap();
                    acked[thread] = count.parse().unwrap();
                    seen += 1;
                }
                line.clear();
            }
        };
        read(lines);
        child.kill().unwrap();
        read(u64::MAX);
        child.wait().unwrap();

        let store = SqliteStore::open(&path).unwrap();
        for (thread, acked) in THREADS.iter().zip(acked) {
            is_whole(&store, thread, acked);
        }
        drop(store);
        integrity(&path);
    }
    assert!(
        SqliteStore::open(&path)
            .unwrap()
            .log_length("t0", "log")
            .unwrap()
            > 0
    );
}

/// Record, log, index and blobs of one thread tell the same story, at least as long as `acked`.
fn is_whole(store: &SqliteStore, thread: &str, acked: u64) {
    let length = store.log_length(thread, "log").unwrap();
    assert!(
        length >= acked,
        "{thread}: {length} entries, {acked} acknowledged"
    );
    let count = store.get(thread, "count").unwrap();
    let count = count.map_or("0".into(), |record| {
        String::from_utf8(record.value).unwrap()
    });
    assert_eq!(count, length.to_string());
    let due = store.due(thread, "due", u64::MAX, usize::MAX).unwrap();
    assert!(due.iter().map(|due| due.at_ms).eq(0..length));
    let entries = store.log(thread, "log", 0, usize::MAX).unwrap();
    assert_eq!(entries.len() as u64, length);
    for (i, entry) in entries.into_iter().enumerate() {
        let digest = Digest::parse(&String::from_utf8(entry).unwrap()).unwrap();
        let content = store.blob(&digest).unwrap().unwrap();
        let start = format!("{thread}/{i}");
        let rest = content.strip_prefix(start.as_bytes()).unwrap();
        assert_eq!(rest, vec![b'.'; (i % 5) * 3000]);
    }
}

fn integrity(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    let found: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
}

#[test]
fn many_who_open_a_new_store_at_once_all_get_it() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/state.db");
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for i in 0..8 {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let store = SqliteStore::open(path).unwrap();
                    commit(&store, "p", Transaction::new().append("log", i.to_string()));
                });
            }
        });
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.log_length("p", "log").unwrap(), 8);
    }
}

#[test]
fn what_queues_up_while_the_disk_is_busy_is_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.stats().commits, 0, "opening commits nothing");
    // Another process writes, so that the first of these has to wait and the rest queue up.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        for i in 0..64_u64 {
            let store = &store;
            scope.spawn(move || {
                let transaction = Transaction::new().append("log", i.to_string());
                // Every eighth finds a conflict, which takes no other with it.
                let transaction = transaction.log_length("log", if i % 8 == 0 { 999 } else { 0 });
                let transaction = match i % 8 {
                    0 => transaction,
                    _ => Transaction::new().append("log", i.to_string()),
                };
                let outcome = store.transact("p", transaction).unwrap();
                assert_eq!(outcome.committed().is_err(), i % 8 == 0);
            });
        }
        while store.stats().submitted < 64 {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(store.stats().finished, 0);
        other.execute_batch("COMMIT").unwrap();
    });
    let stats = store.stats();
    assert_eq!(stats.finished, 64);
    assert!(stats.commits <= 2, "{} commits", stats.commits);
    let mut entries = store.log("p", "log", 0, usize::MAX).unwrap();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 56);
}
