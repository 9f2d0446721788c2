//! The audit log against real stores: many processes that add to it, bytes that change in the file, and
//! export and import.

use std::path::Path;

use botsmith_core::Error;
use botsmith_core::audit::{Audit, Event, HEAD, LOG, PARTITION};
use botsmith_core::store::archive::{export, import};
use botsmith_core::store::{MemoryStore, StateStore, Transaction};
use serde_json::json;

fn event(n: u64) -> Event {
    Event::new(1_767_225_600_000 + n, "ada", "promote", "bots/sum.yml")
        .details(json!({"to": format!("version-{n}"), "by": {"gate": true}}))
}

fn filled(store: &dyn StateStore, n: u64) {
    for i in 0..n {
        Audit::new(store).append(&event(i)).unwrap();
    }
}

#[test]
fn an_entry_happens_with_what_changes_with_it_or_not_at_all() {
    let store = MemoryStore::new();
    let audit = Audit::new(&store);
    let claim = |who: &str| Transaction::new().absent("pointer").put("pointer", who);
    let entry = audit.commit(&event(0), claim("a")).unwrap().unwrap();
    assert_eq!((entry.n, entry.event), (0, event(0)));
    let conflict = audit.commit(&event(1), claim("b")).unwrap().unwrap_err();
    assert_eq!(conflict.index, 0);
    assert_eq!(audit.head().unwrap().unwrap().entries, 1);
    assert_eq!(
        store.get(PARTITION, "pointer").unwrap().unwrap().value,
        b"a"
    );
}

#[test]
fn a_store_without_a_log_is_whole_and_a_log_longer_than_a_page_too() {
    let store = MemoryStore::new();
    let verified = Audit::new(&store).verify(None).unwrap();
    assert_eq!(
        (verified.entries, verified.head, verified.damage),
        (0, None, None)
    );
    filled(&store, 600);
    let verified = Audit::new(&store).verify(None).unwrap();
    assert_eq!((verified.entries, verified.damage), (600, None));
}

#[test]
fn a_log_that_does_not_fit_its_head_takes_no_more_entries() {
    let store = MemoryStore::new();
    filled(&store, 3);
    let stray = Transaction::new().append(LOG, "stray");
    crate::commit(&store, PARTITION, stray);
    let error = Audit::new(&store).append(&event(3)).unwrap_err();
    assert!(matches!(error, Error::StoreCorrupt { .. }), "{error}");
    let damage = Audit::new(&store).verify(None).unwrap().damage.unwrap();
    assert_eq!(damage.entry, Some(3), "{}", damage.reason);
}

#[test]
fn a_head_that_was_lost_or_changed_is_found() {
    for change in [
        Transaction::new().delete(HEAD),
        Transaction::new().put(HEAD, "{}"),
        Transaction::new().put(HEAD, format!(r#"{{"entries":3,"hash":"{:064}"}}"#, 7)),
        Transaction::new().put(HEAD, format!(r#"{{"entries":9,"hash":"{:064}"}}"#, 7)),
    ] {
        let store = MemoryStore::new();
        filled(&store, 3);
        crate::commit(&store, PARTITION, change);
        let damage = Audit::new(&store).verify(None).unwrap().damage.unwrap();
        assert_eq!(damage.entry, None, "{}", damage.reason);
    }
}

#[test]
fn export_and_import_keep_the_chain() {
    let from = MemoryStore::new();
    filled(&from, 20);
    let mut file = Vec::new();
    export(&from, PARTITION, Path::new("a.store"), &mut file).unwrap();
    let to = MemoryStore::new();
    import(&to, Path::new("a.store"), &mut &file[..], false).unwrap();
    let (old, new) = (Audit::new(&from), Audit::new(&to));
    assert_eq!(new.verify(None).unwrap(), old.verify(None).unwrap());
    assert_eq!(new.entries(0, 99).unwrap(), old.entries(0, 99).unwrap());
    // And it goes on there.
    assert_eq!(new.append(&event(20)).unwrap().n, 20);
    assert_eq!(new.verify(None).unwrap().damage, None);
}

#[cfg(feature = "sqlite")]
mod file {
    use std::env;
    use std::process::Stdio;

    use botsmith_core::audit::Audit;
    use botsmith_core::store::SqliteStore;

    use super::{event, filled};
    use crate::child;

    #[test]
    fn processes_that_add_at_once_make_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let exe = env::current_exe().unwrap();
        let children: Vec<_> = ["c0", "c1", "c2"]
            .map(|name| {
                let mut child = child::command(&exe, "adds_twenty_audit_entries", &path, name);
                child.stdout(Stdio::null()).spawn().unwrap()
            })
            .into_iter()
            .collect();
        let store = SqliteStore::open(&path).unwrap();
        filled(&store, 20);
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let audit = Audit::new(&store);
        let verified = audit.verify(None).unwrap();
        assert_eq!((verified.entries, verified.damage), (80, None));
        let entries = audit.entries(0, 100).unwrap();
        for who in ["ada", "c0", "c1", "c2"] {
            let own = entries.iter().filter(|entry| entry.event.who == who);
            assert_eq!(own.count(), 20, "{who}");
        }
    }

    #[test]
    fn a_byte_that_flips_in_the_file_is_found_in_its_entry() {
        let folder = crate::quick_folder();
        let path = folder.path().join("state.db");
        filled(&SqliteStore::open(&path).unwrap(), 6);
        // All of it into the one file.
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(db);
        let whole = std::fs::read(&path).unwrap();
        for n in 0..6 {
            let wanted = format!("\"to\":\"version-{n}\"");
            let places: Vec<_> = whole
                .windows(wanted.len())
                .enumerate()
                .filter(|(_, window)| *window == wanted.as_bytes())
                .map(|(at, _)| at)
                .collect();
            assert!(!places.is_empty(), "the entry stands in the file as it is");
            let mut broken = whole.clone();
            for at in places {
                broken[at + 8] ^= 1;
            }
            std::fs::write(&path, &broken).unwrap();
            let store = SqliteStore::open(&path).unwrap();
            let damage = Audit::new(&store).verify(None).unwrap().damage.unwrap();
            assert_eq!(damage.entry, Some(n), "{}", damage.reason);
            assert!(Audit::new(&store).entries(0, 9).is_err());
        }
        std::fs::write(&path, &whole).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(Audit::new(&store).verify(None).unwrap().damage, None);
        Audit::new(&store).append(&event(6)).unwrap();
    }
}
