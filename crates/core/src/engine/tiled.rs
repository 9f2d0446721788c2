//! Quantised matrices as a CPU reads them fastest, and once only.
//!
//! Sixteen rows stand side by side in tiles of 256 columns, so that one instruction multiplies four numbers of each row
//! (VNNI's `vpdpbusd`), and a tile is hardly larger than the file's blocks: answering one token reads every matrix once, so
//! the bytes of a matrix are its time. The numbers of the file are kept exactly; what is multiplied with them is rounded
//! to 8 bits, in blocks as long as those of the matrix, 256 or 32, as llama.cpp does. Candle has such tiles too, half as
//! large again for `Q4_K`, and keeps the file's blocks beside them.
//!
//! A row's result does not depend on what else is in the batch, bit for bit.

mod activation;
mod plain;
mod tile;
#[cfg(target_arch = "x86_64")]
mod vnni;

use std::ops::Range;
use std::sync::Arc;

use candle_core::quantized::GgmlDType;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Storage, Tensor};

use super::error::{EngineError, Result};
use super::ops::spread::{spread, threads};
use activation::Rows;
use tile::{BLOCK, SIDE, Tiles};

/// A matrix `[rows, columns]` of quantised numbers: parts of a kind each, one below the other.
#[derive(Clone, Debug)]
pub(crate) struct Tiled {
    parts: Vec<Arc<Part>>,
    rows: usize,
    columns: usize,
}

#[derive(Debug)]
struct Part {
    rows: usize,
    tiles: Tiles,
}

impl Part {
    fn strips(&self) -> usize {
        self.rows.div_ceil(SIDE)
    }
}

/// Whether this machine has the instructions that make it worth it.
pub(crate) fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return vnni::is_here();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Bytes that a tiled matrix takes; `None` for kinds and widths that are not tiled.
pub(crate) fn bytes(kind: GgmlDType, rows: usize, columns: usize) -> Option<u64> {
    let tile = Tiles::bytes_of(kind)?;
    let tiles = (rows.div_ceil(SIDE) as u64).saturating_mul((columns / BLOCK) as u64);
    (columns > 0 && columns.is_multiple_of(BLOCK)).then(|| tiles.saturating_mul(tile as u64))
}

