//! Brings the file of an older version to this one, step by step, all in one transaction: whoever stops in between
//! leaves the older version whole.

use rusqlite::{Connection, TransactionBehavior};

/// What makes version N + 1 of version N, from 1 on. So far there is one version.
pub(super) const STEPS: &[&str] = &[];

/// The version that `steps` lead to.
pub(super) const fn version(steps: &[&str]) -> i64 {
    steps.len().cast_signed() as i64 + 1
}

/// Takes the steps that are still to be taken; another process may be doing the same.
pub(super) fn upgrade(db: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let taken = usize::try_from(found - 1).unwrap_or(usize::MAX);
    for step in steps.iter().skip(taken) {
        transaction.execute_batch(step)?;
    }
    if found < version(steps) {
        transaction.pragma_update(None, "user_version", version(steps))?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(version: i64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE a(x); INSERT INTO a VALUES (1)")
            .unwrap();
        db.pragma_update(None, "user_version", version).unwrap();
        db
    }

    fn number(db: &Connection, sql: &str) -> i64 {
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    const TO_THREE: &[&str] = &[
        "ALTER TABLE a ADD COLUMN y DEFAULT 2",
        "UPDATE a SET y = y + x; CREATE TABLE b(z)",
    ];

    #[test]
    fn an_older_file_takes_the_steps_that_are_left_and_each_once() {
        let mut db = old(1);
        for _ in 0..2 {
            upgrade(&mut db, TO_THREE).unwrap();
            assert_eq!(number(&db, "PRAGMA user_version"), 3);
            assert_eq!(number(&db, "SELECT y FROM a"), 3);
        }
        let mut db = old(2);
        db.execute_batch(TO_THREE[0]).unwrap();
        upgrade(&mut db, TO_THREE).unwrap();
        assert_eq!(number(&db, "SELECT y FROM a"), 3);
        let mut db = old(1);
        upgrade(&mut db, STEPS).unwrap();
        assert_eq!(number(&db, "PRAGMA user_version"), 1);
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_version_whole() {
        let mut db = old(1);
        let error = upgrade(&mut db, &[TO_THREE[0], "UPDATE none SET x = 1"]);
        assert!(error.is_err());
        assert_eq!(number(&db, "PRAGMA user_version"), 1);
        assert_eq!(
            number(&db, "SELECT count(*) FROM pragma_table_info('a')"),
            1
        );
    }
}
