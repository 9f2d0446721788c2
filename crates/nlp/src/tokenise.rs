//! Text -> tokens, by white space and a linear model of the places between.
//!
//! White space always separates. Inside a stretch without white space, each place between two
//! characters that are not both letters or both digits is scored from the characters around it, the
//! runs of letters on both sides and the stretch as a whole. No regular expressions, no word lists:
//! what a URL or an abbreviation looks like is learned.

use std::ops::Range;

use crate::features::hash;

/// Weights: a power of two.
pub(crate) const WEIGHTS: usize = 1 << 16;
/// The longest stretch looked at as one, in bytes; a longer one is cut here.
pub(crate) const LONGEST: usize = 1024;

/// What stands behind a stretch: it decides whether a full stop ends a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The end of the text, or a blank line.
    End,
    /// A stretch that begins so.
    Class(Class),
}

impl Next {
    fn number(self) -> u64 {
        match self {
            Self::End => 9,
            Self::Class(class) => class as u64,
        }
    }
}

/// A kind of character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Lower,
    Upper,
    Digit,
    Other,
}

pub(crate) fn class(c: char) -> Class {
    if c.is_ascii() {
        match c {
            'a'..='z' => Class::Lower,
            'A'..='Z' => Class::Upper,
            '0'..='9' => Class::Digit,
            _ => Class::Other,
        }
    } else if c.is_uppercase() {
        Class::Upper
    } else if c.is_alphabetic() || is_mark(c) {
        Class::Lower
    } else if c.is_numeric() {
        Class::Digit
    } else {
        Class::Other
    }
}

/// Combining marks and joiners, which belong to the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}')
}

/// Whether a cut between two characters is thought of at all.
pub(crate) fn is_place(before: char, after: char, letters: bool) -> bool {
    if is_mark(after) {
        return false;
    }
    let letter = |class| matches!(class, Class::Lower | Class::Upper);
    let (a, b) = (class(before), class(after));
    if letter(a) && letter(b) {
        return letters;
    }
    a != Class::Digit || b != Class::Digit
}

/// Stretches of `text` without white space.
pub(crate) fn stretches(text: &str) -> Stretches<'_> {
    Stretches { text, at: 0 }
}

/// See [`stretches`].
#[derive(Debug)]
pub(crate) struct Stretches<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Stretches<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let space = |at: usize| -> Option<usize> {
            let byte = bytes[at];
            if byte < 0x80 {
                return matches!(byte, b' ' | b'\t'..=b'\r').then_some(1);
            }
            let c = self.text[at..].chars().next().expect("inside the text");
            c.is_whitespace().then(|| c.len_utf8())
        };
        let mut start = self.at;
        while start < bytes.len() {
            match space(start) {
                Some(length) => start += length,
                None => break,
            }
        }
        if start == bytes.len() {
            self.at = start;
            return None;
        }
        let mut end = start;
        while end < bytes.len() && end - start < LONGEST {
            let byte = bytes[end];
            if byte < 0x80 {
                if matches!(byte, b' ' | b'\t'..=b'\r') {
                    break;
                }
                end += 1;
            } else {
                let c = self.text[end..].chars().next().expect("inside the text");
                if c.is_whitespace() {
                    break;
                }
                end += c.len_utf8();
            }
        }
        self.at = end;
        Some(start..end)
    }
}

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

/// The learned weights, in the model's bytes: 16 bits each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokeniser {
    pub(crate) weights: Range<usize>,
    /// Whether cuts between letters are thought of.
    pub(crate) letters: bool,
}

