//! How many n-grams two sequences share, for all orders at once.
//!
//! Input: two sequences of symbols, small numbers. Output: for n = 1, 2, … the size of the
//! multiset intersection of their n-grams. Positions of both are sorted by the symbols that follow
//! them; neighbours that agree in n symbols then stand together for every n, and one walk over the
//! sorted positions counts all orders. A run of symbols is packed into one integer and sorted by
//! radix; orders and alphabets too great for 128 bits are sorted by comparison.

use std::iter::repeat_n;
use std::ops::{Add, BitAnd, Sub};

/// Symbols below this stand for the ends of the texts: one for each, so that an n-gram that would
/// reach past the end of one equals none of the other.
pub(super) const FIRST: u32 = 2;

/// As many orders are counted side by side.
const LANES: usize = 8;

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    narrow: Vec<u64>,
    narrow_spare: Vec<u64>,
    wide: Vec<u128>,
    wide_spare: Vec<u128>,
    buckets: Vec<u32>,
    joined: Vec<u32>,
    positions: Vec<u32>,
    starts: Vec<[usize; 2]>,
}

impl Matcher {
    /// Writes into `shared[n - 1]` how many n-grams `a` and `b` share. Symbols are in
    /// `FIRST..end`.
    pub(super) fn count(&mut self, a: &[u32], b: &[u32], end: u32, shared: &mut [u64]) {
        shared.fill(0);
        // Longer n-grams than the shorter text has none.
        let orders = shared.len().min(a.len()).min(b.len());
        let shared = &mut shared[..orders];
        let bits = u32::BITS - (end - 1).leading_zeros();
        let width = bits as usize * orders;
        // One bit of the key says which text it is of.
        if orders == 0 {
        } else if orders <= LANES && width < 64 {
            let (keys, spare) = (&mut self.narrow, &mut self.narrow_spare);
            packed(a, b, bits, keys, spare, &mut self.buckets, shared);
        } else if orders <= LANES && width < 128 {
            let (keys, spare) = (&mut self.wide, &mut self.wide_spare);
            packed(a, b, bits, keys, spare, &mut self.buckets, shared);
        } else {
            self.compared(a, b, shared);
        }
    }

    /// Bytes that it keeps for the next texts.
    pub(super) fn kept(&self) -> usize {
        8 * (self.narrow.capacity() + self.narrow_spare.capacity())
            + 16 * (self.wide.capacity() + self.wide_spare.capacity() + self.starts.capacity())
            + 4 * (self.buckets.capacity() + self.joined.capacity() + self.positions.capacity())
    }

    /// Any orders, any alphabet: positions sorted by comparison.
    fn compared(&mut self, a: &[u32], b: &[u32], shared: &mut [u64]) {
        let orders = shared.len();
        self.joined.clear();
        self.joined.extend_from_slice(a);
        self.joined.push(0);
        self.joined.extend_from_slice(b);
        self.joined.push(1);
        let joined = &self.joined;
        // What follows a position, up to the end mark: it is in no other text, and no two
        // positions of one text are equally far from it.
        let follows = |at: u32| {
            let at = at as usize;
            let stop = if at < a.len() {
                a.len()
            } else {
                joined.len() - 1
            };
            &joined[at..=stop.min(at + orders - 1)]
        };
        self.positions.clear();
        let second = a.len() as u32 + 1;
        self.positions.extend(0..a.len() as u32);
        self.positions.extend(second..second + b.len() as u32);
        self.positions
            .sort_unstable_by(|&x, &y| follows(x).cmp(follows(y)));
        self.starts.clear();
        self.starts.resize(orders, [0, 0]);
        let mut seen = [0, 0];
        let mut last: &[u32] = &[];
        let mut close = |starts: &mut [[usize; 2]], seen: [usize; 2], from: usize| {
            for (start, shared) in starts.iter_mut().zip(&mut *shared).skip(from) {
                *shared += (seen[0] - start[0]).min(seen[1] - start[1]) as u64;
                *start = seen;
            }
        };
        for &at in &self.positions {
            let next = follows(at);
            let common = last.iter().zip(next).take_while(|(x, y)| x == y).count();
            close(&mut self.starts, seen, common);
            seen[usize::from(at >= second)] += 1;
            last = next;
        }
        close(&mut self.starts, seen, 0);
    }
}

