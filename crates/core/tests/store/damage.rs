//! Files and folders that are foreign, damaged, newer, full or not to be written.

use std::fs;
use std::path::Path;

use botsmith_core::Error;
use botsmith_core::store::{self, SqliteStore, StateStore, Transaction};
use rusqlite::Connection;

use crate::commit;

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn made(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    commit(
        &store,
        "p",
        Transaction::new().put("a", "b").append("log", "x"),
    );
    store
}

/// Both ways of opening refuse the file with this code and these words, and leave it as it is.
fn refused(path: &Path, code: &str, words: &str) {
    let before = fs::read(path).unwrap();
    for error in [
        store::open(&url(path)).unwrap_err(),
        store::open_existing(&url(path)).unwrap_err(),
    ] {
        assert_eq!(error.code(), code, "{error}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(&url(path)), "{error}");
    }
    assert!(fs::read(path).unwrap() == before, "the file was changed");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "my notes\n".repeat(1000)).unwrap();
    refused(&path, "BS-CORE-014", "not a database");
    fs::write(&path, "xy").unwrap();
    refused(&path, "BS-CORE-014", "not a database");
}

#[test]
fn the_database_of_another_program_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    refused(&path, "BS-CORE-014", "another program (application id 0x0)");
    other.execute_batch("PRAGMA application_id = 66").unwrap();
    refused(
        &path,
        "BS-CORE-014",
        "another program (application id 0x42)",
    );
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(made(&path));
    let db = Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA user_version = 9").unwrap();
    drop(db);
    refused(
        &path,
        "BS-CORE-015",
        "has schema version 9, this build knows versions up to 1",
    );
    let db = Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA user_version = -1").unwrap();
    drop(db);
    refused(&path, "BS-CORE-014", "schema version -1");
}

#[test]
fn a_store_cut_short_or_scribbled_over_is_corrupt_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = made(&path);
    let large = vec![7; 1 << 20];
    commit(&store, "p", Transaction::new().put("large", large.clone()));
    let digest = store.put_blob(large).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let damages: [fn(&mut Vec<u8>); 4] = [
        |file| file.truncate(file.len() / 2),
        |file| file.truncate(4096),
        |file| file[4096..].fill(0xa5),
        |file| {
            for byte in file.iter_mut().skip(5000).step_by(977) {
                *byte ^= 0x5a;
            }
        },
    ];
    for (i, damage) in damages.iter().enumerate() {
        let mut file = whole.clone();
        damage(&mut file);
        fs::write(&path, &file).unwrap();
        let read = || -> Result<(), Error> {
            let store = SqliteStore::open(&path)?;
            store.get("p", "large")?;
            store.log("p", "log", 0, 9)?;
            store.blob(&digest)?;
            let _ = store.transact("p", Transaction::new().put("b", "c"))?;
            Ok(())
        };
        let error = read().expect_err("the damage was not seen");
        assert_eq!(error.code(), "BS-CORE-014", "damage {i}: {error}");
    }
}

#[test]
fn a_blob_with_another_content_than_its_digest_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = made(&path);
    let digest = store.put_blob(b"true".to_vec()).unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute("UPDATE content SET value = x'00'", []).unwrap();
    let error = store.blob(&digest).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-014", "{error}");
    assert!(error.to_string().contains(&digest.to_string()), "{error}");
}

#[test]
fn a_store_without_its_tables_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(made(&path));
    let db = Connection::open(&path).unwrap();
    db.execute_batch("DROP TABLE record").unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let error = store.get("p", "a").unwrap_err();
    assert_eq!(error.code(), "BS-CORE-014", "{error}");
    let error = store
        .transact("p", Transaction::new().put("a", "c"))
        .unwrap_err();
    assert_eq!(error.code(), "BS-CORE-014", "{error}");
}

#[test]
fn a_folder_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    for error in [
        store::open(&url(folder.path())).unwrap_err(),
        store::open_existing(&url(folder.path())).unwrap_err(),
    ] {
        assert_eq!(error.code(), "BS-CORE-010");
        assert!(error.to_string().contains("it is a folder"), "{error}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = store::open(&url(&file.join("state.db"))).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-010", "{error}");
}

