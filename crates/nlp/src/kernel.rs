//! Integer matrix products for tagging: `out[t][o] = (bias[o] + w[o] . x[t]) >> shift`, 16-bit values,
//! 32-bit sums.
//!
//! Weights are packed once in the order in which a product reads them: panels of 16 outputs, two inputs
//! side by side, so that a pair of inputs meets 16 outputs at once and no sum runs across a register.
//! Blocks of 8 rows of `x` (AVX-512) or 4 (AVX2) share every load of weights; elsewhere the compiler's
//! own loops do. Sums of integers that cannot overflow have one result, so all give the same.

#[cfg(target_arch = "x86_64")]
mod wide;

use crate::engine::Layer;

/// Outputs of a panel.
pub(crate) const PANEL: usize = 16;

/// Two inputs of each of a panel's outputs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Lane([i16; 2 * PANEL]);

/// A layer's outputs, packed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    /// Inputs of a row, halved.
    pairs: usize,
    lanes: Vec<Lane>,
    bias: Vec<[i32; PANEL]>,
    shift: u32,
}

impl Packed {
    /// Packs `outputs` of a layer; its inputs are even in number.
    pub(crate) fn new(layer: &Layer, outputs: std::ops::Range<usize>) -> Self {
        let pairs = layer.inputs / 2;
        let panels = outputs.len().div_ceil(PANEL);
        let mut lanes = vec![Lane([0; 2 * PANEL]); panels * pairs];
        let mut bias = vec![[0; PANEL]; panels];
        for (at, output) in outputs.enumerate() {
            let (panel, place) = (at / PANEL, at % PANEL);
            bias[panel][place] = layer.bias[output];
            let row = &layer.weights[output * layer.inputs..][..layer.inputs];
            for (pair, values) in row.chunks_exact(2).enumerate() {
                lanes[panel * pairs + pair].0[place * 2..][..2].copy_from_slice(values);
            }
        }
        Self {
            pairs,
            lanes,
            bias,
            shift: layer.shift,
        }
    }

    /// Values of a row of `out`: the outputs, and zeros to the end of the last panel.
    pub(crate) fn width(&self) -> usize {
        self.bias.len() * PANEL
    }

    /// Multiplies rows `x`; `out` gets a row of [`Packed::width`] for each.
    pub(crate) fn apply(&self, x: &[i16], out: &mut Vec<i32>) {
        let rows = x.len() / (2 * self.pairs).max(1);
        // What was there is written over: only new room is cleared.
        out.resize(rows * self.width(), 0);
        let (x, _) = x.as_chunks::<2>();
        let (out, _) = out.as_chunks_mut::<PANEL>();
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(simd) = pulp::x86::V4::try_new() {
                return simd.vectorize(wide::By16 {
                    simd,
                    packed: self,
                    x,
                    out,
                });
            }
            if let Some(simd) = pulp::x86::V3::try_new() {
                return simd.vectorize(wide::By8 {
                    simd,
                    packed: self,
                    x,
                    out,
                });
            }
        }
        self.plain(x, out);
    }

    fn plain(&self, x: &[[i16; 2]], out: &mut [[i32; PANEL]]) {
        let panels = self.bias.len();
        for (x, out) in x
            .chunks_exact(self.pairs.max(1))
            .zip(out.chunks_exact_mut(panels.max(1)))
        {
            for (panel, out) in out.iter_mut().enumerate() {
                let mut sums = self.bias[panel];
                for ([a, b], lane) in x.iter().zip(self.panel(panel)) {
                    for (sum, w) in sums.iter_mut().zip(lane.0.as_chunks::<2>().0) {
                        *sum += i32::from(*a) * i32::from(w[0]) + i32::from(*b) * i32::from(w[1]);
                    }
                }
                *out = sums.map(|sum| sum >> self.shift);
            }
        }
    }

    #[inline(always)]
    fn panel(&self, panel: usize) -> &[Lane] {
        &self.lanes[panel * self.pairs..][..self.pairs]
    }
}

/// One sum.
#[inline(always)]
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| i32::from(*a) * i32::from(*b))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_multiply_gives_what_the_formula_says() {
        let sizes = [
            (0, 3, 16),
            (1, 1, 16),
            (2, 4, 32),
            (5, 17, 48),
            (13, 40, 16),
            (31, 64, 128),
        ];
        for (rows, outputs, inputs) in sizes {
            let value = |i: usize| ((i * 7919 + 13) % 4093) as i16 - 2046;
            let x: Vec<i16> = (0..rows * inputs).map(value).collect();
            let layer = Layer {
                inputs,
                weights: (0..outputs * inputs).map(|i| value(i + 5)).collect(),
                bias: (0..outputs).map(|i| i32::from(value(i)) * 99).collect(),
                shift: 3,
            };
            for range in [0..outputs, outputs / 3..outputs] {
                let packed = Packed::new(&layer, range.clone());
                let width = packed.width();
                let wanted =
                    |t: usize, o: usize| layer.score(&x[t * inputs..][..inputs], range.start + o);
                let check = |how: &str, out: &[i32]| {
                    assert_eq!(out.len(), rows * width, "{how}");
                    for t in 0..rows {
                        for o in 0..range.len() {
                            let found = out[t * width + o];
                            assert_eq!(
                                found,
                                wanted(t, o),
                                "{how} {rows} {outputs} {inputs} {t} {o}"
                            );
                        }
                    }
                };
                let mut out = vec![7; 3];
                packed.apply(&x, &mut out);
                check("best", &out);
                let pairs = x.as_chunks::<2>().0;
                packed.plain(pairs, out.as_chunks_mut::<PANEL>().0);
                check("plain", &out);
                #[cfg(target_arch = "x86_64")]
                if let Some(simd) = pulp::x86::V3::try_new() {
                    out.fill(9);
                    let packed = &packed;
                    let out_panels = out.as_chunks_mut::<PANEL>().0;
                    simd.vectorize(wide::By8 {
                        simd,
                        packed,
                        x: pairs,
                        out: out_panels,
                    });
                    check("AVX2", &out);
                }
            }
        }
    }
}
