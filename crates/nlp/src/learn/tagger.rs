//! Tagged sentences -> the networks of the tagger, its labels and its lemmas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use pulp::Arch;

use super::fit::{Pass, Plan, fit};
use super::net::{Dropout, Example, NO_LABEL, Net, Shape};
use super::quantise;
use super::rng::Rng;
use super::train::Columns;
use super::words::{Vocabulary, WordRows, contexts_of, frequent};
use crate::Doc;
use crate::doc::Word;
use crate::features::{Features, clipped, hash};
use crate::lexicon::Lexicon;
use crate::model::Sizes;
use crate::script::Script;
use crate::tagger::{CHOOSE, lemma_key};

/// Sizes of one network.
pub(crate) const SIZES: Sizes = Sizes {
    word: 64,
    hidden: 128,
    state: 64,
    dense: 96,
};
/// Times that a form must be seen for its labels to be all that it can have.
const WELL_KNOWN: u32 = 20;
/// Share of contexts that are hidden in training.
const HIDDEN_CONTEXTS: f32 = 0.4;
/// Times that features of forms and contexts must be seen to be kept.
const LEAST_SEEN: u32 = 3;
const LEAST_CONTEXT: u32 = 7;
/// Contexts that are kept: those whose rows weigh most.
const CONTEXTS_KEPT: usize = 13_000;
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

struct Sentence {
    words: Vec<WordRows>,
    /// The same words in lower case: some text has no capitals.
    lower: Vec<WordRows>,
    labels: Vec<Vec<u32>>,
    contexts: Vec<Vec<u32>>,
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
struct Counted<'a> {
    lists: Lists,
    places: [BTreeMap<&'a str, u16>; 3],
    script_places: BTreeMap<Script, u16>,
}

fn words<'a>(docs: &[&'a Doc]) -> impl Iterator<Item = Word<'a>> {
    docs.iter().flat_map(|doc| doc.words())
}

