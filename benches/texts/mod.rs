//! Texts for benchmarks: the same for the same seed, made without a dependency.

const WORDS: [&str; 40] = [
    "the", "order", "refund", "parcel", "policy", "account", "invoice", "of", "and", "to", "in",
    "is", "you", "for", "on", "with", "as", "at", "this", "have", "from", "delivery", "customer",
    "support", "warranty", "return", "price", "plan", "cancel", "email", "phone", "London",
    "Paris", "we", "your", "can", "not", "what", "12", "a",
];

/// A small generator (<https://prng.di.unimi.it/splitmix64.c>).
pub struct Texts(u64);

impl Texts {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many words.
    pub fn words(&mut self, count: usize) -> String {
        let words: Vec<_> = (0..count)
            .map(|_| WORDS[self.next() as usize % WORDS.len()])
            .collect();
        words.join(" ")
    }
}
