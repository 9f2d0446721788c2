//! Work that ends when its call does: cancelled, or out of time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use botsmith_core::chat::{Call, ErrorClass, ModelError};

/// `work`, or the error that says that the call was cancelled or ran out of time. Models hold to
/// their call by themselves; this makes sure of it for all of them, closures included. Outside of a
/// Tokio runtime with a timer, time is looked at only before the work begins.
pub(crate) async fn guarded<T>(
    call: &Call,
    provider: &str,
    work: impl Future<Output = T>,
) -> Result<T, ModelError> {
    let late = || {
        ModelError::new(
            ErrorClass::Timeout,
            provider,
            "the answer did not come in the time that was allowed",
        )
    };
    if call.left().is_some_and(|left| left.is_zero()) {
        return Err(late());
    }
    let mut work = pin!(work);
    let mut cancelled = pin!(call.cancel.cancelled());
    let mut sleep = match (call.left(), tokio::runtime::Handle::try_current()) {
        (Some(left), Ok(_)) => Some(Box::pin(tokio::time::sleep(left))),
        _ => None,
    };
    poll_fn(|context| {
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(ModelError::new(
                ErrorClass::Cancelled,
                provider,
                "the answer was cancelled",
            )));
        }
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        if let Some(sleep) = &mut sleep
            && sleep.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(late()));
        }
        Poll::Pending
    })
    .await
}
