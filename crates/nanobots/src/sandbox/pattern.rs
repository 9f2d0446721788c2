//! Lua patterns with a budget: subject and pattern in, the first match out.
//!
//! Semantics of `lstrlib.c` of Lua 5.4 (manual §6.4.1), in the C locale. That code cannot be
//! interrupted, and a pattern like `.-.-.-.-b` takes it time without end; here each step is
//! charged to the [`Meter`]. Replacement and iteration are in `prelude.lua`.

use super::meter::{Meter, Stopped};

const CAPTURES: usize = 32;
const DEPTH: usize = 200;
/// Steps between two looks at the meter.
const STRIDE: u64 = 2048;

/// What a pattern found: byte offsets into the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) captures: Vec<Capture>,
}

/// One capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// A piece of the subject.
    Piece(usize, usize),
    /// `()`: where it stands, from 0.
    Position(usize),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Stopped,
    Pattern(String),
}

impl From<Stopped> for Fault {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

fn malformed<T>(what: &str) -> Result<T, Fault> {
    Err(Fault::Pattern(what.to_owned()))
}

#[derive(Clone, Copy)]
enum Length {
    Open,
    Position,
    Closed(usize),
}

struct Matcher<'a> {
    subject: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<(usize, Length)>,
    depth: usize,
    steps: u64,
    meter: &'a Meter,
}

/// The first match at or after `from` whose end is not `not_end`. A `^` at the pattern's start
/// ties it to `from` if `anchors`, and is a plain character otherwise (as in `gmatch`).
pub(super) fn seek(
    subject: &[u8],
    pattern: &[u8],
    from: usize,
    not_end: Option<usize>,
    anchors: bool,
    meter: &Meter,
) -> Result<Option<Found>, Fault> {
    let anchored = anchors && pattern.first() == Some(&b'^');
    let mut matcher = Matcher {
        subject,
        pattern: if anchored { &pattern[1..] } else { pattern },
        captures: Vec::new(),
        depth: 0,
        steps: 0,
        meter,
    };
    let mut start = from;
    while start <= subject.len() {
        matcher.captures.clear();
        if let Some(end) = matcher.run(start, 0)?
            && Some(end) != not_end
        {
            let captures = matcher.collect()?;
            meter.charge(matcher.steps)?;
            return Ok(Some(Found {
                start,
                end,
                captures,
            }));
        }
        if anchored {
            break;
        }
        start += 1;
    }
    meter.charge(matcher.steps)?;
    Ok(None)
}

