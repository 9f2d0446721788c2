//! What changes a partition: checks and writes that happen together, and what came of them.

use std::fmt;

/// Checks and writes for one partition; either all writes happen or none.
///
/// ```
/// use botsmith_core::store::Transaction;
///
/// let finish = Transaction::new()
///     .at_version("step/draft", 41)
///     .log_length("events", 7)
///     .put("step/draft", r#"{"status": "done"}"#)
///     .append("events", "draft done")
///     .clear_due("leases", "draft")
///     .set_due("ready", "check", 1_767_225_600_000);
/// assert_eq!((finish.checks.len(), finish.writes.len()), (2, 4));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What must hold before any of the writes.
    pub checks: Vec<Check>,
    /// What is then written, in this order.
    pub writes: Vec<Write>,
}

/// Something that must hold for a transaction to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// There is no record at `key`.
    Absent {
        /// The record's key.
        key: String,
    },
    /// The record at `key` has this version.
    Version {
        /// The record's key.
        key: String,
        /// The version wanted.
        version: u64,
    },
    /// The record at `key` has this value, whatever its version. Unlike a version, a value can be foreseen: by it a
    /// transaction may build on what one before it in the same go will have written.
    Value {
        /// The record's key.
        key: String,
        /// The value wanted.
        value: Vec<u8>,
    },
    /// The log has this many entries.
    LogLength {
        /// The log's name.
        log: String,
        /// The length wanted; 0 also for a log never written.
        length: u64,
    },
}

/// One change to a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Makes or replaces a record.
    Put {
        /// The record's key.
        key: String,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Deletes a record, if there is one.
    Delete {
        /// The record's key.
        key: String,
    },
    /// Adds an entry at the end of a log.
    Append {
        /// The log's name.
        log: String,
        /// The entry.
        entry: Vec<u8>,
    },
    /// Adds a member to a due-time index, or moves it to another time.
    SetDue {
        /// The index's name.
        index: String,
        /// The member's name.
        member: String,
        /// When it is due, in milliseconds since 1970-01-01T00:00Z.
        at_ms: u64,
    },
    /// Takes a member out of a due-time index, if it is there.
    ClearDue {
        /// The index's name.
        index: String,
        /// The member's name.
        member: String,
    },
}

impl Transaction {
    /// One without checks and writes; add them with the methods below.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks that there is no record at `key`.
    #[must_use]
    pub fn absent(mut self, key: impl Into<String>) -> Self {
        self.checks.push(Check::Absent { key: key.into() });
        self
    }

    /// Checks that the record at `key` has this version.
    #[must_use]
    pub fn at_version(mut self, key: impl Into<String>, version: u64) -> Self {
        self.checks.push(Check::Version {
            key: key.into(),
            version,
        });
        self
    }

    /// Checks that the record at `key` has this value.
    #[must_use]
    pub fn at_value(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.checks.push(Check::Value {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Checks that the record at `key` is what a read found: absent, or of that version.
    #[must_use]
    pub fn unchanged(self, key: impl Into<String>, found: Option<&super::Record>) -> Self {
        match found {
            None => self.absent(key),
            Some(record) => self.at_version(key, record.version),
        }
    }

    /// Checks that a log has `length` entries.
    #[must_use]
    pub fn log_length(mut self, log: impl Into<String>, length: u64) -> Self {
        self.checks.push(Check::LogLength {
            log: log.into(),
            length,
        });
        self
    }

    /// Makes or replaces the record at `key`.
    #[must_use]
    pub fn put(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.writes.push(Write::Put {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Deletes the record at `key`, if there is one.
    #[must_use]
    pub fn delete(mut self, key: impl Into<String>) -> Self {
        self.writes.push(Write::Delete { key: key.into() });
        self
    }

    /// Adds an entry at the end of a log.
    #[must_use]
    pub fn append(mut self, log: impl Into<String>, entry: impl Into<Vec<u8>>) -> Self {
        self.writes.push(Write::Append {
            log: log.into(),
            entry: entry.into(),
        });
        self
    }

    /// Adds a member to a due-time index, or moves it; the time is in milliseconds since
    /// 1970-01-01T00:00Z.
    #[must_use]
    pub fn set_due(
        mut self,
        index: impl Into<String>,
        member: impl Into<String>,
        at_ms: u64,
    ) -> Self {
        self.writes.push(Write::SetDue {
            index: index.into(),
            member: member.into(),
            at_ms,
        });
        self
    }

    /// Takes a member out of a due-time index, if it is there.
    #[must_use]
    pub fn clear_due(mut self, index: impl Into<String>, member: impl Into<String>) -> Self {
        self.writes.push(Write::ClearDue {
            index: index.into(),
            member: member.into(),
        });
        self
    }
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a conflict is no error, but nothing was written"]
pub enum Outcome {
    /// All checks held, all writes were made.
    Committed(Committed),
    /// A check did not hold; nothing was written.
    Conflict(Conflict),
}

impl Outcome {
    /// What was committed, or the conflict as an error.
    ///
    /// # Errors
    /// The conflict, when there was one.
    pub fn committed(self) -> Result<Committed, Conflict> {
        match self {
            Self::Committed(committed) => Ok(committed),
            Self::Conflict(conflict) => Err(conflict),
        }
    }
}

/// What a transaction that happened gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The version of every record that it put: higher than any in the partition before. It
    /// stands for nothing when there were no puts.
    pub version: u64,
    /// The number of each entry that it appended, in the order of the appends.
    pub appended: Vec<u64>,
}

/// Why a transaction did not happen: the first check, in their order, that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The check's place in [`Transaction::checks`], from 0.
    pub index: usize,
    /// The check.
    pub check: Check,
    /// What there was in its place.
    pub found: Found,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No record.
    Absent,
    /// A record of this version; where a value was wanted, with another value.
    Version(u64),
    /// A record with the value wanted.
    Same,
    /// A log of this length.
    LogLength(u64),
}

impl Check {
    /// Whether what was found is what the check wants.
    pub fn holds(&self, found: Found) -> bool {
        match (self, found) {
            (Self::Absent { .. }, Found::Absent) | (Self::Value { .. }, Found::Same) => true,
            (Self::Version { version, .. }, Found::Version(found)) => *version == found,
            (Self::LogLength { length, .. }, Found::LogLength(found)) => *length == found,
            _ => false,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.check {
            Check::Absent { key } => write!(f, "record `{key}` was wanted absent")?,
            Check::Version { key, version } => {
                write!(f, "record `{key}` was wanted at version {version}")?;
            }
            Check::Value { key, value } => {
                write!(
                    f,
                    "record `{key}` was wanted with {} known bytes",
                    value.len()
                )?;
            }
            Check::LogLength { log, length } => {
                write!(f, "log `{log}` was wanted with {length} entries")?;
            }
        }
        match self.found {
            Found::Absent => f.write_str(", it is absent"),
            Found::Version(version) => write!(f, ", it is there at version {version}"),
            Found::Same => f.write_str(", it has them"),
            Found::LogLength(length) => write!(f, ", it has {length}"),
        }
    }
}

impl std::error::Error for Conflict {}
