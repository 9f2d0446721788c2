//! The weights of a model: tensors by the names of the original model, from safetensors or GGUF.
//!
//! Opening reads headers only. A tensor is read when it is asked for, with its shape, which must be right; its numbers
//! must be finite. Dense numbers become f32 on a CPU: F16 and BF16 have no fast kernels there. Of GGUF, quantised
//! matrices keep their values, in tiles for our kernels where this CPU has those (`tiled.rs`), else as the file has them,
//! except that `Q4_0` and `Q5_0`, for which Candle has no fast kernel, become `Q8_0`, which holds the same values exactly.
//! Files are read, not mapped: a file that shrinks while it is in use cannot end the process.

mod convert;
mod part;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Tensor};

use super::error::{EngineError, Result};
use super::files::{ModelFiles, WeightFiles};
use super::gguf::{Change, Gguf, Names, parts};
use super::header::{Entry, Stored};
use super::linear::{Embedding, Linear, Matrix};
use super::safetensors;
use super::tiled::{self, Tiled};
use crate::chat::CancelToken;
pub use part::Part;

/// Bytes read and converted at a time, between looks at whether the caller wants to stop; whole numbers of
/// any kind.
const CHUNK: usize = 4 << 20;
/// Most names that a missing one is compared with.
const HINTS: usize = 10_000;

/// The weights of one model, opened.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    sources: Vec<Source>,
    table: BTreeMap<String, (usize, Entry)>,
    device: Device,
    converter: Option<Converter>,
    cancel: CancelToken,
    /// Whether quantised matrices are put into tiles.
    tiles: bool,
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    file: Mutex<File>,
}

/// What the converter to GGUF did that is undone on reading.
#[derive(Debug)]
struct Converter {
    names: Names,
    heads: usize,
    key_heads: usize,
}

impl Weights {
    /// Opens the weights of `files` for `device`, reading their headers.
    ///
    /// # Errors
    /// [`EngineError::Damaged`], [`EngineError::Unsupported`], [`EngineError::Read`].
    pub fn open(files: &ModelFiles, device: &Device) -> Result<Self> {
        let mut weights = Self {
            path: files.path.clone(),
            sources: Vec::new(),
            table: BTreeMap::new(),
            device: device.clone(),
            converter: None,
            cancel: CancelToken::new(),
            tiles: device.is_cpu() && tiled::is_fast(),
        };
        match &files.weights {
            WeightFiles::Safetensors(paths) => {
                for path in paths {
                    let mut file = File::open(path).map_err(EngineError::read(path))?;
                    let entries = safetensors::read_header(path, &mut file)?;
                    weights.add(path, file, entries, str::to_owned)?;
                }
            }
            WeightFiles::Gguf(paths) => weights.add_gguf(paths)?,
        }
        tracing::info!(
            "{}: {} tensors for {:?}",
            files.path.display(),
            weights.table.len(),
            device.location()
        );
        Ok(weights)
    }

