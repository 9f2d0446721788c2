//! Bots and runs compared as corpora: what the report says beside the means of answers' scores.

use std::fmt::Write as _;

use botsmith_core::store;
use botsmith_core::yaml::Source;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::metrics::bleu;
use botsmith_eval::report::{Comparison, Report, Versus};
use botsmith_eval::run::{self, CompareOptions, Runner, Runs};
use botsmith_eval::stats::Correction;
use botsmith_eval::suite::{Overrides, Suite};

const REFERENCE: &str = "the carrier delayed the order and it will arrive on Tuesday";

/// Answers of a bot that gets every `good`th case right and else leaves words out, more of them from
/// case to case.
fn said(case: usize, good: usize) -> String {
    if case.is_multiple_of(good) {
        return REFERENCE.to_owned();
    }
    let words: Vec<&str> = REFERENCE.split(' ').collect();
    let gone = 1 + case % (words.len() - 4);
    words[gone..].join(" ")
}

const CASES: usize = 30;

fn suite(folder: &std::path::Path, good: [usize; 2], group: bool) -> Suite {
    let mut rows = String::new();
    for case in 0..CASES {
        let (one, two) = (said(case, good[0]), said(case, good[1]));
        let answers = match case {
            7 => format!(r#""one": "{one}""#),
            _ => format!(r#""one": "{one}", "two": "{two}""#),
        };
        let _ = writeln!(
            rows,
            r#"{{"id": "case-{case}", "input": "?", "reference": "{REFERENCE}", "part": "g{}", {answers}}}"#,
            case / 3
        );
    }
    std::fs::write(folder.join("data.jsonl"), rows).expect("a folder of ours");
    let group = if group { ", group: /part" } else { "" };
    let text = format!(
        "
version: 1
name: compared
dataset: {{path: data.jsonl, id: /id, input: /input, reference: /reference{group}}}
bots: [{{name: one, recorded: {{answer: /one}}}}, {{name: two, recorded: {{answer: /two}}}}]
evaluators: [bleu, chrf, ter, wer, gleu, distinct-n, token-f1]
"
    );
    let source = Source::new(folder.join("suite.yaml").to_str().expect("UTF-8"), text);
    Suite::read(&source, &Registry::builtin(), &Overrides::default()).expect("a good suite")
}

fn report(good: [usize; 2], group: bool) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store::open("memory:").expect("a store");
    let suite = suite(folder.path(), good, group);
    let finished = Runner::new(&*store).run(&suite).expect("a run");
    finished.report
}

fn of<'a>(comparisons: &'a [Comparison], metric: &str) -> &'a Comparison {
    let mut found = comparisons.iter().filter(|c| c.metric == metric);
    found.next().expect("the metric is compared")
}

#[test]
fn bots_are_compared_as_corpora_over_the_cases_that_both_answered() {
    let report = report([4, 2], false);
    let corpus = of(&report.comparisons, "bleu").corpus.as_ref().unwrap();
    let score = |good: usize| {
        let mut corpus = bleu::Corpus::new(bleu::Options::corpus());
        for case in (0..CASES).filter(|case| *case != 7) {
            corpus.add(&said(case, good), &[REFERENCE]);
        }
        corpus.score().unwrap().score
    };
    assert!((corpus.a - score(4)).abs() < 1e-9 && (corpus.b - score(2)).abs() < 1e-9);
    assert!((corpus.difference - (score(2) - score(4))).abs() < 1e-9);
    let interval = corpus.interval.unwrap();
    assert!(interval.lo() <= corpus.difference && corpus.difference <= interval.hi());
    // Cases 2, 6, 10, …: seven differ, all for the second bot, so that every swap is counted.
    assert_eq!(
        (corpus.test.as_str(), corpus.p),
        ("exact-randomisation", 2.0 / 128.0)
    );

    for metric in ["chrf", "ter", "wer", "gleu"] {
        let comparison = of(&report.comparisons, metric);
        let corpus = comparison.corpus.as_ref().expect("a sum of counts");
        let better = if comparison.higher_is_better == Some(true) {
            1.0
        } else {
            -1.0
        };
        assert!(corpus.difference * better > 0.0, "{metric}: {corpus:?}");
    }
    // A mean has no other corpus score, and different n-grams do not add up.
    assert!(of(&report.comparisons, "token-f1").corpus.is_none());
    assert!(of(&report.comparisons, "distinct-n").corpus.is_none());
}

