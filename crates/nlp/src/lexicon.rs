//! Hashes <-> places: a sorted set of 64-bit hashes, read in place from the model's bytes.
//!
//! The hashes are grouped by their top bits; within a group the next 32 bits are compared. So two
//! strings are taken for one with a chance of about one in four billion a look.

use std::ops::Range;

/// Where a set lies in the model's bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon {
    bits: u32,
    groups: usize,
    prints: usize,
    count: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

impl Lexicon {
    /// Writes a set; `hashes` are sorted and differ. A hash's place is its number there.
    pub(crate) fn write(hashes: &[u64]) -> Vec<u8> {
        let bits = (usize::BITS - hashes.len().leading_zeros())
            .saturating_sub(2)
            .clamp(1, 16);
        let mut out = Vec::with_capacity(hashes.len() * 4 + (4 << bits) + 16);
        out.extend(bits.to_le_bytes());
        out.extend((hashes.len() as u32).to_le_bytes());
        for group in 0..=1u64 << bits {
            let before = hashes.partition_point(|hash| hash >> (64 - bits) < group);
            out.extend((before as u32).to_le_bytes());
        }
        for hash in hashes {
            out.extend(print(*hash, bits).to_le_bytes());
        }
        out
    }

    /// Finds the set in `bytes[range]`; none where the bytes do not hold one.
    pub(crate) fn read(bytes: &[u8], range: Range<usize>) -> Option<Self> {
        let part = bytes.get(range.clone())?;
        let bits = u32_at(part.get(..8)?, 0);
        let count = u32_at(part, 4) as usize;
        if !(1..=16).contains(&bits) {
            return None;
        }
        let groups = (1usize << bits) + 1;
        if part.len() != 8 + groups * 4 + count * 4 {
            return None;
        }
        let steps = (0..groups).map(|group| u32_at(part, 8 + group * 4) as usize);
        if !steps.clone().is_sorted() || u32_at(part, 4 + groups * 4) as usize != count {
            return None;
        }
        Some(Self {
            bits,
            groups: range.start + 8,
            prints: range.start + 8 + groups * 4,
            count,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The place of a hash.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], hash: u64) -> Option<usize> {
        let group = (hash >> (64 - self.bits)) as usize;
        let from = u32_at(bytes, self.groups + group * 4) as usize;
        let to = u32_at(bytes, self.groups + group * 4 + 4) as usize;
        let wanted = print(hash, self.bits);
        let prints = &bytes[self.prints + from * 4..self.prints + to * 4];
        prints
            .chunks_exact(4)
            .position(|print| u32_at(print, 0) == wanted)
            .map(|at| from + at)
    }
}

/// What [`Lexicon::find_all`] gives for a hash that is not there.
pub(crate) const NOWHERE: u32 = u32::MAX;

impl Lexicon {
    /// The places of many hashes, in order: waits for memory run side by side.
    pub(crate) fn find_all(&self, bytes: &[u8], hashes: &[u64], places: &mut Vec<u32>) {
        places.clear();
        let group = |hash: u64| self.groups + (hash >> (64 - self.bits)) as usize * 4;
        let mut sum = 0;
        for hash in hashes {
            let from = u32_at(bytes, group(*hash)) as usize;
            // A group at the very end may be empty: the byte before the prints is always there.
            sum ^= bytes[self.prints + from * 4 - 1];
        }
        std::hint::black_box(sum);
        places.extend(hashes.iter().map(|hash| {
            let place = self.find(bytes, *hash);
            place.map_or(NOWHERE, |place| place as u32)
        }));
    }
}

/// The 32 bits behind the top ones.
fn print(hash: u64, bits: u32) -> u32 {
    (hash << bits >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_found_and_nothing_else() {
        for count in [0u64, 1, 2, 1000] {
            let mut hashes: Vec<u64> = (0..count)
                .map(|i| crate::features::hash(9, &i.to_le_bytes()))
                .collect();
            hashes.sort_unstable();
            let mut bytes = vec![7; 3];
            bytes.extend(Lexicon::write(&hashes));
            let set = Lexicon::read(&bytes, 3..bytes.len()).expect("a set");
            assert_eq!(set.len(), hashes.len());
            for (place, hash) in hashes.iter().enumerate() {
                assert_eq!(set.find(&bytes, *hash), Some(place));
            }
            assert_eq!(set.find(&bytes, crate::features::hash(8, b"x")), None);
            let mut places = vec![9];
            hashes.push(u64::MAX);
            set.find_all(&bytes, &hashes, &mut places);
            let wanted = (0..count as u32).chain([NOWHERE]);
            assert_eq!(places, wanted.collect::<Vec<_>>());
            assert!(Lexicon::read(&bytes, 3..bytes.len() - 1).is_none());
        }
    }
}
