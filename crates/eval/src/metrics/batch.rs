//! Many pairs, several threads, results in order.

/// Scores `items` on `threads` threads (0: one a core), each with a scratch of its own, so that
/// steady state allocates nothing a pair. The result does not depend on the number of threads.
///
/// ```
/// use botsmith_eval::metrics::batch;
/// let lengths = batch(&["a", "bc"], 2, || (), |(), text| text.len() as f64);
/// assert_eq!(lengths, [1.0, 2.0]);
/// ```
pub fn batch<T: Sync, S>(
    items: &[T],
    threads: usize,
    scratch: impl Fn() -> S + Sync,
    score: impl Fn(&mut S, &T) -> f64 + Sync,
) -> Vec<f64> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    let mut scores = vec![0.0; items.len()];
    let run = |items: &[T], scores: &mut [f64]| {
        let mut scratch = scratch();
        for (item, out) in items.iter().zip(scores) {
            *out = score(&mut scratch, item);
        }
    };
    // A thread costs some ten microseconds to start; few items are done sooner than that.
    if threads == 1 || items.len() < 64 {
        run(items, &mut scores);
        return scores;
    }
    // Small parts, handed out as threads become free: texts differ in length.
    let part = items.len().div_ceil(threads * 8).max(16);
    let parts = items.chunks(part).zip(scores.chunks_mut(part));
    let queue = std::sync::Mutex::new(parts);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut scratch = scratch();
                loop {
                    let next = queue
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .next();
                    let Some((items, scores)) = next else { return };
                    for (item, out) in items.iter().zip(scores) {
                        *out = score(&mut scratch, item);
                    }
                }
            });
        }
    });
    scores
}

#[cfg(test)]
mod tests {
    use super::batch;

    #[test]
    fn any_number_of_threads_gives_the_same_scores_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let alone = batch(&items, 1, || (), |(), i| (*i * 3) as f64);
        for threads in [2, 8, 0] {
            assert_eq!(
                batch(&items, threads, || (), |(), i| (*i * 3) as f64),
                alone
            );
        }
    }
}
