//! A store, or the partitions under a prefix, as one portable file: export and import.
//!
//! The file is a header line `botsmith-store 1`, then frames: a kind byte, the length as four bytes
//! little-endian, the payload. A partition is its name, its records in order, its logs, its due
//! times, an end; blobs follow the partitions; an end frame with the blake3 of all before it closes
//! the file. Any back end reads what any other wrote. Versions of records are not kept: they mean
//! something only where they were given.
//!
//! Each partition is written as it stands when its turn comes; for a view of one moment, export
//! while nothing writes.

use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;

use super::transaction::{Outcome, Transaction};
use super::{MAX_VALUE, StateStore};
use crate::{Diagnostic, Error, Result};

const HEADER: &[u8] = b"botsmith-store ";
const VERSION: u64 = 1;
/// Stands in a partition while it is imported: what a broken import left is replaced.
const MARK: &str = "botsmith/importing";
/// How much is written in one transaction.
const BATCH: usize = 1 << 20;
/// A frame holds one value and two names.
const MAX_FRAME: usize = MAX_VALUE + 4096;

const PARTITION: u8 = 1;
const RECORD: u8 = 2;
const ENTRY: u8 = 3;
const DUE: u8 = 4;
const DONE: u8 = 5;
const BLOB: u8 = 6;
const END: u8 = 255;

/// What was exported or imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// Partitions that are in the file.
    pub partitions: u64,
    /// Of these, how many were there already, with the same content.
    pub unchanged: u64,
    /// Records, log entries and due times.
    pub items: u64,
    /// Blobs.
    pub blobs: u64,
}

/// Writes the partitions whose names start with `prefix`, and all blobs when it is empty, to `out`.
///
/// # Errors
/// The store's; [`Error::Write`] with `name` if `out` fails.
pub fn export(
    store: &dyn StateStore,
    prefix: &str,
    name: &Path,
    out: &mut dyn Write,
) -> Result<Moved> {
    let mut out = Out {
        inner: out,
        name,
        hasher: blake3::Hasher::new(),
    };
    let mut moved = Moved::default();
    out.put(&[HEADER, VERSION.to_string().as_bytes(), b"\n"].concat())?;
    let mut after = None;
    loop {
        let page = store.partitions(prefix, after.as_deref(), 256)?;
        for partition in &page {
            out.frame(PARTITION, &[partition.as_bytes()])?;
            moved.items += content(store, partition, &mut |kind, parts| out.frame(kind, parts))?;
            out.frame(DONE, &[])?;
            moved.partitions += 1;
        }
        after = page.into_iter().next_back();
        if after.is_none() {
            break;
        }
    }
    let mut after = None;
    while prefix.is_empty() {
        let page = store.blobs(after.as_ref(), 256)?;
        for blob in &page {
            // One that was deleted since is no loss.
            if let Some(content) = store.blob(&blob.digest)? {
                out.frame(BLOB, &[&content])?;
                moved.blobs += 1;
            }
        }
        after = page.last().map(|blob| blob.digest);
        if after.is_none() {
            break;
        }
    }
    let hash = *out.hasher.finalize().as_bytes();
    out.frame(END, &[&hash])?;
    Ok(moved)
}

/// Takes an item: its kind and the parts of its payload.
type Give<'a> = dyn FnMut(u8, &[&[u8]]) -> Result<()> + 'a;

/// Gives every item of a partition, in one order for equal partitions; says how many.
fn content(store: &dyn StateStore, partition: &str, give: &mut Give<'_>) -> Result<u64> {
    let mut items = 0;
    let mut after = None;
    loop {
        let page = store.scan(partition, "", after.as_deref(), 64)?;
        for (key, record) in &page {
            give(RECORD, &[&head(key), &record.value])?;
            items += 1;
        }
        after = page.into_iter().next_back().map(|(key, _)| key);
        if after.is_none() {
            break;
        }
    }
    let names = store.names(partition)?;
    for log in &names.logs {
        let mut from = 0;
        loop {
            let page = store.log(partition, log, from, 64)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            items += page.len() as u64;
            for entry in &page {
                give(ENTRY, &[&head(log), entry])?;
            }
        }
    }
    for index in &names.indexes {
        for due in store.due(partition, index, u64::MAX, usize::MAX)? {
            let at = due.at_ms.to_le_bytes();
            give(DUE, &[&head(index), &at, due.member.as_bytes()])?;
            items += 1;
        }
    }
    Ok(items)
}

