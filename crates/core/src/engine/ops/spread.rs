//! Tasks over the threads that also multiply quantised matrices.
//!
//! Between two products those threads wait awake for some microseconds. Work in between that is spread over other
//! threads (rayon's) would share the cores with threads that only wait, and be handed over by sleeping and waking: at a
//! context of 500 tokens that was a quarter of the time of an answer's token.

use std::sync::{Mutex, PoisonError};

use candle_core::utils::barrier_pool;

/// How many tasks are done at once.
pub(crate) fn threads() -> usize {
    barrier_pool().n_workers() + 1
}

/// What `work` makes of each task, in order.
pub(crate) fn spread<T: Send, R: Send>(tasks: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if tasks.len() < 2 {
        return tasks.into_iter().map(work).collect();
    }
    let slots: Vec<Mutex<(Option<T>, Option<R>)>> = tasks
        .into_iter()
        .map(|task| Mutex::new((Some(task), None)))
        .collect();
    barrier_pool().execute_chunked(slots.len(), |range| {
        for slot in &slots[range] {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.1 = slot.0.take().map(&work);
        }
    });
    slots
        .into_iter()
        .map(|slot| {
            let (_, done) = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            done.expect("the pool takes every task once")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn every_task_is_done_once_and_the_order_stays() {
        for count in [0, 1, 2, 7, 1000] {
            let tasks: Vec<usize> = (0..count).collect();
            let done = spread(tasks, |task| task * 2);
            assert!(done.iter().copied().eq((0..count).map(|task| task * 2)));
        }
    }

    #[test]
    fn tasks_of_tasks_are_done_too() {
        let sums = spread(vec![3_usize, 4, 5], |count| {
            spread((0..count).collect(), |n: usize| n)
                .iter()
                .sum::<usize>()
        });
        assert_eq!(sums, [3, 6, 10]);
    }
}
