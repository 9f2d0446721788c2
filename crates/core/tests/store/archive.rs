//! Stores that move: exported from one back end, imported into another, the same.

use std::path::Path;

use botsmith_core::Result;
use botsmith_core::store::archive::{Moved, export, import};
use botsmith_core::store::{MemoryStore, StateStore, Transaction, survey};

use crate::commit;

fn file(store: &dyn StateStore) -> Vec<u8> {
    let mut bytes = Vec::new();
    export(store, "", Path::new("a.botsmith"), &mut bytes).unwrap();
    bytes
}

fn read(store: &dyn StateStore, mut bytes: &[u8], replace: bool) -> Result<Moved> {
    import(store, Path::new("a.botsmith"), &mut bytes, replace)
}

/// Some of everything, more than a page and more than a batch.
fn fill(store: &dyn StateStore) {
    for n in 0..150 {
        let key = format!("k{n:03}");
        let all = Transaction::new()
            .put(&key, vec![n as u8; 20_000])
            .append("log", key.as_str())
            .append("other ü", "")
            .set_due("ready", &key, 1 << (n % 50));
        commit(store, "run/1", all);
    }
    commit(
        store,
        "session/ü",
        Transaction::new().put("a", "").append("log", ""),
    );
    commit(
        store,
        "gone",
        Transaction::new().put("a", "").append("log", ""),
    );
    store.delete_partition("gone").unwrap();
    store
        .put_blobs(vec![b"one".to_vec(), Vec::new(), vec![7; 1 << 20]])
        .unwrap();
}

#[test]
fn every_back_end_exports_the_same_file_and_imports_what_any_other_wrote() {
    let from = MemoryStore::new();
    fill(&from);
    let wanted = file(&from);
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "redis")),
        allow(unused_mut, reason = "without other back ends there is one store")
    )]
    let mut stores: Vec<Box<dyn StateStore>> = vec![Box::new(MemoryStore::new())];
    #[cfg(feature = "sqlite")]
    let folder = crate::quick_folder();
    #[cfg(feature = "sqlite")]
    for name in ["a.db", "b.db"] {
        let path = folder.path().join(name);
        stores.push(Box::new(
            botsmith_core::store::SqliteStore::open(path).unwrap(),
        ));
    }
    #[cfg(feature = "redis")]
    let server = crate::server::programs()
        .first()
        .map(|program| crate::server::Server::start(program, &[]));
    #[cfg(feature = "redis")]
    if let Some(server) = &server {
        let url = format!("{}?namespace=a", server.url());
        stores.push(Box::new(
            botsmith_core::store::RedisStore::open(&url).unwrap(),
        ));
        stores.push(Box::new(
            botsmith_core::store::RedisStore::open(&server.url()).unwrap(),
        ));
    }
    let mut bytes = wanted.clone();
    for store in &stores {
        let moved = read(&**store, &bytes, false).unwrap();
        assert_eq!(
            (moved.partitions, moved.unchanged, moved.items, moved.blobs),
            (2, 0, 602, 3)
        );
        bytes = file(&**store);
        assert!(bytes == wanted, "{} wrote another file", store.url());
        // Again: all is there.
        assert_eq!(read(&**store, &bytes, false).unwrap().unchanged, 2);
        let found = survey(&**store, true).unwrap();
        assert_eq!(found.damage, [""; 0]);
        assert_eq!(found.blobs, 3);
        let run = &found.kinds["run"];
        assert_eq!(
            (run.partitions, run.records, run.entries, run.due),
            (1, 150, 300, 150)
        );
        assert_eq!(run.bytes, 150 * 20_004);
        assert_eq!(store.inspect().unwrap(), [""; 0]);
    }
}

#[test]
fn a_part_is_exported_by_prefix_without_blobs() {
    let from = MemoryStore::new();
    fill(&from);
    let mut bytes = Vec::new();
    let moved = export(&from, "session/", Path::new("x"), &mut bytes).unwrap();
    assert_eq!((moved.partitions, moved.items, moved.blobs), (1, 2, 0));
    let to = MemoryStore::new();
    read(&to, &bytes, false).unwrap();
    assert_eq!(to.partitions("", None, 9).unwrap(), ["session/ü"]);
}

#[test]
fn other_content_under_a_name_is_refused_or_replaced() {
    let from = MemoryStore::new();
    commit(&from, "p", Transaction::new().put("a", "new"));
    let bytes = file(&from);
    let to = MemoryStore::new();
    commit(
        &to,
        "p",
        Transaction::new().put("a", "old").append("log", "x"),
    );
    let error = read(&to, &bytes, false).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-022");
    assert!(
        error
            .to_string()
            .contains("partition `p` is in the store already"),
        "{error}"
    );
    assert!(error.to_string().contains("--replace"), "{error}");
    assert_eq!(to.log_length("p", "log").unwrap(), 1);
    read(&to, &bytes, true).unwrap();
    assert_eq!(file(&to), bytes);
}

#[test]
fn a_broken_import_is_finished_by_giving_it_again() {
    let from = MemoryStore::new();
    fill(&from);
    let bytes = file(&from);
    for cut in [20, 100_000, 1_500_000, bytes.len() - 40, bytes.len() - 1] {
        let to = MemoryStore::new();
        let error = read(&to, &bytes[..cut], false).unwrap_err();
        assert!(error.to_string().contains("cut short"), "{cut}: {error}");
        read(&to, &bytes, false).unwrap();
        assert!(file(&to) == bytes, "cut at {cut}");
    }
}

#[test]
fn what_is_no_such_file_damaged_or_newer_is_refused() {
    let from = MemoryStore::new();
    commit(&from, "p", Transaction::new().put("a", "value"));
    let bytes = file(&from);
    let newer = [b"botsmith-store 2\n", &bytes[17..]].concat();
    let mut long = bytes.clone();
    long[21] = 0xff;
    let mut changed = bytes.clone();
    let at = changed
        .windows(5)
        .position(|window| window == b"value")
        .unwrap();
    changed[at] = b'V';
    for (bytes, wanted) in [
        (b"".to_vec(), "not a store that"),
        (b"botsmith-run 1\n0000".to_vec(), "not a store that"),
        (
            newer,
            "format 2, this build knows formats up to 1: use a newer botsmith",
        ),
        (long, "longer than any can be"),
        (changed, "checksum does not match"),
    ] {
        let error = read(&MemoryStore::new(), &bytes, false).unwrap_err();
        assert_eq!(error.code(), "BS-CORE-022");
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(error.to_string().contains("a.botsmith"), "{error}");
    }
}
