//! ROUGE (rouge-score), METEOR and the Porter stemmer (nltk).

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use botsmith_eval::metrics::meteor::{self, WordNet};
use botsmith_eval::metrics::porter::{Mode, stem};
use botsmith_eval::metrics::rouge::{Rouge, Scorer, Variant};
use serde_json::{Value, json};

use super::tally::Tally;

fn texts(pair: &Value) -> (&str, Vec<&str>) {
    let references = pair["refs"].as_array().map_or(&[][..], Vec::as_slice);
    (
        pair["cand"].as_str().unwrap_or_default(),
        references.iter().filter_map(Value::as_str).collect(),
    )
}

pub(crate) fn rouge(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let (candidate, references) = texts(pair);
    for (form, stemmer) in [("plain", false), ("stem", true)] {
        let mut scorer = Scorer::new(stemmer);
        let Some(wanted) = wanted[form].as_object() else {
            tally.holds(&format!("{form} is there"), false);
            continue;
        };
        for (name, wanted) in wanted {
            let variant = match name.strip_prefix("rouge") {
                Some("L") => Variant::L,
                Some("Lsum") => Variant::Lsum,
                Some(n) if n.parse::<usize>().is_ok() => Variant::N(n.parse().unwrap_or(0)),
                _ => {
                    tally.holds(&format!("the variant {name} is known"), false);
                    continue;
                }
            };
            let one = scorer.best(candidate, &references[..references.len().min(1)], variant);
            let best = scorer.best(candidate, &references, variant);
            let parts = |rouge: Rouge| [rouge.precision, rouge.recall, rouge.f];
            for (i, part) in ["p", "r", "f"].iter().enumerate() {
                let key = format!("{form}.{name}.{part}");
                tally.close(&key, parts(one)[i], &wanted[part]);
                tally.close(&format!("{key} multi"), parts(best)[i], &wanted["multi"][i]);
            }
        }
    }
}

/// Synonyms need the files of a `WordNet`, which are not in the repository.
fn wordnet() -> Option<Arc<WordNet>> {
    static WORDNET: OnceLock<Option<Arc<WordNet>>> = OnceLock::new();
    let open = || {
        let Some(folder) = std::env::var_os("BOTSMITH_WORDNET").map(PathBuf::from) else {
            println!("    meteor.wordnet skipped: BOTSMITH_WORDNET names no WordNet folder");
            return None;
        };
        match WordNet::open(&folder) {
            Ok(wordnet) => Some(Arc::new(wordnet)),
            // Named and unreadable is a failure, not a skip.
            Err(error) => panic!("BOTSMITH_WORDNET: {error}"),
        }
    };
    WORDNET.get_or_init(open).clone()
}

pub(crate) fn meteor(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let (candidate, references) = texts(pair);
    let mut options = meteor::Options::default();
    let score = |options: &meteor::Options| meteor::sentence(candidate, &references, options).score;
    tally.close("exact_stem", score(&options), &wanted["exact_stem"]);
    options.wordnet = wordnet();
    match (&options.wordnet, &wanted["wordnet"]) {
        (_, Value::Null) => {}
        (None, _) => tally.skip(),
        (Some(_), wanted) => tally.close("wordnet", score(&options), wanted),
    }
}

const MODES: [(&str, Mode); 3] = [
    ("NLTK_EXTENSIONS", Mode::Nltk),
    ("MARTIN_EXTENSIONS", Mode::Martin),
    ("ORIGINAL_ALGORITHM", Mode::Original),
];

pub(crate) fn porter(wanted: &Value, tally: &mut Tally) {
    for (word, stems) in wanted.as_object().into_iter().flatten() {
        tally.case(format!("porter {word:?}"));
        for (i, (name, mode)) in MODES.iter().enumerate() {
            tally.same(name, &json!(stem(word, *mode)), &stems[i]);
        }
    }
}

/// The order of the values in `porter`.
pub(crate) fn porter_modes(wanted: &Value, tally: &mut Tally) {
    tally.case("porter_modes");
    tally.same("names", &json!(MODES.map(|(name, _)| name)), wanted);
}
