//! The network in integers, for tagging: the twin of `learn::net`'s forward pass.
//!
//! In: the rows of each word's features. Out: one dense vector a word, from which labels are
//! scored. Everything is 16-bit fixed point with 32-bit sums, so that every processor gives the same
//! answer; bounds are checked when a model is made and read, so that no sum can overflow.
//! A word's share in the convolution depends on its form alone and is kept by the caller.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use crate::kernel::{dot, products};

/// Words to each side that the convolution sees.
pub(crate) const REACH: usize = 2;
/// Places of the convolution.
pub(crate) const WINDOW: usize = 2 * REACH + 1;
/// The widest layer.
pub(crate) const MAX_WIDTH: usize = 512;
/// Binary digits behind the point of activations and products.
pub(crate) const POINT: u32 = 11;
/// The largest activation, 8.0.
pub(crate) const TOP: i32 = 8 << POINT;
/// Binary digits behind the point of what the recurrences give.
pub(crate) const STATE_POINT: u32 = 12;

/// One matrix `[outputs x inputs]` with its bias, and how far its sums are shifted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) inputs: usize,
    pub(crate) weights: Vec<i16>,
    pub(crate) bias: Vec<i32>,
    pub(crate) shift: u32,
}

impl Layer {
    pub(crate) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Whether no sum over inputs of at most `top` can leave 32 bits.
    pub(crate) fn is_bounded(&self, top: i64) -> bool {
        self.weights.len() == self.inputs * self.bias.len()
            && self.shift < 31
            && self
                .weights
                .chunks_exact(self.inputs.max(1))
                .zip(&self.bias)
                .all(|(row, bias)| {
                    let sum: i64 = row.iter().map(|w| i64::from(*w).abs()).sum();
                    sum * top + i64::from(*bias).abs() + (1 << self.shift) < i64::from(i32::MAX)
                })
    }

    /// `out[t][o] = (bias[o] + weights[o] . x[t]) >> shift`.
    #[inline(always)]
    fn apply(&self, x: &[i16], out: &mut [i32]) {
        products(x, &self.weights, self.inputs, out);
        for out in out.chunks_exact_mut(self.outputs()) {
            for (out, bias) in out.iter_mut().zip(&self.bias) {
                *out = (*out + bias) >> self.shift;
            }
        }
    }

    /// One output.
    #[inline(always)]
    pub(crate) fn score(&self, x: &[i16], output: usize) -> i32 {
        let row = &self.weights[output * self.inputs..][..self.inputs];
        (self.bias[output] + dot(row, x)) >> self.shift
    }
}

/// A table in the model's bytes: 4 bits a value, the lower halves of the bytes first, and a scale a
/// row with 16 digits behind the point.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Range<usize>,
    pub(crate) scales: Vec<u16>,
}

impl Table {
    /// Adds a row to `sums`, with `POINT` digits behind the point and more where `digits` are asked.
    #[inline(always)]
    fn add(&self, bytes: &[u8], row: usize, digits: u32, sums: &mut [i32]) {
        let half = sums.len() / 2;
        let scale = i32::from(self.scales[row]);
        let values = &bytes[self.rows.start + row * half..][..half];
        let (low, high) = sums.split_at_mut(half);
        for ((low, high), byte) in low.iter_mut().zip(high).zip(values) {
            let byte = byte.cast_signed();
            *low += (i32::from(byte << 4 >> 4) * scale) >> (16 - digits);
            *high += (i32::from(byte >> 4) * scale) >> (16 - digits);
        }
    }
}

/// A network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engine {
    /// Width of a word's vector.
    pub(crate) word: usize,
    pub(crate) hidden: usize,
    pub(crate) state: usize,
    /// Features' part in a word's vector.
    pub(crate) rows: Table,
    /// Contexts' part in the dense layer.
    pub(crate) contexts: Table,
    /// One layer a place of the convolution; no bias.
    pub(crate) window: Vec<Layer>,
    /// Bias of the convolution, [`POINT`] digits.
    pub(crate) window_bias: Vec<i32>,
    pub(crate) gates: Layer,
    pub(crate) dense: Layer,
    pub(crate) heads: Layer,
}

