//! Elementwise work that Candle does in several passes, done in one on a CPU.
//!
//! Each function gives `None` where its tensor is not a contiguous f32 one on a CPU, and `cuda.rs` has no kernel either;
//! the caller then takes Candle's own operations. Every row is computed by itself and in one order, so a row's result does not depend on what else is in
//! the batch. Loops are compiled for every width of vector instructions and the widest that is there is taken at run
//! time (crate `pulp`).

#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the narrowest instructions only"
)]

pub(crate) mod attention;
pub(crate) mod cuda;
pub(crate) mod fast;
#[cfg(feature = "mkl")]
pub(crate) mod mkl;
pub(crate) mod spread;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::error::Result;
// An attribute may stand before a closure that is an argument, and nowhere else yet.
use std::convert::identity as inlined;

/// Rows are spread over threads from this many numbers on, in pieces of a quarter of it.
const SPREAD: usize = 1 << 15;

/// Runs `work` with the widest vector instructions that are here. `work` is to be `#[inline(always)] || …`, and so is what
/// it calls.
///
/// Not `Arch::dispatch` with the closure itself: that calls it by `FnOnce`, through a shim which the compiler inlines or
/// not as it likes; where it does not, all of `work` is compiled for the narrowest instructions.
pub(crate) fn widest<R>(work: impl FnMut() -> R) -> R {
    struct Work<F>(F);

    impl<R, F: FnMut() -> R> pulp::WithSimd for Work<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    pulp::Arch::new().dispatch(Work(work))
}

/// A function of the rows of a tensor: the row's number and values in, as many values out.
struct Rows<F> {
    name: &'static str,
    work: F,
}

impl<F: Fn(usize, &[f32], &mut [f32]) + Sync> CustomOp1 for Rows<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let values = slice(storage, layout)?;
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        let mut out = vec![0_f32; values.len()];
        let piece = piece(values.len(), width);
        let all = |(number, (out, values)): (usize, (&mut [f32], &[f32]))| {
            widest(
                #[inline(always)]
                || {
                    let rows = values.chunks_exact(width).zip(out.chunks_exact_mut(width));
                    for (row, (values, out)) in rows.enumerate() {
                        (self.work)(number * piece / width + row, values, out);
                    }
                },
            );
        };
        match values.len() < SPREAD {
            true => all((0, (&mut out, values))),
            false => out
                .par_chunks_mut(piece)
                .zip(values.par_chunks(piece))
                .enumerate()
                .for_each(all),
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

/// A function of the rows of two tensors of one shape.
struct PairsOfRows<F> {
    name: &'static str,
    work: F,
}

impl<F: Fn(&[f32], &[f32], &mut [f32]) + Sync> CustomOp2 for PairsOfRows<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (a, b) = (slice(a, a_layout)?, slice(b, b_layout)?);
        let width = a_layout.dims().last().copied().unwrap_or(1).max(1);
        let mut out = vec![0_f32; a.len()];
        let all = |(out, (a, b)): (&mut [f32], (&[f32], &[f32]))| {
            widest(
                #[inline(always)]
                || {
                    let rows = a.chunks_exact(width).zip(b.chunks_exact(width));
                    for ((a, b), out) in rows.zip(out.chunks_exact_mut(width)) {
                        (self.work)(a, b, out);
                    }
                },
            );
        };
        if a.len() < SPREAD {
            all((&mut out, (a, b)));
        } else {
            let piece = piece(a.len(), width);
            out.par_chunks_mut(piece)
                .zip(a.par_chunks(piece).zip(b.par_chunks(piece)))
                .for_each(all);
        }
        Ok((CpuStorage::F32(out), a_layout.shape().clone()))
    }
}

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    Ok(&values[layout.start_offset()..layout.start_offset() + layout.shape().elem_count()])
}

/// How many numbers a thread takes at a time: whole rows.
fn piece(all: usize, width: usize) -> usize {
    match all < SPREAD {
        true => all.max(width),
        false => (SPREAD / 4 / width).max(1) * width,
    }
}

fn plain(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32 && x.is_contiguous()
}

