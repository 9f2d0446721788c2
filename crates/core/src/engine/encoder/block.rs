//! What the encoders are built of: activations, attention, feed-forward halves, a layer with norms after its sums.

use std::ops::Range;

use candle_core::{D, Device, Tensor};

use crate::engine::config::Config;
use crate::engine::error::Result;
use crate::engine::linear::Linear;
use crate::engine::norm::Norm;
use crate::engine::ops::attention::{Heads, attention};
use crate::engine::ops::{self, fast};
use crate::engine::weights::Part;

/// The function between two linear maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Gelu,
    GeluTanh,
    Relu,
    Silu,
    Tanh,
}

impl Activation {
    const WORDS: [(&'static str, Self); 8] = [
        ("gelu", Self::Gelu),
        ("gelu_new", Self::GeluTanh),
        ("gelu_pytorch_tanh", Self::GeluTanh),
        ("gelu_fast", Self::GeluTanh),
        ("relu", Self::Relu),
        ("silu", Self::Silu),
        ("swish", Self::Silu),
        ("tanh", Self::Tanh),
    ];

    pub(crate) fn of(config: &Config, key: &str) -> Result<Self> {
        config.word(key, &Self::WORDS)
    }

    /// `f(x + bias)`.
    pub(crate) fn apply(self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let done = match self {
            Self::Gelu => ops::activated(x, bias, fast::gelu),
            Self::GeluTanh => ops::activated(x, bias, fast::gelu_tanh),
            Self::Relu => ops::activated(x, bias, |v| v.max(0.0)),
            Self::Silu => ops::activated(x, bias, fast::silu),
            Self::Tanh => ops::activated(x, bias, fast::tanh),
        }?;
        if let Some(done) = done {
            return Ok(done);
        }
        let x = match bias {
            Some(bias) => x.broadcast_add(bias)?,
            None => x.clone(),
        };
        Ok(match self {
            Self::Gelu => x.gelu_erf()?,
            Self::GeluTanh => x.gelu()?,
            Self::Relu => x.relu()?,
            Self::Silu => x.silu()?,
            Self::Tanh => x.tanh()?,
        })
    }

    /// `f(linear(x))`.
    pub(crate) fn after(self, linear: &Linear, x: &Tensor) -> Result<Tensor> {
        self.apply(&linear.product(x)?, linear.bias())
    }
}

/// Queries, keys and values of a layer: one matrix where that can be, else three.
#[derive(Clone, Debug)]
pub(crate) enum Qkv {
    One(Linear),
    Three([Linear; 3]),
}

impl Qkv {
    pub(crate) fn load(part: &Part<'_>, names: [&str; 3], width: usize) -> Result<Self> {
        let [q, k, v] = names;
        let maps = [
            part.linear(q, width, width)?,
            part.linear(k, width, width)?,
            part.linear(v, width, width)?,
        ];
        let [q, k, v] = &maps;
        Ok(match Linear::side_by_side(&[q, k, v])? {
            Some(one) => Self::One(one),
            None => Self::Three(maps),
        })
    }

    /// `[tokens, width]` to `[tokens, 3 · width]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::One(linear) => linear.forward(x),
            Self::Three([q, k, v]) => Ok(Tensor::cat(
                &[q.forward(x)?, k.forward(x)?, v.forward(x)?],
                D::Minus1,
            )?),
        }
    }
}

/// Attention within each span: `[tokens, 3 · width]` to `[tokens, width]`.
pub(crate) fn attend(qkv: &Tensor, spans: &[Range<usize>], heads: Heads) -> Result<Tensor> {
    if let Some(mixed) = attention(qkv, spans, heads)? {
        return Ok(mixed);
    }
    match ops::cuda::attend_packed(qkv, spans, heads)? {
        Some(mixed) => Ok(mixed),
        None => attend_by_ops(qkv, spans, heads),
    }
}

