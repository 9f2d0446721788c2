//! The network in integers, for tagging: the twin of `learn::net`'s forward pass.
//!
//! In: the rows of each word's features. Out: one dense vector a word, from which labels are
//! scored. Everything is 16-bit fixed point with 32-bit sums, so that every processor gives the same
//! answer; bounds are checked when a model is made and read, so that no sum can overflow.
//! A word's share in the convolution, its product, depends on its form alone and is kept by the caller.
//! Several sentences go through each layer together, so that weights are read once for many words; only
//! words that need it go through the dense layer.

mod steps;

use std::ops::Range;

use pulp::Arch;

use self::steps::{Contexts, Convolution, Recurrences, Vector};
use crate::kernel::{Packed, dot};

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
    /// Looks at the rows that will be added: their waits for memory run side by side.
    #[inline(always)]
    fn touch(&self, bytes: &[u8], rows: &[u32]) {
        let half = self.rows.len() / self.scales.len().max(1);
        let first = |row: &u32| bytes[self.rows.start + *row as usize * half];
        std::hint::black_box(rows.iter().fold(0, |sum, row| sum ^ first(row)));
    }

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
    pub(crate) packed: Layers,
}

/// The layers as products read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    window: Vec<Packed>,
    gates: Packed,
    dense: Packed,
    /// Some of the labels each.
    heads: Vec<Packed>,
}

/// Words of one sentence, counted through the whole batch.
pub(crate) type Bounds = Range<usize>;

/// Room for a batch of sentences, kept between batches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    hidden: Vec<i16>,
    gates: Vec<i32>,
    summary: Vec<i16>,
    wanted: Vec<i16>,
    sums: Vec<i32>,
    dense: Vec<i16>,
    carried: Vec<i32>,
}

/// Rows of the context table of several words.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContextRows {
    pub(crate) rows: Vec<u32>,
    /// Where each word's rows end.
    pub(crate) ends: Vec<u32>,
}

/// Largest value of a word's vector: 16, with [`POINT`] digits behind the point.
pub(crate) const VECTOR_TOP: i32 = i16::MAX as i32;

impl Engine {
    /// Values of a word's product.
    pub(crate) fn product_len(&self) -> usize {
        WINDOW * self.hidden
    }

    /// Packs the layers, the heads in the given parts; what is only read packed is let go.
    pub(crate) fn pack(&mut self, heads: &[Range<usize>]) {
        let all = |layer: &mut Layer| {
            let packed = Packed::new(layer, 0..layer.outputs());
            layer.weights = Vec::new();
            packed
        };
        self.packed = Layers {
            window: self.window.iter_mut().map(all).collect(),
            gates: all(&mut self.gates),
            dense: all(&mut self.dense),
            heads: heads
                .iter()
                .map(|part| Packed::new(&self.heads, part.clone()))
                .collect(),
        };
    }

    /// Appends the vector of a word with these rows.
    pub(crate) fn vector(
        &self,
        arch: Arch,
        bytes: &[u8],
        rows: &[u32],
        sums: &mut Vec<i32>,
        out: &mut Vec<i16>,
    ) {
        resize(sums, self.word);
        arch.dispatch(Vector {
            table: &self.rows,
            bytes,
            rows,
            sums,
        });
        out.extend(
            sums.iter()
                .map(|wide| (*wide >> (16 - POINT)).clamp(-VECTOR_TOP, VECTOR_TOP) as i16),
        );
    }

    /// The products of some vectors: one begins every `stride` values of `out`.
    pub(crate) fn products(
        &self,
        vectors: &[i16],
        sums: &mut Vec<i32>,
        stride: usize,
        out: &mut [i16],
    ) {
        for (slot, layer) in self.packed.window.iter().enumerate() {
            layer.apply(vectors, sums);
            for (sums, out) in sums.chunks_exact(layer.width()).zip(out.chunks_mut(stride)) {
                let out = &mut out[slot * self.hidden..][..self.hidden];
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = (*sum).clamp(-32768, 32767) as i16;
                }
            }
        }
    }

    /// Looks at a batch of sentences; `products` gives what word `t` brings to its neighbours, `outside`
    /// what stands before and behind each sentence.
    pub(crate) fn read<'p, const N: usize>(
        &self,
        arch: Arch,
        sentences: &[Bounds],
        products: impl Fn(usize) -> [&'p [i16]; N],
        outside: [[&'p [i16]; N]; 2],
        sequence: &mut Sequence,
    ) {
        let len = sentences.last().map_or(0, |last| last.end);
        sequence.hidden.resize(len * self.hidden, 0);
        arch.dispatch(Convolution {
            engine: self,
            sentences,
            products,
            outside,
            hidden: &mut sequence.hidden,
        });
        self.packed
            .gates
            .apply(&sequence.hidden, &mut sequence.gates);
        arch.dispatch(Recurrences {
            engine: self,
            sentences,
            sequence,
        });
    }

    /// Computes the dense vectors of the words `wanted` of the batch; each has its rows of `contexts`,
    /// where there are any.
    pub(crate) fn think(
        &self,
        arch: Arch,
        bytes: &[u8],
        wanted: &[u32],
        contexts: &ContextRows,
        sequence: &mut Sequence,
    ) {
        let width = self.hidden + 2 * self.state;
        let Sequence {
            summary,
            wanted: inputs,
            sums,
            dense,
            ..
        } = sequence;
        inputs.clear();
        for word in wanted {
            inputs.extend_from_slice(&summary[*word as usize * width..][..width]);
        }
        self.packed.dense.apply(inputs, sums);
        arch.dispatch(Contexts {
            table: &self.contexts,
            bytes,
            of_words: contexts,
            width: self.dense.outputs(),
            sums,
        });
        dense.clear();
        dense.extend(sums.iter().map(|sum| (*sum).clamp(0, TOP) as i16));
    }

    /// Scores of part `part` of the heads for the dense vectors of words `which` (places among the
    /// wanted ones), each in a row of [`Engine::head_width`]; added to `out` where `add`.
    pub(crate) fn heads(
        &self,
        part: usize,
        which: &[u32],
        sequence: &mut Sequence,
        add: bool,
        out: &mut Vec<i32>,
    ) {
        let Sequence {
            wanted: inputs,
            dense,
            sums,
            ..
        } = sequence;
        let width = self.dense.outputs();
        inputs.clear();
        for word in which {
            inputs.extend_from_slice(&dense[*word as usize * width..][..width]);
        }
        let layer = &self.packed.heads[part];
        if add {
            layer.apply(inputs, sums);
            for (out, sum) in out.iter_mut().zip(&*sums) {
                *out += *sum;
            }
        } else {
            layer.apply(inputs, out);
        }
    }

    /// Values in a row of [`Engine::heads`].
    pub(crate) fn head_width(&self, part: usize) -> usize {
        self.packed.heads[part].width()
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

impl Sequence {
    /// The dense vector of the word at `place` among the wanted ones.
    pub(crate) fn dense(&self, engine: &Engine, place: usize) -> &[i16] {
        let width = engine.dense.outputs();
        &self.dense[place * width..][..width]
    }
}

fn resize<T: Copy + Default>(values: &mut Vec<T>, len: usize) {
    values.clear();
    values.resize(len, T::default());
}