/// A name with its length before it.
fn head(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).expect("names are limited");
    [&length.to_le_bytes(), name.as_bytes()].concat()
}

/// The hash of all that a partition holds, the same on every back end.
fn digest(store: &dyn StateStore, partition: &str) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    content(store, partition, &mut |kind, parts| {
        hash(&mut hasher, kind, parts);
        Ok(())
    })?;
    Ok(hasher.finalize())
}

fn hash(hasher: &mut blake3::Hasher, kind: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    hasher.update(&[kind]).update(&length.to_le_bytes());
    for part in parts {
        hasher.update(part);
    }
}

struct Out<'a> {
    inner: &'a mut dyn Write,
    name: &'a Path,
    hasher: blake3::Hasher,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.inner.write_all(bytes).map_err(|source| Error::Write {
            path: self.name.to_owned(),
            source,
        })
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) -> Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).expect("values and names are limited");
        self.put(&[kind])?;
        self.put(&length.to_le_bytes())?;
        parts.iter().try_for_each(|part| self.put(part))
    }
}

/// Reads what [`export`] wrote into `store`. A partition that is there with the same content stays;
/// one with other content is an error, or replaced when `replace` is set.
///
/// An import that was broken off is finished by giving it again.
///
/// # Errors
/// If the input is no such file, cut short, damaged or of a newer version; a partition that differs;
/// the store's. `name` is the file's name for messages.
pub fn import(
    store: &dyn StateStore,
    name: &Path,
    input: &mut dyn Read,
    replace: bool,
) -> Result<Moved> {
    let mut input = In {
        inner: input,
        name,
        hasher: blake3::Hasher::new(),
    };
    input.header()?;
    let mut moved = Moved::default();
    let mut partition: Option<Incoming<'_>> = None;
    loop {
        let before = *input.hasher.finalize().as_bytes();
        let (kind, payload) = input.frame()?;
        match (kind, &mut partition) {
            (PARTITION, None) => {
                let name = input.text(&payload)?.to_owned();
                partition = Some(Incoming::begin(store, name, replace)?);
            }
            (RECORD | ENTRY | DUE, Some(open)) => {
                let (name, value) = input.named(&payload)?;
                moved.items += 1;
                hash(&mut open.hasher, kind, &[&payload]);
                match kind {
                    RECORD => open.add(|to| to.put(name, value), value.len())?,
                    ENTRY => open.add(|to| to.append(name, value), value.len())?,
                    _ => {
                        let wrong = || input.wrong("a due time does not read");
                        let (at, member) = value.split_first_chunk().ok_or_else(wrong)?;
                        let member = input.text(member)?;
                        open.add(|to| to.set_due(name, member, u64::from_le_bytes(*at)), 0)?;
                    }
                }
            }
            (DONE, Some(_)) => {
                moved.partitions += 1;
                moved.unchanged += u64::from(partition.take().expect("it is open").end(name)?);
            }
            (BLOB, None) => {
                store.put_blob(payload)?;
                moved.blobs += 1;
            }
            (END, None) if payload == before => return Ok(moved),
            (END, None) => {
                return Err(input.wrong("the file is damaged: its checksum does not match"));
            }
            _ => return Err(input.wrong("the file is damaged: its parts are out of order")),
        }
    }
}

/// A partition that is being read.
struct Incoming<'a> {
    store: &'a dyn StateStore,
    name: String,
    hasher: blake3::Hasher,
    /// What is not written yet; `None` where the partition is there and only compared.
    batch: Option<Transaction>,
    size: usize,
}

