//! Yes-or-no properties of a word, and its shape.

use crate::Word;

/// A property that a word has or has not. Names in YAML are those of spaCy's attributes in lower case,
/// with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flag {
    /// Letters only.
    Alpha,
    /// ASCII characters only.
    Ascii,
    /// Decimal digits only.
    Digit,
    /// No upper-case letter, at least one lower-case one.
    Lower,
    /// No lower-case letter, at least one upper-case one.
    Upper,
    /// The first letter is upper case, all others lower.
    Title,
    /// No letter, digit, white space or symbol.
    Punct,
    /// Signs of currencies only.
    Currency,
    /// Quotation marks only.
    Quote,
    /// Brackets only.
    Bracket,
    /// The first word of its sentence.
    SentenceStart,
    /// The last word of its sentence.
    SentenceEnd,
    /// White space follows its token.
    SpaceAfter,
    /// A number in digits (`1,200.5`, `3rd`, `1/2`, `40%`) or an English number word (`twelve`).
    LikeNumber,
    /// A web address: a scheme, `www.`, or a name that ends with a common domain.
    LikeUrl,
    /// An e-mail address.
    LikeEmail,
}

impl Flag {
    /// Names in YAML.
    pub(super) const NAMES: [(&'static str, Self); 16] = [
        ("is-alpha", Self::Alpha),
        ("is-ascii", Self::Ascii),
        ("is-digit", Self::Digit),
        ("is-lower", Self::Lower),
        ("is-upper", Self::Upper),
        ("is-title", Self::Title),
        ("is-punct", Self::Punct),
        ("is-currency", Self::Currency),
        ("is-quote", Self::Quote),
        ("is-bracket", Self::Bracket),
        ("is-sent-start", Self::SentenceStart),
        ("is-sent-end", Self::SentenceEnd),
        ("space-after", Self::SpaceAfter),
        ("like-number", Self::LikeNumber),
        ("like-url", Self::LikeUrl),
        ("like-email", Self::LikeEmail),
    ];

    /// Whether a word has it.
    pub fn of(self, word: Word<'_>) -> bool {
        match self {
            Self::SentenceStart | Self::SentenceEnd => {
                let token = word.token();
                let words = token.word_range();
                match self {
                    Self::SentenceStart => {
                        let before = token.index().checked_sub(1);
                        let before = before.and_then(|at| word.doc().token(at));
                        word.index() == words.start
                            && before.is_none_or(crate::Token::ends_sentence)
                    }
                    _ => word.index() + 1 == words.end && token.ends_sentence(),
                }
            }
            Self::SpaceAfter => {
                let token = word.token();
                word.index() + 1 == token.word_range().end && !token.space_after().is_empty()
            }
            _ => self.of_form(word.form()),
        }
    }

    fn of_form(self, form: &str) -> bool {
        let all = |test: fn(char) -> bool| !form.is_empty() && form.chars().all(test);
        match self {
            Self::Alpha => all(char::is_alphabetic),
            Self::Ascii => form.is_ascii(),
            Self::Digit => all(|c| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())),
            Self::Lower => !form.contains(char::is_uppercase) && form.contains(char::is_lowercase),
            Self::Upper => !form.contains(char::is_lowercase) && form.contains(char::is_uppercase),
            Self::Title => {
                let mut letters = form.chars().filter(|c| c.is_alphabetic());
                letters.next().is_some_and(char::is_uppercase) && !letters.any(char::is_uppercase)
            }
            Self::Punct => all(is_punctuation),
            Self::Currency => all(|c| {
                matches!(
                    c,
                    '$' | '£' | '¢' | '¤' | '¥' | '฿' | '\u{20a0}'..='\u{20cf}' | '﷼' | '＄'
                )
            }),
            Self::Quote => all(
                |c| matches!(c, '"' | '\'' | '`' | '«' | '»' | '\u{2018}'..='\u{201f}' | '‹' | '›' | '「'..='』'),
            ),
            Self::Bracket => all(|c| matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>')),
            Self::LikeNumber => like_number(form),
            Self::LikeUrl => like_url(form),
            Self::LikeEmail => like_email(form),
            Self::SentenceStart | Self::SentenceEnd | Self::SpaceAfter => false,
        }
    }
}

fn is_punctuation(c: char) -> bool {
    match c.is_ascii() {
        true => {
            c.is_ascii_punctuation()
                && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
        }
        false => matches!(c,
            '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{ff01}'..='\u{ff0f}' | '،' | '؟' | '।'),
    }
}

const NUMBERS: [&str; 32] = [
    "billion",
    "dozen",
    "eight",
    "eighteen",
    "eighty",
    "eleven",
    "fifteen",
    "fifty",
    "five",
    "forty",
    "four",
    "fourteen",
    "hundred",
    "million",
    "nine",
    "nineteen",
    "ninety",
    "one",
    "seven",
    "seventeen",
    "seventy",
    "six",
    "sixteen",
    "sixty",
    "ten",
    "thirteen",
    "thirty",
    "thousand",
    "three",
    "trillion",
    "twelve",
    "twenty",
];

fn like_number(form: &str) -> bool {
    let lower = form.to_lowercase();
    let word = |part: &str| matches!(part, "zero" | "two") || NUMBERS.binary_search(&part).is_ok();
    if lower.split('-').all(word) {
        return true;
    }
    let rest = lower.trim_start_matches(['+', '-', '−', '±', '~', '#', '$', '€', '£']);
    let rest = rest.trim_end_matches('%');
    let ordinal = ["st", "nd", "rd", "th"];
    let rest = ordinal
        .iter()
        .find_map(|end| rest.strip_suffix(end))
        .unwrap_or(rest);
    let digits = rest.chars().filter(|c| c.is_numeric()).count();
    digits > 0
        && rest
            .chars()
            .all(|c| c.is_numeric() || matches!(c, ',' | '.' | '/'))
}

/// Domains that a name without a scheme may end with.
const DOMAINS: [&str; 16] = [
    "ai", "biz", "co", "com", "de", "edu", "eu", "gov", "info", "int", "io", "mil", "net", "org",
    "uk", "us",
];

fn like_url(form: &str) -> bool {
    let lower = form.to_ascii_lowercase();
    if let Some((scheme, rest)) = lower.split_once("://") {
        return !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    }
    let host = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if host.contains('@') {
        return false;
    }
    let names: Vec<_> = host.split('.').collect();
    let sound = names.len() > 1
        && names
            .iter()
            .all(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-'));
    sound
        && (names[0] == "www"
            || names
                .last()
                .is_some_and(|end| DOMAINS.binary_search(end).is_ok()))
}

fn like_email(form: &str) -> bool {
    let Some((name, host)) = form.split_once('@') else {
        return false;
    };
    let named = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    let names: Vec<_> = host.split('.').collect();
    !name.is_empty()
        && name.chars().all(named)
        && names.len() > 1
        && names
            .iter()
            .all(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// The shape of a form, as spaCy's: `X` for upper-case letters, `x` for other letters, `d` for digits, all
/// else as it is; a run is cut after four.
///
/// ```
/// use botsmith_nlp::matcher::shape;
/// assert_eq!(shape("Botsmith-2026"), "Xxxxx-dddd");
/// assert_eq!(shape("C3PO"), "XdXX");
/// ```
pub fn shape(form: &str) -> String {
    let mut out = String::with_capacity(form.len());
    let (mut last, mut run) = (None, 0);
    for c in form.chars() {
        let kind = match c {
            c if c.is_numeric() => 'd',
            c if c.is_uppercase() => 'X',
            c if c.is_alphabetic() => 'x',
            c => c,
        };
        run = if last == Some(kind) { run + 1 } else { 1 };
        last = Some(kind);
        if run <= 4 {
            out.push(kind);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_knows_its_words() {
        for (flag, yes, no) in [
            (
                Flag::Alpha,
                &["a", "été", "Ωμέγα"][..],
                &["a1", "a-b", ""][..],
            ),
            (Flag::Digit, &["1", "2026", "٣"], &["1.5", "one"]),
            (Flag::Lower, &["abc", "x-1"], &["Abc", "1"]),
            (Flag::Upper, &["NATO", "R2"], &["Nato", "1"]),
            (
                Flag::Title,
                &["Paris", "O.k."],
                &["paris", "NATO", "McX", "1"],
            ),
            (Flag::Punct, &[".", "?!", "—", "…"], &["$", "a.", "+"]),
            (Flag::Currency, &["$", "€", "₿"], &["USD", "%"]),
            (Flag::Quote, &["\"", "“", "»"], &["a"]),
            (Flag::Bracket, &["(", "]"], &["|"]),
            (
                Flag::LikeNumber,
                &[
                    "1",
                    "1,200.5",
                    "-3",
                    "3rd",
                    "1/2",
                    "40%",
                    "Twelve",
                    "twenty-two",
                    "½",
                ],
                &["a1", ".", "-", "th", "", "dozens", "1a"],
            ),
            (
                Flag::LikeUrl,
                &[
                    "https://a.example/x?y",
                    "www.a.fr",
                    "botsmith.io",
                    "a.co.uk/x",
                ],
                &["a.m.", "e.g", "me@a.com", "http://", "end.Next", "3.14"],
            ),
            (
                Flag::LikeEmail,
                &["a.b+c@d.org", "é@ü.de"],
                &["a@b", "@b.c", "a@@b.c", "a b@c.d", "a@b..c"],
            ),
        ] {
            for form in yes {
                assert!(flag.of_form(form), "{flag:?} {form}");
            }
            for form in no {
                assert!(!flag.of_form(form), "{flag:?} {form}");
            }
        }
    }
}
