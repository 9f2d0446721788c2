//! The queries that read.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Answer, Ask, BlobInfo, Due, Names, Record};
use crate::digest::Digest;

const GET: &str = "SELECT r.version, r.value FROM part p CROSS JOIN record r ON r.part = p.id
    WHERE p.name = ?1 AND r.key = ?2";
const KEYS: &str = "SELECT r.key FROM part p CROSS JOIN record r ON r.part = p.id
    WHERE p.name = ?4 AND r.key >= max(?1, ifnull(?2, ?1)) AND r.key IS NOT ?2
    ORDER BY r.key LIMIT ?3";
const SCAN: &str =
    "SELECT r.key, r.version, r.value FROM part p CROSS JOIN record r ON r.part = p.id
    WHERE p.name = ?4 AND r.key >= max(?1, ifnull(?2, ?1)) AND r.key IS NOT ?2
    ORDER BY r.key LIMIT ?3";
const PARTITIONS: &str = "SELECT name FROM part
    WHERE name >= max(?1, ifnull(?2, ?1)) AND name IS NOT ?2 AND ?4 IS NULL
    ORDER BY name LIMIT ?3";
const LOG: &str = "SELECT e.value FROM part p CROSS JOIN log l ON l.part = p.id CROSS JOIN entry e ON e.log = l.id
    WHERE p.name = ?1 AND l.name = ?2 AND e.number >= ?3 ORDER BY e.number LIMIT ?4";
const LOG_LENGTH: &str = "SELECT l.length FROM part p CROSS JOIN log l ON l.part = p.id
    WHERE p.name = ?1 AND l.name = ?2";
const DUE: &str =
    "SELECT d.at, d.member FROM part p CROSS JOIN due d INDEXED BY due_in_order ON d.part = p.id
    WHERE p.name = ?1 AND d.name = ?2 AND d.at <= ?3 ORDER BY d.at, d.member LIMIT ?4";
const LOGS: &str = "SELECT l.name FROM part p CROSS JOIN log l ON l.part = p.id
    WHERE p.name = ?1 ORDER BY l.name";
const INDEXES: &str =
    "SELECT DISTINCT d.name FROM part p CROSS JOIN due d INDEXED BY due_in_order ON d.part = p.id
    WHERE p.name = ?1 ORDER BY d.name";
const BLOB: &str = "SELECT c.value FROM blob b JOIN content c ON c.blob = b.id WHERE b.digest = ?1";
const BLOBS: &str =
    "SELECT digest, size, put_at FROM blob WHERE digest > ?1 ORDER BY digest LIMIT ?2";

/// All queries, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUERIES: [&str; 11] = [
    GET, KEYS, SCAN, PARTITIONS, LOG, LOG_LENGTH, DUE, LOGS, INDEXES, BLOB, BLOBS,
];

/// As SQLite counts; what is beyond that is beyond all it holds.
pub(super) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn limit(n: usize) -> i64 {
    int(n as u64)
}

/// A count that we wrote ourselves; a negative one is a damaged file.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

pub(super) fn answer(db: &Connection, ask: &Ask) -> rusqlite::Result<Answer> {
    match ask {
        Ask::Records { partition, keys } => {
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            get_many(db, partition, &keys).map(Answer::Records)
        }
        Ask::Due {
            partition,
            index,
            until_ms,
            limit,
        } => due(db, partition, index, *until_ms, *limit).map(Answer::Due),
    }
}

pub(super) fn get_many(
    db: &Connection,
    partition: &str,
    keys: &[&str],
) -> rusqlite::Result<Vec<Option<Record>>> {
    let mut get = db.prepare_cached(GET)?;
    let mut one = |key: &&str| {
        get.query_row(params![partition, key], |row| record(row, 0))
            .optional()
    };
    // One statement sees one state by itself.
    if let [key] = keys {
        return Ok(vec![one(key)?]);
    }
    let snapshot = db.unchecked_transaction()?;
    let found = keys.iter().map(one).collect::<rusqlite::Result<_>>()?;
    snapshot.commit()?;
    Ok(found)
}

