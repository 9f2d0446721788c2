//! Several reads in one go: over a network, what they cost is the way there and back.
//!
//! In: questions about any partitions. Out: their answers, in order. Each answer sees one state of its
//! partition; two answers may see two.

use super::{Due, Record};

/// One of several reads; see [`StateStore::ask`](super::StateStore::ask).
///
/// ```
/// use botsmith_core::store::{self, Ask, Transaction};
///
/// let store = store::open("memory:")?;
/// let _ = store.transact("run-7", Transaction::new().put("a", "x").set_due("timers", "a", 5))?;
/// let mut answers = store.ask(&[Ask::records("run-7", ["a", "b"]), Ask::due("run-7", "timers", 9, 10)])?;
/// assert_eq!(answers.pop().unwrap().due()[0].member, "a");
/// let records = answers.pop().unwrap().records();
/// assert!(records[0].is_some() && records[1].is_none());
/// # Ok::<(), botsmith_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// As [`StateStore::get_many`](super::StateStore::get_many).
    Records {
        /// The partition.
        partition: String,
        /// The records' keys.
        keys: Vec<String>,
    },
    /// As [`StateStore::due`](super::StateStore::due).
    Due {
        /// The partition.
        partition: String,
        /// The index's name.
        index: String,
        /// The latest time, in milliseconds since 1970-01-01T00:00Z.
        until_ms: u64,
        /// The most members.
        limit: usize,
    },
}

impl Ask {
    /// Asks for records.
    pub fn records(
        partition: impl Into<String>,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self::Records {
            partition: partition.into(),
            keys: keys.into_iter().map(Into::into).collect(),
        }
    }

    /// Asks for members that are due.
    pub fn due(
        partition: impl Into<String>,
        index: impl Into<String>,
        until_ms: u64,
        limit: usize,
    ) -> Self {
        Self::Due {
            partition: partition.into(),
            index: index.into(),
            until_ms,
            limit,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Records`].
    Records(Vec<Option<Record>>),
    /// To [`Ask::Due`].
    Due(Vec<Due>),
}

impl Answer {
    /// The records, where records were asked for; else none.
    pub fn records(self) -> Vec<Option<Record>> {
        match self {
            Self::Records(records) => records,
            Self::Due(_) => Vec::new(),
        }
    }

    /// The members, where members were asked for; else none.
    pub fn due(self) -> Vec<Due> {
        match self {
            Self::Due(due) => due,
            Self::Records(_) => Vec::new(),
        }
    }
}
