//! What one kernel does on an NVIDIA GPU where Candle takes several operations.
//!
//! The kernels are in `cuda/kernels.cu`, which `build.rs` compiles where the feature `cuda` is on; without it, or for a
//! tensor that is elsewhere, functions give `None` and the caller takes Candle's operations. Each row is computed by
//! itself and in one order, so its numbers do not depend on what else is in the batch. With the feature `flash-attn`,
//! many queries of one text attend together, in `cuda/flash.cu`, where there are several of each text on average: which of
//! the two kernels a row goes through depends on its batch then, and its numbers do by their last bits.

#![cfg_attr(
    not(feature = "cuda"),
    allow(clippy::unnecessary_wraps, reason = "with the feature they can fail")
)]

#[cfg(feature = "cuda")]
mod launch;

use std::ops::Range;

use candle_core::{Device, Tensor};

use super::attention::Heads;
use crate::engine::decoder::{Activation, LogitAt, Summaries};
use crate::engine::error::Result;

/// The widest head that the kernels take, in numbers.
const WIDEST: usize = 256;

/// The widest row that the kernel of norms takes: it keeps the row in 44 KB of a multiprocessor's memory.
#[cfg(feature = "cuda")]
const WIDEST_ROW: usize = 11_000;

/// Rows of queries that the kernel of `flash.cu` takes at once.
const TILE: usize = 64;

/// So many rows of one text at least, on average, make tiles worth their while.
const TOGETHER: usize = 4;

/// What becomes of heads before they attend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadsOf<'a> {
    /// How many heads a row has.
    pub(crate) count: usize,
    /// Numbers of one head.
    pub(crate) width: usize,
    /// The gain of a root-mean-square norm over each head.
    pub(crate) gain: Option<&'a Tensor>,
    pub(crate) epsilon: f32,
    /// Angle per position of each pair, and what cosines and sines are multiplied by.
    pub(crate) rope: Option<(&'a Tensor, f32)>,
    /// The position of each row.
    pub(crate) positions: &'a Tensor,
}

/// How queries attend.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "kernels read it"))]
pub(crate) struct Attention {
    /// Heads of queries.
    pub(crate) heads: usize,
    /// Heads of queries that share one of keys.
    pub(crate) group: usize,
    /// Numbers of one head.
    pub(crate) width: usize,
    /// What scores are multiplied with.
    pub(crate) scale: f32,
    pub(crate) softcap: Option<f32>,
}

/// Which keys each row of queries sees: numbers on the device, in one tensor.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "kernels read it"))]
pub(crate) struct Seen {
    /// First keys, last keys, starts of tables, then the tables.
    numbers: Tensor,
    rows: usize,
    /// Whether there are tables of blocks; else the starts are rows of keys.
    blocks: bool,
    /// First row and number of rows of each tile, where many rows attend together.
    #[cfg_attr(
        not(feature = "flash-attn"),
        allow(dead_code, reason = "kernels read it")
    )]
    tiles: Option<Tensor>,
}

impl Seen {
    /// Of each row the first and last key by their number in the text, and where in `blocks` its text's begin; without
    /// blocks, which row of keys is the text's first.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn new(
        first: &[u32],
        last: &[u32],
        starts: &[u32],
        blocks: &[u32],
        device: &Device,
    ) -> Result<Self> {
        let numbers = [first, last, starts, blocks].concat();
        let tiles = match cfg!(feature = "flash-attn") {
            true => tiles(starts),
            false => None,
        };
        Ok(Self {
            numbers: Tensor::new(numbers.as_slice(), device)?,
            rows: first.len(),
            blocks: !blocks.is_empty(),
            tiles: tiles
                .map(|tiles| Tensor::new(tiles.as_slice(), device))
                .transpose()?,
        })
    }
}

/// First row and number of rows of each tile: at most [`TILE`] rows that follow each other and are of one text, which
/// its start tells. None where there are too few rows of each text.
fn tiles(starts: &[u32]) -> Option<Vec<u32>> {
    let mut tiles = Vec::new();
    let mut row = 0;
    for text in starts.chunk_by(|a, b| a == b) {
        for tile in text.chunks(TILE) {
            tiles.extend([row, tile.len() as u32]);
            row += tile.len() as u32;
        }
    }
    (starts.len() * 2 >= tiles.len() * TOGETHER && !tiles.is_empty()).then_some(tiles)
}

/// Whether there are kernels for heads of this width on this device.
pub(crate) fn here(device: &Device, width: usize) -> bool {
    cfg!(feature = "cuda") && device.is_cuda() && width <= WIDEST
}

#[cfg(feature = "cuda")]
fn takes(x: &Tensor) -> bool {
    x.device().is_cuda() && x.dtype() == candle_core::DType::F32
}

