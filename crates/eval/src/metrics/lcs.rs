//! Longest common subsequence of two sequences of token numbers, 64 cells of the table at a time.
//!
//! Crochemore et al. 2001 (<https://doi.org/10.1016/S0020-0190(00)00214-X>) in Hyyrö's form
//! (2004, "Bit-parallel LCS-length computation revisited"): one bit for each token of the
//! reference, and a column is `V' = (V + (V & M)) | (V & !M)`, where `M` marks the places of the
//! candidate's token. Bit `i` of column `j` is 0 where `table[i + 1][j] = table[i][j] + 1`, so
//! the zeros of the last column are the length, and the columns are all that walking back needs.
//! `M` is kept as the blocks that are not zero: a rare word touches one block of a long text.

/// Memory of one comparison, used again for the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lcs {
    /// First and last run of each token number, + 1; 0 is none.
    ends: Vec<(u32, u32)>,
    runs: Vec<Run>,
    /// Tokens whose entry in `ends` is not zero.
    used: Vec<u32>,
    blocks: usize,
    column: Vec<u64>,
    /// Columns of the chunk at work in `positions`, one after another.
    rows: Vec<u64>,
    /// The column before each chunk.
    starts: Vec<u64>,
    relevant: Vec<Column>,
}

/// Places of one token within one block of 64.
#[derive(Clone, Copy, Debug)]
struct Run {
    block: u32,
    /// Index of the token's next run, + 1.
    next: u32,
    bits: u64,
}

/// A token of the candidate that the reference has.
#[derive(Clone, Copy, Debug)]
struct Column {
    token: u32,
    /// Whether tokens follow it in the candidate that the reference does not have.
    gap: bool,
}

/// Words of memory for columns above which walking back computes some of them twice.
const ROWS: usize = 1 << 20;

impl Lcs {
    /// Makes ready for comparisons with `reference`; all token numbers to come are below `ids`.
    pub(crate) fn load(&mut self, reference: &[u32], ids: usize) {
        for &token in &self.used {
            self.ends[token as usize] = (0, 0);
        }
        self.used.clear();
        self.runs.clear();
        if self.ends.len() < ids {
            self.ends.resize(ids, (0, 0));
        }
        self.blocks = reference.len().div_ceil(64);
        for (at, &token) in reference.iter().enumerate() {
            let (block, bit) = ((at / 64) as u32, 1 << (at % 64));
            let (first, last) = &mut self.ends[token as usize];
            if *last != 0 && self.runs[*last as usize - 1].block == block {
                self.runs[*last as usize - 1].bits |= bit;
                continue;
            }
            self.runs.push(Run {
                block,
                next: 0,
                bits: bit,
            });
            let new = self.runs.len() as u32;
            if *last == 0 {
                *first = new;
                self.used.push(token);
            } else {
                self.runs[*last as usize - 1].next = new;
            }
            *last = new;
        }
    }

    /// Bytes that the buffers hold on to.
    pub(crate) fn capacity(&self) -> usize {
        8 * (self.ends.capacity() + 2 * self.runs.capacity() + self.used.capacity())
            + 8 * (self.rows.capacity() + self.starts.capacity() + self.column.capacity())
            + 8 * self.relevant.capacity()
    }

    /// The length of the longest common subsequence.
    pub(crate) fn length(&mut self, candidate: &[u32]) -> usize {
        self.column.clear();
        self.column.resize(self.blocks, !0);
        for &token in candidate {
            advance(&self.runs, self.ends[token as usize].0, &mut self.column);
        }
        zeros(&self.column)
    }

    /// Calls `take` with the places in the reference of one longest common subsequence, last
    /// first: the one that a walk back through the table finds which takes a match where there is
    /// one, else goes to the candidate's token before if that loses nothing and the reference's
    /// would, else to the reference's token before (rouge-score's `_backtrack_norec`).
    pub(crate) fn positions(&mut self, candidate: &[u32], take: impl FnMut(usize)) {
        self.walk(candidate, ROWS, take);
    }

    fn walk(&mut self, candidate: &[u32], rows: usize, mut take: impl FnMut(usize)) {
        self.relevant.clear();
        for &token in candidate {
            if self.ends[token as usize].0 != 0 {
                self.relevant.push(Column { token, gap: false });
            } else if let Some(last) = self.relevant.last_mut() {
                last.gap = true;
            }
        }
        let (blocks, columns) = (self.blocks, self.relevant.len());
        if columns == 0 {
            return;
        }
        let chunk = (rows / blocks).max(columns.isqrt()).min(columns);
        self.column.clear();
        self.column.resize(blocks, !0);
        self.starts.clear();
        for first in (0..columns).step_by(chunk) {
            self.starts.extend_from_slice(&self.column);
            self.fill(first, chunk);
        }
        let mut left = zeros(&self.column);
        // Places in the reference that are not yet passed.
        let mut i = blocks * 64;
        for first in (0..columns).step_by(chunk).rev() {
            if first + chunk < columns {
                let start = first / chunk * blocks;
                self.column
                    .copy_from_slice(&self.starts[start..start + blocks]);
                self.fill(first, chunk);
            }
            for k in (first..columns.min(first + chunk)).rev() {
                if left == 0 {
                    return;
                }
                let row = &self.rows[(k - first) * blocks..][..blocks];
                let column = self.relevant[k];
                // Where no token matches, the walk goes up to the last step of the table.
                let mut step = highest_zero(row, i);
                if column.gap {
                    i = step.map_or(0, |step| step + 1);
                }
                let found = self.highest_match(column.token, i);
                if found.is_some() && found >= step {
                    let at = found.unwrap_or_default();
                    take(at);
                    left -= 1;
                    i = at;
                    step = None;
                }
                if let Some(step) = step {
                    i = step + 1;
                }
            }
        }
    }

