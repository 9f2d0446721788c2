//! Small tools on texts: quoting for messages, searching without regard to case.

use std::borrow::Cow;
use std::fmt::Write;

use memchr::memmem;

/// The longest quotation in an explanation, in characters.
const QUOTED: usize = 60;

/// A text in quotes on one line, cut to a readable length.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// `"a" or "b"`: what would have been right, at most three of them.
pub(crate) fn alternatives<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::new();
    let mut texts = texts.peekable();
    let mut shown = 0;
    while let Some(text) = texts.next() {
        if shown == 3 {
            let _ = write!(list, " or {} more", 1 + texts.count());
            break;
        }
        if shown > 0 {
            list.push_str(" or ");
        }
        list.push_str(&quote(text));
        shown += 1;
    }
    list
}

/// One line for an explanation, cut at `max` characters.
pub(crate) fn line(text: &str, max: usize) -> Cow<'_, str> {
    let short = text
        .char_indices()
        .nth(max)
        .map_or(text, |(end, _)| &text[..end]);
    if short.contains(['\n', '\r']) || short.len() < text.len() {
        let mut line = short.replace(['\n', '\r'], " ");
        if short.len() < text.len() {
            line.push('…');
        }
        return Cow::Owned(line);
    }
    Cow::Borrowed(short)
}

/// Lower case, character by character, so that searching does not depend on what stands around;
/// both Greek sigmas are one.
pub(crate) fn lower(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// [`lower`] over a text; one of ASCII keeps its length.
pub(crate) fn lowered(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(lower).collect()
    }
}

/// Whether two texts are the same but for case.
pub(crate) fn same_but_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().flat_map(lower).eq(b.chars().flat_map(lower))
}

/// A prepared search for a text.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    finder: memmem::Finder<'static>,
    ignore_case: bool,
}

impl Needle {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Self {
        let finder = if ignore_case {
            memmem::Finder::new(lowered(text).as_bytes()).into_owned()
        } else {
            memmem::Finder::new(text.as_bytes()).into_owned()
        };
        Self {
            finder,
            ignore_case,
        }
    }

    /// The first place in `text`, as bytes.
    pub(crate) fn find(&self, text: &str) -> Option<(usize, usize)> {
        if self.ignore_case {
            let folded = lowered(text);
            let at = self.finder.find(folded.as_bytes())?;
            Some(unfold(text, &folded, at, self.finder.needle().len()))
        } else {
            let at = self.finder.find(text.as_bytes())?;
            Some((at, at + self.finder.needle().len()))
        }
    }
}

/// The first place of `needle` in `text`, for needles that are used once.
pub(crate) fn find(text: &str, needle: &str, ignore_case: bool) -> Option<(usize, usize)> {
    if ignore_case {
        let (folded, needle) = (lowered(text), lowered(needle));
        let at = memmem::find(folded.as_bytes(), needle.as_bytes())?;
        Some(unfold(text, &folded, at, needle.len()))
    } else {
        let at = memmem::find(text.as_bytes(), needle.as_bytes())?;
        Some((at, at + needle.len()))
    }
}

/// The first place of `word` in `text` that no letter or digit touches, whatever the case.
pub(crate) fn find_word(text: &str, word: &str) -> Option<(usize, usize)> {
    let (folded, word) = (lowered(text), lowered(word));
    let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let at = memmem::find_iter(folded.as_bytes(), word.as_bytes()).find(|at| {
        free(folded[..*at].chars().next_back()) && free(folded[at + word.len()..].chars().next())
    })?;
    Some(unfold(text, &folded, at, word.len()))
}

/// The place in `text` of `len` bytes at `at` in its lower-cased form. A character that only
/// partly matched (`İ` is two when lower) is taken whole.
fn unfold(text: &str, folded: &str, at: usize, len: usize) -> (usize, usize) {
    if text.len() == folded.len() && text.is_ascii() {
        return (at, at + len);
    }
    let (mut start, mut end, mut position) = (0, 0, 0);
    for (index, c) in text.char_indices() {
        if position <= at {
            start = index;
            end = index;
        }
        if position >= at + len {
            break;
        }
        position += lower(c).map(char::len_utf8).sum::<usize>();
        end = index + c.len_utf8();
    }
    if at == folded.len() {
        (text.len(), text.len())
    } else {
        (start, end.max(start))
    }
}

/// The byte length of the part of `text` that `prefix` covers, if `text` starts with it.
pub(crate) fn prefix_len(text: &str, prefix: &str, ignore_case: bool) -> Option<usize> {
    if !ignore_case {
        return text.starts_with(prefix).then_some(prefix.len());
    }
    let mut wanted = prefix.chars().flat_map(lower).peekable();
    for (index, c) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(index);
        }
        for c in lower(c) {
            match wanted.next() {
                Some(w) if w == c => {}
                // The prefix ends within a character: it counts as covered.
                None => {}
                Some(_) => return None,
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

/// The byte length of the part of `text` that `suffix` covers, if `text` ends with it.
pub(crate) fn suffix_len(text: &str, suffix: &str, ignore_case: bool) -> Option<usize> {
    if !ignore_case {
        return text.ends_with(suffix).then_some(suffix.len());
    }
    let (folded, suffix) = (lowered(text), lowered(suffix));
    folded.ends_with(&suffix).then(|| {
        let (start, _) = unfold(text, &folded, folded.len() - suffix.len(), suffix.len());
        text.len() - start
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_and_the_place_is_that_in_the_original() {
        assert_eq!(find("Der İGEL schläft", "igel", true), None);
        assert_eq!(find("Der Igel", "IGEL", true), Some((4, 8)));
        assert_eq!(find("ŻÓŁĆ żółć", "żółć", true), Some((0, 8)));
        let text = "İİ Straße";
        let (start, end) = Needle::new("STRAße", true).find(text).unwrap();
        assert_eq!(&text[start..end], "Straße");
        assert_eq!(find("ΟΔΟΣ", "οδος", true), Some((0, 8)));
        assert_eq!(find_word("cat, A CAT", "a"), Some((5, 6)));
        assert_eq!(find_word("aaaa", "aa"), None);
    }

    #[test]
    fn prefixes_and_suffixes_are_measured_in_the_text() {
        assert_eq!(prefix_len("Éa", "é", true), Some(2));
        assert_eq!(prefix_len("a", "ab", true), None);
        assert_eq!(suffix_len("a É", "é", true), Some(2));
        assert_eq!(suffix_len("a", "", true), Some(0));
        assert_eq!(prefix_len("", "", true), Some(0));
    }

    #[test]
    fn long_texts_are_cut_in_quotations() {
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
        assert!(quote(&"x".repeat(1000)).chars().count() < 70);
        assert_eq!(
            alternatives(["a", "b", "c", "d", "e"].into_iter()),
            "\"a\" or \"b\" or \"c\" or 2 more"
        );
    }
}