fn count<'a>(train: &[&'a Doc], learned: Columns) -> Counted<'a> {
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
    fn label(&self, word: Word<'_>, learned: Columns) -> [Option<u16>; 3] {
        let [x, u, f] = columns(word, learned);
        [
            self.places[0].get(x).copied(),
            self.places[1].get(u).copied(),
            self.places[2].get(f).copied(),
        ]
    }

    fn script(&self, word: Word<'_>) -> Option<u16> {
        self.script_places
            .get(&Script::between(word.form(), word.lemma()))
            .copied()
    }

    fn sentences(
        &self,
        docs: &[&Doc],
        learned: Columns,
        vocabulary: &Vocabulary,
        contexts: &[u64],
    ) -> Vec<Sentence> {
        let mut features = Features::default();
        let sentence = |sentence: crate::Sentence<'_>| {
            let mut made = Sentence {
                words: Vec::new(),
                lower: Vec::new(),
                labels: vec![Vec::new(); 4],
                contexts: contexts_of(sentence.words().map(Word::form), &mut features)
                    .iter()
                    .map(|found| {
                        let places = found
                            .iter()
                            .filter_map(|hash| contexts.binary_search(hash).ok());
                        places.map(|place| place as u32).collect()
                    })
                    .collect(),
            };
            for word in sentence.words() {
                made.words.push(vocabulary.word(word.form(), &mut features));
                made.lower
                    .push(vocabulary.word(&word.form().to_lowercase(), &mut features));
                let used = [learned.xpos, learned.upos, learned.feats];
                for ((labels, place), used) in made
                    .labels
                    .iter_mut()
                    .zip(self.label(word, learned))
                    .zip(used)
                {
                    labels.push(place.filter(|_| used).map_or(NO_LABEL, u32::from));
                }
                let script = self
                    .script(word)
                    .filter(|s| learned.lemma && usize::from(*s) < self.lists.scored);
                made.labels[3].push(script.map_or(NO_LABEL, u32::from));
            }
            made
        };
        docs.iter()
            .flat_map(|doc| doc.sentences())
            .map(sentence)
            .collect()
    }

    /// Labels of well known forms, as two sections.
    fn choices(&self, train: &[&Doc], learned: Columns) -> (Vec<u8>, Vec<u8>) {
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
    fn lemmas(&self, train: &[&Doc], learned: Columns) -> (Vec<u8>, Vec<u8>) {
        let mut seen: BTreeMap<u64, BTreeMap<u16, u32>> = BTreeMap::new();
        for word in words(train).filter(|word| learned.lemma && word.lemma() != "_") {
            let tag = self.label(word, learned)[usize::from(!learned.xpos)];
            if let (Some(tag), Some(script)) = (tag, self.script(word)) {
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

fn example(sentence: &Sentence, rng: &mut Rng) -> Example {
    let lowered = rng.unit() < 0.03;
    let mut example = Example {
        labels: sentence.labels.clone(),
        ..Example::default()
    };
    if lowered {
        // The script of a lemma is not that of its lower-cased form.
        example.labels[3].fill(NO_LABEL);
    }
    for word in if lowered {
        &sentence.lower
    } else {
        &sentence.words
    } {
        word.some(rng, &mut example.rows);
        example.ends.push(example.rows.len() as u32);
    }
    for rows in &sentence.contexts {
        // Often hidden: a sentence of another text has few of them.
        example.context.extend(
            rows.iter()
                .copied()
                .filter(|_| rng.unit() >= HIDDEN_CONTEXTS),
        );
        example.context_ends.push(example.context.len() as u32);
    }
    example
}

/// Share of labels right, over all columns and words.
fn judge(arch: Arch, net: &mut Net, dev: &[Example]) -> f64 {
    let (offsets, width) = net.shape.offsets();
    let heads = net.shape.heads.clone();
    let (mut right, mut all) = (0usize, 0usize);
    for example in dev {
        let scores = net.forward(arch, &[example], None);
        for (t, row) in scores.chunks_exact(width).enumerate() {
            for (head, size) in heads.iter().enumerate() {
                let gold = example.labels[head][t];
                if gold == NO_LABEL {
                    continue;
                }
                let part = &row[offsets[head]..][..*size];
                let best = (1..part.len())
                    .fold(0, |best, at| if part[at] > part[best] { at } else { best });
                right += usize::from(best == gold as usize);
                all += 1;
            }
        }
    }
    right as f64 / all.max(1) as f64
}

/// What is needed to learn.
pub(crate) struct Task<'a> {
    pub(crate) arch: Arch,
    pub(crate) train: &'a [&'a Doc],
    pub(crate) dev: &'a [&'a Doc],
    pub(crate) columns: Columns,
    pub(crate) epochs: usize,
    pub(crate) members: usize,
    pub(crate) seed: u64,
}

/// Learns the tagger, its networks at the same time, and appends its sections.
pub(crate) fn learn(
    task: &Task<'_>,
    watch: &(dyn Fn(usize, Pass) + Sync),
    out: &mut Vec<(String, Vec<u8>)>,
) -> Lists {
    let counted = count(task.train, task.columns);
    let vocabulary = Vocabulary::count(words(task.train).map(Word::form), LEAST_SEEN, 2);
    let mut features = Features::default();
    let sentences = task.train.iter().flat_map(|doc| doc.sentences());
    let contexts = frequent(
        sentences.flat_map(|sentence| contexts_of(sentence.words().map(Word::form), &mut features)),
        LEAST_CONTEXT,
    );
    let train = counted.sentences(task.train, task.columns, &vocabulary, &contexts);
    let dev: Vec<Example> = counted
        .sentences(task.dev, task.columns, &vocabulary, &contexts)
        .into_iter()
        .map(|sentence| {
            let mut example = Example {
                labels: sentence.labels,
                ..Example::default()
            };
            for word in &sentence.words {
                example.rows.extend(word.all());
                example.ends.push(example.rows.len() as u32);
            }
            for rows in &sentence.contexts {
                example.context.extend(rows);
                example.context_ends.push(example.context.len() as u32);
            }
            example
        })
        .collect();
    let lengths: Vec<usize> = train.iter().map(|sentence| sentence.words.len()).collect();
    let lists = &counted.lists;
    let shape = Shape {
        rows: vocabulary.rows(),
        contexts: contexts.len(),
        word: SIZES.word,
        hidden: SIZES.hidden,
        state: SIZES.state,
        dense: SIZES.dense,
        heads: vec![
            lists.xpos.len(),
            lists.upos.len(),
            lists.feats.len(),
            lists.scored,
        ],
    };
    let plan = Plan {
        epochs: task.epochs,
        batch: 400,
        rate: 0.003,
        dropout: Dropout {
            input: 0.15,
            hidden: 0.25,
            summary: 0.15,
            dense: 0.3,
        },
        weights: vec![1.0, 0.5, 1.0, 0.5],
        smoothing: 0.03,
        patience: 6,
    };
    let trained = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for member in 0..task.members {
            let (shape, plan, train, dev, lengths, trained) =
                (&shape, &plan, &train, &dev, &lengths, &trained);
            scope.spawn(move || {
                let mut rng = Rng::new(task.seed.wrapping_add(member as u64 * 0x1000));
                let mut net = Net::new(shape.clone(), &mut rng);
                let make = |at: usize, rng: &mut Rng| example(&train[at], rng);
                fit(
                    task.arch,
                    &mut net,
                    plan,
                    lengths,
                    &mut rng,
                    &make,
                    &|net| judge(task.arch, net, dev),
                    &|pass| watch(member, pass),
                );
                trained
                    .lock()
                    .expect("no thread panics while it holds this")
                    .insert(member, net);
            });
        }
    });
    out.push(("tag.features".into(), Lexicon::write(&vocabulary.hashes)));
    let nets = trained.into_inner().expect("all threads have ended well");
    let mut tables = Vec::new();
    for (member, net) in &nets {
        quantise::sections(&format!("tag{member}"), net, &mut tables);
    }
    let kept = quantise::prune(&mut tables, contexts.len(), CONTEXTS_KEPT);
    let contexts: Vec<u64> = kept.into_iter().map(|row| contexts[row]).collect();
    out.push(("tag.contexts".into(), Lexicon::write(&contexts)));
    out.append(&mut tables);
    let (forms, choices) = counted.choices(task.train, task.columns);
    let (lemmas, scripts) = counted.lemmas(task.train, task.columns);
    for (name, bytes) in [
        ("tag.forms", forms),
        ("tag.choices", choices),
        ("tag.lemmas", lemmas),
        ("tag.scripts", scripts),
    ] {
        out.push((name.into(), bytes));
    }
    counted.lists
}
