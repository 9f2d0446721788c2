//! Texts to words, as Tercom's tokenizer does it (sacrebleu 2.6.0's reading of `Normalizer.java`).

use super::Options;
use crate::metrics::interner::Interner;
use crate::metrics::strings::{is_space, lower_into, split};

/// Numbers for words; buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Tokenizer {
    words: Interner,
    text: String,
    spare: String,
    word: String,
}

impl Tokenizer {
    /// Forgets all words.
    pub(super) fn clear(&mut self) {
        self.words.clear();
    }

    /// Bytes that it keeps for the next texts.
    pub(super) fn kept(&self) -> usize {
        self.words.kept() + self.text.capacity() + self.spare.capacity()
    }

    /// The words of a candidate, as numbers.
    pub(super) fn candidate(&mut self, text: &str, options: Options, out: &mut Vec<u32>) {
        self.prepare(text, options);
        self.number(options, out);
    }

    /// The words of a reference, as numbers. sacrebleu normalises references twice, and the second
    /// time can part more: `a,.5` becomes `a , .5` and then `a , . 5`.
    pub(super) fn reference(&mut self, text: &str, options: Options, out: &mut Vec<u32>) {
        self.prepare(text, options);
        if options.normalized {
            self.spare.clear();
            for word in split(&self.text) {
                self.spare.extend(kept(word, options));
                self.spare.push(' ');
            }
            std::mem::swap(&mut self.text, &mut self.spare);
            self.tidy();
            normalise(&mut self.text, &mut self.spare, options.asian_support);
        }
        self.number(options, out);
    }

    fn prepare(&mut self, text: &str, options: Options) {
        let text = text.trim_end_matches(is_space);
        if options.case_sensitive {
            self.text.clear();
            self.text.push_str(text);
        } else {
            lower_into(text, &mut self.text);
        }
        if options.normalized && !text.is_empty() {
            normalise(&mut self.text, &mut self.spare, options.asian_support);
        }
    }

    /// One space between words, none around them.
    fn tidy(&mut self) {
        self.spare.clear();
        for word in split(&self.text) {
            if !self.spare.is_empty() {
                self.spare.push(' ');
            }
            self.spare.push_str(word);
        }
        std::mem::swap(&mut self.text, &mut self.spare);
    }

    fn number(&mut self, options: Options, out: &mut Vec<u32>) {
        out.clear();
        if !options.no_punct {
            out.extend(split(&self.text).map(|word| self.words.number(word)));
            return;
        }
        for word in split(&self.text) {
            self.word.clear();
            self.word.extend(kept(word, options));
            if !self.word.is_empty() {
                out.push(self.words.number(&self.word));
            }
        }
    }
}

/// What `no_punct` leaves of a word.
fn kept(word: &str, options: Options) -> impl Iterator<Item = char> {
    word.chars().filter(move |&c| {
        !options.no_punct
            || !(is_punctuation(c) || options.asian_support && is_asian_punctuation(c))
    })
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '.' | ',' | '?' | ':' | ';' | '!' | '"' | '(' | ')')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c,
        '、' | '。' | '〈'..='】' | '〔'..='〟' | '｡'..='･' | '・'
        | '．' | '，' | '？' | '：' | '；' | '！' | '＂' | '（' | '）')
}

/// Characters that are words by themselves in Chinese and Japanese. The long range is sacrebleu's:
/// its `3f22` was to be `32ff`. Its rules for runs of kana never apply (they ask for the beginning
/// of the text, where a space has been put), so kana stay together.
fn is_asian_word(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{31c0}'..='\u{31ef}'
        | '\u{2e80}'..='\u{2eff}' | '\u{3300}'..='\u{33ff}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{3200}'..='\u{3f22}')
        || is_asian_punctuation(c)
}

/// Western punctuation apart from words, entities resolved, lines joined. One pass a rule, in the
/// reference's order: what one puts in, the next one sees.
fn normalise(text: &mut String, spare: &mut String, asian: bool) {
    let mut pass = |rule: &dyn Fn(&str, &mut String)| {
        spare.clear();
        rule(text, spare);
        std::mem::swap(text, spare);
    };
    pass(&join_lines);
    for (entity, stands_for) in [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        pass(&|text, out| replace(text, entity, stands_for, out));
    }
    pass(&part_marks);
    // The reference also looks for `'s` at the very end, where a space has been put.
    pass(&|text, out| replace(text, "'s ", " 's ", out));
    pass(&|text, out| after(text, |c| !c.is_ascii_digit(), is_stop, out));
    pass(&part_before);
    pass(&|text, out| after(text, |c| c.is_ascii_digit(), |c| c == '-', out));
    if asian {
        pass(&part_asian);
    }
}