/// A run of symbols and, in the lowest bit, the text that it is of.
trait Key: Copy + Ord + Default {
    const BITS: u32;
    /// The run one further on, of text `text`.
    fn roll(self, symbol: u32, bits: u32, width: u32, text: u32) -> Self;
    /// `bits` bits above `shift`.
    fn digit(self, shift: u32, bits: u32) -> usize;
    /// How many leading bits two keys have in common, the lowest not looked at.
    fn common(self, other: Self) -> u32;
    /// 0 or 1.
    fn text(self) -> usize;
}

macro_rules! key {
    ($int:ty) => {
        impl Key for $int {
            const BITS: u32 = <$int>::BITS;
            #[inline]
            fn roll(self, symbol: u32, bits: u32, width: u32, text: u32) -> Self {
                let run = ((self >> 1) << bits | <$int>::from(symbol)) & ((1 << width) - 1);
                run << 1 | <$int>::from(text)
            }
            #[inline]
            fn digit(self, shift: u32, bits: u32) -> usize {
                (self >> shift) as usize & ((1 << bits) - 1)
            }
            #[inline]
            fn common(self, other: Self) -> u32 {
                ((self ^ other) | 1).leading_zeros()
            }
            #[inline]
            fn text(self) -> usize {
                (self & 1) as usize
            }
        }
    };
}
key!(u64);
key!(u128);

fn packed<K: Key>(
    a: &[u32],
    b: &[u32],
    bits: u32,
    keys: &mut Vec<K>,
    spare: &mut Vec<K>,
    buckets: &mut Vec<u32>,
    shared: &mut [u64],
) {
    let orders = shared.len();
    let width = bits * orders as u32;
    keys.clear();
    for (text, symbols) in [(0, a), (1, b)] {
        let mut key = K::default();
        let (head, rest) = symbols.split_at(orders - 1);
        for &symbol in head {
            key = key.roll(symbol, bits, width, text);
        }
        keys.extend(
            rest.iter()
                .copied()
                .chain(repeat_n(text, orders - 1))
                .map(|symbol| {
                    key = key.roll(symbol, bits, width, text);
                    key
                }),
        );
    }
    sort(keys, spare, buckets, width);
    walk(keys, bits, width, shared);
}

/// Sorts by the `width` bits above the lowest.
fn sort<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>, buckets: &mut Vec<u32>, width: u32) {
    if keys.len() < 48 {
        keys.sort_unstable();
        return;
    }
    // Wide digits mean few passes, and many buckets to add up in each.
    let cost = |digit: &u32| width.div_ceil(*digit) as usize * (4 * keys.len() + (1 << digit));
    let digit = (6..=12).min_by_key(cost).unwrap_or(8);
    let passes = width.div_ceil(digit);
    let digit = width.div_ceil(passes);
    spare.clear();
    spare.resize(keys.len(), K::default());
    buckets.clear();
    buckets.resize((passes as usize) << digit, 0);
    for key in &*keys {
        let mut shift = 1;
        for buckets in buckets.chunks_exact_mut(1 << digit) {
            buckets[key.digit(shift, digit)] += 1;
            shift += digit;
        }
    }
    let mut shift = 1;
    for buckets in buckets.chunks_exact_mut(1 << digit) {
        let mut sum = 0;
        for bucket in &mut *buckets {
            sum += std::mem::replace(bucket, sum);
        }
        for key in &*keys {
            let bucket = &mut buckets[key.digit(shift, digit)];
            spare[*bucket as usize] = *key;
            *bucket += 1;
        }
        std::mem::swap(keys, spare);
        shift += digit;
    }
}

