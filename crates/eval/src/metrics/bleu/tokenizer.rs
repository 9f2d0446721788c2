//! sacrebleu's tokenizers: a text -> the byte ranges of its tokens, in one pass.
//!
//! The reference (sacrebleu 2.6.0, `tokenizers/`) rewrites the line with regular expressions, one
//! after the other, that put spaces around characters. All of them say, for `13a`, `zh` and `intl`
//! alike: some characters stand alone; a point (comma and full stop, or any punctuation) stands
//! alone unless a number is next to it. [`split`] decides that with one look back and one ahead.
//!
//! The expressions match without overlap, and so a point can be used up as the neighbour of the
//! one before it: in `a,,5` the second comma stays with the 5. [`split`] keeps that.
//!
//! Not here: `ja-mecab`, `ko-mecab`, `spm` and the flores models, which need dictionaries.

mod newer;

use memchr::memchr3_iter;
use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// How a text becomes tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tokenizer {
    /// mteval-v13a, WMT's: ASCII punctuation apart, full stop and comma unless beside a digit.
    /// White space is the only word boundary for scripts without spaces.
    #[default]
    V13a,
    /// mteval-v14's international one: every Unicode symbol apart, punctuation unless beside a
    /// number.
    Intl,
    /// Chinese characters apart, the rest as `13a`. As in the reference, U+2001 to U+2A6D count as
    /// Chinese too (dashes, curly quotes, arrows, currency signs): a slip there (`"\u20000"` is two
    /// characters in Python) that all published scores have.
    Zh,
    /// Every character that is not white space.
    Char,
    /// What stands between white space.
    None,
}

impl Tokenizer {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::V13a, Self::Intl, Self::Zh, Self::Char, Self::None];

    /// sacrebleu's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V13a => "13a",
            Self::Intl => "intl",
            Self::Zh => "zh",
            Self::Char => "char",
            Self::None => "none",
        }
    }

    /// The line as the reference's tokenizer writes it: tokens with single spaces between them;
    /// for `char` all characters (white space too) with spaces between them; for `none` the line.
    /// White space at the end is taken off first, as BLEU does.
    ///
    /// ```
    /// use botsmith_eval::metrics::bleu::Tokenizer;
    /// let line = "It's 3.5 %, or \"so\".";
    /// assert_eq!(Tokenizer::V13a.tokenize(line), "It's 3.5 % , or \" so \" .");
    /// assert_eq!(Tokenizer::Intl.tokenize(line), "It ' s 3.5 % , or \" so \" .");
    /// assert_eq!(Tokenizer::Zh.tokenize("我爱AI."), "我 爱 AI .");
    /// ```
    pub fn tokenize(self, line: &str) -> String {
        let mut out = String::with_capacity(line.len() * 2);
        let mut buffers = Buffers::default();
        let line = buffers.prepare(line, false, self);
        match self {
            Self::None => out.push_str(line),
            Self::Char => {
                for c in line.chars() {
                    if !out.is_empty() {
                        out.push(' ');
                    }
                    out.push(c);
                }
            }
            _ => self.spans(line, |start, end| {
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push_str(&line[start..end]);
            }),
        }
        out
    }

    /// Calls `emit` with the start and end of each token of a [prepared](Buffers::prepare) line.
    pub(in crate::metrics) fn spans(self, line: &str, emit: impl FnMut(usize, usize)) {
        match self {
            Self::V13a => split::<V13a>(line, emit),
            Self::Intl => split::<Intl>(line, emit),
            Self::Zh => split::<Zh>(line, emit),
            Self::Char => split::<Chars>(line, emit),
            Self::None => split::<Words>(line, emit),
        }
    }
}

/// Python's `str.isspace`: Unicode white space and the four ASCII separators.
pub(in crate::metrics) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Room for a line that had to be rewritten.
#[derive(Clone, Debug, Default)]
pub(in crate::metrics) struct Buffers {
    lowered: String,
    rewritten: String,
    spare: String,
}

impl Buffers {
    /// The line as the tokenizer's splitting takes it: lower case if wanted, white space at the end
    /// off, `13a`'s entities and marks replaced.
    pub(in crate::metrics) fn prepare<'a>(
        &'a mut self,
        line: &'a str,
        lowercase: bool,
        tokenizer: Tokenizer,
    ) -> &'a str {
        let line = if lowercase {
            lower(line, &mut self.lowered);
            &self.lowered
        } else {
            line
        };
        let line = line.trim_end_matches(is_space);
        if tokenizer == Tokenizer::Zh {
            return line.trim_start_matches(is_space);
        }
        if tokenizer != Tokenizer::V13a || !has_marks(line) {
            return line;
        }
        replace(line, "<skipped>", "", &mut self.rewritten);
        for (from, to) in [
            ("-\n", ""),
            // A lone line feed is white space and needs no replacing.
            ("&quot;", "\""),
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ] {
            std::mem::swap(&mut self.rewritten, &mut self.spare);
            replace(&self.spare, from, to, &mut self.rewritten);
        }
        &self.rewritten
    }

    /// Bytes held.
    pub(in crate::metrics) fn capacity(&self) -> usize {
        self.lowered.capacity() + self.rewritten.capacity() + self.spare.capacity()
    }
}

