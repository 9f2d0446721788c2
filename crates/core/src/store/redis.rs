//! The store on a Redis server, a Redis Cluster, or behind sentinels: for several machines.
//!
//! Redis 7.0 or newer, or Valkey. Every transaction is one Lua script over the keys of one hash tag
//! ([`keys`]), so it happens whole or not at all, also in a cluster. What is durable when a call
//! returns is what the server makes durable by then: see `docs/src/state.md`.
//!
//! Calls block. A call that got no answer is sent again on a new connection until its time
//! (`timeout`, 10 s) is over; the server makes it once ([`link`]). Nothing here expires state.

mod address;
mod failure;
mod health;
mod keys;
mod link;
mod operations;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use redis::cmd;

pub(super) use self::health::health;

use self::address::Address;
use self::keys::{BUCKETS, Keys, Part, SCHEMA};
use self::link::Server;
use self::operations::{NOT_YET, Operations, Order, keyed};
use super::limits::Limits;
use super::open::without_secrets;
use super::transaction::{Check, Committed, Conflict, Found, Outcome, Transaction};
use super::{Answer, Ask, BlobInfo, Due, Names, Record, StateStore};
use crate::digest::Digest;
use crate::{Error, Result};

/// Keeps everything on a Redis server, shared by whatever machines reach it.
///
/// ```no_run
/// use botsmith_core::store::{RedisStore, StateStore, Transaction};
///
/// let store = RedisStore::open("redis://me:secret@cache:6379?namespace=team-a")?;
/// let _ = store.transact("notes", Transaction::new().put("a", "first"))?;
/// assert_eq!(store.url(), "redis://***@cache:6379?namespace=team-a");
/// # Ok::<(), botsmith_core::Error>(())
/// ```
pub struct RedisStore {
    server: Server,
    keys: Keys,
}

/// One of several transactions that go together.
struct Sent {
    partition: String,
    part: Part,
    operations: Operations,
    checks: Vec<Check>,
    order: Order,
    /// The place of the one that it follows.
    before: Option<usize>,
}

impl RedisStore {
    /// Opens the store at `url` and makes it first if it is not there.
    ///
    /// # Errors
    /// A URL that does not read; a server that cannot be reached, is too old or refuses the user; a
    /// store of a newer schema.
    pub fn open(url: &str) -> Result<Self> {
        let (server, mut keys) = Self::at(url)?;
        let (schema, buckets) = (SCHEMA.to_string(), BUCKETS.to_string());
        let meta = [keys.meta()];
        let found: (Option<String>, Option<String>) = server.first(|call| {
            call.run(
                &script::OPEN,
                &meta,
                &[schema.as_bytes(), buckets.as_bytes()],
            )
        })?;
        keys.buckets = known(&server, found)?;
        Ok(Self { server, keys })
    }

