//! Opening the file: is it ours, is it of our version, can it be written; making it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Location;
use super::upgrade::{STEPS, upgrade, version};
use crate::{Error, Result};

/// "BSmt": marks a SQLite file as ours.
const APPLICATION: i64 = 0x4253_6d74;

/// The schema version of this build.
const SCHEMA: i64 = version(STEPS);

const TABLES: &str = include_str!("schema.sql");

/// What may be done with a store.
#[derive(Debug)]
pub(super) enum Access {
    Full,
    /// It can only be read, and why.
    ReadOnly(String),
}

/// What stands in a file.
enum Identity {
    /// Nothing yet.
    Empty,
    Ours,
    /// Of an older version.
    Older(i64),
}

/// A connection for reading, if there is a store; nothing is written for it.
pub(super) fn existing(at: &Location) -> Result<Option<(Connection, Access)>> {
    match fs::metadata(&at.path) {
        Ok(found) if found.is_dir() => {
            return Err(Error::StoreOpen {
                url: at.url.clone(),
                reason: "it is a folder; name the file in it, such as `state.db`".to_owned(),
            });
        }
        Ok(found) if found.len() == 0 => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at.file_failure("its file", &error)),
    }
    // Not opened read-only, even for reading: the last connection to close then tidies up the WAL.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&at.path, flags)
        .and_then(|db| Ok((retry(at, || look(at, &db))?, db)));
    let (identity, db, access) = match opened {
        Ok((identity, db)) => {
            let access = if db.is_readonly("main").map_err(|e| at.failure(&e))? {
                Access::ReadOnly("its file cannot be written".to_owned())
            } else {
                Access::Full
            };
            (identity, db, access)
        }
        Err(error) if needs_folder(&error) => {
            let (identity, db) = immutable(at, &error)?;
            let reason = "its folder cannot be written".to_owned();
            (identity, db, Access::ReadOnly(reason))
        }
        Err(error) => return Err(at.failure(&error)),
    };
    match identity? {
        Identity::Empty => Ok(None),
        Identity::Older(found) => match access {
            Access::Full => {
                let mut db = db;
                db.busy_timeout(at.busy)
                    .and_then(|()| upgrade(&mut db, STEPS))
                    .map_err(|error| at.failure(&error))?;
                existing(at)
            }
            Access::ReadOnly(reason) => Err(Error::StoreReadOnly {
                url: at.url.clone(),
                reason: format!(
                    "it is of schema version {found}, this build reads {SCHEMA}, and {reason}"
                ),
            }),
        },
        Identity::Ours => {
            db.execute_batch("PRAGMA query_only = 1")
                .map_err(|error| at.failure(&error))?;
            Ok(Some((db, access)))
        }
    }
}

