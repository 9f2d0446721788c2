//! Judge answers: suites, datasets, evaluators, statistics, runs and reports.
//!
//! A [`suite`] is one YAML file: bots x dataset x evaluators x gate. Running it makes a [`run`],
//! immutable and content-addressed, kept in a store; a [`report`] shows it.
//!
//! [`evaluators`] is an open registry: implement [`Evaluator`](evaluators::Evaluator) and
//! [`Kind`](evaluators::Kind), register it, and suites can name it.

#![forbid(unsafe_code)]

pub mod answer;
pub mod ask;
pub mod calibration;
pub mod case;
pub mod dataset;
mod error;
pub mod evaluators;
pub mod extract;
pub mod feedback;
pub mod flow;
pub mod hone;
mod language;
pub mod metric;
pub mod metrics;
pub mod number;
pub mod online;
pub mod promotion;
mod reading;
pub mod report;
pub mod run;
pub mod score;
pub mod stats;
pub mod suite;
pub mod template;
mod text;

pub use answer::{Answer, Outcome};
pub use case::{Case, Message};
pub use error::{Error, Result};
pub use metrics::distance;
pub use score::{Evidence, Score, Verdict};
