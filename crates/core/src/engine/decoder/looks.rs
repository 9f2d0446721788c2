//! How much is computed between two looks at the stop signal.
//!
//! A look before every layer is enough for small models. A layer of a large one takes a second on two cores, so
//! its rows go through each product in parts, and only there: the parts cost a little, and each is read from memory
//! again.

use super::super::error::{EngineError, Result};
use super::super::ops::spread;
use super::Stop;

/// Multiplications that each thread does between two looks: a twentieth of a second on a core that does 40 of them
/// a nanosecond, a tenth on one that other work shares.
const WORK: usize = 1 << 31;
/// Rows that go together at least, and of which their number is a multiple: the kernels take several at once.
const ROWS: usize = 16;

/// Whether to go on.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn stopped(stop: Stop<'_>) -> Result<()> {
    match stop() {
        true => Err(EngineError::Cancelled),
        false => Ok(()),
    }
}

/// Threads that a product has at least: rayon's take dense matrices, Candle's pool those of quantised ones. Where a
/// container may use few cores of many, only the first knows.
fn threads() -> usize {
    rayon::current_num_threads().min(spread::threads())
}

/// Rows that may be multiplied between two looks, where each takes `work` multiplications.
pub(super) fn rows_at_once(work: usize) -> usize {
    rows_of(work, threads())
}

fn rows_of(work: usize, threads: usize) -> usize {
    let rows = WORK.saturating_mul(threads) / work.max(1);
    (rows / ROWS * ROWS).max(ROWS)
}

/// Whether so many multiplications are more than may be between two looks.
pub(super) fn is_long(work: usize) -> bool {
    work > WORK.saturating_mul(threads()) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_of_large_models_alone_are_cut() {
        // Gate and up of Qwen3-0.6B, and of a model of eight thousand million weights.
        assert!(rows_of(2 * 1024 * 3072, 2) > 512);
        assert_eq!(rows_of(2 * 4096 * 14336, 2), 32);
        assert_eq!(rows_of(usize::MAX, 2), ROWS);
        assert_eq!(rows_of(0, usize::MAX) % ROWS, 0);
    }
}
