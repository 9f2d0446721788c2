//! Edit distance, bit-parallel, in strips of up to four words of 64 rows.
//!
//! Myers 1999 (<https://doi.org/10.1145/316542.316550>) in Hyyrö's formulation (2003,
//! <https://www.cs.hut.fi/u/hyyro/bitvector_paper.pdf>), with his extension to transpositions of
//! neighbours. A strip runs over all columns before the next one begins, its words one column behind
//! one another: so the four steps of a round do not wait for each other, and nothing but one byte
//! a column (the horizontal differences under the strip) goes through memory.
//!
//! Only cells in a [`Band`] around the diagonal are computed (Ukkonen 1985,
//! <https://doi.org/10.1016/S0019-9958(85)80046-2>). What lies outside is taken for as bad as it can
//! be, so every value is an upper bound, and exact where a path within the band is the best.

#![allow(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "the loops over words must become straight code, and read best by index"
)]

/// Words in a strip.
const WORDS: usize = 4;
/// Rows in a strip.
pub(super) const ROWS: usize = 64 * WORDS;

/// No value: a cell outside the band.
pub(super) const NONE: u32 = u32::MAX / 2;

/// Cells whose column less row is in `low..=high`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    low: isize,
    high: isize,
}

impl Band {
    /// All cells that a path of `distance` edits from corner to corner can touch. `distance` is at
    /// least the difference of the lengths.
    pub(super) fn within(rows: usize, columns: usize, distance: usize) -> Self {
        let delta = columns.cast_signed() - rows.cast_signed();
        let around = (distance.saturating_sub(delta.unsigned_abs()) / 2).cast_signed();
        Self {
            low: delta.min(0) - around,
            high: delta.max(0) + around,
        }
    }

    /// The columns of the strip of rows `top..bottom`.
    fn columns(self, top: usize, bottom: usize, columns: usize) -> (usize, usize) {
        let low = top.saturating_add_signed(self.low).min(columns);
        let high = bottom.saturating_add_signed(self.high).min(columns);
        (low, high.max(low))
    }
}

/// What a run gives beside the distance.
pub(super) trait Keep {
    /// A run over a table of this size begins.
    fn begin(&mut self, rows: usize, columns: usize);
    /// A strip of `words` words over columns `low..high` begins.
    fn strip(&mut self, words: usize, low: usize, high: usize);
    /// The vertical differences of one word in one column.
    fn word(&mut self, word: usize, column: usize, positive: u64, negative: u64);
    /// The values of the last column, row by row after `top`, where a strip reaches it.
    fn last_column(&mut self, top: usize, value: u32, rows: usize, ends: &[(u64, u64)]);
}

/// Nothing.
pub(super) struct Forget;

impl Keep for Forget {
    fn begin(&mut self, _: usize, _: usize) {}
    fn strip(&mut self, _: usize, _: usize, _: usize) {}
    fn word(&mut self, _: usize, _: usize, _: u64, _: u64) {}
    fn last_column(&mut self, _: usize, _: u32, _: usize, _: &[(u64, u64)]) {}
}

/// A run that was given up: about how far apart the two are.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooFar {
    pub(super) estimate: usize,
}

/// Scratch of the runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Strips {
    /// By symbol, where it stands in the strip; all zero between strips.
    masks: Vec<[u64; WORDS]>,
    /// By column, the differences under the last strip: 1 up, 2 down, 4 a transposition begun.
    edge: Vec<u8>,
}

