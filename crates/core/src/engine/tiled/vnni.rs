//! Products of tiles with AVX-512's VNNI instructions: the numbers of `plain.rs`, bit for bit.
//!
//! Of each 32 columns (16 of `Q6_K`) the tile's numbers are spread into registers once and multiplied with up to sixteen
//! rows: four products of each row of the tile an instruction, summed as whole numbers, which are exact in any order.

use core::arch::x86_64::{
    __m128i, __m256i, __m512, __m512i, _mm512_and_si512, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps,
    _mm512_cvtepu8_epi16, _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_mul_ps, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_slli_epi16, _mm512_srli_epi16,
};

use super::activation::Act;
use super::tile::{Halves, Q4K, Q5K, Q6K, Q40, Q80, Quads, SIDE};

/// Whether this machine has the instructions.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// A kernel with these instructions.
pub(super) trait Kernel: Sized {
    /// As [`super::plain::products`]. Only where [`is_here`].
    fn fast(tiles: &[Self], acts: &[Act], out: &mut [[f32; SIDE]]);
}

/// The products of tiles side by side with a group of rows: as many rows at once as there are, in steps that the compiler
/// knows.
macro_rules! kernel {
    ($tile:ty, $one:ident) => {
        impl Kernel for $tile {
            fn fast(tiles: &[Self], acts: &[Act], out: &mut [[f32; SIDE]]) {
                #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
                fn rows<const R: usize>(
                    tiles: &[$tile],
                    acts: &[Act],
                    first: usize,
                    out: &mut [[f32; SIDE]],
                ) {
                    let group = acts.len() / tiles.len();
                    let mut totals = [_mm512_setzero_ps(); R];
                    for (tile, acts) in tiles.iter().zip(acts.chunks_exact(group)) {
                        if let Some(acts) = acts[first..].first_chunk() {
                            $one::<R>(tile, acts, &mut totals);
                        }
                    }
                    for (out, total) in out[first..].iter_mut().zip(totals) {
                        *out = pulp::cast(total);
                    }
                }

                #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
                fn all(tiles: &[$tile], acts: &[Act], out: &mut [[f32; SIDE]]) {
                    let mut first = 0;
                    while first < out.len() {
                        first += match out.len() - first {
                            16.. => {
                                rows::<16>(tiles, acts, first, out);
                                16
                            }
                            8..16 => {
                                rows::<8>(tiles, acts, first, out);
                                8
                            }
                            4..8 => {
                                rows::<4>(tiles, acts, first, out);
                                4
                            }
                            2..4 => {
                                rows::<2>(tiles, acts, first, out);
                                2
                            }
                            _ => {
                                rows::<1>(tiles, acts, first, out);
                                1
                            }
                        };
                    }
                }

                assert!(is_here(), "instructions that this machine does not have");
                if tiles.is_empty() {
                    return;
                }
                // SAFETY: the instructions that `all` is compiled with are here, as was just asked.
                #[allow(unsafe_code, reason = "compiled with instructions that are looked for")]
                unsafe {
                    all(tiles, acts, out);
                }
            }
        }
    };
}

kernel!(Q4K, q4k);
kernel!(Q5K, q5k);
kernel!(Q6K, q6k);
kernel!(Q40, q40);
kernel!(Q80, q80);

#[target_feature(enable = "avx512f")]
fn quads(bytes: &Quads) -> __m512i {
    pulp::cast(*bytes)
}

/// Sixteen 16-bit numbers as f32.
#[target_feature(enable = "avx512f")]
fn wide(halves: &Halves) -> __m512 {
    let halves: __m256i = pulp::cast(*halves);
    _mm512_cvtph_ps(halves)
}

/// Small whole numbers as f32.
#[target_feature(enable = "avx512f")]
fn scales(bytes: &[u8; SIDE]) -> __m512 {
    let bytes: __m128i = pulp::cast(*bytes);
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
}

/// The numbers of 32 columns, from their four bits.
#[target_feature(enable = "avx512f,avx512bw")]
fn spread(low: &[Quads; 32], part: usize) -> [__m512i; 8] {
    let four = _mm512_set1_epi8(15);
    let mut numbers = [_mm512_setzero_si512(); 8];
    for at in 0..4 {
        let both = quads(&low[part * 4 + at]);
        numbers[2 * at] = _mm512_and_si512(both, four);
        numbers[2 * at + 1] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), four);
    }
    numbers
}

/// Adds to each row's sum the products of `N` times four columns from quad `from` on, starting at `less`, times a scale.
#[target_feature(enable = "avx512f,avx512vnni")]
fn add<const N: usize, const R: usize>(
    sums: &mut [__m512; R],
    numbers: &[__m512i; N],
    acts: &[Act; R],
    from: usize,
    less: impl Fn(&Act) -> i32,
    scale: impl Fn(&Act) -> __m512,
) {
    for (sum, act) in sums.iter_mut().zip(acts) {
        let mut whole = _mm512_set1_epi32(less(act));
        if let Some(quads) = act.quads[from..].first_chunk::<N>() {
            for (numbers, quad) in numbers.iter().zip(quads) {
                whole = _mm512_dpbusd_epi32(whole, *numbers, _mm512_set1_epi32(*quad));
            }
        }
        *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), scale(act), *sum);
    }
}