impl<'a> Incoming<'a> {
    fn begin(store: &'a dyn StateStore, name: String, replace: bool) -> Result<Self> {
        let there = store.partitions(&name, None, 1)?.first() == Some(&name);
        let broken = store.get(&name, MARK)?.is_some();
        let write = !there || broken || replace;
        if there && write {
            store.delete_partition(&name)?;
        }
        Ok(Self {
            store,
            name,
            hasher: blake3::Hasher::new(),
            batch: write.then(|| Transaction::new().put(MARK, "")),
            size: 0,
        })
    }

    fn add(&mut self, write: impl FnOnce(Transaction) -> Transaction, size: usize) -> Result<()> {
        let Some(batch) = self.batch.take() else {
            return Ok(());
        };
        self.batch = Some(write(batch));
        self.size += size + 256;
        if self.size >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let Some(batch) = self.batch.replace(Transaction::new()) else {
            return Ok(());
        };
        self.size = 0;
        match self.store.transact(&self.name, batch)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Conflict(conflict) => Err(Error::Store {
                url: self.store.url().to_owned(),
                reason: format!("partition `{}`: {conflict}", self.name),
            }),
        }
    }

    /// Says whether the partition was there with this content.
    fn end(mut self, file: &Path) -> Result<bool> {
        if self.batch.is_some() {
            let finish = self.batch.take().expect("it is there").delete(MARK);
            self.batch = Some(finish);
            self.flush()?;
            return Ok(false);
        }
        if digest(self.store, &self.name)? == self.hasher.finalize() {
            return Ok(true);
        }
        let what = format!(
            "partition `{}` is in the store already, with other content",
            self.name
        );
        Err(Diagnostic::new(file, what)
            .code("BS-CORE-022")
            .hint("import it into another store, or replace what is there with `--replace`")
            .into())
    }
}

struct In<'a> {
    inner: &'a mut dyn Read,
    name: &'a Path,
    hasher: blake3::Hasher,
}

impl In<'_> {
    fn wrong(&self, what: &str) -> Error {
        Diagnostic::new(self.name, what).code("BS-CORE-022").into()
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        let read = self.inner.read_exact(buffer);
        read.map_err(|error| self.failed(error))?;
        self.hasher.update(buffer);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => self.wrong("the file is cut short"),
            _ => Error::Read {
                path: self.name.to_owned(),
                source,
            },
        }
    }

    fn header(&mut self) -> Result<()> {
        let none = "not a store that `botsmith store export` wrote";
        let mut header = [0; HEADER.len()];
        if self.fill(&mut header).is_err() || header != HEADER {
            return Err(self.wrong(none));
        }
        let mut version = 0_u64;
        loop {
            let mut byte = [0];
            self.fill(&mut byte)?;
            match byte[0] {
                b'\n' => break,
                digit @ b'0'..=b'9' if version < 1000 => {
                    version = version * 10 + u64::from(digit - b'0');
                }
                _ => return Err(self.wrong(none)),
            }
        }
        if version != VERSION {
            return Err(self.wrong(&format!(
                "it has format {version}, this build knows formats up to {VERSION}: use a newer botsmith"
            )));
        }
        Ok(())
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>)> {
        let (mut kind, mut length) = ([0], [0; 4]);
        self.fill(&mut kind)?;
        self.fill(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_FRAME {
            return Err(self.wrong("the file is damaged: a part is longer than any can be"));
        }
        // Grows as bytes come: a claimed length alone takes no memory.
        let mut payload = Vec::new();
        let read = self.inner.take(length as u64).read_to_end(&mut payload);
        if read.map_err(|error| self.failed(error))? < length {
            return Err(self.wrong("the file is cut short"));
        }
        self.hasher.update(&payload);
        Ok((kind[0], payload))
    }

    fn text<'t>(&self, bytes: &'t [u8]) -> Result<&'t str> {
        std::str::from_utf8(bytes).map_err(|_| self.wrong("the file is damaged: a name is no text"))
    }

    /// A name with its length, and what follows.
    fn named<'t>(&self, payload: &'t [u8]) -> Result<(&'t str, &'t [u8])> {
        let parts = payload.split_first_chunk().and_then(|(length, rest)| {
            rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
        });
        let (name, value) =
            parts.ok_or_else(|| self.wrong("the file is damaged: a name is cut"))?;
        Ok((self.text(name)?, value))
    }
}
