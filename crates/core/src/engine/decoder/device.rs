//! A decoder on another device than the CPU: keys and values in a slab there, nothing copied back but logits.
//!
//! The slab has `[slots, key heads · width]` of each layer for keys and for values; a block is [`BLOCK`] slots in a row.
//! Work that Candle has no single operation for goes through one kernel where the device has it (`ops/cuda.rs`), else
//! through several of Candle's operations (`device/by_ops.rs`), which any device has.

mod by_ops;
#[cfg(test)]
mod tests;

use std::sync::{PoisonError, RwLock};

use candle_core::{DType, Device, Tensor};

use super::super::error::{EngineError, Result};
use super::super::kv::{BLOCK, Slab};
use super::super::linear::Linear;
use super::super::ops::cuda;
use super::super::weights::Weights;
use super::Stop;
use super::graph::{Graph, LogitAt, Logits, Step, Summaries};
use super::layer::Layer;
use super::shape::Shape;
use super::stack::Stack;
use by_ops::Groups;

/// Rows that go through the output layer at once.
const HEAD_ROWS: usize = 512;

/// A decoder, and its slab once that is made.
#[derive(Debug)]
pub(crate) struct DeviceGraph {
    shape: Shape,
    stack: Stack,
    /// Of each kind of rotary positions, the frequencies on the device.
    frequencies: Vec<Tensor>,
    /// Gains of the norms of heads, layer by layer.
    gains: Vec<Option<(Tensor, Tensor)>>,
    device: Device,
    slab: RwLock<Kept>,
}

/// Keys and values of each layer.
#[derive(Debug, Default)]
struct Kept {
    blocks: u32,
    layers: Vec<(Tensor, Tensor)>,
}

/// What all layers of a step look at.
struct Plan {
    positions: Tensor,
    slots: Tensor,
    wanted: Option<Tensor>,
    /// For kernels: by window, of every row the first and last key that it sees, and where its blocks begin.
    seen: Vec<(Option<usize>, cuda::Seen)>,
    /// The same of the wanted rows.
    seen_wanted: Vec<(Option<usize>, cuda::Seen)>,
    /// Where there are no kernels.
    groups: Option<Groups>,
}

