//! How many n-grams two sequences share, as multisets.

/// Exact numbers for the n-grams of the reference. An n-gram is the number of its first n - 1
/// tokens and its last token; sequences of any n take n - 1 rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Ngrams {
    /// Key and number, by hash, linear probing.
    slots: Vec<(u64, u32)>,
    /// Number of the n-gram that starts at each place.
    candidate: Vec<u32>,
    reference: Vec<u32>,
    /// How often the reference has it, less what the candidate has used.
    counts: Vec<u32>,
}

const FREE: u64 = u64::MAX;
/// An n-gram that the reference does not have.
const FOREIGN: u32 = u32::MAX;

impl Ngrams {
    /// The size of the multiset intersection of the n-grams; token numbers are below `ids`.
    pub(super) fn shared(
        &mut self,
        n: usize,
        candidate: &[u32],
        reference: &[u32],
        ids: usize,
    ) -> usize {
        if n == 0 || n > candidate.len().min(reference.len()) {
            return 0;
        }
        if n == 1 {
            return count(&mut self.counts, ids, candidate, reference);
        }
        self.candidate.clear();
        self.candidate.extend_from_slice(candidate);
        self.reference.clear();
        self.reference.extend_from_slice(reference);
        let mut distinct = ids;
        for length in 2..=n {
            distinct = self.extend(length, candidate, reference);
        }
        count(&mut self.counts, distinct, &self.candidate, &self.reference)
    }

    /// From n-grams of `length - 1` tokens to those of `length`; returns how many there are.
    fn extend(&mut self, length: usize, candidate: &[u32], reference: &[u32]) -> usize {
        let size = (reference.len() * 2).next_power_of_two();
        let shift = 64 - size.trailing_zeros();
        self.slots.clear();
        self.slots.resize(size, (FREE, 0));
        let key = |head: u32, tail: u32| u64::from(head) << 32 | u64::from(tail);
        let find = |slots: &[(u64, u32)], key: u64| {
            let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as usize;
            while slots[slot].0 != key && slots[slot].0 != FREE {
                slot = (slot + 1) & (size - 1);
            }
            slot
        };
        let mut distinct = 0;
        for at in 0..=reference.len() - length {
            let key = key(self.reference[at], reference[at + length - 1]);
            let slot = find(&self.slots, key);
            if self.slots[slot].0 == FREE {
                self.slots[slot] = (key, distinct);
                distinct += 1;
            }
            self.reference[at] = self.slots[slot].1;
        }
        self.reference.truncate(reference.len() - length + 1);
        for at in 0..=candidate.len() - length {
            let head = self.candidate[at];
            if head != FOREIGN {
                let slot = find(&self.slots, key(head, candidate[at + length - 1]));
                self.candidate[at] = match self.slots[slot] {
                    (FREE, _) => FOREIGN,
                    (_, number) => number,
                };
            }
        }
        self.candidate.truncate(candidate.len() - length + 1);
        distinct as usize
    }

    /// Bytes that the buffers hold on to.
    pub(super) fn capacity(&self) -> usize {
        16 * self.slots.capacity()
            + 4 * (self.candidate.capacity() + self.reference.capacity() + self.counts.capacity())
    }
}

fn count(counts: &mut Vec<u32>, ids: usize, candidate: &[u32], reference: &[u32]) -> usize {
    counts.clear();
    counts.resize(ids, 0);
    for &number in reference {
        counts[number as usize] += 1;
    }
    let mut hits = 0;
    for &number in candidate {
        if let Some(left @ 1..) = counts.get_mut(number as usize) {
            *left -= 1;
            hits += 1;
        }
    }
    hits
}