/// Room for one sequence, kept between sequences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    len: usize,
    sums: Vec<i32>,
    hidden: Vec<i16>,
    gates: Vec<i32>,
    summary: Vec<i16>,
    contexts: Vec<i32>,
    dense_sums: Vec<i32>,
    dense: Vec<i16>,
    carried: Vec<i32>,
}

/// Largest value of a word's vector: 16, with [`POINT`] digits behind the point.
pub(crate) const VECTOR_TOP: i32 = i16::MAX as i32;

impl Engine {
    /// Values of a word's product.
    pub(crate) fn product_len(&self) -> usize {
        WINDOW * self.hidden
    }

    /// A word's share in each place of the convolution.
    pub(crate) fn product(
        &self,
        arch: Arch,
        bytes: &[u8],
        rows: &[u32],
        vector: &mut Vec<i32>,
        out: &mut [i16],
    ) {
        arch.dispatch(Product {
            engine: self,
            bytes,
            rows,
            vector,
            out,
        });
    }

    /// Begins a sequence of `len` words.
    pub(crate) fn begin(&self, len: usize, sequence: &mut Sequence) {
        sequence.len = len;
        resize(&mut sequence.contexts, len * self.dense.outputs());
        sequence.sums.clear();
        for _ in 0..len {
            sequence.sums.extend_from_slice(&self.window_bias);
        }
    }

    /// Adds the product of the word at `place`; -1 and -2 stand before the first, `len` and
    /// `len + 1` behind the last.
    #[inline]
    pub(crate) fn add(&self, arch: Arch, place: isize, product: &[i16], sequence: &mut Sequence) {
        arch.dispatch(Add {
            hidden: self.hidden,
            place,
            product,
            sequence,
        });
    }

    /// Adds contexts of the word at `place`.
    pub(crate) fn add_contexts(
        &self,
        arch: Arch,
        bytes: &[u8],
        place: usize,
        rows: &[u32],
        sequence: &mut Sequence,
    ) {
        let width = self.dense.outputs();
        arch.dispatch(Contexts {
            table: &self.contexts,
            bytes,
            rows,
            sums: &mut sequence.contexts[place * width..][..width],
        });
    }

    /// Computes the dense vectors: see [`Sequence::dense`].
    pub(crate) fn finish(&self, arch: Arch, sequence: &mut Sequence) {
        arch.dispatch(Layers {
            engine: self,
            sequence,
        });
    }

    #[inline(always)]
    fn layers(&self, sequence: &mut Sequence) {
        let (len, hidden, state) = (sequence.len, self.hidden, self.state);
        let summary_width = hidden + 2 * state;
        sequence.hidden.clear();
        sequence
            .hidden
            .extend(sequence.sums.iter().map(|sum| (*sum).clamp(0, TOP) as i16));
        resize(&mut sequence.gates, len * 4 * state);
        self.gates.apply(&sequence.hidden, &mut sequence.gates);
        resize(&mut sequence.summary, len * summary_width);
        for (row, hidden) in sequence
            .summary
            .chunks_exact_mut(summary_width)
            .zip(sequence.hidden.chunks_exact(hidden))
        {
            row[..hidden.len()].copy_from_slice(hidden);
        }
        for direction in 0..2 {
            sequence.carried.clear();
            sequence.carried.resize(state, 0);
            for step in 0..len {
                let t = if direction == 0 { step } else { len - 1 - step };
                let gates = &sequence.gates[t * 4 * state..][..4 * state];
                let forget = &gates[direction * state..][..state];
                let fresh = &gates[(2 + direction) * state..][..state];
                let out = &mut sequence.summary[t * summary_width + hidden + direction * state..]
                    [..state];
                for (((carried, forget), fresh), out) in
                    sequence.carried.iter_mut().zip(forget).zip(fresh).zip(out)
                {
                    // 0.2 x + 0.5, 15 digits behind the point.
                    let x = (*forget).clamp(-(4 << POINT), 4 << POINT);
                    let keep = (((x * 13107) >> 12) + 16384).clamp(0, 32768);
                    let fresh = (*fresh).clamp(-(1 << POINT), 1 << POINT) << (14 - POINT);
                    *carried = fresh + (((*carried - fresh) * keep) >> 15);
                    *out = (*carried >> (14 - STATE_POINT)) as i16;
                }
            }
        }
        resize(&mut sequence.dense_sums, len * self.dense.outputs());
        self.dense
            .apply(&sequence.summary, &mut sequence.dense_sums);
        let sums = sequence.dense_sums.iter().zip(&sequence.contexts);
        sequence.dense.clear();
        sequence
            .dense
            .extend(sums.map(|(sum, context)| (sum + context).clamp(0, TOP) as i16));
    }

