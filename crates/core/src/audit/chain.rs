//! One entry of the chain and the next: event -> sealed bytes; bytes -> entry, or why they are not whole.
//!
//! An entry is one JSON object whose last field is `hash`: the SHA-256 of all bytes before that field.
//! Among these is `previous`, the hash of the entry before it, so that an entry answers for all that came
//! earlier. A damaged byte shows in its own entry; a missing, doubled or moved entry in the next.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Head, Verified};

/// What stands for the hash of the entry before the first.
pub(super) const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const FIELD: &[u8] = b",\"hash\":\"";
const END: &[u8] = b"\"}";
const DIGITS: usize = 64;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, in milliseconds since 1970-01-01T00:00Z.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// Who did it, or had it done.
    pub who: String,
    /// What was done: `promote`, `rollback`, `look`, ….
    pub action: String,
    /// To what: a bot, a suite.
    pub subject: String,
    /// Facts about it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Event {
    /// What happened: at which time (milliseconds since 1970-01-01T00:00Z), by whom, what, to what.
    pub fn new(
        at_ms: u64,
        who: impl Into<String>,
        action: impl Into<String>,
        subject: impl Into<String>,
    ) -> Self {
        Self {
            at_ms,
            who: who.into(),
            action: action.into(),
            subject: subject.into(),
            details: Value::Null,
        }
    }

    /// Adds facts about it. No secrets: entries are shown and exported.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// An event in its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub n: u64,
    /// The hash of the entry before it; zeros in the first.
    pub previous: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The SHA-256 of the entry without this field: 64 hexadecimal digits.
    pub hash: String,
}

/// What does not hold in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Damage {
    /// The number of the first bad entry; `None` where the entries are whole and the record of their head
    /// is not, or a known hash is missing.
    pub entry: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Serialize)]
struct Body<'a> {
    n: u64,
    previous: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The entry of `event` at place `n`, and the bytes that are kept of it.
pub(super) fn seal(event: &Event, n: u64, previous: &str) -> (Entry, Vec<u8>) {
    let body = Body { n, previous, event };
    let mut bytes = serde_json::to_vec(&body).expect("an event serialises");
    // The closing brace comes after the hash.
    bytes.pop();
    let hash = hex(&Sha256::digest(&bytes));
    bytes.extend_from_slice(FIELD);
    bytes.extend_from_slice(hash.as_bytes());
    bytes.extend_from_slice(END);
    let entry = Entry {
        n,
        previous: previous.to_owned(),
        event: event.clone(),
        hash,
    };
    (entry, bytes)
}

