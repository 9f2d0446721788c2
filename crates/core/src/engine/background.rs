//! A closure that takes long -> a future of its result, for any async runtime: on a thread of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::error::{EngineError, Result};

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
    if let Err(error) = thread.spawn(move || put(work())) {
        failed(Err(EngineError::Step(format!(
            "no thread for the engine: {error}"
        ))));
    }
    Background(state)
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