/// Layer norm, or root-mean-square norm where not `centred`, of `x` or of `x + y`.
pub(crate) fn norm(
    x: &Tensor,
    y: Option<&Tensor>,
    gain: &Tensor,
    bias: Option<&Tensor>,
    epsilon: f64,
    centred: bool,
) -> Result<Option<Tensor>> {
    #[cfg(feature = "cuda")]
    if takes(x)
        && x.is_contiguous()
        && y.is_none_or(Tensor::is_contiguous)
        && x.dim(candle_core::D::Minus1)? <= WIDEST_ROW
    {
        return launch::norm(x, y, gain, bias, epsilon as f32, centred).map(Some);
    }
    let _ = (x, y, gain, bias, epsilon, centred);
    Ok(None)
}

/// Heads normed and turned: into a tensor of their own, or into the given slots of a slab, which is then given back.
pub(crate) fn heads(
    x: &Tensor,
    how: &HeadsOf<'_>,
    slab: Option<(&Tensor, &Tensor)>,
) -> Result<Option<Tensor>> {
    #[cfg(feature = "cuda")]
    if takes(x) && how.width <= WIDEST {
        return launch::heads(x, how, slab).map(Some);
    }
    let _ = (x, how, slab);
    Ok(None)
}

/// `activation(gate) * up` of two tensors `[rows, width]`, or parts of one.
pub(crate) fn gate(gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Option<Tensor>> {
    #[cfg(feature = "cuda")]
    if takes(gate) {
        return launch::gate(gate, up, activation).map(Some);
    }
    let _ = (gate, up, activation);
    Ok(None)
}

/// What queries `[rows, heads · width]` see of keys and values.
///
/// # Errors
/// Where there are no kernels: the caller has asked [`here`].
pub(crate) fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    seen: &Seen,
    how: Attention,
) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if takes(queries) {
        return launch::attend(queries, keys, values, seen, how);
    }
    let _ = (queries, keys, values, seen, how);
    Err(candle_core::Error::Msg("there is no kernel of attention for this device".into()).into())
}

/// Attention within each of `spans` of `[tokens, 3 · width]`: queries, keys and values side by side.
pub(crate) fn attend_packed(
    qkv: &Tensor,
    spans: &[Range<usize>],
    heads: Heads,
) -> Result<Option<Tensor>> {
    let width = qkv.dim(1)? / 3;
    if !here(qkv.device(), width / heads.count) || !qkv.is_contiguous() {
        return Ok(None);
    }
    let tokens = qkv.dim(0)?;
    let (mut first, mut last, mut starts) = (vec![0; tokens], vec![0; tokens], vec![0; tokens]);
    for span in spans {
        for row in span.clone() {
            let (at, end) = (row - span.start, span.len() - 1);
            first[row] = heads.reach.map_or(0, |reach| at.saturating_sub(reach)) as u32;
            last[row] = heads.reach.map_or(end, |reach| end.min(at + reach)) as u32;
            starts[row] = span.start as u32;
        }
    }
    let seen = Seen::new(&first, &last, &starts, &[], qkv.device())?;
    let how = Attention {
        heads: heads.count,
        group: 1,
        width: width / heads.count,
        scale: heads.scale,
        softcap: None,
    };
    let part = |at: usize| qkv.narrow(1, at * width, width);
    attend(&part(0)?, &part(1)?, &part(2)?, &seen, how).map(Some)
}

/// Summaries of rows of logits `[rows, tokens]`, and the logits at `picks`, all with `cap`.
pub(crate) fn summaries(
    logits: &Tensor,
    picks: &[LogitAt],
    cap: Option<f32>,
) -> Result<Option<Summaries>> {
    #[cfg(feature = "cuda")]
    if takes(logits) && logits.is_contiguous() {
        return launch::summaries(logits, picks, cap).map(Some);
    }
    let _ = (logits, picks, cap);
    Ok(None)
}

/// Sets a device up that was just started.
///
/// It does without records of who uses which memory: all of it is used in one order. And quantised matrices are
/// multiplied with what they are multiplied with as it is: Candle's quicker way rounds it to 8 bits first, by another
/// kernel from 9 rows on, so that a score would depend on how many others are in its batch.
pub(crate) fn started(device: Device) -> Device {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = &device {
        launch::one_stream(device);
        candle_core::quantized::cuda::set_force_dmmv(true);
    }
    device
}

/// Bytes that are free on the device, where that is known.
pub(crate) fn free_bytes(device: &Device) -> Option<u64> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return launch::free_bytes(device);
    }
    let _ = device;
    None
}

/// What the device's maker calls it, where that is known.
pub(crate) fn name(device: &Device) -> Option<String> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return launch::name(device);
    }
    let _ = device;
    None
}

#[cfg(test)]
mod tests {
    use super::tiles;

    #[test]
    fn tiles_have_rows_of_one_text() {
        let starts = [vec![0; 70], vec![5; 3], vec![9; 64]].concat();
        assert_eq!(tiles(&starts), Some(vec![0, 64, 64, 6, 70, 3, 73, 64]));
        assert_eq!(tiles(&[0; 4]), Some(vec![0, 4]));
    }

    #[test]
    fn few_rows_of_a_text_attend_one_by_one() {
        assert_eq!(tiles(&[]), None);
        assert_eq!(tiles(&[0, 1, 2, 3]), None);
        assert_eq!(tiles(&[0; 3]), None);
    }
}
