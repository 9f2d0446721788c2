//! Which edits turn one sequence into another: one of the shortest ways, always the same one.
//!
//! Of several shortest ways the one that rapidfuzz 3.14.6 takes: from the end backwards a deletion
//! if one is on a shortest way, else an insertion, else a pair; sequences whose table would be
//! over a mebibyte are divided first, at the middle of the second and the first best place of the
//! first (Hirschberg 1975, <https://doi.org/10.1145/360825.360861>). Counts of substitutions,
//! insertions and deletions depend on this choice; their sum does not.

use std::ops::Range;

use super::affix::trimmed;
use super::levenshtein::narrow;
use super::strips::{Band, Keep, NONE, ROWS, Strips};

/// What happens to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Equal,
    /// It is replaced, one for one.
    Substitute,
    /// It is new: the first sequence does not have it.
    Insert,
    /// It is gone: the second sequence does not have it.
    Delete,
}

/// A stretch of an alignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What happens.
    pub change: Change,
    /// Where in the first sequence; empty for an insertion.
    pub from: Range<usize>,
    /// Where in the second sequence; empty for a deletion.
    pub to: Range<usize>,
}

/// How many symbols stay and how many change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Equal in both.
    pub hits: usize,
    /// Replaced.
    pub substitutions: usize,
    /// Only in the second sequence.
    pub insertions: usize,
    /// Only in the first sequence.
    pub deletions: usize,
}

impl Counts {
    /// Length of the first sequence (the reference).
    pub fn from_length(&self) -> usize {
        self.hits + self.substitutions + self.deletions
    }

    /// Length of the second sequence (the candidate).
    pub fn to_length(&self) -> usize {
        self.hits + self.substitutions + self.insertions
    }

    /// The distance.
    pub fn edits(&self) -> usize {
        self.substitutions + self.insertions + self.deletions
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.substitutions += other.substitutions;
        self.insertions += other.insertions;
        self.deletions += other.deletions;
    }
}

/// One edit at these places.
#[derive(Clone, Copy, Debug)]
struct Edit {
    change: Change,
    from: u32,
    to: u32,
}

/// Scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Align {
    strips: Strips,
    table: Table,
    /// Values of the middle column, from the beginning and from the end.
    left: Column,
    right: Column,
    reversed: (Vec<u32>, Vec<u32>),
    edits: Vec<Edit>,
}

/// Tables of more bytes are divided.
const DIVIDE: usize = 1 << 20;

impl Align {
    /// Only the number of edits.
    pub(crate) fn distance(&mut self, from: &[u32], to: &[u32], alphabet: usize) -> usize {
        super::levenshtein::distance(&mut self.strips, from, to, alphabet)
    }

    /// Counts the edits from one sequence of symbols below `alphabet` to another.
    pub(crate) fn counts(&mut self, from: &[u32], to: &[u32], alphabet: usize) -> Counts {
        self.find(from, to, alphabet);
        let mut counts = Counts::default();
        for edit in &self.edits {
            match edit.change {
                Change::Insert => counts.insertions += 1,
                Change::Delete => counts.deletions += 1,
                Change::Substitute | Change::Equal => counts.substitutions += 1,
            }
        }
        counts.hits = from.len() - counts.substitutions - counts.deletions;
        counts
    }

    /// The alignment in stretches, in order; they cover both sequences.
    pub(crate) fn chunks(&mut self, from: &[u32], to: &[u32], alphabet: usize) -> Vec<Chunk> {
        self.find(from, to, alphabet);
        let mut chunks: Vec<Chunk> = Vec::new();
        let (mut i, mut j) = (0, 0);
        let equal = |i: usize, until: usize, j: usize| Chunk {
            change: Change::Equal,
            from: i..until,
            to: j..j + until - i,
        };
        for edit in &self.edits {
            let (at, other) = (edit.from as usize, edit.to as usize);
            if i < at {
                chunks.push(equal(i, at, j));
            }
            (i, j) = match edit.change {
                Change::Insert => (at, other + 1),
                Change::Delete => (at + 1, other),
                Change::Substitute | Change::Equal => (at + 1, other + 1),
            };
            match chunks.last_mut() {
                Some(last)
                    if last.change == edit.change
                        && last.from.end == at
                        && last.to.end == other =>
                {
                    (last.from.end, last.to.end) = (i, j);
                }
                _ => chunks.push(Chunk {
                    change: edit.change,
                    from: at..i,
                    to: other..j,
                }),
            }
        }
        if i < from.len() {
            chunks.push(equal(i, from.len(), j));
        }
        chunks
    }

