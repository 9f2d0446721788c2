//! A stream that is written like a function: a future that hands over pieces as it goes.
//!
//! [`pieces`] polls the future only while somebody reads, and holds one piece at most, so that a slow
//! reader slows the writer down. Dropping the stream drops the future, which stops its work.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use botsmith_core::chat::{BoxFuture, ChatEvent, ChatResponse, ChatStream, ModelError};
use futures_core::Stream;
use tokio::sync::mpsc;

/// Where the pieces go.
#[derive(Clone, Debug)]
pub(crate) struct Out(mpsc::Sender<ChatEvent>);

impl Out {
    /// Hands over a piece; waits until it is wanted. Nobody there to take it: it is dropped, and so
    /// will be the writer.
    pub(crate) async fn send(&self, event: ChatEvent) {
        let _ = self.0.send(event).await;
    }
}

/// The pieces that `write` hands over, then its answer as [`ChatEvent::Done`] or its error.
pub(crate) fn pieces<'a, W, F>(write: W) -> ChatStream<'a>
where
    W: FnOnce(Out) -> F,
    F: Future<Output = Result<ChatResponse, ModelError>> + Send + 'a,
{
    let (sender, receiver) = mpsc::channel(1);
    Box::pin(Pieces {
        work: Some(Box::pin(write(Out(sender)))),
        receiver,
        last: None,
    })
}

struct Pieces<'a> {
    work: Option<BoxFuture<'a, Result<ChatResponse, ModelError>>>,
    receiver: mpsc::Receiver<ChatEvent>,
    last: Option<Result<ChatEvent, ModelError>>,
}

impl Stream for Pieces<'_> {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            // What was handed over comes out first, also after the writer is done.
            match self.receiver.poll_recv(context) {
                Poll::Ready(Some(event)) => return Poll::Ready(Some(Ok(event))),
                // Without a sender nothing more comes, but the answer may still be on its way.
                Poll::Ready(None) | Poll::Pending => {}
            }
            let Some(work) = self.work.as_mut() else {
                return Poll::Ready(self.last.take());
            };
            match work.as_mut().poll(context) {
                Poll::Ready(result) => {
                    self.work = None;
                    self.last = Some(result.map(|response| ChatEvent::Done(Box::new(response))));
                    self.receiver.close();
                }
                Poll::Pending => match self.receiver.poll_recv(context) {
                    Poll::Ready(Some(event)) => return Poll::Ready(Some(Ok(event))),
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

/// The text in pieces that end after white space: words, as people read them.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut blank = false;
    for (at, c) in text.char_indices() {
        if blank && !c.is_whitespace() {
            pieces.push(&text[start..at]);
            start = at;
        }
        blank = c.is_whitespace();
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    #[tokio::test]
    async fn pieces_come_in_order_and_the_answer_last() {
        let stream = pieces(|out| async move {
            for word in words("one two  three") {
                out.send(ChatEvent::Text(word.into())).await;
            }
            Ok(ChatResponse::text("one two  three"))
        });
        let events: Vec<_> = stream.map(Result::unwrap).collect().await;
        let texts = ["one ", "two  ", "three"].map(|word| ChatEvent::Text(word.into()));
        assert_eq!(events[..3], texts);
        assert!(matches!(&events[3], ChatEvent::Done(done) if done.text == "one two  three"));
        assert_eq!(events.len(), 4);
    }

    #[tokio::test]
    async fn a_dropped_stream_drops_its_writer() {
        struct Tell(std::sync::Arc<std::sync::atomic::AtomicBool>);
        impl Drop for Tell {
            fn drop(&mut self) {
                self.0.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let dropped = std::sync::Arc::default();
        let tell = Tell(std::sync::Arc::clone(&dropped));
        let mut stream = pieces(move |out| async move {
            let _tell = tell;
            out.send(ChatEvent::Text("a".into())).await;
            std::future::pending().await
        });
        assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))));
        drop(stream);
        assert!(dropped.load(std::sync::atomic::Ordering::Relaxed));
    }
}
