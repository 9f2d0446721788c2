//! `botsmith._native`: what the Python package `botsmith` stands on.
//!
//! Thin on purpose: a function here converts its arguments, lets go of the interpreter, calls Rust and
//! converts back. What Python adds (notebook pages, data frames, async) is written in Python, under
//! `python/botsmith`. Values with structure cross as JSON, which both sides read fast; texts and numbers
//! cross as they are.
//!
//! - [`doorway`]: the one place where the interpreter is let go, where panics end and Ctrl-C is seen.
//! - [`fault`]: errors of Rust as exceptions of Python.
//! - [`offsets`]: bytes of Rust as code points of Python.

#![forbid(unsafe_code)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "arguments are what PyO3 makes of Python's: it gives lists and texts away"
)]

mod bots;
mod bounds;
mod callback;
mod command;
mod doorway;
mod embed;
#[cfg(feature = "engine")]
mod engine;
mod eval;
mod fault;
mod feedback;
mod flow;
mod function;
mod hone;
mod metrics;
mod nlp;
mod offsets;
mod progress;
mod runtime;
mod stats;
mod store;
mod versions;

use pyo3::prelude::*;

/// The module. All classes are frozen, so that it does without the interpreter's lock.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<doorway::Stop>()?;
    module.add_class::<nlp::Pipeline>()?;
    module.add_class::<nlp::Analyser>()?;
    module.add_class::<nlp::Doc>()?;
    module.add_class::<nlp::Sentence>()?;
    module.add_class::<nlp::Token>()?;
    module.add_class::<nlp::Word>()?;
    module.add_class::<metrics::Metric>()?;
    module.add_class::<callback::Answered>()?;
    module.add_class::<callback::Pieces>()?;
    module.add_class::<store::Store>()?;
    module.add_class::<bots::Bot>()?;
    module.add_class::<bots::Session>()?;
    module.add_class::<bots::Stream>()?;
    module.add_class::<eval::Run>()?;
    module.add_class::<eval::Cases>()?;
    module.add_class::<flow::FlowWorker>()?;
    module.add_class::<feedback::Review>()?;
    module.add_class::<versions::BotVersions>()?;
    #[cfg(feature = "engine")]
    {
        module.add_class::<engine::Model>()?;
        module.add_class::<engine::ChatStream>()?;
        module.add_class::<engine::Embedder>()?;
        module.add_class::<engine::CrossEncoder>()?;
    }
    module.add_function(wrap_pyfunction!(hone::hone, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_add, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_calibrate, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_estimate, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_read, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_records, module)?)?;
    module.add_function(wrap_pyfunction!(feedback::feedback_write, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_fleiss, module)?)?;
    module.add_function(wrap_pyfunction!(callback::leave, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_check, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_graph, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_run_graph, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_start, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_work, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_show, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_list, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_events, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_steer, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_signal, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_decide, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_answer, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_wait, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_schedule, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_schedules, module)?)?;
    module.add_function(wrap_pyfunction!(flow::flow_schedule_steer, module)?)?;
    module.add_function(wrap_pyfunction!(eval::evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(eval::check_suite, module)?)?;
    module.add_function(wrap_pyfunction!(eval::open_run, module)?)?;
    module.add_function(wrap_pyfunction!(eval::list_runs, module)?)?;
    module.add_function(wrap_pyfunction!(eval::compare, module)?)?;
    module.add_function(wrap_pyfunction!(command::main, module)?)?;
    module.add_function(wrap_pyfunction!(command::forward_log, module)?)?;
    module.add_function(wrap_pyfunction!(nlp::from_conllu, module)?)?;
    module.add_function(wrap_pyfunction!(nlp::from_json, module)?)?;
    module.add_function(wrap_pyfunction!(nlp::from_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(nlp::verbs, module)?)?;
    module.add_function(wrap_pyfunction!(nlp::nlp_evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(embed::embed, module)?)?;
    module.add_function(wrap_pyfunction!(embed::embed_width, module)?)?;
    module.add_function(wrap_pyfunction!(metrics::metric_kinds, module)?)?;
    module.add_function(wrap_pyfunction!(metrics::retrieval_scores, module)?)?;
    module.add_function(wrap_pyfunction!(metrics::self_bleu, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_share, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_mean, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_compare, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_test, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_correlation, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_effect, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_adjust, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_ranking, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_pass_at, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_mean_pass_at, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_cases_needed, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_cases_for_width, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_power, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_detectable, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_spread, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_ndcg, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_confusion, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_prediction_powered, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_inclusion, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_calibrate, module)?)?;
    module.add_function(wrap_pyfunction!(stats::stats_apply_map, module)?)?;
    Ok(())
}
