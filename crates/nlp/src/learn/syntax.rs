//! A treebank's syntax -> labels that only training sees: what each word is to its head, and where and
//! what that head is.
//!
//! Whoever has to say these too learns layers that tell more of the tags (Caruana 1997,
//! <https://doi.org/10.1023/A:1007379606734>). The heads for them are left out of the model, which so
//! costs nothing more. A treebank without syntax has none of them.

use std::collections::BTreeMap;

use super::loss::NO_LABEL;
use crate::{Doc, Sentence};

/// Columns of labels that a word has here.
pub(super) const COLUMNS: usize = 2;
/// Times that a label must be seen to be learned.
const LEAST_SEEN: u32 = 10;

/// The labels of the training part, numbered.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    places: [BTreeMap<String, u32>; COLUMNS],
}

/// Both labels of each word of a sentence; none where its syntax is not said.
fn labels(sentence: Sentence<'_>) -> impl Iterator<Item = Option<[String; COLUMNS]>> {
    let words = sentence.word_range();
    let doc = sentence.doc();
    words.clone().map(move |index| {
        let (head, relation) = doc.extras()?.syntax(index)?;
        let head: usize = head.parse().ok()?;
        let head = match head.checked_sub(1) {
            None => "root".to_owned(),
            Some(place) if place < words.len() => {
                let place = words.start + place;
                let side = if place < index { '<' } else { '>' };
                format!("{side}{}", doc.word(place)?.upos())
            }
            Some(_) => return None,
        };
        Some([relation.to_owned(), head])
    })
}

impl Syntax {
    /// Numbers the labels that are frequent in `train`.
    pub(super) fn count(train: &[&Doc]) -> Self {
        let mut seen: [BTreeMap<String, u32>; COLUMNS] = Default::default();
        for sentence in train.iter().flat_map(|doc| doc.sentences()) {
            for found in labels(sentence).flatten() {
                for (seen, label) in seen.iter_mut().zip(found) {
                    *seen.entry(label).or_default() += 1;
                }
            }
        }
        let places = seen.map(|seen| {
            let kept = seen.into_iter().filter(|(_, count)| *count >= LEAST_SEEN);
            kept.map(|(label, _)| label).zip(0..).collect()
        });
        Self { places }
    }

    /// How many labels each column has; one at least, as every head has.
    pub(super) fn sizes(&self) -> [usize; COLUMNS] {
        self.places.each_ref().map(|places| places.len().max(1))
    }

    /// The labels of a sentence's words, a list a column.
    pub(super) fn of(&self, sentence: Sentence<'_>) -> [Vec<u32>; COLUMNS] {
        let mut lists: [Vec<u32>; COLUMNS] = Default::default();
        for found in labels(sentence) {
            for (column, list) in lists.iter_mut().enumerate() {
                let label = found.as_ref().map(|found| &found[column]);
                let place = label.and_then(|label| self.places[column].get(label));
                list.push(place.copied().unwrap_or(NO_LABEL));
            }
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_labelled_by_what_it_is_to_its_head_and_by_the_head() {
        let sentence = "1\tDogs\tdog\tNOUN\tNNS\t_\t2\tnsubj\t_\t_\n\
                        2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n\
                        3\t.\t.\tPUNCT\t.\t_\t9\tpunct\t_\t_\n\n";
        let doc = crate::conllu::read("t.conllu", &sentence.repeat(10)).expect("a treebank");
        let first = doc.sentence(0).expect("ten sentences");
        let found: Vec<_> = labels(first).collect();
        let label = |relation: &str, head: &str| Some([relation.to_owned(), head.to_owned()]);
        assert_eq!(
            found,
            [label("nsubj", ">VERB"), label("root", "root"), None]
        );
        let syntax = Syntax::count(&[&doc]);
        assert_eq!(syntax.sizes(), [2, 2]);
        assert_eq!(syntax.of(first), [[0, 1, NO_LABEL], [0, 1, NO_LABEL]]);
        let once = crate::conllu::read("t.conllu", sentence).expect("a treebank");
        assert_eq!(Syntax::count(&[&once]).sizes(), [1, 1]);
    }
}
