//! Lexical diversity against lexicalrichness 0.5.1, and laws that hold for any words.
//!
//! `lexical_diversity.jsonl` holds what `scripts/goldens/lexical.py` prints for
//! `lexical_diversity.txt`.

#[cfg(feature = "english")]
use botsmith_nlp::lexical_diversity::Unit;
use botsmith_nlp::lexical_diversity::Vocabulary;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn values_equal_those_of_lexicalrichness() {
    let texts = include_str!("lexical_diversity.txt").lines();
    let rows = include_str!("lexical_diversity.jsonl").lines();
    let mut compared = 0;
    for (text, row) in texts.zip(rows) {
        let words = Vocabulary::of_words(text.to_lowercase().split_whitespace());
        let wanted: Value = serde_json::from_str(row).expect("JSON");
        assert_eq!(wanted["words"], words.len());
        for (key, ours) in [
            ("ttr", words.ttr()),
            ("root_ttr", words.root_ttr()),
            ("mattr", words.mattr(25)),
            ("mtld", words.mtld(0.72)),
            ("hdd", words.hdd(42)),
            ("yules_k", words.yules_k()),
        ] {
            let (ours, wanted) = (
                ours.expect("a value"),
                wanted[key].as_f64().expect("a number"),
            );
            let near = (ours - wanted).abs() <= 1e-9 * wanted.abs().max(1.0);
            assert!(near, "{key} of {text:.30} is {ours}, wanted {wanted}");
            compared += 1;
        }
    }
    assert_eq!(compared, 24);
}

#[test]
#[cfg(feature = "english")]
fn a_document_gives_its_words_without_punctuation_and_by_form_or_lemma() {
    let pipeline = botsmith_nlp::Pipeline::english().expect("the model is inside");
    let doc = pipeline
        .annotate("She goes home. They went home!")
        .expect("short");
    let forms = Vocabulary::of_doc(&doc, Unit::Form);
    assert_eq!((forms.len(), forms.types()), (6, 5));
    let lemmas = Vocabulary::of_doc(&doc, Unit::Lemma);
    assert_eq!((lemmas.len(), lemmas.types()), (6, 4));
}

proptest! {
    #[test]
    fn every_value_stays_in_its_range(words in proptest::collection::vec("[a-e]", 1..80), window in 1_usize..30) {
        let vocabulary = Vocabulary::of_words(&words);
        let n = words.len() as f64;
        let ttr = vocabulary.ttr().expect("there are words");
        prop_assert!(ttr > 0.0 && ttr <= 1.0);
        let mtld = vocabulary.mtld(0.72).expect("there are words");
        prop_assert!((1.0..=(n * n).max(2.0)).contains(&mtld), "{mtld}");
        let k = vocabulary.yules_k().expect("there are words");
        prop_assert!((-1e-9..=10_000.0).contains(&k));
        if let Some(mattr) = vocabulary.mattr(window) {
            prop_assert!(mattr > 0.0 && mattr <= 1.0 + 1e-12);
        }
        if let Some(hdd) = vocabulary.hdd(window) {
            prop_assert!(hdd > 0.0 && hdd <= 1.0 + 1e-12);
        }
        // A window and a sample of all words see the text's own ratio.
        prop_assert!((vocabulary.mattr(words.len()).expect("long enough") - ttr).abs() < 1e-9);
        prop_assert!((vocabulary.hdd(words.len()).expect("long enough") - ttr).abs() < 1e-9);
    }
}