impl Tokeniser {
    /// Appends the tokens of `text`, as byte spans.
    pub(crate) fn tokens(
        &self,
        bytes: &[u8],
        text: &str,
        room: &mut Room,
        out: &mut Vec<(u32, u32)>,
    ) {
        let weights = &bytes[self.weights.clone()];
        let mut stretches = stretches(text).peekable();
        while let Some(span) = stretches.next() {
            let next = match stretches.peek() {
                Some(following) => next(text, span.end, following.start),
                None => Next::End,
            };
            let start = span.start;
            let part = &text[span.clone()];
            // Most stretches are plain words: one look at the bytes settles them.
            if !self.letters && part.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                out.push((start as u32, span.end as u32));
                continue;
            }
            let slot = room.kept.slot(part, next);
            if let Some(slot) = slot
                && let Some(mut cuts) = room.kept.cuts(slot, part, next)
            {
                let mut from = start;
                while cuts != 0 {
                    let cut = start + cuts.trailing_zeros() as usize;
                    cuts &= cuts - 1;
                    out.push((from as u32, cut as u32));
                    from = cut;
                }
                out.push((from as u32, span.end as u32));
                continue;
            }
            let first = out.len();
            self.cut(weights, part, next, start, room, out);
            if let Some(slot) = slot {
                let cuts = out[first + 1..].iter();
                let cuts = cuts.fold(0, |cuts, token| cuts | 1 << (token.0 as usize - start));
                room.kept.keep(slot, part, next, cuts);
            }
        }
    }

    /// Appends the tokens of one stretch, which begins at `start`.
    fn cut(
        &self,
        weights: &[u8],
        part: &str,
        next: Next,
        start: usize,
        room: &mut Room,
        out: &mut Vec<(u32, u32)>,
    ) {
        let mut from = start;
        if room.stretch.read(part, next, self.letters) {
            for at in 1..room.stretch.len() {
                if !room.stretch.is_place(at, self.letters) {
                    continue;
                }
                room.stretch.features(at, &mut room.features);
                let mut sum = 0i32;
                for &feature in &room.features {
                    let at = feature as usize * 2;
                    sum += i32::from(i16::from_le_bytes([weights[at], weights[at + 1]]));
                }
                if sum > 0 {
                    let cut = start + room.stretch.offset(at);
                    out.push((from as u32, cut as u32));
                    from = cut;
                }
            }
        }
        out.push((from as u32, (start + part.len()) as u32));
    }
}

/// Stretches whose cuts are kept: a place each, a newer one takes it over. Cuts depend on the stretch and
/// on what follows alone, so that answers do not depend on what was seen before.
#[derive(Clone, Debug, Default)]
struct Kept(Vec<Slot>);

/// Slots: a power of two.
const SLOTS: usize = 2048;
/// The longest stretch that is kept, in bytes: a bit of a cut each.
const KEPT: usize = 31;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    text: [u8; KEPT],
    /// 0 where nothing is kept.
    length: u8,
    next: u8,
    cuts: u32,
}

impl Kept {
    /// Where a stretch would be; none for a long one.
    fn slot(&mut self, text: &str, next: Next) -> Option<usize> {
        if self.0.is_empty() {
            self.0.resize(SLOTS, Slot::default());
        }
        (text.len() <= KEPT)
            .then(|| hash(43, text.as_bytes()).wrapping_add(next.number()) as usize & (SLOTS - 1))
    }

    fn cuts(&self, slot: usize, text: &str, next: Next) -> Option<u32> {
        let slot = &self.0[slot];
        let same = slot.length as usize == text.len()
            && u64::from(slot.next) == next.number()
            && slot.text[..text.len()] == *text.as_bytes();
        same.then_some(slot.cuts)
    }

    fn keep(&mut self, slot: usize, text: &str, next: Next, cuts: u32) {
        let slot = &mut self.0[slot];
        slot.text[..text.len()].copy_from_slice(text.as_bytes());
        slot.length = text.len() as u8;
        slot.next = next.number() as u8;
        slot.cuts = cuts;
    }
}

/// What follows a stretch that ends at `end`, where the next begins at `start`.
pub(crate) fn next(text: &str, end: usize, start: usize) -> Next {
    match is_blank_line(&text[end..start]) {
        true => Next::End,
        false => Next::Class(text[start..].chars().next().map_or(Class::Other, class)),
    }
}

/// Whether white space holds a blank line, which ends a sentence.
pub(crate) fn is_blank_line(space: &str) -> bool {
    // Most white space is one blank.
    space.len() > 1 && space.bytes().filter(|byte| *byte == b'\n').take(2).count() == 2
}

/// Room for tokenising, kept between texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    kept: Kept,
    stretch: Stretch,
    features: Vec<u32>,
}