macro_rules! lanes {
    () => {
        const {
            let mut goes_on = [[0; LANES]; LANES + 1];
            let mut n = 0;
            while n <= LANES {
                let mut order = 0;
                while order < n {
                    goes_on[n][order] = -1;
                    order += 1;
                }
                n += 1;
            }
            (goes_on, [[0; LANES], [1; LANES]])
        }
    };
}
/// Adds up, over the groups of equal n-grams, the lesser of both texts' counts.
fn walk<K: Key>(keys: &[K], bits: u32, width: u32, shared: &mut [u64]) {
    let orders = shared.len();
    // From leading bits in common to symbols in common; the lowest bit is not looked at.
    let mut symbols = [0_u8; 129];
    let blank = K::BITS - 1 - width;
    for n in 1..=orders {
        let from = (blank + bits * n as u32) as usize;
        let same = symbols[from..].iter_mut().take(bits as usize);
        same.for_each(|symbols| *symbols = n as u8);
    }
    // Half as wide lanes go half as many instructions far.
    if i16::try_from(keys.len()).is_ok() {
        let sums = groups::<K, i16>(keys, &symbols, &lanes!());
        shared
            .iter_mut()
            .zip(sums)
            .for_each(|(s, sum)| *s = sum as u64);
    } else {
        let sums = groups::<K, i32>(keys, &symbols, &lanes!());
        shared
            .iter_mut()
            .zip(sums)
            .for_each(|(s, sum)| *s = sum as u64);
    }
}

/// A count of one order.
trait Lane:
    Copy + Default + Ord + Add<Output = Self> + Sub<Output = Self> + BitAnd<Output = Self>
{
}
impl Lane for i16 {}
impl Lane for i32 {}

/// `.0[n]`: -1 for the orders whose groups go on where neighbours agree in n symbols, 0 for those
/// whose end; `.1[text]`: what a position of a text adds to all counts of that text.
type Masks<C> = ([[C; LANES]; LANES + 1], [[C; LANES]; 2]);

/// The sums of each order. Without branches: the compiler makes vectors of the lanes.
fn groups<K: Key, C: Lane>(keys: &[K], symbols: &[u8; 129], masks: &Masks<C>) -> [C; LANES] {
    let zero = [C::default(); LANES];
    let (mut first, mut second, mut sums) = (zero, zero, zero);
    let mut last = keys[0];
    for &key in keys {
        let common = symbols[key.common(last) as usize];
        let goes_on = &masks.0[usize::from(common).min(LANES)];
        let text = key.text();
        for lane in 0..LANES {
            let lesser = first[lane].min(second[lane]);
            // What goes on is not added yet.
            sums[lane] = sums[lane] + (lesser - (lesser & goes_on[lane]));
            first[lane] = (first[lane] & goes_on[lane]) + masks.1[text ^ 1][lane];
            second[lane] = (second[lane] & goes_on[lane]) + masks.1[text][lane];
        }
        last = key;
    }
    for lane in 0..LANES {
        sums[lane] = sums[lane] + first[lane].min(second[lane]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{FIRST, Matcher};

    fn one_by_one(a: &[u32], b: &[u32], n: usize) -> u64 {
        let mut counts: HashMap<&[u32], u64> = HashMap::new();
        for gram in b.windows(n) {
            *counts.entry(gram).or_default() += 1;
        }
        let mut shared = 0;
        for gram in a.windows(n) {
            if let Some(left @ 1..) = counts.get_mut(gram) {
                *left -= 1;
                shared += 1;
            }
        }
        shared
    }

    fn symbols(kinds: u32) -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(FIRST..FIRST + kinds, 0..120)
    }

    proptest! {
        #[test]
        fn all_ways_of_counting_agree_with_counting_one_by_one(
            a in symbols(3), b in symbols(3), orders in 1..12_usize,
            end in prop_oneof![Just(5_u32), Just(1024), Just(60_000), Just(1 << 21)],
        ) {
            let mut matcher = Matcher::default();
            let mut shared = vec![7; orders];
            matcher.count(&a, &b, end, &mut shared);
            for (n, shared) in shared.iter().enumerate() {
                prop_assert_eq!(*shared, one_by_one(&a, &b, n + 1), "order {}", n + 1);
            }
        }
    }
}
