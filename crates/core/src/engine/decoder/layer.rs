//! One layer: attention over each text, then the feed-forward half, both added to what came in.

use candle_core::{Device, Tensor};

use super::super::error::Result;
use super::super::linear::Linear;
use super::super::norm::Norm;
use super::super::ops::spread::spread;
use super::super::tiled::Tiled;
use super::super::weights::Weights;
use super::attention::{self, Heads};
use super::host::Packed;
use super::looks::{rows_at_once, stopped};
use super::rope::Rope;
use super::{Shape, Span, Stop};

/// The weights of one layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(super) before: Norm,
    pub(super) qkv: Vec<Linear>,
    pub(super) head_norms: Option<(Vec<f32>, Vec<f32>)>,
    pub(super) output: Linear,
    /// After attention, where the architecture has one there.
    pub(super) after: Option<Norm>,
    pub(super) before_feed: Norm,
    pub(super) gate_up: Vec<Linear>,
    pub(super) down: Linear,
    pub(super) after_feed: Option<Norm>,
}

/// A root-mean-square norm as the architecture wants it.
pub(super) fn norm(shape: &Shape, weights: &Weights, name: &str, width: usize) -> Result<Norm> {
    let gain = weights.tensor(&format!("{name}.weight"), &[width])?;
    let gain = match shape.gain_plus_one {
        true => (gain + 1.0)?,
        false => gain,
    };
    Ok(Norm::root_mean_square(gain, shape.epsilon))
}

impl Layer {
    pub(super) fn load(
        shape: &Shape,
        weights: &Weights,
        name: &str,
        _number: usize,
    ) -> Result<Self> {
        let norm_of = |part: &str| norm(shape, weights, &format!("{name}.{part}"), shape.hidden);
        let linear = |part: &str, inputs, outputs| {
            weights.linear(&format!("{name}.{part}"), inputs, outputs)
        };
        let queries = shape.heads * shape.head_width;
        let keys = shape.kv_heads * shape.head_width;
        let (qkv, gate_up) = match shape.fused {
            true => (
                vec![linear(
                    "self_attn.qkv_proj",
                    shape.hidden,
                    queries + 2 * keys,
                )?],
                vec![linear(
                    "mlp.gate_up_proj",
                    shape.hidden,
                    2 * shape.intermediate,
                )?],
            ),
            false => (
                together(vec![
                    linear("self_attn.q_proj", shape.hidden, queries)?,
                    linear("self_attn.k_proj", shape.hidden, keys)?,
                    linear("self_attn.v_proj", shape.hidden, keys)?,
                ])?,
                together(vec![
                    linear("mlp.gate_proj", shape.hidden, shape.intermediate)?,
                    linear("mlp.up_proj", shape.hidden, shape.intermediate)?,
                ])?,
            ),
        };
        let head_norms = match shape.head_norms {
            true => {
                let gain = |part: &str| -> Result<Vec<f32>> {
                    let gain = weights.tensor(
                        &format!("{name}.self_attn.{part}.weight"),
                        &[shape.head_width],
                    )?;
                    let plus = f32::from(u8::from(shape.gain_plus_one));
                    Ok(gain
                        .to_vec1::<f32>()?
                        .iter()
                        .map(|gain| gain + plus)
                        .collect())
                };
                Some((gain("q_norm")?, gain("k_norm")?))
            }
            false => None,
        };
        let (after, before_feed, after_feed) = match shape.outer_norms {
            true => (
                Some(norm_of("post_attention_layernorm")?),
                norm_of("pre_feedforward_layernorm")?,
                Some(norm_of("post_feedforward_layernorm")?),
            ),
            false => (None, norm_of("post_attention_layernorm")?, None),
        };
        Ok(Self {
            before: norm_of("input_layernorm")?,
            qkv,
            head_norms,
            output: linear("self_attn.o_proj", queries, shape.hidden)?,
            after,
            before_feed,
            gate_up,
            down: linear("mlp.down_proj", shape.intermediate, shape.hidden)?,
            after_feed,
        })
    }

