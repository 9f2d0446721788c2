//! jiwer 4.0.0: rates and counts of pairs, rates of groups. Candidates against the first reference.

use botsmith_eval::metrics::distance::Counts;
use botsmith_eval::metrics::wer::{Rate, Scorer, Unit};
use serde_json::{Value, json};

use super::tally::Tally;

const RATES: [(&str, Rate); 4] = [
    ("wer", Rate::Error),
    ("mer", Rate::Match),
    ("wil", Rate::Lost),
    ("wip", Rate::Preserved),
];

/// Candidate and first reference.
pub(crate) fn texts(pair: &Value) -> (&str, &str) {
    (
        pair["cand"].as_str().unwrap_or_default(),
        pair["refs"][0].as_str().unwrap_or_default(),
    )
}

/// One pair's `jiwer`.
pub(crate) fn pair(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let (candidate, reference) = texts(pair);
    let mut words = Scorer::new(Unit::Words);
    let counts = words.counts(reference, candidate);
    for (key, rate) in RATES {
        tally.close(key, rate.of(&counts), &wanted[key]);
        tally.close(key, words.score(rate, reference, candidate), &wanted[key]);
    }
    same(tally, &counts, wanted, ["hits", "sub", "ins", "dele"]);
    let aligned = words.align(reference, candidate);
    tally.holds("the alignment has these counts", aligned.counts() == counts);
    let mut characters = Scorer::new(Unit::Characters);
    let counts = characters.counts(reference, candidate);
    tally.close("cer", Rate::Error.of(&counts), &wanted["cer"]);
    let cer = characters.score(Rate::Error, reference, candidate);
    tally.close("cer", cer, &wanted["cer"]);
    same(
        tally,
        &counts,
        wanted,
        ["c_hits", "c_sub", "c_ins", "c_del"],
    );
}

fn same(tally: &mut Tally, counts: &Counts, wanted: &Value, keys: [&str; 4]) {
    let ours = [
        counts.hits,
        counts.substitutions,
        counts.insertions,
        counts.deletions,
    ];
    for (key, ours) in keys.into_iter().zip(ours) {
        tally.same(key, &json!(ours), &wanted[key]);
    }
}

/// The groups' `jiwer`: counts added up, without pairs whose reference is blank.
pub(crate) fn corpus(goldens: &Value, tally: &mut Tally) {
    let all = goldens["pairs"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, group) in goldens["corpus"].as_object().into_iter().flatten() {
        let ids = group["ids"].as_array().map_or(&[][..], Vec::as_slice);
        let pairs: Vec<_> = all.iter().filter(|p| ids.contains(&p["id"])).collect();
        tally.case(format!("corpus.{name}:jiwer"));
        tally.holds("all pairs are there", pairs.len() == ids.len());
        compare(&pairs, &group["jiwer"], tally);
    }
}

fn compare(pairs: &[&Value], wanted: &Value, tally: &mut Tally) {
    let mut scorers = [Scorer::new(Unit::Words), Scorer::new(Unit::Characters)];
    let [words, characters] = scorers.each_mut().map(|scorer| {
        let mut sum = Counts::default();
        for pair in pairs {
            let (candidate, reference) = texts(pair);
            if reference.trim().is_empty() {
                continue;
            }
            sum += scorer.counts(reference, candidate);
        }
        sum
    });
    for (key, rate) in RATES {
        tally.close(key, rate.of(&words), &wanted[key]);
    }
    tally.close("cer", Rate::Error.of(&characters), &wanted["cer"]);
}