#[test]
fn corpora_are_corrected_by_themselves_and_the_better_side_is_named() {
    let report = report([30, 1], false);
    let corpora: Vec<_> = report
        .comparisons
        .iter()
        .filter_map(|c| c.corpus.as_ref())
        .collect();
    let raw: Vec<f64> = corpora.iter().map(|corpus| corpus.p).collect();
    let wanted = botsmith_eval::stats::adjust(&raw, Correction::Holm).unwrap();
    for (corpus, wanted) in corpora.iter().zip(wanted) {
        assert_eq!(corpus.p_adjusted, Some(wanted));
        assert_eq!(corpus.test, "approximate-randomisation");
        assert_eq!(corpus.better, Some(Versus::B), "{corpus:?}");
    }
    // Less is better for an error rate, and the difference says so.
    assert!(
        of(&report.comparisons, "ter")
            .corpus
            .as_ref()
            .unwrap()
            .difference
            < 0.0
    );
}

#[test]
fn cases_of_a_group_are_swapped_as_one() {
    let report = report([4, 2], true);
    let corpus = of(&report.comparisons, "bleu").corpus.as_ref().unwrap();
    assert_eq!(corpus.test, "exact-randomisation-clustered");
    // Ten groups of three neighbours; the seven cases that differ are in seven of them.
    assert_eq!(corpus.p, 2.0 / 128.0);
    assert!(of(&report.comparisons, "token-f1").also.is_empty());
}

#[test]
fn graded_scores_come_with_tests_of_ranks_and_signs() {
    let report = report([4, 2], false);
    let also = &of(&report.comparisons, "token-f1").also;
    let names: Vec<_> = also.iter().map(|other| other.test.as_str()).collect();
    assert_eq!(names, ["wilcoxon-exact", "sign-test"]);
    // Case 14 lacks an article only, which token F1 does not count. Six differences of one sign: two of
    // 2^6 assignments are as extreme, by ranks or signs.
    assert!(
        also.iter()
            .all(|other| (other.p - 2.0 / 64.0).abs() < 1e-12),
        "{also:?}"
    );
}

#[test]
fn two_runs_are_compared_as_corpora_and_by_the_correction_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store::open("memory:").expect("a store");
    let earlier = suite(folder.path(), [4, 4], false);
    let first = Runner::new(&*store).run(&earlier).unwrap().report;
    let later = suite(folder.path(), [4, 2], false);
    let second = Runner::new(&*store).run(&later).unwrap().report;
    let runs = Runs::new(&*store);
    let (a, b) = (
        runs.open(&first.run).unwrap(),
        runs.open(&second.run).unwrap(),
    );

    let mut options = CompareOptions::default();
    options.suites = Some([&earlier, &later]);
    options.correction = Correction::BenjaminiHochberg;
    let found = run::compare(&a, &b, &options).unwrap();
    assert_eq!(
        found,
        run::compare(&a, &b, &options).unwrap(),
        "the same seed, the same numbers"
    );
    let of_bot = |bot: &str| -> Vec<Comparison> {
        let named = |c: &&Comparison| c.a.starts_with(bot);
        found.comparisons.iter().filter(named).cloned().collect()
    };
    // The first bot said the same both times; the second got better, as the two bots of one run did.
    let same = of_bot("one");
    let corpus = of(&same, "bleu").corpus.as_ref().unwrap();
    assert_eq!((corpus.difference, corpus.p), (0.0, 1.0));
    let changed = of_bot("two");
    let corpus = of(&changed, "bleu").corpus.as_ref().unwrap();
    let within = of(&second.comparisons, "bleu").corpus.as_ref().unwrap();
    assert!((corpus.difference - within.difference).abs() < 1e-9);
    assert_eq!(corpus.p, within.p);

    let mut again = found.comparisons.clone();
    run::correct(&mut again, Correction::BenjaminiHochberg).unwrap();
    assert_eq!(again, found.comparisons);
    run::correct(&mut again, Correction::Holm).unwrap();
    let adjusted = |list: &[Comparison]| -> f64 { list.iter().filter_map(|c| c.p_adjusted).sum() };
    assert!(
        adjusted(&again) > adjusted(&found.comparisons),
        "Holm is the stricter"
    );

    // Without the suites only scores are compared.
    let plain = run::compare(&a, &b, &CompareOptions::default()).unwrap();
    assert!(plain.comparisons.iter().all(|c| c.corpus.is_none()));
}
