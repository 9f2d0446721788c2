//! A closure that takes long -> a future of its result, for any async runtime: on a thread of its own.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use super::error::{EngineError, Result};
use crate::chat::CancelToken;

#[derive(Debug)]
struct State<T> {
    result: Option<Result<T>>,
    waker: Option<Waker>,
}

/// The result of a closure that runs elsewhere. Dropping it does not stop the closure: what it is
/// given has a cancel token.
#[derive(Debug)]
pub(crate) struct Background<T>(Arc<Mutex<State<T>>>);

/// Runs `work` on a new thread.
pub(crate) fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Background<T> {
    let state = Arc::new(Mutex::new(State {
        result: None,
        waker: None,
    }));
    let shared = Arc::clone(&state);
    let put = move |result| {
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.result = Some(result);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    };
    let failed = put.clone();
    let thread = std::thread::Builder::new().name("botsmith-engine".into());
    let done = move || {
        let done = catch_unwind(AssertUnwindSafe(work));
        // Who waits for the result has to be woken, whatever came of it.
        put(done.unwrap_or_else(|panic| Err(EngineError::panicked(&*panic))));
    };
    if let Err(error) = thread.spawn(done) {
        failed(Err(EngineError::Step(format!(
            "no thread for the engine: {error}"
        ))));
    }
    Background(state)
}

/// How often a wait looks at its cancel token.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `work`, which cannot be stopped inside, on a thread of its own and waits for it. Once `cancel`
/// says so nobody waits any longer: it goes on to its end, and what it gives is dropped.
///
/// # Errors
/// Those of `work`; [`EngineError::Cancelled`]; [`EngineError::Panicked`].
pub(crate) fn until<T: Send + 'static>(
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Background(state) = run(work);
    loop {
        let mut state_now = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = state_now.result.take() {
            return result;
        }
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        // Another look comes soon, whatever this wait was told.
        state_now.waker = Some(Waker::from(Arc::new(Unparks(std::thread::current()))));
        drop(state_now);
        std::thread::park_timeout(LOOK);
    }
}

/// Wakes a thread.
struct Unparks(Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<T> Future for Background<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = state.result.take() {
            Poll::Ready(result)
        } else {
            state.waker = Some(context.waker().clone());
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_that_panics_ends_with_an_error_and_not_never() {
        let cancel = CancelToken::new();
        assert_eq!(until(&cancel, || Ok(7)).unwrap(), 7);
        let error = until(&cancel, || -> Result<()> { panic!("no such row") }).unwrap_err();
        assert_eq!(error.code(), "BS-ENG-028");
        assert!(error.to_string().contains("no such row"), "{error}");
    }

    #[test]
    fn a_wait_ends_when_it_is_cancelled_and_not_when_the_work_does() {
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = std::sync::mpsc::channel();
        let cancel = CancelToken::new();
        let cancels = cancel.clone();
        let other = std::thread::spawn(move || {
            has_started.recv().unwrap();
            cancels.cancel();
        });
        let found = until(&cancel, move || {
            started.send(()).unwrap();
            // Until the wait is over: it cannot be the work that ended it.
            may_go.recv().ok();
            Ok(())
        });
        assert!(matches!(found, Err(EngineError::Cancelled)), "{found:?}");
        drop(go);
        other.join().unwrap();
    }
}
