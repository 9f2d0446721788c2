//! Levenshtein distance over code points, bit-parallel.
//!
//! Two texts -> the least number of insertions, deletions and substitutions. Myers 1999
//! (<https://doi.org/10.1145/316542.316550>) in Hyyrö's formulation with blocks of 64 rows (2003,
//! <https://www.cs.hut.fi/u/hyyro/bitvector_paper.pdf>): time `O(nm / 64)`, memory `O(m)`. Does not
//! normalise: `é` as one code point and as two differ.

/// The Levenshtein distance in code points.
///
/// ```
/// use botsmith_eval::distance::levenshtein;
/// assert_eq!(levenshtein("kitten", "sitting"), 3);
/// ```
pub fn levenshtein(a: &str, b: &str) -> usize {
    if a.is_ascii() && b.is_ascii() {
        return bytes(a.as_bytes(), b.as_bytes());
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    chars(&a, &b)
}

/// `1 - distance / max(length)`, in `[0, 1]`; two empty texts are alike (1).
///
/// ```
/// use botsmith_eval::distance::levenshtein_ratio;
/// assert_eq!(levenshtein_ratio("flaw", "lawn"), 0.5);
/// ```
pub fn levenshtein_ratio(a: &str, b: &str) -> f64 {
    let (distance, longest) = if a.is_ascii() && b.is_ascii() {
        (bytes(a.as_bytes(), b.as_bytes()), a.len().max(b.len()))
    } else {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        (chars(&a, &b), a.len().max(b.len()))
    };
    if longest == 0 {
        1.0
    } else {
        1.0 - distance as f64 / longest as f64
    }
}

/// Without the common prefix and suffix, the shorter first.
fn trimmed<'a, T: PartialEq>(mut a: &'a [T], mut b: &'a [T]) -> (&'a [T], &'a [T]) {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.len() <= b.len() { (a, b) } else { (b, a) }
}

fn bytes(a: &[u8], b: &[u8]) -> usize {
    let (pattern, text) = trimmed(a, b);
    if pattern.is_empty() {
        return text.len();
    }
    if pattern.len() <= 64 {
        let mut masks = [0_u64; 128];
        for (i, c) in pattern.iter().enumerate() {
            masks[usize::from(c & 127)] |= 1 << i;
        }
        return one_word(pattern.len(), text, |c| masks[usize::from(c & 127)]);
    }
    // One table of 128 masks for each block of 64 rows.
    let mut masks = vec![0_u64; pattern.len().div_ceil(64) * 128];
    for (i, c) in pattern.iter().enumerate() {
        masks[i / 64 * 128 + usize::from(c & 127)] |= 1 << (i % 64);
    }
    blocks(pattern.len(), text, |block, c| {
        masks[block * 128 + usize::from(c & 127)]
    })
}

fn chars(a: &[char], b: &[char]) -> usize {
    let (pattern, text) = trimmed(a, b);
    if pattern.is_empty() {
        return text.len();
    }
    let tables: Vec<Table> = pattern.chunks(64).map(Table::new).collect();
    if let [table] = tables.as_slice() {
        return one_word(pattern.len(), text, |c| table.mask(c));
    }
    blocks(pattern.len(), text, |block, c| tables[block].mask(c))
}

/// Masks of at most 64 characters by open addressing: 128 slots, so that one is always free.
struct Table([(char, u64); 128]);

impl Table {
    fn new(pattern: &[char]) -> Self {
        let mut table = Self([('\0', 0); 128]);
        for (i, c) in pattern.iter().enumerate() {
            let slot = table.slot(*c);
            table.0[slot].0 = *c;
            table.0[slot].1 |= 1 << i;
        }
        table
    }

    /// Where the character is, or would be. A slot with an empty mask is free.
    fn slot(&self, c: char) -> usize {
        let mut slot = (u32::from(c).wrapping_mul(0x9e37_79b1) >> 25) as usize;
        while self.0[slot].1 != 0 && self.0[slot].0 != c {
            slot = (slot + 1) % 128;
        }
        slot
    }