/// Whether `13a` would replace anything.
fn has_marks(line: &str) -> bool {
    let bytes = line.as_bytes();
    memchr3_iter(b'<', b'&', b'\n', bytes).any(|i| match bytes[i] {
        b'\n' => i > 0 && bytes[i - 1] == b'-',
        b'<' => bytes[i..].starts_with(b"<skipped>"),
        _ => true,
    })
}

fn replace(line: &str, from: &str, to: &str, out: &mut String) {
    out.clear();
    let mut rest = line;
    while let Some(at) = rest.find(from) {
        out.push_str(&rest[..at]);
        out.push_str(to);
        rest = &rest[at + from.len()..];
    }
    out.push_str(rest);
}

/// Python's `str.lower`, into a buffer that is used again.
fn lower(line: &str, out: &mut String) {
    out.clear();
    if line.is_ascii() {
        out.push_str(line);
        out.make_ascii_lowercase();
    } else if line.contains('Σ') {
        // Its lower case depends on its place in the word.
        out.push_str(&line.to_lowercase());
    } else {
        out.extend(line.chars().flat_map(char::to_lowercase));
    }
}

/// What a character does to the words around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Plain,
    /// Between words.
    Space,
    /// A word by itself.
    Alone,
    /// A word by itself unless beside a number.
    Point,
    /// Keeps a point beside it.
    Number,
    /// A word by itself after a number, else part of a word.
    Dash,
    /// Not ASCII: only the whole character tells.
    Wide,
}

use Class::{Alone, Dash, Number, Plain, Point, Space, Wide};

/// The classes of one tokenizer.
trait Rules {
    /// Whether a space is put before and after the line first.
    const PADDED: bool;
    /// By byte; of bytes that are not ASCII, lead bytes may be [`Wide`] and the others are plain.
    const ASCII: &'static [Class; 256];
    /// The class of a character that is not ASCII.
    fn wide(c: char) -> Class;
}

fn wide_space(c: char) -> Class {
    if c.is_whitespace() { Space } else { Plain }
}

/// A table with Python's white space, and the lead bytes of other white space.
const fn spaces() -> [Class; 256] {
    let mut table = [Plain; 256];
    let mut i = 0;
    while i < 128 {
        if matches!(i, 9..=13 | 28..=32) {
            table[i] = Space;
        }
        i += 1;
    }
    // U+0085 and U+00A0; U+1680; U+2000 to U+205F; U+3000.
    (table[0xc2], table[0xe1], table[0xe2], table[0xe3]) = (Wide, Wide, Wide, Wide);
    table
}

/// Of `13a` and `zh`: ASCII punctuation but the apostrophe, comma, hyphen and full stop is alone.
const fn western() -> [Class; 256] {
    let mut table = spaces();
    let mut i = 0;
    while i < 128 {
        match i as u8 {
            b'{'..=b'~' | b'['..=b'`' | b'!'..=b'&' | b'('..=b'+' | b':'..=b'@' | b'/' => {
                table[i] = Alone;
            }
            b'.' | b',' => table[i] = Point,
            b'0'..=b'9' => table[i] = Number,
            b'-' => table[i] = Dash,
            _ => {}
        }
        i += 1;
    }
    table
}

/// Every character that is not ASCII is looked at whole.
const fn all_wide(mut table: [Class; 256]) -> [Class; 256] {
    let mut i = 0xc2;
    while i < 256 {
        table[i] = Wide;
        i += 1;
    }
    table
}

const fn international() -> [Class; 256] {
    let mut table = all_wide(spaces());
    let mut i = 0;
    while i < 128 {
        match i as u8 {
            b'$' | b'+' | b'<'..=b'>' | b'^' | b'`' | b'|' | b'~' => table[i] = Alone,
            b'0'..=b'9' => table[i] = Number,
            c if c.is_ascii_punctuation() => table[i] = Point,
            _ => {}
        }
        i += 1;
    }
    table
}

const fn characters() -> [Class; 256] {
    let mut table = all_wide(spaces());
    let mut i = 0;
    while i < 128 {
        if matches!(table[i], Plain) {
            table[i] = Alone;
        }
        i += 1;
    }
    table
}

struct V13a;

impl Rules for V13a {
    const PADDED: bool = true;
    const ASCII: &'static [Class; 256] = &western();
    fn wide(c: char) -> Class {
        wide_space(c)
    }
}

struct Zh;

impl Rules for Zh {
    const PADDED: bool = false;
    const ASCII: &'static [Class; 256] = &all_wide(western());
    fn wide(c: char) -> Class {
        if c.is_whitespace() {
            Space
        } else if is_chinese(c) {
            Alone
        } else {
            Plain
        }
    }
}

struct Intl;

