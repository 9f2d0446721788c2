//! Runs: one execution of a suite, immutable, resumable, content-addressed.
//!
//! [`Runner`] judges a suite into a store; [`Runs`] lists, opens, exports, imports and removes
//! what is there. A run's id is the hash of all that decides its scores: the suite (without
//! `report`), the bytes of its data, the version of the evaluators, and the attempt. Running the
//! same suite on the same data again therefore finds the run that is already there.
//!
//! Layout in the store: partition `runs` has a small record a run, for listing. Partition
//! `run/ID` has the records `manifest`, `report` (once it is complete) and `times`, and the log
//! `cases`, one compressed entry a batch of rows, appended in order and only at the expected
//! length: what is committed is never judged again, and two processes on one run cannot both
//! append the same batch.
//!
//! Where bots or judges are asked, that comes first: each answer and each verdict is a record
//! `ask/…` of the partition as soon as it exists, so that it is never asked for twice. Where judging is
//! spread over processes, what each has made of its share are records `judged/…`. Both go once the run is
//! complete.

mod archive;
mod asking;
mod chunk;
mod commit;
mod compare;
mod contest;
mod corpus;
mod crew;
mod feed;
mod gate;
mod ids;
mod judge;
mod kept;
mod manifest;
mod named;
mod numbers;
mod pipeline;
mod record;
mod runner;
mod runs;
mod select;
mod shares;
mod summary;
mod table;

pub use asking::{AsyncOptions, run_async};
pub use compare::{CompareOptions, RunComparison, compare, correct};
pub(crate) use crew::identity;
pub use manifest::{Manifest, RunInfo};
pub use record::{AnswerRecord, CaseRecord};
pub use runner::{AskProgress, Finished, MAX_THREADS, Part, Progress, RunOptions, Runner};
pub use runs::{Collected, Runs, StoredRun};
pub(crate) use select::chosen;
