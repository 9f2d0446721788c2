//! The text metrics that are measured: one line each, used by the benchmark, by
//! `scripts/bench-metrics` and by the test that counts allocations.

#![allow(dead_code, reason = "each of its users reads a part of it")]

use botsmith_eval::evaluators::{NumberOptions, equals, exact_match, number_equals, token_f1};
use botsmith_eval::metrics::distance::{self, Form, Metric};
use botsmith_eval::metrics::{
    bleu, chrf, diversity, fuzzy, gleu, meteor, nltk_bleu, retrieval, rouge, ter, wer,
};

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

/// One that makes its tables, or a text, anew for each pair.
const fn fresh(name: &'static str, start: fn() -> Score) -> Line {
    Line {
        name,
        steady: false,
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
    steady("rouge-L", || rouge_alone(rouge::Variant::L)),
    steady("rouge-1", || rouge_alone(rouge::Variant::N(1))),
    steady("rouge-2", || rouge_alone(rouge::Variant::N(2))),
    steady("rouge-Lsum", || rouge_alone(rouge::Variant::Lsum)),
    steady("meteor", || {
        let mut scorer = meteor::Scorer::new(meteor::Options::default());
        Box::new(move |a, b| scorer.best(a, &[b]).score)
    }),
    steady("wer", || words(wer::Rate::Error)),
    steady("cer", || {
        let mut scorer = wer::Scorer::new(wer::Unit::Characters);
        Box::new(move |a, b| scorer.score(wer::Rate::Error, b, a))
    }),
    steady("levenshtein", || edits(Metric::Levenshtein)),
    steady("osa", || edits(Metric::Osa)),
    steady("indel", || edits(Metric::Indel)),
    steady("jaro-winkler", || edits(Metric::JaroWinkler)),
    steady("token-set-ratio", || ratio(fuzzy::Ratio::TokenSet)),
    steady("nltk-bleu", || {
        let options = nltk_bleu::Options::default();
        Box::new(move |a, b| nltk_bleu::sentence(a, &[b], options))
    }),
    steady("mer", || words(wer::Rate::Match)),
    steady("wil", || words(wer::Rate::Lost)),
    steady("wip", || words(wer::Rate::Preserved)),
    steady("equals", || {
        Box::new(|a, b| f64::from(u8::from(equals(a, b, false))))
    }),
    // Letters beyond ASCII are put in lower case as a new text.
    fresh("exact-match", || {
        Box::new(|a, b| f64::from(u8::from(exact_match(a, b))))
    }),
    fresh("token-f1", || Box::new(token_f1)),
    steady("number-equals", || {
        let options = NumberOptions::default();
        Box::new(move |a, b| {
            number_equals(a, b, &options).map_or(f64::NAN, |equal| f64::from(u8::from(equal)))
        })
    }),
    steady("levenshtein-ratio", || {
        let mut scorer = distance::Scorer::new();
        Box::new(move |a, b| scorer.score(Metric::Levenshtein, Form::NormalizedSimilarity, a, b))
    }),
    steady("damerau-levenshtein", || edits(Metric::DamerauLevenshtein)),
    steady("lcs-seq", || edits(Metric::LcsSeq)),
    steady("hamming", || edits(Metric::Hamming)),
    steady("prefix", || edits(Metric::Prefix)),
    steady("postfix", || edits(Metric::Postfix)),
    steady("jaro", || edits(Metric::Jaro)),
    steady("ratio", || ratio(fuzzy::Ratio::Ratio)),
    steady("partial-ratio", || ratio(fuzzy::Ratio::Partial)),
    steady("token-sort-ratio", || ratio(fuzzy::Ratio::TokenSort)),
    steady("token-ratio", || ratio(fuzzy::Ratio::Token)),
    steady("partial-token-sort-ratio", || {
        ratio(fuzzy::Ratio::PartialTokenSort)
    }),
    steady("partial-token-set-ratio", || {
        ratio(fuzzy::Ratio::PartialTokenSet)
    }),
    steady("partial-token-ratio", || ratio(fuzzy::Ratio::PartialToken)),
    steady("weighted-ratio", || ratio(fuzzy::Ratio::Weighted)),
    steady("quick-ratio", || ratio(fuzzy::Ratio::Quick)),
    // Of the candidate alone.
    steady("distinct-2", || {
        let options = diversity::Options::default();
        Box::new(move |a, _| diversity::distinct_n(a, 2, options).unwrap_or_default())
    }),
    steady("repetition-4", || {
        let options = diversity::Options::default();
        Box::new(move |a, _| diversity::repetition(a, 4, options).unwrap_or_default())
    }),
    // Of the two texts as a set.
    fresh("self-bleu", || {
        let options = bleu::Options::default();
        Box::new(move |a, b| diversity::self_bleu(&[a, b], &options).unwrap_or_default())
    }),
    // Words are ids; those of the reference are the relevant ones.
    fresh("ndcg", || {
        ranked(|ids, relevant| retrieval::ndcg(ids, relevant, None))
    }),
    fresh("mrr", || {
        ranked(|ids, relevant| retrieval::reciprocal_rank(ids, relevant, None))
    }),
    fresh("map", || {
        ranked(|ids, relevant| retrieval::average_precision(ids, relevant, None))
    }),
    fresh("hit", || {
        ranked(|ids, relevant| f64::from(u8::from(retrieval::hit(ids, relevant, Some(10)))))
    }),
];

fn ranked(score: fn(&[&str], &retrieval::Relevance) -> f64) -> Score {
    Box::new(move |a, b| {
        let ids: Vec<&str> = a.split_whitespace().collect();
        score(&ids, &retrieval::Relevance::binary(b.split_whitespace()))
    })
}

fn words(rate: wer::Rate) -> Score {
    let mut scorer = wer::Scorer::new(wer::Unit::Words);
    Box::new(move |a, b| scorer.score(rate, b, a))
}

fn ratio(ratio: fuzzy::Ratio) -> Score {
    let mut scorer = fuzzy::Scorer::new();
    Box::new(move |a, b| scorer.score(ratio, a, b))
}

fn rouge_alone(variant: rouge::Variant) -> Score {
    let mut scorer = rouge::Scorer::new(false);
    Box::new(move |a, b| {
        scorer.candidate(a);
        scorer.reference(b);
        scorer.score(variant).f
    })
}

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
