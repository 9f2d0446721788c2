//! Matrix products for training: rows of `f32`, C += A x B.
//!
//! Sums run in one fixed order and every step is a fused multiply-add, so that every processor gives
//! the same bits whatever its vector width. Widths of B and C are multiples of [`LANE`].

/// Widths of matrices are multiples of this.
pub(crate) const LANE: usize = 16;
/// Rows of A at once: twelve sums of eight values, and what is multiplied, fill the registers.
const ROWS: usize = 6;

/// The next multiple of [`LANE`].
pub(crate) fn padded(width: usize) -> usize {
    width.div_ceil(LANE) * LANE
}

/// Room for the factors as they are multiplied, kept between products.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strips {
    /// A in blocks of rows: the values of a column side by side.
    a: Vec<[f32; ROWS]>,
    /// One strip of B.
    b: Vec<[f32; LANE]>,
}

/// `c[rows x n] += a[rows x k] * b[k x n]`.
pub(crate) fn gemm(
    (a, b): (&[f32], &[f32]),
    c: &mut [f32],
    (k, n): (usize, usize),
    strips: &mut Strips,
) {
    debug_assert_eq!(n % LANE, 0);
    debug_assert_eq!(b.len(), k * n);
    debug_assert_eq!(a.len() / k, c.len() / n);
    strips.a.clear();
    for rows in a.chunks(k * ROWS) {
        let from = strips.a.len();
        strips.a.resize(from + k, [0.0; ROWS]);
        for (at, row) in rows.chunks_exact(k).enumerate() {
            for (block, value) in strips.a[from..].iter_mut().zip(row) {
                block[at] = *value;
            }
        }
    }
    for at in (0..n).step_by(LANE) {
        strips.b.clear();
        strips
            .b
            .extend(b.chunks_exact(n).map(|row| lane(&row[at..])));
        let blocks = strips.a.chunks_exact(k).zip(c.chunks_mut(n * ROWS));
        for (a, c) in blocks {
            let mut sums = [[0f32; LANE]; ROWS];
            for (sums, row) in sums.iter_mut().zip(c.chunks_exact(n)) {
                *sums = lane(&row[at..]);
            }
            add(a, &strips.b, &mut sums);
            for (sums, row) in sums.iter().zip(c.chunks_exact_mut(n)) {
                row[at..at + LANE].copy_from_slice(sums);
            }
        }
    }
}

fn lane(row: &[f32]) -> [f32; LANE] {
    row[..LANE].try_into().expect("a lane")
}

/// `sums += a x b`, one block.
#[inline]
fn add(a: &[[f32; ROWS]], b: &[[f32; LANE]], sums: &mut [[f32; LANE]; ROWS]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(wide::Block { simd, a, b, sums });
    }
    plain(a, b, sums);
}

fn plain(a: &[[f32; ROWS]], b: &[[f32; LANE]], sums: &mut [[f32; LANE]; ROWS]) {
    for (a, b) in a.iter().zip(b) {
        for (x, sums) in a.iter().zip(&mut *sums) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = x.mul_add(*b, *sum);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast, f32x8};

    use super::{LANE, ROWS};

    pub(super) struct Block<'a> {
        pub(super) simd: V3,
        pub(super) a: &'a [[f32; ROWS]],
        pub(super) b: &'a [[f32; LANE]],
        pub(super) sums: &'a mut [[f32; LANE]; ROWS],
    }

    impl NullaryFnOnce for Block<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self { simd, a, b, sums } = self;
            let mut wide: [[f32x8; 2]; ROWS] = std::array::from_fn(|row| cast(sums[row]));
            for (a, b) in a.iter().zip(b) {
                let b: [f32x8; 2] = cast(*b);
                for row in 0..ROWS {
                    let x = simd.splat_f32x8(a[row]);
                    wide[row][0] = simd.mul_add_f32x8(x, b[0], wide[row][0]);
                    wide[row][1] = simd.mul_add_f32x8(x, b[1], wide[row][1]);
                }
            }
            for row in 0..ROWS {
                sums[row] = cast(wide[row]);
            }
        }
    }
}

/// `a[rows x columns]` turned into `[columns x rows]`.
pub(crate) fn transpose(a: &[f32], columns: usize, out: &mut Vec<f32>) {
    const TILE: usize = 16;
    let rows = a.len() / columns;
    out.clear();
    out.resize(columns * rows, 0.0);
    for first in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for r in first..rows.min(first + TILE) {
                for c in left..columns.min(left + TILE) {
                    out[c * rows + r] = a[r * columns + c];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_gives_the_same_bits() {
        let value = |i: usize| f32::from((i * 7919 % 1013) as u16) / 97.0 - 5.0;
        let a: Vec<[f32; ROWS]> = (0..33).map(|i| [value(i); ROWS].map(|v| v / 3.0)).collect();
        let b: Vec<[f32; LANE]> = (0..33).map(|i| [value(i + 7); LANE]).collect();
        let (mut one, mut other) = ([[0.1; LANE]; ROWS], [[0.1; LANE]; ROWS]);
        add(&a, &b, &mut one);
        plain(&a, &b, &mut other);
        assert_eq!(one, other);
    }

    #[test]
    fn products_are_those_of_the_definition() {
        for (rows, k, n) in [(1, 1, 16), (6, 5, 16), (13, 20, 48)] {
            let value = |i: usize| f32::from((i * 7919 % 13) as u8) - 6.0;
            let a: Vec<f32> = (0..rows * k).map(value).collect();
            let b: Vec<f32> = (0..k * n).map(|i| value(i + 3)).collect();
            let mut c = vec![1.0; rows * n];
            let shape = (k, n);
            gemm((&a, &b), &mut c, shape, &mut Strips::default());
            for r in 0..rows {
                for o in 0..n {
                    let sum: f32 = (0..k).map(|i| a[r * k + i] * b[i * n + o]).sum();
                    assert_eq!(c[r * n + o], 1.0 + sum, "{rows} {k} {n} at {r} {o}");
                }
            }
            let (mut turned, mut back) = (Vec::new(), Vec::new());
            transpose(&a, k, &mut turned);
            transpose(&turned, rows, &mut back);
            assert_eq!(a, back);
        }
    }
}