impl Rules for Intl {
    const PADDED: bool = false;
    const ASCII: &'static [Class; 256] = &international();
    fn wide(c: char) -> Class {
        if c.is_whitespace() {
            return Space;
        }
        match get_general_category(c) {
            Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation => Point,
            Category::MathSymbol
            | Category::CurrencySymbol
            | Category::ModifierSymbol
            | Category::OtherSymbol => Alone,
            Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber => Number,
            Category::Unassigned => newer::newer(c).unwrap_or(Plain),
            _ => Plain,
        }
    }
}

struct Chars;

impl Rules for Chars {
    const PADDED: bool = false;
    const ASCII: &'static [Class; 256] = &characters();
    fn wide(c: char) -> Class {
        if c.is_whitespace() { Space } else { Alone }
    }
}

struct Words;

impl Rules for Words {
    const PADDED: bool = false;
    const ASCII: &'static [Class; 256] = &spaces();
    fn wide(c: char) -> Class {
        wide_space(c)
    }
}

/// The reference's ranges, U+2001 to U+2A6D and U+2F81 to U+2FA1 with them (see [`Tokenizer::Zh`]).
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{2001}'..='\u{2a6d}' | '\u{2e80}'..='\u{2fdf}' | '\u{2ff0}'..='\u{303f}'
        | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31c0}'..='\u{31ef}'
        | '\u{3200}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}' | '\u{f900}'..='\u{fa2d}'
        | '\u{fa30}'..='\u{fa6a}' | '\u{fa70}'..='\u{fad9}' | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}')
}

/// The class of the character at byte `i`, and its length in bytes.
#[inline]
fn look<R: Rules>(line: &str, i: usize) -> (Class, usize) {
    match R::ASCII[usize::from(line.as_bytes()[i])] {
        Wide => wide::<R>(line, i),
        class => (class, 1),
    }
}

fn wide<R: Rules>(line: &str, i: usize) -> (Class, usize) {
    match line[i..].chars().next() {
        Some(c) => (R::wide(c), c.len_utf8()),
        None => (Plain, 1),
    }
}

fn split<R: Rules>(line: &str, mut emit: impl FnMut(usize, usize)) {
    let bytes = line.as_bytes();
    // Where the current word starts.
    let mut word = 0;
    let mut i = 0;
    let mut last = Plain;
    // One past the last point that took the character before it as its neighbour.
    let mut taken = usize::MAX;
    while i < bytes.len() {
        if bytes[i] == b' ' {
            // White space to all rules, and by far the most frequent.
            if word < i {
                emit(word, i);
            }
            (word, last) = (i + 1, Space);
            i += 1;
            continue;
        }
        if R::ASCII[usize::from(bytes[i])] == Plain {
            // Letters are plain to all rules that have plain bytes of ASCII.
            i = letters_end(bytes, i + 1);
            last = Plain;
            continue;
        }
        let (class, width) = look::<R>(line, i);
        let next = i + width;
        let alone = match class {
            Plain | Number | Wide => false,
            Space | Alone => true,
            Dash => last == Number,
            Point => {
                // Taken apart from what stands before it, unless that is a number, or a point
                // that is used up; else from what stands after it, unless that is a number.
                if (i > 0 || R::PADDED) && last != Number && taken != i {
                    taken = next;
                    true
                } else if next < bytes.len() {
                    look::<R>(line, next).0 != Number
                } else {
                    R::PADDED
                }
            }
        };
        if alone {
            if word < i {
                emit(word, i);
            }
            if class != Space {
                emit(i, next);
            }
            word = next;
        }
        last = class;
        i = next;
    }
    if word < bytes.len() {
        emit(word, bytes.len());
    }
}

/// Where the ASCII letters end that begin at `i`; sooner in the last seven bytes of a line. Eight
/// bytes at a time, so that the length of a word costs no wrong guess of a branch.
#[inline]
fn letters_end(bytes: &[u8], mut i: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = 128 * ONES;
    while let Some(eight) = bytes.get(i..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let low = (word | (32 * ONES)) & !HIGH;
        // The high bit of a byte is set if it is at least `a`; if it is beyond `z`.
        let from_a = low + u64::from(128 - b'a') * ONES;
        let beyond_z = low + u64::from(127 - b'z') * ONES;
        let others = (!from_a | beyond_z | word) & HIGH;
        if others != 0 {
            return i + others.trailing_zeros() as usize / 8;
        }
        i += 8;
    }
    i
}

#[cfg(test)]
mod tests {
    use super::letters_end;

    #[test]
    fn letters_end_where_another_byte_stands() {
        for byte in 0..=255_u8 {
            for place in 0..9 {
                let mut bytes = [b'm'; 24];
                bytes[place] = byte;
                let wanted = if byte.is_ascii_alphabetic() {
                    24
                } else {
                    place
                };
                assert_eq!(letters_end(&bytes, 0), wanted, "{byte} at {place}");
            }
        }
        assert_eq!(letters_end(b"short", 1), 1);
        assert_eq!(letters_end(b"", 0), 0);
    }
}