impl Strips {
    /// The distance of two sequences of symbols below `alphabet`, both non-empty. An upper bound of
    /// it if it needs cells outside the band. With `limit`, gives up as soon as the band has no
    /// path of that length.
    pub(super) fn run<const OSA: bool>(
        &mut self,
        pattern: &[u32],
        text: &[u32],
        alphabet: usize,
        band: Band,
        limit: Option<usize>,
        keep: &mut impl Keep,
    ) -> Result<usize, TooFar> {
        let columns = text.len();
        if self.masks.len() < alphabet {
            self.masks.resize(alphabet, [0; WORDS]);
        }
        self.edge.clear();
        self.edge.resize(columns, 1);
        keep.begin(pattern.len(), columns);
        // The value at the strip's upper left corner.
        let mut corner = 0_usize;
        let mut distance = usize::MAX;
        for (strip, rows) in pattern.chunks(ROWS).enumerate() {
            let top = strip * ROWS;
            let bottom = top + rows.len();
            let (low, high) = band.columns(top, bottom, columns);
            if low == columns {
                break;
            }
            let reaches_end = high == columns;
            let above = if reaches_end {
                walk(corner, &self.edge[low..high])
            } else {
                0
            };
            for (row, symbol) in rows.iter().enumerate() {
                self.masks[*symbol as usize][row / 64] |= 1 << (row % 64);
            }
            let words = rows.len().div_ceil(64);
            keep.strip(words, low, high);
            let (masks, edge) = (self.masks.as_slice(), &mut self.edge[low..high]);
            let text = &text[low..high];
            let mut ends = [(0, 0); WORDS];
            match words {
                1 => ends[..1].copy_from_slice(&sweep::<1, OSA>(masks, text, edge, keep)),
                2 => ends[..2].copy_from_slice(&sweep::<2, OSA>(masks, text, edge, keep)),
                3 => ends[..3].copy_from_slice(&sweep::<3, OSA>(masks, text, edge, keep)),
                _ => ends.copy_from_slice(&sweep::<4, OSA>(masks, text, edge, keep)),
            }
            for symbol in rows {
                self.masks[*symbol as usize] = [0; WORDS];
            }
            if reaches_end {
                keep.last_column(top, above as u32, rows.len(), &ends);
                if bottom == pattern.len() {
                    distance = descend(above, rows.len(), &ends);
                }
            }
            let next_low = band.columns(bottom, bottom, columns).0;
            let here = corner + rows.len();
            if let Some(limit) = limit
                && bottom < pattern.len()
            {
                let goal = (columns - low).abs_diff(pattern.len() - bottom);
                let least = least(
                    here,
                    goal,
                    &self.edge[low..high],
                    pattern.len() - bottom,
                    columns - low,
                );
                if least.with_rest > limit {
                    let estimate = least.value * pattern.len() / bottom;
                    return Err(TooFar { estimate });
                }
            }
            corner = walk(here, &self.edge[low..next_low.max(low)]);
        }
        Ok(distance)
    }
}

/// The value after these horizontal differences.
fn walk(from: usize, edge: &[u8]) -> usize {
    let up: usize = edge.iter().map(|e| usize::from(e & 1)).sum();
    let down: usize = edge.iter().map(|e| usize::from(e >> 1 & 1)).sum();
    from + up - down
}

/// The value `rows` below, by the vertical differences.
fn descend(from: usize, rows: usize, ends: &[(u64, u64)]) -> usize {
    let mut value = from;
    for (word, (positive, negative)) in ends.iter().take(rows.div_ceil(64)).enumerate() {
        let used = u64::MAX >> (64 - (rows - word * 64).min(64));
        value += (positive & used).count_ones() as usize;
        value -= (negative & used).count_ones() as usize;
    }
    value
}

struct Least {
    /// The least value of a row.
    value: usize,
    /// The least value plus what the rest needs at least.
    with_rest: usize,
}

/// Looks along the row under a strip.
fn least(from: usize, goal: usize, edge: &[u8], rows_left: usize, columns_left: usize) -> Least {
    let mut value = from;
    let mut least = Least {
        value,
        with_rest: value + goal,
    };
    for (i, e) in edge.iter().enumerate() {
        value = value + usize::from(e & 1) - usize::from(e >> 1 & 1);
        let rest = (columns_left - i - 1).abs_diff(rows_left);
        least.value = least.value.min(value);
        least.with_rest = least.with_rest.min(value + rest);
    }
    least
}

