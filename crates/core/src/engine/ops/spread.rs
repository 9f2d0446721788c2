//! Tasks over the threads that also multiply quantised matrices.
//!
//! Between two products those threads wait awake for some microseconds. Work in between that is spread over other
//! threads (rayon's) would share the cores with threads that only wait, and be handed over by sleeping and waking: at a
//! context of 500 tokens that was a quarter of the time of an answer's token.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

use candle_core::utils::barrier_pool;

/// How many tasks are done at once.
pub(crate) fn threads() -> usize {
    barrier_pool().n_workers() + 1
}

/// A task until it is taken, and what came of it.
type Slot<T, R> = Mutex<(Option<T>, Option<thread::Result<R>>)>;

thread_local! {
    /// Whether this thread is at work on a task: the pool has no room for tasks of tasks.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// What `work` makes of each task, in order. Tasks of tasks are done by the thread that has them; a panic goes on once all
/// tasks have ended, and leaves the threads as they were.
///
/// A task must not compute with tensors: Candle's own operations would wait for the threads that wait for it.
pub(crate) fn spread<T: Send, R: Send>(tasks: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if tasks.len() < 2 || BUSY.get() {
        return tasks.into_iter().map(work).collect();
    }
    let slots: Vec<Slot<T, R>> = tasks
        .into_iter()
        .map(|task| Mutex::new((Some(task), None)))
        .collect();
    barrier_pool().execute_chunked(slots.len(), |range| {
        BUSY.set(true);
        for slot in &slots[range] {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let (task, done) = &mut *slot;
            if let Some(task) = task.take() {
                *done = Some(catch_unwind(AssertUnwindSafe(|| work(task))));
            }
        }
        BUSY.set(false);
    });
    slots
        .into_iter()
        .map(|slot| {
            let (_, done) = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            done.expect("the pool takes every task once")
                .unwrap_or_else(|panic| resume_unwind(panic))
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
        // Often: which thread has which task is left to chance.
        for _ in 0..200 {
            let sums = spread(vec![3_usize, 4, 5], |count| {
                spread((0..count).collect(), |n: usize| n)
                    .iter()
                    .sum::<usize>()
            });
            assert_eq!(sums, [3, 6, 10]);
        }
    }

    #[test]
    fn a_panic_is_passed_on_and_the_next_tasks_are_done() {
        for _ in 0..20 {
            let panics = std::panic::catch_unwind(|| {
                spread((0..64).collect(), |n: usize| {
                    assert!(n % 7 != 3, "task {n}");
                })
            });
            assert!(panics.is_err());
            let done = spread((0..64).collect(), |n: usize| n + 1);
            assert_eq!(done.iter().sum::<usize>(), 65 * 32);
        }
    }
}