    fn find(&mut self, from: &[u32], to: &[u32], alphabet: usize) {
        self.edits.clear();
        self.part(from, to, (0, 0), None, alphabet);
    }

    /// Adds the edits between two parts that begin at `at`. `distance`: theirs, where known.
    fn part(
        &mut self,
        from: &[u32],
        to: &[u32],
        at: (usize, usize),
        distance: Option<usize>,
        alphabet: usize,
    ) {
        let (from, to, shared) = trimmed(from, to);
        let at = (at.0 + shared, at.1 + shared);
        if from.is_empty() || to.is_empty() {
            let deleted = (0..from.len()).map(|i| (Change::Delete, i, 0));
            let inserted = (0..to.len()).map(|j| (Change::Insert, 0, j));
            self.edits
                .extend(deleted.chain(inserted).map(|(change, i, j)| Edit {
                    change,
                    from: (at.0 + i) as u32,
                    to: (at.1 + j) as u32,
                }));
            return;
        }
        let longest = from.len().max(to.len());
        let most = distance.map_or(longest, |distance| distance.min(longest));
        let width = from.len().min(2 * most + 1);
        if 2 * width * to.len() / 8 < DIVIDE || from.len() < 65 || to.len() < 10 {
            self.trace(from, to, at, distance, alphabet);
            return;
        }
        let most = distance
            .unwrap_or_else(|| super::levenshtein::distance(&mut self.strips, from, to, alphabet));
        let middle = self.divide(from, to, most, alphabet);
        let (left, right) = (from.split_at(middle.from), to.split_at(to.len() / 2));
        self.part(left.0, right.0, at, Some(middle.left), alphabet);
        let at = (at.0 + middle.from, at.1 + to.len() / 2);
        self.part(left.1, right.1, at, Some(middle.right), alphabet);
    }

    /// The first place in `from` that the middle of `to` may be aligned with.
    fn divide(&mut self, from: &[u32], to: &[u32], distance: usize, alphabet: usize) -> Middle {
        let band = Band::within(from.len(), to.len(), distance);
        let (before, after) = to.split_at(to.len() / 2);
        let column = &mut self.left;
        let _ = self
            .strips
            .run::<false>(from, before, alphabet, band, None, column);
        let (from_back, after_back) = &mut self.reversed;
        from_back.clear();
        from_back.extend(from.iter().rev());
        after_back.clear();
        after_back.extend(after.iter().rev());
        let column = &mut self.right;
        let _ = self
            .strips
            .run::<false>(from_back, after_back, alphabet, band, None, column);
        let mut best = Middle {
            from: 0,
            left: NONE as usize,
            right: NONE as usize,
        };
        let both = self.left.0.iter().zip(self.right.0.iter().rev());
        for (i, (left, right)) in both.enumerate() {
            if ((left + right) as usize) < best.left + best.right {
                best = Middle {
                    from: i,
                    left: *left as usize,
                    right: *right as usize,
                };
            }
        }
        best
    }