/// One word of 64 rows: vertical differences, and what transpositions need of the last column.
#[derive(Clone, Copy)]
struct Word {
    positive: u64,
    negative: u64,
    diagonal: u64,
    equal: u64,
}

impl Word {
    const START: Self = Self {
        positive: u64::MAX,
        negative: 0,
        diagonal: 0,
        equal: 0,
    };

    /// One column. `above`: the edge above; gives the edge below.
    #[inline(always)]
    fn step<const OSA: bool>(&mut self, equal: u64, above: Edge) -> Edge {
        let x = equal | above.negative;
        let mut diagonal =
            (((x & self.positive).wrapping_add(self.positive)) ^ self.positive) | x | self.negative;
        let mut begun = 0;
        if OSA {
            let begins = !self.diagonal & equal;
            diagonal |= ((begins << 1) | above.begun) & self.equal;
            begun = begins >> 63;
            self.diagonal = diagonal;
            self.equal = equal;
        }
        let across_positive = self.negative | !(diagonal | self.positive);
        let across_negative = diagonal & self.positive;
        let shifted_positive = (across_positive << 1) | above.positive;
        let shifted_negative = (across_negative << 1) | above.negative;
        self.positive = shifted_negative | !(diagonal | shifted_positive);
        self.negative = shifted_positive & diagonal;
        Edge {
            positive: across_positive >> 63,
            negative: across_negative >> 63,
            begun,
        }
    }
}

/// Differences across the boundary of two words, each 0 or 1.
#[derive(Clone, Copy, Default)]
struct Edge {
    positive: u64,
    negative: u64,
    begun: u64,
}

impl Edge {
    #[inline(always)]
    fn read(byte: u8) -> Self {
        let byte = u64::from(byte);
        Self {
            positive: byte & 1,
            negative: byte >> 1 & 1,
            begun: byte >> 2,
        }
    }

    #[inline(always)]
    fn byte(self) -> u8 {
        (self.positive | self.negative << 1 | self.begun << 2) as u8
    }
}

/// All columns of one strip; word `k` is at column `round - k`.
#[inline(never)]
fn sweep<const W: usize, const OSA: bool>(
    masks: &[[u64; WORDS]],
    text: &[u32],
    edge: &mut [u8],
    keep: &mut impl Keep,
) -> [(u64, u64); W] {
    let mut words = [Word::START; W];
    let mut below = [Edge::default(); W];
    let columns = text.len();
    let rounds = columns + W - 1;
    let mut round = 0;
    // Before all words have begun, and after the first has ended.
    macro_rules! partly {
        ($until:expr) => {
            while round < $until {
                for k in (0..W).rev() {
                    if round < k || round - k >= columns {
                        continue;
                    }
                    let column = round - k;
                    let above = if k == 0 {
                        Edge::read(edge[column])
                    } else {
                        below[k - 1]
                    };
                    let equal = masks[text[column] as usize][k];
                    below[k] = words[k].step::<OSA>(equal, above);
                    keep.word(k, column, words[k].positive, words[k].negative);
                    if k == W - 1 {
                        edge[column] = below[k].byte();
                    }
                }
                round += 1;
            }
        };
    }
    partly!((W - 1).min(rounds));
    for window in text.windows(W) {
        let mut above = [Edge::default(); W];
        above[0] = Edge::read(edge[round]);
        above[1..W].copy_from_slice(&below[..W - 1]);
        let mut equal = [0; W];
        for k in 0..W {
            equal[k] = masks[window[W - 1 - k] as usize][k];
        }
        for k in 0..W {
            below[k] = words[k].step::<OSA>(equal[k], above[k]);
        }
        for k in 0..W {
            keep.word(k, round - k, words[k].positive, words[k].negative);
        }
        edge[round + 1 - W] = below[W - 1].byte();
        round += 1;
    }
    partly!(rounds);
    words.map(|word| (word.positive, word.negative))
}