    /// Adds the parts of a GGUF model; the first says what the converter did to all of them.
    fn add_gguf(&mut self, paths: &[PathBuf]) -> Result<()> {
        let mut heads = Vec::with_capacity(paths.len());
        for (at, path) in paths.iter().enumerate() {
            let mut file = File::open(path).map_err(EngineError::read(path))?;
            let gguf = Gguf::read(path, &mut file)?;
            parts::check(path, &gguf, at, paths.len())?;
            heads.push((path, file, gguf));
        }
        let Some((path, _, first)) = heads.first() else {
            return Ok(());
        };
        let tensors = heads.iter().map(|(_, _, gguf)| gguf.entries.len()).sum();
        parts::check_tensors(path, first, tensors)?;
        let kind = first.architecture();
        let names = Names::of(kind);
        let number = |key: &str| {
            let key = format!("{kind}.attention.{key}");
            first.integer(&key).and_then(|n| usize::try_from(n).ok())
        };
        let count = number("head_count").unwrap_or(0);
        self.converter = Some(Converter {
            names,
            heads: count,
            key_heads: number("head_count_kv").unwrap_or(count),
        });
        for (path, file, gguf) in heads {
            self.add(path, file, gguf.entries, |name| {
                names.original(name).into_owned()
            })?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: &Path,
        file: File,
        entries: Vec<Entry>,
        rename: impl Fn(&str) -> String,
    ) -> Result<()> {
        let number = self.sources.len();
        for entry in entries {
            let name = rename(&entry.name);
            if self.table.insert(name.clone(), (number, entry)).is_some() {
                let name = crate::hint::shown(&name);
                return Err(EngineError::damaged(
                    path,
                    format!("tensor `{name}` is in two files"),
                ));
            }
        }
        self.sources.push(Source {
            path: path.to_owned(),
            file: Mutex::new(file),
        });
        Ok(())
    }

    /// Stops reading when `cancel` says so: the next tensor gives [`EngineError::Cancelled`].
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Puts no matrix into tiles unless `wanted`; where tiles are not fast, none is either way.
    #[must_use]
    pub(crate) fn with_tiles(mut self, wanted: bool) -> Self {
        self.tiles &= wanted;
        self
    }

    /// What the weights are of, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where tensors are put.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(String::as_str)
    }

    /// How a tensor is stored, and its shape.
    pub fn about(&self, name: &str) -> Option<(Stored, &[usize])> {
        let (_, entry) = self.find(name)?;
        Some((entry.stored, &entry.shape))
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// How many numbers all tensors hold together.
    pub fn parameters(&self) -> u64 {
        self.table
            .values()
            .map(|(_, entry)| entry.count() as u64)
            .sum()
    }

    /// Bytes that all tensors take once loaded: f32 for dense ones; quantised matrices once where they are
    /// tiled, with the copy that Candle's kernels keep on other CPUs. While a matrix is read, its bytes of the file are there
    /// besides.
    pub fn bytes_needed(&self) -> u64 {
        let bytes = |entry: &Entry| match (entry.stored, self.device.is_cpu()) {
            (Stored::Quantised(_), false) => entry.bytes as u64,
            _ => convert::loaded_bytes(entry, self.tiles),
        };
        let all = self.table.values().map(|(_, entry)| bytes(entry));
        all.fold(0, u64::saturating_add)
    }

    /// Whether all tensors will fit into the memory that is free.
    ///
    /// # Errors
    /// [`EngineError::Memory`] with both numbers.
    pub fn check_memory(&self, free: Option<u64>) -> Result<()> {
        let quantised =
            (self.table.values()).any(|(_, entry)| matches!(entry.stored, Stored::Quantised(_)));
        let remedy = match (self.device.is_cpu(), quantised) {
            (false, _) => "try Q4_K or --device cpu",
            (true, true) => "try a smaller model",
            (true, false) => "try Q4_K or a smaller model",
        };
        super::memory::check(self.bytes_needed(), free, remedy)
    }

    /// Everything under a name: `weights.part("encoder.layer.0")`.
    pub fn part(&self, prefix: impl Into<String>) -> Part<'_> {
        Part::new(self, prefix.into())
    }