    /// Opens the store at `url`, if there is one; makes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_existing(url: &str) -> Result<Option<Self>> {
        let (server, mut keys) = Self::at(url)?;
        let mut ask = cmd("HMGET");
        ask.arg(keys.meta()).arg("schema").arg("buckets");
        let found: (Option<String>, Option<String>) = server.first(|call| call.ask(&ask))?;
        if found.0.is_none() {
            return Ok(None);
        }
        keys.buckets = known(&server, found)?;
        Ok(Some(Self { server, keys }))
    }

    fn at(url: &str) -> Result<(Server, Keys)> {
        let shown = without_secrets(url);
        let address = Address::parse(url).map_err(|reason| Error::StoreOpen {
            url: shown.clone(),
            reason,
        })?;
        let namespace = address.namespace.clone();
        let keys = Keys {
            namespace,
            buckets: BUCKETS,
        };
        Ok((Server::new(address, shown), keys))
    }

    fn limits(&self) -> Limits<'_> {
        Limits(&self.server.url)
    }

    /// The stored form of a record, taken apart.
    fn record(&self, stored: &[u8]) -> Result<Record> {
        let space = stored.iter().position(|byte| *byte == b' ');
        let version = space.and_then(|at| std::str::from_utf8(&stored[..at]).ok()?.parse().ok());
        match (version, space) {
            (Some(version), Some(at)) => Ok(Record {
                version,
                value: stored[at + 1..].to_vec(),
            }),
            _ => Err(self.server.corrupt("a record has no version")),
        }
    }

    fn number(&self, text: &str) -> Result<u64> {
        let wrong = || self.server.corrupt("a number of its scripts does not read");
        text.parse().map_err(|_| wrong())
    }

    /// What the script said of a transaction.
    fn outcome(&self, answer: &str, checks: &[Check]) -> Result<Outcome> {
        let mut words = answer.split(' ');
        match words.next() {
            Some("c") => {
                let version = self.number(words.next().unwrap_or_default())?;
                let appended = words.map(|word| self.number(word)).collect::<Result<_>>()?;
                Ok(Outcome::Committed(Committed { version, appended }))
            }
            Some("x") => {
                let index = self.number(words.next().unwrap_or_default())? as usize;
                let kind = words.next();
                let found = match (kind, words.next()) {
                    (Some("a"), _) => Found::Absent,
                    (Some("v"), Some(version)) => Found::Version(self.number(version)?),
                    (Some("l"), Some(length)) => Found::LogLength(self.number(length)?),
                    _ => return Err(self.server.corrupt("a conflict does not read")),
                };
                let check = checks.get(index).cloned();
                let check =
                    check.ok_or_else(|| self.server.corrupt("a conflict is about no check"))?;
                Ok(Outcome::Conflict(Conflict {
                    index,
                    check,
                    found,
                }))
            }
            _ => Err(Error::Store {
                url: self.server.url.clone(),
                reason: "a call came after a later one of its lane; this is a bug".to_owned(),
            }),
        }
    }

    /// Asks for records; `None` where none are wanted, which the server would refuse.
    fn command(&self, ask: &Ask) -> Option<redis::Cmd> {
        match ask {
            Ask::Records { keys, .. } if keys.is_empty() => None,
            Ask::Records { partition, keys } => {
                let mut command = cmd("HMGET");
                command.arg(self.keys.part(partition).records()).arg(keys);
                Some(command)
            }
            Ask::Due {
                partition,
                index,
                until_ms,
                limit,
            } => {
                let mut command = cmd("ZRANGEBYSCORE");
                command
                    .arg(self.keys.part(partition).due(index))
                    .arg("-inf");
                match *until_ms {
                    until_ms if until_ms > super::MAX_TIME_MS => command.arg("+inf"),
                    until_ms => command.arg(until_ms),
                };
                command.arg("WITHSCORES").arg("LIMIT").arg(0);
                command.arg(self::limit(*limit));
                Some(command)
            }
        }
    }

    fn answer(&self, ask: &Ask, found: Option<redis::Value>) -> Result<Answer> {
        let wrong = |_| self.server.corrupt("an answer is of another kind");
        let found = found.unwrap_or(redis::Value::Array(Vec::new()));
        Ok(match ask {
            Ask::Records { .. } => {
                let found: Vec<Option<Vec<u8>>> = redis::from_redis_value(found).map_err(wrong)?;
                let record =
                    |stored: Option<Vec<u8>>| stored.map(|stored| self.record(&stored)).transpose();
                Answer::Records(found.into_iter().map(record).collect::<Result<_>>()?)
            }
            Ask::Due { .. } => {
                let found: Vec<(String, f64)> = redis::from_redis_value(found).map_err(wrong)?;
                // Scores are whole and at most 2^53 - 1, which a double holds exactly.
                let due = |(member, at): (String, f64)| Due {
                    at_ms: at as u64,
                    member,
                };
                Answer::Due(found.into_iter().map(due).collect())
            }
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("url", &self.server.url)
            .finish_non_exhaustive()
    }
}

/// The count of buckets, if this build knows the schema.
fn known(server: &Server, found: (Option<String>, Option<String>)) -> Result<u64> {
    let schema = found.0.and_then(|text| text.parse::<i64>().ok());
    let buckets = found.1.and_then(|text| text.parse::<u64>().ok());
    match (schema, buckets) {
        (Some(schema), _) if schema > SCHEMA => Err(Error::StoreTooNew {
            url: server.url.clone(),
            found: schema,
            known: SCHEMA,
        }),
        (Some(_), Some(buckets)) if (1..=256).contains(&buckets) => Ok(buckets),
        _ => Err(server.corrupt("its schema or its count of buckets does not read")),
    }
}

/// The bounds of a page of names, as Redis writes them. Names are UTF-8, which has no byte 0xff.
fn bounds(prefix: &str, after: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let from = match after {
        Some(after) if after >= prefix => [b"(", after.as_bytes()].concat(),
        _ if prefix.is_empty() => b"-".to_vec(),
        _ => [b"[", prefix.as_bytes()].concat(),
    };
    let to = match prefix {
        "" => b"+".to_vec(),
        _ => [b"(", prefix.as_bytes(), b"\xff"].concat(),
    };
    (from, to)
}

/// A limit that Redis can read.
fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl StateStore for RedisStore {
    fn url(&self) -> &str {
        &self.server.url
    }

    fn now_ms(&self) -> Result<u64> {
        let meta = [self.keys.meta()];
        let (seconds, micros): (u64, u64) = self
            .server
            .call(|call| call.run(&script::NOW, &meta, &[]))?;
        Ok(seconds * 1000 + micros / 1000)
    }

    fn transact(&self, partition: &str, transaction: Transaction) -> Result<Outcome> {
        self.limits().transaction(partition, &transaction)?;
        let part = self.keys.part(partition);
        let (operations, checks) = Operations::new(&part, transaction);
        let answer: String = self.server.call(|call| {
            let number = call.number.to_string();
            let resent = if call.resent { "1" } else { "0" };
            let facts = [partition, &number, resent, Order::Alone.word()];
            let (keys, arguments) = operations.call(call.lane, None, &part, facts);
            call.run(&script::TRANSACT, &keys, &arguments)
        })?;
        self.outcome(&answer, &checks)
    }

    fn transact_all(&self, all: Vec<(String, Transaction)>) -> Result<Vec<Outcome>> {
        for (partition, transaction) in &all {
            self.limits().transaction(partition, transaction)?;
        }
        // Those for several servers come one after the other. Each is a call of its own, lest what was answered be
        // asked for again.
        if self.server.is_cluster() {
            let one_by_one = all.into_iter();
            return one_by_one
                .map(|(partition, transaction)| self.transact(&partition, transaction))
                .collect();
        }
        let mut made: Vec<Sent> = Vec::with_capacity(all.len());
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for (partition, transaction) in all {
            let part = self.keys.part(&partition);
            let (operations, checks) = Operations::new(&part, transaction);
            let before = last.insert(partition.clone(), made.len());
            if let Some(before) = before {
                let order = &mut made[before].order;
                if matches!(order, Order::Alone) {
                    *order = Order::First;
                }
            }
            made.push(Sent {
                partition,
                part,
                operations,
                checks,
                order: before.map_or(Order::Alone, |_| Order::Follows),
                before,
            });
        }
        if made.is_empty() {
            return Ok(Vec::new());
        }
        let answers: Vec<String> = self.server.call(|call| {
            let number = call.number.to_string();
            let resent = if call.resent { "1" } else { "0" };
            let calls: Vec<_> = made
                .iter()
                .enumerate()
                .map(|(at, sent)| {
                    // Each place in a call is a lane of its own: the server keeps one answer a lane.
                    let lane = |at: usize| format!("{}.{at}", call.lane);
                    let before = sent.before.map(lane);
                    let facts = [&*sent.partition, &number, resent, sent.order.word()];
                    let (before, part) = (before.as_deref(), &sent.part);
                    sent.operations.call(&lane(at), before, part, facts)
                })
                .collect();
            let mut answers: Vec<String> = call.run_all(&script::TRANSACT, &calls)?;
            // Of two that come together, a server that is just told the script may have run neither or only the
            // first: the second has waited for it.
            for (answer, (keys, arguments)) in answers.iter_mut().zip(&calls) {
                if answer == NOT_YET {
                    *answer = call.run(&script::TRANSACT, keys, arguments)?;
                }
            }
            Ok(answers)
        })?;
        let outcomes = answers.iter().zip(&made);
        outcomes
            .map(|(answer, sent)| self.outcome(answer, &sent.checks))
            .collect()
    }

    fn ask(&self, asks: &[Ask]) -> Result<Vec<Answer>> {
        let commands: Vec<_> = asks.iter().filter_map(|ask| self.command(ask)).collect();
        if commands.is_empty() {
            return asks.iter().map(|ask| self.answer(ask, None)).collect();
        }
        let found = self.server.call(|call| call.ask_all(&commands))?;
        let mut found = found.into_iter();
        asks.iter()
            .map(|ask| {
                let answered = !matches!(ask, Ask::Records { keys, .. } if keys.is_empty());
                let found = answered.then(|| found.next()).flatten();
                self.answer(ask, found)
            })
            .collect()
    }

    fn get_many(&self, partition: &str, keys: &[&str]) -> Result<Vec<Option<Record>>> {
        let asks = [Ask::records(partition, keys.iter().copied())];
        Ok(self.ask(&asks)?.remove(0).records())
    }

    fn keys(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        let (from, to) = bounds(prefix, after);
        let mut ask = cmd("ZRANGEBYLEX");
        ask.arg(self.keys.part(partition).record_keys())
            .arg(from)
            .arg(to);
        ask.arg("LIMIT").arg(0).arg(self::limit(limit));
        self.server.call(|call| call.ask(&ask))
    }

    fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>> {
        let (from, to) = bounds(prefix, after);
        let limit = self::limit(limit).to_string();
        let part = self.keys.part(partition);
        let keys = [part.records(), part.record_keys()];
        let found: Vec<(String, Vec<u8>)> = self
            .server
            .call(|call| call.run(&script::SCAN, &keys, &[&from, &to, limit.as_bytes()]))?;
        let record = |(key, stored): (String, Vec<u8>)| Ok((key, self.record(&stored)?));
        found.into_iter().map(record).collect()
    }

    fn log(&self, partition: &str, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>> {
        let Ok(from) = i64::try_from(from) else {
            return Ok(Vec::new());
        };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let to = from.saturating_add(self::limit(limit) - 1);
        let mut ask = cmd("LRANGE");
        ask.arg(self.keys.part(partition).log(log))
            .arg(from)
            .arg(to);
        self.server.call(|call| call.ask(&ask))
    }

    fn log_length(&self, partition: &str, log: &str) -> Result<u64> {
        let mut ask = cmd("LLEN");
        ask.arg(self.keys.part(partition).log(log));
        self.server.call(|call| call.ask(&ask))
    }

    fn due(&self, partition: &str, index: &str, until_ms: u64, limit: usize) -> Result<Vec<Due>> {
        let asks = [Ask::due(partition, index, until_ms, limit)];
        Ok(self.ask(&asks)?.remove(0).due())
    }

    fn partitions(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let (from, to) = bounds(prefix, after);
        let mut names = BTreeSet::new();
        for bucket in self.keys.names() {
            let mut ask = cmd("ZRANGEBYLEX");
            ask.arg(bucket)
                .arg(&from)
                .arg(&to)
                .arg("LIMIT")
                .arg(0)
                .arg(self::limit(limit));
            names.extend(self.server.call(|call| call.ask::<Vec<String>>(&ask))?);
        }
        Ok(names.into_iter().take(limit).collect())
    }

    fn names(&self, partition: &str) -> Result<Names> {
        let part = self.keys.part(partition);
        let mut ask = cmd("SMEMBERS");
        ask.arg(part.others());
        let mut keys: Vec<String> = self.server.call(|call| call.ask(&ask))?;
        keys.sort_unstable();
        let under = |prefix: String| {
            let names = keys.iter().filter_map(|key| key.strip_prefix(&prefix));
            names.map(str::to_owned).collect()
        };
        Ok(Names {
            logs: under(part.log("")),
            indexes: under(part.due("")),
        })
    }

    fn delete_partition(&self, partition: &str) -> Result<bool> {
        let part = self.keys.part(partition);
        let answer: String = self.server.call(|call| {
            let keys = keyed(call.lane, &part).split_off(1);
            let number = call.number.to_string();
            call.run(
                &script::DELETE,
                &keys,
                &[partition.as_bytes(), number.as_bytes()],
            )
        })?;
        Ok(answer == "1")
    }

    fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>> {
        self.limits().blobs(&blobs)?;
        let put = |blob: Vec<u8>| {
            let digest = Digest::of(&blob);
            let (keys, hex) = (self.keys.blob(&digest), digest.to_string());
            let _: i64 = self
                .server
                .call(|call| call.run(&script::PUT_BLOB, &keys, &[hex.as_bytes(), &blob]))?;
            Ok(digest)
        };
        blobs.into_iter().map(put).collect()
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let [content, ..] = self.keys.blob(digest);
        let mut ask = cmd("GET");
        ask.arg(content);
        match self.server.call(|call| call.ask::<Option<Vec<u8>>>(&ask))? {
            Some(content) if Digest::of(&content) != *digest => Err(self
                .server
                .corrupt(&format!("the content of blob {digest} has another digest"))),
            found => Ok(found),
        }
    }

    fn blobs(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<BlobInfo>> {
        let first = after.map_or(0, |after| self.keys.blob_bucket(after));
        let from = after.map_or("-".to_owned(), |after| format!("({after}"));
        let mut infos = Vec::new();
        for bucket in first..self.keys.buckets {
            let left = limit - infos.len();
            if left == 0 {
                break;
            }
            let left = self::limit(left).to_string();
            let keys = self.keys.blobs(bucket);
            let found: Vec<(String, String)> = self.server.call(|call| {
                call.run(
                    &script::LIST_BLOBS,
                    &keys,
                    &[from.as_bytes(), left.as_bytes()],
                )
            })?;
            for (digest, facts) in found {
                let digest = Digest::parse(&digest);
                let (size, put_at) = facts.split_once(' ').unwrap_or_default();
                infos.push(BlobInfo {
                    digest: digest.ok_or_else(|| self.server.corrupt("a digest does not read"))?,
                    size: self.number(size)?,
                    put_at_ms: self.number(put_at)?,
                });
            }
        }
        Ok(infos)
    }

    fn delete_blobs(&self, digests: &[Digest], put_before_ms: u64) -> Result<u64> {
        let before = put_before_ms.min(super::MAX_TIME_MS).to_string();
        let mut deleted = 0;
        for digest in digests {
            let (keys, hex) = (self.keys.blob(digest), digest.to_string());
            deleted += self.server.call(|call| {
                let arguments = [hex.as_bytes(), before.as_bytes()];
                call.run::<u64>(&script::DELETE_BLOB, &keys, &arguments)
            })?;
        }
        Ok(deleted)
    }
}
