//! Features of a treebank's forms: which are frequent enough to be kept, and the rows of each word.

use std::collections::HashMap;

use super::rng::Rng;
use super::sentence::Noise;
use crate::features::{CONTEXTS, Features, contexts};

/// Features that are kept: sorted hashes and how often each was seen.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    pub(crate) hashes: Vec<u64>,
    counts: Vec<u32>,
    first_row: u32,
}

/// What stands in place of a row that is left out.
pub(crate) const LEFT_OUT: u32 = u32::MAX;

/// The rows of one word; the first `whole` are of the whole form.
#[derive(Clone, Debug)]
pub(crate) struct WordRows {
    rows: Vec<u32>,
    whole: usize,
    count: u32,
}

impl Vocabulary {
    /// Counts the features of `forms`; those seen `least` times are kept. Rows begin at `first_row`.
    pub(crate) fn count<'a>(
        forms: impl Iterator<Item = &'a str>,
        least: u32,
        first_row: u32,
    ) -> Self {
        let mut seen: HashMap<u64, u32> = HashMap::new();
        let mut features = Features::default();
        for form in forms {
            features.of(form);
            for hash in &features.hashes {
                *seen.entry(*hash).or_default() += 1;
            }
        }
        let mut kept: Vec<(u64, u32)> = seen
            .into_iter()
            .filter(|(_, count)| *count >= least)
            .collect();
        kept.sort_unstable();
        let (hashes, counts) = kept.into_iter().unzip();
        Self {
            hashes,
            counts,
            first_row,
        }
    }

    /// Rows of the table that the features need.
    pub(crate) fn rows(&self) -> usize {
        self.first_row as usize + self.hashes.len()
    }

    /// How often the feature of a row was seen; the rows before the first are needed always.
    pub(crate) fn seen(&self, row: usize) -> u32 {
        match row.checked_sub(self.first_row as usize) {
            Some(place) => self.counts[place],
            None => u32::MAX,
        }
    }

    /// Keeps the features of some rows, in order.
    pub(crate) fn keep_rows(&mut self, rows: &[usize]) {
        let places = rows
            .iter()
            .filter_map(|row| row.checked_sub(self.first_row as usize));
        let kept: Vec<(u64, u32)> = places
            .map(|place| (self.hashes[place], self.counts[place]))
            .collect();
        (self.hashes, self.counts) = kept.into_iter().unzip();
    }

    /// The rows of a form.
    pub(crate) fn word(&self, form: &str, features: &mut Features) -> WordRows {
        features.of(form);
        let mut word = WordRows {
            rows: Vec::with_capacity(features.hashes.len()),
            whole: 0,
            count: 0,
        };
        for (index, hash) in features.hashes.iter().enumerate() {
            if let Ok(place) = self.hashes.binary_search(hash) {
                if index < features.whole {
                    word.whole += 1;
                    word.count = word.count.max(self.counts[place]);
                }
                word.rows.push(self.first_row + place as u32);
            }
        }
        word
    }
}

impl WordRows {
    /// All rows.
    pub(crate) fn all(&self) -> &[u32] {
        &self.rows
    }

    /// Moves the rows to their new places.
    pub(crate) fn move_rows(&mut self, new: &[u32]) {
        let whole = self.rows[..self.whole]
            .iter()
            .filter(|row| new[**row as usize] != LEFT_OUT)
            .count();
        self.whole = whole;
        self.rows.retain_mut(|row| {
            *row = new[*row as usize];
            *row != LEFT_OUT
        });
    }

    /// Some rows: rare forms are often hidden, so that unknown ones are learned; any other feature
    /// now and then.
    pub(crate) fn some(&self, noise: &Noise, rng: &mut Rng, out: &mut Vec<u32>) {
        let hide = rng.unit() < noise.rare / (noise.rare + self.count as f32) + noise.form;
        for (index, row) in self.rows.iter().enumerate() {
            let kept = if index < self.whole {
                !hide
            } else {
                rng.unit() >= noise.feature
            };
            if kept {
                out.push(*row);
            }
        }
    }
}

/// Context features of a sentence, word by word.
pub(crate) fn contexts_of<'a>(
    forms: impl Iterator<Item = &'a str>,
    features: &mut Features,
) -> Vec<[u64; CONTEXTS]> {
    let hashes: Vec<(u64, u64)> = forms
        .map(|form| {
            features.of(form);
            (features.hashes[0], features.suffix)
        })
        .collect();
    let len = hashes.len();
    (0..len)
        .map(|at| contexts(at, len, |i| hashes[i].0, |i| hashes[i].1))
        .collect()
}

/// The contexts that are seen at least `least` times, sorted, and how often.
pub(crate) fn frequent(
    all: impl Iterator<Item = [u64; CONTEXTS]>,
    least: u32,
) -> (Vec<u64>, Vec<u32>) {
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for hash in all.flatten() {
        *seen.entry(hash).or_default() += 1;
    }
    let mut kept: Vec<(u64, u32)> = seen
        .into_iter()
        .filter(|(_, count)| *count >= least)
        .collect();
    kept.sort_unstable();
    kept.into_iter().unzip()
}
