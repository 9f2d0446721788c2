//! Words of a sentence -> UPOS, XPOS, FEATS and lemmas.
//!
//! Three columns are scored apart and decoded together: the best label that training has shown
//! (XPOS, UPOS and FEATS at once), among those of the form where the form is well known. The lemma is
//! looked up by form and tag, or made by the best script that fits.

mod decide;
mod words;

use std::ops::Range;

use pulp::Arch;

use self::words::{Fresh, Place};
use crate::cache::{Cache, Extra};
use crate::doc::DocBuilder;
use crate::engine::{Bounds, ContextRows, Engine, Sequence};
use crate::features::clipped;
use crate::lexicon::Lexicon;
use crate::model::Meta;
use crate::script::Script;

/// Rows of the table before those of features.
pub(crate) const BEFORE: u32 = 0;
pub(crate) const BEHIND: u32 = 1;
/// The longest sentence tagged at once, in words.
pub(crate) const LONGEST: usize = 512;
/// Words that are looked at together at least, where there are so many.
const BATCH: usize = 128;
/// In [`Place::source`]: a product that is not kept.
const NEW: u32 = 1 << 31;
/// Parts of the heads: UPOS, XPOS and FEATS; scripts.
const TAGS: usize = 0;
const SCRIPTS: usize = 1;
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
    groups: Vec<Group>,
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

/// Labels that share XPOS and UPOS.
#[derive(Debug)]
struct Group {
    xpos: u16,
    upos: u16,
    /// FEATS and number of each label.
    labels: Vec<(u16, u16)>,
}

fn groups(labels: &[[u16; 3]]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, [xpos, upos, feats]) in labels.iter().enumerate() {
        let label = (*feats, number as u16);
        match groups
            .iter_mut()
            .find(|group| (group.xpos, group.upos) == (*xpos, *upos))
        {
            Some(group) => group.labels.push(label),
            None => groups.push(Group {
                xpos: *xpos,
                upos: *upos,
                labels: vec![label],
            }),
        }
    }
    groups
}

/// Room for tagging, kept between texts.
#[derive(Debug)]
pub(crate) struct Room {
    /// Whether lemmas are asked for.
    lemmas: bool,
    bounds: Vec<Bounds>,
    places: Vec<Place>,
    cache: Cache,
    before: Vec<i16>,
    behind: Vec<i16>,
    fresh: Fresh,
    sequences: Vec<Sequence>,
    contexts: ContextRows,
    /// Words of the batch that the dense layers are computed for; of those, the ones without choices
    /// and the ones whose script is chosen.
    wanted: Vec<u32>,
    free: Vec<u32>,
    edits: Vec<u32>,
    /// Of each wanted word, the tag that its lemma depends on.
    tags: Vec<u16>,
    /// What is looked up for all wanted words together, and where it is.
    hashes: Vec<u64>,
    found: Vec<u32>,
    scores: Vec<i32>,
    some_scores: Vec<i32>,
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
            groups: groups(&meta.labels),
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
        let mut fresh = Fresh {
            vectors: vec![Vec::new(); self.engines.len()],
            ..Fresh::default()
        };
        for row in [BEFORE, BEHIND] {
            fresh.rows = vec![row];
            self.vectors(arch, bytes, &mut fresh);
        }
        fresh.words = vec![0, 1];
        self.products(&mut fresh);
        let (before, behind) = fresh.products.split_at(self.width());
        Room {
            lemmas: false,
            bounds: Vec::new(),
            places: Vec::new(),
            cache: Cache::new(2048, self.width()),
            before: before.to_vec(),
            behind: behind.to_vec(),
            fresh,
            sequences: vec![Sequence::default(); self.engines.len()],
            contexts: ContextRows::default(),
            wanted: Vec::new(),
            free: Vec::new(),
            edits: Vec::new(),
            tags: Vec::new(),
            hashes: Vec::new(),
            found: Vec::new(),
            scores: Vec::new(),
            some_scores: Vec::new(),
        }
    }

    /// Values of a word's products, over all networks.
    fn width(&self) -> usize {
        self.engines.iter().map(Engine::product_len).sum()
    }

    /// Tags sentences of the document that is being built: ranges of words that follow each other. Lemmas
    /// only where asked.
    pub(crate) fn tag(
        &self,
        arch: Arch,
        bytes: &[u8],
        sentences: &[Range<usize>],
        lemmas: bool,
        room: &mut Room,
        doc: &mut DocBuilder,
    ) {
        let mut first = sentences.first().map_or(0, |sentence| sentence.start);
        room.lemmas = lemmas && self.has_lemmas;
        room.bounds.clear();
        for sentence in sentences {
            let mut start = sentence.start;
            while start < sentence.end {
                let end = sentence.end.min(start + LONGEST);
                room.bounds.push(start - first..end - first);
                start = end;
                if end - first >= BATCH {
                    self.batch(arch, bytes, first, room, doc);
                    first = end;
                }
            }
        }
        if !room.bounds.is_empty() {
            self.batch(arch, bytes, first, room, doc);
        }
    }

    /// Tags the sentences `room.bounds`, whose words are counted from `first`.
    fn batch(&self, arch: Arch, bytes: &[u8], first: usize, room: &mut Room, doc: &mut DocBuilder) {
        self.look_up(arch, bytes, first, room, doc);
        let Room {
            bounds,
            places,
            cache,
            before,
            behind,
            fresh,
            sequences,
            ..
        } = room;
        let width = self.width();
        let mut from = 0;
        for (engine, sequence) in self.engines.iter().zip(&mut *sequences) {
            let products = |word: usize| {
                let source = places[word].source;
                let product = match source & NEW {
                    0 => cache.product(source as usize),
                    _ => &fresh.products[(source & !NEW) as usize * width..][..width],
                };
                [&product[from..]]
            };
            let outside = [[&before[from..]], [&behind[from..]]];
            engine.read(arch, bounds, products, outside, sequence);
            from += engine.product_len();
        }
        for (at, word) in fresh.words.iter().enumerate() {
            let Place { key, extra, .. } = places[*word as usize];
            let form = clipped(doc.form(first + *word as usize));
            cache.put(key, form, extra, &fresh.products[at * width..][..width]);
        }
        self.plain_words(first, room, doc);
        self.contexts(bytes, room);
        for (engine, sequence) in self.engines.iter().zip(&mut room.sequences) {
            engine.think(arch, bytes, &room.wanted, &room.contexts, sequence);
        }
        self.labels(arch, bytes, first, room, doc);
        self.edits(first, room, doc);
        room.bounds.clear();
    }

    /// The script that the dictionary has for a form with a tag.
    fn script(&self, bytes: &[u8], form: u64, tag: u16) -> Option<u16> {
        let place = self.lemmas.find(bytes, lemma_key(form, tag))?;
        Some(self.lemma_scripts[place]).filter(|script| *script != CHOOSE)
    }

    fn choices(&self, extra: &Extra) -> &[u16] {
        &self.choices[extra.choices.0 as usize..extra.choices.1 as usize]
    }

    fn set_tags(&self, word: usize, label: usize, doc: &mut DocBuilder) {
        let [x, u, f] = self.labels[label];
        doc.tag(word, u + 1, x + 1, f + 1);
    }
}
