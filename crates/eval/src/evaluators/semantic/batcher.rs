//! Questions of many tasks -> batches for one worker: what comes while a batch is worked on is the next batch.
//!
//! No timer: the first question goes alone, the next ones wait together for as long as it takes. The worker is a thread
//! that ends when nothing waits, so that an evaluator at rest holds none.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

type Waiting<Q, A> = Vec<(Q, oneshot::Sender<A>)>;
type Work<Q, A> = dyn Fn(Vec<Q>) -> Vec<A> + Send + Sync;

/// See the module.
pub(super) struct Batcher<Q, A> {
    queue: Arc<Mutex<Queue<Q, A>>>,
    work: Arc<Work<Q, A>>,
    most: usize,
}

struct Queue<Q, A> {
    waiting: Waiting<Q, A>,
    working: bool,
}

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Works with `work`, on at most `most` questions at once; it gives an answer to each, in order.
    pub(super) fn new(
        most: usize,
        work: impl Fn(Vec<Q>) -> Vec<A> + Send + Sync + 'static,
    ) -> Self {
        Self {
            queue: Arc::new(Mutex::new(Queue {
                waiting: Vec::new(),
                working: false,
            })),
            work: Arc::new(work),
            most,
        }
    }

    /// The answer to a question; `None` where the worker broke.
    pub(super) async fn ask(&self, question: Q) -> Option<A> {
        let (tell, told) = oneshot::channel();
        let begin = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push((question, tell));
            !std::mem::replace(&mut queue.working, true)
        };
        if begin {
            let (queue, work, most) = (Arc::clone(&self.queue), Arc::clone(&self.work), self.most);
            let thread = std::thread::Builder::new().name("botsmith-semantic".into());
            if thread.spawn(move || run(&queue, &*work, most)).is_err() {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                queue.working = false;
                queue.waiting.clear();
            }
        }
        told.await.ok()
    }
}

/// Works until nothing waits.
fn run<Q, A>(queue: &Mutex<Queue<Q, A>>, work: &Work<Q, A>, most: usize) {
    loop {
        let batch: Waiting<Q, A> = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            // Who has left, as where a run is stopped, is not worked for.
            queue.waiting.retain(|(_, tell)| !tell.is_closed());
            let count = queue.waiting.len().min(most);
            queue.working = count > 0;
            // Those that were asked first go first.
            queue.waiting.drain(..count).collect()
        };
        if batch.is_empty() {
            return;
        }
        let (questions, tell): (Vec<Q>, Vec<_>) = batch.into_iter().unzip();
        // Where the work breaks, those who wait for it are told by what they hold being dropped.
        let answers = catch_unwind(AssertUnwindSafe(|| work(questions))).unwrap_or_default();
        for (answer, tell) in answers.into_iter().zip(tell) {
            // Nobody waits any more where the run was stopped.
            drop(tell.send(answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn what_comes_during_a_batch_goes_together_and_each_gets_its_answer() {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sizes);
        let batcher = Batcher::new(7, move |questions: Vec<usize>| {
            seen.lock().unwrap().push(questions.len());
            std::thread::sleep(std::time::Duration::from_millis(20));
            questions.iter().map(|question| question * 2).collect()
        });
        let answers = join_all((0..20).map(|question| batcher.ask(question))).await;
        let wanted: Vec<Option<usize>> = (0..20).map(|question| Some(question * 2)).collect();
        assert_eq!(answers, wanted);
        let sizes = sizes.lock().unwrap();
        assert!(sizes.iter().all(|size| *size <= 7), "{sizes:?}");
        assert!(sizes.len() <= 5, "{sizes:?}");
    }

    #[tokio::test]
    async fn who_has_left_is_not_worked_for() {
        let (begun, begins) = std::sync::mpsc::channel();
        let (go, gate) = std::sync::mpsc::channel();
        let gate = Mutex::new(gate);
        let seen = Arc::new(Mutex::new(Vec::<u8>::new()));
        let all = Arc::clone(&seen);
        let batcher = Batcher::new(8, move |questions: Vec<u8>| {
            begun.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            all.lock().unwrap().extend(&questions);
            questions
        });
        let mut first = Box::pin(batcher.ask(0));
        assert!(futures_util::poll!(&mut first).is_pending());
        begins.recv().unwrap();
        let (mut leaves, mut stays) = (Box::pin(batcher.ask(1)), Box::pin(batcher.ask(2)));
        assert!(futures_util::poll!(&mut leaves).is_pending());
        assert!(futures_util::poll!(&mut stays).is_pending());
        drop(leaves);
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!((first.await, stays.await), (Some(0), Some(2)));
        assert_eq!(*seen.lock().unwrap(), [0, 2]);
    }

    #[tokio::test]
    async fn a_worker_that_breaks_leaves_nobody_waiting() {
        let batcher = Batcher::new(4, |questions: Vec<u8>| {
            assert!(questions[0] == 0, "a bug");
            questions
        });
        assert_eq!(batcher.ask(1).await, None);
        assert_eq!(batcher.ask(0).await, Some(0));
    }
}
