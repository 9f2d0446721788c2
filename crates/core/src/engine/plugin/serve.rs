//! The library's side of the interface: addresses in, the engine of this build, addresses out.
//!
//! A panic becomes an error: it must not run through another language's frames.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::super::config::Config;
use super::super::decoder::{self, DeviceGraph, Graph, Step};
use super::super::device::Device;
use super::super::encoder::{Body, Packed};
use super::super::error::{EngineError, Result};
use super::super::files::ModelFiles;
use super::super::kv::Slab;
use super::super::ops::cuda;
use super::super::weights::Weights;
use super::table::{
    ABI, Buffer, DONE, EncoderSizes, FAILED, Failure, Numbers, Opening, STOPPED, StepOf, StopOf,
    Table, TextsOf,
};
use crate::chat::CancelToken;

/// What this build's library can do; the crate `botsmith-cuda` hands it out.
pub static TABLE: Table = Table {
    abi: ABI,
    size: size_of::<Table>() as u32,
    version: concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr(),
    describe,
    decoder_open,
    decoder_reserve,
    decoder_forward,
    decoder_summarise,
    decoder_copy,
    decoder_free,
    decoder_close,
    encoder_open,
    encoder_forward,
    encoder_close,
    release,
};

/// What a function has to say.
enum Answer {
    Nothing,
    Json(serde_json::Value),
    Numbers(Vec<f32>),
    Bytes(Vec<u8>),
}

/// Runs `work` and puts its answer, or its error, into `out`.
fn answered<T>(
    out: *mut Buffer,
    of_failure: T,
    work: impl FnOnce() -> Result<(T, Answer)>,
) -> (i32, T) {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(EngineError::Step(format!(
            "the library panicked: {}",
            words.unwrap_or("it does not say why")
        )))
    });
    let (status, value, buffer) = match done {
        Ok((value, Answer::Nothing)) => (DONE, value, Buffer::EMPTY),
        Ok((value, Answer::Json(json))) => (DONE, value, bytes(json.to_string().into_bytes())),
        Ok((value, Answer::Bytes(list))) => (DONE, value, bytes(list)),
        Ok((value, Answer::Numbers(numbers))) => (DONE, value, numbers_of(numbers)),
        Err(EngineError::Cancelled) => (STOPPED, of_failure, Buffer::EMPTY),
        Err(error) => {
            let failure = Failure {
                code: error.code().to_owned(),
                message: error.to_string(),
            };
            let json = serde_json::to_string(&failure).unwrap_or_default();
            (FAILED, of_failure, bytes(json.into_bytes()))
        }
    };
    if !out.is_null() {
        unsafe { out.write(buffer) };
    }
    (status, value)
}

fn bytes(list: Vec<u8>) -> Buffer {
    let mut list = ManuallyDrop::new(list);
    Buffer {
        at: list.as_mut_ptr().cast(),
        len: list.len(),
        capacity: list.capacity(),
        numbers: false,
    }
}

fn numbers_of(numbers: Vec<f32>) -> Buffer {
    let mut numbers = ManuallyDrop::new(numbers);
    Buffer {
        at: numbers.as_mut_ptr().cast(),
        len: numbers.len() * 4,
        capacity: numbers.capacity(),
        numbers: true,
    }
}

unsafe extern "C" fn release(buffer: *mut Buffer) {
    let Some(buffer) = (unsafe { buffer.as_mut() }) else {
        return;
    };
    let Buffer {
        at,
        len,
        capacity,
        numbers,
    } = std::mem::replace(buffer, Buffer::EMPTY);
    if at.is_null() {
        return;
    }
    // It was made above, of a vector of the one kind or the other.
    match numbers {
        true => drop(unsafe { Vec::from_raw_parts(at.cast::<f32>(), len / 4, capacity) }),
        false => drop(unsafe { Vec::from_raw_parts(at.cast::<u8>(), len, capacity) }),
    }
}

/// A caller's numbers, copied.
unsafe fn list(numbers: Numbers) -> Vec<u32> {
    match numbers.len == 0 || numbers.at.is_null() {
        true => Vec::new(),
        false => unsafe { std::slice::from_raw_parts(numbers.at, numbers.len) }.to_vec(),
    }
}

unsafe fn opening(at: *const u8, len: usize) -> Result<Opening> {
    let bytes = unsafe { std::slice::from_raw_parts(at, len) };
    serde_json::from_slice(bytes)
        .map_err(|error| EngineError::Step(format!("the library does not understand: {error}")))
}

/// A caller's stop signal. It may be asked from any thread: the interface says so.
#[derive(Clone, Copy)]
struct Signal(StopOf);

unsafe impl Send for Signal {}
unsafe impl Sync for Signal {}

impl Signal {
    fn says(&self) -> bool {
        unsafe { (self.0.says)(self.0.of) }
    }
}

/// Opens weights; while `work` runs, `signal` is looked at between reads.
fn opened<T>(
    opening: &Opening,
    signal: Signal,
    work: impl FnOnce(&ModelFiles, &Config, &Weights) -> Result<T>,
) -> Result<T> {
    let files = ModelFiles::open(&opening.path)?;
    let config = Config::open(&files)?;
    let device = opening.device.parse::<Device>()?.open()?;
    let cancel = CancelToken::new();
    let weights = Weights::open(&files, &device)?.with_cancel(cancel.clone());
    weights.check_memory(cuda::free_bytes(&device).or_else(super::super::memory::free))?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                if signal.says() {
                    cancel.cancel();
                    return;
                }
                std::thread::park_timeout(std::time::Duration::from_millis(20));
            }
        });
        // Said by a panic too, or the other thread would never end.
        let _over = Over(&over);
        work(&files, &config, &weights)
    })
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