pub(super) fn names(db: &Connection, partition: &str) -> rusqlite::Result<Names> {
    let list = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut query = db.prepare_cached(sql)?;
        let names = query.query_map([partition], |row| row.get(0))?;
        names.collect()
    };
    Ok(Names {
        logs: list(LOGS)?,
        indexes: list(INDEXES)?,
    })
}

/// What SQLite says of its file; one line `ok` when nothing is wrong.
pub(super) fn damage(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = db.prepare("PRAGMA integrity_check(20)")?;
    let lines = check.query_map([], |row| row.get(0))?;
    lines.collect()
}

fn record(row: &Row<'_>, first: usize) -> rusqlite::Result<Record> {
    Ok(Record {
        version: count(row, first)?,
        value: row.get(first + 1)?,
    })
}

/// Runs a query for names in order, from the first that a page may hold, until the prefix ends.
fn page<T>(
    db: &Connection,
    sql: &str,
    partition: Option<&str>,
    (prefix, after, n): (&str, Option<&str>, usize),
    make: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params![prefix, after, limit(n), partition])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !row.get_ref(0)?.as_str()?.starts_with(prefix) {
            break;
        }
        found.push(make(row)?);
    }
    Ok(found)
}

pub(super) fn keys(
    db: &Connection,
    partition: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<String>> {
    page(db, KEYS, Some(partition), (prefix, after, limit), |row| {
        row.get(0)
    })
}

pub(super) fn scan(
    db: &Connection,
    partition: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Record)>> {
    page(db, SCAN, Some(partition), (prefix, after, limit), |row| {
        Ok((row.get(0)?, record(row, 1)?))
    })
}

pub(super) fn partitions(
    db: &Connection,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<String>> {
    page(db, PARTITIONS, None, (prefix, after, limit), |row| {
        row.get(0)
    })
}

pub(super) fn log(
    db: &Connection,
    partition: &str,
    log: &str,
    from: u64,
    n: usize,
) -> rusqlite::Result<Vec<Vec<u8>>> {
    db.prepare_cached(LOG)?
        .query_map(params![partition, log, int(from), limit(n)], |row| {
            row.get(0)
        })?
        .collect()
}

pub(super) fn log_length(db: &Connection, partition: &str, log: &str) -> rusqlite::Result<u64> {
    let length = db
        .prepare_cached(LOG_LENGTH)?
        .query_row(params![partition, log], |row| count(row, 0))
        .optional()?;
    Ok(length.unwrap_or(0))
}

pub(super) fn due(
    db: &Connection,
    partition: &str,
    index: &str,
    until_ms: u64,
    n: usize,
) -> rusqlite::Result<Vec<Due>> {
    db.prepare_cached(DUE)?
        .query_map(params![partition, index, int(until_ms), limit(n)], |row| {
            Ok(Due {
                at_ms: count(row, 0)?,
                member: row.get(1)?,
            })
        })?
        .collect()
}

pub(super) fn blob(db: &Connection, digest: &Digest) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached(BLOB)?
        .query_row([digest.as_bytes()], |row| row.get(0))
        .optional()
}

pub(super) fn blobs(
    db: &Connection,
    after: Option<&Digest>,
    n: usize,
) -> rusqlite::Result<Vec<BlobInfo>> {
    // Every digest is greater than the empty one.
    let after: &[u8] = after.map_or(&[], |digest| digest.as_bytes());
    db.prepare_cached(BLOBS)?
        .query_map(params![after, limit(n)], |row| {
            Ok(BlobInfo {
                digest: Digest::from_bytes(row.get(0)?),
                size: count(row, 1)?,
                put_at_ms: count(row, 2)?,
            })
        })?
        .collect()
}
