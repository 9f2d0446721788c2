//! Feedback: what people say of answers, how much they agree, and what to ask them next.
//!
//! A suite's `feedback:` block ([`Plan`]) asks typed [`Question`]s. What a person answers is a
//! [`Record`], kept in an append-only [`Log`]: an edit is a new record that replaces the old one.
//! [`choose`] picks what to label within a budget, [`Session`] walks a rater through it, [`import`] and
//! [`export`] carry records in and out, [`agreement`] says how much raters agree, and [`Standing`]
//! whether the loop may go on from what they said.
//!
//! Implicit thumbs (of users, in production) never count as truth: they only rank what to label.

pub mod agreement;
mod choose;
mod draw;
pub mod export;
pub mod import;
mod item;
mod log;
mod others;
mod plan;
mod question;
mod read;
mod record;
mod review;
mod shares;
mod sitting;
mod standing;
mod value;
mod wording;
mod work;

pub use choose::{Candidate, Chosen, Reason, choose};
pub use item::{Item, Side, Subject, bot_hashes};
pub use log::{Appended, Filter, Log};
pub use plan::Plan;
pub use question::{Kind, Question};
pub(crate) use read::schema;
pub use record::{Against, Record, Source, State};
pub use review::{Progress, Session, Step};
pub use sitting::Sitting;
pub use standing::{Again, Measured, RaterStanding, Rules, Standing, Verdict};
pub use value::{Span, spans_in_bytes};
pub use wording::{InForce, Wordings};
pub use work::{Work, seed};
