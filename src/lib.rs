//! Botsmith: judge AI bots with honest statistics, offline.
//!
//! This crate is the front door: it re-exports the crates behind it, and holds the `botsmith`
//! command. Embed what you need: [`core`] (errors, YAML with positions, stores, models), [`nlp`] (tokens,
//! parts of speech, morphology, lemmas), [`nanobots`] (cartridges, providers, tools, sessions), [`eval`]
//! (suites, evaluators, statistics, runs, reports).
//!
//! ```
//! use botsmith::prelude::*;
//!
//! let text = "
//! version: 1
//! dataset:
//!   - {input: 'Capital of France?', reference: Paris, a: 'Paris.', b: 'It is Lyon.'}
//!   - {input: 'Capital of Peru?', reference: Lima, a: 'Lima', b: 'Lima, of course.'}
//! bots:
//!   - {name: a, recorded: {answer: /a}}
//!   - {name: b, recorded: {answer: /b}}
//! evaluators:
//!   - icontains: {value: '{{ reference }}', name: right}
//! ";
//! let suite = Suite::read(&Source::new("capitals.yaml", text), &Registry::builtin(), &Overrides::default())?;
//! let store = botsmith::core::store::open("memory:")?;
//! let run = Runner::new(&*store).run(&suite)?;
//! assert_eq!(run.report.bots[0].scores["right"].pass_rate, Some(1.0));
//! assert_eq!(run.report.bots[1].scores["right"].pass_rate, Some(0.5));
//! # Ok::<(), botsmith::eval::Error>(())
//! ```

#![forbid(unsafe_code)]

// The command line names this crate as any program does.
#[cfg(feature = "cli")]
extern crate self as botsmith;

#[cfg(feature = "cli")]
pub mod cli;

pub use botsmith_core as core;
pub use botsmith_eval as eval;
pub use botsmith_flow as flow;
pub use botsmith_nanobots as nanobots;
pub use botsmith_nlp as nlp;

/// What most programs need.
pub mod prelude {
    pub use botsmith_core::store::StateStore;
    pub use botsmith_core::yaml::Source;
    pub use botsmith_eval::evaluators::{Evaluator, Kind, Registry, Subject};
    pub use botsmith_eval::run::{RunOptions, Runner, Runs};
    pub use botsmith_eval::suite::{Overrides, Suite};
    pub use botsmith_eval::{Answer, Case, Error, Evidence, Outcome, Result, Score, Verdict};
    pub use botsmith_nanobots::{Bot, Cartridge, Workshop};
}
