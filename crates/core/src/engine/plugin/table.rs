//! The C interface between program and library: plain numbers, addresses with lengths, functions.
//!
//! Every function gives a status: 0 done, 1 stopped because the caller said so, 2 an error, whose JSON (`code`,
//! `message`) is in the buffer. A buffer is the library's; the program gives it back with `release`.

use std::ffi::c_void;

/// Counted up with every change of the interface.
pub(super) const ABI: u32 = 1;

/// The library's only symbol: `extern "C" fn() -> *const Table`.
pub(super) const SYMBOL: &[u8] = b"botsmith_engine\0";

pub(super) const DONE: i32 = 0;
pub(super) const STOPPED: i32 = 1;
pub(super) const FAILED: i32 = 2;

/// Numbers that the caller keeps until the function is done.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) at: *const u32,
    pub(super) len: usize,
}

impl Numbers {
    pub(super) fn of(list: &[u32]) -> Self {
        Self {
            at: list.as_ptr(),
            len: list.len(),
        }
    }
}

/// A step of a decoder; see `decoder/graph.rs`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct StepOf {
    pub(super) tokens: Numbers,
    pub(super) counts: Numbers,
    pub(super) before: Numbers,
    pub(super) blocks: Numbers,
    pub(super) wanted: Numbers,
}

/// Texts of an encoder; see `encoder/packed.rs`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct TextsOf {
    pub(super) ids: Numbers,
    pub(super) types: Numbers,
    /// Tokens of each text.
    pub(super) lengths: Numbers,
}

/// What the library answers: numbers, or the UTF-8 of a JSON object.
#[repr(C)]
pub(super) struct Buffer {
    pub(super) at: *mut c_void,
    /// In bytes.
    pub(super) len: usize,
    pub(super) capacity: usize,
    /// Whether `at` is of numbers of four bytes.
    pub(super) numbers: bool,
}

impl Buffer {
    pub(super) const EMPTY: Self = Self {
        at: std::ptr::null_mut(),
        len: 0,
        capacity: 0,
        numbers: false,
    };
}

/// Says whether nobody wants the result any more; called from any thread until the function is done.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct StopOf {
    pub(super) says: unsafe extern "C" fn(*const c_void) -> bool,
    pub(super) of: *const c_void,
}

/// What the library can do.
#[repr(C)]
#[derive(Debug)]
pub struct Table {
    /// [`ABI`]; stands first in every version.
    pub(super) abi: u32,
    /// Bytes of this table: two builds of one number that differ all the same are found out.
    pub(super) size: u32,
    /// The version of the package, UTF-8 with a zero at its end.
    pub(super) version: *const u8,
    /// A device's word (UTF-8, with its length) -> JSON about it.
    pub(super) describe: unsafe extern "C" fn(*const u8, usize, *mut Buffer) -> i32,
    /// JSON (`path`, `device`) -> a handle, with JSON about it.
    pub(super) decoder_open: unsafe extern "C" fn(*const u8, usize, StopOf, *mut Buffer) -> usize,
    pub(super) decoder_reserve: unsafe extern "C" fn(usize, u32, *mut Buffer) -> i32,
    pub(super) decoder_forward: unsafe extern "C" fn(usize, StepOf, StopOf, *mut Buffer) -> i32,
    /// With picks, row and token by turns: of each row its token (4 bytes), logit (4) and whole (8), then the picked
    /// logits (4 each), in the machine's order of bytes.
    pub(super) decoder_summarise:
        unsafe extern "C" fn(usize, StepOf, Numbers, StopOf, *mut Buffer) -> i32,
    pub(super) decoder_copy: unsafe extern "C" fn(usize, u32, u32, *mut Buffer) -> i32,
    /// Bytes free on its device; `u64::MAX` where that is not known.
    pub(super) decoder_free: unsafe extern "C" fn(usize) -> u64,
    pub(super) decoder_close: unsafe extern "C" fn(usize),
    /// As `decoder_open`.
    pub(super) encoder_open: unsafe extern "C" fn(*const u8, usize, StopOf, *mut Buffer) -> usize,
    pub(super) encoder_forward: unsafe extern "C" fn(usize, TextsOf, *mut Buffer) -> i32,
    pub(super) encoder_close: unsafe extern "C" fn(usize),
    /// Gives a buffer back.
    pub(super) release: unsafe extern "C" fn(*mut Buffer),
}

// Nothing in it changes, and what its addresses point to lives as long as the library.
unsafe impl Sync for Table {}

/// How a handle is opened.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Opening {
    pub(super) path: std::path::PathBuf,
    pub(super) device: String,
}

/// What is said of an opened encoder.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct EncoderSizes {
    pub(super) width: usize,
    pub(super) rows: usize,
    pub(super) limit: usize,
}

/// An error on its way through the interface.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}
