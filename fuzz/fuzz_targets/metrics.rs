//! Evaluators: any two texts give a score in the evaluator's range, or say why not.
//!
//! Covers: crates/eval/src/evaluators crates/eval/src/metrics
#![no_main]

use std::sync::LazyLock;

use botsmith_eval::Verdict;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::metric::Metric;
use libfuzzer_sys::fuzz_target;

/// Every evaluator that needs no option.
static METRICS: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let registry = Registry::builtin();
    let free = |name: &&str| {
        let kind = registry.get(name).expect("its own name");
        kind.docs().options.iter().all(|option| !option.required)
    };
    let metrics: Vec<_> = registry
        .names()
        .filter(free)
        .filter_map(|name| Metric::new(&registry, name, None).ok())
        .collect();
    assert!(metrics.len() > 10, "only {} need no option", metrics.len());
    metrics
});

fuzz_target!(|texts: (String, String)| {
    let (candidate, reference) = texts;
    let references = [reference];
    for metric in METRICS.iter() {
        let range = metric.configured().range();
        let mut corpus = metric.corpus();
        for _ in 0..2 {
            let Ok(Verdict::Judged(score)) = corpus.judge(&candidate, &references) else {
                continue;
            };
            let name = metric.configured().name();
            // The references' own scores pass 100 by a rounding.
            let most = range.hi * (1.0 + 1e-9);
            assert!(
                (range.lo..=most).contains(&score.value),
                "{name} gave {}",
                score.value
            );
            assert!(corpus.score().is_none_or(f64::is_finite), "{name}");
        }
    }
});
