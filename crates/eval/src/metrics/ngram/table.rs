//! Keys of 64 bits to small numbers: one open-addressing table that serves one order of n-grams
//! after the other. Slots are four bytes, so that those of some thousand keys stay in the nearest
//! cache.
//!
//! Tokens of up to seven bytes are their own key; longer ones have a hash for a key, and the caller
//! compares them whole.

/// The number of no token.
pub(super) const ABSENT: u32 = u32::MAX;

/// Whether a key is only a hash of its token.
pub(super) fn is_hash(key: u64) -> bool {
    key >> 63 == 1
}

/// Up to seven bytes: the token itself, with its length in the highest byte. Longer ones: a hash,
/// with the highest bit set.
#[inline]
pub(super) fn key(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    if length > 7 {
        return long_key(&bytes[start..end]) | 1 << 63;
    }
    let from_start = if let Some(chunk) = bytes[start..].first_chunk::<8>() {
        u64::from_le_bytes(*chunk)
    } else if let Some(chunk) = bytes.last_chunk::<8>() {
        // Near the end of a text: the bytes before the token are shifted out. No copy of a length that is known only here,
        // which a processor waits for.
        let before = 8 * (start + 8 - bytes.len());
        u64::from_le_bytes(*chunk)
            .checked_shr(before as u32)
            .unwrap_or(0)
    } else {
        let token = bytes[start..end].iter().rev();
        token.fold(0, |token, byte| token << 8 | u64::from(*byte))
    };
    let token = from_start & ((1 << (8 * length)) - 1);
    token | (length as u64) << 56
}

fn long_key(token: &[u8]) -> u64 {
    let (chunks, _) = token.as_chunks::<8>();
    // The last eight bytes too, where they overlap the last whole chunk.
    let last = token.last_chunk::<8>();
    chunks
        .iter()
        .chain(last)
        .fold(token.len() as u64, |hash, chunk| {
            (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(MIX)
        })
}

/// The key of two numbers.
#[inline]
pub(super) fn pair(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// Multiplicative hashing (Knuth): odd, and both halves spread small numbers well, as keys are
/// pairs of them.
const MIX: u64 = 0xc2b2_ae3d_9e37_79b1;

/// Keys to numbers in order of first sight, by linear probing, at most half full.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Number + 1; 0 is free. Only `..=mask` is in use.
    slots: Vec<u32>,
    /// By number.
    keys: Vec<u64>,
    shift: u32,
    mask: usize,
}

impl Table {
    /// Empties it and makes room for `entries`; only as many of the slots as they need are used, so
    /// that short texts stay in the nearest cache whatever came before.
    pub(super) fn reset(&mut self, entries: usize) {
        // Few meet on a slot while there is room in the nearest cache.
        let spare = if entries < 1024 { 4 } else { 2 };
        let slots = (entries * spare).next_power_of_two().max(16);
        if self.slots.len() < slots {
            self.slots.resize(slots, 0);
        }
        self.mask = slots - 1;
        self.shift = 64 - slots.trailing_zeros();
        self.slots[..slots].fill(0);
        self.keys.clear();
    }

    /// How many keys there are, which is the number of the next.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.keys.len() as u32
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(MIX) >> self.shift) as usize
    }

    /// The number of this key, or [`ABSENT`]. `same` tells keys apart that only look the same.
    #[inline]
    pub(super) fn find(&self, key: u64, same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.home(key);
        loop {
            let id = self.slots[at & self.mask].wrapping_sub(1);
            if id == ABSENT || (self.keys[id as usize] == key && same(id)) {
                return id;
            }
            at += 1;
        }
    }

    /// The number of this key, the next number if it had none.
    #[inline]
    pub(super) fn insert(&mut self, key: u64, same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.home(key);
        loop {
            let slot = &mut self.slots[at & self.mask];
            let id = slot.wrapping_sub(1);
            if id == ABSENT {
                let fresh = self.keys.len() as u32;
                *slot = fresh + 1;
                self.keys.push(key);
                return fresh;
            }
            if self.keys[id as usize] == key && same(id) {
                return id;
            }
            at += 1;
        }
    }

    /// How many slots it holds.
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{ABSENT, Table, key};

    #[test]
    fn a_token_has_one_key_wherever_it_stands() {
        for length in 0..=20 {
            let token: Vec<u8> = (0..length).map(|n| 0x80 | n).collect();
            let alone = key(&token, 0, token.len());
            for (before, after) in (0..12).flat_map(|n| (0..12).map(move |m| (n, m))) {
                let text = [vec![0xff; before], token.clone(), vec![0xee; after]].concat();
                let there = key(&text, before, before + token.len());
                assert_eq!(
                    alone, there,
                    "{length} bytes, {before} before, {after} after"
                );
            }
        }
    }

    #[test]
    fn numbers_go_by_first_sight_and_a_reset_forgets_them() {
        let mut table = Table::default();
        for entries in [1000, 8, 300] {
            table.reset(entries);
            assert_eq!(table.find(7, |_| true), ABSENT);
            for key in 0..entries as u64 {
                assert_eq!(u64::from(table.insert(key * 3, |_| true)), key);
                assert_eq!(u64::from(table.insert(key * 3, |_| true)), key);
            }
            assert_eq!(table.len() as usize, entries);
            assert_eq!(table.find(3, |_| true), 1);
            assert_eq!(table.find(3, |_| false), ABSENT);
            assert_eq!(table.find(4, |_| true), ABSENT);
        }
    }
}