impl Tiled {
    /// Tiles of the blocks of a file; `None` for kinds and widths that are not tiled.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], looked for at every sixteen rows.
    pub(crate) fn new(
        kind: GgmlDType,
        bytes: &[u8],
        rows: usize,
        columns: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>> {
        if self::bytes(kind, rows, columns).is_none() {
            return Ok(None);
        }
        let row = columns / kind.block_size() * kind.type_size();
        if rows.checked_mul(row) != Some(bytes.len()) {
            return Ok(None);
        }
        let tiles = Tiles::pack(kind, bytes, rows, columns / BLOCK, stop);
        if stop() {
            return Err(EngineError::Cancelled);
        }
        Ok(tiles.map(|tiles| Self {
            parts: vec![Arc::new(Part { rows, tiles })],
            rows,
            columns,
        }))
    }

    /// Matrices of equal width as one, one below the other; `None` where the widths differ.
    pub(crate) fn together(all: &[&Self]) -> Option<Self> {
        let columns = all.first()?.columns;
        all.iter().all(|one| one.columns == columns).then(|| Self {
            parts: all.iter().flat_map(|one| one.parts.clone()).collect(),
            rows: all.iter().map(|one| one.rows).sum(),
            columns,
        })
    }

    /// The numbers of one row.
    pub(crate) fn row(&self, row: usize) -> Vec<f32> {
        let mut at = row;
        for part in &self.parts {
            if at < part.rows {
                return part.tiles.row(at, self.columns / BLOCK);
            }
            at -= part.rows;
        }
        panic!("row {row} of {}", self.rows)
    }

    /// `x Wᵀ`: of rows of `columns` numbers, each `stride` after the one before, to as many rows of `rows` numbers.
    pub(crate) fn multiply(&self, x: &[f32], stride: usize) -> Vec<f32> {
        // A scale for every 256 numbers or for every 32, as the parts have them.
        let of = |fine: bool| {
            let any = self.parts.iter().any(|part| part.tiles.is_fine() == fine);
            any.then(|| Rows::new(x, self.columns, stride, fine))
        };
        let (coarse, fine) = (of(false), of(true));
        let rows = coarse.as_ref().or(fine.as_ref()).map_or(0, Rows::len);
        let mut out = vec![0.0; rows * self.rows];
        let strips = self.parts.iter().map(|part| part.strips()).sum::<usize>();
        let mut rows: Vec<&mut [f32]> = out.chunks_mut(self.rows.max(1)).collect();
        let mut tasks = Vec::new();
        // A few for each thread: one that other work holds up leaves the rest to the others.
        let at_once = strips.div_ceil(4 * threads()).max(1);
        for first in (0..strips).step_by(at_once) {
            let task = self.strips(first..strips.min(first + at_once));
            let width: usize = task.iter().map(|strip| strip.width).sum();
            let mut own = Vec::with_capacity(rows.len());
            for row in &mut rows {
                let (left, right) = std::mem::take(row).split_at_mut(width);
                own.push(left);
                *row = right;
            }
            tasks.push((task, own));
        }
        spread(tasks, |(strips, mut out)| {
            let mut column = 0;
            for strip in strips {
                let part = &self.parts[strip.part].tiles;
                let x = if part.is_fine() { &fine } else { &coarse };
                let x = x.as_ref().expect("rounded as its parts want it");
                part.multiply(strip.number, x, |row, numbers| {
                    out[row][column..column + strip.width].copy_from_slice(&numbers[..strip.width]);
                });
                column += strip.width;
            }
        });
        out
    }

    /// The same for a tensor `[…, columns]` on the CPU.
    ///
    /// # Errors
    /// [`EngineError::Compute`](super::EngineError::Compute) where it is another.
    pub(crate) fn product(&self, x: &Tensor) -> Result<Vec<f32>> {
        let x = x.contiguous()?;
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            return Err(candle_core::Error::Msg("a product on another device".into()).into());
        };
        Ok(self.times(storage, layout)?)
    }

    fn times(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<f32>> {
        if layout.dims().last() != Some(&self.columns) {
            let shape = layout.shape();
            candle_core::bail!("{shape:?} times a matrix of {} columns", self.columns);
        }
        let from = layout.start_offset();
        let x = &storage.as_slice::<f32>()?[from..from + layout.shape().elem_count()];
        Ok(self.multiply(x, self.columns))
    }

    /// Which strips of which parts these are, counted over all parts.
    fn strips(&self, wanted: Range<usize>) -> Vec<Strip> {
        let mut strips = Vec::with_capacity(wanted.len());
        let mut before = 0;
        for (number, part) in self.parts.iter().enumerate() {
            let count = part.strips();
            let from = wanted.start.clamp(before, before + count) - before;
            let to = wanted.end.clamp(before, before + count) - before;
            strips.extend((from..to).map(|strip| Strip {
                part: number,
                number: strip,
                width: SIDE.min(part.rows - strip * SIDE),
            }));
            before += count;
        }
        strips
    }

    /// `[…, columns]` to `[…, rows]`.
    ///
    /// # Errors
    /// [`EngineError::Compute`](super::EngineError::Compute) where the last dimension is another.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.contiguous()?.apply_op1_no_bwd(self)?)
    }
}

/// Up to sixteen rows of a part.
struct Strip {
    part: usize,
    number: usize,
    width: usize,
}

impl CustomOp1 for Tiled {
    fn name(&self) -> &'static str {
        "tiled"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let out = self.times(storage, layout)?;
        let mut shape = layout.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.rows;
        }
        Ok((CpuStorage::F32(out), Shape::from(shape)))
    }
}

#[cfg(test)]
mod tests;
