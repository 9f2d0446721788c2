//! Text metrics allocate nothing a pair once their memory has grown.

#![allow(unreachable_pub, reason = "its modules are shared with a benchmark")]

#[path = "../benches/metrics/table.rs"]
mod table;
#[path = "../benches/metrics/texts.rs"]
mod texts;

mod counting {
    //! The system's allocator, counting the allocations of each thread.
    #![allow(
        unsafe_code,
        reason = "an allocator cannot be wrapped without; it only counts and passes on"
    )]

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    struct Counting;

    fn count() {
        // A thread that is ending has no counter any more, and nobody reads it.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    }

    // SAFETY: every method hands its arguments to `System` unchanged and returns what it returns, so
    // `System` keeps the contract; `count` neither allocates (a constant cell without a destructor)
    // nor panics.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count();
            // SAFETY: the caller's promise about `layout` is passed on.
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            count();
            // SAFETY: as in `alloc`.
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count();
            // SAFETY: `at` came from `System` through this allocator, with this layout.
            unsafe { System.realloc(at, layout, size) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            // SAFETY: as in `realloc`.
            unsafe { System.dealloc(at, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    /// How often `work` allocated on this thread.
    pub fn allocations(work: impl FnOnce()) -> usize {
        let before = COUNT.get();
        work();
        COUNT.get() - before
    }
}

use counting::allocations;

/// Short and longer pairs, plain letters and others, empty texts.
fn pairs() -> Vec<(String, String)> {
    let mut texts = texts::Texts::new(11);
    let mut pairs: Vec<_> = [1, 3, 25, 25, 25, 70, 300].map(|n| texts.pair(n)).into();
    for (a, b) in [
        ("", ""),
        ("", "a reference"),
        ("!?", "…"),
        ("Привет, мир — ещё раз", "привет мир"),
        ("今天北京的天气很好", "北京今天天气好"),
        ("👍🏽 well done", "👍 Well done!"),
    ] {
        pairs.push((a.into(), b.into()));
    }
    pairs
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| _ = std::hint::black_box(7)), 0);
}

#[test]
fn a_metric_with_memory_of_its_own_allocates_nothing_for_texts_like_those_before() {
    let pairs = pairs();
    let mut found = Vec::new();
    for line in table::TABLE.iter().filter(|line| line.steady) {
        let mut score = (line.start)();
        let mut pass = || pairs.iter().map(|(a, b)| score(a, b)).sum::<f64>();
        let first = pass();
        pass();
        let mut again = 0.0;
        let count = allocations(|| again = pass());
        assert!(
            first == again || first.is_nan(),
            "{}: {first} then {again}",
            line.name
        );
        if count > 0 {
            found.push(format!("{}: {count} in {} pairs", line.name, pairs.len()));
        }
    }
    assert!(found.is_empty(), "these allocate: {found:?}");
}
