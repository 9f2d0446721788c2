//! Seeded draws: picks with replacement, and binomial counts.
//!
//! Everything starts from `ChaCha8` and uses integers or `libm`, so a seed means the same draws on
//! every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::special::{exp, log, log1p};

/// The generator for `seed`. `stream` keeps different uses of one seed apart.
pub(crate) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// A number in `[0, 1)` with 53 random bits.
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The next pick below `n` from a random word: the high half of `word * n`; the low half is the
/// word for the pick after it.
fn pick(word: &mut u64, n: u64) -> usize {
    let product = u128::from(*word) * u128::from(n);
    *word = product as u64;
    (product >> 64) as usize
}

/// A whole number below `n`, which is at least 1.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    pick(&mut rng.next_u64(), n as u64)
}

/// How many picks below `n` one 64-bit word gives with a bias below 2^-20 each.
///
/// Brackett-Rozinsky & Lemire 2024, "Batched ranged random integer generation"
/// (<https://arxiv.org/abs/2408.06213>), less the rejection step: `k` picks from one word are off
/// by at most n^k / 2^64.
fn picks_per_word(n: u64) -> u32 {
    match n {
        0..=2_048 => 4,
        2_049..=16_384 => 3,
        16_385..=4_194_304 => 2,
        _ => 1,
    }
}

