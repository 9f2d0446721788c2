//! A treebank's labels: which there are, which go together, which a well known form can have, and how
//! lemmas are made.

use std::collections::{BTreeMap, BTreeSet};

use super::train::Columns;
use crate::Doc;
use crate::doc::Word;
use crate::features::{Features, clipped, hash};
use crate::lexicon::Lexicon;
use crate::script::Script;
use crate::tagger::{CHOOSE, lemma_key};

/// Times that a form must be seen for its labels to be all that it can have.
const WELL_KNOWN: u32 = 200;
/// Times that a script must be used for the network to choose it.
const LEAST_SCRIPT: u32 = 3;

/// What the tagger adds to the model's `meta`.
pub(crate) struct Lists {
    pub(crate) upos: Vec<String>,
    pub(crate) xpos: Vec<String>,
    pub(crate) feats: Vec<String>,
    pub(crate) labels: Vec<[u16; 3]>,
    pub(crate) scripts: Vec<Script>,
    pub(crate) scored: usize,
    pub(crate) allowed: Vec<Vec<u16>>,
}

fn columns(word: Word<'_>, columns: Columns) -> [&str; 3] {
    let chosen = |learned: bool, value| if learned { value } else { "_" };
    [
        chosen(columns.xpos, word.xpos()),
        chosen(columns.upos, word.upos()),
        chosen(columns.feats, word.feats().as_str()),
    ]
}

/// Values in order, and the place of each.
fn places(values: BTreeSet<&str>) -> (Vec<String>, BTreeMap<&str, u16>) {
    let list = values.iter().map(|value| (*value).to_owned()).collect();
    (list, values.into_iter().zip(0..).collect())
}

/// What is counted in the training part.
pub(super) struct Counted<'a> {
    pub(super) lists: Lists,
    places: [BTreeMap<&'a str, u16>; 3],
    script_places: BTreeMap<Script, u16>,
}

pub(super) fn words<'a>(docs: &[&'a Doc]) -> impl Iterator<Item = Word<'a>> {
    docs.iter().flat_map(|doc| doc.words())
}

pub(super) fn count<'a>(train: &[&'a Doc], learned: Columns) -> Counted<'a> {
    let mut values: [BTreeSet<&str>; 3] = Default::default();
    let mut scripts: BTreeMap<Script, u32> = BTreeMap::new();
    for word in words(train) {
        for (set, value) in values.iter_mut().zip(columns(word, learned)) {
            set.insert(value);
        }
        *scripts
            .entry(Script::between(word.form(), word.lemma()))
            .or_default() += 1;
    }
    let [x, u, f] = values.map(places);
    let mut ranked: Vec<(Script, u32)> = scripts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let scored = ranked
        .iter()
        .take_while(|(_, count)| *count >= LEAST_SCRIPT)
        .count()
        .max(1);
    let scripts: Vec<Script> = ranked
        .into_iter()
        .map(|(script, _)| script)
        .take(usize::from(CHOOSE))
        .collect();
    let script_places: BTreeMap<Script, u16> = scripts.iter().cloned().zip(0..).collect();
    let tags = if learned.xpos { &x.0 } else { &u.0 };
    let mut allowed = vec![BTreeSet::new(); tags.len()];
    let mut labels = BTreeSet::new();
    let places = [x.1, u.1, f.1];
    for word in words(train) {
        let [x, u, f] = columns(word, learned);
        let label = [places[0][x], places[1][u], places[2][f]];
        labels.insert(label);
        let script = script_places.get(&Script::between(word.form(), word.lemma()));
        if let Some(script) = script.filter(|script| usize::from(**script) < scored) {
            allowed[usize::from(label[usize::from(!learned.xpos)])].insert(*script);
        }
    }
    Counted {
        lists: Lists {
            xpos: x.0,
            upos: u.0,
            feats: f.0,
            labels: labels.into_iter().collect(),
            scripts,
            scored,
            allowed: allowed
                .into_iter()
                .map(|set| set.into_iter().collect())
                .collect(),
        },
        places,
        script_places,
    }
}

impl Counted<'_> {
    /// Places of a word's XPOS, UPOS and FEATS; none of those that training has not shown.
    pub(super) fn label(&self, word: Word<'_>, learned: Columns) -> [Option<u16>; 3] {
        let [x, u, f] = columns(word, learned);
        [
            self.places[0].get(x).copied(),
            self.places[1].get(u).copied(),
            self.places[2].get(f).copied(),
        ]
    }

    /// The place of the script that makes `lemma` of `form`.
    pub(super) fn script(&self, form: &str, lemma: &str) -> Option<u16> {
        self.script_places
            .get(&Script::between(form, lemma))
            .copied()
    }

    /// Labels of well known forms, as two sections.
    pub(super) fn choices(&self, train: &[&Doc], learned: Columns) -> (Vec<u8>, Vec<u8>) {
        let places: BTreeMap<[u16; 3], u16> = self.lists.labels.iter().copied().zip(0..).collect();
        let mut seen: BTreeMap<u64, BTreeMap<u16, u32>> = BTreeMap::new();
        let mut features = Features::default();
        for word in words(train) {
            let [Some(x), Some(u), Some(f)] = self.label(word, learned) else {
                continue;
            };
            features.of(word.form());
            *seen
                .entry(features.hashes[0])
                .or_default()
                .entry(places[&[x, u, f]])
                .or_default() += 1;
        }
        seen.retain(|_, labels| labels.values().sum::<u32>() >= WELL_KNOWN);
        let hashes: Vec<u64> = seen.keys().copied().collect();
        let counts = seen.values().map(|labels| labels.len() as u16);
        let labels = seen.values().flat_map(|labels| labels.keys().copied());
        (
            Lexicon::write(&hashes),
            counts.chain(labels).flat_map(u16::to_le_bytes).collect(),
        )
    }

    /// Lemmas by form and tag, as two sections.
    pub(super) fn lemmas(&self, train: &[&Doc], learned: Columns) -> (Vec<u8>, Vec<u8>) {
        let mut seen: BTreeMap<u64, BTreeMap<u16, u32>> = BTreeMap::new();
        for word in words(train).filter(|word| learned.lemma && word.lemma() != "_") {
            let tag = self.label(word, learned)[usize::from(!learned.xpos)];
            if let (Some(tag), Some(script)) = (tag, self.script(word.form(), word.lemma())) {
                let form = hash(2, clipped(word.form()).as_bytes());
                *seen
                    .entry(lemma_key(form, tag))
                    .or_default()
                    .entry(script)
                    .or_default() += 1;
            }
        }
        let hashes: Vec<u64> = seen.keys().copied().collect();
        let chosen = seen.values().map(|scripts| {
            let all: u32 = scripts.values().sum();
            let (script, count) = scripts
                .iter()
                .max_by_key(|(script, count)| (**count, u16::MAX - **script))
                .expect("seen once");
            // Where a form has two lemmas, the sentence decides.
            let clear = *count * 10 >= all * 9 || usize::from(*script) >= self.lists.scored;
            if clear { *script } else { CHOOSE }
        });
        (
            Lexicon::write(&hashes),
            chosen.flat_map(u16::to_le_bytes).collect(),
        )
    }
}
