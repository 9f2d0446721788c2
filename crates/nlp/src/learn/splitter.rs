//! Paragraphs of a treebank -> the network that ends sentences.

use super::fit::{Lesson, Pass, Plan, fit};
use super::loss::{Goal, NO_LABEL};
use super::net::{Dropout, Example, Net, Shape, Work};
use super::quantise;
use super::rng::Rng;
use super::sentence::Noise;
use super::words::{Vocabulary, WordRows};
use crate::Doc;
use crate::features::Features;
use crate::lexicon::Lexicon;
use crate::model::Sizes;
use crate::sentences::{SPACES, space};
use crate::tokenise::is_blank_line;

pub(crate) const SIZES: Sizes = Sizes {
    word: 48,
    hidden: 96,
    state: 48,
    dense: 32,
};
/// Tokens of a paragraph that are learned from at once.
const LONGEST: usize = 256;

struct Paragraph {
    words: Vec<WordRows>,
    spaces: Vec<u32>,
    ends: Vec<bool>,
}

fn paragraphs(docs: &[&Doc], vocabulary: &Vocabulary) -> Vec<Paragraph> {
    let mut all: Vec<Paragraph> = Vec::new();
    let mut features = Features::default();
    for doc in docs {
        let mut gap = "\n\n";
        for token in doc.tokens() {
            let long = all
                .last()
                .is_some_and(|p| p.words.len() >= LONGEST && p.ends.last() == Some(&true));
            if is_blank_line(gap) || long {
                all.push(Paragraph {
                    words: Vec::new(),
                    spaces: Vec::new(),
                    ends: Vec::new(),
                });
            }
            let paragraph = all.last_mut().expect("the first gap is a blank line");
            paragraph
                .words
                .push(vocabulary.word(token.form(), &mut features));
            paragraph.spaces.push((2 + space(gap)) as u32);
            paragraph.ends.push(token.ends_sentence());
            gap = token.space_after();
        }
    }
    all
}

fn example(parts: &[&Paragraph], mut noise: Option<(&Noise, &mut Rng)>) -> Example {
    let mut example = Example {
        labels: vec![Vec::new()],
        ..Example::default()
    };
    for (index, part) in parts.iter().enumerate() {
        for (place, word) in part.words.iter().enumerate() {
            match &mut noise {
                Some((noise, rng)) => word.some(noise, rng, &mut example.rows),
                None => example.rows.extend(word.all()),
            }
            if !example.ends.is_empty() {
                // Where two paragraphs are joined, a blank stands for the line that was there.
                let space = if place == 0 { 3 } else { part.spaces[place] };
                example.rows.push(space);
            }
            example.ends.push(example.rows.len() as u32);
            let last = index + 1 == parts.len() && place + 1 == part.words.len();
            example.labels[0].push(if last {
                NO_LABEL
            } else {
                u32::from(part.ends[place])
            });
        }
    }
    example
}

/// How surely each token ends a sentence, in the scores of the network: `end - inside`.
fn margins(net: &Net, paragraph: &Paragraph, work: &mut Work) -> Vec<f32> {
    let example = example(&[paragraph], None);
    let (_, width) = net.shape.offsets();
    net.forward(&[&example], None, work);
    work.scores
        .chunks_exact(width)
        .map(|row| row[1] - row[0])
        .collect()
}

/// F1 of sentences where every margin above `limit` ends one.
fn sentence_f1(judged: &[(Vec<f32>, &[bool])], limit: f32) -> f64 {
    let (mut right, mut gold, mut found) = (0usize, 0usize, 0usize);
    for (margins, ends) in judged {
        let mut whole = true;
        for (place, (margin, end)) in margins.iter().zip(*ends).enumerate() {
            let said = *margin > limit || place + 1 == ends.len();
            gold += usize::from(*end);
            found += usize::from(said);
            if said && *end {
                right += usize::from(whole);
                whole = true;
            } else if said || *end {
                whole = false;
            }
        }
    }
    2.0 * right as f64 / (gold + found).max(1) as f64
}

/// Learns the splitter and appends its sections.
pub(crate) fn learn(
    train: &[&Doc],
    dev: &[&Doc],
    epochs: usize,
    seed: u64,
    watch: &dyn Fn(Pass),
    out: &mut Vec<(String, Vec<u8>)>,
) {
    let mut rng = Rng::new(seed);
    let forms = train
        .iter()
        .flat_map(|doc| doc.tokens())
        .map(crate::Token::form);
    let vocabulary = Vocabulary::count(forms, 8, (2 + SPACES) as u32);
    let (train, dev) = (paragraphs(train, &vocabulary), paragraphs(dev, &vocabulary));
    let shape = Shape {
        rows: vocabulary.rows(),
        contexts: 0,
        word: SIZES.word,
        hidden: SIZES.hidden,
        state: SIZES.state,
        dense: SIZES.dense,
        heads: vec![2],
    };
    let mut net = Net::new(shape, &mut rng);
    let plan = Plan {
        epochs,
        batch: 600,
        rate: 0.003,
        last_rate: 0.02,
        dropout: Dropout {
            input: 0.1,
            hidden: 0.2,
            summary: 0.2,
            dense: 0.2,
        },
        goal: Goal {
            weights: vec![1.0],
            smoothing: 0.02,
            taught: 0.0,
        },
        patience: 8,
        averaged: 0.4,
    };
    let lengths: Vec<usize> = train.iter().map(|p| p.words.len()).collect();
    let noise = Noise::splitter();
    let make = |at: usize, rng: &mut Rng| {
        // Text of other kinds has no blank lines where this treebank has them: some are taken away.
        let mut parts = vec![&train[at]];
        while rng.unit() < 0.3 && parts.iter().map(|p| p.words.len()).sum::<usize>() < LONGEST {
            let next = at + parts.len();
            let Some(part) = train.get(next) else { break };
            parts.push(part);
        }
        example(&parts, Some((&noise, rng)))
    };
    let judged = |net: &Net, work: &mut Work| -> Vec<(Vec<f32>, &[bool])> {
        dev.iter()
            .map(|p| (margins(net, p, work), p.ends.as_slice()))
            .collect()
    };
    let lesson = Lesson {
        lengths: &lengths,
        example: &make,
        teacher: None,
        judge: &|net, work| sentence_f1(&judged(net, work), 0.0),
        watch,
    };
    fit(&mut net, &plan, &lesson, &mut rng);
    // The limit that suits whole sentences is not the one that suits single decisions.
    let margins = judged(&net, &mut Work::default());
    let limits = (-20..=20).map(|step| step as f32 * 0.1);
    let best = limits
        .map(|limit| (sentence_f1(&margins, limit), limit))
        .reduce(|a, b| {
            if b.0 > a.0 || (b.0 == a.0 && b.1.abs() < a.1.abs()) {
                b
            } else {
                a
            }
        });
    if let Some((_, limit)) = best {
        net.heads_bias.value[1] -= limit;
    }
    out.push(("sent.features".into(), Lexicon::write(&vocabulary.hashes)));
    quantise::sections("sent", &net, out);
}
