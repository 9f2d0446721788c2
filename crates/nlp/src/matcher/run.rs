//! Running patterns: states are places in a pattern, and all that are possible are followed at once
//! (Thompson 1968, <https://doi.org/10.1145/363347.363387>), so that no pattern backtracks.

use std::ops::Range;
use std::sync::Arc;

use super::{Keep, MAX_WORDS, Match, Matcher, Rule, Times, WordPattern};
use crate::{Doc, Span};

/// One word that a pattern stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Its conditions, as a place in the matcher's list.
    test: usize,
    /// Whether the word must be one that the conditions do not fit.
    negated: bool,
    /// Whether it may be left out.
    optional: bool,
    /// Whether it may stand again.
    repeated: bool,
}

/// Writes out how often a word may stand, word for word.
pub(super) fn unroll(test: usize, times: Times, slots: &mut Vec<Slot>) {
    let slot = Slot {
        test,
        negated: times.negated,
        optional: false,
        repeated: false,
    };
    slots.extend(std::iter::repeat_n(slot, times.min));
    let optional = Slot {
        optional: true,
        ..slot
    };
    match times.max {
        Some(max) => {
            let more = max.saturating_sub(times.min);
            slots.extend(std::iter::repeat_n(optional, more));
        }
        None => match slots.last_mut() {
            Some(last) if times.min > 0 => last.repeated = true,
            _ => slots.push(Slot {
                repeated: true,
                ..optional
            }),
        },
    }
}

/// Which words fit which conditions, found out once a word.
struct Known<'a> {
    doc: &'a Doc,
    tests: &'a [WordPattern],
    first: usize,
    /// 0: not yet looked at, 1: does not fit, 2: fits.
    fits: Vec<u8>,
}

impl Known<'_> {
    fn fits(&mut self, word: usize, slot: Slot) -> bool {
        let place = &mut self.fits[(word - self.first) * self.tests.len() + slot.test];
        if *place == 0 {
            let word = self.doc.word(word).expect("inside the stretch");
            *place = 1 + u8::from(self.tests[slot.test].fits(word));
        }
        (*place == 2) != slot.negated
    }
}

/// Words looked at together; conditions that were found out are kept for so many.
const PART: usize = 4096;

/// A set of states.
#[derive(Default)]
struct States(Vec<u64>);

impl States {
    fn clear(&mut self, len: usize) {
        self.0.clear();
        self.0.resize(len / 64 + 1, 0);
    }

    fn insert(&mut self, state: usize) {
        self.0[state / 64] |= 1 << (state % 64);
    }

    fn has(&self, state: usize) -> bool {
        self.0[state / 64] >> (state % 64) & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(place * 64 + bit)
            })
        })
    }

    /// Adds the states that are reached by leaving out what may be left out.
    fn skip(&mut self, slots: &[Slot]) {
        for (state, slot) in slots.iter().enumerate() {
            if slot.optional && self.has(state) {
                self.insert(state + 1);
            }
        }
    }
}

impl Matcher {
    /// Adds the matches among `words`, sorted.
    pub(super) fn stretch(&self, doc: &Doc, words: Range<usize>, found: &mut Vec<Match>) {
        let mut all: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.rules.len()];
        let mut start = words.start;
        while start < words.end {
            // Matches that begin in this part may end behind it.
            let part = start..words.end.min(start + PART);
            let seen = start..words.end.min(part.end + MAX_WORDS);
            let mut known = Known {
                doc,
                tests: &self.tests,
                first: start,
                fits: vec![0; seen.len() * self.tests.len()],
            };
            for (rule, pairs) in self.rules.iter().zip(&mut all) {
                rule.find(&mut known, &part, seen.end, self.keep, pairs);
            }
            start = part.end;
        }
        let from = found.len();
        for (rule, mut pairs) in self.rules.iter().zip(all) {
            if self.keep == Keep::Longest {
                longest(&mut pairs, words.start);
            }
            let spans = pairs.into_iter().filter_map(|(start, end)| {
                Some(Match {
                    name: Arc::clone(&rule.name),
                    span: Span::of(doc, start..end)?,
                })
            });
            found.extend(spans);
        }
        // Stable, so that equal places stay in the order of the patterns.
        found[from..].sort_by_key(|one| (one.span.words.start, one.span.words.end));
        if self.keep == Keep::All {
            found.dedup();
        }
    }
}

impl Rule {
    /// Adds where matches start and end that start in `part`.
    fn find(
        &self,
        known: &mut Known<'_>,
        part: &Range<usize>,
        end: usize,
        keep: Keep,
        pairs: &mut Vec<(usize, usize)>,
    ) {
        let (mut now, mut next) = (States::default(), States::default());
        for start in part.clone() {
            if keep == Keep::First && pairs.last().is_some_and(|last| start < last.1) {
                continue;
            }
            now.clear(self.slots.len());
            now.insert(0);
            now.skip(&self.slots);
            let mut last = None;
            for word in start..end.min(start + MAX_WORDS) {
                next.clear(self.slots.len());
                for state in now.iter() {
                    // A state is how many slots are behind: the next one fits, or the last one again.
                    let slot = self.slots.get(state);
                    if slot.is_some_and(|slot| known.fits(word, *slot)) {
                        next.insert(state + 1);
                    }
                    if let Some(again) = state.checked_sub(1).map(|before| self.slots[before])
                        && again.repeated
                        && known.fits(word, again)
                    {
                        next.insert(state);
                    }
                }
                if next.is_empty() {
                    break;
                }
                next.skip(&self.slots);
                std::mem::swap(&mut now, &mut next);
                if now.has(self.slots.len()) {
                    match keep {
                        Keep::First => last = Some((start, word + 1)),
                        _ => pairs.push((start, word + 1)),
                    }
                }
            }
            pairs.extend(last);
        }
    }
}

/// Keeps the longest of those that overlap.
fn longest(pairs: &mut Vec<(usize, usize)>, first: usize) {
    let mut by_length = pairs.clone();
    by_length.sort_by_key(|(start, end)| (usize::MAX - (end - start), *start));
    let last = pairs.iter().map(|pair| pair.1).max().unwrap_or(first);
    let mut taken = vec![false; last - first];
    pairs.clear();
    for (start, end) in by_length {
        let place = &mut taken[start - first..end - first];
        // All that were taken are at least as long: one that overlaps covers the first word or the last.
        if !place[0] && !place[place.len() - 1] {
            place.fill(true);
            pairs.push((start, end));
        }
    }
    pairs.sort_unstable();
}
