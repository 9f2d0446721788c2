//! What of a text the annotation does not see: a [`Mask`] is filled by stages before there are tokens.
//!
//! A hidden span keeps its bytes in the document, and all offsets point into the original text. To the
//! tokeniser it is white space, an end of a sentence, or one token that is kept whole and tagged `X`.

use std::ops::Range;

/// How a span is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// As white space: no token, and the sentence goes on (markup of emphasis).
    Space,
    /// As a blank line: no token, and a sentence ends before it (a block of code).
    Break,
    /// As one token that is one word, a token a stretch without white space (code in a line of text).
    /// Its UPOS is `X`, its lemma its form.
    Token,
}

/// Spans that are hidden from the annotation, and places where sentences end.
///
/// ```
/// use botsmith_nlp::stages::{Hidden, Mask};
/// let mut mask = Mask::default();
/// mask.hide(0..2, Hidden::Space);
/// mask.end_sentence(7);
/// assert!(!mask.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    spans: Vec<(Range<usize>, Hidden)>,
    ends: Vec<usize>,
}

impl Mask {
    /// Hides bytes of the text. Where spans overlap, the one hidden last counts; the borders of a span
    /// inside a character move outwards, and what lies past the text is left out.
    pub fn hide(&mut self, span: Range<usize>, how: Hidden) {
        if span.start < span.end {
            self.spans.push((span, how));
        }
    }

    /// Ends a sentence at a byte of the text: no sentence goes over it.
    pub fn end_sentence(&mut self, offset: usize) {
        self.ends.push(offset);
    }

    /// Whether nothing is hidden and no sentence is ended.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.ends.is_empty()
    }

    /// The text as the annotation sees it; none where all of it is seen.
    pub(crate) fn over(&self, text: &str) -> Option<Masked> {
        if self.is_empty() {
            return None;
        }
        let mut blank = text.as_bytes().to_vec();
        let mut filled = blank.clone();
        // The kind of each hidden byte: later spans over earlier ones.
        let mut kinds: Vec<Option<Hidden>> = vec![None; text.len()];
        let mut ends = self.ends.clone();
        for (span, how) in &self.spans {
            let (mut start, mut end) = (span.start.min(text.len()), span.end.min(text.len()));
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            kinds[start..end].fill(Some(*how));
            if *how == Hidden::Break {
                ends.push(start);
            }
        }
        for (at, kind) in kinds.iter().enumerate() {
            let fill = match kind {
                None => continue,
                Some(Hidden::Break) => b'\n',
                Some(_) => b' ',
            };
            blank[at] = fill;
            filled[at] = fill;
        }
        let mut tokens: Vec<(u32, u32)> = Vec::new();
        let mut before = None;
        for (at, c) in text.char_indices() {
            let inside = kinds[at] == Some(Hidden::Token) && !c.is_whitespace();
            if inside {
                let end = at + c.len_utf8();
                filled[at..end].fill(b'x');
                match tokens.last_mut() {
                    Some(last) if last.1 as usize == at && before == kinds[at] => {
                        last.1 = end as u32;
                    }
                    _ => tokens.push((at as u32, end as u32)),
                }
            }
            before = kinds[at];
        }
        ends.sort_unstable();
        ends.dedup();
        let text = |bytes| String::from_utf8(bytes).expect("whole characters became ASCII");
        Some(Masked {
            blank: text(blank),
            filled: text(filled),
            tokens,
            ends,
        })
    }
}

/// A text with what is hidden blanked, byte for byte as long.
#[derive(Debug)]
pub(crate) struct Masked {
    blank: String,
    filled: String,
    tokens: Vec<(u32, u32)>,
    ends: Vec<usize>,
}

impl Masked {
    /// What the tokeniser sees: blanks for everything hidden.
    pub(crate) fn blank(&self) -> &str {
        &self.blank
    }

    /// What the splitter sees: words of `x` for tokens that are kept whole.
    pub(crate) fn filled(&self) -> &str {
        &self.filled
    }

    /// Adds the tokens that are kept whole at their places.
    pub(crate) fn add_tokens(&self, tokens: &mut Vec<(u32, u32)>) {
        tokens.extend(&self.tokens);
        tokens.sort_unstable();
    }

    /// Whether a token that starts here is kept whole.
    pub(crate) fn is_whole(&self, start: u32) -> bool {
        let find = self.tokens.binary_search_by_key(&start, |token| token.0);
        find.is_ok()
    }

    /// Adds the ends of sentences that were asked for: `ends` counts tokens, as the splitter does.
    pub(crate) fn add_ends(&self, tokens: &[(u32, u32)], ends: &mut Vec<usize>) {
        let places = self.ends.iter().map(|offset| {
            // A token that goes over the place belongs to the sentence before.
            tokens.partition_point(|token| (token.0 as usize) < *offset)
        });
        ends.extend(places.filter(|place| *place > 0));
        ends.sort_unstable();
        ends.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_spans_become_blanks_of_the_same_length() {
        let mut mask = Mask::default();
        mask.hide(0..2, Hidden::Space);
        mask.hide(4..8, Hidden::Token);
        mask.hide(8..100, Hidden::Break);
        let text = "**ab`é` ü\u{1f600}";
        let masked = mask.over(text).expect("something is hidden");
        assert_eq!(masked.blank().len(), text.len());
        assert_eq!(
            masked.blank(),
            format!("  ab    {}", "\n".repeat(text.len() - 8))
        );
        assert_eq!(masked.tokens, [(4, 8)]);
        assert!(masked.is_whole(4) && !masked.is_whole(2));
        assert!(Mask::default().over(text).is_none());
    }

    #[test]
    fn a_sentence_ends_where_it_is_told_to() {
        let mut mask = Mask::default();
        mask.end_sentence(3);
        let masked = mask.over("aa bb cc").expect("a sentence ends");
        let mut ends = vec![3];
        masked.add_ends(&[(0, 2), (3, 5), (6, 8)], &mut ends);
        assert_eq!(ends, [1, 3]);
    }
}
