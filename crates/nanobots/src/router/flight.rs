//! Equal requests at the same time are asked once: the first asks, the others wait for its answer.
//!
//! A key in, a place in the flight out. An answer or a failure goes to all who wait. Where the one who
//! asks is dropped, or ran into its own deadline or cancel token, one of those who wait takes over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use botsmith_core::chat::{ChatResponse, ErrorClass, ModelError};
use botsmith_core::digest::Digest;
use tokio::sync::watch;

type Outcome = Result<ChatResponse, ModelError>;
type Flying = Mutex<HashMap<Digest, watch::Receiver<Option<Outcome>>>>;

/// The requests that are being asked.
#[derive(Debug, Default)]
pub(super) struct Flights(Arc<Flying>);

/// What to do with a request.
pub(super) enum Place {
    /// Ask, and say how it went.
    Lead(Lead),
    /// Wait for another who asks.
    Wait(Wait),
}

/// The one who asks.
pub(super) struct Lead {
    flying: Arc<Flying>,
    key: Digest,
    tell: watch::Sender<Option<Outcome>>,
}

/// One who waits.
pub(super) struct Wait(watch::Receiver<Option<Outcome>>);

impl Flights {
    /// A place for the request of this key.
    pub(super) fn join(&self, key: Digest) -> Place {
        let mut flying = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = flying.get(&key) {
            return Place::Wait(Wait(told.clone()));
        }
        let (tell, told) = watch::channel(None);
        flying.insert(key, told);
        Place::Lead(Lead {
            flying: Arc::clone(&self.0),
            key,
            tell,
        })
    }
}

impl Lead {
    /// Tells those who wait how it went.
    pub(super) fn done(self, outcome: &Outcome) {
        let own = |class| matches!(class, ErrorClass::Timeout | ErrorClass::Cancelled);
        if !outcome.as_ref().is_err_and(|error| own(error.class)) {
            self.tell.send_replace(Some(outcome.clone()));
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Before the sender goes: who is woken by its end must find the way free.
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        flying.remove(&self.key);
    }
}

impl Wait {
    /// How it went; `None`: nobody asks any more, so join again.
    pub(super) async fn outcome(mut self) -> Option<Outcome> {
        let told = self.0.wait_for(Option::is_some).await.ok()?;
        told.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(flights: &Flights, key: Digest) -> Lead {
        match flights.join(key) {
            Place::Lead(lead) => lead,
            Place::Wait(_) => panic!("somebody else asks"),
        }
    }

    fn wait(flights: &Flights, key: Digest) -> Wait {
        match flights.join(key) {
            Place::Wait(wait) => wait,
            Place::Lead(_) => panic!("nobody asks"),
        }
    }

    #[tokio::test]
    async fn those_who_wait_get_the_answer_and_the_next_one_asks_anew() {
        let flights = Flights::default();
        let key = Digest::of(b"a");
        let asking = lead(&flights, key);
        let waits: Vec<_> = (0..3).map(|_| wait(&flights, key)).collect();
        let _other = lead(&flights, Digest::of(b"b"));
        asking.done(&Ok(ChatResponse::text("x")));
        for wait in waits {
            assert_eq!(wait.outcome().await.unwrap().unwrap().text, "x");
        }
        let _again = lead(&flights, key);
    }

    #[tokio::test]
    async fn who_leaves_or_runs_out_of_its_own_time_hands_over() {
        let flights = Flights::default();
        let key = Digest::of(b"a");
        let late = ModelError::new(ErrorClass::Timeout, "p", "late");
        let busy = ModelError::new(ErrorClass::Server, "p", "down");
        let asking = lead(&flights, key);
        let waiting = wait(&flights, key);
        drop(asking);
        assert!(waiting.outcome().await.is_none());
        let asking = lead(&flights, key);
        let waiting = wait(&flights, key);
        asking.done(&Err(late));
        assert!(waiting.outcome().await.is_none());
        let asking = lead(&flights, key);
        let waiting = wait(&flights, key);
        asking.done(&Err(busy));
        assert_eq!(
            waiting.outcome().await.unwrap().unwrap_err().class,
            ErrorClass::Server
        );
    }
}
