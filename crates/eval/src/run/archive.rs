//! A run as one portable file: export and import.
//!
//! The file is a header line `botsmith-run 1`, then frames: a kind byte, the length as four bytes
//! little-endian, the payload; records first, then the batches of cases in order, then an end frame
//! with the blake3 of all before it. It holds what the store holds, so a run that is imported
//! elsewhere is the same run, with the same id.

use std::io::{Read, Write};
use std::path::Path;

use botsmith_core::Diagnostic;
use botsmith_core::store::{Outcome as StoreOutcome, Transaction};

use crate::{Error, Result};

use super::runs::{CASES, INFO, MANIFEST, REPORT, Runs, TIMES, partition};
use super::{Manifest, chunk};

const HEADER: &[u8] = b"botsmith-run 1\n";
const RECORDS: [&str; 4] = [MANIFEST, INFO, TIMES, REPORT];
const BATCH: u8 = 100;
const END: u8 = 255;
/// A frame holds one record or batch.
const MAX_FRAME: u32 = 256 << 20;

impl Runs<'_> {
    /// Writes a run to `out`.
    ///
    /// # Errors
    /// If there is no such run, the store fails, or `out` does (as [`Error::Invalid`] with the
    /// system's words; the caller knows the path).
    pub fn export(&self, id: &str, out: &mut dyn Write) -> Result<()> {
        let mut out = Hashed {
            inner: out,
            hasher: blake3::Hasher::new(),
        };
        let run = self.open(id)?;
        run.complete()?;
        out.put(HEADER)?;
        for (kind, key) in RECORDS.iter().enumerate() {
            if let Some(record) = self.store().get(&partition(id), key)? {
                out.frame(u8::try_from(kind).expect("four records"), &record.value)?;
            }
        }
        let mut at = 0;
        while let Some(entry) = self.store().log(&partition(id), CASES, at, 1)?.pop() {
            out.frame(BATCH, &chunk::resolve(entry, self.store())?)?;
            at += 1;
        }
        let hash = *out.hasher.finalize().as_bytes();
        out.frame(END, &hash)
    }

    /// Whether a run may be exported to a file: it is not there, is empty, is no regular file, or holds
    /// an export already.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file holds something else, which would be lost.
    pub fn may_export_to(path: &Path) -> Result<()> {
        let Ok(meta) = path.metadata() else {
            return Ok(());
        };
        if !meta.is_file() || meta.len() == 0 {
            return Ok(());
        }
        let mut header = [0; HEADER.len()];
        let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
        match read.is_ok() && header == HEADER {
            true => Ok(()),
            false => Err(Error::Invalid(format!(
                "{} is there and holds no exported run: it would be replaced; name another file",
                path.display()
            ))),
        }
    }

    /// Reads a run that [`Runs::export`] wrote, and gives its manifest. A run that is already there
    /// stays as it is.
    ///
    /// # Errors
    /// If the file is none, cut short, damaged or too new, or the store fails. `name` is the file's
    /// name for messages.
    pub fn import(&self, name: &Path, input: &mut dyn Read) -> Result<Manifest> {
        let wrong =
            |what: &str| -> Error { Diagnostic::new(name, what).code("BS-EVAL-011").into() };
        let mut input = Frames {
            inner: input,
            hasher: blake3::Hasher::new(),
        };
        let mut header = [0; HEADER.len()];
        if input.fill(&mut header).is_err() || header != HEADER {
            return Err(wrong("not a run that `botsmith eval export` wrote"));
        }
        let cut = |_| wrong("the file is cut short");
        let (mut records, mut manifest, mut batches, mut begun) = (Vec::new(), None, 0, false);
        loop {
            let before = *input.hasher.finalize().as_bytes();
            let (kind, payload) = input.frame().map_err(cut)?;
            match kind {
                END if payload == before => break,
                END => return Err(wrong("the file is damaged: its checksum does not match")),
                BATCH => {
                    // Nothing of a damaged batch gets into the store.
                    chunk::decode(&payload, &name.display().to_string())?;
                    let id = Self::manifest_id(manifest.as_ref())
                        .ok_or_else(|| wrong("the file has no manifest"))?;
                    if !begun {
                        if self.report(id)?.is_some() {
                            return self.open(id).map(|run| run.manifest);
                        }
                        // What an unfinished run left is replaced by the whole one.
                        self.store().delete_partition(&partition(id))?;
                        begun = true;
                    }
                    let entry = chunk::entries(vec![payload], self.store())?.remove(0);
                    let append = Transaction::new()
                        .log_length(CASES, batches)
                        .append(CASES, entry);
                    self.commit(id, append)?;
                    batches += 1;
                }
                kind => {
                    let key = RECORDS.get(usize::from(kind)).ok_or_else(|| {
                        wrong("the file holds a part that this build does not know: use a newer botsmith")
                    })?;
                    if *key == MANIFEST {
                        let read: Manifest = serde_json::from_slice(&payload).map_err(|error| {
                            wrong(&format!("its manifest does not read: {error}"))
                        })?;
                        manifest = Some(read);
                    }
                    records.push((*key, payload));
                }
            }
        }
        let manifest = manifest.ok_or_else(|| wrong("the file has no manifest"))?;
        let mut transaction = Transaction::new().absent(REPORT).log_length(CASES, batches);
        for (key, payload) in records {
            transaction = transaction.put(key, payload);
        }
        self.commit(&manifest.id, transaction)?;
        Ok(manifest)
    }

    fn manifest_id(manifest: Option<&Manifest>) -> Option<&str> {
        manifest.map(|m| m.id.as_str())
    }

    fn commit(&self, id: &str, transaction: Transaction) -> Result<()> {
        match self.store().transact(&partition(id), transaction)? {
            StoreOutcome::Committed(_) => Ok(()),
            StoreOutcome::Conflict(_) => Err(Error::Invalid(
                "another process is writing the same run; try again when it has finished".into(),
            )),
        }
    }
}

struct Hashed<'a> {
    inner: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl Hashed<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.inner
            .write_all(bytes)
            .map_err(|error| Error::Invalid(format!("cannot write: {error}")))
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        let length = u32::try_from(payload.len()).expect("records and batches are limited");
        self.put(&[kind])?;
        self.put(&length.to_le_bytes())?;
        self.put(payload)
    }
}

struct Frames<'a> {
    inner: &'a mut dyn Read,
    hasher: blake3::Hasher,
}

impl Frames<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        self.inner.read_exact(buffer)?;
        self.hasher.update(buffer);
        Ok(())
    }

    fn frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let (mut kind, mut length) = ([0], [0; 4]);
        self.fill(&mut kind)?;
        self.fill(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > MAX_FRAME {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut payload = Vec::new();
        // Grows as bytes come: a claimed length alone takes no memory.
        let read = self
            .inner
            .take(u64::from(length))
            .read_to_end(&mut payload)?;
        if read < length as usize {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(&payload);
        Ok((kind[0], payload))
    }
}
