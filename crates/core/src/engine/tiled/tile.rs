//! Sixteen rows of 256 columns, side by side, of each kind of block that there are kernels for.
//!
//! The layout of the blocks in the file is that of ggml (`ggml-common.h`, MIT): `Q4_K`, `Q5_K` and `Q6_K` have 256 numbers
//! with a scale each 32 or 16, `Q4_0` and `Q8_0` 32 numbers with one scale. Numbers that go with one instruction stand
//! together: of each row four, and the sixteen rows' in order.

use candle_core::quantized::GgmlDType;
use half::f16;

use super::activation::{Act, GROUP, Rows};
use super::plain;
#[cfg(target_arch = "x86_64")]
use super::vnni;

/// Rows of a tile.
pub(super) const SIDE: usize = 16;
/// Columns of a tile.
pub(super) const BLOCK: usize = 256;

/// Four numbers of each row.
pub(super) type Quads = [u8; 4 * SIDE];
/// A 16-bit number of each row, as its bits.
pub(super) type Halves = [u16; SIDE];

/// `Q4_K`: `d * scale * q - dmin * min`.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Q4K {
    pub(super) d: Halves,
    pub(super) dmin: Halves,
    /// Of each 32 columns.
    pub(super) scales: [[u8; SIDE]; 8],
    /// Of each 64 columns, two of each row.
    pub(super) mins: [[u8; 2 * SIDE]; 4],
    /// Of each 8 columns the first four in the low half of a byte, the next four in the high one.
    pub(super) low: [Quads; 32],
}

/// `Q5_K`: as `Q4_K`, with a fifth bit.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Q5K {
    pub(super) four: Q4K,
    /// Of each 32 columns: the bit of the first four is the lowest, of the last four the highest.
    pub(super) high: [Quads; 8],
}

/// `Q6_K`: `d * scale * (q - 32)`.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Q6K {
    pub(super) d: Halves,
    /// Of each 16 columns.
    pub(super) scales: [[i8; SIDE]; 16],
    /// The low four bits, as those of `Q4_K`.
    pub(super) low: [Quads; 32],
    /// The two bits above, of each 16 columns: those of the first four are the lowest.
    pub(super) high: [Quads; 16],
}

/// `Q4_0`: `d * (q - 8)`.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Q40 {
    pub(super) d: [Halves; 8],
    pub(super) low: [Quads; 32],
}

/// `Q8_0`: `d * (q - 128)`.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Q80 {
    pub(super) d: [Halves; 8],
    pub(super) whole: [Quads; 64],
}

/// What all kinds of tiles can do.
pub(super) trait Tile: Sized {
    /// Bytes of the file that hold 256 numbers of a row.
    const FILE: usize;

    /// From the bytes of each row.
    fn pack(rows: &[&[u8]; SIDE]) -> Self;

    /// The numbers of a row.
    fn row(&self, row: usize) -> [f32; BLOCK];
}

/// The low four bits of the numbers of sixteen rows.
fn low_of(numbers: &[[u8; BLOCK]; SIDE]) -> [Quads; 32] {
    let mut low = [[0; 4 * SIDE]; 32];
    for (row, numbers) in numbers.iter().enumerate() {
        for (quads, eight) in low.iter_mut().zip(numbers.as_chunks::<8>().0) {
            for at in 0..4 {
                quads[row * 4 + at] = (eight[at] & 15) | (eight[at + 4] & 15) << 4;
            }
        }
    }
    low
}