unsafe extern "C" fn describe(at: *const u8, len: usize, out: *mut Buffer) -> i32 {
    answered(out, (), || {
        let word = unsafe { std::slice::from_raw_parts(at, len) };
        let word = String::from_utf8_lossy(word);
        let device = word.parse::<Device>()?.open()?;
        let about = json!({
            "device": word,
            "name": cuda::name(&device),
            "free": cuda::free_bytes(&device),
        });
        Ok(((), Answer::Json(about)))
    })
    .0
}

/// A decoder behind its handle.
unsafe fn graph<'a>(handle: usize) -> Result<&'a DeviceGraph> {
    unsafe { (handle as *const DeviceGraph).as_ref() }
        .ok_or_else(|| EngineError::Step("there is no decoder of this handle".into()))
}

unsafe extern "C" fn decoder_open(
    at: *const u8,
    len: usize,
    stop: StopOf,
    out: *mut Buffer,
) -> usize {
    answered(out, 0, || {
        let opening = unsafe { opening(at, len) }?;
        let graph = opened(&opening, Signal(stop), |_, config, weights| {
            DeviceGraph::load(decoder::shape(config)?, weights)
        })?;
        Ok((Box::into_raw(Box::new(graph)) as usize, Answer::Nothing))
    })
    .1
}

unsafe extern "C" fn decoder_reserve(handle: usize, blocks: u32, out: *mut Buffer) -> i32 {
    answered(out, (), || {
        unsafe { graph(handle) }?.reserve(blocks)?;
        Ok(((), Answer::Nothing))
    })
    .0
}

unsafe fn step_of(step: StepOf) -> Step {
    unsafe {
        Step {
            tokens: list(step.tokens),
            counts: list(step.counts),
            before: list(step.before),
            blocks: list(step.blocks),
            wanted: list(step.wanted),
        }
    }
}

unsafe extern "C" fn decoder_forward(
    handle: usize,
    step: StepOf,
    stop: StopOf,
    out: *mut Buffer,
) -> i32 {
    answered(out, (), || {
        let (graph, step) = unsafe { (graph(handle)?, step_of(step)) };
        let signal = Signal(stop);
        let logits = graph.forward(&step, &|| signal.says())?;
        Ok(((), Answer::Numbers(logits.into_numbers())))
    })
    .0
}

unsafe extern "C" fn decoder_summarise(
    handle: usize,
    step: StepOf,
    picks: Numbers,
    stop: StopOf,
    out: *mut Buffer,
) -> i32 {
    answered(out, (), || {
        let (graph, step, picks) = unsafe { (graph(handle)?, step_of(step), list(picks)) };
        let (picks, _) = picks.as_chunks::<2>();
        let picks: Vec<_> = picks.iter().map(|[row, token]| (*row, *token)).collect();
        let signal = Signal(stop);
        let found = graph.summarise(&step, &picks, &|| signal.says())?;
        let mut bytes = Vec::with_capacity(found.rows.len() * 16 + found.picked.len() * 4);
        for row in &found.rows {
            bytes.extend(row.token.to_ne_bytes());
            bytes.extend(row.logit.to_ne_bytes());
            bytes.extend(row.whole.to_ne_bytes());
        }
        bytes.extend(found.picked.iter().flat_map(|logit| logit.to_ne_bytes()));
        Ok(((), Answer::Bytes(bytes)))
    })
    .0
}

unsafe extern "C" fn decoder_copy(handle: usize, from: u32, to: u32, out: *mut Buffer) -> i32 {
    answered(out, (), || {
        unsafe { graph(handle) }?.copy(from, to)?;
        Ok(((), Answer::Nothing))
    })
    .0
}

unsafe extern "C" fn decoder_free(handle: usize) -> u64 {
    let free = catch_unwind(|| unsafe { graph(handle) }.ok().and_then(Graph::free));
    free.ok().flatten().unwrap_or(u64::MAX)
}

unsafe extern "C" fn decoder_close(handle: usize) {
    if handle != 0 {
        let graph = unsafe { Box::from_raw(handle as *mut DeviceGraph) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(graph)));
    }
}

unsafe extern "C" fn encoder_open(
    at: *const u8,
    len: usize,
    stop: StopOf,
    out: *mut Buffer,
) -> usize {
    answered(out, 0, || {
        let opening = unsafe { opening(at, len) }?;
        let (body, sizes) = opened(&opening, Signal(stop), |_, config, weights| {
            Body::load(config, weights)
        })?;
        let sizes = json!(EncoderSizes {
            width: sizes.width,
            rows: sizes.rows,
            limit: sizes.limit,
        });
        Ok((Box::into_raw(Box::new(body)) as usize, Answer::Json(sizes)))
    })
    .1
}

unsafe extern "C" fn encoder_forward(handle: usize, texts: TextsOf, out: *mut Buffer) -> i32 {
    answered(out, (), || {
        let body = unsafe { (handle as *const Body).as_ref() }
            .ok_or_else(|| EngineError::Step("there is no encoder of this handle".into()))?;
        let (ids, types, lengths) =
            unsafe { (list(texts.ids), list(texts.types), list(texts.lengths)) };
        let packed = Packed::of(ids, types, &lengths)
            .ok_or_else(|| EngineError::Step("texts and their lengths differ".into()))?;
        let hidden = body.forward(&packed, &|| false)?;
        let numbers = hidden.flatten_all()?.to_vec1::<f32>()?;
        Ok(((), Answer::Numbers(numbers)))
    })
    .0
}

unsafe extern "C" fn encoder_close(handle: usize) {
    if handle != 0 {
        let body = unsafe { Box::from_raw(handle as *mut Body) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
    }
}
