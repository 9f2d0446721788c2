//! A word -> the places where it can be hyphenated, as Pyphen 0.18 finds them.
//!
//! Liang's patterns (Liang 1983, *Word Hy-phen-a-tion by Com-put-er*): every pattern that occurs in
//! `.word.` raises numbers between its letters; where the number is odd, the word may be cut. At
//! least two letters stay on either side. Data: `data/hyphens.txt`, see NOTICE.

use std::sync::OnceLock;

/// Letters that stay before the first and after the last cut.
const BORDER: usize = 2;

struct Pattern {
    letters: Box<[char]>,
    /// The number before each letter and after the last.
    numbers: Box<[u8]>,
}

/// Hyphenation patterns, sorted by their letters.
pub(super) struct Hyphens(Vec<Pattern>);

impl Hyphens {
    /// The patterns of American English.
    pub(super) fn english() -> &'static Self {
        static ENGLISH: OnceLock<Hyphens> = OnceLock::new();
        ENGLISH.get_or_init(|| Self::read(include_str!("../../data/hyphens.txt")))
    }

    /// Patterns, a line each; the last one of the same letters counts.
    fn read(lines: &str) -> Self {
        let mut patterns: Vec<_> = lines.lines().map(Pattern::read).collect();
        patterns.sort_by(|a, b| a.letters.cmp(&b.letters));
        patterns.reverse();
        // Equal letters now stand with the later line first, as the sort is stable.
        patterns.dedup_by(|next, kept| next.letters == kept.letters);
        patterns.reverse();
        Self(patterns)
    }

    /// How many cuts a lower-cased word can have.
    pub(super) fn cuts(&self, word: &str) -> usize {
        let mut pointed = vec!['.'];
        pointed.extend(word.chars());
        let length = pointed.len() - 1;
        pointed.push('.');
        let mut numbers = vec![0_u8; pointed.len() + 1];
        for start in 0..pointed.len() {
            // The patterns that begin with the letters from `start` so far.
            let mut range = &self.0[..];
            for (depth, letter) in pointed[start..].iter().enumerate() {
                let before = range.partition_point(|p| p.letters.get(depth) < Some(letter));
                range = &range[before..];
                let same = range.partition_point(|p| p.letters.get(depth) == Some(letter));
                range = &range[..same];
                match range.first() {
                    None => break,
                    Some(pattern) if pattern.letters.len() == depth + 1 => {
                        for (place, number) in numbers[start..].iter_mut().zip(&*pattern.numbers) {
                            *place = (*place).max(*number);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        // `numbers[i]` stands before `pointed[i]`, that is, before the word's letter `i - 1`.
        (BORDER..=length.saturating_sub(BORDER))
            .filter(|&cut| numbers[cut + 1] % 2 == 1)
            .count()
    }
}

impl Pattern {
    fn read(line: &str) -> Self {
        let mut letters = Vec::new();
        let mut numbers = vec![0];
        for c in line.chars() {
            if let Some(digit) = c.to_digit(10) {
                numbers[letters.len()] = digit as u8;
            } else {
                letters.push(c);
                numbers.push(0);
            }
        }
        Self {
            letters: letters.into(),
            numbers: numbers.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_where_pyphen_cuts_them() {
        // Pyphen 0.18.1, `len(Pyphen(lang="en_US").positions(word))`.
        let cases = [
            ("hyphenation", 2),
            ("botsmith", 1),
            ("a", 0),
            ("it", 0),
            ("reciprocity", 4),
            ("48213", 0),
            ("supercalifragilistic", 5),
            ("oﬃce", 0),
            ("étude", 0),
            ("kubernetes", 2),
        ];
        for (word, cuts) in cases {
            assert_eq!(Hyphens::english().cuts(word), cuts, "{word}");
        }
    }

    #[test]
    fn the_later_of_two_patterns_with_the_same_letters_counts() {
        let hyphens = Hyphens::read("a1b\na2b\n1cd\n");
        assert_eq!(hyphens.cuts("xxabxx"), 0);
        assert_eq!(hyphens.cuts("xxcdxx"), 1);
    }
}
