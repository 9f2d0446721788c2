//! rapidfuzz 3.14.6: ten distances in four forms, a weighted one, ten ratios, `default_process`.

use botsmith_eval::metrics::distance::{Form, Metric, Scorer, Weights};
use botsmith_eval::metrics::fuzzy::{self, Ratio, default_process};
use serde_json::Value;

use super::jiwer::texts;
use super::tally::Tally;

const METRICS: [(&str, Metric); 10] = [
    ("Levenshtein", Metric::Levenshtein),
    ("Indel", Metric::Indel),
    ("OSA", Metric::Osa),
    ("DamerauLevenshtein", Metric::DamerauLevenshtein),
    ("LCSseq", Metric::LcsSeq),
    ("Hamming", Metric::Hamming),
    ("Prefix", Metric::Prefix),
    ("Postfix", Metric::Postfix),
    ("Jaro", Metric::Jaro),
    ("JaroWinkler", Metric::JaroWinkler),
];

const RATIOS: [(&str, Ratio); 10] = [
    ("ratio", Ratio::Ratio),
    ("partial_ratio", Ratio::Partial),
    ("token_sort_ratio", Ratio::TokenSort),
    ("token_set_ratio", Ratio::TokenSet),
    ("token_ratio", Ratio::Token),
    ("partial_token_sort_ratio", Ratio::PartialTokenSort),
    ("partial_token_set_ratio", Ratio::PartialTokenSet),
    ("partial_token_ratio", Ratio::PartialToken),
    ("WRatio", Ratio::Weighted),
    ("QRatio", Ratio::Quick),
];

/// One pair's `rapidfuzz`; some keys are left out for long texts.
pub(crate) fn pair(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let (candidate, reference) = texts(pair);
    let mut scorer = Scorer::new();
    let mut unknown: Vec<&String> = wanted
        .as_object()
        .into_iter()
        .flat_map(|w| w.keys())
        .collect();
    unknown.retain(|key| !matches!(key.as_str(), "Lev_w_1_1_2" | "default_process"));
    let given = |key: &str| !wanted[key].is_null();
    for (key, metric) in METRICS.into_iter().filter(|(key, _)| given(key)) {
        unknown.retain(|other| *other != key);
        for (i, (form_name, form)) in Form::ALL.into_iter().enumerate() {
            let ours = scorer.score(metric, form, candidate, reference);
            tally.close(&format!("{key} {form_name}"), ours, &wanted[key][i]);
        }
    }
    let weights = Weights {
        insertion: 1,
        deletion: 1,
        substitution: 2,
    };
    let ours = scorer.weighted(candidate, reference, weights) as f64;
    tally.close("Lev_w_1_1_2", ours, &wanted["Lev_w_1_1_2"]);
    let mut scorer = fuzzy::Scorer::new();
    for (key, ratio) in RATIOS.into_iter().filter(|(key, _)| given(key)) {
        unknown.retain(|other| *other != key);
        let ours = scorer.score(ratio, candidate, reference);
        tally.close(key, ours, &wanted[key]);
    }
    let texts = [candidate, reference].into_iter().enumerate();
    for (i, text) in texts.filter(|_| given("default_process")) {
        let mut processed = String::new();
        default_process(text, &mut processed);
        let ours = Value::from(processed);
        tally.same("default_process", &ours, &wanted["default_process"][i]);
    }
    tally.holds(
        &format!("keys that this test does not know: {unknown:?}"),
        unknown.is_empty(),
    );
}
