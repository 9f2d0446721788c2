//! Which gold word a system word is.
//!
//! Outside multi-word tokens words match by span. Where either side has a multi-word token, the
//! smallest stretch that no token of either side crosses is aligned by the longest common
//! subsequence of lower-cased forms. The steps follow `conll18_ud_eval.py`, ties included.

use super::units::{Unit, Units};

/// Pairs of word numbers, gold first, in order.
pub(super) fn align(gold: &Units<'_>, system: &Units<'_>) -> Vec<(usize, usize)> {
    let (gold, system) = (gold.words.as_slice(), system.words.as_slice());
    let mut pairs = Vec::with_capacity(gold.len().min(system.len()));
    let (mut g, mut s) = (0, 0);
    while g < gold.len() && s < system.len() {
        let (a, b) = (&gold[g], &system[s]);
        if a.multiword || b.multiword {
            let from = begin(gold, system, g, s);
            (g, s) = end(gold, system, from);
            subsequence(&gold[from.0..g], &system[from.1..s], from, &mut pairs);
        } else if (a.start, a.end) == (b.start, b.end) {
            pairs.push((g, s));
            g += 1;
            s += 1;
        } else if a.start <= b.start {
            g += 1;
        } else {
            s += 1;
        }
    }
    pairs
}

/// Steps over a single word that begins before the other side's multi-word token.
fn begin(gold: &[Unit<'_>], system: &[Unit<'_>], g: usize, s: usize) -> (usize, usize) {
    let (a, b) = (&gold[g], &system[s]);
    if a.multiword {
        (g, s + usize::from(!b.multiword && b.start < a.start))
    } else {
        (g + usize::from(a.start < b.start), s)
    }
}

/// The first words behind the stretch.
fn end(gold: &[Unit<'_>], system: &[Unit<'_>], (mut g, mut s): (usize, usize)) -> (usize, usize) {
    // At least one of the two is the multi-word token that opened the stretch.
    let mut limit = match (gold.get(g), system.get(s)) {
        (Some(word), _) if word.multiword => word.end,
        (_, Some(word)) | (Some(word), None) => word.end,
        (None, None) => return (g, s),
    };
    let beyond = |words: &[Unit<'_>], at: usize, limit: u32| {
        words.get(at).is_none_or(|word| match word.multiword {
            true => word.start >= limit,
            false => word.end > limit,
        })
    };
    while !beyond(gold, g, limit) || !beyond(system, s, limit) {
        let gold_first = match (gold.get(g), system.get(s)) {
            (Some(a), Some(b)) => a.start <= b.start,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let word = if gold_first { &gold[g] } else { &system[s] };
        if word.multiword {
            limit = limit.max(word.end);
        }
        if gold_first {
            g += 1;
        } else {
            s += 1;
        }
    }
    (g, s)
}

/// Aligns one stretch by the longest common subsequence of forms.
fn subsequence(
    gold: &[Unit<'_>],
    system: &[Unit<'_>],
    from: (usize, usize),
    pairs: &mut Vec<(usize, usize)>,
) {
    let width = system.len() + 1;
    let mut longest = vec![0u32; (gold.len() + 1) * width];
    for g in (0..gold.len()).rev() {
        for s in (0..system.len()).rev() {
            let at = g * width + s;
            let both = longest[at + width + 1] + 1;
            let skip = longest[at + width].max(longest[at + 1]);
            longest[at] = if gold[g].lower == system[s].lower {
                both.max(skip)
            } else {
                skip
            };
        }
    }
    let (mut g, mut s) = (0, 0);
    while g < gold.len() && s < system.len() {
        if gold[g].lower == system[s].lower {
            pairs.push((from.0 + g, from.1 + s));
            g += 1;
            s += 1;
        } else if longest[g * width + s] == longest[(g + 1) * width + s] {
            g += 1;
        } else {
            s += 1;
        }
    }
}
