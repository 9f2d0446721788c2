//! Levenshtein's distance and optimal string alignment over sequences of symbols.

use super::affix::{hamming, trimmed};
use super::strips::{Band, Forget, Keep, ROWS, Strips};

/// Insertions, deletions and substitutions.
pub(super) fn distance(strips: &mut Strips, a: &[u32], b: &[u32], alphabet: usize) -> usize {
    let (a, b, _) = trimmed(a, b);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return text.len();
    }
    narrow::<false>(strips, pattern, text, alphabet, &mut Forget)
}

/// As [`distance`], and swaps of neighbours that are not edited again.
pub(super) fn osa(strips: &mut Strips, a: &[u32], b: &[u32], alphabet: usize) -> usize {
    let (a, b, _) = trimmed(a, b);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return text.len();
    }
    narrow::<true>(strips, pattern, text, alphabet, &mut Forget)
}

/// Tries narrow bands first: similar texts need no others, and dissimilar ones show it after a few
/// strips. `keep` has what the run that found the distance gave.
pub(super) fn narrow<const OSA: bool>(
    strips: &mut Strips,
    pattern: &[u32],
    text: &[u32],
    alphabet: usize,
    keep: &mut impl Keep,
) -> usize {
    let (rows, columns) = (pattern.len(), text.len());
    // No more edits than these are needed.
    let mut most = rows.max(columns);
    if rows > ROWS && columns > ROWS {
        most = hamming(pattern, text);
        let mut tried = rows.abs_diff(columns) + 64;
        while tried < most * 3 / 4 {
            let band = Band::within(rows, columns, tried);
            match strips.run::<OSA>(pattern, text, alphabet, band, Some(tried), keep) {
                Ok(found) if found <= tried => return found,
                // The length of some path, so a bound.
                Ok(found) => {
                    most = most.min(found);
                    tried *= 4;
                }
                Err(far) => tried = (tried * 4).max(far.estimate + far.estimate / 4),
            }
        }
    }
    let band = Band::within(rows, columns, most);
    strips
        .run::<OSA>(pattern, text, alphabet, band, None, keep)
        .unwrap_or_else(|far| far.estimate)
}