/// The same through Candle's operations, for other devices.
pub(crate) fn attend_by_ops(qkv: &Tensor, spans: &[Range<usize>], heads: Heads) -> Result<Tensor> {
    let width = qkv.dim(1)? / 3;
    let head = width / heads.count;
    let mixed = spans
        .iter()
        .filter(|span| !span.is_empty())
        .map(|span| {
            let n = span.len();
            let part = |at: usize| -> Result<Tensor> {
                let rows = qkv.narrow(0, span.start, n)?.narrow(1, at * width, width)?;
                Ok(rows
                    .reshape((n, heads.count, head))?
                    .transpose(0, 1)?
                    .contiguous()?)
            };
            let scores = (part(0)?.matmul(&part(1)?.transpose(1, 2)?.contiguous()?)?
                * f64::from(heads.scale))?;
            let scores = match heads.reach {
                Some(reach) if n > reach + 1 => {
                    scores.broadcast_add(&window(n, reach, qkv.device())?)?
                }
                _ => scores,
            };
            let mixed = softmax(&scores)?.matmul(&part(2)?)?;
            Ok(mixed.transpose(0, 1)?.reshape((n, width))?)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Tensor::cat(&mixed, 0)?)
}

/// What is added to scores so that a token sees `reach` tokens to each side.
fn window(n: usize, reach: usize, device: &Device) -> Result<Tensor> {
    let mask: Vec<f32> = (0..n * n)
        .map(|at| match (at / n).abs_diff(at % n) <= reach {
            true => 0.0,
            false => f32::MIN,
        })
        .collect();
    Ok(Tensor::from_vec(mask, (n, n), device)?)
}

/// Softmax over the last dimension.
pub(crate) fn softmax(x: &Tensor) -> Result<Tensor> {
    if let Some(done) = ops::softmax(x)? {
        return Ok(done);
    }
    let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    Ok(x.broadcast_div(&x.sum_keepdim(D::Minus1)?)?)
}

/// The names of a layer's parts.
pub(crate) struct LayerNames {
    pub qkv: [&'static str; 3],
    pub out: &'static str,
    pub attention_norm: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub norm: &'static str,
}

/// The sizes of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub width: usize,
    pub heads: usize,
    pub inner: usize,
    pub epsilon: f64,
    pub activation: Activation,
}

impl Sizes {
    pub(crate) fn heads(&self) -> Heads {
        Heads {
            count: self.heads,
            scale: 1.0 / ((self.width / self.heads) as f32).sqrt(),
            reach: None,
        }
    }
}

/// A layer of the original kind: attention, sum, norm, feed-forward, sum, norm (Devlin et al. 2019,
/// <https://arxiv.org/abs/1810.04805>).
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    qkv: Qkv,
    heads: Heads,
    output: AfterAttention,
}

impl Layer {
    pub(crate) fn load(part: &Part<'_>, names: &LayerNames, sizes: Sizes) -> Result<Self> {
        Ok(Self {
            qkv: Qkv::load(part, names.qkv, sizes.width)?,
            heads: sizes.heads(),
            output: AfterAttention::load(part, names, sizes)?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor, spans: &[Range<usize>]) -> Result<Tensor> {
        let mixed = attend(&self.qkv.forward(x)?, spans, self.heads)?;
        self.output.forward(x, &mixed)
    }
}

/// What such a layer does with what its attention gave.
#[derive(Clone, Debug)]
pub(crate) struct AfterAttention {
    out: Linear,
    attention_norm: Norm,
    up: Linear,
    activation: Activation,
    down: Linear,
    norm: Norm,
}

impl AfterAttention {
    pub(crate) fn load(part: &Part<'_>, names: &LayerNames, sizes: Sizes) -> Result<Self> {
        let Sizes {
            width,
            inner,
            epsilon,
            ..
        } = sizes;
        Ok(Self {
            out: part.linear(names.out, width, width)?,
            attention_norm: part.layer_norm(names.attention_norm, width, epsilon)?,
            up: part.linear(names.up, width, inner)?,
            activation: sizes.activation,
            down: part.linear(names.down, inner, width)?,
            norm: part.layer_norm(names.norm, width, epsilon)?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor, mixed: &Tensor) -> Result<Tensor> {
        let x = self
            .attention_norm
            .forward_sum(&self.out.forward(mixed)?, x)?;
        let inner = self.activation.after(&self.up, &x)?;
        self.norm.forward_sum(&self.down.forward(&inner)?, &x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn random(rows: usize, width: usize, seed: u64) -> Tensor {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let numbers: Vec<f32> = (0..rows * width)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
            })
            .collect();
        Tensor::from_vec(numbers, (rows, width), &Device::Cpu).expect("a tensor")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn packed_attention_is_that_of_plain_operations_and_the_same_bits_alone(
            lengths in proptest::collection::vec(1_usize..75, 1..5),
            seed in any::<u64>(),
            heads in prop_oneof![Just(1_usize), Just(3)],
            reach in prop_oneof![Just(None), Just(Some(2_usize)), Just(Some(40))],
        ) {
            let head = 20;
            let tokens: usize = lengths.iter().sum();
            let qkv = random(tokens, heads * head * 3, seed);
            let how = Heads { count: heads, scale: 1.3, reach };
            let mut start = 0;
            let spans: Vec<_> = lengths.iter().map(|n| { start += n; start - n..start }).collect();
            let ours = attend(&qkv, &spans, how).expect("attention");
            let theirs = attend_by_ops(&qkv, &spans, how).expect("attention");
            let far: f32 = (&ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap();
            prop_assert!(far < 2e-5, "{far}");
            for span in spans {
                let n = span.len();
                let alone = qkv.narrow(0, span.start, n).unwrap().contiguous().unwrap();
                let alone = attend(&alone, std::slice::from_ref(&(0..n)), how).unwrap().to_vec2::<f32>().unwrap();
                let together = ours.narrow(0, span.start, n).unwrap().to_vec2::<f32>().unwrap();
                prop_assert_eq!(alone, together);
            }
        }
    }
}
