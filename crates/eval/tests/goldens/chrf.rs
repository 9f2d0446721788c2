//! chrF and TER: sacrebleu's sentence and corpus scores.

use serde_json::Value;

use botsmith_eval::metrics::{chrf, ter};

use super::Tally;
use super::corpus::by_ids;

fn chrf_options(name: &str) -> Option<chrf::Options> {
    let mut options = chrf::Options::default();
    match name {
        "chrf" => {}
        "chrfpp" => options.word_order = 2,
        "chrf_lc" => options.lowercase = true,
        "chrf_ws" => options.whitespace = true,
        "chrf_eps" => options.eps_smoothing = true,
        "chrf_c4_b3" => (options.char_order, options.beta) = (4, 3),
        _ => return None,
    }
    Some(options)
}

fn ter_options(name: &str) -> Option<ter::Options> {
    let mut options = ter::Options::default();
    match name {
        "ter" | "ter_under_1200_chars" => {}
        "ter_norm" => options.normalized = true,
        "ter_nopunct" => options.no_punct = true,
        "ter_cased" => options.case_sensitive = true,
        "ter_asian" => (options.normalized, options.asian_support) = (true, true),
        _ => return None,
    }
    Some(options)
}

fn members(wanted: &Value) -> impl Iterator<Item = (&String, &Value)> {
    wanted.as_object().into_iter().flatten()
}

fn references(pair: &Value) -> Vec<&str> {
    let texts = pair["refs"].as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}

fn candidate(pair: &Value) -> &str {
    pair["cand"].as_str().unwrap_or_default()
}

pub(crate) fn chrf_pair(pair: &Value, wanted: &Value, tally: &mut Tally) {
    for (name, wanted) in members(wanted) {
        match chrf_options(name) {
            Some(options) => {
                let ours = chrf::sentence(candidate(pair), &references(pair), &options);
                tally.close(name, ours, wanted);
            }
            None => tally.holds(&format!("variant {name} is known"), false),
        }
    }
}

pub(crate) fn ter_pair(pair: &Value, wanted: &Value, tally: &mut Tally) {
    for (name, wanted) in members(wanted) {
        match ter_options(name) {
            Some(options) => {
                let ours = ter::sentence(candidate(pair), &references(pair), &options);
                rate(name, ours, wanted, tally);
            }
            None => tally.holds(&format!("variant {name} is known"), false),
        }
    }
}

fn rate(name: &str, ours: ter::Edits, wanted: &Value, tally: &mut Tally) {
    tally.close(&format!("{name}.score"), ours.score(), &wanted["score"]);
    tally.same(
        &format!("{name}.edits"),
        &ours.edits.into(),
        &wanted["edits"],
    );
    tally.close(&format!("{name}.ref_len"), ours.length, &wanted["ref_len"]);
}

/// chrF of a group.
pub(crate) fn chrf_corpus(wanted: &Value, pairs: &[&Value], _: &[Value], tally: &mut Tally) {
    for (name, wanted) in members(wanted) {
        let Some(options) = chrf_options(name) else {
            tally.holds(&format!("variant {name} is known"), false);
            continue;
        };
        let mut corpus = chrf::Corpus::new(options);
        for pair in pairs {
            corpus.add(candidate(pair), &references(pair));
        }
        tally.close(name, corpus.score().unwrap_or(f64::NAN), wanted);
    }
}

/// TER of those pairs of a group that are named beside it.
pub(crate) fn ter_corpus(wanted: &Value, _: &[&Value], all: &[Value], tally: &mut Tally) {
    for (name, wanted) in members(wanted) {
        let Some(options) = ter_options(name) else {
            tally.holds(&format!("variant {name} is known"), false);
            continue;
        };
        let mut corpus = ter::Corpus::new(options);
        for pair in by_ids(all, &wanted["ids"]) {
            corpus.add(candidate(pair), &references(pair));
        }
        rate(name, corpus.edits(), wanted, tally);
    }
}
