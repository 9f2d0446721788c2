//! A form as written -> the form that is looked up: what typography and encodings vary, made plain.
//!
//! Unicode NFC (UAX 15); curly quotes and primes become `'` and `"`, the hyphens U+2010 and U+2011 `-`;
//! full-width ASCII, ligatures (`ﬁ`) and mathematical letters (`𝐛𝐨𝐥𝐝`) become plain ones; soft hyphens and
//! zero-width spaces go. It changes forms only: the text of a document and all offsets stay, case stays,
//! dashes and ellipses stay, and so do zero-width joiners, which emoji and scripts need.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Whether a character is written otherwise, or left out.
fn varies(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}'
        | '\u{2018}'..='\u{201f}' | '\u{2032}' | '\u{2033}' | '\u{2010}' | '\u{2011}'
        | '\u{fb00}'..='\u{fb06}' | '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}')
}

fn plain(c: char, out: &mut String) {
    match c {
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
        '\u{2018}'..='\u{201b}' | '\u{2032}' => out.push('\''),
        '\u{201c}'..='\u{201f}' | '\u{2033}' => out.push('"'),
        '\u{2010}' | '\u{2011}' => out.push('-'),
        c if varies(c) => out.extend(c.nfkc()),
        c => out.push(c),
    }
}

/// The normalised form; the form itself where nothing changes or nothing would be left.
pub(crate) fn normal(form: &str) -> Cow<'_, str> {
    if form.is_ascii() || (is_nfc(form) && !form.contains(varies)) {
        return Cow::Borrowed(form);
    }
    let mut out = String::with_capacity(form.len());
    for c in form.nfc() {
        plain(c, &mut out);
    }
    match out.is_empty() || out == form || out.contains(char::is_whitespace) {
        true => Cow::Borrowed(form),
        false => Cow::Owned(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_typography_varies_becomes_plain() {
        for (form, wanted) in [
            ("don’t", "don't"),
            ("“", "\""),
            ("e\u{301}tat", "état"),
            ("ﬁne", "fine"),
            ("Ｈｉ！", "Hi!"),
            ("𝐛𝐨𝐥𝐝", "bold"),
            ("co\u{ad}operate", "cooperate"),
            ("non\u{2011}stop", "non-stop"),
            ("\u{200b}", "\u{200b}"),
            ("naïve", "naïve"),
            ("plain", "plain"),
            ("…", "…"),
        ] {
            assert_eq!(normal(form), wanted, "{form:?}");
            assert_eq!(normal(&normal(form)), wanted, "{form:?} twice");
        }
    }
}
