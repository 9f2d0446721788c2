//! Tokens to small numbers, exactly: two tokens get the same number only if they are equal.

/// Distinct byte strings of one pair of texts, numbered in order of first sight. All memory is
/// used again after [`Interner::clear`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    bytes: Vec<u8>,
    /// Where each token ends in `bytes`; it starts where the one before ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    /// Number + 1 by hash, linear probing; 0 is free. Only `..=mask` is in use.
    slots: Vec<u32>,
    mask: usize,
}

const SMALLEST: usize = 64;

impl Interner {
    /// Forgets all tokens.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
        self.resize(SMALLEST);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that the buffers hold on to.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity() + 12 * self.hashes.capacity() + 4 * self.slots.capacity()
    }

    /// The token of this number.
    pub(crate) fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = match id {
            0 => 0,
            _ => self.ends[id - 1] as usize,
        };
        &self.bytes[start..self.ends[id] as usize]
    }

    /// The token's number; a new one if it is new.
    pub(crate) fn intern(&mut self, token: &[u8]) -> u32 {
        let hash = hash(token);
        let slot = match self.probe(token, hash) {
            Ok(id) => return id,
            Err(slot) => slot,
        };
        self.bytes.extend_from_slice(token);
        self.ends.push(self.bytes.len() as u32);
        self.hashes.push(hash);
        self.slots[slot] = self.ends.len() as u32;
        if self.ends.len() * 2 > self.mask {
            self.resize((self.mask + 1) * 4);
        }
        self.ends.len() as u32 - 1
    }

    /// The token's number, if it was seen.
    pub(crate) fn find(&self, token: &[u8]) -> Option<u32> {
        self.probe(token, hash(token)).ok()
    }

    fn probe(&self, token: &[u8], hash: u64) -> Result<u32, usize> {
        let mut slot = hash as usize & self.mask;
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                n if self.hashes[n as usize - 1] == hash && self.get(n - 1) == token => {
                    return Ok(n - 1);
                }
                _ => slot = (slot + 1) & self.mask,
            }
        }
    }

    fn resize(&mut self, size: usize) {
        self.mask = size - 1;
        if self.slots.len() < size {
            self.slots.resize(size, 0);
        }
        self.slots[..size].fill(0);
        for (id, &hash) in self.hashes.iter().enumerate() {
            let mut slot = hash as usize & self.mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & self.mask;
            }
            self.slots[slot] = id as u32 + 1;
        }
    }
}

fn hash(token: &[u8]) -> u64 {
    let mut state = token.len() as u64;
    let mut chunks = token.chunks_exact(8);
    let mut mix = |word: u64| {
        let wide = u128::from(state ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        state = (wide >> 64) as u64 ^ wide as u64;
    };
    for chunk in &mut chunks {
        mix(chunk
            .iter()
            .rev()
            .fold(0, |word, &b| word << 8 | u64::from(b)));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        mix(rest
            .iter()
            .rev()
            .fold(0, |word, &b| word << 8 | u64::from(b)));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn equal_tokens_share_a_number_and_others_do_not() {
        let mut interner = Interner::default();
        for _ in 0..2 {
            interner.clear();
            for round in 0..2 {
                for i in 0..5000_u32 {
                    let id = interner.intern(format!("token {i}").as_bytes());
                    assert_eq!(id, i, "round {round}");
                }
            }
            assert_eq!(interner.len(), 5000);
            assert_eq!(interner.get(4321), b"token 4321");
            assert_eq!(interner.find(b"token 7"), Some(7));
            assert_eq!(interner.find(b"token"), None);
        }
    }
}
