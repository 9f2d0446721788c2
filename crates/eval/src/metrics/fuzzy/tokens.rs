//! A text's tokens, in order of code points, and sequences joined of them.

use std::cmp::Ordering;

use crate::metrics::wer::is_space;

/// One token: where it is in the text's bytes and in its code points.
#[derive(Clone, Copy, Debug)]
struct Token {
    bytes: (u32, u32),
    codes: (u32, u32),
}

impl Token {
    fn text<'a>(&self, whole: &'a str) -> &'a str {
        &whole[self.bytes.0 as usize..self.bytes.1 as usize]
    }

    fn length(&self) -> usize {
        (self.codes.1 - self.codes.0) as usize
    }
}

/// A text's code points as symbols, and its tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) codes: Vec<u32>,
    sorted: Vec<Token>,
    /// Tokens without repeats that the other side does not have.
    own: Vec<Token>,
    /// Sorted tokens with a space between them.
    pub(super) sorted_codes: Vec<u32>,
    /// As `sorted_codes`, of the own tokens.
    pub(super) own_codes: Vec<u32>,
}

/// What two texts' tokens have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shared {
    /// How many different tokens both have.
    pub(super) count: usize,
    /// Their length with a space between them.
    pub(super) length: usize,
}

impl Side {
    /// Finds the tokens of `text`, whose symbols are in `codes`.
    pub(super) fn split(&mut self, text: &str) {
        self.sorted.clear();
        // rapidfuzz reads a text without characters above U+00FF as bytes, and knows only the white
        // space of ASCII there.
        let latin = text.chars().all(|c| c <= '\u{ff}');
        let space = |c: char| is_space(c) && !(latin && c > '\u{7f}');
        let (mut begin, mut code) = (None, 0);
        for (at, c) in text.char_indices() {
            let at = at as u32;
            if space(c) {
                if let Some((byte, first)) = begin.take() {
                    self.sorted.push(Token {
                        bytes: (byte, at),
                        codes: (first, code),
                    });
                }
            } else if begin.is_none() {
                begin = Some((at, code));
            }
            code += 1;
        }
        if let Some((byte, first)) = begin {
            self.sorted.push(Token {
                bytes: (byte, text.len() as u32),
                codes: (first, code),
            });
        }
        self.sorted
            .sort_unstable_by(|a, b| a.text(text).cmp(b.text(text)));
        join(&self.codes, &self.sorted, &mut self.sorted_codes);
    }

    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn own_count(&self) -> usize {
        self.own.len()
    }
}

/// Finds what only one side has, after [`Side::split`] of both.
pub(super) fn compare(a: &mut Side, b: &mut Side, (text_a, text_b): (&str, &str)) -> Shared {
    a.own.clear();
    b.own.clear();
    let mut shared = Shared::default();
    let (mut i, mut j) = (0, 0);
    // After a token, past its repeats.
    let after = |tokens: &[Token], text: &str, at: usize| {
        let token = tokens[at].text(text);
        let repeats = tokens[at..].iter().take_while(|t| t.text(text) == token);
        at + repeats.count()
    };
    loop {
        let order = match (a.sorted.get(i), b.sorted.get(j)) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => x.text(text_a).cmp(y.text(text_b)),
        };
        match order {
            Ordering::Less => a.own.push(a.sorted[i]),
            Ordering::Greater => b.own.push(b.sorted[j]),
            Ordering::Equal => {
                shared.length += a.sorted[i].length() + usize::from(shared.count > 0);
                shared.count += 1;
            }
        }
        if order != Ordering::Greater {
            i = after(&a.sorted, text_a, i);
        }
        if order != Ordering::Less {
            j = after(&b.sorted, text_b, j);
        }
    }
    join(&a.codes, &a.own, &mut a.own_codes);
    join(&b.codes, &b.own, &mut b.own_codes);
    shared
}

fn join(codes: &[u32], tokens: &[Token], out: &mut Vec<u32>) {
    out.clear();
    for token in tokens {
        if !out.is_empty() {
            out.push(u32::from(' '));
        }
        out.extend_from_slice(&codes[token.codes.0 as usize..token.codes.1 as usize]);
    }
}
