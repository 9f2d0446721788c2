//! Text and gold tokens -> the weights of the tokeniser.
//!
//! Logistic regression with `AdaGrad` (Duchi et al. 2011, <https://jmlr.org/papers/v12/duchi11a.html>),
//! the examples shuffled anew in each of a few passes.

use super::rng::Rng;
use crate::Doc;
use crate::tokenise::{Stretch, WEIGHTS, is_place, next, stretches};

const PASSES: usize = 8;
const RATE: f32 = 0.2;
/// 16-bit weights hold this many digits behind the point.
const POINT: f32 = 256.0;

/// Weights as a section of the model, and whether cuts between letters are thought of.
pub(crate) fn learn(docs: &[&Doc], rng: &mut Rng) -> (Vec<u8>, bool) {
    let letters = cuts_between_letters(docs);
    let mut features = Vec::new();
    let mut examples: Vec<(u32, u32, bool)> = Vec::new();
    let (mut stretch, mut found) = (Stretch::default(), Vec::new());
    for doc in docs {
        let text = doc.text();
        let mut starts = doc.tokens().map(|token| token.span().start).peekable();
        let mut spans = stretches(text).peekable();
        while let Some(span) = spans.next() {
            let after = match spans.peek() {
                Some(following) => next(text, span.end, following.start),
                None => crate::tokenise::Next::End,
            };
            if !stretch.read(&text[span.clone()], after, letters) {
                continue;
            }
            for at in (1..stretch.len()).filter(|at| stretch.is_place(*at, letters)) {
                let place = span.start + stretch.offset(at);
                while starts.peek().is_some_and(|start| *start < place) {
                    starts.next();
                }
                stretch.features(at, &mut found);
                let from = features.len() as u32;
                features.extend_from_slice(&found);
                examples.push((from, features.len() as u32, starts.peek() == Some(&place)));
            }
        }
    }
    let mut weights = vec![0f32; WEIGHTS];
    let mut squares = vec![1e-2f32; WEIGHTS];
    for _ in 0..PASSES {
        rng.shuffle(&mut examples);
        for &(from, to, cut) in &examples {
            let active = &features[from as usize..to as usize];
            let sum: f32 = active.iter().map(|f| weights[*f as usize]).sum();
            let p = 1.0 / (1.0 + libm::expf(-sum));
            let slope = p - f32::from(u8::from(cut));
            if slope.abs() < 1e-3 {
                continue;
            }
            for &feature in active {
                let feature = feature as usize;
                squares[feature] += slope * slope;
                weights[feature] -= RATE * slope / squares[feature].sqrt();
            }
        }
    }
    let bytes = weights
        .iter()
        .flat_map(|w| ((w * POINT).round() as i16).to_le_bytes());
    (bytes.collect(), letters)
}

/// Whether more than one token in a hundred begins between two letters.
fn cuts_between_letters(docs: &[&Doc]) -> bool {
    let (mut between, mut all) = (0usize, 0usize);
    for doc in docs {
        for token in doc.tokens() {
            let start = token.span().start;
            let before = doc.text()[..start].chars().next_back();
            let after = token.form().chars().next();
            all += 1;
            if let (Some(a), Some(b)) = (before, after) {
                let inside = !a.is_whitespace() && !is_place(a, b, false);
                between += usize::from(inside);
            }
        }
    }
    between * 100 > all
}
