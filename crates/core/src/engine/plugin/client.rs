//! The program's side of the interface: the library found, opened and asked.

use std::ffi::{CStr, c_char, c_void};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use candle_core::{Device, Tensor};

use super::super::decoder::{Graph, LogitAt, Logits, Step, Stop, Summaries, Summary};
use super::super::encoder::{Packed, Sizes};
use super::super::error::{EngineError, Result};
use super::super::kv::Slab;
use super::table::{
    ABI, Buffer, DONE, EncoderSizes, FAILED, Failure, Numbers, Opening, STOPPED, SYMBOL, StepOf,
    StopOf, Table, TextsOf,
};

/// The name of the library's file.
const FILE: &str = if cfg!(windows) {
    "botsmith_cuda.dll"
} else {
    "libbotsmith_cuda.so"
};
/// The variable that names the library's file.
const VARIABLE: &str = "BOTSMITH_CUDA";

/// An engine library, opened. It stays open until the process ends: drivers do not like to be closed.
///
/// ```no_run
/// use botsmith_core::engine::{Accelerator, LoadOptions, LocalModel, ModelFiles};
/// let library = Accelerator::open("/opt/botsmith/libbotsmith_cuda.so")?;
/// let files = ModelFiles::open("models/Qwen3-0.6B")?;
/// let model = LocalModel::load_on(&files, &library.device("cuda:0")?, &LoadOptions::default())?;
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Accelerator {
    table: &'static Table,
}

impl fmt::Debug for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accelerator").finish_non_exhaustive()
    }
}

impl Accelerator {
    /// The library that is installed with the program; looked for once.
    ///
    /// # Errors
    /// [`EngineError::Library`] where there is none, or it cannot be opened.
    pub fn find() -> Result<Self> {
        static FOUND: OnceLock<Result<Accelerator, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let named = std::env::var_os(VARIABLE).map(PathBuf::from);
            let path = match named {
                Some(path) => path,
                None => installed().ok_or_else(|| {
                    format!("there is no {FILE} beside the program, and {VARIABLE} names none")
                })?,
            };
            Self::open(&path).map_err(|error| match error {
                EngineError::Library { reason } => reason,
                error => error.to_string(),
            })
        });
        found
            .clone()
            .map_err(|reason| EngineError::Library { reason })
    }

    /// Opens the library of this file.
    ///
    /// # Errors
    /// [`EngineError::Library`] where it cannot be loaded, or is of another version than this program.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let wrong = |reason: String| EngineError::Library {
            reason: format!("{}: {reason}", path.display()),
        };
        // Loading runs the library's own code: it is one that the user has put or named there.
        let library =
            unsafe { libloading::Library::new(path) }.map_err(|error| wrong(error.to_string()))?;
        let table = {
            let symbol: libloading::Symbol<'_, unsafe extern "C" fn() -> *const Table> =
                unsafe { library.get(SYMBOL) }
                    .map_err(|_| wrong("it is no engine library of Botsmith".into()))?;
            unsafe { symbol() }
        };
        std::mem::forget(library);
        if table.is_null() {
            return Err(wrong("it is no engine library of Botsmith".into()));
        }
        // Number and size stand first in every version; only with the right ones is the rest read.
        let [abi, size] = unsafe { table.cast::<[u32; 2]>().read() };
        if (abi, size) != (ABI, size_of::<Table>() as u32) {
            return Err(wrong(format!(
                "its interface is {abi} with {size} bytes, this program's {ABI} with {}: build both from one version",
                size_of::<Table>()
            )));
        }
        let table: &'static Table = unsafe { &*table };
        let version = unsafe { CStr::from_ptr(table.version.cast::<c_char>()) }.to_string_lossy();
        let own = env!("CARGO_PKG_VERSION");
        if version != own {
            return Err(wrong(format!(
                "it is of Botsmith {version}, this program is {own}: build both from one version"
            )));
        }
        Ok(Self { table })
    }

    /// A device of the library, started: `cuda:0`.
    ///
    /// # Errors
    /// [`EngineError::Device`] where it has no such device, with the reason.
    pub fn device(self, word: &str) -> Result<super::super::Place> {
        let about = self.about(word)?;
        Ok(super::super::Place::There(PlaceThere {
            library: self,
            word: word.to_owned(),
            name: about
                .get("name")
                .and_then(|name| name.as_str())
                .map(str::to_owned),
        }))
    }

    fn about(self, word: &str) -> Result<serde_json::Value> {
        let mut out = Buffer::EMPTY;
        let status = unsafe { (self.table.describe)(word.as_ptr(), word.len(), &raw mut out) };
        self.json(status, out)
    }

    /// What a buffer holds, given back; or the error that it tells.
    fn taken(self, status: i32, mut out: Buffer) -> Result<Vec<u8>> {
        let bytes = match out.at.is_null() {
            true => Vec::new(),
            false => unsafe { std::slice::from_raw_parts(out.at.cast::<u8>(), out.len) }.to_vec(),
        };
        unsafe { (self.table.release)(&raw mut out) };
        match status {
            DONE => Ok(bytes),
            STOPPED => Err(EngineError::Cancelled),
            _ => Err(failure(&bytes)),
        }
    }

    fn json(self, status: i32, out: Buffer) -> Result<serde_json::Value> {
        let bytes = self.taken(status, out)?;
        serde_json::from_slice(&bytes).map_err(|error| EngineError::Library {
            reason: format!("the engine library answers with no JSON: {error}"),
        })
    }

    /// What a buffer of numbers holds.
    fn numbers(self, status: i32, mut out: Buffer) -> Result<Vec<f32>> {
        if status != DONE || !out.numbers {
            return self.taken(status, out).map(|_| Vec::new());
        }
        let numbers = unsafe { std::slice::from_raw_parts(out.at.cast::<f32>(), out.len / 4) };
        let numbers = numbers.to_vec();
        unsafe { (self.table.release)(&raw mut out) };
        Ok(numbers)
    }
}

