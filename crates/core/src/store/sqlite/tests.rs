//! What only shows from inside: a full store, a writer that panics, a store that stays busy.

use std::path::Path;
use std::time::Duration;

use super::writer::Op;
use super::{Location, SqliteStore};
use crate::store::{StateStore, Transaction};

fn store(path: &Path, change: impl FnOnce(&mut Location)) -> SqliteStore {
    let mut at = Location::new(path).unwrap();
    change(&mut at);
    SqliteStore::open_at(at).unwrap()
}

#[test]
fn a_full_store_says_so_keeps_what_it_has_and_goes_on_with_more_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let append = || Transaction::new().append("log", vec![b'x'; 10_000]);
    let full = store(&path, |at| at.max_pages = Some(60));
    let mut kept = 0;
    let error = loop {
        match full.transact("p", append()) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 60, "the store takes more than it has pages");
    };
    assert_eq!(error.code(), "BS-CORE-012", "{error}");
    assert!(kept > 0);
    // What is small still fits, in the same connection.
    let small = Transaction::new().put("small", "x");
    let _ = full.transact("p", small).unwrap();
    assert_eq!(full.log_length("p", "log").unwrap(), kept);
    drop(full);

    let roomy = store(&path, |_| ());
    let _ = roomy.transact("p", append()).unwrap();
    assert_eq!(roomy.log_length("p", "log").unwrap(), kept + 1);
    assert!(roomy.get("p", "small").unwrap().is_some());
}

#[test]
fn a_write_too_large_for_the_rest_of_the_store_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let full = store(&path, |at| at.max_pages = Some(100));
    let _ = full
        .transact("p", Transaction::new().put("first", "x"))
        .unwrap();
    // Held, so that all of these meet in one commit.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let outcomes = std::thread::scope(|scope| {
        let writes: Vec<_> = (0..16)
            .map(|i| {
                let full = &full;
                scope.spawn(move || {
                    // The first half of the one that fails fits, and is taken back with the rest.
                    let put = Transaction::new().put(format!("k{i}"), "x");
                    let put = if i == 7 {
                        put.put("huge", vec![0; 1 << 20])
                    } else {
                        put
                    };
                    full.transact("p", put).map(|_| ()).map_err(|e| e.code())
                })
            })
            .collect();
        while full.stats().submitted < 17 {
            std::thread::sleep(Duration::from_millis(1));
        }
        other.execute_batch("COMMIT").unwrap();
        let outcomes = writes.into_iter().map(|write| write.join().unwrap());
        outcomes.collect::<Vec<_>>()
    });
    for (i, outcome) in outcomes.into_iter().enumerate() {
        let wanted = if i == 7 { Err("BS-CORE-012") } else { Ok(()) };
        assert_eq!(outcome, wanted, "write {i}");
        let found = full.get("p", &format!("k{i}")).unwrap();
        assert_eq!(found.is_some(), i != 7, "write {i}");
    }
}

#[test]
fn a_write_that_fails_in_its_second_half_is_taken_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = store(&path, |_| ());
    // An error that leaves SQLite's transaction open, as a full store does not.
    let other = rusqlite::Connection::open(&path).unwrap();
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON record WHEN new.key = 'bad'
                   BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    other.execute_batch(trigger).unwrap();
    let half = Transaction::new().append("log", "x").put("half", "x");
    let error = store.transact("p", half.put("bad", "x")).unwrap_err();
    assert!(error.to_string().contains("not this one"), "{error}");
    assert_eq!(store.get("p", "half").unwrap(), None);
    assert_eq!(store.log_length("p", "log").unwrap(), 0);
    assert!(store.partitions("", None, 9).unwrap().is_empty());
    let good = Transaction::new().put("good", "x");
    let _ = store.transact("p", good).unwrap();
}

#[test]
fn a_panic_of_the_writer_is_an_error_for_this_and_later_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let broken = store(&path, |_| ());
    let put = || Transaction::new().put("a", "b");
    let _ = broken.transact("p", put()).unwrap();
    let error = broken.write(Op::Panic).unwrap_err().to_string();
    assert!(
        error.contains("panicked") && error.contains("asked to"),
        "{error}"
    );
    let error = broken.transact("p", put()).unwrap_err().to_string();
    assert!(error.contains("asked to"), "{error}");
    assert!(broken.get("p", "a").unwrap().is_some());
    drop(broken);
    let _ = store(&path, |_| ()).transact("p", put()).unwrap();
}

#[test]
fn a_store_that_another_holds_for_too_long_is_busy_and_then_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = store(&path, |at| at.busy = Duration::from_millis(50));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let put = || Transaction::new().put("a", "b");
    let error = store.transact("p", put()).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-013", "{error}");
    // Reading does not wait for writers.
    assert_eq!(store.get("p", "a").unwrap(), None);
    other.execute_batch("COMMIT").unwrap();
    let _ = store.transact("p", put()).unwrap();
}

#[test]
fn every_read_uses_an_index_and_sorts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("state.db"), |_| ());
    let plans = store
        .read(|db| {
            super::read::QUERIES
                .iter()
                .map(|sql| {
                    let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
                    Ok((sql, steps.collect::<rusqlite::Result<Vec<_>>>()?.join("; ")))
                })
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .unwrap();
    assert_eq!(plans.len(), 11);
    for (sql, plan) in plans {
        assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

#[test]
fn every_commit_is_synced_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("state.db"), |_| ());
    let db = super::connect::writing(&store.at).unwrap();
    let setting = |name: &str| {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        db.query_row(&sql, [], |row| row.get::<_, String>(0))
    };
    assert_eq!(setting("journal_mode").unwrap(), "wal");
    assert_eq!(setting("synchronous").unwrap(), "2", "2 is FULL");
}
