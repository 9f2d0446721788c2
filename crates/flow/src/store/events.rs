//! The events of a run: those that stand in records of their own, and the last ones, which stand with the run.
//!
//! In: a run and the number of an event. Out: the events from there on, in their order.

use crate::advance::{CHUNK, event_key, run_key};
use crate::state::{Chunk, Event, RunState};
use crate::unit::read;
use crate::{Error, Result};

use super::FlowStore;

impl FlowStore {
    /// What happened in a run, from number `from` on, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub fn events(&self, run: &str, from: u64, limit: usize) -> Result<Vec<Event>> {
        let place = self.partition(run);
        // The run first: what it no longer holds when its records are read stands in them.
        let state: Option<RunState> = self.record(run, &run_key(run))?;
        let prefix = format!("event/{run}/");
        // `from` may stand within a record that begins before it.
        let first = from.saturating_sub(CHUNK as u64 - 1);
        let before = first.checked_sub(1).map(|before| event_key(run, before));
        let most = limit.saturating_add(CHUNK);
        let found = self.store.scan(&place, &prefix, before.as_deref(), most)?;
        let (mut all, mut next) = (Vec::new(), from);
        let mut add = |first: u64, events: Vec<Event>| {
            for (number, event) in (first..).zip(events) {
                if number >= next {
                    all.push(event);
                    next = number + 1;
                }
            }
        };
        for (key, record) in found {
            let number = key.strip_prefix(&prefix).and_then(|n| n.parse().ok());
            let number = number.ok_or_else(|| Error::Corrupt {
                partition: place.clone(),
                key: key.clone(),
                reason: "its name ends in no number".into(),
            })?;
            let chunk: Chunk = read(&place, &key, &record.value)?;
            add(number, chunk.into_events());
        }
        if let Some(state) = state {
            add(state.events - state.recent.len() as u64, state.recent);
        }
        all.truncate(limit);
        Ok(all)
    }
}