/// Applies `work` to each row: its number and values in, as many values out.
pub(crate) fn rows(
    x: &Tensor,
    name: &'static str,
    work: impl Fn(usize, &[f32], &mut [f32]) + Sync + Send,
) -> Result<Option<Tensor>> {
    if !plain(x) {
        return Ok(None);
    }
    Ok(Some(x.apply_op1_no_bwd(&Rows { name, work })?))
}

/// Sums in sixteen lanes: one order for every row length, and one that compilers make fast.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut lanes = [0_f32; 16];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    let mut total: f32 = lanes.iter().sum();
    for value in rest {
        total += of(*value);
    }
    total
}

/// The parameters of a norm, out of their tensors.
struct NormOf {
    gain: Vec<f32>,
    bias: Option<Vec<f32>>,
    epsilon: f32,
    centred: bool,
}

impl NormOf {
    fn new(gain: &Tensor, bias: Option<&Tensor>, epsilon: f64, centred: bool) -> Result<Self> {
        Ok(Self {
            gain: gain.to_vec1()?,
            bias: bias.map(Tensor::to_vec1).transpose()?,
            epsilon: epsilon as f32,
            centred,
        })
    }

    /// Norms a row in place.
    #[inline(always)]
    fn apply(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = if self.centred {
            sum(
                row,
                #[inline(always)]
                |v| v,
            ) / count
        } else {
            0.0
        };
        let variance = sum(
            row,
            #[inline(always)]
            |v| (v - mean) * (v - mean),
        ) / count;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for (value, gain) in row.iter_mut().zip(&self.gain) {
            *value = (*value - mean) * scale * gain;
        }
        if let Some(bias) = &self.bias {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value += bias;
            }
        }
    }
}

/// Layer norm, or root-mean-square norm where not `centred`.
pub(crate) fn norm(
    x: &Tensor,
    gain: &Tensor,
    bias: Option<&Tensor>,
    epsilon: f64,
    centred: bool,
) -> Result<Option<Tensor>> {
    if !plain(x) || gain.dims1()? != x.dims().last().copied().unwrap_or(0) {
        return cuda::norm(x, None, gain, bias, epsilon, centred);
    }
    let norm = NormOf::new(gain, bias, epsilon, centred)?;
    rows(
        x,
        "norm",
        #[inline(always)]
        move |_, row, out| {
            out.copy_from_slice(row);
            norm.apply(out);
        },
    )
}

/// The norm of a sum, in one pass.
pub(crate) fn norm_of_sum(
    x: &Tensor,
    y: &Tensor,
    gain: &Tensor,
    bias: Option<&Tensor>,
    epsilon: f64,
    centred: bool,
) -> Result<Option<Tensor>> {
    let fits = plain(x) && plain(y) && x.dims() == y.dims();
    if !fits || gain.dims1()? != x.dims().last().copied().unwrap_or(0) {
        return cuda::norm(x, Some(y), gain, bias, epsilon, centred);
    }
    let norm = NormOf::new(gain, bias, epsilon, centred)?;
    let work = inlined(
        #[inline(always)]
        move |x: &[f32], y: &[f32], out: &mut [f32]| {
            for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                *out = x + y;
            }
            norm.apply(out);
        },
    );
    let op = PairsOfRows {
        name: "norm-of-sum",
        work,
    };
    Ok(Some(x.apply_op2_no_bwd(y, &op)?))
}

/// `f(x + bias)`, in one pass.
pub(crate) fn activated(
    x: &Tensor,
    bias: Option<&Tensor>,
    f: impl Fn(f32) -> f32 + Sync + Send,
) -> Result<Option<Tensor>> {
    let bias: Option<Vec<f32>> = bias.map(Tensor::to_vec1).transpose()?;
    rows(
        x,
        "activation",
        #[inline(always)]
        move |_, row, out| match &bias {
            Some(bias) => {
                for ((out, value), bias) in out.iter_mut().zip(row).zip(bias) {
                    *out = f(value + bias);
                }
            }
            None => {
                for (out, value) in out.iter_mut().zip(row) {
                    *out = f(*value);
                }
            }
        },
    )
}

