//! In steady state annotation allocates nothing a token: only the columns of each document.
#![cfg(feature = "english")]
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use botsmith_nlp::Pipeline;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `alloc` above with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        // SAFETY: as `dealloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_hundred_times_the_text_takes_hardly_more_allocations() {
    let pipeline = Pipeline::english().expect("the model inside");
    let text =
        "The quick brown foxes weren't jumping over John's lazy dogs, were they? I think so.\n\n";
    let count = |times: usize| {
        let text = text.repeat(times);
        let mut last = 0;
        // The first call warms up what is kept between calls.
        for _ in 0..2 {
            let before = COUNT.load(Relaxed);
            let doc = pipeline.annotate(text.clone()).expect("short");
            last = COUNT.load(Relaxed) - before;
            assert!(doc.words().len() >= 20 * times);
        }
        last
    };
    let (few, many) = (count(10), count(1000));
    assert!(
        many < few + 40,
        "{few} allocations for 200 words, {many} for 20,000"
    );
}
