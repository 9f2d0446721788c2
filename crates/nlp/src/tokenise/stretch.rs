//! One stretch without white space -> features of the places in it.

use super::{Class, Next, WEIGHTS, class, is_place};
use crate::features::hash;

/// Room for one stretch, kept between stretches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// Characters, with byte offsets from the stretch's start and one more: its length.
    characters: Vec<char>,
    offsets: Vec<u32>,
    classes: Vec<Class>,
    lower: String,
    whole: u64,
    shape: u64,
    next: u64,
    /// Full stops, at most three.
    dots: u64,
    /// Whether it looks like a URL, and like an address.
    net: u64,
}

impl Stretch {
    /// Looks at a stretch; `false` where it has no place for a cut.
    pub(crate) fn read(&mut self, text: &str, next: Next, letters: bool) -> bool {
        // Most stretches are plain words: one look at the bytes settles them.
        if !letters && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return false;
        }
        self.characters.clear();
        self.offsets.clear();
        self.classes.clear();
        self.lower.clear();
        let mut shape = [0u8; 24];
        let mut shapes = 0;
        for (at, c) in text.char_indices() {
            let class = class(c);
            let kind = match class {
                Class::Lower | Class::Upper => b'a',
                Class::Digit => b'0',
                Class::Other if c.is_ascii() => c as u8,
                Class::Other => b'?',
            };
            if shapes < shape.len() && (shapes == 0 || shape[shapes - 1] != kind) {
                shape[shapes] = kind;
                shapes += 1;
            }
            self.characters.push(c);
            self.offsets.push(at as u32);
            self.classes.push(class);
            match class {
                Class::Upper => self.lower.extend(c.to_lowercase()),
                _ => self.lower.push(c),
            }
        }
        self.offsets.push(text.len() as u32);
        self.whole = hash(40, self.lower.as_bytes());
        self.shape = hash(41, &shape[..shapes]);
        self.next = next.number();
        self.dots = self.characters.iter().filter(|c| **c == '.').count().min(3) as u64;
        let slash =
            self.characters.windows(2).any(|w| w == ['/', '/']) || self.lower.starts_with("www.");
        let mail = self.characters.contains(&'@');
        self.net = u64::from(slash) * 2 + u64::from(mail);
        (1..self.characters.len()).any(|at| self.is_place(at, letters))
    }

    pub(crate) fn len(&self) -> usize {
        self.characters.len()
    }

    /// Byte offset of the character at `at`.
    pub(crate) fn offset(&self, at: usize) -> usize {
        self.offsets[at] as usize
    }

    pub(crate) fn is_place(&self, at: usize, letters: bool) -> bool {
        is_place(self.characters[at - 1], self.characters[at], letters)
    }

    /// Features of the place before character `at`, as places among the weights.
    pub(crate) fn features(&self, at: usize, out: &mut Vec<u32>) {
        out.clear();
        let mut add = |kind: u64, a: u64, b: u64| {
            let mixed = (kind
                ^ a.wrapping_mul(0x9fb2_1c65_1e98_df25)
                ^ b.rotate_left(31).wrapping_mul(0xd6e8_feb8_6659_fd93))
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
            out.push((mixed >> 40) as u32 & (WEIGHTS as u32 - 1));
        };
        let len = self.characters.len();
        let c = |offset: isize| -> u64 {
            match usize::try_from(at.cast_signed() + offset) {
                Ok(place) if place < len => {
                    let c = self.characters[place];
                    u64::from(match self.classes[place] {
                        Class::Digit => '0',
                        Class::Upper => c.to_ascii_lowercase(),
                        _ => c,
                    })
                }
                _ => 1,
            }
        };
        let k = |offset: isize| -> u64 {
            match usize::try_from(at.cast_signed() + offset) {
                Ok(place) if place < len => self.classes[place] as u64 + 1,
                _ => 0,
            }
        };
        let (l3, l2, l1, r1, r2, r3) = (c(-3), c(-2), c(-1), c(0), c(1), c(2));
        let pair = l1 << 21 | r1;
        add(1, l1, 0);
        add(2, r1, 0);
        add(3, pair, 0);
        add(4, l2 << 21 | l1, 0);
        add(5, r1 << 21 | r2, 0);
        add(6, pair, l2);
        add(7, pair, r2);
        add(8, l2 << 21 | l1, r1 << 21 | r2);
        add(9, l3 << 42 | l2 << 21 | l1, 0);
        add(10, r1 << 42 | r2 << 21 | r3, 0);
        add(11, l3 << 42 | l2 << 21 | l1, r1);
        add(12, pair, r2 << 21 | r3);
        let kinds = (-4..4).fold(0, |sum, offset| sum * 5 + k(offset));
        add(13, kinds, 0);
        add(14, k(-2) * 125 + k(-1) * 25 + k(0) * 5 + k(1), pair);
        // Runs of letters and digits on both sides.
        let word = |from: usize, to: usize| {
            let mut sum = 0u64;
            for place in from..to {
                sum = (sum ^ c(place.cast_signed() - at.cast_signed()))
                    .wrapping_mul(0x9fb2_1c65_1e98_df25);
                sum ^= sum >> 29;
            }
            sum
        };
        let is_word = |place: usize| self.classes[place] != Class::Other;
        let mut left = at;
        let before = usize::from(!is_word(at - 1));
        let left_end = at - before;
        left -= before;
        while left > 0 && is_word(left - 1) && left_end - left < 20 {
            left -= 1;
        }
        let after = usize::from(!is_word(at));
        let right_start = at + after;
        let mut right = right_start;
        while right < len && is_word(right) && right - right_start < 20 {
            right += 1;
        }
        let (l, r) = (word(left, left_end), word(right_start, right));
        add(15, l, pair);
        add(16, r, pair);
        add(17, l, r ^ pair << 8);
        add(
            18,
            pair,
            (left_end - left).min(5) as u64 * 6 + (right - right_start).min(5) as u64,
        );
        add(19, pair, u64::from(left == 0) * 2 + u64::from(right == len));
        add(20, self.whole, at as u64);
        add(21, self.shape, pair);
        add(22, self.shape, at.min(12) as u64);
        let last = u64::from(at + 1 == len);
        add(23, pair, self.next * 2 + last);
        add(24, l ^ self.next, pair * 2 + last);
        add(
            25,
            (left_end - left).min(5) as u64 * 10 + self.next,
            pair * 2 + last,
        );
        add(26, pair, self.dots * 2 + last);
        add(27, pair, self.net);
        add(28, self.net, last * 2 + u64::from(at == 1));
        add(29, pair, at.min(4) as u64 * 5 + (len - at).min(4) as u64);
    }
}
