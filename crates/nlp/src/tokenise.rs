//! Text -> tokens, by white space and a linear model of the places between.
//!
//! White space always separates. Inside a stretch without white space, each place between two
//! characters that are not both letters or both digits is scored from the characters around it, the
//! runs of letters on both sides and the stretch as a whole. No regular expressions, no word lists:
//! what a URL or an abbreviation looks like is learned.

mod kept;
mod stretch;

use std::ops::Range;

use self::kept::Kept;
pub(crate) use self::stretch::Stretch;

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
