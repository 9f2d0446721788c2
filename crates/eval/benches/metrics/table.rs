//! The text metrics that are measured: one line each, used by the benchmark, by
//! `scripts/bench-metrics` and by the test that counts allocations.

#![allow(dead_code, reason = "each of its users reads a part of it")]

/// Scores a candidate against one reference, with memory of its own that it uses again.
pub type Score = Box<dyn FnMut(&str, &str) -> f64>;

/// A metric.
pub struct Line {
    /// As in `scripts/bench_metrics/peers.py`.
    pub name: &'static str,
    /// Whether it allocates nothing a pair once its memory has grown to the longest text.
    pub steady: bool,
    /// Starts one.
    pub start: fn() -> Score,
}

const fn steady(name: &'static str, start: fn() -> Score) -> Line {
    Line {
        name,
        steady: true,
        start,
    }
}

const fn allocating(name: &'static str, start: fn() -> Score) -> Line {
    Line {
        name,
        steady: false,
        start,
    }
}

/// Every metric that is measured.
pub const TABLE: &[Line] = &[
    allocating("levenshtein", || {
        Box::new(botsmith_eval::distance::levenshtein_ratio)
    }),
    allocating("token-f1", || Box::new(botsmith_eval::evaluators::token_f1)),
];