/// The library's file beside the program, or where packages put it.
fn installed() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let program = std::fs::canonicalize(&program).unwrap_or(program);
    let folder = program.parent()?;
    [folder.join(FILE), folder.join("../lib/botsmith").join(FILE)]
        .into_iter()
        .find(|path| path.is_file())
}

/// An error as the library tells it, with its own code where this program knows it.
fn failure(bytes: &[u8]) -> EngineError {
    let failure: Failure = serde_json::from_slice(bytes).unwrap_or_else(|_| Failure {
        code: String::new(),
        message: "the engine library failed and does not say why".into(),
    });
    EngineError::Elsewhere {
        code: EngineError::known_code(&failure.code),
        message: failure.message,
    }
}

/// A device of an engine library.
#[derive(Clone, Debug)]
pub struct PlaceThere {
    pub(crate) library: Accelerator,
    pub(crate) word: String,
    /// What its maker calls it.
    pub(crate) name: Option<String>,
}

/// Calls `work` with a signal that the library can ask.
fn signalled<T>(stop: Stop<'_>, work: impl FnOnce(StopOf) -> T) -> T {
    unsafe extern "C" fn says(of: *const c_void) -> bool {
        let stop = unsafe { &*of.cast::<Stop<'_>>() };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(stop)).unwrap_or(true)
    }
    let stop: Stop<'_> = stop;
    work(StopOf {
        says,
        of: (&raw const stop).cast(),
    })
}

impl PlaceThere {
    /// Bytes that are free on the device now, where that is known.
    ///
    /// # Errors
    /// [`EngineError::Device`] where it is there no more.
    pub fn free(&self) -> Result<Option<u64>> {
        let about = self.library.about(&self.word)?;
        Ok(about.get("free").and_then(serde_json::Value::as_u64))
    }

    fn opening(&self, path: &Path) -> Result<Vec<u8>> {
        let path = std::path::absolute(path).map_err(EngineError::read(path))?;
        let opening = Opening {
            path,
            device: self.word.clone(),
        };
        serde_json::to_vec(&opening).map_err(|error| EngineError::Library {
            reason: error.to_string(),
        })
    }

    /// The decoder of these files, on the device.
    ///
    /// # Errors
    /// Those of loading it there.
    pub(crate) fn decoder(&self, path: &Path, stop: Stop<'_>) -> Result<Arc<dyn Graph>> {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let opening = self.opening(path)?;
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let handle = signalled(stop, |stop| unsafe {
            (table.decoder_open)(opening.as_ptr(), opening.len(), stop, &raw mut out)
        });
        self.library.opened(handle, out, stop)?;
        Ok(Arc::new(RemoteDecoder {
            library: self.library,
            handle,
        }))
    }

    /// The encoder of these files, on the device, and its sizes.
    ///
    /// # Errors
    /// Those of loading it there.
    pub(crate) fn encoder(&self, path: &Path, stop: Stop<'_>) -> Result<(RemoteEncoder, Sizes)> {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let opening = self.opening(path)?;
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let handle = signalled(stop, |stop| unsafe {
            (table.encoder_open)(opening.as_ptr(), opening.len(), stop, &raw mut out)
        });
        let about = self.library.opened(handle, out, stop)?;
        let encoder = RemoteEncoder {
            library: self.library,
            handle,
        };
        let sizes: EncoderSizes =
            serde_json::from_slice(&about).map_err(|error| EngineError::Library {
                reason: format!("the engine library says no sizes: {error}"),
            })?;
        let sizes = Sizes {
            width: sizes.width,
            rows: sizes.rows,
            limit: sizes.limit,
        };
        Ok((encoder, sizes))
    }
}

impl Accelerator {
    fn opened(self, handle: usize, out: Buffer, stop: Stop<'_>) -> Result<Vec<u8>> {
        let status = match handle {
            0 if out.at.is_null() && stop() => STOPPED,
            0 => FAILED,
            _ => DONE,
        };
        self.taken(status, out)
    }
}

/// A decoder in the library.
#[derive(Debug)]
struct RemoteDecoder {
    library: Accelerator,
    handle: usize,
}

fn step_of(step: &Step) -> StepOf {
    StepOf {
        tokens: Numbers::of(&step.tokens),
        counts: Numbers::of(&step.counts),
        before: Numbers::of(&step.before),
        blocks: Numbers::of(&step.blocks),
        wanted: Numbers::of(&step.wanted),
    }
}

impl Slab for RemoteDecoder {
    fn copy(&self, from: u32, to: u32) -> Result<()> {
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let status = unsafe { (table.decoder_copy)(self.handle, from, to, &raw mut out) };
        self.library.taken(status, out).map(|_| ())
    }
}

impl Graph for RemoteDecoder {
    fn reserve(&self, blocks: u32) -> Result<()> {
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let status = unsafe { (table.decoder_reserve)(self.handle, blocks, &raw mut out) };
        self.library.taken(status, out).map(|_| ())
    }

    fn forward(&self, step: &Step, stop: Stop<'_>) -> Result<Logits> {
        let of = step_of(step);
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let status = signalled(stop, |stop| unsafe {
            (table.decoder_forward)(self.handle, of, stop, &raw mut out)
        });
        let numbers = self.library.numbers(status, out)?;
        Logits::new(numbers, step.wanted.len()).ok_or_else(|| EngineError::Library {
            reason: "it answers with another number of rows than were wanted".into(),
        })
    }

    fn summarise(&self, step: &Step, picks: &[LogitAt], stop: Stop<'_>) -> Result<Summaries> {
        let of = step_of(step);
        let flat: Vec<u32> = picks
            .iter()
            .flat_map(|(row, token)| [*row, *token])
            .collect();
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let status = signalled(stop, |stop| unsafe {
            (table.decoder_summarise)(self.handle, of, Numbers::of(&flat), stop, &raw mut out)
        });
        let bytes = self.library.taken(status, out)?;
        let rows = step.wanted.len();
        if bytes.len() != rows * 16 + picks.len() * 4 {
            return Err(EngineError::Library {
                reason: "it answers with another number of rows than were wanted".into(),
            });
        }
        let (of_rows, of_picks) = bytes.split_at(rows * 16);
        let (of_rows, _) = of_rows.as_chunks::<16>();
        let (of_picks, _) = of_picks.as_chunks::<4>();
        let summary = |[a, b, c, d, e, f, g, h, whole @ ..]: [u8; 16]| Summary {
            token: u32::from_ne_bytes([a, b, c, d]),
            logit: f32::from_ne_bytes([e, f, g, h]),
            whole: f64::from_ne_bytes(whole),
        };
        Ok(Summaries {
            rows: of_rows.iter().copied().map(summary).collect(),
            picked: of_picks.iter().copied().map(f32::from_ne_bytes).collect(),
        })
    }

    fn free(&self) -> Option<u64> {
        let free = unsafe { (self.library.table.decoder_free)(self.handle) };
        (free != u64::MAX).then_some(free)
    }
}

impl Drop for RemoteDecoder {
    fn drop(&mut self) {
        unsafe { (self.library.table.decoder_close)(self.handle) };
    }
}

/// An encoder in the library.
#[derive(Debug)]
pub(crate) struct RemoteEncoder {
    library: Accelerator,
    handle: usize,
}

impl RemoteEncoder {
    /// `[tokens, width]` of the texts of a batch.
    pub(crate) fn forward(&self, batch: &Packed, width: usize) -> Result<Tensor> {
        let lengths: Vec<u32> = batch.spans.iter().map(|span| span.len() as u32).collect();
        let texts = TextsOf {
            ids: Numbers::of(&batch.ids),
            types: Numbers::of(&batch.types),
            lengths: Numbers::of(&lengths),
        };
        let mut out = Buffer::EMPTY;
        let table = self.library.table;
        let status = unsafe { (table.encoder_forward)(self.handle, texts, &raw mut out) };
        let numbers = self.library.numbers(status, out)?;
        Ok(Tensor::from_vec(
            numbers,
            (batch.ids.len(), width),
            &Device::Cpu,
        )?)
    }
}

impl Drop for RemoteEncoder {
    fn drop(&mut self) {
        unsafe { (self.library.table.encoder_close)(self.handle) };
    }
}
