//! Sentences of a treebank -> examples for the tagger's network, as they are or changed: in lower or
//! upper case, without what ends them, with features left out.

use super::labels::Counted;
use super::loss::NO_LABEL;
use super::net::{Example, Net, Work};
use super::rng::Rng;
use super::syntax::{self, Syntax};
use super::train::Columns;
use super::words::{LEFT_OUT, Vocabulary, WordRows, contexts_of};
use crate::Doc;
use crate::doc::Word;
use crate::features::Features;

/// A sentence's words in one case, and the labels of their lemmas' scripts.
struct Spelling {
    words: Vec<WordRows>,
    scripts: Vec<u32>,
}

/// Heads of the network that stay in the model: XPOS, UPOS, FEATS and the scripts of lemmas.
pub(super) const HEADS: usize = 4;

/// One sentence.
pub(super) struct Sentence {
    /// As written, in lower case, in upper case: some text has no capitals, some nothing else.
    spellings: [Spelling; 3],
    /// XPOS, UPOS, FEATS.
    labels: [Vec<u32>; 3],
    /// What only training sees.
    syntax: [Vec<u32>; syntax::COLUMNS],
    contexts: Vec<Vec<u32>>,
    /// Whether its last word is punctuation.
    ended: bool,
}

/// Reads all sentences; `contexts` are the hashes of those that are kept.
pub(super) fn sentences(
    docs: &[&Doc],
    counted: &Counted<'_>,
    syntax: &Syntax,
    learned: Columns,
    vocabulary: &Vocabulary,
    contexts: &[u64],
) -> Vec<Sentence> {
    let mut features = Features::default();
    let sentence = |sentence: crate::Sentence<'_>| {
        let found = contexts_of(sentence.words().map(Word::form), &mut features);
        let contexts = found.iter().map(|found| {
            let places = found
                .iter()
                .filter_map(|hash| contexts.binary_search(hash).ok());
            places.map(|place| place as u32).collect()
        });
        let contexts = contexts.collect();
        let mut labels: [Vec<u32>; 3] = Default::default();
        for word in sentence.words() {
            let used = [learned.xpos, learned.upos, learned.feats];
            for ((labels, place), used) in labels
                .iter_mut()
                .zip(counted.label(word, learned))
                .zip(used)
            {
                labels.push(place.filter(|_| used).map_or(NO_LABEL, u32::from));
            }
        }
        let mut spelling = |spell: fn(&str) -> String| {
            let mut made = Spelling {
                words: Vec::new(),
                scripts: Vec::new(),
            };
            for word in sentence.words() {
                let form = spell(word.form());
                made.words.push(vocabulary.word(&form, &mut features));
                let script = counted
                    .script(&form, word.lemma())
                    .filter(|s| learned.lemma && usize::from(*s) < counted.lists.scored);
                made.scripts.push(script.map_or(NO_LABEL, u32::from));
            }
            made
        };
        Sentence {
            spellings: [
                spelling(str::to_owned),
                spelling(str::to_lowercase),
                spelling(str::to_uppercase),
            ],
            labels,
            syntax: syntax.of(sentence),
            contexts,
            ended: sentence
                .words()
                .last()
                .is_some_and(|word| word.form().chars().all(|c| c.is_ascii_punctuation())),
        }
    };
    docs.iter()
        .flat_map(|doc| doc.sentences())
        .map(sentence)
        .collect()
}

impl Sentence {
    pub(super) fn len(&self) -> usize {
        self.contexts.len()
    }

    /// Moves the rows to their new places.
    pub(super) fn move_rows(&mut self, rows: &[u32], contexts: &[u32]) {
        for spelling in &mut self.spellings {
            for word in &mut spelling.words {
                word.move_rows(rows);
            }
        }
        for word in &mut self.contexts {
            word.retain_mut(|row| {
                *row = contexts[*row as usize];
                *row != LEFT_OUT
            });
        }
    }

    /// The sentence as it is, without its syntax.
    pub(super) fn plain(&self) -> Example {
        let mut example = self.begin(0, self.len());
        example.labels.truncate(HEADS);
        let none = vec![NO_LABEL; self.len()];
        example.labels.resize(HEADS + syntax::COLUMNS, none);
        for word in &self.spellings[0].words {
            example.rows.extend(word.all());
            example.ends.push(example.rows.len() as u32);
        }
        for rows in &self.contexts {
            example.context.extend(rows);
            example.context_ends.push(example.context.len() as u32);
        }
        example
    }

    /// The sentence changed.
    pub(super) fn changed(&self, noise: &Noise, rng: &mut Rng) -> Example {
        let chance = rng.unit();
        let spelling = match () {
            () if chance < noise.lower => 1,
            () if chance < noise.lower + noise.upper => 2,
            () => 0,
        };
        let cut = self.ended && self.len() > 3 && rng.unit() < noise.unended;
        let len = self.len() - usize::from(cut);
        let mut example = self.begin(spelling, len);
        for word in &self.spellings[spelling].words[..len] {
            word.some(noise, rng, &mut example.rows);
            example.ends.push(example.rows.len() as u32);
        }
        for (at, rows) in self.contexts[..len].iter().enumerate() {
            // Often hidden: a sentence of another text has few of them. Those near a cut do not hold.
            let near = cut && at + 2 >= len;
            example.context.extend(
                rows.iter()
                    .copied()
                    .filter(|_| !near && rng.unit() >= noise.contexts),
            );
            example.context_ends.push(example.context.len() as u32);
        }
        example
    }

    fn begin(&self, spelling: usize, len: usize) -> Example {
        let scripts = &self.spellings[spelling].scripts;
        let labels = self.labels.iter().chain([scripts]).chain(&self.syntax);
        Example {
            labels: labels.map(|labels| labels[..len].to_vec()).collect(),
            ..Example::default()
        }
    }
}

/// How sentences are changed: shares of them, and shares of features left out.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    pub(crate) lower: f32,
    pub(crate) upper: f32,
    pub(crate) unended: f32,
    pub(crate) contexts: f32,
    /// A form seen `n` times is hidden with the chance `rare / (rare + n)`, and `form` more.
    pub(crate) rare: f32,
    pub(crate) form: f32,
    pub(crate) feature: f32,
}

impl Noise {
    /// What suits the tagger.
    pub(crate) fn tagger() -> Self {
        Self {
            lower: 0.03,
            upper: 0.015,
            unended: 0.05,
            contexts: 0.4,
            rare: 0.5,
            form: 0.02,
            feature: 0.05,
        }
    }
}

impl Noise {
    /// What suits the end of sentences: forms are hidden, nothing else is changed.
    pub(crate) fn splitter() -> Self {
        Self {
            lower: 0.0,
            upper: 0.0,
            unended: 0.0,
            contexts: 0.0,
            rare: 0.5,
            form: 0.02,
            feature: 0.05,
        }
    }
}

/// Share of labels right, over all columns and words.
pub(super) fn judge(net: &Net, dev: &[Example], work: &mut Work) -> f64 {
    let (offsets, width) = net.shape.offsets();
    let (mut right, mut all) = (0usize, 0usize);
    for example in dev {
        net.forward(&[example], None, work);
        for (t, row) in work.scores.chunks_exact(width).enumerate() {
            for (head, size) in net.shape.heads.iter().enumerate() {
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