/// Reads an entry whose hash fits it; else says why not.
pub(super) fn open(bytes: &[u8]) -> Result<Entry, String> {
    let cut = || "it is no entry of this log".to_owned();
    let rest = bytes.strip_suffix(END).ok_or_else(cut)?;
    let (rest, digits) = rest
        .split_at_checked(rest.len().wrapping_sub(DIGITS))
        .ok_or_else(cut)?;
    let body = rest.strip_suffix(FIELD).ok_or_else(cut)?;
    let hash = hex(&Sha256::digest(body));
    if hash.as_bytes() != digits {
        let said = String::from_utf8_lossy(digits);
        return Err(format!(
            "its content was changed: its hash is {hash}, it says {}",
            crate::hint::shown(&said)
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("it does not read: {error}"))
}

pub(super) fn read_head(bytes: &[u8]) -> Result<Head, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the record of the audit log's head does not read: {error}"))
}

/// A chain that is read from its first entry on.
pub(super) struct Chain<'a> {
    entries: u64,
    last: String,
    /// A hash that is yet to be met.
    known: Option<&'a str>,
    /// The record of the head; entries may have been added since it was read.
    head: Option<Result<Head, String>>,
    /// Whether the entry that the head names has its hash.
    fits: bool,
    damage: Option<Damage>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(known: Option<&'a str>, head: Option<Result<Head, String>>) -> Self {
        Self {
            entries: 0,
            last: FIRST.to_owned(),
            known,
            head,
            fits: false,
            damage: None,
        }
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    /// Takes the next entry; says whether it is whole and in its place.
    pub(super) fn next(&mut self, bytes: &[u8]) -> bool {
        let entry = open(bytes).and_then(|entry| {
            if entry.n != self.entries {
                return Err(format!("it says that it is entry {}", entry.n));
            }
            if entry.previous != self.last {
                return Err(format!(
                    "it follows {}, the entry before it has {}",
                    crate::hint::shown(&entry.previous),
                    self.last
                ));
            }
            Ok(entry)
        });
        match entry {
            Ok(entry) => {
                if self.known == Some(entry.hash.as_str()) {
                    self.known = None;
                }
                self.entries += 1;
                if let Some(Ok(head)) = &self.head
                    && head.entries == self.entries
                {
                    self.fits = head.hash == entry.hash;
                }
                self.last = entry.hash;
                true
            }
            Err(reason) => {
                self.damage = Some(Damage {
                    entry: Some(self.entries),
                    reason,
                });
                false
            }
        }
    }

    /// What there is to say at the end, given the log's length when the head was read.
    pub(super) fn end(mut self, length: u64) -> Verified {
        if self.damage.is_none() {
            let reason = self.head_damage(length).or_else(|| {
                let known = crate::hint::shown(self.known?);
                Some(format!(
                    "no entry has the known hash {known}: the chain was cut, or written anew"
                ))
            });
            self.damage = reason.map(|reason| Damage {
                entry: None,
                reason,
            });
        }
        Verified {
            entries: self.entries,
            head: (self.entries > 0).then_some(self.last),
            damage: self.damage,
        }
    }

    fn head_damage(&self, length: u64) -> Option<String> {
        match &self.head {
            None if length == 0 => None,
            None => Some(format!("{length} entries, and no record of their head")),
            Some(Err(reason)) => Some(reason.clone()),
            Some(Ok(head)) if head.entries > self.entries => Some(format!(
                "the log has {} entries, its head says {}: the last were cut off",
                self.entries, head.entries
            )),
            Some(Ok(_)) if self.fits => None,
            Some(Ok(head)) => Some(format!(
                "the record of the head says {} for {} entries, which is not what they give",
                crate::hint::shown(&head.hash),
                head.entries
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: u64) -> Vec<Vec<u8>> {
        let mut last = FIRST.to_owned();
        let sealed = |i: u64| {
            let event = Event::new(1_000 + i, "ada", "promote", "bots/ü.yml").details(
                serde_json::json!({"to": format!("{i:064x}"), "because": "it \"passed\""}),
            );
            let (entry, bytes) = seal(&event, i, &last);
            last = entry.hash;
            bytes
        };
        (0..n).map(sealed).collect()
    }

    fn verify(entries: &[Vec<u8>], head: Option<Head>) -> Verified {
        let mut chain = Chain::new(None, head.map(Ok));
        for bytes in entries {
            if !chain.next(bytes) {
                break;
            }
        }
        chain.end(entries.len() as u64)
    }

    fn head(entries: &[Vec<u8>]) -> Option<Head> {
        entries.last().map(|bytes| Head {
            entries: entries.len() as u64,
            hash: open(bytes).unwrap().hash,
        })
    }

    #[test]
    fn a_flipped_bit_in_any_byte_is_found_in_its_entry() {
        let entries = chain(4);
        let head = head(&entries);
        assert_eq!(verify(&entries, head.clone()).damage, None);
        for at in 0..entries.len() {
            for byte in 0..entries[at].len() {
                let mut broken = entries.clone();
                broken[at][byte] ^= 1 << (byte % 8);
                let damage = verify(&broken, head.clone()).damage.unwrap();
                let reason = damage.reason;
                assert_eq!(damage.entry, Some(at as u64), "byte {byte}: {reason}");
            }
        }
    }

    #[test]
    fn entries_that_are_cut_off_left_out_doubled_or_moved_are_found() {
        let entries = chain(5);
        let whole = head(&entries);
        let cases: [(&str, Vec<usize>, Option<u64>); 4] = [
            ("cut off", vec![0, 1, 2, 3], None),
            ("left out", vec![0, 1, 3, 4], Some(2)),
            ("doubled", vec![0, 1, 1, 2, 3, 4], Some(2)),
            ("moved", vec![0, 2, 1, 3, 4], Some(1)),
        ];
        for (name, order, wanted) in cases {
            let changed: Vec<_> = order.iter().map(|&i| entries[i].clone()).collect();
            let damage = verify(&changed, whole.clone()).damage;
            assert_eq!(damage.expect(name).entry, wanted, "{name}");
        }
    }

    #[test]
    fn an_entry_that_was_sealed_anew_breaks_the_next_one() {
        let mut entries = chain(3);
        let whole = head(&entries);
        let old = open(&entries[1]).unwrap();
        let mut event = old.event;
        event.who = "eve".into();
        entries[1] = seal(&event, 1, &old.previous).1;
        assert_eq!(verify(&entries, whole).damage.unwrap().entry, Some(2));
    }

    #[test]
    fn a_chain_that_was_written_anew_misses_the_hash_that_was_kept() {
        let entries = chain(3);
        let known = open(&entries[1]).unwrap().hash;
        for (known, fits) in [(known.as_str(), true), (FIRST, false)] {
            let mut chain = Chain::new(Some(known), head(&entries).map(Ok));
            assert!(entries.iter().all(|bytes| chain.next(bytes)));
            let verified = chain.end(3);
            assert_eq!(verified.damage.is_none(), fits);
        }
    }
}
