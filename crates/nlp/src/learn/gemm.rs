//! Matrix products for training: rows of `f32`, C += A x B.
//!
//! Sums run in one fixed order, and no fused multiply-add is used, so that every processor gives
//! the same bits whatever its vector width. Widths of B and C are multiples of [`LANE`].

#![allow(
    clippy::inline_always,
    reason = "what `pulp` dispatches must be inlined into it, or it is not compiled for the wider registers"
)]

use pulp::Arch;

/// Widths of matrices are multiples of this.
pub(crate) const LANE: usize = 16;
const ROWS: usize = 4;

/// The next multiple of [`LANE`].
pub(crate) fn padded(width: usize) -> usize {
    width.div_ceil(LANE) * LANE
}

/// `c[rows x n] += a[rows x k] * b[k x n]`.
pub(crate) fn gemm(arch: Arch, a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    debug_assert_eq!(n % LANE, 0);
    debug_assert_eq!(b.len(), k * n);
    debug_assert_eq!(a.len() / k, c.len() / n);
    arch.dispatch(Product { a, b, c, k, n });
}

/// The work as a type: a closure would not be compiled for the wider registers.
struct Product<'a> {
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
    k: usize,
    n: usize,
}

impl pulp::NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        product(self.a, self.b, self.c, self.k, self.n);
    }
}

#[inline(always)]
fn product(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    let mut rows_a = a.chunks_exact(k * ROWS);
    let mut rows_c = c.chunks_exact_mut(n * ROWS);
    for (a, c) in rows_a.by_ref().zip(rows_c.by_ref()) {
        block::<ROWS>(a, b, c, k, n);
    }
    let (a, c) = (rows_a.remainder(), rows_c.into_remainder());
    for (a, c) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
        block::<1>(a, b, c, k, n);
    }
}

#[inline(always)]
fn block<const R: usize>(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    for at in (0..n).step_by(LANE) {
        let mut sums = [[0f32; LANE]; R];
        for (row, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&c[row * n + at..][..LANE]);
        }
        for i in 0..k {
            let b: &[f32; LANE] = b[i * n + at..][..LANE].try_into().expect("a lane");
            for row in 0..R {
                let x = a[row * k + i];
                for lane in 0..LANE {
                    sums[row][lane] += x * b[lane];
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            c[row * n + at..][..LANE].copy_from_slice(sums);
        }
    }
}

/// `a[rows x columns]` turned into `[columns x rows]`, rows padded with zeros to `padded_rows`.
pub(crate) fn transpose(a: &[f32], columns: usize, out: &mut Vec<f32>) -> usize {
    let rows = a.len() / columns;
    out.clear();
    out.resize(columns * rows, 0.0);
    for (r, row) in a.chunks_exact(columns).enumerate() {
        for (c, &value) in row.iter().enumerate() {
            out[c * rows + r] = value;
        }
    }
    rows
}
