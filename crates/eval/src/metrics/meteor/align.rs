//! Which word of the candidate goes with which word of the reference.

use super::wordnet::{Forms, WordNet};
use crate::metrics::intern::Interner;
use crate::metrics::porter::{Mode, Stemmer};
use crate::metrics::python::{lower_into, words};

/// No place, no number.
const NONE: u32 = u32::MAX;

/// Memory of one alignment, used again for the next. Words and stems are numbered by one
/// interner.
#[derive(Clone, Debug)]
pub(super) struct Aligner {
    tokens: Interner,
    stemmer: Stemmer,
    lower: String,
    candidate: Vec<u32>,
    reference: Vec<u32>,
    /// The stem of each word, where it was needed.
    stems: Vec<u32>,
    /// The place in the reference that each word of the candidate is matched with.
    matched: Vec<u32>,
    /// Whether each place of the reference is taken.
    taken: Vec<bool>,
    /// The last free place of the reference that has each word...
    last: Vec<u32>,
    /// ... and the one before each place.
    before: Vec<u32>,
    forms: Forms,
}

impl Default for Aligner {
    fn default() -> Self {
        Self {
            tokens: Interner::default(),
            stemmer: Stemmer::new(Mode::Nltk),
            lower: String::new(),
            candidate: Vec::new(),
            reference: Vec::new(),
            stems: Vec::new(),
            matched: Vec::new(),
            taken: Vec::new(),
            last: Vec::new(),
            before: Vec::new(),
            forms: Forms::default(),
        }
    }
}

impl Aligner {
    /// Takes another candidate.
    pub(super) fn candidate(&mut self, text: &str) {
        self.tokens.clear();
        self.stems.clear();
        read(text, &mut self.candidate, &mut self.tokens, &mut self.lower);
    }

    /// Takes another reference for the candidate.
    pub(super) fn reference(&mut self, text: &str) {
        read(text, &mut self.reference, &mut self.tokens, &mut self.lower);
    }

    /// Words of the candidate and of the reference.
    pub(super) fn lengths(&self) -> (usize, usize) {
        (self.candidate.len(), self.reference.len())
    }

    /// Aligns the two texts in three stages, each on what the one before has left.
    pub(super) fn align(&mut self, wordnet: Option<&WordNet>) {
        self.matched.clear();
        self.matched.resize(self.candidate.len(), NONE);
        self.taken.clear();
        self.taken.resize(self.reference.len(), false);
        self.before.clear();
        self.before.resize(self.reference.len(), NONE);
        self.index(|_, word| word);
        self.stage(|_, _, word| word);
        if !self.stem_what_is_left() {
            return;
        }
        self.index(|stems, word| stems[word as usize]);
        self.stage(|aligner, _, word| aligner.stems[word as usize]);
        let Some(wordnet) = wordnet else { return };
        if !self.open() {
            return;
        }
        let mut forms = std::mem::take(&mut self.forms);
        self.index(|stems, word| stems[word as usize]);
        self.stage(|aligner, last, word| {
            let stem = aligner.tokens.get(aligner.stems[word as usize]);
            let mut best = None;
            // What is equal is matched by now, so the synonyms of a word need not hold itself.
            wordnet.synonyms(stem, &mut forms, |synonym| {
                if let Some(id) = aligner.tokens.find(synonym)
                    && last[id as usize] != NONE
                {
                    best = best.max(Some((last[id as usize], id)));
                }
            });
            best.map_or(NONE, |(_, id)| id)
        });
        self.forms = forms;
    }

    /// Finds the free places of the reference by `key` of their words.
    fn index(&mut self, key: impl Fn(&[u32], u32) -> u32) {
        self.last.clear();
        self.last.resize(self.tokens.len(), NONE);
        for (place, &word) in self.reference.iter().enumerate() {
            if !self.taken[place] {
                let last = &mut self.last[key(&self.stems, word) as usize];
                self.before[place] = *last;
                *last = place as u32;
            }
        }
    }

    /// Goes through the free words of the candidate, last first, and matches each with the last
    /// free place of the reference under the key that `key` gives; [`NONE`] is no key.
    fn stage(&mut self, mut key: impl FnMut(&Self, &[u32], u32) -> u32) {
        let mut last = std::mem::take(&mut self.last);
        for at in (0..self.candidate.len()).rev() {
            if self.matched[at] != NONE {
                continue;
            }
            let key = key(self, &last, self.candidate[at]);
            let Some(last) = last.get_mut(key as usize) else {
                continue;
            };
            if *last != NONE {
                let place = *last as usize;
                self.matched[at] = *last;
                self.taken[place] = true;
                *last = self.before[place];
            }
        }
        self.last = last;
    }

    /// Whether both texts have words left.
    fn open(&self) -> bool {
        self.matched.contains(&NONE) && self.taken.contains(&false)
    }

    /// Gives each word that is left its stem; whether both texts have words left.
    fn stem_what_is_left(&mut self) -> bool {
        if !self.open() {
            return false;
        }
        self.stems.resize(self.tokens.len(), NONE);
        let candidate = self.candidate.iter().zip(&self.matched);
        let reference = self.reference.iter().zip(&self.taken);
        let left = candidate
            .filter(|(_, place)| **place == NONE)
            .map(|(word, _)| *word)
            .chain(reference.filter(|(_, taken)| !**taken).map(|(w, _)| *w));
        for id in left {
            if self.stems[id as usize] == NONE {
                self.lower.clear();
                let word = str::from_utf8(self.tokens.get(id));
                self.lower
                    .push_str(word.expect("words are parts of a text"));
                let stem = self.stemmer.stem(&self.lower);
                self.stems[id as usize] = self.tokens.intern(stem.as_bytes());
            }
        }
        true
    }

    /// How many words are matched, and in how many runs that are side by side in both texts.
    pub(super) fn matches_and_chunks(&self) -> (usize, usize) {
        let (mut matches, mut chunks) = (0, 0);
        let mut follows = None;
        for &place in &self.matched {
            if place == NONE {
                follows = None;
                continue;
            }
            matches += 1;
            chunks += usize::from(follows != Some(place));
            follows = Some(place + 1);
        }
        (matches, chunks)
    }

    /// Bytes that the buffers hold on to, about.
    pub(super) fn capacity(&self) -> usize {
        self.tokens.capacity()
            + 5 * (self.matched.capacity() + self.taken.capacity())
            + 4 * (self.candidate.capacity() + self.reference.capacity())
            + 4 * (self.stems.capacity() + self.last.capacity() + self.before.capacity())
    }
}

fn read(text: &str, out: &mut Vec<u32>, tokens: &mut Interner, lower: &mut String) {
    out.clear();
    words(text, |word| {
        lower.clear();
        lower_into(word, lower);
        out.push(tokens.intern(lower.as_bytes()));
    });
}
