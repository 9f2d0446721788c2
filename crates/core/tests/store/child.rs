//! Work done in a process of its own: this test binary, started again for one ignored test.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use botsmith_core::Error;
use botsmith_core::audit::{Audit, Event};
use botsmith_core::digest::Digest;
use botsmith_core::store::{self, SqliteStore, StateStore, Transaction};

use crate::commit;

/// Tells the child which store to use, and who it is.
const STORE: &str = "BOTSMITH_TEST_STORE";
const NAME: &str = "BOTSMITH_TEST_NAME";

/// The threads of [`writes_until_killed`], each with a partition of its own.
pub(crate) const THREADS: [&str; 4] = ["t0", "t1", "t2", "t3"];

/// What a child may be asked to do: a test of this file.
pub(crate) fn command(exe: &Path, task: &str, store: &Path, name: &str) -> Command {
    let mut command = Command::new(exe);
    command
        .args([
            "--exact",
            &format!("child::{task}"),
            "--ignored",
            "--nocapture",
        ])
        .env(STORE, store)
        .env(NAME, name);
    command
}

/// The store, and the name of this child; nothing when nobody started it as one.
fn asked() -> Option<(PathBuf, String)> {
    Some((env::var_os(STORE)?.into(), env::var(NAME).ok()?))
}

fn say(line: &str) {
    // Not `println!`, which the test harness may hold back; one write, so that lines stay whole.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Appends one entry, whoever else does so, and says how often it had to try again.
pub(crate) fn append(store: &dyn StateStore, entry: &str) -> usize {
    for conflicts in 0.. {
        let length = store.log_length("shared", "log").unwrap();
        let append = Transaction::new()
            .log_length("log", length)
            .append("log", entry);
        if store
            .transact("shared", append)
            .unwrap()
            .committed()
            .is_ok()
        {
            return conflicts;
        }
    }
    unreachable!("the loop ends by returning")
}

#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn appends_fifty_entries() {
    let Some((path, name)) = asked() else { return };
    let store = SqliteStore::open(path).unwrap();
    for i in 0..50 {
        append(&store, &format!("{name}/{i:02}"));
    }
}

#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn adds_twenty_audit_entries() {
    let Some((path, name)) = asked() else { return };
    let store = SqliteStore::open(path).unwrap();
    for i in 0..20 {
        let event = Event::new(i, &*name, "look", "a suite");
        Audit::new(&store).append(&event).unwrap();
    }
}

#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn writes_until_killed() {
    let Some((path, _)) = asked() else { return };
    let store = SqliteStore::open(path).unwrap();
    thread::scope(|scope| {
        for thread in THREADS {
            let store = &store;
            scope.spawn(move || {
                loop {
                    let found = store.get(thread, "count").unwrap();
                    let count = store.log_length(thread, "log").unwrap();
                    // Some larger than a page, so that one write is many.
                    let size = (count as usize % 5) * 3000;
                    let content = format!("{thread}/{count}").into_bytes();
                    let content = [content, vec![b'.'; size]].concat();
                    let digest: Digest = store.put_blob(content).unwrap();
                    let step = Transaction::new()
                        .unchanged("count", found.as_ref())
                        .log_length("log", count)
                        .put("count", (count + 1).to_string())
                        .append("log", digest.to_string())
                        .set_due("due", count.to_string(), count);
                    commit(store, thread, step);
                    say(&format!("acked {thread} {}", count + 1));
                }
            });
        }
    });
}

#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn fills_the_disk_and_goes_on_when_there_is_space() {
    let Some((folder, _)) = asked() else { return };
    let path = folder.join("state.db");
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();

    let store = SqliteStore::open(&path).unwrap();
    let mut kept = 0;
    let append = || Transaction::new().append("log", vec![b'x'; 20_000]);
    let error = loop {
        match store.transact("p", append()) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::StoreFull { .. }), "{error}");
    assert!(kept > 0);
    // Reads go on, and find all that was kept; writes go on to say what is wrong.
    assert_eq!(store.log_length("p", "log").unwrap(), kept);
    let error = store.transact("p", append()).unwrap_err();
    assert!(matches!(error, Error::StoreFull { .. }), "{error}");
    // No other store can be made either, whatever is left of the disk.
    let mut rest = std::fs::File::create(folder.join("rest")).unwrap();
    while rest.write_all(&[0; 512]).is_ok() {}
    let error = SqliteStore::open(folder.join("second.db")).unwrap_err();
    assert!(matches!(error, Error::StoreFull { .. }), "{error}");

    std::fs::remove_file(folder.join("rest")).unwrap();
    std::fs::remove_file(ballast).unwrap();
    for _ in 0..10 {
        commit(&store, "p", append());
    }
    drop(store);
    let store = SqliteStore::open_existing(&path).unwrap().unwrap();
    assert_eq!(store.log_length("p", "log").unwrap(), kept + 10);
    let entries = store.log("p", "log", 0, usize::MAX).unwrap();
    assert!(entries.iter().all(|entry| *entry == vec![b'x'; 20_000]));
}

/// `whole` is a store in a folder that cannot be written, `torn` one with a WAL left beside it,
/// `locked` a folder that can, with a store in it that cannot.
#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn reads_what_it_cannot_write() {
    let Some((folder, _)) = asked() else { return };
    for name in ["whole", "locked"] {
        let path = folder.join(name).join("a #1?.db");
        let opened = SqliteStore::open(&path).unwrap();
        let existing = SqliteStore::open_existing(&path).unwrap().unwrap();
        for store in [opened, existing] {
            // Twice over, to open more than one connection.
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        assert_eq!(store.get("p", "a").unwrap().unwrap().value, b"b");
                        assert_eq!(store.log_length("p", "log").unwrap(), 1);
                    });
                }
            });
            let error = store
                .transact("p", Transaction::new().put("a", "c"))
                .unwrap_err();
            assert!(matches!(error, Error::StoreReadOnly { .. }), "{error}");
            let error = store.put_blob(vec![1]).unwrap_err();
            assert!(matches!(error, Error::StoreReadOnly { .. }), "{error}");
            assert_eq!(store.get("p", "a").unwrap().unwrap().value, b"b");
        }
    }
    // What a WAL holds must not be passed over in silence.
    match SqliteStore::open_existing(folder.join("torn/state.db")) {
        Ok(store) => {
            let record = store.unwrap().get("p", "a").unwrap();
            assert_eq!(record.unwrap().value, b"b");
        }
        Err(error) => {
            assert!(matches!(error, Error::StoreReadOnly { .. }), "{error}");
            assert!(error.to_string().contains("state.db-wal"), "{error}");
        }
    }
    for new in ["whole/new.db", "whole/new/state.db"] {
        let path = folder.join(new);
        assert!(SqliteStore::open_existing(&path).unwrap().is_none());
        let error = store::open(&format!("sqlite:{}", path.display())).unwrap_err();
        assert!(matches!(error, Error::StoreReadOnly { .. }), "{error}");
    }
    let error = SqliteStore::open(folder.join("secret/state.db")).unwrap_err();
    assert!(
        error.to_string().contains("may this user read it?"),
        "{error}"
    );
    say("read all");
}