#[test]
fn looking_for_a_store_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/state.db");
    assert!(store::open_existing(&url(&path)).unwrap().is_none());
    assert!(!path.parent().unwrap().exists());
    // An empty file is what is left when making a store is cut short at once.
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    assert!(store::open_existing(&url(&empty)).unwrap().is_none());
    assert_eq!(fs::metadata(&empty).unwrap().len(), 0);
    // Cut short a little later, it has a header, but no tables.
    let header = folder.path().join("header.db");
    let db = Connection::open(&header).unwrap();
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .unwrap();
    drop(db);
    assert!(store::open_existing(&url(&header)).unwrap().is_none());
    for path in [empty, header] {
        drop(made(&path));
        assert!(store::open_existing(&url(&path)).unwrap().is_some());
    }
}

#[test]
fn opening_and_reading_change_no_byte_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(made(&path));
    let before = (
        fs::read(&path).unwrap(),
        fs::metadata(&path).unwrap().modified().unwrap(),
    );
    for _ in 0..3 {
        let store = store::open(&url(&path)).unwrap();
        assert!(store.get("p", "a").unwrap().is_some());
    }
    let after = (
        fs::read(&path).unwrap(),
        fs::metadata(&path).unwrap().modified().unwrap(),
    );
    assert!(before == after);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_relative_path_stays_where_it_was_when_opened() {
    // Made absolute at once: a store opened as `.botsmith/state.db` keeps its file.
    let folder = tempfile::tempdir_in(".").unwrap();
    let path = Path::new(folder.path().file_name().unwrap()).join("state.db");
    let store = made(&path);
    assert_eq!(store.url(), url(&path));
    assert!(folder.path().join("state.db").exists());
}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;
    use crate::child;

    /// What the shell says when it could not set the stage for a test.
    const NO_STAGE: i32 = 77;

    #[test]
    fn a_full_disk_is_said_and_survived() {
        let folder = tempfile::tempdir().unwrap();
        let exe = env::current_exe().unwrap();
        let task = child::command(
            &exe,
            "fills_the_disk_and_goes_on_when_there_is_space",
            folder.path(),
            "",
        );
        // A small file system in a mount namespace of its own: gone with the process.
        let mut stage = Command::new("unshare");
        stage
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=2m botsmith \"$0\" 2>/dev/null || exit 77; exec \"$@\"")
            .arg(folder.path())
            .arg(task.get_program())
            .args(task.get_args());
        for (name, value) in task.get_envs() {
            stage.env(name, value.unwrap());
        }
        let Ok(output) = stage.output() else {
            eprintln!("skipped: there is no `unshare`");
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        let erred = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(NO_STAGE) || erred.starts_with("unshare:") {
            eprintln!("skipped: no file system can be mounted here");
            return;
        }
        assert!(output.status.success(), "{said}\n{erred}");
        assert!(said.contains("1 passed"), "{said}");
    }

    #[test]
    fn a_store_that_cannot_be_written_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["whole", "locked", "torn", "secret"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let at = |name: &str| folder.path().join(name);
        drop(made(&at("whole/a #1?.db")));
        drop(made(&at("locked/a #1?.db")));
        drop(made(&at("secret/state.db")));
        // Copied while open: with a WAL that no one has taken into the file.
        let open = made(&at("open.db"));
        fs::copy(at("open.db"), at("torn/state.db")).unwrap();
        fs::copy(at("open.db-wal"), at("torn/state.db-wal")).unwrap();
        assert!(fs::metadata(at("torn/state.db-wal")).unwrap().len() > 0);
        drop(open);
        let allow = |name: &str, mode| {
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        // Permissions do not bind root, so then the reader is someone else.
        let exe = at("exe");
        fs::copy(env::current_exe().unwrap(), &exe).unwrap();
        let mut task = child::command(&exe, "reads_what_it_cannot_write", folder.path(), "");
        let theirs = ["locked", "secret"].map(|name| chown(at(name), Some(65534), None).is_ok());
        if theirs == [true, true] {
            task.uid(65534).gid(65534);
        }
        allow("whole/a #1?.db", 0o444);
        allow("locked/a #1?.db", 0o444);
        allow("secret/state.db", 0o000);
        allow("whole", 0o555);
        allow("torn", 0o555);
        allow(".", 0o755);
        allow("exe", 0o755);
        let output = task.current_dir(folder.path()).output().unwrap();
        for name in ["whole", "torn"] {
            allow(name, 0o755);
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let erred = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{erred}");
        assert!(said.contains("read all"), "{said}");
    }
}
