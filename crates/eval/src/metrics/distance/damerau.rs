//! Damerau and Levenshtein's distance: neighbours may be swapped, and edited again.
//!
//! The recurrence of Lowrance and Wagner 1975 (<https://doi.org/10.1145/321879.321880>) in linear
//! memory: Zhao and Sahni 2020 (<https://doi.org/10.1186/s12859-019-3184-8>). Time `O(nm)`.

use super::affix::trimmed;

/// Scratch: rows of the table, each with a cell of infinity before its first.
#[derive(Clone, Debug, Default)]
pub(super) struct Damerau {
    above: Vec<u32>,
    row: Vec<u32>,
    /// By column, the value two columns to the left in the row above the last match there.
    before_match: Vec<u32>,
    /// By symbol, the last row that had it; 0: none yet.
    last_row: Vec<u32>,
}

/// Far more than any distance, and far less than would overflow.
const INFINITE: u32 = u32::MAX / 4;

impl Damerau {
    pub(super) fn distance(&mut self, a: &[u32], b: &[u32], alphabet: usize) -> usize {
        let (a, b, _) = trimmed(a, b);
        if a.is_empty() || b.is_empty() {
            return a.len().max(b.len());
        }
        if self.last_row.len() < alphabet {
            self.last_row.resize(alphabet, 0);
        }
        let width = b.len() + 2;
        for row in [&mut self.above, &mut self.before_match] {
            row.clear();
            row.resize(width, INFINITE);
        }
        self.row.clear();
        self.row.push(INFINITE);
        self.row.extend(0..=b.len() as u32);
        for (i, symbol) in (1_u32..).zip(a) {
            std::mem::swap(&mut self.above, &mut self.row);
            self.fill_row(i, *symbol, b);
            self.last_row[*symbol as usize] = i;
        }
        for symbol in a {
            self.last_row[*symbol as usize] = 0;
        }
        self.row[b.len() + 1] as usize
    }

    /// Row `i`, from the row above; the cell of column `j` is at `j + 1`.
    fn fill_row(&mut self, i: u32, symbol: u32, b: &[u32]) {
        let mut last_match = None;
        // Of the row above the one above: what `row` still holds.
        let mut upper_left = self.row[1];
        let mut before_row_match = INFINITE;
        self.row[1] = i;
        for (j, other) in (1_usize..).zip(b) {
            let equal = symbol == *other;
            let mut value = (self.above[j] + u32::from(!equal))
                .min(self.row[j] + 1)
                .min(self.above[j + 1] + 1);
            if equal {
                last_match = Some(j);
                self.before_match[j + 1] = self.above[j - 1];
                before_row_match = upper_left;
            } else {
                let row = self.last_row[*other as usize];
                // A swap of neighbours in one text, with what stands between them in the other.
                if last_match.is_some_and(|last| j - last == 1) && row != 0 {
                    value = value.min(self.before_match[j + 1] + (i - row));
                } else if row != 0
                    && i - row == 1
                    && let Some(last) = last_match
                {
                    value = value.min(before_row_match + (j - last) as u32);
                }
            }
            upper_left = self.row[j + 1];
            self.row[j + 1] = value;
        }
    }
}