    /// Computes the table and walks it backwards.
    fn trace(
        &mut self,
        from: &[u32],
        to: &[u32],
        at: (usize, usize),
        distance: Option<usize>,
        alphabet: usize,
    ) {
        let table = &mut self.table;
        if let Some(distance) = distance {
            let band = Band::within(from.len(), to.len(), distance);
            let _ = self
                .strips
                .run::<false>(from, to, alphabet, band, None, table);
        } else {
            narrow::<false>(&mut self.strips, from, to, alphabet, table);
        }
        let begin = self.edits.len();
        let (mut i, mut j) = (from.len(), to.len());
        let mut push = |change, i: usize, j: usize| {
            self.edits.push(Edit {
                change,
                from: (at.0 + i) as u32,
                to: (at.1 + j) as u32,
            });
        };
        while i > 0 && j > 0 {
            if self.table.grows(i, j) {
                i -= 1;
                push(Change::Delete, i, j);
                continue;
            }
            j -= 1;
            if j > 0 && self.table.falls(i, j) {
                push(Change::Insert, i, j);
                continue;
            }
            i -= 1;
            if from[i] != to[j] {
                push(Change::Substitute, i, j);
            }
        }
        while i > 0 {
            i -= 1;
            push(Change::Delete, i, j);
        }
        while j > 0 {
            j -= 1;
            push(Change::Insert, i, j);
        }
        self.edits[begin..].reverse();
    }
}

/// Where two sequences are divided, and how far their parts are apart.
#[derive(Clone, Copy, Debug)]
struct Middle {
    from: usize,
    left: usize,
    right: usize,
}

/// The values of the last column, from row 0 on; [`NONE`] outside the band.
#[derive(Clone, Debug, Default)]
struct Column(Vec<u32>);

impl Keep for Column {
    fn begin(&mut self, rows: usize, columns: usize) {
        self.0.clear();
        self.0.resize(rows + 1, NONE);
        self.0[0] = columns as u32;
    }

    fn strip(&mut self, _: usize, _: usize, _: usize) {}
    fn word(&mut self, _: usize, _: usize, _: u64, _: u64) {}
    fn last_column(&mut self, top: usize, value: u32, rows: usize, ends: &[(u64, u64)]) {
        let mut value = value;
        for (row, out) in self.0[top + 1..=top + rows].iter_mut().enumerate() {
            let (positive, negative) = ends[row / 64];
            value += (positive >> (row % 64) & 1) as u32;
            value -= (negative >> (row % 64) & 1) as u32;
            *out = value;
        }
    }
}

/// The vertical differences of all computed cells.
#[derive(Clone, Debug, Default)]
struct Table {
    strips: Vec<Part>,
    words: Vec<(u64, u64)>,
}

/// One strip of the table.
#[derive(Clone, Copy, Debug)]
struct Part {
    begin: usize,
    words: usize,
    low: usize,
    high: usize,
}

impl Table {
    /// The differences of the word that holds row `i` (from 1) in column `j` (from 1).
    fn at(&self, i: usize, j: usize) -> Option<(u64, u64)> {
        let row = i - 1;
        let part = self.strips.get(row / ROWS)?;
        if j - 1 < part.low || j > part.high {
            return None;
        }
        let word = part.begin + (j - 1 - part.low) * part.words + row % ROWS / 64;
        self.words.get(word).copied()
    }

    /// Whether cell `(i, j)` is one more than the cell above it.
    fn grows(&self, i: usize, j: usize) -> bool {
        self.at(i, j)
            .is_some_and(|(positive, _)| positive >> ((i - 1) % 64) & 1 == 1)
    }

    /// Whether cell `(i, j)` is one less than the cell above it.
    fn falls(&self, i: usize, j: usize) -> bool {
        self.at(i, j)
            .is_some_and(|(_, negative)| negative >> ((i - 1) % 64) & 1 == 1)
    }
}

impl Keep for Table {
    fn begin(&mut self, _: usize, _: usize) {
        self.strips.clear();
        self.words.clear();
    }

    fn strip(&mut self, words: usize, low: usize, high: usize) {
        let begin = self.words.len();
        self.words.resize(begin + words * (high - low), (0, 0));
        self.strips.push(Part {
            begin,
            words,
            low,
            high,
        });
    }

    #[inline]
    fn word(&mut self, word: usize, column: usize, positive: u64, negative: u64) {
        if let Some(part) = self.strips.last() {
            let at = part.begin + column * part.words + word;
            self.words[at] = (positive, negative);
        }
    }

    fn last_column(&mut self, _: usize, _: u32, _: usize, _: &[(u64, u64)]) {}
}