impl DeviceGraph {
    /// Reads the weights onto the device that `weights` are for.
    ///
    /// # Errors
    /// Where a weight is missing, of another shape or damaged.
    pub(crate) fn load(shape: Shape, weights: &Weights) -> Result<Self> {
        let stack = Stack::load(&shape, weights)?;
        let device = weights.device().clone();
        let gain = |gain: &Vec<f32>| Tensor::new(gain.as_slice(), &device);
        let gains = stack.body.layers.iter().map(|layer| {
            let gains = layer.head_norms.as_ref();
            gains.map(|(q, k)| Ok((gain(q)?, gain(k)?))).transpose()
        });
        let gains = gains.collect::<Result<_>>()?;
        let frequencies = stack
            .body
            .ropes
            .iter()
            .map(|rope| Tensor::new(rope.frequencies(), &device))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self {
            shape,
            stack,
            frequencies,
            gains,
            device,
            slab: RwLock::default(),
        })
    }

    fn plan(&self, step: &Step) -> Result<Plan> {
        let device = &self.device;
        let mut positions: Vec<u32> = Vec::with_capacity(step.tokens.len());
        let mut slots: Vec<u32> = Vec::with_capacity(step.tokens.len());
        for text in step.texts() {
            for position in text.before..text.before + text.count {
                positions.push(position as u32);
                slots.push(text.slot(position));
            }
        }
        let wanted = match step.wanted.is_empty() {
            true => None,
            false => Some(Tensor::new(step.wanted.as_slice(), device)?),
        };
        let mut windows = self.shape.windows.clone();
        windows.sort_unstable();
        windows.dedup();
        let kernels = cuda::here(device, self.shape.head_width);
        let mut plan = Plan {
            positions: Tensor::new(positions.as_slice(), device)?,
            slots: Tensor::new(slots.as_slice(), device)?,
            wanted,
            seen: Vec::new(),
            seen_wanted: Vec::new(),
            groups: None,
        };
        if !kernels {
            let row = self.shape.kv_heads * self.shape.head_width;
            plan.slots = plan.slots.unsqueeze(1)?.broadcast_as((slots.len(), row))?;
            plan.slots = plan.slots.contiguous()?;
            plan.groups = Some(Groups::new(step, &self.shape, &windows, device)?);
            return Ok(plan);
        }
        let mut tables: Vec<u32> = Vec::with_capacity(slots.len());
        for text in step.texts() {
            tables.extend(std::iter::repeat_n(text.first_block as u32, text.count));
        }
        for window in windows {
            let first = |position: u32| match window {
                Some(window) => (position + 1).saturating_sub(window as u32),
                None => 0,
            };
            let of = |rows: &[u32]| {
                let at = |list: &[u32], row: &u32| list[*row as usize];
                let last: Vec<u32> = rows.iter().map(|row| at(&positions, row)).collect();
                let first: Vec<u32> = last.iter().map(|position| first(*position)).collect();
                let tables: Vec<u32> = rows.iter().map(|row| at(&tables, row)).collect();
                cuda::Seen::new(&first, &last, &tables, &step.blocks, device)
            };
            let all: Vec<u32> = (0..positions.len() as u32).collect();
            plan.seen.push((window, of(&all)?));
            plan.seen_wanted.push((window, of(&step.wanted)?));
        }
        Ok(plan)
    }

    /// The normalised hidden states of the wanted rows, if there are any.
    fn hidden(&self, step: &Step, stop: Stop<'_>) -> Result<Option<Tensor>> {
        let slab = self.slab.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = step.fault(slab.blocks) {
            return Err(EngineError::Step(fault.to_owned()));
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let plan = self.plan(step)?;
        let mut x = self.stack.body.embedded(&self.shape, &step.tokens)?;
        for (number, kept) in slab.layers.iter().enumerate() {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let last = number + 1 == slab.layers.len();
            x = match self.layer(number, kept, x, &plan, last)? {
                Some(x) => x,
                None => return Ok(None),
            };
        }
        self.stack.body.norm.forward(&x).map(Some)
    }

    /// One layer: `[rows, hidden]` to the same; of the last layer the wanted rows alone.
    fn layer(
        &self,
        number: usize,
        kept: &(Tensor, Tensor),
        x: Tensor,
        plan: &Plan,
        last: bool,
    ) -> Result<Option<Tensor>> {
        let (shape, layer) = (&self.shape, &self.stack.body.layers[number]);
        let [queries, keys, values] = parts(layer, shape, &layer.before.forward(&x)?)?;
        let gains = self.gains[number].as_ref();
        let rope = shape.rope_of[number].map(|rope| {
            (
                &self.frequencies[rope],
                self.stack.body.ropes[rope].factor(),
            )
        });
        let heads = |gain, count| cuda::HeadsOf {
            count,
            width: shape.head_width,
            gain,
            epsilon: shape.epsilon as f32,
            rope,
            positions: &plan.positions,
        };
        let of_queries = heads(gains.map(|gains| &gains.0), shape.heads);
        let of_keys = heads(gains.map(|gains| &gains.1), shape.kv_heads);
        let plain = cuda::HeadsOf {
            rope: None,
            ..heads(None, shape.kv_heads)
        };
        let (mut queries, kernels) = match cuda::heads(&queries, &of_queries, None)? {
            Some(queries) => (queries, true),
            None => (by_ops::heads(&queries, &of_queries)?, false),
        };
        if kernels {
            cuda::heads(&keys, &of_keys, Some((&kept.0, &plan.slots)))?;
            cuda::heads(&values, &plain, Some((&kept.1, &plan.slots)))?;
        } else {
            let keys = by_ops::heads(&keys, &of_keys)?;
            kept.0.scatter_set(&plan.slots, &keys, 0)?;
            kept.1.scatter_set(&plan.slots, &values.contiguous()?, 0)?;
        }
        let mut x = x;
        if last {
            let Some(wanted) = &plan.wanted else {
                return Ok(None);
            };
            x = x.index_select(wanted, 0)?;
            if kernels {
                queries = queries.index_select(wanted, 0)?;
            }
        }
        let window = shape.windows[number];
        let mut seen = if let Some(groups) = &plan.groups {
            let seen = groups.attend(shape, window, &queries, kept)?;
            match (&plan.wanted, last) {
                (Some(wanted), true) => seen.index_select(wanted, 0)?,
                _ => seen,
            }
        } else {
            let list = if last { &plan.seen_wanted } else { &plan.seen };
            let of = list.iter().find(|(of, _)| *of == window);
            let (_, of) = of.expect("a list for every window there is");
            let how = cuda::Attention {
                heads: shape.heads,
                group: shape.heads / shape.kv_heads,
                width: shape.head_width,
                scale: shape.attention_scale,
                softcap: shape.attention_softcap,
            };
            cuda::attend(&queries, &kept.0, &kept.1, of, how)?
        };
        seen = layer.output.forward(&seen)?;
        if let Some(after) = &layer.after {
            seen = after.forward(&seen)?;
        }
        let x = (x + seen)?;
        let mut fed = fed(layer, shape, &layer.before_feed.forward(&x)?)?;
        if let Some(after) = &layer.after_feed {
            fed = after.forward(&fed)?;
        }
        Ok(Some((x + fed)?))
    }
}