    /// Whether the sizes fit each other and no sum can overflow.
    pub(crate) fn is_sound(&self) -> bool {
        let summary = self.hidden + 2 * self.state;
        let sizes = self.word > 0
            && self.word <= MAX_WIDTH
            && (1..=MAX_WIDTH).contains(&self.hidden)
            && self.state > 0
            && self.window.len() == WINDOW
            && self
                .window
                .iter()
                .all(|l| l.inputs == self.word && l.outputs() == self.hidden)
            && self.window_bias.len() == self.hidden
            && self.rows.rows.len() == self.rows.scales.len() * self.word / 2
            && self.contexts.rows.len() == self.contexts.scales.len() * self.dense.outputs() / 2
            && (self.gates.inputs, self.gates.outputs()) == (self.hidden, 4 * self.state)
            && self.dense.inputs == summary
            && self.dense.outputs() > 0
            && self.heads.inputs == self.dense.outputs();
        let top = i64::from(TOP);
        sizes
            && self
                .window
                .iter()
                .all(|l| l.is_bounded(i64::from(VECTOR_TOP)))
            && self.window_bias.iter().all(|b| b.abs() < 1 << 28)
            && self.gates.is_bounded(top)
            && self.dense.is_bounded(top)
            && self.heads.is_bounded(top)
    }
}

// The work of each step as a type: a closure would not be compiled for the wider registers.

struct Product<'a> {
    engine: &'a Engine,
    bytes: &'a [u8],
    rows: &'a [u32],
    vector: &'a mut Vec<i32>,
    out: &'a mut [i16],
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let engine = self.engine;
        resize(self.vector, engine.word);
        for &row in self.rows {
            engine.rows.add(self.bytes, row as usize, 16, self.vector);
        }
        let mut narrow = [0i16; MAX_WIDTH];
        for (narrow, wide) in narrow.iter_mut().zip(&*self.vector) {
            *narrow = (*wide >> (16 - POINT)).clamp(-VECTOR_TOP, VECTOR_TOP) as i16;
        }
        let narrow = &narrow[..engine.word];
        let mut sums = [0; MAX_WIDTH];
        let sums = &mut sums[..engine.hidden];
        for (layer, out) in engine
            .window
            .iter()
            .zip(self.out.chunks_exact_mut(engine.hidden))
        {
            layer.apply(narrow, sums);
            for (out, sum) in out.iter_mut().zip(&*sums) {
                *out = (*sum).clamp(-32768, 32767) as i16;
            }
        }
    }
}

struct Contexts<'a> {
    table: &'a Table,
    bytes: &'a [u8],
    rows: &'a [u32],
    sums: &'a mut [i32],
}

impl NullaryFnOnce for Contexts<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for row in self.rows {
            self.table.add(self.bytes, *row as usize, POINT, self.sums);
        }
    }
}

struct Add<'a> {
    hidden: usize,
    place: isize,
    product: &'a [i16],
    sequence: &'a mut Sequence,
}

impl NullaryFnOnce for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let len = self.sequence.len as isize;
        for (slot, part) in self.product.chunks_exact(self.hidden).enumerate() {
            let centre = self.place + REACH as isize - slot as isize;
            if (0..len).contains(&centre) {
                let sums = &mut self.sequence.sums[centre as usize * self.hidden..][..self.hidden];
                for (sum, value) in sums.iter_mut().zip(part) {
                    *sum += i32::from(*value);
                }
            }
        }
    }
}

struct Layers<'a> {
    engine: &'a Engine,
    sequence: &'a mut Sequence,
}

impl NullaryFnOnce for Layers<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.engine.layers(self.sequence);
    }
}

fn resize<T: Copy + Default>(values: &mut Vec<T>, len: usize) {
    values.clear();
    values.resize(len, T::default());
}

impl Sequence {
    /// The dense vector of the word at `place`.
    pub(crate) fn dense(&self, engine: &Engine, place: usize) -> &[i16] {
        let width = engine.dense.outputs();
        &self.dense[place * width..][..width]
    }
}
