//! Pairs of pseudo-word texts: the same for the same seed, made without a dependency.

/// A small generator (<https://prng.di.unimi.it/splitmix64.c>).
pub struct Texts(u64);

impl Texts {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % n
    }

    fn word(&mut self) -> String {
        let syllables = 1 + self.below(3);
        let syllable = |texts: &mut Self| {
            let consonant = b"bcdfghklmnprstvz"[texts.below(16)];
            let vowel = b"aeiou"[texts.below(5)];
            [char::from(consonant), char::from(vowel)]
        };
        (0..syllables).flat_map(|_| syllable(self)).collect()
    }

    /// A reference of so many words and a candidate with about a fifth of them changed: left out,
    /// put in, replaced, or moved by one.
    pub fn pair(&mut self, words: usize) -> (String, String) {
        let mut reference: Vec<String> = (0..words).map(|_| self.word()).collect();
        for at in (11..words).step_by(12) {
            reference[at].push([',', '.'][self.below(2)]);
        }
        let mut candidate = Vec::with_capacity(words);
        for word in &reference {
            match self.below(20) {
                0 => {}
                1 => candidate.extend([word.clone(), self.word()]),
                2 => candidate.push(self.word()),
                3 if !candidate.is_empty() => candidate.insert(candidate.len() - 1, word.clone()),
                _ => candidate.push(word.clone()),
            }
        }
        (candidate.join(" "), reference.join(" "))
    }
}
