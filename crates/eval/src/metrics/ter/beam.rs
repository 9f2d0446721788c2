//! Edit distance inside a beam around the diagonal, for one hypothesis whose words are moved about.
//!
//! Cell (i, j) is the least number of edits between the first i words of the hypothesis and the
//! first j of the reference; in row i only columns near `i * reference / hypothesis` exist, as in
//! sacrebleu's `BeamEditDistance`, so the distance of very unlike texts can be more than the true
//! one. Besides this forward table there is a backward one, from the end: moving words changes the
//! rows between the move's first and last word only, so the distance after a move is found from
//! these rows and the least sum where both tables meet. (sacrebleu caches rows by prefix instead;
//! the values are the same.)

/// No path leads here. Far above all distances, and two of them are no overflow.
const NONE: u32 = u32::MAX / 4;

/// Half the width of the beam.
const WIDTH: usize = 25;

/// The tables of one pair.
#[derive(Debug, Default)]
pub(super) struct Beam {
    rows: Vec<Row>,
    forward: Vec<u32>,
    backward: Vec<u32>,
    moved: Vec<u32>,
}

/// Where a row is kept: the columns `lo..hi` that exist, and around them as many that do not as
/// the neighbouring rows look at.
#[derive(Clone, Copy, Debug)]
struct Row {
    lo: usize,
    hi: usize,
    /// The first kept column, plus 1: there is a column before the first one.
    left: usize,
    at: usize,
}

impl Row {
    /// Where the cell of column `j - 1` is.
    fn before(&self, j: usize) -> usize {
        self.at + j - self.left
    }

    /// Where the cell of column `j` is.
    fn cell(&self, j: usize) -> usize {
        self.before(j) + 1
    }
}

/// What was wrong where, and which words face which, on the best path.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// For each word of the reference, one past the word of the hypothesis that it faces, or
    /// after which it is missing.
    pub(super) faces: Vec<usize>,
    /// Words of the reference that are missing or replaced.
    pub(super) reference_errors: Vec<bool>,
    /// Words of the hypothesis that are too many or replaced.
    pub(super) errors: Vec<bool>,
}

impl Beam {
    /// Bytes that it keeps for the next texts.
    pub(super) fn kept(&self) -> usize {
        32 * self.rows.capacity()
            + 4 * (self.forward.capacity() + self.backward.capacity() + self.moved.capacity())
    }

    /// Makes both tables; the distance. Neither text is empty.
    pub(super) fn start(&mut self, words: &[u32], reference: &[u32]) -> u32 {
        let end = self.lay_out(words.len(), reference.len());
        for table in [&mut self.forward, &mut self.backward, &mut self.moved] {
            table.clear();
            table.resize(end, NONE);
        }
        for j in 0..=reference.len() {
            let at = self.rows[0].cell(j);
            self.forward[at] = j as u32;
        }
        let last = self.rows[words.len()];
        for j in last.lo..last.hi {
            self.backward[last.cell(j)] = (reference.len() - j) as u32;
        }
        self.renew(words, reference, 0, words.len());
        self.distance()
    }

    /// Brings both tables up to date after words in `lo..hi` were moved.
    pub(super) fn renew(&mut self, words: &[u32], reference: &[u32], lo: usize, hi: usize) {
        for i in lo + 1..=words.len() {
            forward(
                &mut self.forward,
                (self.rows[i - 1], self.rows[i]),
                words[i - 1],
                reference,
            );
        }
        for i in (1..hi).rev() {
            let (row, next) = (self.rows[i], self.rows[i + 1]);
            let (cells, below) = self.backward.split_at_mut(next.at);
            let below = &below[next.before(row.lo) + 1 - next.at..];
            let cells = &mut cells[row.cell(row.lo)..][..row.hi - row.lo];
            let mut right = NONE;
            for (k, cell) in cells.iter_mut().enumerate().rev() {
                let differs = reference.get(row.lo + k) != Some(&words[i]);
                let diagonal = below[k + 1] + u32::from(differs);
                right = diagonal.min(below[k] + 1).min(right + 1).min(NONE);
                *cell = right;
            }
        }
    }

    /// The distance now.
    pub(super) fn distance(&self) -> u32 {
        self.rows
            .last()
            .map_or(0, |last| self.forward[last.cell(last.hi - 1)])
    }

