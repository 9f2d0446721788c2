//! Products in the wide registers of x86-64: AVX-512 where it is there, else AVX2.

use pulp::x86::{V3, V4};
use pulp::{NullaryFnOnce, cast, i16x16, i16x32, i32x8, i32x16};

use super::{Lane, PANEL, Packed};

/// `T` rows against `P` panels, from `row` and `panel` on.
trait Block {
    fn block<const T: usize, const P: usize>(&mut self, row: usize, panel: usize);
}

/// Everything, in blocks of at most `8` rows where `BIG`, else 4. Panels are the outer loop: they
/// stay in the nearest cache while all rows pass.
#[inline(always)]
fn blocks<const BIG: bool>(rows: usize, panels: usize, work: &mut impl Block) {
    let mut panel = 0;
    while panel < panels {
        if BIG && panel + 2 <= panels {
            columns::<BIG, 2>(rows, panel, work);
            panel += 2;
        } else {
            columns::<BIG, 1>(rows, panel, work);
            panel += 1;
        }
    }
}

#[inline(always)]
fn columns<const BIG: bool, const P: usize>(rows: usize, panel: usize, work: &mut impl Block) {
    let mut row = 0;
    while BIG && row + 8 <= rows {
        work.block::<8, P>(row, panel);
        row += 8;
    }
    while row + 4 <= rows {
        work.block::<4, P>(row, panel);
        row += 4;
    }
    if row + 2 <= rows {
        work.block::<2, P>(row, panel);
        row += 2;
    }
    if row < rows {
        work.block::<1, P>(row, panel);
    }
}

/// `T` rows of `x`, each exactly `pairs` long.
#[inline(always)]
fn rows<const T: usize>(x: &[[i16; 2]], row: usize, pairs: usize) -> [&[[i16; 2]]; T] {
    std::array::from_fn(|t| &x[(row + t) * pairs..][..pairs])
}

pub(super) struct By16<'a> {
    pub(super) simd: V4,
    pub(super) packed: &'a Packed,
    pub(super) x: &'a [[i16; 2]],
    pub(super) out: &'a mut [[i32; PANEL]],
}

impl NullaryFnOnce for By16<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let rows = self.x.len() / self.packed.pairs.max(1);
        blocks::<true>(rows, self.packed.bias.len(), &mut self);
    }
}

impl Block for By16<'_> {
    #[inline(always)]
    fn block<const T: usize, const P: usize>(&mut self, row: usize, panel: usize) {
        let Self {
            simd, packed, x, ..
        } = *self;
        let x = rows::<T>(x, row, packed.pairs);
        let w: [&[Lane]; P] = std::array::from_fn(|p| packed.panel(panel + p));
        let mut sums: [[i32x16; P]; T] = [std::array::from_fn(|p| cast(packed.bias[panel + p])); T];
        for pair in 0..packed.pairs {
            let w: [i16x32; P] = std::array::from_fn(|p| cast(w[p][pair].0));
            for t in 0..T {
                let both: i16x32 = cast(simd.splat_i32x16(cast(x[t][pair])));
                for p in 0..P {
                    let product = simd.multiply_wrapping_add_adjacent_i16x32(both, w[p]);
                    sums[t][p] = simd.wrapping_add_i32x16(sums[t][p], product);
                }
            }
        }
        let panels = packed.bias.len();
        for (t, sums) in sums.into_iter().enumerate() {
            for (p, sum) in sums.into_iter().enumerate() {
                self.out[(row + t) * panels + panel + p] =
                    cast::<_, [i32; PANEL]>(sum).map(|sum| sum >> packed.shift);
            }
        }
    }
}

pub(super) struct By8<'a> {
    pub(super) simd: V3,
    pub(super) packed: &'a Packed,
    pub(super) x: &'a [[i16; 2]],
    pub(super) out: &'a mut [[i32; PANEL]],
}

impl NullaryFnOnce for By8<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let rows = self.x.len() / self.packed.pairs.max(1);
        blocks::<false>(rows, self.packed.bias.len(), &mut self);
    }
}

impl Block for By8<'_> {
    #[inline(always)]
    fn block<const T: usize, const P: usize>(&mut self, row: usize, panel: usize) {
        let Self {
            simd, packed, x, ..
        } = *self;
        let x = rows::<T>(x, row, packed.pairs);
        for p in 0..P {
            let w = packed.panel(panel + p);
            let mut sums: [[i32x8; 2]; T] = [cast(packed.bias[panel + p]); T];
            for pair in 0..packed.pairs {
                let w: [i16x16; 2] = cast(w[pair].0);
                for t in 0..T {
                    let both: i16x16 = cast(simd.splat_i32x8(cast(x[t][pair])));
                    for half in 0..2 {
                        let product = simd.multiply_wrapping_add_adjacent_i16x16(both, w[half]);
                        sums[t][half] = simd.wrapping_add_i32x8(sums[t][half], product);
                    }
                }
            }
            let panels = packed.bias.len();
            for (t, sums) in sums.into_iter().enumerate() {
                self.out[(row + t) * panels + panel + p] =
                    cast::<_, [i32; PANEL]>(sums).map(|sum| sum >> packed.shift);
            }
        }
    }
}
