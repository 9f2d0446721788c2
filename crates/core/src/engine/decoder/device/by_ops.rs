//! Positions, attention and gates through Candle's own operations, for devices that have no kernels of ours.
//!
//! Texts of about one length attend together, padded; what is padding is masked out or thrown away.

use candle_core::{D, Device, Tensor};

use super::super::super::error::Result;
use super::super::super::norm::Norm;
use super::super::super::ops::cuda::HeadsOf;
use super::super::graph::Step;
use super::super::shape::{Activation, Shape};

/// Scores that a group of texts may have at once.
const SCORES: usize = 1 << 26;

/// Heads normed and turned by their positions: `[rows, heads · width]` in and out.
pub(super) fn heads(x: &Tensor, how: &HeadsOf<'_>) -> Result<Tensor> {
    let rows = x.dim(0)?;
    let mut x = x.contiguous()?.reshape((rows, how.count, how.width))?;
    if let Some(gain) = how.gain {
        x = Norm::root_mean_square(gain.clone(), f64::from(how.epsilon)).forward(&x)?;
    }
    if let Some((frequencies, factor)) = how.rope {
        let pairs = frequencies.dim(0)?;
        let positions = how.positions.to_dtype(x.dtype())?.unsqueeze(1)?;
        let angles = positions.broadcast_mul(&frequencies.unsqueeze(0)?)?;
        let factor = f64::from(factor);
        let cos = (angles.cos()? * factor)?.unsqueeze(1)?;
        let sin = (angles.sin()? * factor)?.unsqueeze(1)?;
        let (low, high) = (x.narrow(2, 0, pairs)?, x.narrow(2, pairs, pairs)?);
        let turned_low = (low.broadcast_mul(&cos)? - high.broadcast_mul(&sin)?)?;
        let turned_high = (high.broadcast_mul(&cos)? + low.broadcast_mul(&sin)?)?;
        let rest = how.width - 2 * pairs;
        x = match rest {
            0 => Tensor::cat(&[turned_low, turned_high], 2)?,
            _ => Tensor::cat(&[turned_low, turned_high, x.narrow(2, 2 * pairs, rest)?], 2)?,
        };
    }
    Ok(x.reshape((rows, how.count * how.width))?)
}

