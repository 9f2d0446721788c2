//! A tagged document -> the phrases that it is about, by `SingleRank` (Wan and Xiao 2008,
//! <https://aclanthology.org/C08-1122>), which is `TextRank` (Mihalcea and Tarau 2004,
//! <https://aclanthology.org/W04-3252>) with weighted edges.
//!
//! Nodes are lemmas of nouns, names and adjectives; an edge counts how often two of them stand within ten
//! words of each other. `PageRank` (damping 0.85) gives each a weight, and all weights sum to 1. Candidates
//! are noun phrases ([`crate::chunks`]) less determiners, pronouns and numbers at their ends; a candidate's
//! score is the sum of its words' weights. No other texts are looked at: a word that is frequent in the
//! language is not held against a phrase.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Serialize;

use crate::chunks::chunks;
use crate::stages::{Layers, Stage};
use crate::{Doc, Result, Span, Word};

/// Words that two lemmas may stand apart.
const WINDOW: usize = 10;
const DAMPING: f64 = 0.85;
/// Passes of the ranking at most; it stops when no weight moves.
const PASSES: usize = 50;
const STILL: f64 = 1e-7;

/// A phrase that a document is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Keyphrase {
    /// As it is written where it stands first.
    pub text: String,
    /// Its lemmas in lower case, with blanks between: what makes two phrases the same.
    pub lemmas: String,
    /// The sum of its words' weights, above 0.
    pub score: f64,
    /// Where it stands.
    pub spans: Vec<Span>,
}

/// Ranks words of a document.
struct Graph {
    nodes: HashMap<String, usize>,
    /// Neighbours and how often they meet.
    edges: Vec<Vec<(usize, f64)>>,
}

fn counts(word: Word<'_>) -> bool {
    matches!(word.upos(), "NOUN" | "PROPN" | "ADJ") && word.form().contains(char::is_alphanumeric)
}

impl Graph {
    fn of(doc: &Doc) -> Self {
        let mut nodes = HashMap::new();
        let mut recent: Vec<(usize, usize)> = Vec::new();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for word in doc.words().filter(|word| counts(*word)) {
            let next = nodes.len();
            let node = match nodes.entry(word.lemma().to_lowercase()) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(next),
            };
            recent.retain(|(at, _)| word.index() - at < WINDOW);
            pairs.extend(
                recent
                    .iter()
                    .filter(|(_, other)| *other != node)
                    .map(|(_, other)| (node.min(*other), node.max(*other))),
            );
            recent.push((word.index(), node));
        }
        pairs.sort_unstable();
        let mut edges = vec![Vec::new(); nodes.len()];
        for same in pairs.chunk_by(|a, b| a == b) {
            let ((a, b), count) = (same[0], same.len() as f64);
            edges[a].push((b, count));
            edges[b].push((a, count));
        }
        Self { nodes, edges }
    }

    /// One weight a node; they sum to 1. Sums run in a fixed order, so that the same text gives the
    /// same bits.
    fn rank(&self) -> Vec<f64> {
        let n = self.edges.len();
        let out: Vec<f64> = self
            .edges
            .iter()
            .map(|edges| edges.iter().map(|(_, count)| count).sum())
            .collect();
        let mut weights = vec![1.0 / n as f64; n];
        for _ in 0..PASSES {
            // What lonely nodes have goes to all.
            let lonely: f64 = (0..n)
                .filter(|node| out[*node] == 0.0)
                .map(|node| weights[node])
                .sum();
            let base = (1.0 - DAMPING + DAMPING * lonely) / n as f64;
            let next: Vec<f64> = self
                .edges
                .iter()
                .map(|edges| {
                    let flow: f64 = edges
                        .iter()
                        .map(|(other, count)| weights[*other] * count / out[*other])
                        .sum();
                    base + DAMPING * flow
                })
                .collect();
            let moved = weights
                .iter()
                .zip(&next)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            weights = next;
            if moved < STILL {
                break;
            }
        }
        weights
    }
}

/// The `top` best phrases of a document with tags and lemmas, best first; of equal ones, the earlier.
///
/// ```
/// # #[cfg(feature = "english")] {
/// let text = "Solar panels are cheap. Cheap solar panels need good batteries. Solar panels last.";
/// let doc = botsmith_nlp::Pipeline::english()?.annotate(text)?;
/// let best = &botsmith_nlp::keyphrases::keyphrases(&doc, 3)[0];
/// assert!(best.lemmas.contains("solar panel"), "{best:?}");
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn keyphrases(doc: &Doc, top: usize) -> Vec<Keyphrase> {
    let graph = Graph::of(doc);
    let weights = graph.rank();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<Keyphrase> = Vec::new();
    for chunk in chunks(doc) {
        let mut words = chunk.span.words;
        let counts = |at: usize| doc.word(at).is_some_and(counts);
        while !words.is_empty() && !counts(words.start) {
            words.start += 1;
        }
        while !words.is_empty() && !counts(words.end - 1) {
            words.end -= 1;
        }
        let Some(span) = Span::of(doc, words.clone()) else {
            continue;
        };
        let lemmas: Vec<_> = words
            .filter_map(|at| doc.word(at))
            .map(|word| (word, word.lemma().to_lowercase()))
            .collect();
        let score = lemmas
            .iter()
            .filter(|(word, _)| self::counts(*word))
            .filter_map(|(_, lemma)| graph.nodes.get(lemma))
            .map(|node| weights[*node])
            .sum();
        let lemmas: Vec<_> = lemmas.into_iter().map(|(_, lemma)| lemma).collect();
        let lemmas = lemmas.join(" ");
        match places.entry(lemmas) {
            Entry::Occupied(known) => found[*known.get()].spans.push(span),
            Entry::Vacant(new) => {
                found.push(Keyphrase {
                    text: span.text(doc).to_owned(),
                    lemmas: new.key().clone(),
                    score,
                    spans: vec![span],
                });
                new.insert(found.len() - 1);
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(top);
    found
}

/// The stage `keyphrases`: layer `keyphrases`, a [`Vec`] of [`Keyphrase`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Keyphrases {
    /// How many there are at most.
    pub top: usize,
}

impl Default for Keyphrases {
    fn default() -> Self {
        Self { top: 10 }
    }
}

impl Stage for Keyphrases {
    fn name(&self) -> &'static str {
        "keyphrases"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["sentences", "tags", "lemmas"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["keyphrases"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("keyphrases", keyphrases(doc, self.top));
        Ok(())
    }
}
