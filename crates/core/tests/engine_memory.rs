//! Bytes on the heap, counted by the allocator: models that come and go leave nothing, templates of strangers take no
//! more than they may.

#![cfg(feature = "engine")]
#![allow(
    unsafe_code,
    reason = "counts allocations around the system's allocator"
)]

#[path = "decoder/bombs.rs"]
mod bombs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use botsmith_core::chat::Call;
use botsmith_core::engine::{
    ChatInput, ChatTemplate, ComputeDevice, Device, EmbedOptions, GenerateRequest, LoadOptions,
    LocalModel, ModelFiles, SentenceEmbedder,
};
use botsmith_core::score::ScoreRequest;

struct Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);
/// The most that was held since it was last set.
static MOST: AtomicIsize = AtomicIsize::new(0);
/// What is counted is the whole program's: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

// SAFETY: every call goes to the system's allocator as it came; the counter is atomic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().cast_signed();
        let held = HELD.fetch_add(size, Ordering::SeqCst) + size;
        MOST.fetch_max(held, Ordering::SeqCst);
        // SAFETY: the caller keeps `alloc`'s promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size().cast_signed(), Ordering::SeqCst);
        // SAFETY: the caller keeps `dealloc`'s promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models")
}

/// Loads a decoder and an encoder, uses both, and drops them; gives the bytes that they held.
fn come_and_go(folder: &Path) -> isize {
    let before = HELD.load(Ordering::SeqCst);
    let mut options = LoadOptions::default();
    options.device = Device::Cpu;
    options.kv_bytes = Some(4 << 20);
    let model = LocalModel::load(folder, &options).expect("the decoder");
    let scores = model.score_now(
        &[ScoreRequest::text("The cat sat", [" on", " under"])],
        &Call::default(),
    );
    assert_eq!(scores.expect("scores")[0].continuations.len(), 2);
    let request = GenerateRequest {
        prompt: vec![5, 6, 7, 8],
        max_tokens: Some(12),
        ignore_end: true,
        ..GenerateRequest::default()
    };
    let events = model.generate(request, Call::default()).expect("an answer");
    let events: Result<Vec<_>, _> = events.collect();
    assert!(events.expect("events").len() >= 12);
    let files = ModelFiles::open(models().join("sentence")).expect("the encoder");
    let encoder = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("the encoder");
    let vectors = encoder.embed(&["the cat", "a mat"], &EmbedOptions::default());
    assert_eq!(vectors.expect("vectors").len(), 2);
    HELD.load(Ordering::SeqCst) - before
}

/// What is held once the engine's thread, which ends by itself, has let go of its model.
fn at_rest(most: isize) -> isize {
    for _ in 0..500 {
        if HELD.load(Ordering::SeqCst) <= most {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    HELD.load(Ordering::SeqCst)
}

#[test]
fn a_hostile_template_takes_no_more_memory_than_the_text_that_it_may_build() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let most = 64 << 20;
    for (_, source) in bombs::all() {
        let shown: String = source.chars().take(120).collect();
        let before = HELD.load(Ordering::SeqCst);
        MOST.store(before, Ordering::SeqCst);
        let result = ChatTemplate::new(&source, serde_json::Map::new()).and_then(|template| {
            template.render(&ChatInput {
                messages: vec![serde_json::json!({"role": "user", "content": "a"})],
                ..ChatInput::default()
            })
        });
        let taken = MOST.load(Ordering::SeqCst) - before;
        assert!(result.is_err(), "{shown}");
        // What it has built, and what a string in the making doubles its room to.
        assert!(taken < 2 * most, "{shown}: {taken} bytes");
    }
}

#[test]
fn ten_loads_and_drops_return_to_the_start() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["config.json", "model.safetensors"] {
        let from = models().join("decoder-qwen3").join(file);
        std::fs::copy(from, folder.path().join(file)).expect("a copy");
    }
    std::fs::copy(
        models().join("decoder-tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .expect("a copy");
    // The first ones make the pools of threads, tables and caches that stay for the process.
    for _ in 0..3 {
        come_and_go(folder.path());
    }
    std::thread::sleep(Duration::from_millis(200));
    let start = HELD.load(Ordering::SeqCst);
    let mut held = 0;
    for _ in 0..10 {
        held = come_and_go(folder.path());
    }
    assert!(held > 100_000, "a model holds more than {held} bytes");
    // A tenth of one of the ten models, for what pools of threads keep now and then.
    let slack = held / 10;
    let end = at_rest(start + slack);
    assert!(
        end <= start + slack,
        "{} bytes are left of ten models of {held}",
        end - start
    );
}

#[test]
fn a_decoder_that_embeds_gives_keys_and_values_back_after_each_call() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let files = ModelFiles::open(models().join("embedder-qwen3")).expect("the embedder");
    let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("the embedder");
    // Batches of 2048 tokens, of which keys and values take 48 bytes each in the one layer that is kept.
    let texts: Vec<String> = (0..90)
        .map(|at| format!("{at} {}", "the cat sat ".repeat(9)))
        .collect();
    let embed = || {
        let vectors = model.embed(&texts, &EmbedOptions::default());
        assert_eq!(vectors.expect("vectors").len(), texts.len());
    };
    // The first ones make the pools of threads.
    for _ in 0..3 {
        embed();
    }
    let before = HELD.load(Ordering::SeqCst);
    for _ in 0..20 {
        embed();
    }
    let left = at_rest(before) - before;
    assert!(left < 50_000, "{left} bytes are left of 20 calls");
}
