//! `NumPy`'s default generator: a seed -> the same draws as `numpy.random.default_rng(seed)`.
//!
//! PCG64 (O'Neill 2014, "PCG", <https://www.pcg-random.org/paper.html>; the XSL-RR output of 128
//! bits of state), seeded by `NumPy`'s `SeedSequence`
//! (<https://numpy.org/doc/stable/reference/random/bit_generators/generated/numpy.random.SeedSequence.html>).
//! Only whole numbers below 2^32 and coins are drawn, as `integers` and `choice` draw them.

/// `NumPy`'s default generator.
///
/// ```
/// use botsmith_eval::metrics::paired::Pcg64;
/// let mut rng = Pcg64::new(12345);
/// // numpy.random.default_rng(12345).integers(0, 100, 5)
/// assert_eq!([(); 5].map(|()| rng.below(100)), [69, 22, 78, 31, 20]);
/// ```
#[derive(Clone, Debug)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
    /// The high half of the last word, where only the low one was used.
    half: Option<u32>,
}

const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

impl Pcg64 {
    /// The generator for this seed.
    pub fn new(seed: u64) -> Self {
        let [a, b, c, d] = seed_words(seed);
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let mut rng = Self {
            state: 0,
            increment: wide(c, d) << 1 | 1,
            half: None,
        };
        rng.step();
        rng.state = rng.state.wrapping_add(wide(a, b));
        rng.step();
        rng
    }

    fn step(&mut self) {
        self.state = self
            .state
            .wrapping_mul(MULTIPLIER)
            .wrapping_add(self.increment);
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.next_u64();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// A number below `n`, all equally likely (Lemire 2019, <https://doi.org/10.1145/3230636>); 0
    /// for `n` of 0 or 1, without a draw.
    pub fn below(&mut self, n: u32) -> u32 {
        if n < 2 {
            return 0;
        }
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    /// Coins, as `integers(2, dtype=bool)` tosses them: 32 from half a word.
    pub fn coins(self) -> Coins {
        Coins {
            rng: self,
            bits: 0,
            left: 0,
        }
    }
}

/// Tosses of a fair coin.
#[derive(Clone, Debug)]
pub struct Coins {
    rng: Pcg64,
    bits: u32,
    left: u32,
}

impl Coins {
    /// The next toss.
    pub fn toss(&mut self) -> bool {
        if self.left == 0 {
            self.bits = self.rng.next_u32();
            self.left = 32;
        }
        let heads = self.bits & 1 == 1;
        self.bits >>= 1;
        self.left -= 1;
        heads
    }
}

/// Four words of state from a seed: `NumPy`'s `SeedSequence(seed).generate_state(4, uint64)`.
fn seed_words(seed: u64) -> [u64; 4] {
    let mut pool = [0_u32; 4];
    let mut constant = 0x43b0_d7e5;
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0];
    for (word, value) in pool.iter_mut().zip(entropy) {
        *word = hash(value, &mut constant, 0x931e_8875);
    }
    for from in 0..4 {
        for to in (0..4).filter(|&to| to != from) {
            let value = hash(pool[from], &mut constant, 0x931e_8875);
            pool[to] = mix(pool[to], value);
        }
    }
    let mut constant = 0x8b51_f9dd;
    let mut half = |i: usize| u64::from(hash(pool[i % 4], &mut constant, 0x58f3_8ded));
    let mut word = |i: usize| half(2 * i) | half(2 * i + 1) << 32;
    [word(0), word(1), word(2), word(3)]
}

fn hash(value: u32, constant: &mut u32, multiplier: u32) -> u32 {
    let value = value ^ *constant;
    *constant = constant.wrapping_mul(multiplier);
    let value = value.wrapping_mul(*constant);
    value ^ value >> 16
}

fn mix(a: u32, b: u32) -> u32 {
    let mixed = a
        .wrapping_mul(0xca01_f9dd)
        .wrapping_sub(b.wrapping_mul(0x4973_f715));
    mixed ^ mixed >> 16
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "numbers as Python prints them")]
mod tests {
    use super::Pcg64;

    #[test]
    fn draws_are_those_of_numpy() {
        // numpy 2.4: default_rng(seed).integers(0, n, 8); the last seed has two words.
        for (seed, n, wanted) in NUMPY {
            let mut rng = Pcg64::new(seed);
            assert_eq!([(); 8].map(|()| rng.below(n)), wanted, "seed {seed}");
        }
    }

    #[test]
    fn coins_are_those_of_numpy() {
        let mut coins = Pcg64::new(12345).coins();
        let tossed: String = (0..70)
            .map(|_| if coins.toss() { '1' } else { '0' })
            .collect();
        assert_eq!(tossed, COINS);
    }

    const NUMPY: [(u64, u32, [u32; 8]); 4] = [
        (12345, 200, [139, 45, 157, 63, 40, 159, 128, 135]),
        (
            0,
            3000000000,
            [
                2551872677, 1910885061, 1533409439, 809360140, 923488268, 122920571, 225720425,
                49582906,
            ],
        ),
        (7, 1000, [944, 625, 684, 897, 578, 775, 833, 225]),
        (1311768467463790320, 17, [12, 3, 1, 6, 6, 8, 15, 12]),
    ];
    const COINS: &str = "1011100110000011111111110100110110110001100011010100110001011100011110";
}
