//! Runs through the library: ids, limits, stopping and going on.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use botsmith_core::store::{self, StateStore, Transaction};
use botsmith_eval::Error;
use botsmith_eval::report::Timings;
use botsmith_eval::run::{Finished, RunOptions, Runner, Runs};
use botsmith_eval::suite::Suite;
use tempfile::TempDir;

/// A folder with a suite over so many rows; `more` goes into `dataset`.
fn suite(rows: impl Iterator<Item = String>, more: &str) -> (TempDir, Suite) {
    let folder = tempfile::tempdir().unwrap();
    let data = rows.fold(String::new(), |mut data, row| {
        writeln!(data, "{row}").unwrap();
        data
    });
    std::fs::write(folder.path().join("cases.jsonl"), data).unwrap();
    let text = format!(
        "version: 1\ndataset: {{path: cases.jsonl, {more}}}\n\
         bots: [{{name: one, recorded: {{answer: /answer}}}}]\n\
         evaluators: [{{contains: '7'}}, token-f1]\nslices: [/kind]\n"
    );
    let path = folder.path().join("suite.yaml");
    std::fs::write(&path, text).unwrap();
    let suite = Suite::load(&path).unwrap();
    (folder, suite)
}

/// Rows without ids, in which the same content comes back every 100 rows.
fn repeating(rows: usize) -> impl Iterator<Item = String> {
    (0..rows).map(|i| {
        let (n, kind) = (i % 100, i % 3);
        format!(
            r#"{{"input": "q{n}", "reference": "a {n}", "answer": "a {i}", "kind": "k{kind}"}}"#
        )
    })
}

fn ids(store: &dyn StateStore, finished: &Finished) -> Vec<String> {
    let run = Runs::new(store).open(&finished.report.run).unwrap();
    run.cases().map(|case| case.unwrap().case.id).collect()
}

/// The report without what differs from one process to the next.
fn plain(mut finished: Finished) -> String {
    finished.report.timings = Timings::default();
    finished.report.facts.created.clear();
    serde_json::to_string(&finished.report).unwrap()
}

#[test]
fn repeated_content_is_numbered_in_file_order_on_any_number_of_threads() {
    let (_folder, suite) = suite(repeating(1_000), "");
    let mut all = Vec::new();
    for threads in [1, 2, 5] {
        let store = store::open("memory:").unwrap();
        let mut options = RunOptions::default();
        options.threads = threads;
        let finished = Runner::new(&*store).with(options).run(&suite).unwrap();
        let ids = ids(&*store, &finished);
        for (i, id) in ids.iter().enumerate() {
            match i / 100 {
                0 => assert_eq!(id.len(), 64),
                n => assert_eq!(*id, format!("{}#{}", ids[i % 100], n + 1)),
            }
        }
        all.push((ids, plain(finished)));
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_ids_and_report() {
    let (_folder, suite) = suite(repeating(3_000), "");
    let whole = store::open("memory:").unwrap();
    let wanted = Runner::new(&*whole).run(&suite).unwrap();
    let wanted_ids = ids(&*whole, &wanted);
    let wanted = plain(wanted);

    let store = store::open("memory:").unwrap();
    let mut stops = 0;
    let finished = loop {
        let stop = AtomicBool::new(false);
        let progress = |_| stop.store(true, Ordering::Relaxed);
        let mut options = RunOptions::default();
        options.progress = Some(&progress);
        options.cancel = Some(&stop);
        match Runner::new(&*store).with(options).run(&suite) {
            Err(Error::Interrupted) => stops += 1,
            finished => break finished.unwrap(),
        }
    };
    assert!(stops > 2, "{stops} stops");
    assert!(finished.resumed > 0 && !finished.already);
    assert_eq!(ids(&*store, &finished), wanted_ids);
    assert_eq!(plain(finished), wanted);
}

#[test]
fn an_unfinished_run_is_removed_once_it_is_an_hour_old_and_counted_before() {
    let (_folder, suite) = suite(repeating(3_000), "");
    let store = store::open("memory:").unwrap();
    let stop = AtomicBool::new(false);
    let progress = |_| stop.store(true, Ordering::Relaxed);
    let mut options = RunOptions::default();
    options.progress = Some(&progress);
    options.cancel = Some(&stop);
    let stopped = Runner::new(&*store).with(options).run(&suite);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let runs = Runs::new(&*store);
    let young = runs.collect(None, false).unwrap();
    assert_eq!((young.runs, young.young), (0, 1));
    let mut info = runs.list().unwrap().remove(0);
    assert!(!info.complete);

    // As if it had been begun a little more than an hour ago.
    info.started_ms -= 3_600_001;
    let bytes = serde_json::to_vec(&info).unwrap();
    let aged = Transaction::new().put("info", bytes);
    let aged = store.transact(&format!("run/{}", info.id), aged).unwrap();
    assert!(aged.committed().is_ok());
    let dry = runs.collect(None, true).unwrap();
    assert_eq!((dry.runs, dry.young, runs.list().unwrap().len()), (1, 0, 1));
    let gone = runs.collect(None, false).unwrap();
    assert_eq!(
        (gone.runs, gone.young, runs.list().unwrap().len()),
        (1, 0, 0)
    );
}

#[test]
fn a_thousand_threads_are_as_many_as_may_be_and_judge_the_same() {
    let (_folder, suite) = suite(repeating(300), "");
    let judged = |threads| {
        let store = store::open("memory:").unwrap();
        let mut options = RunOptions::default();
        options.threads = threads;
        plain(Runner::new(&*store).with(options).run(&suite).unwrap())
    };
    assert_eq!(judged(usize::MAX), judged(1));
}

#[test]
fn a_limit_cuts_within_a_batch() {
    let (_folder, suite) = suite(repeating(1_000), "limit: 300");
    let store = store::open("memory:").unwrap();
    let finished = Runner::new(&*store).run(&suite).unwrap();
    let ids = ids(&*store, &finished);
    assert_eq!((finished.report.facts.cases, ids.len()), (300, 300));
    assert_eq!(finished.report.bots[0].answered, 300);
    assert!(ids[299].ends_with("#3"));
}

#[test]
fn an_id_that_stands_twice_is_an_error_with_both_lines() {
    let rows = (0..600).map(|i| {
        let id = if i == 500 { 3 } else { i };
        format!(r#"{{"id": "q{id}", "input": "q", "reference": "a", "answer": "a", "kind": "k"}}"#)
    });
    let (_folder, suite) = suite(rows, "");
    let store = store::open("memory:").unwrap();
    let error = Runner::new(&*store).run(&suite).unwrap_err().to_string();
    assert!(
        error.contains("id `q3` stands twice: first on line 4"),
        "{error}"
    );
    assert!(error.contains("cases.jsonl:501"), "{error}");
}

#[test]
fn cases_without_a_group_are_groups_of_their_own() {
    // The first group comes late: those before it stay apart.
    let rows = |named: bool| {
        (0..40).map(move |i| {
            let group = match i {
                10.. if i % 4 == 0 => r#", "group": "shared""#.to_owned(),
                _ if named => format!(r#", "group": "own {i}""#),
                _ => String::new(),
            };
            let answer = i % 7;
            format!(
                r#"{{"id": "q{i}", "input": "q", "reference": "7", "answer": "{answer}", "kind": "k"{group}}}"#
            )
        })
    };
    let interval = |named| {
        let (_folder, suite) = suite(rows(named), "");
        let store = store::open("memory:").unwrap();
        let finished = Runner::new(&*store).run(&suite).unwrap();
        finished.report.bots[0].scores["token-f1"].interval
    };
    assert_eq!(interval(false), interval(true));
}
