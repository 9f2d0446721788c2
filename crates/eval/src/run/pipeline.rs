//! Read, work, deliver: one reading thread, several working ones, results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::Result;

/// What the receiver of results says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// More.
    Go,
    /// Enough: the rest need not be worked on.
    Stop,
}

/// Runs `next` on a thread of its own, `work` on `threads`, and `deliver` here, with the results
/// in the order of `next`. At most a few items a thread are in flight, so memory is bounded however
/// large the input. The first error, in input order, ends it.
pub(super) fn run<I: Send, O: Send>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<I>> + Send,
    work: impl Fn(I) -> Result<O> + Sync,
    mut deliver: impl FnMut(O) -> Result<Flow>,
) -> Result<()> {
    let window = threads * 4;
    let stop = AtomicBool::new(false);
    let delivered = Delivered::default();
    let (to_work, inbox) = sync_channel::<(usize, I)>(threads);
    let (to_deliver, outbox) = sync_channel::<(usize, Result<O>)>(window);
    let inbox = Mutex::new(inbox);
    std::thread::scope(|scope| {
        let (stop, delivered, inbox, work) = (&stop, &delivered, &inbox, &work);
        let broken = to_deliver.clone();
        scope.spawn(move || {
            for number in 0.. {
                delivered.wait_for(number, window, stop);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                match next() {
                    Ok(None) => return,
                    Ok(Some(item)) => {
                        // A closed channel means that delivery has ended.
                        if to_work.send((number, item)).is_err() {
                            return;
                        }
                    }
                    Err(error) => return drop(broken.send((number, Err(error)))),
                }
            }
        });
        for _ in 0..threads {
            let to_deliver = to_deliver.clone();
            scope.spawn(move || {
                while let Some((number, item)) = receive(inbox) {
                    if stop.load(Ordering::Relaxed) {
                        continue;
                    }
                    if to_deliver.send((number, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to_deliver);
        let mut result = Ok(());
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for (number, item) in outbox {
            early.insert(number, item);
            while let Some(item) = early.remove(&expected) {
                expected += 1;
                if stop.load(Ordering::Relaxed) {
                    continue;
                }
                match item.and_then(&mut deliver) {
                    Ok(Flow::Go) => {}
                    Ok(Flow::Stop) => stop.store(true, Ordering::Relaxed),
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        result = Err(error);
                    }
                }
            }
            delivered.reached(expected);
        }
        result
    })
}

fn receive<T>(inbox: &Mutex<Receiver<T>>) -> Option<T> {
    inbox
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// How far delivery has come; the reader waits for it.
#[derive(Default)]
struct Delivered {
    next: Mutex<usize>,
    moved: Condvar,
}

impl Delivered {
    fn reached(&self, next: usize) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.moved.notify_all();
    }

    fn wait_for(&self, number: usize, window: usize, stop: &AtomicBool) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let far = |next: &mut usize| number >= *next + window && !stop.load(Ordering::Relaxed);
        drop(
            self.moved
                .wait_while(next, far)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn numbers(n: usize) -> impl FnMut() -> Result<Option<usize>> + Send {
        let mut i = 0;
        move || {
            i += 1;
            Ok((i <= n).then_some(i - 1))
        }
    }

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        for threads in [1, 2, 8] {
            let mut seen = Vec::new();
            let slow = |i: usize| {
                if i.is_multiple_of(7) {
                    std::thread::yield_now();
                }
                Ok(i * 2)
            };
            run(threads, numbers(500), slow, |x| {
                seen.push(x);
                Ok(Flow::Go)
            })
            .unwrap();
            assert_eq!(seen, (0..500).map(|i| i * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_input_order_wins_and_nothing_after_it_is_delivered() {
        let mut last = None;
        let work = |i: usize| {
            if i >= 40 {
                Err(Error::Invalid(i.to_string()))
            } else {
                Ok(i)
            }
        };
        let error = run(4, numbers(10_000), work, |i| {
            last = Some(i);
            Ok(Flow::Go)
        })
        .unwrap_err();
        assert_eq!((error.to_string().as_str(), last), ("40", Some(39)));
    }

    #[test]
    fn stopping_early_is_no_error() {
        let mut count = 0;
        run(2, numbers(100_000), Ok, |_| {
            count += 1;
            Ok(if count == 10 { Flow::Stop } else { Flow::Go })
        })
        .unwrap();
        assert_eq!(count, 10);
    }
}