impl Matcher<'_> {
    fn tick(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps >= STRIDE {
            self.meter.charge(self.steps)?;
            self.steps = 0;
        }
        Ok(())
    }

    fn collect(&self) -> Result<Vec<Capture>, Fault> {
        self.captures
            .iter()
            .map(|&(start, length)| match length {
                Length::Open => malformed("unfinished capture"),
                Length::Position => Ok(Capture::Position(start)),
                Length::Closed(length) => Ok(Capture::Piece(start, start + length)),
            })
            .collect()
    }

    fn at(&self, index: usize) -> Option<u8> {
        self.pattern.get(index).copied()
    }

    /// Where the match of the pattern from `p` ends that starts at `s`.
    fn run(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.depth >= DEPTH {
            return malformed("pattern too complex");
        }
        self.depth += 1;
        let end = self.steps_from(s, p);
        self.depth -= 1;
        end
    }

    fn steps_from(&mut self, mut s: usize, mut p: usize) -> Result<Option<usize>, Fault> {
        loop {
            self.tick()?;
            let Some(letter) = self.at(p) else {
                return Ok(Some(s));
            };
            match letter {
                b'(' if self.at(p + 1) == Some(b')') => {
                    return self.open(s, p + 2, Length::Position);
                }
                b'(' => return self.open(s, p + 1, Length::Open),
                b')' => return self.close(s, p + 1),
                b'$' if p + 1 == self.pattern.len() => {
                    return Ok((s == self.subject.len()).then_some(s));
                }
                b'%' => match self.at(p + 1) {
                    Some(b'b') => match self.balance(s, p + 2)? {
                        Some(end) => {
                            (s, p) = (end, p + 4);
                            continue;
                        }
                        None => return Ok(None),
                    },
                    Some(b'f') => {
                        p += 2;
                        if self.at(p) != Some(b'[') {
                            return malformed("missing '[' after '%f' in pattern");
                        }
                        let end = self.class_end(p)?;
                        let before = match s {
                            0 => 0,
                            _ => self.subject[s - 1],
                        };
                        let here = self.subject.get(s).copied().unwrap_or(0);
                        if !self.in_set(before, p, end - 1) && self.in_set(here, p, end - 1) {
                            p = end;
                            continue;
                        }
                        return Ok(None);
                    }
                    Some(digit @ b'0'..=b'9') => match self.again(s, digit)? {
                        Some(end) => {
                            (s, p) = (end, p + 2);
                            continue;
                        }
                        None => return Ok(None),
                    },
                    _ => {}
                },
                _ => {}
            }
            let end = self.class_end(p)?;
            match self.at(end) {
                Some(b'?') => {
                    if self.single(s, p, end)
                        && let Some(found) = self.run(s + 1, end + 1)?
                    {
                        return Ok(Some(found));
                    }
                    p = end + 1;
                }
                Some(b'+') => {
                    return match self.single(s, p, end) {
                        true => self.most(s + 1, p, end),
                        false => Ok(None),
                    };
                }
                Some(b'*') => return self.most(s, p, end),
                Some(b'-') => return self.least(s, p, end),
                _ if !self.single(s, p, end) => return Ok(None),
                _ => (s, p) = (s + 1, end),
            }
        }
    }

    fn most(&mut self, s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        let mut count = 0;
        while self.single(s + count, p, end) {
            self.tick()?;
            count += 1;
        }
        loop {
            self.tick()?;
            if let Some(found) = self.run(s + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn least(&mut self, mut s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        loop {
            self.tick()?;
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.single(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, length: Length) -> Result<Option<usize>, Fault> {
        if self.captures.len() >= CAPTURES {
            return malformed("too many captures");
        }
        let level = self.captures.len();
        self.captures.push((s, length));
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures.truncate(level);
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let open = self
            .captures
            .iter()
            .rposition(|(_, length)| matches!(length, Length::Open));
        let Some(level) = open else {
            return malformed("invalid pattern capture");
        };
        self.captures[level].1 = Length::Closed(s - self.captures[level].0);
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures[level].1 = Length::Open;
        }
        Ok(found)
    }

    /// `%1` to `%9`: the text of an earlier capture again.
    fn again(&mut self, s: usize, digit: u8) -> Result<Option<usize>, Fault> {
        let wanted = usize::from(digit).wrapping_sub(usize::from(b'1'));
        let Some(&(start, Length::Closed(length))) = self.captures.get(wanted) else {
            return Err(Fault::Pattern(format!(
                "invalid capture index %{} in pattern",
                char::from(digit)
            )));
        };
        self.steps += length as u64 / 16;
        let piece = &self.subject[start..start + length];
        Ok(self.subject[s..].starts_with(piece).then_some(s + length))
    }

    /// `%bxy`: from `x` to the `y` that balances it.
    fn balance(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let (Some(open), Some(close)) = (self.at(p), self.at(p + 1)) else {
            return malformed("malformed pattern (missing arguments to '%b')");
        };
        if self.subject.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1_usize;
        for index in s + 1..self.subject.len() {
            self.tick()?;
            let byte = self.subject[index];
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(index + 1));
                }
            } else if byte == open {
                depth += 1;
            }
        }
        Ok(None)
    }

    /// The index after the single-character class that starts at `p`.
    fn class_end(&self, p: usize) -> Result<usize, Fault> {
        match self.at(p) {
            Some(b'%') if p + 1 >= self.pattern.len() => {
                malformed("malformed pattern (ends with '%')")
            }
            Some(b'%') => Ok(p + 2),
            Some(b'[') => {
                let mut q = p + 1;
                if self.at(q) == Some(b'^') {
                    q += 1;
                }
                loop {
                    match self.at(q) {
                        None => return malformed("malformed pattern (missing ']')"),
                        Some(b'%') => q += 2,
                        Some(_) => q += 1,
                    }
                    if self.at(q) == Some(b']') {
                        return Ok(q + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    fn single(&mut self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.subject.get(s) else {
            return false;
        };
        match self.pattern[p] {
            b'.' => true,
            b'%' => class(byte, self.pattern[p + 1]),
            b'[' => {
                // A set is read to its end for each character: long sets cost what they take.
                self.steps += (end - p) as u64 / 8;
                self.in_set(byte, p, end - 1)
            }
            letter => letter == byte,
        }
    }

    /// Whether `byte` is in the set from `[` at `p` to `]` at `close`.
    fn in_set(&self, byte: u8, mut p: usize, close: usize) -> bool {
        let mut inside = true;
        if self.pattern[p + 1] == b'^' {
            inside = false;
            p += 1;
        }
        p += 1;
        while p < close {
            if self.pattern[p] == b'%' {
                p += 1;
                if class(byte, self.pattern[p]) {
                    return inside;
                }
                p += 1;
            } else if self.pattern[p + 1] == b'-' && p + 2 < close {
                if (self.pattern[p]..=self.pattern[p + 2]).contains(&byte) {
                    return inside;
                }
                p += 3;
            } else {
                if self.pattern[p] == byte {
                    return inside;
                }
                p += 1;
            }
        }
        !inside
    }
}

fn class(byte: u8, letter: u8) -> bool {
    let is = match letter.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        _ => return letter == byte,
    };
    is != letter.is_ascii_uppercase()
}