    fn mask(&self, c: char) -> u64 {
        self.0[self.slot(c)].1
    }
}

/// One column step over 64 rows: vertical deltas in and out, horizontal deltas through.
struct Step {
    positive: u64,
    negative: u64,
    across_positive: u64,
    across_negative: u64,
}

/// Hyyrö 2003, figure 4: `carry_*` are the horizontal deltas that come from the row above.
#[inline]
fn step(
    equal: u64,
    positive: u64,
    negative: u64,
    carry_positive: u64,
    carry_negative: u64,
) -> Step {
    let x = equal | carry_negative;
    let diagonal = (((x & positive).wrapping_add(positive)) ^ positive) | x | negative;
    let across_positive = negative | !(diagonal | positive);
    let across_negative = diagonal & positive;
    let shifted_positive = (across_positive << 1) | carry_positive;
    let shifted_negative = (across_negative << 1) | carry_negative;
    Step {
        positive: shifted_negative | !(diagonal | shifted_positive),
        negative: shifted_positive & diagonal,
        across_positive,
        across_negative,
    }
}

fn one_word<T: Copy>(rows: usize, text: &[T], mask: impl Fn(T) -> u64) -> usize {
    let (mut positive, mut negative, mut distance) = (u64::MAX, 0, rows);
    for c in text {
        let next = step(mask(*c), positive, negative, 1, 0);
        distance += (next.across_positive >> (rows - 1) & 1) as usize;
        distance -= (next.across_negative >> (rows - 1) & 1) as usize;
        (positive, negative) = (next.positive, next.negative);
    }
    distance
}

fn blocks<T: Copy>(rows: usize, text: &[T], mask: impl Fn(usize, T) -> u64) -> usize {
    let last_bit = (rows - 1) % 64;
    let mut columns = vec![(u64::MAX, 0_u64); rows.div_ceil(64)];
    let mut distance = rows;
    for c in text {
        let (mut carry_positive, mut carry_negative) = (1, 0);
        let mut last = (0, 0);
        for (block, (positive, negative)) in columns.iter_mut().enumerate() {
            let next = step(
                mask(block, *c),
                *positive,
                *negative,
                carry_positive,
                carry_negative,
            );
            (*positive, *negative) = (next.positive, next.negative);
            carry_positive = next.across_positive >> 63;
            carry_negative = next.across_negative >> 63;
            last = (next.across_positive, next.across_negative);
        }
        distance += (last.0 >> last_bit & 1) as usize;
        distance -= (last.1 >> last_bit & 1) as usize;
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wagner and Fischer 1974, row by row: the independent reference.
    fn plain(a: &str, b: &str) -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let substituted = diagonal + usize::from(x != *y);
                diagonal = row[j + 1];
                row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    }

    #[test]
    fn known_distances() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("café", "cafe", 1),
            ("日本語", "日本", 1),
            ("👩‍👩‍👧", "👩", 4),
            ("intention", "execution", 5),
        ] {
            assert_eq!(levenshtein(a, b), wanted, "{a} {b}");
        }
        assert_eq!(levenshtein(&"a".repeat(1000), &"b".repeat(900)), 1000);
    }

    proptest! {
        #[test]
        fn bit_parallel_agrees_with_the_plain_recurrence(a in "[abcé]{0,200}", b in "[abcé]{0,200}") {
            prop_assert_eq!(levenshtein(&a, &b), plain(&a, &b));
        }

        #[test]
        fn ascii_agrees_with_the_plain_recurrence(a in "[abcd]{0,300}", b in "[abcd]{0,300}") {
            prop_assert_eq!(levenshtein(&a, &b), plain(&a, &b));
        }

        #[test]
        fn any_unicode_is_symmetric_and_in_range(a in "\\PC{0,90}", b in "\\PC{0,90}") {
            prop_assert_eq!(levenshtein(&a, &b), levenshtein(&b, &a));
            prop_assert!((0.0..=1.0).contains(&levenshtein_ratio(&a, &b)));
            prop_assert_eq!(levenshtein_ratio(&a, &a), 1.0);
        }
    }
}