/// Words hyphenated at the end of a line become whole, other line ends a space.
fn join_lines(text: &str, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\n' {
            out.push(c);
        } else if chars.next_if_eq(&'-').is_none() {
            out.push(' ');
        }
    }
}

fn replace(text: &str, from: &str, to: &str, out: &mut String) {
    let mut done = 0;
    for (at, _) in text.match_indices(from) {
        out.push_str(&text[done..at]);
        out.push_str(to);
        done = at + from.len();
    }
    out.push_str(&text[done..]);
}

/// Spaces around the text and around each mark, spaces included, but for `' , - .`.
fn part_marks(text: &str, out: &mut String) {
    out.push_str("   ");
    for c in text.chars() {
        match c {
            '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/' => {
                out.extend([' ', c, ' ']);
            }
            _ => out.push(c),
        }
    }
    out.push_str("   ");
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | ',')
}

/// Spaces around a mark that follows a character of one kind. The two are taken together, so the
/// mark is not what a next one follows.
fn after(text: &str, before: impl Fn(char) -> bool, mark: impl Fn(char) -> bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if before(c)
            && let Some(mark) = chars.next_if(|&c| mark(c))
        {
            out.extend([' ', mark, ' ']);
        }
    }
}

/// Spaces around a full stop or comma that is followed by anything but a digit; likewise taken
/// together.
fn part_before(text: &str, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_stop(c)
            && let Some(next) = chars.next_if(|c| !c.is_ascii_digit())
        {
            out.extend([' ', c, ' ', next]);
        } else {
            out.push(c);
        }
    }
}

fn part_asian(text: &str, out: &mut String) {
    for c in text.chars() {
        if is_asian_word(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Tokenizer};

    /// Whether two texts have the same words, the second one with all settings off.
    fn same(text: &str, options: Options, words: &str) {
        let mut tokenizer = Tokenizer::default();
        let (mut ours, mut wanted) = (vec![], vec![]);
        tokenizer.candidate(text, options, &mut ours);
        let plain = Options {
            case_sensitive: true,
            ..Options::default()
        };
        tokenizer.candidate(words, plain, &mut wanted);
        assert_eq!(ours, wanted, "{text:?} is not {words:?}");
    }

    #[test]
    fn references_are_normalised_twice_as_in_sacrebleu() {
        let options = Options {
            normalized: true,
            ..Options::default()
        };
        let mut tokenizer = Tokenizer::default();
        let (mut once, mut twice, mut wanted) = (vec![], vec![], vec![]);
        tokenizer.candidate("a,.5", options, &mut once);
        tokenizer.reference("a,.5", options, &mut twice);
        tokenizer.candidate("a , . 5", Options::default(), &mut wanted);
        assert_eq!((once.len(), twice), (3, wanted));
    }

    #[test]
    fn normalisation_parts_marks_from_words_but_not_inside_numbers() {
        let options = Options {
            normalized: true,
            ..Options::default()
        };
        for (text, words) in [
            (
                "It's 3,000.50 (about), \"fine\"...",
                "it 's 3,000.50 ( about ) , \" fine \" . . .",
            ),
            ("co-\noperate one\ntwo\n-three", "co- operate one twothree"),
            ("&amp;quot; &amp;lt; R&D", "& quot ; < r & d"),
            ("1990-2000 well-known", "1990 - 2000 well-known"),
            ("a.. b,,c 5. 6,", "a . . b , , c 5 . 6 ,"),
            ("dogs' day, dog's", "dogs' day , dog 's"),
            ("  \n ", ""),
        ] {
            same(text, options, words);
        }
    }

    #[test]
    fn asian_support_parts_ideographs_and_marks_and_leaves_kana_together() {
        let options = Options {
            normalized: true,
            asian_support: true,
            ..Options::default()
        };
        same(
            "今天、ひらがなカナ。ok",
            options,
            "今 天 、 ひらがなカナ 。 ok",
        );
        let options = Options {
            no_punct: true,
            asian_support: true,
            ..Options::default()
        };
        same("今天、好。（ok）! A.B (", options, "今天好ok ab");
    }
}
