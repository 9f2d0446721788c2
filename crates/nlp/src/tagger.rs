//! Words of a sentence -> UPOS, XPOS, FEATS and lemmas.
//!
//! Three columns are scored apart and decoded together: the best label that training has shown
//! (XPOS, UPOS and FEATS at once), among those of the form where the form is well known. The lemma is
//! looked up by form and tag, or made by the best script that fits.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use crate::cache::{Cache, Extra};
use crate::doc::DocBuilder;
use crate::engine::{Engine, Sequence};
use crate::features::{Features, clipped, contexts, hash};
use crate::lexicon::Lexicon;
use crate::model::Meta;
use crate::script::Script;

/// Rows of the table before those of features.
pub(crate) const BEFORE: u32 = 0;
pub(crate) const BEHIND: u32 = 1;
/// The longest sentence tagged at once, in words.
pub(crate) const LONGEST: usize = 512;
/// In the table of scripts: let the network choose.
pub(crate) const CHOOSE: u16 = u16::MAX;

/// Row of the table of a feature at `place` in the lexicon.
pub(crate) fn row(place: usize) -> u32 {
    (place + 2) as u32
}

/// The key of a form with a tag in the lexicon of lemmas.
pub(crate) fn lemma_key(form: u64, tag: u16) -> u64 {
    let mixed = (form ^ (u64::from(tag) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 31
}

/// The tagger.
#[derive(Debug)]
pub(crate) struct Tagger {
    /// Networks that vote: their scores are added.
    engines: Vec<Engine>,
    features: Lexicon,
    contexts: Lexicon,
    /// XPOS, UPOS, FEATS, as places in their lists.
    labels: Vec<[u16; 3]>,
    /// Labels of well known forms: `choices[starts[place]..starts[place + 1]]`.
    forms: Lexicon,
    starts: Vec<u32>,
    choices: Vec<u16>,
    lemmas: Lexicon,
    lemma_scripts: Vec<u16>,
    scripts: Vec<Script>,
    allowed: Vec<Vec<u16>>,
    lemma_column: usize,
    has_lemmas: bool,
    /// Where each column's scores begin.
    heads: [usize; 4],
    scored: usize,
}

/// Room for tagging, kept between texts.
#[derive(Debug)]
pub(crate) struct Room {
    sequences: Vec<Sequence>,
    features: Features,
    rows: Vec<u32>,
    vector: Vec<i32>,
    cache: Cache,
    before: Vec<i16>,
    behind: Vec<i16>,
    places: Vec<(u64, Extra)>,
    scores: Vec<i32>,
}

impl Tagger {
    /// Puts a tagger together and checks it.
    pub(crate) fn new(
        bytes: &[u8],
        meta: &Meta,
        engines: Vec<Engine>,
        (features, contexts): (Lexicon, Lexicon),
        (forms, choices): (Lexicon, Range<usize>),
        (lemmas, scripts): (Lexicon, Range<usize>),
    ) -> Result<Self, String> {
        let narrow = |range: Range<usize>| -> Vec<u16> {
            bytes[range]
                .chunks_exact(2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect()
        };
        // First how many each form has, then all of them.
        let mut choices = narrow(choices);
        if choices.len() < forms.len() {
            return Err("section `tag.choices` is too short".into());
        }
        let labels = choices.split_off(forms.len());
        let mut starts = vec![0u32];
        for count in choices {
            starts.push(starts[starts.len() - 1] + u32::from(count));
        }
        let (x, u, f) = (meta.xpos.len(), meta.upos.len(), meta.feats.len());
        let tagger = Self {
            labels: meta.labels.clone(),
            forms,
            starts,
            choices: labels,
            lemmas,
            lemma_scripts: narrow(scripts),
            scripts: meta.scripts.clone(),
            allowed: meta.allowed.clone(),
            lemma_column: usize::from(!meta.lemma_by_xpos),
            has_lemmas: meta.info.columns.iter().any(|column| column == "lemma"),
            heads: [0, x, x + u, x + u + f],
            scored: meta.scored,
            features,
            contexts,
            engines,
        };
        tagger.check([x, u, f])?;
        Ok(tagger)
    }

    fn check(&self, sizes: [usize; 3]) -> Result<(), String> {
        let inside = |label: &[u16; 3]| {
            label
                .iter()
                .zip(sizes)
                .all(|(place, size)| (*place as usize) < size)
        };
        if self.labels.is_empty() || !self.labels.iter().all(inside) {
            return Err("a label outside the lists".into());
        }
        if *self.starts.last().expect("begins with 0") as usize != self.choices.len()
            || self.starts.windows(2).any(|pair| pair[0] == pair[1])
            || self
                .choices
                .iter()
                .any(|label| *label as usize >= self.labels.len())
        {
            return Err("section `tag.choices` names labels that are not there".into());
        }
        if self.lemma_scripts.len() != self.lemmas.len()
            || self
                .lemma_scripts
                .iter()
                .any(|s| *s != CHOOSE && *s as usize >= self.scripts.len())
            || self.scored > self.scripts.len()
            || self.allowed.len() != sizes[self.lemma_column]
            || self
                .allowed
                .iter()
                .flatten()
                .any(|s| *s as usize >= self.scored)
        {
            return Err("a lemma names a script that is not there".into());
        }
        let fits = |engine: &Engine| {
            engine.rows.scales.len() == self.features.len() + 2
                && engine.contexts.scales.len() == self.contexts.len()
        };
        if self.engines.is_empty() || !self.engines.iter().all(fits) {
            return Err("the tagger has not a row a feature".into());
        }
        Ok(())
    }

    pub(crate) fn room(&self, arch: Arch, bytes: &[u8]) -> Room {
        let width = self.engines.iter().map(Engine::product_len).sum();
        let mut vector = Vec::new();
        let mut fixed = |row: u32| {
            let mut out = vec![0; width];
            self.products(arch, bytes, &[row], &mut vector, &mut out);
            out
        };
        Room {
            before: fixed(BEFORE),
            behind: fixed(BEHIND),
            sequences: vec![Sequence::default(); self.engines.len()],
            features: Features::default(),
            rows: Vec::new(),
            vector: Vec::new(),
            cache: Cache::new(2048, width),
            places: Vec::new(),
            scores: Vec::new(),
        }
    }

    fn products(
        &self,
        arch: Arch,
        bytes: &[u8],
        rows: &[u32],
        vector: &mut Vec<i32>,
        mut out: &mut [i16],
    ) {
        for engine in &self.engines {
            let (part, rest) = out.split_at_mut(engine.product_len());
            engine.product(arch, bytes, rows, vector, part);
            out = rest;
        }
    }

    fn add(&self, arch: Arch, place: isize, mut product: &[i16], sequences: &mut [Sequence]) {
        for (engine, sequence) in self.engines.iter().zip(sequences) {
            let (part, rest) = product.split_at(engine.product_len());
            engine.add(arch, place, part, sequence);
            product = rest;
        }
    }

    /// Tags words `range` of the document that is being built: one sentence. Lemmas only where asked.
    pub(crate) fn tag(
        &self,
        arch: Arch,
        bytes: &[u8],
        range: Range<usize>,
        lemmas: bool,
        room: &mut Room,
        doc: &mut DocBuilder,
    ) {
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + LONGEST);
            self.part(arch, bytes, start..end, lemmas, room, doc);
            start = end;
        }
    }

    fn part(
        &self,
        arch: Arch,
        bytes: &[u8],
        range: Range<usize>,
        lemmas: bool,
        room: &mut Room,
        doc: &mut DocBuilder,
    ) {
        let len = range.len() as isize;
        let Room {
            sequences,
            features,
            rows,
            vector,
            cache,
            places,
            scores,
            before,
            behind,
        } = room;
        for (engine, sequence) in self.engines.iter().zip(&mut *sequences) {
            engine.begin(range.len(), sequence);
        }
        for place in [-2, -1] {
            self.add(arch, place, before, sequences);
        }
        for place in [len, len + 1] {
            self.add(arch, place, behind, sequences);
        }
        places.clear();
        for (place, word) in range.clone().enumerate() {
            let form = clipped(doc.form(word));
            let key = hash(2, form.as_bytes());
            let slot = cache.find(key, form, |out| {
                features.of(form);
                rows.clear();
                rows.extend(
                    features
                        .hashes
                        .iter()
                        .filter_map(|h| self.features.find(bytes, *h))
                        .map(row),
                );
                self.products(arch, bytes, rows, vector, out);
                let choices = match self.forms.find(bytes, features.hashes[0]) {
                    Some(place) => (self.starts[place], self.starts[place + 1]),
                    None => (0, 0),
                };
                Extra {
                    choices,
                    lower: features.hashes[0],
                    ending: features.suffix,
                }
            });
            self.add(arch, place as isize, cache.product(slot), sequences);
            places.push((key, cache.extra(slot)));
        }
        for place in 0..places.len() {
            let found = contexts(
                place,
                places.len(),
                |at| places[at].1.lower,
                |at| places[at].1.ending,
            );
            rows.clear();
            rows.extend(
                found
                    .iter()
                    .filter_map(|h| self.contexts.find(bytes, *h))
                    .map(|at| at as u32),
            );
            for (engine, sequence) in self.engines.iter().zip(&mut *sequences) {
                engine.add_contexts(arch, bytes, place, rows, sequence);
            }
        }
        for (engine, sequence) in self.engines.iter().zip(&mut *sequences) {
            engine.finish(arch, sequence);
        }
        for (place, word) in range.enumerate() {
            let (
                key,
                Extra {
                    choices: (from, to),
                    ..
                },
            ) = places[place];
            let seen = Seen {
                tagger: self,
                arch,
                sequences,
                place,
            };
            let label = self.label(&seen, &self.choices[from as usize..to as usize], scores);
            let [x, u, f] = self.labels[label];
            doc.tag(word, u + 1, x + 1, f + 1);
            if lemmas && self.has_lemmas {
                let tag = self.labels[label][self.lemma_column];
                self.lemma(&seen, bytes, (word, key, tag), scores, doc);
            }
        }
    }

    /// The best label, among `choices` where there are some.
    fn label(&self, seen: &Seen<'_>, choices: &[u16], scores: &mut Vec<i32>) -> usize {
        let [x, u, f, _] = self.heads;
        match choices {
            [only] => *only as usize,
            [] => {
                seen.scores(&(0..self.heads[3]), scores);
                let sum = |label: &[u16; 3]| {
                    scores[x + label[0] as usize]
                        + scores[u + label[1] as usize]
                        + scores[f + label[2] as usize]
                };
                best(self.labels.iter().map(sum))
            }
            some => {
                let outputs = some.iter().flat_map(|choice| {
                    let [lx, lu, lf] = self.labels[*choice as usize];
                    [x + lx as usize, u + lu as usize, f + lf as usize]
                });
                seen.scores(&outputs, scores);
                some[best(
                    scores
                        .chunks_exact(3)
                        .map(|label| label[0] + label[1] + label[2]),
                )] as usize
            }
        }
    }

    fn lemma(
        &self,
        seen: &Seen<'_>,
        bytes: &[u8],
        (word, form, tag): (usize, u64, u16),
        scores: &mut Vec<i32>,
        doc: &mut DocBuilder,
    ) {
        let known = self
            .lemmas
            .find(bytes, lemma_key(form, tag))
            .map(|place| self.lemma_scripts[place]);
        doc.write_lemma(word, |form, out| {
            if let Some(script) = known.filter(|script| *script != CHOOSE)
                && self.scripts[script as usize].apply(form, out)
            {
                return;
            }
            let allowed = &self.allowed[tag as usize];
            let head = self.heads[3];
            let outputs = allowed.iter().map(|script| head + *script as usize);
            seen.scores(&outputs, scores);
            // A script that takes off more than there is does not fit; most often the first does.
            for _ in allowed {
                let place = best(scores.iter().copied());
                if self.scripts[allowed[place] as usize].apply(form, out) {
                    return;
                }
                scores[place] = i32::MIN;
            }
            out.push_str(form);
        });
    }
}

/// One word as the networks have seen it.
struct Seen<'a> {
    tagger: &'a Tagger,
    arch: Arch,
    sequences: &'a [Sequence],
    place: usize,
}

impl Seen<'_> {
    /// Scores of some labels, summed over the networks.
    fn scores(&self, outputs: &(impl Iterator<Item = usize> + Clone), scores: &mut Vec<i32>) {
        scores.clear();
        for (member, (engine, sequence)) in
            self.tagger.engines.iter().zip(self.sequences).enumerate()
        {
            let dense = sequence.dense(engine, self.place);
            self.arch.dispatch(Scores {
                engine,
                dense,
                outputs: outputs.clone(),
                first: member == 0,
                out: scores,
            });
        }
    }
}

/// The work as a type: a closure would not be compiled for the wider registers.
struct Scores<'a, I> {
    engine: &'a Engine,
    dense: &'a [i16],
    outputs: I,
    first: bool,
    out: &'a mut Vec<i32>,
}

impl<I: Iterator<Item = usize>> NullaryFnOnce for Scores<'_, I> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (at, output) in self.outputs.enumerate() {
            let score = self.engine.heads.score(self.dense, output);
            if self.first {
                self.out.push(score);
            } else {
                self.out[at] += score;
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