/// What `Q4_K` and `Q5_K` do after the sums: both scales, and what is taken off.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn finish<const R: usize>(
    tile: &Q4K,
    acts: &[Act; R],
    sums: &[__m512; R],
    totals: &mut [__m512; R],
) {
    let (d, dmin) = (wide(&tile.d), wide(&tile.dmin));
    let mut mins = [_mm512_setzero_si512(); 4];
    for (mins, bytes) in mins.iter_mut().zip(&tile.mins) {
        let bytes: __m256i = pulp::cast(*bytes);
        *mins = _mm512_cvtepu8_epi16(bytes);
    }
    for ((total, sum), act) in totals.iter_mut().zip(sums).zip(acts) {
        let mut least = _mm512_setzero_si512();
        for (mins, pair) in mins.iter().zip(act.pairs) {
            least = _mm512_dpwssd_epi32(least, *mins, _mm512_set1_epi32(pair));
        }
        let block = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(least), dmin, _mm512_mul_ps(*sum, d));
        *total = _mm512_fmadd_ps(block, _mm512_set1_ps(act.scales[0]), *total);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q4k<const R: usize>(tile: &Q4K, acts: &[Act; R], totals: &mut [__m512; R]) {
    let mut sums = [_mm512_setzero_ps(); R];
    for part in 0..8 {
        let numbers = spread(&tile.low, part);
        let scale = scales(&tile.scales[part]);
        add(&mut sums, &numbers, acts, part * 8, |_| 0, |_| scale);
    }
    finish(tile, acts, &sums, totals);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q5k<const R: usize>(tile: &Q5K, acts: &[Act; R], totals: &mut [__m512; R]) {
    let bit = _mm512_set1_epi8(16);
    let mut sums = [_mm512_setzero_ps(); R];
    for part in 0..8 {
        let high = quads(&tile.high[part]);
        let highs = [
            _mm512_slli_epi16::<4>(high),
            _mm512_slli_epi16::<3>(high),
            _mm512_slli_epi16::<2>(high),
            _mm512_slli_epi16::<1>(high),
            high,
            _mm512_srli_epi16::<1>(high),
            _mm512_srli_epi16::<2>(high),
            _mm512_srli_epi16::<3>(high),
        ];
        let mut numbers = spread(&tile.four.low, part);
        for (number, high) in numbers.iter_mut().zip(highs) {
            *number = _mm512_or_si512(*number, _mm512_and_si512(high, bit));
        }
        let scale = scales(&tile.four.scales[part]);
        add(&mut sums, &numbers, acts, part * 8, |_| 0, |_| scale);
    }
    finish(&tile.four, acts, &sums, totals);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q6k<const R: usize>(tile: &Q6K, acts: &[Act; R], totals: &mut [__m512; R]) {
    let (four, two) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let mut sums = [_mm512_setzero_ps(); R];
    for part in 0..16 {
        let first = quads(&tile.low[2 * part]);
        let second = quads(&tile.low[2 * part + 1]);
        let high = quads(&tile.high[part]);
        let lows = [
            first,
            _mm512_srli_epi16::<4>(first),
            second,
            _mm512_srli_epi16::<4>(second),
        ];
        let highs = [
            _mm512_slli_epi16::<4>(high),
            _mm512_slli_epi16::<2>(high),
            high,
            _mm512_srli_epi16::<2>(high),
        ];
        let mut numbers = [_mm512_setzero_si512(); 4];
        for ((number, low), high) in numbers.iter_mut().zip(lows).zip(highs) {
            *number = _mm512_or_si512(_mm512_and_si512(low, four), _mm512_and_si512(high, two));
        }
        let bytes: __m128i = pulp::cast(tile.scales[part]);
        let scale = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
        add(
            &mut sums,
            &numbers,
            acts,
            part * 4,
            |act| act.less32[part],
            |_| scale,
        );
    }
    let d = wide(&tile.d);
    for ((total, sum), act) in totals.iter_mut().zip(sums).zip(acts) {
        *total = _mm512_fmadd_ps(_mm512_mul_ps(sum, d), _mm512_set1_ps(act.scales[0]), *total);
    }
}

/// Adds 32 columns of a tile whose scales, and those of what it is multiplied with, are of 32.
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_fine<const R: usize>(
    totals: &mut [__m512; R],
    numbers: &[__m512i; 8],
    acts: &[Act; R],
    part: usize,
    less: impl Fn(&Act) -> i32,
    d: &Halves,
) {
    let d = wide(d);
    let scale = |act: &Act| _mm512_mul_ps(d, _mm512_set1_ps(act.scales[part]));
    add(totals, numbers, acts, part * 8, less, scale);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q40<const R: usize>(tile: &Q40, acts: &[Act; R], totals: &mut [__m512; R]) {
    for (part, d) in tile.d.iter().enumerate() {
        let numbers = spread(&tile.low, part);
        add_fine(totals, &numbers, acts, part, |act| act.less8[part], d);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q80<const R: usize>(tile: &Q80, acts: &[Act; R], totals: &mut [__m512; R]) {
    for (part, d) in tile.d.iter().enumerate() {
        let mut numbers = [_mm512_setzero_si512(); 8];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = quads(&tile.whole[part * 8 + at]);
        }
        add_fine(totals, &numbers, acts, part, |act| act.less128[part], d);
    }
}