    /// The first of `prefixes` under which `name` is there: models are stored with and without the name of their body
    /// (`bert.`) in front. Without any, the first, whose tensors will then be named as missing.
    pub fn prefix<'a>(&self, prefixes: &[&'a str], name: &str) -> &'a str {
        let there = |prefix: &&&str| self.contains(&format!("{prefix}{name}"));
        prefixes
            .iter()
            .find(there)
            .or(prefixes.first())
            .copied()
            .unwrap_or_default()
    }

    /// A dense tensor of `shape`, as f32.
    ///
    /// # Errors
    /// [`EngineError::TensorMissing`], [`EngineError::TensorShape`], [`EngineError::NotFinite`] and those of reading.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let (source, entry) = self.wanted(name, shape)?;
        let mut bytes = self.bytes(source, entry)?;
        self.put_back_rows(name, entry, &mut bytes)?;
        let mut values = match entry.stored {
            Stored::Quantised(kind) => {
                let table = self.quantised(name, kind, entry, bytes)?;
                let numbers = table.dequantize(&self.device)?;
                return Ok(match self.change(name) {
                    Change::PlusOne => (numbers - 1.0)?,
                    _ => numbers,
                });
            }
            dense => self.finite(name, dense, entry, &bytes)?,
        };
        drop(bytes);
        if self.change(name) == Change::PlusOne {
            for value in &mut values {
                *value -= 1.0;
            }
        }
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_device(&self.device)?)
    }

    /// The linear map `name.weight` of shape `[outputs, inputs]`, with `name.bias` where that is there.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let matrix = self.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let bias = format!("{name}.bias");
        let bias = match self.contains(&bias) {
            true => Some(self.tensor(&bias, &[outputs])?),
            false => None,
        };
        Ok(Linear::new(matrix, bias))
    }

    /// The table of embeddings `name.weight` of shape `[rows, width]`.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn embedding(&self, name: &str, rows: usize, width: usize) -> Result<Embedding> {
        self.embedding_named(&format!("{name}.weight"), rows, width)
    }

    /// The table of embeddings of this full name.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn embedding_named(&self, name: &str, rows: usize, width: usize) -> Result<Embedding> {
        let matrix = self.matrix(name, rows, width)?;
        Ok(Embedding::new(matrix, rows, width))
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let (source, entry) = self.wanted(name, &[rows, columns])?;
        let Stored::Quantised(kind) = entry.stored else {
            return self.tensor(name, &[rows, columns]).map(Matrix::Dense);
        };
        let mut bytes = self.bytes(source, entry)?;
        self.put_back_rows(name, entry, &mut bytes)?;
        self.check_blocks(name, kind, &bytes)?;
        let in_tiles = |kind, bytes: &[u8]| -> Result<Option<Matrix>> {
            if !self.tiles {
                return Ok(None);
            }
            let tiled = Tiled::new(kind, bytes, rows, columns, &|| self.cancel.is_cancelled())?;
            Ok(tiled.map(|one| Matrix::Tiled(Arc::new(one))))
        };
        if let Some(tiled) = in_tiles(kind, &bytes)? {
            return Ok(tiled);
        }
        let (kind, bytes) = self.kernel_of(kind, bytes);
        if let Some(tiled) = in_tiles(kind, &bytes)? {
            return Ok(tiled);
        }
        let table = self.stored(kind, entry, bytes)?;
        Ok(Matrix::Quantised(Arc::new(table)))
    }

    fn quantised(
        &self,
        name: &str,
        kind: GgmlDType,
        entry: &Entry,
        bytes: Vec<u8>,
    ) -> Result<QTensor> {
        self.check_blocks(name, kind, &bytes)?;
        let (kind, bytes) = self.kernel_of(kind, bytes);
        self.stored(kind, entry, bytes)
    }

    /// Scales are to be finite.
    fn check_blocks(&self, name: &str, kind: GgmlDType, bytes: &[u8]) -> Result<()> {
        match convert::bad_block(kind, bytes) {
            None => Ok(()),
            Some(block) => Err(EngineError::NotFinite {
                path: self.path.clone(),
                name: name.to_owned(),
                at: block * kind.block_size(),
            }),
        }
    }

    /// The same numbers as a kind that the device has a fast kernel for.
    fn kernel_of(&self, kind: GgmlDType, bytes: Vec<u8>) -> (GgmlDType, Vec<u8>) {
        match self.device.is_cpu() {
            true => convert::for_cpu(kind, bytes),
            false => (kind, bytes),
        }
    }

    fn stored(&self, kind: GgmlDType, entry: &Entry, bytes: Vec<u8>) -> Result<QTensor> {
        let storage = QStorage::from_data(bytes.into(), &self.device, kind)?;
        Ok(QTensor::new(storage, entry.shape.as_slice())?)
    }

    fn change(&self, name: &str) -> Change {
        (self.converter.as_ref()).map_or(Change::None, |converter| converter.names.change(name))
    }

    /// Undoes the interleaving of queries' and keys' rows.
    fn put_back_rows(&self, name: &str, entry: &Entry, bytes: &mut Vec<u8>) -> Result<()> {
        let Some(converter) = &self.converter else {
            return Ok(());
        };
        let heads = match converter.names.change(name) {
            Change::InterleavedQueries => converter.heads,
            Change::InterleavedKeys => converter.key_heads,
            Change::None | Change::PlusOne => return Ok(()),
        };
        let rows = entry.shape.first().copied().unwrap_or(0);
        if heads == 0 || rows == 0 || !rows.is_multiple_of(heads * 2) {
            return Err(EngineError::damaged(
                &self.path,
                format!("tensor `{name}` has {rows} rows, which {heads} heads cannot share"),
            ));
        }
        if !bytes.len().is_multiple_of(rows) {
            return Err(EngineError::damaged(
                &self.path,
                format!("tensor `{name}` has rows that end inside a block"),
            ));
        }
        *bytes = convert::without_interleaving(bytes, rows, heads);
        Ok(())
    }

    /// Dense numbers as f32, all of them finite.
    fn finite(&self, name: &str, stored: Stored, entry: &Entry, bytes: &[u8]) -> Result<Vec<f32>> {
        let mut values = Vec::with_capacity(entry.count());
        for part in bytes.chunks(CHUNK) {
            self.look()?;
            let before = values.len();
            values.extend(convert::to_f32(stored, part));
            let part = &values[before..];
            if let Some(at) = part.iter().position(|value: &f32| !value.is_finite()) {
                return Err(EngineError::NotFinite {
                    path: self.path.clone(),
                    name: name.to_owned(),
                    at: before + at,
                });
            }
        }
        Ok(values)
    }

    fn look(&self) -> Result<()> {
        match self.cancel.is_cancelled() {
            true => Err(EngineError::Cancelled),
            false => Ok(()),
        }
    }

    /// A tensor by its name, or by the one that old checkpoints have for it.
    fn find(&self, name: &str) -> Option<&(usize, Entry)> {
        self.table.get(name).or_else(|| {
            let old = (name
                .strip_suffix("LayerNorm.weight")
                .map(|stem| format!("{stem}LayerNorm.gamma")))
            .or_else(|| {
                name.strip_suffix("LayerNorm.bias")
                    .map(|stem| format!("{stem}LayerNorm.beta"))
            })?;
            self.table.get(&old)
        })
    }

    fn wanted(&self, name: &str, shape: &[usize]) -> Result<(&Source, &Entry)> {
        let (source, entry) = self.find(name).ok_or_else(|| EngineError::TensorMissing {
            path: self.path.clone(),
            name: name.to_owned(),
            hint: crate::hint::nearest(name, self.names().take(HINTS)).map(str::to_owned),
        })?;
        if entry.shape != shape {
            return Err(EngineError::TensorShape {
                path: self.path.clone(),
                name: name.to_owned(),
                found: entry.shape.clone(),
                wanted: shape.to_vec(),
            });
        }
        Ok((&self.sources[*source], entry))
    }

    fn bytes(&self, source: &Source, entry: &Entry) -> Result<Vec<u8>> {
        let read = |error| EngineError::Read {
            path: source.path.clone(),
            source: error,
        };
        let mut file = source.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(entry.start)).map_err(read)?;
        let mut bytes = vec![0; entry.bytes];
        for chunk in bytes.chunks_mut(CHUNK) {
            self.look()?;
            file.read_exact(chunk).map_err(read)?;
        }
        Ok(bytes)
    }
}