    /// What the distance would be if the words from `lo` on were `words`, and the rest unchanged.
    pub(super) fn distance_with(&mut self, words: &[u32], lo: usize, reference: &[u32]) -> u32 {
        let first = self.rows[lo];
        let kept = first.cell(first.lo)..first.cell(first.hi);
        self.moved[kept.clone()].copy_from_slice(&self.forward[kept]);
        for (i, word) in (lo + 1..).zip(words) {
            forward(
                &mut self.moved,
                (self.rows[i - 1], self.rows[i]),
                *word,
                reference,
            );
        }
        let meet = self.rows[lo + words.len()];
        let cells = meet.cell(meet.lo)..meet.cell(meet.hi);
        let sums = self.moved[cells.clone()].iter().zip(&self.backward[cells]);
        sums.map(|(there, back)| there + back).min().unwrap_or(NONE)
    }

    /// Walks the best path back: replaced (or right) first, then too many, then missing, which is
    /// sacrebleu's preference.
    pub(super) fn align(&self, words: &[u32], reference: &[u32], out: &mut Alignment) {
        out.faces.clear();
        out.faces.resize(reference.len(), 0);
        out.reference_errors.clear();
        out.reference_errors.resize(reference.len(), true);
        out.errors.clear();
        out.errors.resize(words.len(), true);
        let cell = |i: usize, j: usize| {
            let row: &Row = &self.rows[i];
            if (row.lo..row.hi).contains(&j) {
                self.forward[row.cell(j)]
            } else {
                NONE
            }
        };
        let (mut i, mut j) = (words.len(), reference.len());
        while i > 0 || j > 0 {
            let here = cell(i, j);
            if i > 0 && j > 0 {
                let differs = words[i - 1] != reference[j - 1];
                if cell(i - 1, j - 1) + u32::from(differs) == here {
                    (i, j) = (i - 1, j - 1);
                    out.faces[j] = i + 1;
                    out.errors[i] = differs;
                    out.reference_errors[j] = differs;
                    continue;
                }
            }
            if i > 0 && (j == 0 || cell(i - 1, j) + 1 == here) {
                i -= 1;
            } else {
                j -= 1;
                out.faces[j] = i;
            }
        }
    }

    /// Lays out the rows; the size of a table.
    fn lay_out(&mut self, words: usize, reference: usize) -> usize {
        let ratio = reference as f64 / words as f64;
        let width = if WIDTH as f64 >= ratio / 2.0 {
            WIDTH
        } else {
            (ratio / 2.0 + WIDTH as f64).ceil() as usize
        };
        let columns = |i: usize| {
            let diagonal = (i as f64 * ratio).floor() as usize;
            match i {
                0 => (0, reference + 1),
                i if i == words => (diagonal.saturating_sub(width), reference + 1),
                _ => (
                    diagonal.saturating_sub(width),
                    (diagonal + width).min(reference + 1),
                ),
            }
        };
        self.rows.clear();
        let mut at = 0;
        let (mut above, mut row) = ((0, 0), columns(0));
        for i in 0..=words {
            let next = if i < words { columns(i + 1) } else { row };
            // In columns plus 1. The row below looks from one left of its first column to its last,
            // the row above from its first column to one right of its last.
            let left = row.0.min(above.0 + 1);
            let right = (row.1 + 2).max(next.1 + 1).max(above.1 + 2);
            self.rows.push(Row {
                lo: row.0,
                hi: row.1,
                left,
                at,
            });
            at += right - left;
            (above, row) = (row, next);
        }
        at
    }
}

/// One row of a forward table from the row above.
fn forward(table: &mut [u32], (above, row): (Row, Row), word: u32, reference: &[u32]) {
    let (above_cells, cells) = table.split_at_mut(row.at);
    let above = &above_cells[above.before(row.lo)..];
    let cells = &mut cells[row.cell(row.lo) - row.at..][..row.hi - row.lo];
    let mut left = NONE;
    let mut cells = cells.iter_mut().zip(above.windows(2));
    if row.lo == 0
        && let Some((cell, above)) = cells.next()
    {
        left = above[1] + 1;
        *cell = left;
    }
    let reference = &reference[row.lo.saturating_sub(1)..];
    for ((cell, above), other) in cells.zip(reference) {
        let diagonal = above[0] + u32::from(*other != word);
        left = diagonal.min(above[1] + 1).min(left + 1).min(NONE);
        *cell = left;
    }
}
