//! Suites: any text gives a suite, or an error at a place inside it; a suite whose data stand in it
//! also runs, twice to the same report.
//!
//! Covers: crates/eval/src/suite crates/eval/src/suite.rs
#![no_main]

use botsmith_core::Error as CoreError;
use botsmith_core::store;
use botsmith_core::yaml::Source;
use botsmith_eval::dataset::DataSource;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::run::{RunOptions, Runner};
use botsmith_eval::suite::{BotSpec, Overrides, Suite};
use botsmith_eval::{Error, report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz/suite.yaml", text);
    let read = || Suite::read(&source, &Registry::builtin(), &Overrides::default());
    match read() {
        Ok(suite) => {
            // Files that the text names are not opened: only data that stand in it.
            let inline = |s: &DataSource| matches!(s, DataSource::Inline { .. });
            let recorded = |b: &BotSpec| match b.recorded() {
                Some(recorded) => recorded.source.as_ref().is_none_or(inline),
                None => false,
            };
            if inline(&suite.dataset.source) && suite.bots.iter().all(recorded) {
                assert_eq!(judge(&suite, 1), judge(&suite, 2));
            }
        }
        Err(Error::Core(CoreError::Invalid(place))) => {
            // 0: the text as a whole, where it is empty.
            let lines = text.split(['\n', '\r']).count();
            assert!(place.line <= lines, "{place}");
            assert!(!place.to_string().contains('\u{1b}'), "{place}");
        }
        Err(other) => panic!("an error of a suite's text has a place in it: {other}"),
    }
});

/// The report as JSON without its times, or the error.
fn judge(suite: &Suite, threads: usize) -> Result<String, String> {
    let store = store::open("memory:").expect("memory is always there");
    let mut options = RunOptions::default();
    options.threads = threads;
    let finished = Runner::new(&*store).with(options).run(suite);
    let mut report = finished.map_err(|error| error.to_string())?.report;
    let _ = report::markdown::render(&report);
    report.timings = report::Timings::default();
    report.facts.created.clear();
    Ok(serde_json::to_string(&report).expect("our types serialise to JSON"))
}
