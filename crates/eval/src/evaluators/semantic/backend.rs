//! What measures pairs of texts: the trait, and the table of token vectors inside.

use std::collections::HashMap;

use botsmith_core::static_embeddings::{StaticEmbeddings, StaticToken};
use serde_json::{Value, json};

use crate::metrics::bertscore::{Idf, Matched, TokenVectors, matched};

/// What was measured of a pair. Of embeddings: the cosine. Of a class: its probability. Of `BERTScore`: precision,
/// recall, F1. Of a text's likelihood: nats, tokens, bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Measured {
    pub(in super::super) values: Vec<f64>,
    /// Spans of the first text, in bytes, with how well each is borne out by the second.
    pub(in super::super) spans: Vec<(usize, usize, f64)>,
}

impl Measured {
    pub(in super::super) fn value(&self) -> f64 {
        self.values.first().copied().unwrap_or(0.0)
    }
}

impl From<Vec<f64>> for Measured {
    fn from(values: Vec<f64>) -> Self {
        Self {
            values,
            spans: Vec::new(),
        }
    }
}

/// Measures pairs of texts.
pub(in super::super) trait Backend: Send + Sync + std::fmt::Debug {
    /// The measures of pairs, in order; why there are none.
    fn measure(&self, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, String>;

    /// What decides its numbers.
    fn identity(&self) -> Value;
}

/// The texts of pairs, each once, and the places of both texts of each pair.
pub(super) fn different<'a>(pairs: &[(&'a str, &'a str)]) -> (Vec<&'a str>, Vec<(usize, usize)>) {
    let mut texts = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut place = |text: &'a str| {
        *places.entry(text).or_insert_with(|| {
            texts.push(text);
            texts.len() - 1
        })
    };
    let both = pairs.iter().map(|(a, b)| (place(a), place(b))).collect();
    (texts, both)
}

/// Cosines by the table.
#[derive(Debug)]
pub(super) struct StaticCosine;

impl Backend for StaticCosine {
    fn measure(&self, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, String> {
        let (texts, places) = different(pairs);
        let vectors = StaticEmbeddings::english().embed(&texts);
        let cosine = |&(a, b): &(usize, usize)| match a == b {
            true => 1.0,
            false => vectors.cosine(a, b).clamp(-1.0, 1.0),
        };
        Ok(places
            .iter()
            .map(|both| vec![cosine(both)].into())
            .collect())
    }

    fn identity(&self) -> Value {
        json!({"table": StaticEmbeddings::english().digest().to_string()})
    }
}

/// `BERTScore` over the table's token vectors.
#[derive(Debug)]
pub(super) struct StaticTokens {
    pub(super) idf: Option<Idf<u32>>,
}

impl Backend for StaticTokens {
    fn measure(&self, pairs: &[(&str, &str)]) -> Result<Vec<Measured>, String> {
        let table = StaticEmbeddings::english();
        let one = |text: &str| {
            let tokens = table.tokens(text);
            let vectors = table.token_vectors(&tokens);
            let weights: Option<Vec<f64>> = self
                .idf
                .as_ref()
                .map(|idf| tokens.iter().map(|token| idf.weight(&token.id)).collect());
            (tokens, vectors, weights)
        };
        pairs
            .iter()
            .map(|(candidate, reference)| {
                let ((tokens, ours, our_weights), (_, theirs, their_weights)) =
                    (one(candidate), one(reference));
                let found = score(
                    table.width(),
                    (ours.values(), our_weights.as_deref()),
                    (theirs.values(), their_weights.as_deref()),
                )?;
                let spans = tokens
                    .iter()
                    .map(|StaticToken { start, end, .. }| (*start, *end));
                Ok(with_spans(&found, spans))
            })
            .collect()
    }

    fn identity(&self) -> Value {
        json!({"table": StaticEmbeddings::english().digest().to_string()})
    }
}

/// `BERTScore` of token vectors with their weights.
pub(super) fn score(
    width: usize,
    (ours, our_weights): (&[f32], Option<&[f64]>),
    (theirs, their_weights): (&[f32], Option<&[f64]>),
) -> Result<Matched, String> {
    let side = |values, weights: Option<_>| {
        let vectors = TokenVectors::new(width, values)?;
        match weights {
            Some(weights) => vectors.weighted(weights),
            None => Ok(vectors),
        }
    };
    let both =
        side(ours, our_weights).and_then(|ours| matched(&ours, &side(theirs, their_weights)?));
    both.map_err(|error| error.to_string())
}

/// Precision, recall and F1, with the cosine that each token's word found.
pub(super) fn with_spans(found: &Matched, spans: impl Iterator<Item = (usize, usize)>) -> Measured {
    let mut words: Vec<(usize, usize, f64)> = Vec::new();
    for ((start, end), (_, cosine)) in spans.zip(&found.nearest) {
        match words.last_mut() {
            // The pieces of a word: the word is as good as the worst of them.
            Some(last) if (last.0, last.1) == (start, end) => last.2 = last.2.min(*cosine),
            _ => words.push((start, end, *cosine)),
        }
    }
    let score = found.score;
    Measured {
        values: vec![score.precision, score.recall, score.f1],
        spans: words,
    }
}