/// Whether SQLite may have failed only because it could not make the files beside the database.
fn needs_folder(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

/// Opens a store in a folder that cannot be written. Without a WAL beside it, the file is whole,
/// and nobody else has it open: a writer would have made one.
fn immutable(at: &Location, error: &rusqlite::Error) -> Result<(Result<Identity>, Connection)> {
    let wal = beside(&at.path, "-wal");
    if fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0) {
        return Err(Error::StoreReadOnly {
            url: at.url.clone(),
            reason: format!(
                "its folder cannot be written, and {} holds changes that are not in the file yet; open it once where it can be written",
                wal.display()
            ),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(immutable_uri(&at.path), flags)
        .and_then(|db| Ok((look(at, &db)?, db)))
        .map_err(|_| at.failure(error))
}

/// `file:/path?immutable=1`, as in <https://www.sqlite.org/uri.html>.
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    let text = path.as_os_str().as_encoded_bytes();
    if !text.starts_with(b"/") {
        uri.push_str("///");
    }
    for &byte in text {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'-' | b'_' | b'.' | b'~' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            _ => write!(uri, "%{byte:02X}").expect("a string takes all that is written to it"),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Sets up a connection and says whose file it is. The outer error may go away when tried again.
fn look(at: &Location, db: &Connection) -> rusqlite::Result<Result<Identity>> {
    db.busy_timeout(at.busy)?;
    db.set_prepared_statement_cache_capacity(32);
    // 2 MiB of pages each; `trusted_schema` off: a file from elsewhere runs no code of its own.
    db.execute_batch("PRAGMA cache_size = -2048; PRAGMA trusted_schema = 0")?;
    identify(at, db)
}

fn identify(at: &Location, db: &Connection) -> rusqlite::Result<Result<Identity>> {
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = one("PRAGMA application_id")?;
    let schema = one("PRAGMA user_version")?;
    let url = || at.url.clone();
    Ok(match (application, schema) {
        (0, 0) if one("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(Identity::Empty),
        (APPLICATION, SCHEMA) => Ok(Identity::Ours),
        (APPLICATION, found) if (1..SCHEMA).contains(&found) => Ok(Identity::Older(found)),
        (APPLICATION, found) if found > SCHEMA => Err(Error::StoreTooNew {
            url: url(),
            found,
            known: SCHEMA,
        }),
        (APPLICATION, found) => Err(Error::StoreCorrupt {
            url: url(),
            reason: format!("no Botsmith ever wrote schema version {found}"),
        }),
        (found, _) => Err(Error::StoreCorrupt {
            url: url(),
            reason: format!(
                "it is the SQLite database of another program (application id {found:#x})"
            ),
        }),
    })
}

/// Makes the store; another process may be doing the same.
pub(super) fn create(at: &Location) -> Result<(Connection, Access)> {
    if let Some(folder) = at.path.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| at.file_failure("its folder cannot be made", &error))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let made = Connection::open_with_flags(&at.path, flags).and_then(|mut db| {
        db.busy_timeout(at.busy)?;
        let mode = retry(at, || wal_mode(&db))?;
        if mode != "wal" {
            return Ok(Err(no_wal(at, &mode)));
        }
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if let Ok(Identity::Empty) = identify(at, &transaction)? {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
        }
        transaction.commit()?;
        Ok(Ok(db))
    });
    let db = made.map_err(|error| at.failure(&error))??;
    sync_folders(&at.path);
    // Opened again as any other: also finds out when someone else's file came in between.
    let found = existing(at)?;
    drop(db);
    found.ok_or_else(|| Error::StoreOpen {
        url: at.url.clone(),
        reason: "its file went away while it was made".to_owned(),
    })
}

/// A connection for the writer.
pub(super) fn writing(at: &Location) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&at.path, flags).and_then(|mut db| {
        let identity = retry(at, || look(at, &db))?;
        let mode = retry(at, || wal_mode(&db))?;
        db.execute_batch("PRAGMA synchronous = FULL")?;
        #[cfg(test)]
        if let Some(pages) = at.max_pages {
            db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        }
        wait_in_turn(at, &mut db)?;
        Ok((identity, mode, db))
    });
    let (identity, mode, db) = opened.map_err(|error| at.failure(&error))?;
    match identity? {
        Identity::Ours if mode == "wal" => Ok(db),
        Identity::Ours => Err(no_wal(at, &mode)),
        Identity::Empty | Identity::Older(_) => Err(Error::StoreCorrupt {
            url: at.url.clone(),
            reason: "its tables are gone, or another file took its place".to_owned(),
        }),
    }
}

fn no_wal(at: &Location, mode: &str) -> Error {
    Error::StoreOpen {
        url: at.url.clone(),
        reason: format!(
            "its folder allows only journal mode `{mode}`, not `wal`: is it on a network? choose one on a local disk"
        ),
    }
}

/// Turns on WAL, which the file remembers; gives the mode that it then has.
fn wal_mode(db: &Connection) -> rusqlite::Result<String> {
    db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
}

/// SQLite's own waiting sleeps up to 100 ms between looks, so that a process that writes without
/// a pause starves one that waits; this looks every few.
fn wait_in_turn(at: &Location, db: &mut Connection) -> rusqlite::Result<()> {
    let (patience, mut since) = (at.busy, Instant::now());
    db.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        thread::sleep(Duration::from_micros(if tries < 100 { 500 } else { 2000 }));
        since.elapsed() < patience
    }))
}

/// Tries again while the file is busy: some locks SQLite does not wait for itself.
fn retry<T>(
    at: &Location,
    mut attempt: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let since = Instant::now();
    loop {
        match attempt() {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && since.elapsed() < at.busy =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Makes the new file's name, and its folder's, survive a loss of power. Where the system does not
/// let folders be synced, nothing can be done about it, so nothing is said.
fn sync_folders(path: &Path) {
    if cfg!(unix) {
        for folder in path.ancestors().skip(1).take(2) {
            let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
        }
    }
}