    /// `[rows, hidden]` to the same; of the last layer the wanted rows alone, or `None` if there are
    /// none. Keys and values of all rows are written.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`](super::super::EngineError::Cancelled), looked for before every product of some
    /// size, and those of the computation.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call, each a thing of its own"
    )]
    pub(super) fn forward(
        &self,
        shape: &Shape,
        number: usize,
        x: Tensor,
        spans: &mut [Span<'_>],
        packed: &Packed,
        rope: Option<&Rope>,
        last: bool,
        stop: Stop<'_>,
    ) -> Result<Option<Tensor>> {
        let device = x.device().clone();
        let [mut queries, mut keys, values] =
            self.projected(shape, &self.before.forward(&x)?, stop)?;
        let width = shape.head_width;
        let angles = rope.map(|rope| rope.angles(&packed.positions));
        let prepare = |numbers: &mut [f32], heads: usize, gain: Option<&Vec<f32>>| {
            let rows = numbers.chunks_mut(heads * width).enumerate().collect();
            spread(rows, |(row, numbers): (usize, &mut [f32])| {
                for head in numbers.chunks_exact_mut(width) {
                    if let Some(gain) = gain {
                        attention::normalise(head, gain, shape.epsilon as f32);
                    }
                    if let Some(angles) = &angles {
                        angles.turn(row, head);
                    }
                }
            });
        };
        let gains = self.head_norms.as_ref();
        prepare(&mut queries, shape.heads, gains.map(|gains| &gains.0));
        prepare(&mut keys, shape.kv_heads, gains.map(|gains| &gains.1));
        let kv = shape.kv();
        let row = shape.kv_heads * width;
        for (span, start) in spans.iter_mut().zip(&packed.starts) {
            let range = start * row..(start + span.tokens.len()) * row;
            let from = span.sequence.len();
            span.sequence
                .write(kv, number, from, &keys[range.clone()], &values[range]);
        }
        if last && packed.wanted.is_empty() {
            return Ok(None);
        }
        let heads = Heads {
            shape,
            layer: number,
            kv,
        };
        let seen = heads.attend(&queries, spans, packed, last, stop)?;
        let (rows, x) = match last {
            true => {
                let wanted = Tensor::new(packed.wanted.as_slice(), &device)?;
                (packed.wanted.len(), x.index_select(&wanted, 0)?)
            }
            false => (packed.positions.len(), x),
        };
        let seen = on(seen, rows, shape.heads * width, &device)?;
        let work = shape.heads * width * shape.hidden;
        let mut seen = in_parts(&seen, work, stop, |part| self.output.forward(part))?;
        if let Some(after) = &self.after {
            seen = after.forward(&seen)?;
        }
        let x = (x + seen)?;
        let mut fed = self.fed(shape, &self.before_feed.forward(&x)?, stop)?;
        if let Some(after) = &self.after_feed {
            fed = after.forward(&fed)?;
        }
        Ok(Some((x + fed)?))
    }

    /// Queries, keys and values of all rows: `[row][head][number]`.
    fn projected(&self, shape: &Shape, x: &Tensor, stop: Stop<'_>) -> Result<[Vec<f32>; 3]> {
        let queries = shape.heads * shape.head_width;
        let keys = shape.kv_heads * shape.head_width;
        if let [all] = self.qkv.as_slice() {
            let work = shape.hidden * (queries + 2 * keys);
            let all = in_parts(x, work, stop, |part| all.forward(part))?;
            let part = |from, width| numbers(&all.narrow(1, from, width)?);
            return Ok([
                part(0, queries)?,
                part(queries, keys)?,
                part(queries + keys, keys)?,
            ]);
        }
        let part = |at: usize, width: usize| {
            let map = &self.qkv[at];
            numbers(&in_parts(x, shape.hidden * width, stop, |part| {
                map.forward(part)
            })?)
        };
        Ok([part(0, queries)?, part(1, keys)?, part(2, keys)?])
    }

    /// The matrices of the feed-forward half, where they are tiled and there is nothing to add.
    fn tiled_feed(&self) -> Option<(&Tiled, &Tiled)> {
        let [both] = self.gate_up.as_slice() else {
            return None;
        };
        if both.bias().is_some() || self.down.bias().is_some() {
            return None;
        }
        both.tiled_weight().zip(self.down.tiled_weight())
    }

    /// The feed-forward half.
    fn fed(&self, shape: &Shape, x: &Tensor, stop: Stop<'_>) -> Result<Tensor> {
        let width = shape.intermediate;
        in_parts(x, 2 * shape.hidden * width, stop, |x| {
            let rows = x.dim(0)?;
            if let Some((both, down)) = self.tiled_feed() {
                let mut both = both.product(x)?;
                spread(both.chunks_mut(2 * width).collect(), |row| {
                    let (gate, up) = row.split_at_mut(width);
                    shape.activation.gate(gate, up);
                });
                stopped(stop)?;
                return on(
                    down.multiply(&both, 2 * width),
                    rows,
                    shape.hidden,
                    x.device(),
                );
            }
            let (mut gate, up) = if let [both] = self.gate_up.as_slice() {
                let both = both.forward(x)?;
                (
                    numbers(&both.narrow(1, 0, width)?)?,
                    numbers(&both.narrow(1, width, width)?)?,
                )
            } else {
                (
                    numbers(&self.gate_up[0].forward(x)?)?,
                    numbers(&self.gate_up[1].forward(x)?)?,
                )
            };
            let pairs = gate.chunks_mut(width).zip(up.chunks(width)).collect();
            spread(pairs, |(gate, up): (&mut [f32], &[f32])| {
                shape.activation.gate(gate, up);
            });
            stopped(stop)?;
            self.down.forward(&on(gate, rows, width, x.device())?)
        })
    }
}