/// The sum of `values.len()` values picked with replacement.
pub(super) fn resample_sum(rng: &mut ChaCha8Rng, values: &[f64]) -> f64 {
    let n = values.len() as u64;
    // Sums side by side, so that an addition need not wait for the one before it.
    let mut sums = [0.0_f64; 4];
    let per_word = picks_per_word(n) as usize;
    let words = values.len() / per_word;
    match per_word {
        4 => add_picks::<4>(rng, values, words, &mut sums),
        3 => add_picks::<3>(rng, values, words, &mut sums),
        2 => add_picks::<2>(rng, values, words, &mut sums),
        _ => add_picks::<1>(rng, values, words, &mut sums),
    }
    let mut word = rng.next_u64();
    for sum in &mut sums[..values.len() - words * per_word] {
        *sum += values[pick(&mut word, n)];
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn add_picks<const K: usize>(
    rng: &mut ChaCha8Rng,
    values: &[f64],
    words: usize,
    sums: &mut [f64; 4],
) {
    let n = values.len() as u64;
    for _ in 0..words {
        let mut word = rng.next_u64();
        for sum in &mut sums[..K] {
            *sum += values[pick(&mut word, n)];
        }
    }
}

/// Fills `sample` with as many values picked with replacement.
pub(super) fn resample(rng: &mut ChaCha8Rng, values: &[f64], sample: &mut [f64]) {
    let n = values.len() as u64;
    for chunk in sample.chunks_mut(picks_per_word(n) as usize) {
        let mut word = rng.next_u64();
        for slot in chunk {
            *slot = values[pick(&mut word, n)];
        }
    }
}

/// Different values, ascending, and how often each occurs; `None` when there are more than `most`.
pub(super) fn tabulate(values: &[f64], most: usize) -> Option<Vec<(f64, u64)>> {
    let mut table: Vec<(f64, u64)> = Vec::with_capacity(most.min(values.len()) + 1);
    for &value in values {
        match table.binary_search_by(|(known, _)| known.total_cmp(&value)) {
            Ok(at) => table[at].1 += 1,
            Err(_) if table.len() == most => return None,
            Err(at) => table.insert(at, (value, 1)),
        }
    }
    Some(table)
}

/// The sum of `n` values picked with replacement from a table of `n` values: the counts of each
/// value are multinomial, drawn as one binomial after the other.
pub(super) fn resample_table_sum(rng: &mut ChaCha8Rng, table: &[(f64, u64)], n: u64) -> f64 {
    let (mut left, mut weight_left, mut sum) = (n, n, 0.0);
    for &(value, count) in table {
        if left == 0 {
            break;
        }
        let drawn = if count == weight_left {
            left
        } else {
            binomial(rng, left, count as f64 / weight_left as f64)
        };
        sum += drawn as f64 * value;
        left -= drawn;
        weight_left -= count;
    }
    sum
}

/// One draw from Binomial(n, p), for 0 <= p <= 1.
pub(super) fn binomial(rng: &mut ChaCha8Rng, n: u64, p: f64) -> u64 {
    if p > 0.5 {
        return n - binomial(rng, n, 1.0 - p);
    }
    if n as f64 * p < 10.0 {
        binomial_by_inversion(rng, n, p)
    } else {
        binomial_by_rejection(rng, n as f64, p)
    }
}

/// Walks up the distribution function; about n p steps.
fn binomial_by_inversion(rng: &mut ChaCha8Rng, n: u64, p: f64) -> u64 {
    let odds = p / (1.0 - p);
    let mut term = exp(n as f64 * log1p(-p));
    let mut u = uniform(rng);
    let mut k = 0;
    while u > term && k < n {
        u -= term;
        k += 1;
        term *= odds * (n - k + 1) as f64 / k as f64;
        // What rounding leaves of `u` past the last digit of the tail ends the walk there.
        if term < 1e-300 {
            break;
        }
    }
    k
}

/// ln k! less `ln sqrt(2 pi) + (k + 1/2) ln(k + 1) - (k + 1)`.
fn stirling_tail(k: f64) -> f64 {
    const SMALL: [f64; 10] = [
        0.081_061_466_795_327_3,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_3,
        0.020_790_672_103_765_1,
        0.016_644_691_189_821_2,
        0.013_876_128_823_070_7,
        0.011_896_709_945_891_8,
        0.010_411_265_261_972_1,
        0.009_255_462_182_712_73,
        0.008_330_563_433_362_87,
    ];
    if k < 10.0 {
        return SMALL[k as usize];
    }
    let k1 = k + 1.0;
    let square = k1 * k1;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / k1
}

/// Algorithm BTRS: Hormann 1993, "The generation of binomial random variates"
/// (<https://doi.org/10.1080/00949659308811496>). Needs n p >= 10 and p <= 1/2; constant time.
fn binomial_by_rejection(rng: &mut ChaCha8Rng, n: f64, p: f64) -> u64 {
    let spread = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    let odds = p / (1.0 - p);
    let mode = ((n + 1.0) * p).floor();
    loop {
        let u = uniform(rng) - 0.5;
        let v = uniform(rng);
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + c).floor();
        if us >= 0.07 && v <= v_r {
            return k as u64;
        }
        if k < 0.0 || k > n {
            continue;
        }
        let height = log(v * alpha / (a / (us * us) + b));
        let bound = (mode + 0.5) * log((mode + 1.0) / (odds * (n - mode + 1.0)))
            + (n + 1.0) * log((n - mode + 1.0) / (n - k + 1.0))
            + (k + 0.5) * log(odds * (n - k + 1.0) / (k + 1.0))
            + stirling_tail(mode)
            + stirling_tail(n - mode)
            - stirling_tail(k)
            - stirling_tail(n - k);
        if height <= bound {
            return k as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_draws_have_the_mean_and_variance_of_the_distribution() {
        let mut rng = generator(1, 0);
        for (n, p) in [
            (1, 0.3),
            (20, 0.4),
            (1000, 0.003),
            (100, 0.5),
            (5000, 0.2),
            (400, 0.93),
        ] {
            let draws = 20_000;
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..draws {
                let k = binomial(&mut rng, n, p) as f64;
                assert!(k <= n as f64);
                sum += k;
                square += k * k;
            }
            let mean = sum / f64::from(draws);
            let variance = square / f64::from(draws) - mean * mean;
            let wanted = n as f64 * p * (1.0 - p);
            let error = (wanted / f64::from(draws)).sqrt();
            assert!(
                (mean - n as f64 * p).abs() < 4.5 * error,
                "n {n} p {p}: mean {mean}"
            );
            assert!(
                (variance / wanted - 1.0).abs() < 0.06,
                "n {n} p {p}: variance {variance}"
            );
        }
    }

    #[test]
    fn picks_reach_every_value_about_equally_often() {
        for n in [1_usize, 2, 7, 100, 3_000, 20_000] {
            let values: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let mut rng = generator(5, 0);
            let rounds = 200_000 / n + 1;
            let mut counts = vec![0_u32; n];
            let mut sample = vec![0.0; n];
            let mut total = 0.0;
            for _ in 0..rounds {
                resample(&mut rng, &values, &mut sample);
                for &value in &sample {
                    counts[value as usize] += 1;
                }
                total += resample_sum(&mut rng, &values);
            }
            let chi: f64 = counts
                .iter()
                .map(|&c| (f64::from(c) - rounds as f64).powi(2) / rounds as f64)
                .sum();
            let (df, picks) = ((n - 1) as f64, (rounds * n) as f64);
            assert!(
                chi <= df + 5.0 * (2.0 * df).sqrt(),
                "n {n}: chi-square {chi}"
            );
            let wanted = (n - 1) as f64 / 2.0;
            let error = ((n as f64).powi(2) / 12.0 / picks).sqrt();
            assert!((total / picks - wanted).abs() <= 5.0 * error, "n {n}");
        }
    }

    #[test]
    fn a_table_is_sorted_counts_everything_and_gives_up_past_its_size() {
        assert_eq!(
            tabulate(&[1.0, 0.0, 1.0], 2),
            Some(vec![(0.0, 1), (1.0, 2)])
        );
        assert_eq!(tabulate(&[1.0, 0.0, 2.0], 2), None);
    }
}
