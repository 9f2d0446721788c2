//! Dense vectors -> labels and lemmas of the words that the dictionaries do not settle.

use pulp::{Arch, NullaryFnOnce};

use super::words::Place;
use super::{CHOOSE, Room, SCRIPTS, TAGS, Tagger, lemma_key};
use crate::doc::DocBuilder;
use crate::engine::{ContextRows, Engine, Sequence};
use crate::features::{CONTEXTS, contexts};
use crate::lexicon::NOWHERE;

impl Tagger {
    /// Finds the context rows of the words that are wanted.
    pub(super) fn contexts(&self, bytes: &[u8], room: &mut Room) {
        let Room {
            bounds,
            places,
            contexts: ContextRows { rows, ends },
            wanted,
            hashes,
            found,
            ..
        } = room;
        hashes.clear();
        let mut bounds = bounds.iter();
        let mut sentence = 0..0;
        for word in &*wanted {
            while *word as usize >= sentence.end {
                sentence = bounds.next().expect("every word is in a sentence").clone();
            }
            let places = &places[sentence.clone()];
            hashes.extend(contexts(
                *word as usize - sentence.start,
                places.len(),
                |at| places[at].extra.lower,
                |at| places[at].extra.ending,
            ));
        }
        self.contexts.find_all(bytes, hashes, found);
        rows.clear();
        ends.clear();
        for found in found.chunks_exact(CONTEXTS) {
            rows.extend(found.iter().copied().filter(|place| *place != NOWHERE));
            ends.push(rows.len() as u32);
        }
    }

    /// Decides the labels of the wanted words, and the lemmas that the dictionary has.
    pub(super) fn labels(
        &self,
        arch: Arch,
        bytes: &[u8],
        first: usize,
        room: &mut Room,
        doc: &mut DocBuilder,
    ) {
        let Room {
            lemmas,
            places,
            sequences,
            wanted,
            free,
            edits,
            tags,
            hashes,
            found,
            scores,
            some_scores,
            ..
        } = room;
        free.clear();
        edits.clear();
        tags.clear();
        hashes.clear();
        for (at, word) in wanted.iter().enumerate() {
            if self.choices(&places[*word as usize].extra).is_empty() {
                free.push(at as u32);
            }
        }
        self.scores(TAGS, free, sequences, scores);
        let mut rows = scores.chunks_exact(self.engines[0].head_width(TAGS));
        for (at, word) in wanted.iter().enumerate() {
            let Place { key, extra, .. } = &places[*word as usize];
            let label = match self.choices(extra) {
                [only] => *only as usize,
                [] => self.best_label(rows.next().expect("a row a word")),
                some => {
                    self.some_scores(arch, some, sequences, at, some_scores);
                    let sums = some_scores.chunks_exact(3);
                    some[best(sums.map(|label| label.iter().sum()))] as usize
                }
            };
            self.set_tags(first + *word as usize, label, doc);
            let tag = self.labels[label][self.lemma_column];
            tags.push(tag);
            hashes.push(lemma_key(*key, tag));
        }
        if !*lemmas {
            return;
        }
        self.lemmas.find_all(bytes, hashes, found);
        for (at, word) in wanted.iter().enumerate() {
            let mut fits = false;
            if found[at] != NOWHERE
                && let script = self.lemma_scripts[found[at] as usize]
                && script != CHOOSE
            {
                doc.write_lemma(first + *word as usize, |form, out| {
                    fits = self.scripts[script as usize].apply(form, out);
                });
            }
            if !fits {
                edits.push(at as u32);
            }
        }
    }

    /// The best label by the scores of all columns; the first of the best.
    pub(super) fn best_label(&self, scores: &[i32]) -> usize {
        let [x, u, f, end] = self.heads;
        let feats = &scores[f..end];
        let most = feats.iter().copied().max().unwrap_or(0);
        let mut best = (i32::MIN, 0);
        for group in &self.groups {
            let base = scores[x + group.xpos as usize] + scores[u + group.upos as usize];
            // No label of the group can reach the best: most groups end here.
            if base + most < best.0 {
                continue;
            }
            for (feats_place, label) in &group.labels {
                let sum = base + feats[*feats_place as usize];
                if sum > best.0 || sum == best.0 && *label < best.1 {
                    best = (sum, *label);
                }
            }
        }
        best.1 as usize
    }

    /// Chooses scripts for the words that the dictionary has no lemma of.
    pub(super) fn edits(&self, first: usize, room: &mut Room, doc: &mut DocBuilder) {
        let Room {
            sequences,
            wanted,
            edits,
            tags,
            scores,
            ..
        } = room;
        self.scores(SCRIPTS, edits, sequences, scores);
        let width = self.engines[0].head_width(SCRIPTS);
        for (row, at) in edits.iter().enumerate() {
            let scores = &mut scores[row * width..][..width];
            let allowed = &self.allowed[tags[*at as usize] as usize];
            let word = first + wanted[*at as usize] as usize;
            doc.write_lemma(word, |form, out| {
                // A script that takes off more than there is does not fit; most often the first does.
                for _ in allowed {
                    let place = best(allowed.iter().map(|script| scores[*script as usize]));
                    let script = allowed[place] as usize;
                    if self.scripts[script].apply(form, out) {
                        return;
                    }
                    scores[script] = i32::MIN;
                }
                out.push_str(form);
            });
        }
    }

    /// Scores of a part of the heads, summed over the networks.
    pub(super) fn scores(
        &self,
        part: usize,
        which: &[u32],
        sequences: &mut [Sequence],
        scores: &mut Vec<i32>,
    ) {
        for (member, (engine, sequence)) in self.engines.iter().zip(sequences).enumerate() {
            engine.heads(part, which, sequence, member > 0, scores);
        }
    }

    /// Scores of the columns of some labels, three a label, summed over the networks.
    pub(super) fn some_scores(
        &self,
        arch: Arch,
        labels: &[u16],
        sequences: &[Sequence],
        at: usize,
        scores: &mut Vec<i32>,
    ) {
        scores.clear();
        scores.resize(labels.len() * 3, 0);
        for (engine, sequence) in self.engines.iter().zip(sequences) {
            arch.dispatch(SomeScores {
                tagger: self,
                engine,
                labels,
                dense: sequence.dense(engine, at),
                scores,
            });
        }
    }
}

/// The work as a type: a closure would not be compiled for the wider registers.
struct SomeScores<'a> {
    tagger: &'a Tagger,
    engine: &'a Engine,
    labels: &'a [u16],
    dense: &'a [i16],
    scores: &'a mut [i32],
}

impl NullaryFnOnce for SomeScores<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (label, scores) in self.labels.iter().zip(self.scores.chunks_exact_mut(3)) {
            let label = self.tagger.labels[*label as usize];
            for (column, score) in scores.iter_mut().enumerate() {
                let output = self.tagger.heads[column] + label[column] as usize;
                *score += self.engine.heads.score(self.dense, output);
            }
        }
    }
}

/// The first of the largest.
fn best(scores: impl Iterator<Item = i32>) -> usize {
    let mut best = (0, i32::MIN);
    for (place, score) in scores.enumerate() {
        if score > best.1 {
            best = (place, score);
        }
    }
    best.0
}
