//! Products of tiles in plain code: what the kernels with instructions of their own are compared with, bit by bit.

use super::activation::Act;
use super::tile::{Q4K, Q5K, Q6K, Q40, Q80, Quads, SIDE};
use half::f16;

/// One number for each row of a tile.
type Lanes = [f32; SIDE];

/// How a tile is multiplied.
pub(super) trait Kernel {
    /// Adds the products of sixteen rows with one block.
    fn add(&self, act: &Act, out: &mut Lanes);
}

/// The products of tiles that stand side by side with a group of rows, whose blocks are `acts`.
pub(super) fn products<T: Kernel>(tiles: &[T], acts: &[Act], out: &mut [Lanes]) {
    let rows = out.len();
    for (tile, acts) in tiles.iter().zip(acts.chunks(rows.max(1))) {
        for (out, act) in out.iter_mut().zip(acts) {
            tile.add(act, out);
        }
    }
}

/// Adds the products of four numbers of each row.
fn add(sums: &mut [i32; SIDE], quads: &Quads, act: i32) {
    let act = act.to_le_bytes().map(u8::cast_signed);
    for (sum, quad) in sums.iter_mut().zip(quads.as_chunks::<4>().0) {
        for (number, act) in quad.iter().zip(act) {
            *sum += i32::from(*number) * i32::from(act);
        }
    }
}

fn wide(halves: &[u16; SIDE]) -> Lanes {
    halves.map(|bits| f16::from_bits(bits).to_f32())
}

/// The numbers of 32 columns.
fn low(low: &[Quads; 32], part: usize) -> [Quads; 8] {
    std::array::from_fn(|at| low[part * 4 + at / 2].map(|both| both >> (at % 2 * 4) & 15))
}

impl Q4K {
    fn with(&self, act: &Act, numbers: impl Fn(usize) -> [Quads; 8]) -> Lanes {
        let mut sums = [0.0; SIDE];
        for part in 0..8 {
            let mut whole = [0; SIDE];
            for (at, quads) in numbers(part).iter().enumerate() {
                add(&mut whole, quads, act.quads[part * 8 + at]);
            }
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = (whole[row] as f32).mul_add(f32::from(self.scales[part][row]), *sum);
            }
        }
        let mut least = [0_i32; SIDE];
        for (mins, pair) in self.mins.iter().zip(act.pairs) {
            let pair = [i32::from(pair as i16), pair >> 16];
            for (row, least) in least.iter_mut().enumerate() {
                for (at, sum) in pair.iter().enumerate() {
                    *least += i32::from(mins[row * 2 + at]) * sum;
                }
            }
        }
        let (d, dmin) = (wide(&self.d), wide(&self.dmin));
        std::array::from_fn(|row| (-(least[row] as f32)).mul_add(dmin[row], sums[row] * d[row]))
    }
}

impl Kernel for Q4K {
    fn add(&self, act: &Act, out: &mut Lanes) {
        scaled(self.with(act, |part| low(&self.low, part)), act, out);
    }
}

impl Kernel for Q5K {
    fn add(&self, act: &Act, out: &mut Lanes) {
        let product = self.four.with(act, |part| {
            let mut numbers = low(&self.four.low, part);
            for (at, quads) in numbers.iter_mut().enumerate() {
                for (number, bits) in quads.iter_mut().zip(&self.high[part]) {
                    *number |= (bits >> at & 1) << 4;
                }
            }
            numbers
        });
        scaled(product, act, out);
    }
}

impl Kernel for Q6K {
    fn add(&self, act: &Act, out: &mut Lanes) {
        let mut sums = [0.0; SIDE];
        for part in 0..16 {
            let mut whole = [act.less32[part]; SIDE];
            let low = low(&self.low, part / 2);
            for at in 0..4 {
                let mut quads = low[part % 2 * 4 + at];
                for (number, bits) in quads.iter_mut().zip(&self.high[part]) {
                    *number |= (bits >> (at * 2) & 3) << 4;
                }
                add(&mut whole, &quads, act.quads[part * 4 + at]);
            }
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = (whole[row] as f32).mul_add(f32::from(self.scales[part][row]), *sum);
            }
        }
        let d = wide(&self.d);
        scaled(std::array::from_fn(|row| sums[row] * d[row]), act, out);
    }
}

/// Adds products with the one scale of a block.
fn scaled(product: Lanes, act: &Act, out: &mut Lanes) {
    for (out, product) in out.iter_mut().zip(product) {
        *out = product.mul_add(act.scales[0], *out);
    }
}

/// Blocks of 32 with a scale each.
fn blocks(
    d: &[[u16; SIDE]; 8],
    less: &[i32; 8],
    act: &Act,
    numbers: impl Fn(usize) -> [Quads; 8],
    out: &mut Lanes,
) {
    for part in 0..8 {
        let mut whole = [less[part]; SIDE];
        for (at, quads) in numbers(part).iter().enumerate() {
            add(&mut whole, quads, act.quads[part * 8 + at]);
        }
        let d = wide(&d[part]);
        for (row, out) in out.iter_mut().enumerate() {
            *out = (whole[row] as f32).mul_add(d[row] * act.scales[part], *out);
        }
    }
}

impl Kernel for Q40 {
    fn add(&self, act: &Act, out: &mut Lanes) {
        blocks(&self.d, &act.less8, act, |part| low(&self.low, part), out);
    }
}

impl Kernel for Q80 {
    fn add(&self, act: &Act, out: &mut Lanes) {
        let numbers = |part: usize| std::array::from_fn(|at| self.whole[part * 8 + at]);
        blocks(&self.d, &act.less128, act, numbers, out);
    }
}