/// `activation(gate) * up`.
pub(super) fn gate(gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Tensor> {
    let gate = gate.contiguous()?;
    let gate = match activation {
        Activation::Silu => gate.silu()?,
        Activation::GeluTanh => gate.gelu()?,
        Activation::Gelu => gate.gelu_erf()?,
    };
    Ok((gate * up.contiguous()?)?)
}

/// Texts of a step, in groups that attend together.
pub(super) struct Groups {
    groups: Vec<Group>,
    /// Row by row, where its answer stands among those of all groups.
    places: Tensor,
}

struct Group {
    texts: usize,
    /// Rows of each text, padding included.
    rows: usize,
    /// Keys of each text, padding included.
    keys: usize,
    /// Which row of the step each row of the group is.
    from: Tensor,
    /// The slot of each key.
    slots: Tensor,
    /// By window: what is added to scores, `[texts, 1, rows, keys]`.
    masks: Vec<(Option<usize>, Tensor)>,
}

impl Groups {
    pub(super) fn new(
        step: &Step,
        shape: &Shape,
        windows: &[Option<usize>],
        device: &Device,
    ) -> Result<Self> {
        let mut texts: Vec<_> = step.texts().collect();
        texts.sort_by_key(|text| (text.count, text.before, text.start));
        let mut groups = Vec::new();
        let mut places = vec![0_u32; step.tokens.len()];
        let mut place = 0;
        let mut at = 0;
        while at < texts.len() {
            let first = texts[at];
            let mut end = at + 1;
            let mut keys = first.before + first.count;
            while let Some(next) = texts.get(end) {
                let wider = keys.max(next.before + next.count);
                let scores = (end + 1 - at) * shape.heads * next.count * wider;
                if next.count > first.count + first.count / 4 || scores > SCORES {
                    break;
                }
                keys = wider;
                end += 1;
            }
            let group = &texts[at..end];
            let rows = group.last().map_or(0, |text| text.count);
            let mut from = Vec::with_capacity(group.len() * rows);
            let mut slots = Vec::with_capacity(group.len() * keys);
            for text in group {
                for row in 0..rows {
                    if row < text.count {
                        places[text.start + row] = place;
                    }
                    from.push((text.start + row.min(text.count - 1)) as u32);
                    place += 1;
                }
                let last = text.before + text.count - 1;
                slots.extend((0..keys).map(|key| text.slot(key.min(last))));
            }
            let mask = |window: &Option<usize>| -> Result<(Option<usize>, Tensor)> {
                let mut mask = vec![f32::MIN; group.len() * rows * keys];
                for (text, mask) in group.iter().zip(mask.chunks_exact_mut(rows * keys)) {
                    for (row, mask) in mask.chunks_exact_mut(keys).enumerate() {
                        let position = text.before + row.min(text.count - 1);
                        let first =
                            window.map_or(0, |window| (position + 1).saturating_sub(window));
                        mask[first..=position].fill(0.0);
                    }
                }
                let mask = Tensor::from_vec(mask, (group.len(), 1, rows, keys), device)?;
                Ok((*window, mask))
            };
            groups.push(Group {
                texts: group.len(),
                rows,
                keys,
                from: Tensor::new(from.as_slice(), device)?,
                slots: Tensor::new(slots.as_slice(), device)?,
                masks: windows.iter().map(mask).collect::<Result<_>>()?,
            });
            at = end;
        }
        Ok(Self {
            groups,
            places: Tensor::new(places.as_slice(), device)?,
        })
    }

    /// What each row sees: `[rows, heads · width]` in and out.
    pub(super) fn attend(
        &self,
        shape: &Shape,
        window: Option<usize>,
        queries: &Tensor,
        kept: &(Tensor, Tensor),
    ) -> Result<Tensor> {
        let seen = self.groups.iter();
        let seen = seen.map(|group| group.attend(shape, window, queries, kept));
        let seen = Tensor::cat(&seen.collect::<Result<Vec<_>>>()?, 0)?;
        Ok(seen.index_select(&self.places, 0)?)
    }
}

impl Group {
    fn attend(
        &self,
        shape: &Shape,
        window: Option<usize>,
        queries: &Tensor,
        kept: &(Tensor, Tensor),
    ) -> Result<Tensor> {
        let (texts, rows, keys) = (self.texts, self.rows, self.keys);
        let (kv_heads, width) = (shape.kv_heads, shape.head_width);
        let group = shape.heads / kv_heads;
        let queries = queries
            .index_select(&self.from, 0)?
            .reshape((texts, rows, kv_heads, group, width))?
            .permute((0, 2, 3, 1, 4))?
            .contiguous()?
            .reshape((texts * kv_heads, group * rows, width))?;
        let part = |kept: &Tensor| -> Result<Tensor> {
            Ok(kept
                .index_select(&self.slots, 0)?
                .reshape((texts, keys, kv_heads, width))?
                .transpose(1, 2)?
                .contiguous()?
                .reshape((texts * kv_heads, keys, width))?)
        };
        let (k, v) = (part(&kept.0)?, part(&kept.1)?);
        let scores = queries.matmul(&k.transpose(1, 2)?.contiguous()?)?;
        let mut scores = (scores * f64::from(shape.attention_scale))?;
        if let Some(cap) = shape.attention_softcap.map(f64::from) {
            scores = ((scores / cap)?.tanh()? * cap)?;
        }
        let mask = self.masks.iter().find(|(of, _)| *of == window);
        let (_, mask) = mask.expect("a mask for every window there is");
        let scores = scores
            .reshape((texts, shape.heads, rows, keys))?
            .broadcast_add(mask)?;
        let scores = scores
            .broadcast_sub(&scores.max_keepdim(D::Minus1)?)?
            .exp()?;
        let shares = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
        let seen = shares
            .reshape((texts * kv_heads, group * rows, keys))?
            .matmul(&v)?;
        Ok(seen
            .reshape((texts, kv_heads, group, rows, width))?
            .permute((0, 3, 1, 2, 4))?
            .contiguous()?
            .reshape((texts * rows, shape.heads * width))?)
    }
}
