//! Scores of a corpus that are not the mean of its answers' scores.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use botsmith_core::store;
use botsmith_core::yaml::{Fields, Source};
use botsmith_eval::evaluators::{Corpus, Docs, Evaluator, Kind, Range, Registry, Scope, Subject};
use botsmith_eval::metric::Metric;
use botsmith_eval::run::{Progress, RunOptions, Runner};
use botsmith_eval::suite::{Overrides, Suite};
use botsmith_eval::{Error, Result, Score, Verdict};

/// The share of an answer's letters that are the reference's first letter; of a corpus, the share
/// of all its letters.
#[derive(Debug)]
struct Letters;

fn count(text: &str, reference: &str) -> (usize, usize) {
    let first = reference.chars().next();
    let letters = text.chars().filter(|c| c.is_alphabetic());
    (
        letters.clone().filter(|c| Some(*c) == first).count(),
        letters.count(),
    )
}

fn share((found, of): (usize, usize)) -> f64 {
    if of == 0 {
        0.0
    } else {
        found as f64 / of as f64
    }
}

impl Evaluator for Letters {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        if subject.text.contains('?') {
            return Ok(Verdict::Failed("a question".into()));
        }
        Ok(Score::graded(share(count(subject.text, &subject.references[0]))).into())
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(Sum::default()))
    }

    fn signature(&self) -> String {
        "letters|first|version:1".into()
    }
}

#[derive(Debug, Default)]
struct Sum(usize, usize);

impl Corpus for Sum {
    fn add(&mut self, candidate: &str, references: &[String]) {
        let (found, of) = count(candidate, &references[0]);
        self.0 += found;
        self.1 += of;
    }

    fn score(&self) -> Option<f64> {
        (self.1 > 0).then(|| share((self.0, self.1)))
    }
}

impl Kind for Letters {
    fn docs(&self) -> &Docs {
        const DOCS: Docs = Docs {
            name: "letters",
            about: "The share of one letter.",
            formula: "",
            range: Range::UNIT,
            decides: false,
            compares: true,
            options: &[],
            example: "letters",
            scalar: None,
        };
        &DOCS
    }

    fn build(&self, _: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
        Ok(Box::new(Letters))
    }
}

fn registry() -> Registry {
    let mut registry = Registry::builtin();
    registry.register(Letters);
    registry
}

/// A suite over a file of many batches.
fn suite(folder: &std::path::Path) -> Suite {
    let mut rows = String::new();
    for i in 0..2_000 {
        let answer = format!("said: {}{}", "a".repeat(i % 7), "b".repeat(i % 5));
        let _ = writeln!(
            rows,
            "{{\"input\": \"{i}\", \"reference\": \"a\", \"said\": \"{answer}\"}}"
        );
    }
    std::fs::write(folder.join("data.jsonl"), rows).expect("a folder of ours");
    let text = "
version: 1
dataset: data.jsonl
bots: [{name: bot, recorded: {answer: /said}}]
evaluators:
  - letters
  - letters: {name: after, extract: [{regex: '(?:said: )?(.*)'}]}
  - letters: {name: turned, invert: true}
  - levenshtein
";
    let source = Source::new(folder.join("suite.yaml").to_str().expect("UTF-8"), text);
    Suite::read(&source, &registry(), &Overrides::default()).expect("a good suite")
}

#[test]
fn a_run_reports_the_score_of_the_corpus_beside_the_mean() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store::open("memory:").expect("memory");
    let report = Runner::new(&*store)
        .run(&suite(folder.path()))
        .expect("runs")
        .report;
    let (mut a, mut b) = (0, 0);
    for i in 0..2_000 {
        a += i % 7;
        b += i % 5;
    }
    let scores = &report.bots[0].scores;
    // "said" has one a among its four letters.
    let whole = f64::from(a + 2_000) / f64::from(a + b + 4 * 2_000);
    assert_eq!(scores["letters"].corpus, Some(whole));
    assert_eq!(
        scores["after"].corpus,
        Some(f64::from(a) / f64::from(a + b))
    );
    assert_ne!(scores["after"].corpus, scores["after"].mean);
    assert_eq!(
        scores["turned"].corpus, None,
        "counts cannot be turned round"
    );
    assert_eq!(
        scores["levenshtein"].corpus, None,
        "its corpus score is the mean"
    );
    assert_eq!(report.metrics[0].signature, "letters|first|version:1");
    assert!(report.metrics[3].signature.contains("botsmith"));
}

#[test]
fn a_run_that_was_stopped_comes_to_the_same_corpus_score() {
    let folder = tempfile::tempdir().expect("a folder");
    let suite = suite(folder.path());
    let open = || store::open("memory:").expect("memory");
    let (straight, halting) = (open(), open());
    let wanted = Runner::new(&*straight).run(&suite).expect("runs").report;

    let cancel = AtomicBool::new(false);
    let progress = |progress: Progress| {
        if progress.cases >= 512 {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let mut options = RunOptions::default();
    options.cancel = Some(&cancel);
    options.progress = Some(&progress);
    let stopped = Runner::new(&*halting).with(options).run(&suite);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let finished = Runner::new(&*halting).run(&suite).expect("goes on");
    assert!(finished.resumed >= 512 && finished.resumed < 2_000);
    assert_eq!(finished.report.bots, wanted.bots);
}

#[test]
fn a_metric_scores_a_corpus_of_what_it_judged() {
    let registry = registry();
    let metric = Metric::new(&registry, "letters", None).expect("a metric");
    let mut corpus = metric.corpus();
    assert_eq!((corpus.score(), corpus.n()), (None, 0));
    let references = ["a".to_owned()];
    for candidate in ["aaa", "b", "what?"] {
        corpus.judge(candidate, &references).expect("judges");
    }
    assert!(!corpus.is_mean());
    assert_eq!((corpus.score(), corpus.n()), (Some(0.75), 2));
}

#[test]
fn a_metric_without_a_corpus_score_gives_the_mean() {
    let metric = Metric::new(&Registry::builtin(), "levenshtein", None).expect("a metric");
    let mut corpus = metric.corpus();
    for candidate in ["ab", "aa"] {
        corpus.judge(candidate, &["ab".to_owned()]).expect("judges");
    }
    assert!(corpus.is_mean());
    assert_eq!((corpus.score(), corpus.n()), (Some(0.75), 2));
}
