//! The statements that write; each inside a transaction that the writer has begun.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::transaction::{Check, Committed, Conflict, Found, Outcome, Transaction, Write};
use super::read::{count, int};
use crate::digest::Digest;

/// The last version given, over the whole store.
pub(super) fn version(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT version FROM meta")?
        .query_row([], |row| count(row, 0))
}

pub(super) fn set_version(db: &Connection, version: u64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE meta SET version = ?1")?
        .execute([int(version)])?;
    Ok(())
}

/// Checks, then writes; `version` is for the records that it puts.
pub(super) fn transact(
    db: &Connection,
    partition: &str,
    transaction: &Transaction,
    version: u64,
) -> rusqlite::Result<Outcome> {
    let mut part = db
        .prepare_cached("SELECT id FROM part WHERE name = ?1")?
        .query_row([partition], |row| row.get::<_, i64>(0))
        .optional()?;
    for (index, check) in transaction.checks.iter().enumerate() {
        let found = found(db, part, check)?;
        if !check.holds(found) {
            return Ok(Outcome::Conflict(Conflict {
                index,
                check: check.clone(),
                found,
            }));
        }
    }
    let mut appended = Vec::new();
    for write in &transaction.writes {
        let part = match part {
            Some(part) => part,
            None => *part.insert(
                db.prepare_cached("INSERT INTO part (name) VALUES (?1)")?
                    .insert([partition])?,
            ),
        };
        appended.extend(apply(db, part, write, version)?);
    }
    Ok(Outcome::Committed(Committed { version, appended }))
}

fn found(db: &Connection, part: Option<i64>, check: &Check) -> rusqlite::Result<Found> {
    Ok(match check {
        Check::Absent { key } | Check::Version { key, .. } => db
            .prepare_cached("SELECT version FROM record WHERE part = ?1 AND key = ?2")?
            .query_row(params![part, key], |row| count(row, 0))
            .optional()?
            .map_or(Found::Absent, Found::Version),
        Check::Value { key, value } => db
            .prepare_cached("SELECT version, value = ?3 FROM record WHERE part = ?1 AND key = ?2")?
            .query_row(params![part, key, value], |row| {
                Ok(match row.get(1)? {
                    true => Found::Same,
                    false => Found::Version(count(row, 0)?),
                })
            })
            .optional()?
            .unwrap_or(Found::Absent),
        Check::LogLength { log, .. } => Found::LogLength(
            db.prepare_cached("SELECT length FROM log WHERE part = ?1 AND name = ?2")?
                .query_row(params![part, log], |row| count(row, 0))
                .optional()?
                .unwrap_or(0),
        ),
    })
}

/// Makes one write; gives the number of an appended entry.
fn apply(db: &Connection, part: i64, write: &Write, version: u64) -> rusqlite::Result<Option<u64>> {
    match write {
        Write::Put { key, value } => {
            db.prepare_cached(
                "INSERT INTO record (part, key, version, value) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET version = excluded.version, value = excluded.value",
            )?
            .execute(params![part, key, int(version), value])?;
        }
        Write::Delete { key } => {
            db.prepare_cached("DELETE FROM record WHERE part = ?1 AND key = ?2")?
                .execute(params![part, key])?;
        }
        Write::Append { log, entry } => {
            let (log, number) = db
                .prepare_cached(
                    "INSERT INTO log (part, name, length) VALUES (?1, ?2, 1)
                     ON CONFLICT DO UPDATE SET length = length + 1 RETURNING id, length - 1",
                )?
                .query_row(params![part, log], |row| {
                    Ok((row.get::<_, i64>(0)?, count(row, 1)?))
                })?;
            db.prepare_cached("INSERT INTO entry (log, number, value) VALUES (?1, ?2, ?3)")?
                .execute(params![log, int(number), entry])?;
            return Ok(Some(number));
        }
        Write::SetDue {
            index,
            member,
            at_ms,
        } => {
            db.prepare_cached(
                "INSERT INTO due (part, name, member, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET at = excluded.at",
            )?
            .execute(params![part, index, member, int(*at_ms)])?;
        }
        Write::ClearDue { index, member } => {
            db.prepare_cached("DELETE FROM due WHERE part = ?1 AND name = ?2 AND member = ?3")?
                .execute(params![part, index, member])?;
        }
    }
    Ok(None)
}

pub(super) fn delete_partition(db: &Connection, partition: &str) -> rusqlite::Result<bool> {
    let part = db
        .prepare_cached("DELETE FROM part WHERE name = ?1 RETURNING id")?
        .query_row([partition], |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(part) = part else {
        return Ok(false);
    };
    for sql in [
        "DELETE FROM entry WHERE log IN (SELECT id FROM log WHERE part = ?1)",
        "DELETE FROM log WHERE part = ?1",
        "DELETE FROM record WHERE part = ?1",
        "DELETE FROM due WHERE part = ?1",
    ] {
        db.prepare_cached(sql)?.execute([part])?;
    }
    Ok(true)
}

pub(super) fn put_blob(
    db: &Connection,
    digest: &Digest,
    content: &[u8],
    now_ms: u64,
) -> rusqlite::Result<()> {
    let touched = db
        .prepare_cached("UPDATE blob SET put_at = max(put_at, ?2) WHERE digest = ?1")?
        .execute(params![digest.as_bytes(), int(now_ms)])?;
    if touched == 0 {
        let id = db
            .prepare_cached("INSERT INTO blob (digest, size, put_at) VALUES (?1, ?2, ?3)")?
            .insert(params![
                digest.as_bytes(),
                int(content.len() as u64),
                int(now_ms)
            ])?;
        db.prepare_cached("INSERT INTO content (blob, value) VALUES (?1, ?2)")?
            .execute(params![id, content])?;
    }
    Ok(())
}

/// Says whether the blob was there and old enough.
pub(super) fn delete_blob(
    db: &Connection,
    digest: &Digest,
    put_before_ms: u64,
) -> rusqlite::Result<bool> {
    let id = db
        .prepare_cached("DELETE FROM blob WHERE digest = ?1 AND put_at < ?2 RETURNING id")?
        .query_row(params![digest.as_bytes(), int(put_before_ms)], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    if let Some(id) = id {
        db.prepare_cached("DELETE FROM content WHERE blob = ?1")?
            .execute([id])?;
    }
    Ok(id.is_some())
}