fn low_at(low: &[Quads; 32], row: usize, column: usize) -> u8 {
    (low[column / 8][row * 4 + column % 4] >> (column / 4 % 2 * 4)) & 15
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn number(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

/// The scale and the least of 32 numbers, six bits each, of the twelve bytes that hold eight of both (`get_scale_min_k4`).
fn scale_and_min(twelve: &[u8], at: usize) -> (u8, u8) {
    match at {
        0..4 => (twelve[at] & 63, twelve[at + 4] & 63),
        _ => (
            (twelve[at + 4] & 15) | (twelve[at - 4] >> 6) << 4,
            (twelve[at + 4] >> 4) | (twelve[at] >> 6) << 4,
        ),
    }
}

/// The numbers of 128 bytes: of each 32 bytes the low halves, then the high ones.
fn in_halves(bytes: &[u8]) -> [u8; BLOCK] {
    let mut numbers = [0; BLOCK];
    for (part, bytes) in bytes[..128].chunks(32).enumerate() {
        for (at, byte) in bytes.iter().enumerate() {
            numbers[part * 64 + at] = byte & 15;
            numbers[part * 64 + 32 + at] = byte >> 4;
        }
    }
    numbers
}

impl Q4K {
    /// From the heads of the rows, 16 bytes each, and their numbers.
    fn of(rows: &[&[u8]; SIDE], numbers: &[[u8; BLOCK]; SIDE]) -> Self {
        let mut tile = Self {
            d: rows.map(|row| half(row, 0)),
            dmin: rows.map(|row| half(row, 2)),
            scales: [[0; SIDE]; 8],
            mins: [[0; 2 * SIDE]; 4],
            low: low_of(numbers),
        };
        for (row, bytes) in rows.iter().enumerate() {
            for at in 0..8 {
                let (scale, min) = scale_and_min(&bytes[4..16], at);
                tile.scales[at][row] = scale;
                tile.mins[at / 2][row * 2 + at % 2] = min;
            }
        }
        tile
    }

    fn value(&self, row: usize, column: usize, number: u8) -> f32 {
        let at = column / 32;
        let scale = self::number(self.d[row]) * f32::from(self.scales[at][row]);
        let min = self::number(self.dmin[row]) * f32::from(self.mins[at / 2][row * 2 + at % 2]);
        scale * f32::from(number) - min
    }
}

impl Tile for Q4K {
    const FILE: usize = 144;

    fn pack(rows: &[&[u8]; SIDE]) -> Self {
        Self::of(rows, &rows.map(|row| in_halves(&row[16..])))
    }

    fn row(&self, row: usize) -> [f32; BLOCK] {
        std::array::from_fn(|at| self.value(row, at, low_at(&self.low, row, at)))
    }
}

impl Tile for Q5K {
    const FILE: usize = 176;

    fn pack(rows: &[&[u8]; SIDE]) -> Self {
        let mut high = [[0; 4 * SIDE]; 8];
        for (row, bytes) in rows.iter().enumerate() {
            for column in 0..BLOCK {
                let bit = bytes[16 + column % 32] >> (column / 32) & 1;
                high[column / 32][row * 4 + column % 4] |= bit << (column % 32 / 4);
            }
        }
        Self {
            four: Q4K::of(rows, &rows.map(|row| in_halves(&row[48..]))),
            high,
        }
    }

    fn row(&self, row: usize) -> [f32; BLOCK] {
        std::array::from_fn(|at| {
            let bit = self.high[at / 32][row * 4 + at % 4] >> (at % 32 / 4) & 1;
            let low = low_at(&self.four.low, row, at);
            self.four.value(row, at, low | bit << 4)
        })
    }
}

impl Tile for Q6K {
    const FILE: usize = 210;

    fn pack(rows: &[&[u8]; SIDE]) -> Self {
        let numbers = rows.map(|row| {
            let mut numbers = [0; BLOCK];
            for part in 0..2 {
                let (low, high) = (&row[part * 64..], &row[128 + part * 32..]);
                for at in 0..32 {
                    let out = &mut numbers[part * 128..];
                    out[at] = (low[at] & 15) | (high[at] & 3) << 4;
                    out[at + 32] = (low[at + 32] & 15) | (high[at] >> 2 & 3) << 4;
                    out[at + 64] = low[at] >> 4 | (high[at] >> 4 & 3) << 4;
                    out[at + 96] = low[at + 32] >> 4 | (high[at] >> 6) << 4;
                }
            }
            numbers
        });
        let mut tile = Self {
            d: rows.map(|row| half(row, 208)),
            scales: [[0; SIDE]; 16],
            low: low_of(&numbers),
            high: [[0; 4 * SIDE]; 16],
        };
        for (row, (bytes, numbers)) in rows.iter().zip(&numbers).enumerate() {
            for at in 0..16 {
                tile.scales[at][row] = bytes[192 + at].cast_signed();
            }
            for (column, number) in numbers.iter().enumerate() {
                tile.high[column / 16][row * 4 + column % 4] |=
                    (number >> 4) << (column % 16 / 4 * 2);
            }
        }
        tile
    }

    fn row(&self, row: usize) -> [f32; BLOCK] {
        std::array::from_fn(|at| {
            let high = self.high[at / 16][row * 4 + at % 4] >> (at % 16 / 4 * 2) & 3;
            let whole = low_at(&self.low, row, at) | high << 4;
            let scale = number(self.d[row]) * f32::from(self.scales[at / 16][row]);
            scale * (f32::from(whole) - 32.0)
        })
    }
}

impl Tile for Q40 {
    const FILE: usize = 8 * 18;

    fn pack(rows: &[&[u8]; SIDE]) -> Self {
        let numbers = rows.map(|row| {
            let mut numbers = [0; BLOCK];
            for (part, block) in row.chunks(18).enumerate() {
                for (at, byte) in block[2..].iter().enumerate() {
                    numbers[part * 32 + at] = byte & 15;
                    numbers[part * 32 + 16 + at] = byte >> 4;
                }
            }
            numbers
        });
        Self {
            d: std::array::from_fn(|at| rows.map(|row| half(row, at * 18))),
            low: low_of(&numbers),
        }
    }

    fn row(&self, row: usize) -> [f32; BLOCK] {
        std::array::from_fn(|at| {
            let whole = f32::from(low_at(&self.low, row, at)) - 8.0;
            number(self.d[at / 32][row]) * whole
        })
    }
}

impl Tile for Q80 {
    const FILE: usize = 8 * 34;

    fn pack(rows: &[&[u8]; SIDE]) -> Self {
        let mut whole = [[0; 4 * SIDE]; 64];
        for (row, bytes) in rows.iter().enumerate() {
            for column in 0..BLOCK {
                let byte = bytes[column / 32 * 34 + 2 + column % 32];
                // Stored from 0 to 255.
                whole[column / 4][row * 4 + column % 4] = byte ^ 128;
            }
        }
        Self {
            d: std::array::from_fn(|at| rows.map(|row| half(row, at * 34))),
            whole,
        }
    }

    fn row(&self, row: usize) -> [f32; BLOCK] {
        std::array::from_fn(|at| {
            let whole = f32::from(self.whole[at / 4][row * 4 + at % 4]) - 128.0;
            number(self.d[at / 32][row]) * whole
        })
    }
}

/// All tiles of a matrix: strips of sixteen rows one after another, of each its tiles from left to right.
#[derive(Debug)]
pub(super) enum Tiles {
    Q4K(Vec<Q4K>),
    Q5K(Vec<Q5K>),
    Q6K(Vec<Q6K>),
    Q40(Vec<Q40>),
    Q80(Vec<Q80>),
}

/// Does the same with the tiles of each kind.
macro_rules! each {
    ($tiles:expr, $of:ident => $work:expr) => {
        match $tiles {
            Tiles::Q4K($of) => $work,
            Tiles::Q5K($of) => $work,
            Tiles::Q6K($of) => $work,
            Tiles::Q40($of) => $work,
            Tiles::Q80($of) => $work,
        }
    };
}

impl Tiles {
    /// Bytes of a tile.
    pub(super) fn bytes_of(kind: GgmlDType) -> Option<usize> {
        Some(match kind {
            GgmlDType::Q4K => size_of::<Q4K>(),
            GgmlDType::Q5K => size_of::<Q5K>(),
            GgmlDType::Q6K => size_of::<Q6K>(),
            GgmlDType::Q4_0 => size_of::<Q40>(),
            GgmlDType::Q8_0 => size_of::<Q80>(),
            _ => return None,
        })
    }

    /// The tiles of `rows` rows of `blocks` times 256 numbers; not all of them where `stop` says so.
    pub(super) fn pack(
        kind: GgmlDType,
        bytes: &[u8],
        rows: usize,
        blocks: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Self> {
        Some(match kind {
            GgmlDType::Q4K => Self::Q4K(tiles(bytes, rows, blocks, stop)),
            GgmlDType::Q5K => Self::Q5K(tiles(bytes, rows, blocks, stop)),
            GgmlDType::Q6K => Self::Q6K(tiles(bytes, rows, blocks, stop)),
            GgmlDType::Q4_0 => Self::Q40(tiles(bytes, rows, blocks, stop)),
            GgmlDType::Q8_0 => Self::Q80(tiles(bytes, rows, blocks, stop)),
            _ => return None,
        })
    }

    /// Whether what it is multiplied with has a scale for every 32 numbers, as it has itself.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self, Self::Q40(_) | Self::Q80(_))
    }

    /// The numbers of a row of `blocks` tiles.
    pub(super) fn row(&self, row: usize, blocks: usize) -> Vec<f32> {
        let strip = row / SIDE * blocks..(row / SIDE + 1) * blocks;
        each!(self, tiles => tiles[strip].iter().flat_map(|tile| tile.row(row % SIDE)).collect())
    }

    /// The products of a strip in plain code.
    #[cfg(test)]
    pub(super) fn plain(&self, strip: usize, acts: &[Act], out: &mut [[f32; SIDE]]) {
        let blocks = acts.len() / out.len();
        let strip = strip * blocks..(strip + 1) * blocks;
        each!(self, tiles => plain::products(&tiles[strip], acts, out));
    }

    /// The products of a strip with all rows of `x`: of each row its number and sixteen products.
    pub(super) fn multiply(
        &self,
        strip: usize,
        x: &Rows,
        mut give: impl FnMut(usize, &[f32; SIDE]),
    ) {
        for (first, rows, acts) in x.groups() {
            let blocks = acts.len() / rows.max(1);
            let strip = strip * blocks..(strip + 1) * blocks;
            let mut out = [[0.0; SIDE]; GROUP];
            let out = &mut out[..rows];
            each!(self, tiles => products(&tiles[strip], acts, out));
            for (at, out) in out.iter().enumerate() {
                give(first + at, out);
            }
        }
    }
}

fn tiles<T: Tile>(
    bytes: &[u8],
    rows: usize,
    blocks: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<T> {
    let none = vec![0; T::FILE];
    let mut tiles = Vec::with_capacity(rows.div_ceil(SIDE) * blocks);
    for strip in 0..rows.div_ceil(SIDE) {
        if stop() {
            break;
        }
        for block in 0..blocks {
            let of = |at: usize| match strip * SIDE + at {
                row if row < rows => &bytes[(row * blocks + block) * T::FILE..][..T::FILE],
                _ => none.as_slice(),
            };
            tiles.push(T::pack(&std::array::from_fn(of)));
        }
    }
    tiles
}

/// The products of tiles that stand side by side with a group of rows.
fn products<T: plain::Kernel + Kernel>(tiles: &[T], acts: &[Act], out: &mut [[f32; SIDE]]) {
    #[cfg(target_arch = "x86_64")]
    if vnni::is_here() {
        T::fast(tiles, acts, out);
        return;
    }
    plain::products(tiles, acts, out);
}

/// The kernel with instructions of its own.
#[cfg(target_arch = "x86_64")]
use vnni::Kernel;
/// There is none.
#[cfg(not(target_arch = "x86_64"))]
trait Kernel {}
#[cfg(not(target_arch = "x86_64"))]
impl<T> Kernel for T {}
