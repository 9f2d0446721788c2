//! Changed logits -> the tokens that a draw chooses among: temperature, top-k, top-p, min-p.
//!
//! As transformers' warpers do it: top-p keeps tokens until their sum reaches p, the one that
//! crosses included; each step works on the probabilities that the one before left, renormalised.

use std::cmp::Ordering;

use super::SamplingOptions;

/// A token that may be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub token: u32,
    /// Its probability among the candidates; they sum to 1.
    pub probability: f64,
}

/// The id of the highest logit; the smallest among equals. NaN counts as lowest.
pub(crate) fn likeliest(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, logit) in logits.iter().enumerate() {
        if *logit > best.1 {
            best = (id, *logit);
        }
    }
    best.0 as u32
}

/// Falling logit, then rising id.
fn order(logits: &[f32], a: u32, b: u32) -> Ordering {
    let (x, y) = (logits[a as usize], logits[b as usize]);
    y.total_cmp(&x).then(a.cmp(&b))
}

/// The ids of the `n` highest logits, highest first.
pub(super) fn highest(logits: &[f32], n: usize) -> Vec<u32> {
    let n = n.min(logits.len());
    if n == 0 {
        return Vec::new();
    }
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    if n < ids.len() {
        ids.select_nth_unstable_by(n, |a, b| order(logits, *a, *b));
        ids.truncate(n);
    }
    ids.sort_unstable_by(|a, b| order(logits, *a, *b));
    ids
}

pub(super) fn candidates(logits: &[f32], options: &SamplingOptions) -> Vec<Candidate> {
    let k = match options.top_k {
        0 => logits.len(),
        k => k,
    };
    let ids = highest(logits, k);
    let Some(first) = ids.first() else {
        return Vec::new();
    };
    let highest = f64::from(logits[*first as usize]);
    let temperature = f64::from(options.temperature);
    let mut kept: Vec<Candidate> = ids
        .iter()
        .map(|id| Candidate {
            token: *id,
            probability: match temperature {
                0.0 => f64::from(u8::from(id == first)),
                _ => ((f64::from(logits[*id as usize]) - highest) / temperature).exp(),
            },
        })
        .filter(|candidate| candidate.probability > 0.0)
        .collect();
    renormalise(&mut kept);
    if options.top_p < 1.0 {
        let top_p = f64::from(options.top_p);
        let mut sum = 0.0;
        let end = kept.iter().position(|candidate| {
            sum += candidate.probability;
            sum >= top_p
        });
        kept.truncate(end.map_or(kept.len(), |end| end + 1));
        renormalise(&mut kept);
    }
    if options.min_p > 0.0 {
        let least = f64::from(options.min_p) * kept.first().map_or(0.0, |first| first.probability);
        kept.retain(|candidate| candidate.probability >= least);
        renormalise(&mut kept);
    }
    kept
}

fn renormalise(kept: &mut [Candidate]) {
    let sum: f64 = kept.iter().map(|candidate| candidate.probability).sum();
    for candidate in kept {
        candidate.probability /= sum;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn candidates_are_the_likeliest_and_sum_to_one(
            logits in prop::collection::vec(-20f32..20.0, 1..40),
            top_k in 0usize..10,
            top_p in 0f32..=1.0,
            min_p in 0f32..=1.0,
            temperature in 0.05f32..3.0,
        ) {
            let options = SamplingOptions { temperature, top_k, top_p, min_p, ..SamplingOptions::default() };
            let kept = candidates(&logits, &options);
            prop_assert!(!kept.is_empty());
            prop_assert_eq!(kept[0].token, likeliest(&logits));
            let sum: f64 = kept.iter().map(|kept| kept.probability).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(kept.windows(2).all(|two| two[0].probability >= two[1].probability));
            prop_assert!(top_k == 0 || kept.len() <= top_k);
        }
    }
}
