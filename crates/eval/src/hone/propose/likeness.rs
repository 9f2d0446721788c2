//! How alike two texts are: texts -> sets of lemmas of their content words -> F1 in `[0, 1]`.
//!
//! Each text is read once; English, as the pipeline reads it. Two texts without content words are not
//! alike.

use std::collections::BTreeSet;

use crate::Result;
use crate::reading;

/// The lemmas of a text's content words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lemmas(BTreeSet<String>);

impl Lemmas {
    /// Reads a text.
    ///
    /// # Errors
    /// If this build holds no English model, or the text is longer than a document can be.
    pub(super) fn of(text: &str) -> Result<Self> {
        let doc = reading::read_answer(text)?;
        let content = |upos: &str| {
            matches!(
                upos,
                "NOUN" | "PROPN" | "VERB" | "ADJ" | "ADV" | "NUM" | "X"
            )
        };
        let words = doc.words().filter(|word| content(word.upos()));
        Ok(Self(
            words
                .map(|word| match word.lemma() {
                    "_" => word.form().to_lowercase(),
                    lemma => lemma.to_lowercase(),
                })
                .collect(),
        ))
    }

    /// F1 of the two sets.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let shared = self.0.intersection(&other.0).count();
        match self.0.len() + other.0.len() {
            0 => 0.0,
            all => 2.0 * shared as f64 / all as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_are_alike() {
        let read = |text| Lemmas::of(text).unwrap();
        let refund = read("I want refunds for two broken lamps.");
        assert!((refund.likeness(&refund) - 1.0).abs() < 1e-12);
        let near = refund.likeness(&read("The lamp broke; refund me."));
        let far = refund.likeness(&read("Where is your nearest shop?"));
        assert!(near > far + 0.2, "{near} {far}");
        assert_eq!(read("").likeness(&read("")), 0.0);
    }
}
