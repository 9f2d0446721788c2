//! A transaction as the script `transact.lua` wants it: its keys, and its checks and writes as arguments.

use super::super::transaction::{Check, Transaction, Write};
use super::keys::Part;

/// The operations of a transaction as the script wants them, and the keys that they name by number.
#[derive(Default)]
pub(super) struct Operations {
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Operations {
    /// Keys that stand before those of logs and indexes.
    const FIXED: usize = 7;

    pub(super) fn new(part: &Part, transaction: Transaction) -> (Self, Vec<Check>) {
        let mut to = Self::default();
        for check in &transaction.checks {
            match check {
                Check::Absent { key } => to.push(["a".into(), key.as_str().into(), Vec::new()]),
                Check::Version { key, version } => {
                    to.push(["v".into(), key.as_str().into(), version.to_string().into()]);
                }
                Check::Value { key, value } => {
                    to.push(["e".into(), key.as_str().into(), value.clone()]);
                }
                Check::LogLength { log, length } => {
                    let log = to.key(part.log(log));
                    to.push(["l".into(), log, length.to_string().into()]);
                }
            }
        }
        to.push([";".into()]);
        for write in transaction.writes {
            match write {
                Write::Put { key, value } => to.push(["p".into(), key.into(), value]),
                Write::Delete { key } => to.push(["d".into(), key.into()]),
                Write::Append { log, entry } => {
                    let log = to.key(part.log(&log));
                    to.push(["r".into(), log, entry]);
                }
                Write::SetDue {
                    index,
                    member,
                    at_ms,
                } => {
                    let index = to.key(part.due(&index));
                    to.push(["u".into(), index, member.into(), at_ms.to_string().into()]);
                }
                Write::ClearDue { index, member } => {
                    let index = to.key(part.due(&index));
                    to.push(["c".into(), index, member.into()]);
                }
            }
        }
        (to, transaction.checks)
    }

    /// Keys and arguments of the script: `facts` are the partition, the call's number, whether it was sent before,
    /// and its [`Order`]; `before` is the lane of the transaction that it follows.
    pub(super) fn call<'a>(
        &'a self,
        lane: &str,
        before: Option<&str>,
        part: &Part,
        facts: [&'a str; 4],
    ) -> (Vec<String>, Vec<&'a [u8]>) {
        let mut keys = keyed(lane, part);
        keys.push(part.lane(before.unwrap_or(lane)));
        keys.extend_from_slice(&self.keys);
        let mut arguments = facts.map(str::as_bytes).to_vec();
        arguments.extend(self.arguments.iter().map(Vec::as_slice));
        (keys, arguments)
    }

    fn push<const N: usize>(&mut self, arguments: [Vec<u8>; N]) {
        self.arguments.extend(arguments);
    }

    /// The number of a key among all, from 1.
    fn key(&mut self, key: String) -> Vec<u8> {
        let at = self.keys.iter().position(|known| *known == key);
        let at = at.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        (Self::FIXED + 1 + at).to_string().into()
    }
}

/// How a transaction stands to others that are sent with it.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// No other is for its partition.
    Alone,
    /// Others follow it.
    First,
    /// It is made after the one before it, or not at all: then the script says [`NOT_YET`].
    Follows,
}

/// What the script says of a transaction whose turn has not come.
pub(super) const NOT_YET: &str = "f";

impl Order {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Alone => "0",
            Self::First => "1",
            Self::Follows => "2",
        }
    }
}

/// The keys that every script that writes names: those of logs and indexes stand behind.
pub(super) fn keyed(lane: &str, part: &Part) -> Vec<String> {
    vec![
        part.versions(),
        part.names(),
        part.records(),
        part.record_keys(),
        part.others(),
        part.lane(lane),
    ]
}
