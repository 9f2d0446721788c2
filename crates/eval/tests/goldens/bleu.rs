//! BLEU, its tokenizers, nltk's GLEU and smoothed BLEU, sacrebleu's paired tests.

use botsmith_eval::metrics::bleu::{self, BleuScore, Options, Smoothing, Tokenizer};
use botsmith_eval::metrics::gleu;
use botsmith_eval::metrics::nltk_bleu::{self, Method};
use serde_json::{Value, json};

use super::tally::Tally;

pub(crate) fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

fn tokenizer(name: &str) -> Option<Tokenizer> {
    Tokenizer::ALL.into_iter().find(|t| t.name() == name)
}

/// Options by the name of a variant: `13a`, `13a_floor`.
fn options(variant: &str) -> Option<Options> {
    let mut options = Options::default();
    let (name, change) = variant.split_once('_').unwrap_or((variant, ""));
    options.tokenizer = tokenizer(name)?;
    match change {
        "" => {}
        "lc" => options.lowercase = true,
        "noeff" => options.effective_order = false,
        "floor" => options.smoothing = Smoothing::Floor(0.1),
        "addk" => options.smoothing = Smoothing::AddK(1.0),
        "nosmooth" => options.smoothing = Smoothing::None,
        other => {
            return options
                .with_max_order(other.strip_prefix("max")?.parse().ok()?)
                .ok();
        }
    }
    Some(options)
}

fn compare(name: &str, ours: &BleuScore, wanted: &Value, tally: &mut Tally) {
    tally.close(&format!("{name}.score"), ours.score, &wanted["score"]);
    tally.close(&format!("{name}.bp"), ours.bp, &wanted["bp"]);
    for (key, values) in [
        ("counts", ours.counts()),
        ("totals", ours.totals()),
        ("precisions", ours.precisions()),
    ] {
        let wanted = wanted[key].as_array().map_or(&[][..], Vec::as_slice);
        tally.holds(
            &format!("{name}.{key} has {} orders", wanted.len()),
            wanted.len() == values.len(),
        );
        for (n, (ours, wanted)) in values.iter().zip(wanted).enumerate() {
            tally.close(&format!("{name}.{key}[{n}]"), *ours, wanted);
        }
    }
    tally.same(
        &format!("{name}.sys_len"),
        &json!(ours.sys_len),
        &wanted["sys_len"],
    );
    tally.same(
        &format!("{name}.ref_len"),
        &json!(ours.ref_len),
        &wanted["ref_len"],
    );
}

/// Pairs: `sacrebleu`.
pub(crate) fn sentence(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let candidate = pair["cand"].as_str().unwrap_or_default();
    let references = texts(&pair["refs"]);
    for (variant, wanted) in wanted.as_object().into_iter().flatten() {
        match options(variant) {
            Some(options) => {
                let ours = bleu::sentence(candidate, &references, &options);
                compare(variant, &ours, wanted, tally);
            }
            None => tally.holds(&format!("variant {variant} is known"), false),
        }
    }
}

/// Pairs: `tok`, what the tokenizers make of the candidate.
pub(crate) fn tokens(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let candidate = pair["cand"].as_str().unwrap_or_default();
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        match tokenizer(name) {
            Some(tokenizer) => {
                tally.same(name, &json!(tokenizer.tokenize(candidate)), wanted);
            }
            None => tally.holds(&format!("tokenizer {name} is known"), false),
        }
    }
}

/// Pairs: `nltk`, on tokens between white space.
pub(crate) fn nltk(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let candidate = pair["cand"].as_str().unwrap_or_default();
    let references = texts(&pair["refs"]);
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        if name == "gleu" {
            let ours = gleu::sentence(candidate, &references, gleu::Options::default());
            tally.close(name, ours, wanted);
            continue;
        }
        let number = name.strip_prefix("bleu_m").and_then(|n| n.parse().ok());
        match number.and_then(Method::from_number) {
            Some(method) => {
                let mut options = nltk_bleu::Options::default();
                options.method = method;
                let ours = nltk_bleu::sentence(candidate, &references, options);
                tally.close(name, ours, wanted);
            }
            None => tally.holds(&format!("{name} is known"), false),
        }
    }
}

/// The pairs of the file with these ids: candidates and references.
pub(crate) fn segments<'a>(goldens: &'a Value, ids: &Value) -> Vec<(&'a str, Vec<&'a str>)> {
    let ids = ids.as_array().map_or(&[][..], Vec::as_slice);
    let pairs = goldens["pairs"].as_array().map_or(&[][..], Vec::as_slice);
    ids.iter()
        .filter_map(|id| pairs.iter().find(|pair| pair["id"] == *id))
        .map(|pair| {
            (
                pair["cand"].as_str().unwrap_or_default(),
                texts(&pair["refs"]),
            )
        })
        .collect()
}

/// `corpus`: `bleu` of each group.
pub(crate) fn corpus(goldens: &Value, tally: &mut Tally) {
    for (name, group) in goldens["corpus"].as_object().into_iter().flatten() {
        tally.case(format!("{name}:bleu"));
        corpus_of(goldens, group, tally);
    }
}

fn corpus_of(goldens: &Value, group: &Value, tally: &mut Tally) {
    let segments = segments(goldens, &group["ids"]);
    for (variant, wanted) in group["bleu"].as_object().into_iter().flatten() {
        let Some(mut options) = options(variant) else {
            tally.holds(&format!("variant {variant} is known"), false);
            continue;
        };
        options.effective_order = false;
        let mut corpus = bleu::Corpus::new(options);
        for (candidate, references) in &segments {
            corpus.add(candidate, references);
        }
        match corpus.score() {
            Some(ours) => compare(variant, &ours, wanted, tally),
            None => tally.holds("the corpus has segments", false),
        }
    }
}
