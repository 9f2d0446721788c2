//! Clipped matches of n-grams by pairs of tokens: for long texts.
//!
//! Each pair of tokens of the candidate is in a table, with the places where it ends. At a place of
//! a reference, the pair that ends here is looked up, and every longer n-gram is found by comparing
//! tokens backwards from the places of the pair: in most texts a pair has one or two. For each order
//! the first place that matches and is free is used up, as in [`bits`](super::bits).
//!
//! A text that says the same again and again has pairs with many places; [`Orders`] counts it.

use super::orders::{Orders, Singles};
use super::table::{ABSENT, Table, pair};

/// A pair with more places than this is not for [`Pairs`].
const MANY: u32 = 12;

/// Where the candidate's pairs of tokens end.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// By number of the pair.
    places: Vec<Places>,
    /// The next place of the same pair, by place; 0 is none.
    next: Vec<u32>,
    /// Orders that used up a place: bit 0 is order 2. Of the reference that is read, and of all.
    used: Vec<u8>,
    used_by_any: Vec<u8>,
    singles: Singles,
}

#[derive(Clone, Copy, Debug)]
struct Places {
    first: u32,
    last: u32,
    count: u32,
}

impl Pairs {
    /// As [`Bits::matches`](super::bits::Bits::matches).
    pub(super) fn matches(
        &mut self,
        (tokens, distinct): (&[u32], usize),
        references: (&[u32], usize, &[usize]),
        table: &mut Table,
        orders: &mut Orders,
        matches: &mut [u64],
    ) {
        let Some((first, higher)) = matches.split_first_mut() else {
            return;
        };
        *first = self.singles.matches((tokens, distinct), references);
        if *first == 0 || higher.is_empty() {
            return;
        }
        if self.read(tokens, table) {
            self.count(tokens, references, table, higher);
        } else {
            orders.matches(&self.singles, tokens, references, table, higher);
        }
    }

    /// Takes in the candidate's pairs of tokens that are in references; false if one has too many
    /// places.
    fn read(&mut self, tokens: &[u32], table: &mut Table) -> bool {
        self.next.clear();
        self.next.resize(tokens.len(), 0);
        self.places.clear();
        table.reset(tokens.len());
        let mut before = self.singles.shared(tokens[0]);
        for i in 1..tokens.len() {
            let shared = self.singles.shared(tokens[i]);
            if before && shared {
                let place = i as u32;
                let id = table.insert(pair(tokens[i - 1], tokens[i]), |_| true) as usize;
                if let Some(places) = self.places.get_mut(id) {
                    self.next[places.last as usize] = place;
                    places.last = place;
                    places.count += 1;
                    if places.count > MANY {
                        return false;
                    }
                } else {
                    self.places.push(Places {
                        first: place,
                        last: place,
                        count: 1,
                    });
                }
            }
            before = shared;
        }
        true
    }

    fn count(
        &mut self,
        tokens: &[u32],
        (reference_tokens, start, ends): (&[u32], usize, &[usize]),
        table: &Table,
        matches: &mut [u64],
    ) {
        let most = matches.len() + 1;
        let all = u8::MAX >> (8 - matches.len());
        self.used_by_any.clear();
        self.used_by_any.resize(tokens.len(), 0);
        // How often a place was used up by just these orders.
        let mut taken = [0_u64; 256];
        let mut from = start;
        for &end in ends {
            let reference = &reference_tokens[from..end];
            from = end;
            self.used.clear();
            self.used.resize(tokens.len(), 0);
            for j in 1..reference.len() {
                let (before, here) = (reference[j - 1], reference[j]);
                if before == ABSENT || here == ABSENT {
                    continue;
                }
                let id = table.find(pair(before, here), |_| true);
                if id == ABSENT {
                    continue;
                }
                let mut wanted = all;
                let mut place = self.places[id as usize].first as usize;
                loop {
                    let longest = most.min(j + 1).min(place + 1);
                    let mut length = 2;
                    while length < longest && tokens[place - length] == reference[j - length] {
                        length += 1;
                    }
                    let matching = u8::MAX >> (9 - length);
                    let take = wanted & matching & !self.used[place];
                    self.used[place] |= take;
                    taken[usize::from(take & !self.used_by_any[place])] += 1;
                    self.used_by_any[place] |= take;
                    wanted &= !take;
                    place = self.next[place] as usize;
                    if wanted == 0 || place == 0 {
                        break;
                    }
                }
            }
        }
        for (n, matches) in matches.iter_mut().enumerate() {
            let of_order = |(orders, times): (usize, &u64)| (orders >> n & 1) as u64 * times;
            *matches = taken.iter().enumerate().map(of_order).sum();
        }
    }
}