/// Rotary positions on the queries and keys of `[tokens, 3 · width]`, each head's two halves turned against each other
/// (Su et al. 2021, <https://arxiv.org/abs/2104.09864>).
pub(crate) fn rotary(qkv: &Tensor, positions: &[u32], heads: usize, theta: f64) -> Result<Tensor> {
    let (_, width) = qkv.dims2()?;
    let head = width / 3 / heads;
    let half = head / 2;
    // In f32 as models are trained.
    let frequencies: Vec<f32> = (0..half)
        .map(|i| 1.0 / (theta as f32).powf((2 * i) as f32 / head as f32))
        .collect();
    let last = positions.iter().copied().max().unwrap_or(0);
    let angles = (0..=last).flat_map(|p| frequencies.iter().map(move |f| (p as f32 * f).sin_cos()));
    let turns: Vec<(f32, f32)> = angles.collect();
    let turn = inlined(
        #[inline(always)]
        |row: usize, values: &[f32], out: &mut [f32]| {
            let turns = &turns[positions[row] as usize * half..][..half];
            let (both, rest) = out.split_at_mut(width / 3 * 2);
            rest.copy_from_slice(&values[width / 3 * 2..]);
            for (out, values) in both.chunks_exact_mut(head).zip(values.chunks_exact(head)) {
                for (i, (sin, cos)) in turns.iter().enumerate() {
                    out[i] = values[i] * cos - values[i + half] * sin;
                    out[i + half] = values[i + half] * cos + values[i] * sin;
                }
            }
        },
    );
    if let Some(done) = rows(qkv, "rotary", turn)? {
        return Ok(done);
    }
    // Elsewhere the rows are turned on the CPU: a small part of the work.
    let device = qkv.device().clone();
    let here = qkv.to_device(&candle_core::Device::Cpu)?.contiguous()?;
    Ok(match rows(&here, "rotary", turn)? {
        Some(done) => done.to_device(&device)?,
        None => {
            return Err(
                candle_core::Error::Msg("rotary positions are computed in f32".into()).into(),
            );
        }
    })
}

/// Softmax of each row.
pub(crate) fn softmax(x: &Tensor) -> Result<Option<Tensor>> {
    rows(
        x,
        "softmax",
        #[inline(always)]
        |_, row, out| {
            out.copy_from_slice(row);
            attention::softmax(out);
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::engine::Norm;
    use candle_core::{D, Device, Tensor};

    fn far(a: &Tensor, b: &Tensor) -> f32 {
        let far = (a - b).expect("one shape").abs().expect("sizes");
        far.max_all()
            .expect("a largest")
            .to_scalar()
            .expect("a number")
    }

    fn numbers(rows: usize, width: usize, step: usize) -> Tensor {
        let numbers: Vec<f32> = (0..rows * width)
            .map(|i| ((i * step % 97) as f32) / 9.0 - 4.0)
            .collect();
        Tensor::from_vec(numbers, (rows, width), &Device::Cpu).expect("a tensor")
    }

    #[test]
    fn norms_agree_with_their_formulas_on_one_thread_and_on_many() {
        for rows in [5, 1000] {
            let (x, y) = (numbers(rows, 37, 31), numbers(rows, 37, 17));
            let gain = Tensor::arange(1_f32, 38.0, &Device::Cpu).expect("gain");
            let bias = (&gain / 7.0).expect("bias");
            let norm = Norm::layer(gain.clone(), Some(bias.clone()), 1e-5);
            let sum = (&x + &y).expect("a sum");
            let centred = sum
                .broadcast_sub(&sum.mean_keepdim(D::Minus1).expect("mean"))
                .expect("x - mean");
            let variance = centred
                .sqr()
                .expect("squares")
                .mean_keepdim(D::Minus1)
                .expect("variance");
            let scale = (variance + 1e-5).expect("sum").sqrt().expect("root");
            let theirs = centred
                .broadcast_div(&scale)
                .and_then(|y| y.broadcast_mul(&gain))
                .and_then(|y| y.broadcast_add(&bias))
                .expect("norm");
            assert!(far(&norm.forward(&sum).expect("norm"), &theirs) < 1e-4);
            assert!(far(&norm.forward_sum(&x, &y).expect("norm"), &theirs) < 1e-4);
        }
    }
}
