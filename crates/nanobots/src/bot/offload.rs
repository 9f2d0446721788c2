//! Blocking work beside an async runtime.

/// Runs blocking work where it does not hold up others: on a thread for that in a Tokio runtime, right
/// here outside of one.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: whoever waits for this is dropped with it.
            Err(_) => std::future::pending().await,
        },
    }
}
