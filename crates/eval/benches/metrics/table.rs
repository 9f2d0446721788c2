//! The text metrics that are measured: one line each, used by the benchmark, by
//! `scripts/bench-metrics` and by the test that counts allocations.

#![allow(dead_code, reason = "each of its users reads a part of it")]

use botsmith_eval::metrics::distance::{self, Form, Metric};
use botsmith_eval::metrics::{bleu, chrf, fuzzy, gleu, meteor, rouge, ter, wer};

/// Scores a candidate against one reference, with memory of its own that it uses again.
pub type Score = Box<dyn FnMut(&str, &str) -> f64>;

/// A metric.
pub struct Line {
    /// As in `scripts/bench_metrics/peers.py`.
    pub name: &'static str,
    /// Whether it allocates nothing a pair once its memory has grown to the longest text.
    pub steady: bool,
    /// Starts one.
    pub start: fn() -> Score,
}

const fn steady(name: &'static str, start: fn() -> Score) -> Line {
    Line {
        name,
        steady: true,
        start,
    }
}

/// Every metric that is measured.
pub const TABLE: &[Line] = &[
    steady("bleu", || {
        let mut scorer = bleu::Scorer::new(bleu::Options::default());
        Box::new(move |a, b| scorer.score(a, &[b]).score)
    }),
    steady("gleu", || {
        let options = gleu::Options::default();
        Box::new(move |a, b| gleu::sentence(a, &[b], options))
    }),
    steady("chrf", || {
        let (mut scorer, options) = (chrf::Scorer::default(), chrf::Options::default());
        Box::new(move |a, b| scorer.score(a, &[b], &options))
    }),
    steady("chrf++", || {
        let (mut scorer, options) = (chrf::Scorer::default(), chrf::Options::plus_plus());
        Box::new(move |a, b| scorer.score(a, &[b], &options))
    }),
    steady("ter", || {
        let (mut scorer, options) = (ter::Scorer::default(), ter::Options::default());
        Box::new(move |a, b| scorer.edits(a, &[b], &options).score())
    }),
    steady("rouge-1-2-L", || rouge_12l(false)),
    steady("rouge-1-2-L-stem", || rouge_12l(true)),
    steady("rouge-L", || {
        let mut scorer = rouge::Scorer::new(false);
        Box::new(move |a, b| {
            scorer.candidate(a);
            scorer.reference(b);
            scorer.score(rouge::Variant::L).f
        })
    }),
    steady("meteor", || {
        let mut scorer = meteor::Scorer::new(meteor::Options::default());
        Box::new(move |a, b| scorer.best(a, &[b]).score)
    }),
    steady("wer", || {
        let mut scorer = wer::Scorer::new(wer::Unit::Words);
        Box::new(move |a, b| scorer.score(wer::Rate::Error, b, a))
    }),
    steady("cer", || {
        let mut scorer = wer::Scorer::new(wer::Unit::Characters);
        Box::new(move |a, b| scorer.score(wer::Rate::Error, b, a))
    }),
    steady("levenshtein", || edits(Metric::Levenshtein)),
    steady("osa", || edits(Metric::Osa)),
    steady("indel", || edits(Metric::Indel)),
    steady("jaro-winkler", || edits(Metric::JaroWinkler)),
    steady("token-set-ratio", || {
        let mut scorer = fuzzy::Scorer::new();
        Box::new(move |a, b| scorer.score(fuzzy::Ratio::TokenSet, a, b))
    }),
];

/// ROUGE-1, ROUGE-2 and ROUGE-L of one tokenisation.
fn rouge_12l(stemmer: bool) -> Score {
    use rouge::Variant::{L, N};
    let mut scorer = rouge::Scorer::new(stemmer);
    Box::new(move |a, b| {
        scorer.candidate(a);
        scorer.reference(b);
        [N(1), N(2), L].into_iter().map(|v| scorer.score(v).f).sum()
    })
}

fn edits(metric: Metric) -> Score {
    let mut scorer = distance::Scorer::new();
    Box::new(move |a, b| scorer.score(metric, Form::Distance, a, b))
}
