//! Words of a batch -> what is kept of their forms, or is computed now: products, labels, lemmas.

use pulp::Arch;

use super::{CHOOSE, NEW, Room, Tagger, row};
use crate::cache::Extra;
use crate::doc::DocBuilder;
use crate::features::{Features, clipped, hash};

/// One word of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) key: u64,
    pub(super) extra: Extra,
    /// Where its product is: kept, or new.
    pub(super) source: u32,
}

/// Words whose products are not kept, and these products.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) features: Features,
    pub(super) rows: Vec<u32>,
    pub(super) sums: Vec<i32>,
    pub(super) words: Vec<u32>,
    /// For each network.
    pub(super) vectors: Vec<Vec<i16>>,
    pub(super) products: Vec<i16>,
    pub(super) lemma: String,
}

impl Tagger {
    pub(super) fn vectors(&self, arch: Arch, bytes: &[u8], fresh: &mut Fresh) {
        for (engine, vectors) in self.engines.iter().zip(&mut fresh.vectors) {
            engine.vector(arch, bytes, &fresh.rows, &mut fresh.sums, vectors);
        }
    }

    pub(super) fn products(&self, fresh: &mut Fresh) {
        let width = self.width();
        fresh.products.resize(fresh.words.len() * width, 0);
        let mut from = 0;
        for (engine, vectors) in self.engines.iter().zip(&mut fresh.vectors) {
            if !vectors.is_empty() {
                let out = &mut fresh.products[from..];
                engine.products(vectors, &mut fresh.sums, width, out);
            }
            vectors.clear();
            from += engine.product_len();
        }
    }

    /// Finds what is kept of each word, and computes what is not.
    pub(super) fn look_up(
        &self,
        arch: Arch,
        bytes: &[u8],
        first: usize,
        room: &mut Room,
        doc: &DocBuilder,
    ) {
        let Room {
            bounds,
            places,
            cache,
            fresh,
            ..
        } = room;
        places.clear();
        fresh.words.clear();
        for word in 0..bounds.last().map_or(0, |last| last.end) {
            let form = clipped(doc.form(first + word));
            let key = hash(2, form.as_bytes());
            let place = if let Some(slot) = cache.get(key, form) {
                cache.touch(slot);
                Place {
                    key,
                    extra: cache.extra(slot),
                    source: slot as u32,
                }
            } else {
                fresh.words.push(word as u32);
                fresh.features.of(form);
                fresh.rows.clear();
                let hashes = fresh.features.hashes.iter();
                let found = hashes.filter_map(|h| self.features.find(bytes, *h));
                fresh.rows.extend(found.map(row));
                self.vectors(arch, bytes, fresh);
                Place {
                    key,
                    extra: self.extra(bytes, key, form, fresh),
                    source: NEW | (fresh.words.len() as u32 - 1),
                }
            };
            places.push(place);
        }
        self.products(fresh);
    }

    pub(super) fn extra(&self, bytes: &[u8], key: u64, form: &str, fresh: &mut Fresh) -> Extra {
        let lower = fresh.features.hashes[0];
        let choices = match self.forms.find(bytes, lower) {
            Some(place) => (self.starts[place], self.starts[place + 1]),
            None => (0, 0),
        };
        let mut extra = Extra {
            choices,
            script: CHOOSE,
            same: false,
            lower,
            ending: fresh.features.suffix,
        };
        if let [only] = self.choices[choices.0 as usize..choices.1 as usize] {
            let tag = self.labels[only as usize][self.lemma_column];
            if let Some(script) = self.script(bytes, key, tag) {
                fresh.lemma.clear();
                let fits = self.scripts[script as usize].apply(form, &mut fresh.lemma);
                if fits {
                    extra.script = script;
                    // Of a form that was cut, only the beginning is known.
                    extra.same = fresh.lemma == form && form.len() < 200;
                }
            }
        }
        extra
    }

    /// Words that have one label and one lemma need no more; the others are gathered.
    pub(super) fn plain_words(&self, first: usize, room: &mut Room, doc: &mut DocBuilder) {
        room.wanted.clear();
        let lemmas = room.lemmas;
        for (word, place) in room.places.iter().enumerate() {
            if let [only] = self.choices(&place.extra)
                && (place.extra.script != CHOOSE || !lemmas)
            {
                self.set_tags(first + word, *only as usize, doc);
                match (lemmas, place.extra.same) {
                    (false, _) => {}
                    (true, true) => doc.lemma_is_form(first + word),
                    (true, false) => {
                        let script = &self.scripts[place.extra.script as usize];
                        doc.write_lemma(first + word, |form, out| {
                            // The script fits the form's beginning; a cut form may be too short for it.
                            if !script.apply(form, out) {
                                out.push_str(form);
                            }
                        });
                    }
                }
            } else {
                room.wanted.push(word as u32);
            }
        }
    }
}