/// A product of rows, so many of them at once as `work` multiplications a row allow between looks.
fn in_parts(
    x: &Tensor,
    work: usize,
    stop: Stop<'_>,
    product: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let rows = x.dim(0)?;
    let at_once = rows_at_once(work);
    if rows <= at_once {
        stopped(stop)?;
        return product(x);
    }
    let mut parts = Vec::with_capacity(rows.div_ceil(at_once));
    for from in (0..rows).step_by(at_once) {
        stopped(stop)?;
        parts.push(product(&x.narrow(0, from, at_once.min(rows - from))?)?);
    }
    Ok(Tensor::cat(&parts, 0)?)
}

/// One matrix of several where that is possible: fewer and larger products.
fn together(maps: Vec<Linear>) -> Result<Vec<Linear>> {
    let all: Vec<&Linear> = maps.iter().collect();
    match Linear::side_by_side(&all)? {
        Some(one) => Ok(vec![one]),
        None => Ok(maps),
    }
}

fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.flatten_all()?.to_vec1::<f32>()?)
}

fn on(numbers: Vec<f32>, rows: usize, width: usize, device: &Device) -> Result<Tensor> {
    Ok(Tensor::from_vec(numbers, (rows, width), &Device::Cpu)?.to_device(device)?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_large_product_is_made_in_parts_with_a_look_before_each() {
        let x = Tensor::rand(-1_f32, 1.0, (40, 24), &Device::Cpu).unwrap();
        let w = Tensor::rand(-1_f32, 1.0, (24, 8), &Device::Cpu).unwrap();
        let product = |x: &Tensor| Ok(x.matmul(&w)?);
        let looks = AtomicUsize::new(0);
        let stop_at = |last: usize| {
            looks.store(0, Ordering::SeqCst);
            let stop = || looks.fetch_add(1, Ordering::SeqCst) >= last;
            in_parts(&x, usize::MAX, &stop, product)
        };
        let parts = stop_at(usize::MAX).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(looks.load(Ordering::SeqCst), 3, "16, 16 and 8 rows");
        let whole = product(&x).unwrap().to_vec2::<f32>().unwrap();
        for (part, whole) in parts.iter().flatten().zip(whole.iter().flatten()) {
            assert!((part - whole).abs() < 1e-5, "{part} {whole}");
        }
        let error = stop_at(2).unwrap_err();
        assert_eq!(
            (error.code(), looks.load(Ordering::SeqCst)),
            ("BS-ENG-014", 3)
        );
    }
}