    /// Computes the columns from `first` on, at most `chunk`, into `rows`.
    fn fill(&mut self, first: usize, chunk: usize) {
        self.rows.clear();
        for column in self.relevant.iter().skip(first).take(chunk) {
            let run = self.ends[column.token as usize].0;
            advance(&self.runs, run, &mut self.column);
            self.rows.extend_from_slice(&self.column);
        }
    }

    /// The last place of the token before `i`.
    fn highest_match(&self, token: u32, i: usize) -> Option<usize> {
        let mut found = None;
        let mut next = self.ends[token as usize].0;
        while next != 0 {
            let run = self.runs[next as usize - 1];
            let start = run.block as usize * 64;
            if start >= i {
                break;
            }
            let bits = run.bits & below(i - start);
            if bits != 0 {
                found = Some(start + bits.ilog2() as usize);
            }
            next = run.next;
        }
        found
    }
}

/// The next column, for a token whose runs start at `next`.
fn advance(runs: &[Run], mut next: u32, column: &mut [u64]) {
    let mut carry = 0;
    let mut block = 0;
    while next != 0 {
        let run = runs[next as usize - 1];
        next = run.next;
        while carry != 0 && block < run.block as usize {
            carry = ripple(&mut column[block]);
            block += 1;
        }
        block = run.block as usize;
        let old = column[block];
        let (sum, over) = old.overflowing_add(old & run.bits);
        let (sum, again) = sum.overflowing_add(carry);
        column[block] = sum | (old & !run.bits);
        carry = u64::from(over | again);
        block += 1;
    }
    while carry != 0 && block < column.len() {
        carry = ripple(&mut column[block]);
        block += 1;
    }
}

/// A block without the token, that a carry comes into; returns the carry out of it.
fn ripple(block: &mut u64) -> u64 {
    let (sum, over) = block.overflowing_add(1);
    *block |= sum;
    u64::from(over)
}

fn zeros(column: &[u64]) -> usize {
    column.iter().map(|v| v.count_zeros() as usize).sum()
}

/// The last zero before place `i`.
fn highest_zero(row: &[u64], i: usize) -> Option<usize> {
    let mut block = i.div_ceil(64);
    while block > 0 {
        block -= 1;
        let bits = !row[block] & below(i - block * 64);
        if bits != 0 {
            return Some(block * 64 + bits.ilog2() as usize);
        }
    }
    None
}

/// The lowest `n` bits; all from 64 on.
fn below(n: usize) -> u64 {
    match n {
        0..64 => (1 << n) - 1,
        _ => !0,
    }
}

#[cfg(test)]
mod tests {
    use super::Lcs;
    use proptest::prelude::*;

    /// The table, and the walk back through it, as rouge-score has them.
    fn slow(reference: &[u32], candidate: &[u32]) -> (usize, Vec<usize>) {
        let (rows, cols) = (reference.len(), candidate.len());
        let mut t = vec![vec![0_usize; cols + 1]; rows + 1];
        for i in 1..=rows {
            for j in 1..=cols {
                t[i][j] = if reference[i - 1] == candidate[j - 1] {
                    t[i - 1][j - 1] + 1
                } else {
                    t[i - 1][j].max(t[i][j - 1])
                };
            }
        }
        let (mut i, mut j, mut found) = (rows, cols, Vec::new());
        while i > 0 && j > 0 {
            if reference[i - 1] == candidate[j - 1] {
                found.push(i - 1);
                (i, j) = (i - 1, j - 1);
            } else if t[i][j - 1] > t[i - 1][j] {
                j -= 1;
            } else {
                i -= 1;
            }
        }
        (t[rows][cols], found)
    }

    fn check(lcs: &mut Lcs, reference: &[u32], candidate: &[u32], ids: usize) {
        lcs.load(reference, ids);
        let (length, places) = slow(reference, candidate);
        assert_eq!(lcs.length(candidate), length);
        for rows in [super::ROWS, 1] {
            let mut found = Vec::new();
            lcs.walk(candidate, rows, |at| found.push(at));
            assert_eq!(found, places, "{reference:?} {candidate:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn lengths_and_places_are_those_of_the_table(
            ids in 1_u32..40,
            a in prop::collection::vec(any::<u32>(), 0..300),
            b in prop::collection::vec(any::<u32>(), 0..200),
        ) {
            let mut lcs = Lcs::default();
            let a: Vec<_> = a.iter().map(|x| x % ids).collect();
            let b: Vec<_> = b.iter().map(|x| x % (ids + 3)).collect();
            check(&mut lcs, &a, &b, ids as usize + 3);
            check(&mut lcs, &b, &a, ids as usize + 3);
            let (a, b) = (&a[..a.len().min(20)], &b[..b.len().min(20)]);
            check(&mut lcs, a, b, ids as usize + 3);
        }
    }
}
