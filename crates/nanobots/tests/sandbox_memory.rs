//! What the process takes while hostile code runs stays near the sandbox's cap.
#![cfg(feature = "lua")]
#![allow(dead_code, reason = "the cases are shared with another test")]

use std::sync::atomic::Ordering;

use botsmith_nanobots::sandbox::Language;

#[path = "sandbox/cases.rs"]
mod cases;

mod counting {
    //! The system's allocator, counting the bytes in use and their peak.
    #![allow(
        unsafe_code,
        reason = "an allocator cannot be wrapped without; it only counts and passes on"
    )]

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering};

    pub(super) static NOW: AtomicUsize = AtomicUsize::new(0);
    pub(super) static PEAK: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    fn grow(bytes: usize) {
        let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
        PEAK.fetch_max(now, Ordering::Relaxed);
    }

    // SAFETY: every method hands its arguments to `System` unchanged and returns what it returns, so
    // `System` keeps the contract; counting neither allocates nor panics.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            grow(layout.size());
            // SAFETY: the caller's promise about `layout` is passed on.
            unsafe { System.alloc(layout) }
        }

        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            NOW.fetch_sub(layout.size(), Ordering::Relaxed);
            grow(size);
            // SAFETY: `at` came from `System` through this allocator, with this layout.
            unsafe { System.realloc(at, layout, size) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            NOW.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: as in `realloc`.
            unsafe { System.dealloc(at, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;
}

/// What the host may add: the result in Rust, keys to sort, captures.
const HOST: usize = 2 << 20;

#[test]
fn peak_memory_stays_under_the_cap() {
    // The first one makes what is made once: the prelude, the Fennel compiler.
    for language in [Language::Lua, Language::Fennel] {
        let _ = cases::attempt(language, "x");
    }
    let mut wrong = Vec::new();
    for (language, attempts) in [
        (Language::Lua, cases::LUA),
        (Language::Fennel, cases::FENNEL),
    ] {
        for (name, source, _) in attempts {
            let before = counting::NOW.load(Ordering::Relaxed);
            counting::PEAK.store(before, Ordering::Relaxed);
            drop(cases::attempt(language, source));
            let taken = counting::PEAK
                .load(Ordering::Relaxed)
                .saturating_sub(before);
            // Fennel compiles in one machine and runs in another, one after the other.
            if taken > cases::limits().memory + HOST {
                wrong.push(format!("{language} {name}: {taken} bytes"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
