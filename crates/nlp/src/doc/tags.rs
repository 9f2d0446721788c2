//! The tags of a document, each string once, and morphological features as bits.
//!
//! FEATS strings (`Number=Sing|Person=3`) are interned whole; each keeps a bit a pair, so that
//! asking a word for a feature compares integers.

use std::collections::HashMap;

/// A part-of-speech tag: its place in [`Tags`]. 0 is `_`, none.
pub type TagId = u16;

/// A FEATS value: its place in [`Tags`]. 0 is `_`, none.
pub type FeatsId = u16;

/// Strings in the order in which they came.
#[derive(Clone, Debug, Default)]
struct Interner {
    strings: Vec<Box<str>>,
    places: HashMap<Box<str>, u16>,
}

impl Interner {
    fn add(&mut self, text: &str) -> Option<u16> {
        if let Some(&place) = self.places.get(text) {
            return Some(place);
        }
        let place = u16::try_from(self.strings.len()).ok()?;
        self.strings.push(text.into());
        self.places.insert(text.into(), place);
        Some(place)
    }

    fn push(&mut self, text: &str) {
        let place = u16::try_from(self.strings.len()).unwrap_or(u16::MAX);
        self.strings.push(text.into());
        self.places.entry(text.into()).or_insert(place);
    }
}

/// Every tag that words can have: UPOS, XPOS, FEATS.
#[derive(Clone, Debug)]
pub struct Tags {
    upos: Interner,
    xpos: Interner,
    feats: Interner,
    pairs: Interner,
    /// One set of bits a FEATS value: which pairs it holds.
    bits: Vec<Box<[u64]>>,
}

impl Default for Tags {
    fn default() -> Self {
        let mut tags = Self {
            upos: Interner::default(),
            xpos: Interner::default(),
            feats: Interner::default(),
            pairs: Interner::default(),
            bits: Vec::new(),
        };
        tags.upos.add("_");
        tags.xpos.add("_");
        tags.add_feats("_");
        tags
    }
}

impl Tags {
    /// The id of a UPOS tag, which is added if it is new; none past 65,536 tags.
    pub fn add_upos(&mut self, tag: &str) -> Option<TagId> {
        self.upos.add(tag)
    }

    /// The id of an XPOS tag, which is added if it is new; none past 65,536 tags.
    pub fn add_xpos(&mut self, tag: &str) -> Option<TagId> {
        self.xpos.add(tag)
    }

    /// The id of a FEATS value, which is added if it is new; none past 65,536 values.
    pub fn add_feats(&mut self, feats: &str) -> Option<FeatsId> {
        let id = self.feats.add(feats)?;
        if id as usize == self.bits.len() {
            self.index_feats(feats);
        }
        Some(id)
    }

    fn index_feats(&mut self, feats: &str) {
        let mut bits = Vec::new();
        for pair in feats.split('|').filter(|pair| *pair != "_") {
            // A pair past the 65,536th has no bit; `Feats::iter` still gives it.
            let Some(place) = self.pairs.add(pair) else {
                continue;
            };
            let (word, bit) = (place as usize / 64, place % 64);
            if bits.len() <= word {
                bits.resize(word + 1, 0);
            }
            bits[word] |= 1 << bit;
        }
        self.bits.push(bits.into_boxed_slice());
    }

    /// Appends a tag, whether or not it is new: its id is one above the last.
    pub(crate) fn push_upos(&mut self, tag: &str) {
        self.upos.push(tag);
    }

    /// As [`Tags::push_upos`], for XPOS.
    pub(crate) fn push_xpos(&mut self, tag: &str) {
        self.xpos.push(tag);
    }

    /// As [`Tags::push_upos`], for FEATS.
    pub(crate) fn push_feats(&mut self, feats: &str) {
        self.feats.push(feats);
        self.index_feats(feats);
    }

    /// The UPOS tag of an id; `_` for an unknown one.
    pub fn upos(&self, id: TagId) -> &str {
        self.upos.strings.get(id as usize).map_or("_", |tag| tag)
    }

    /// The XPOS tag of an id; `_` for an unknown one.
    pub fn xpos(&self, id: TagId) -> &str {
        self.xpos.strings.get(id as usize).map_or("_", |tag| tag)
    }

    /// The FEATS value of an id; empty for an unknown one.
    pub fn feats(&self, id: FeatsId) -> Feats<'_> {
        let id = if (id as usize) < self.bits.len() {
            id
        } else {
            0
        };
        Feats { tags: self, id }
    }

    /// The id of a UPOS tag, for comparing words by number.
    pub fn find_upos(&self, tag: &str) -> Option<TagId> {
        self.upos.places.get(tag).copied()
    }

    /// The id of an XPOS tag.
    pub fn find_xpos(&self, tag: &str) -> Option<TagId> {
        self.xpos.places.get(tag).copied()
    }
}

/// The morphological features of a word.
///
/// ```
/// let mut tags = botsmith_nlp::Tags::default();
/// let id = tags.add_feats("Number=Plur|Person=3").expect("room for one");
/// let feats = tags.feats(id);
/// assert_eq!(feats.get("Number"), Some("Plur"));
/// assert!(feats.has("Person=3") && !feats.has("Person=1"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Feats<'a> {
    tags: &'a Tags,
    id: FeatsId,
}

impl<'a> Feats<'a> {
    /// As in CoNLL-U; `_` where there are none.
    pub fn as_str(self) -> &'a str {
        &self.tags.feats.strings[self.id as usize]
    }

    /// The id in [`Tags`].
    pub fn id(self) -> FeatsId {
        self.id
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.as_str() == "_"
    }

    /// Whether the pair `Name=Value` is there: one bit.
    pub fn has(self, pair: &str) -> bool {
        self.tags.pairs.places.get(pair).is_some_and(|&place| {
            let bits = &self.tags.bits[self.id as usize];
            bits.get(place as usize / 64)
                .is_some_and(|word| word >> (place % 64) & 1 == 1)
        })
    }

    /// The value of a feature.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// All pairs, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.as_str()
            .split('|')
            .filter_map(|pair| pair.split_once('='))
    }
}