impl Slab for DeviceGraph {
    fn copy(&self, from: u32, to: u32) -> Result<()> {
        let slab = self.slab.read().unwrap_or_else(PoisonError::into_inner);
        for (keys, values) in &slab.layers {
            for kept in [keys, values] {
                let block = kept.narrow(0, from as usize * BLOCK, BLOCK)?.copy()?;
                kept.slice_set(&block, 0, to as usize * BLOCK)?;
            }
        }
        Ok(())
    }
}

impl Graph for DeviceGraph {
    fn reserve(&self, blocks: u32) -> Result<()> {
        let mut slab = self.slab.write().unwrap_or_else(PoisonError::into_inner);
        // The old one goes first: there may be no room for both.
        *slab = Kept::default();
        let size = (
            blocks as usize * BLOCK,
            self.shape.kv_heads * self.shape.head_width,
        );
        // Zeros: what was never written is multiplied by nothing, which only numbers survive.
        let empty = || Tensor::zeros(size, DType::F32, &self.device);
        let layers = (0..self.shape.layers).map(|_| Ok((empty()?, empty()?)));
        *slab = Kept {
            layers: layers.collect::<Result<_>>()?,
            blocks,
        };
        Ok(())
    }

    fn forward(&self, step: &Step, stop: Stop<'_>) -> Result<Logits> {
        match self.hidden(step, stop)? {
            Some(x) => self.stack.logits(&x, HEAD_ROWS, stop),
            None => Ok(Logits::default()),
        }
    }

    fn summarise(&self, step: &Step, picks: &[LogitAt], stop: Stop<'_>) -> Result<Summaries> {
        if let Some(fault) = step.fault_of(picks, self.shape.vocabulary) {
            return Err(EngineError::Step(fault.to_owned()));
        }
        let Some(hidden) = self.hidden(step, stop)? else {
            return Ok(Summaries::default());
        };
        let rows = hidden.dim(0)?;
        let mut all = Summaries {
            rows: Vec::with_capacity(rows),
            picked: vec![0.0; picks.len()],
        };
        for from in (0..rows).step_by(HEAD_ROWS) {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let count = HEAD_ROWS.min(rows - from);
            let logits = self.stack.head.forward(&hidden.narrow(0, from, count)?)?;
            let (places, inside): (Vec<usize>, Vec<LogitAt>) = picks
                .iter()
                .enumerate()
                .filter(|(_, (row, _))| (from..from + count).contains(&(*row as usize)))
                .map(|(at, (row, token))| (at, (row - from as u32, *token)))
                .unzip();
            let of_device = cuda::summaries(&logits, &inside, self.shape.final_softcap)?;
            let part = if let Some(part) = of_device {
                part
            } else {
                let mut numbers = logits.flatten_all()?.to_vec1::<f32>()?;
                if let Some(cap) = self.shape.final_softcap {
                    for number in &mut numbers {
                        *number = cap * (*number / cap).tanh();
                    }
                }
                let part = Logits::new(numbers, count).expect("rows of one width");
                part.summaries(&inside)
            };
            all.rows.extend(part.rows);
            for (at, picked) in places.into_iter().zip(part.picked) {
                all.picked[at] = picked;
            }
        }
        Ok(all)
    }

    fn free(&self) -> Option<u64> {
        cuda::free_bytes(&self.device)
    }
}

/// Queries, keys and values of all rows, `[rows, heads · width]`.
fn parts(layer: &Layer, shape: &Shape, x: &Tensor) -> Result<[Tensor; 3]> {
    let queries = shape.heads * shape.head_width;
    let keys = shape.kv_heads * shape.head_width;
    if let [all] = layer.qkv.as_slice() {
        let all = all.forward(x)?;
        return Ok([
            all.narrow(1, 0, queries)?,
            all.narrow(1, queries, keys)?,
            all.narrow(1, queries + keys, keys)?,
        ]);
    }
    let part = |at: usize| Linear::forward(&layer.qkv[at], x);
    Ok([part(0)?, part(1)?, part(2)?])
}

/// The feed-forward half.
fn fed(layer: &Layer, shape: &Shape, x: &Tensor) -> Result<Tensor> {
    let width = shape.intermediate;
    let (gate, up) = if let [both] = layer.gate_up.as_slice() {
        let both = both.forward(x)?;
        (both.narrow(1, 0, width)?, both.narrow(1, width, width)?)
    } else {
        (layer.gate_up[0].forward(x)?, layer.gate_up[1].forward(x)?)
    };
    let gated = match cuda::gate(&gate, &up, shape.activation)? {
        Some(gated) => gated,
        None => by_ops::gate(&gate, &up, shape.activation)?,
    };
    layer.down.forward(&gated)
}
