//! Porter's stemmer in the three forms that nltk 3.10 has.
//!
//! Porter 1980, "An algorithm for suffix stripping" (<https://doi.org/10.1108/eb046814>); the
//! departures are those of `nltk.stem.porter`. It takes suffixes from English words; a word of
//! another script comes back in lower case. It does not look at grammar: `news` and `new` stay
//! apart only because nltk has a list of exceptions.
//!
//! ```
//! use botsmith_eval::metrics::porter::{Mode, stem};
//! assert_eq!(stem("Relational", Mode::Nltk), "relat");
//! assert_eq!(stem("enjoy", Mode::Nltk), "enjoy");
//! assert_eq!(stem("enjoy", Mode::Original), "enjoi");
//! ```

use super::python::lower_into;

/// Which form of the algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// With nltk's additions (irregular words, `y` after consonants, short `-ies`); what
    /// rouge-score and nltk's METEOR use.
    #[default]
    Nltk,
    /// With the changes that Porter's own programs have.
    Martin,
    /// As the paper of 1980 says.
    Original,
}

/// The stem of a word, in lower case.
pub fn stem(word: &str, mode: Mode) -> String {
    Stemmer::new(mode).stem(word).to_owned()
}

/// A stemmer that uses its memory again.
#[derive(Clone, Debug, Default)]
pub struct Stemmer {
    mode: Mode,
    lower: String,
    bytes: Vec<u8>,
    stem: String,
}

impl Stemmer {
    /// A stemmer of this form.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// The stem of a word, in lower case.
    pub fn stem(&mut self, word: &str) -> &str {
        self.lower.clear();
        lower_into(word, &mut self.lower);
        self.bytes.clear();
        self.stem.clear();
        // Every letter beyond ASCII is a consonant; all that matters is whether two neighbours
        // are equal. One byte stands for each, and the stem is a start of the word and ASCII.
        let mut last = ('\0', 0x80);
        self.bytes.extend(self.lower.chars().map(|c| {
            if !c.is_ascii() && c != last.0 {
                last.1 ^= 1;
            }
            last.0 = c;
            if c.is_ascii() { c as u8 } else { last.1 }
        }));
        if self.mode == Mode::Original || word.chars().nth(2).is_some() {
            stem_lower(&mut self.bytes, self.mode);
        }
        let mut letters = self.lower.chars();
        for &byte in &self.bytes {
            let letter = letters.next();
            self.stem.push(match letter {
                Some(letter) if !byte.is_ascii() => letter,
                _ => char::from(byte),
            });
        }
        &self.stem
    }
}

/// Words that nltk looks up first.
fn irregular(word: &mut Vec<u8>) -> bool {
    let stem: &[u8] = match &word[..] {
        b"sky" | b"skies" => b"sky",
        b"dying" => b"die",
        b"lying" => b"lie",
        b"tying" => b"tie",
        b"innings" | b"inning" => b"inning",
        b"outings" | b"outing" => b"outing",
        b"cannings" | b"canning" => b"canning",
        b"news" | b"howe" | b"proceed" | b"exceed" | b"succeed" => return true,
        _ => return false,
    };
    word.clear();
    word.extend_from_slice(stem);
    true
}

/// Stems a word in lower case of at least three letters (any length in [`Mode::Original`]), one
/// byte a letter.
pub(crate) fn stem_lower(word: &mut Vec<u8>, mode: Mode) {
    if mode == Mode::Nltk && irregular(word) {
        return;
    }
    step_1a(word, mode);
    step_1b(word, mode);
    step_1c(word, mode);
    step_2(word, mode);
    apply(word, step_3_rules, |stem| measure(stem) > 0);
    step_4(word);
    step_5(word, mode);
}

fn vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// Whether letter `i` is a consonant: `y` is one at the start and after a vowel.
fn consonant(word: &[u8], mut i: usize) -> bool {
    let mut turned = false;
    while i > 0 && word[i] == b'y' {
        turned = !turned;
        i -= 1;
    }
    vowel(word[i]) == turned
}

/// How often a vowel is followed by a consonant: Porter's *m*.
fn measure(word: &[u8]) -> usize {
    let mut count = 0;
    let mut before = true;
    for (i, &letter) in word.iter().enumerate() {
        let now = match letter {
            b'y' => i == 0 || !before,
            _ => !vowel(letter),
        };
        count += usize::from(now && !before);
        before = now;
    }
    count
}

fn has_vowel(word: &[u8]) -> bool {
    word.iter()
        .enumerate()
        .any(|(i, &letter)| vowel(letter) || (letter == b'y' && !consonant(word, i)))
}

fn ends_double_consonant(word: &[u8]) -> bool {
    matches!(word, [.., a, b] if a == b) && consonant(word, word.len() - 1)
}

/// Consonant, vowel, consonant other than w, x, y at the end.
fn ends_cvc(word: &[u8], mode: Mode) -> bool {
    let n = word.len();
    if n == 2 {
        return mode == Mode::Nltk && !consonant(word, 0) && consonant(word, 1);
    }
    n > 2
        && consonant(word, n - 3)
        && !consonant(word, n - 2)
        && consonant(word, n - 1)
        && !matches!(word[n - 1], b'w' | b'x' | b'y')
}

fn replace(word: &mut Vec<u8>, suffix: usize, with: &str) {
    word.truncate(word.len() - suffix);
    word.extend_from_slice(with.as_bytes());
}

/// Plurals.
fn step_1a(word: &mut Vec<u8>, mode: Mode) {
    if word.last() != Some(&b's') {
        return;
    }
    if word.ends_with(b"sses") {
        replace(word, 2, "");
    } else if word.ends_with(b"ies") {
        let short = mode == Mode::Nltk && word.len() == 4;
        replace(word, if short { 1 } else { 2 }, "");
    } else if !word.ends_with(b"ss") {
        replace(word, 1, "");
    }
}

/// `-ed` and `-ing`.
fn step_1b(word: &mut Vec<u8>, mode: Mode) {
    if mode == Mode::Nltk && word.ends_with(b"ied") {
        let short = word.len() == 4;
        replace(word, if short { 1 } else { 2 }, "");
        return;
    }
    if word.ends_with(b"eed") {
        if measure(&word[..word.len() - 3]) > 0 {
            replace(word, 1, "");
        }
        return;
    }
    let suffix = match &word[..] {
        [stem @ .., b'e', b'd'] if has_vowel(stem) => 2,
        [stem @ .., b'i', b'n', b'g'] if has_vowel(stem) => 3,
        _ => return,
    };
    replace(word, suffix, "");
    if word.ends_with(b"at") || word.ends_with(b"bl") || word.ends_with(b"iz") {
        word.push(b'e');
    } else if ends_double_consonant(word) {
        if !matches!(word.last(), Some(b'l' | b's' | b'z')) {
            word.pop();
        }
    } else if word.ends_with(b"*d") {
        // nltk's rule table writes "ends in a double consonant" as the suffix `*d`, and then also
        // meets it literally.
        replace(word, 2, "d");
    } else if measure(word) == 1 && ends_cvc(word, mode) {
        word.push(b'e');
    }
}

/// `y` to `i`.
fn step_1c(word: &mut [u8], mode: Mode) {
    let Some((last @ b'y', stem)) = word.split_last_mut() else {
        return;
    };
    let due = match mode {
        Mode::Nltk => stem.len() > 1 && consonant(stem, stem.len() - 1),
        Mode::Martin | Mode::Original => has_vowel(stem),
    };
    if due {
        *last = b'i';
    }
}

/// A suffix and what takes its place.
type Rule = (&'static str, &'static str);

/// Applies the first rule whose suffix the word has, if the rest passes; `rules` gives those for
/// the last letter but one.
fn apply(word: &mut Vec<u8>, rules: fn(u8) -> &'static [Rule], passes: impl Fn(&[u8]) -> bool) {
    let &[.., letter, _] = &word[..] else { return };
    for (suffix, with) in rules(letter) {
        if word.ends_with(suffix.as_bytes()) {
            if passes(&word[..word.len() - suffix.len()]) {
                replace(word, suffix.len(), with);
            }
            return;
        }
    }
}

/// Double suffixes to single ones.
fn step_2(word: &mut Vec<u8>, mode: Mode) {
    let positive = |stem: &[u8]| measure(stem) > 0;
    match mode {
        Mode::Nltk => {
            while word.ends_with(b"alli") && positive(&word[..word.len() - 4]) {
                replace(word, 2, "");
            }
            if word.ends_with(b"fulli") {
                if positive(&word[..word.len() - 5]) {
                    replace(word, 2, "");
                }
                return;
            }
            // The l counts as a part of the stem, so that `theology` loses its suffix too.
            if word.ends_with(b"logi") {
                if positive(&word[..word.len() - 3]) {
                    word.pop();
                }
                return;
            }
        }
        Mode::Martin => {
            if word.ends_with(b"logi") {
                if positive(&word[..word.len() - 4]) {
                    word.pop();
                }
                return;
            }
        }
        Mode::Original => {
            if word.ends_with(b"bli") {
                if word.ends_with(b"abli") && positive(&word[..word.len() - 4]) {
                    replace(word, 1, "e");
                }
                return;
            }
        }
    }
    apply(word, step_2_rules, positive);
}

fn step_2_rules(letter: u8) -> &'static [Rule] {
    match letter {
        b'a' => &[("ational", "ate"), ("tional", "tion")],
        b'c' => &[("enci", "ence"), ("anci", "ance")],
        b'e' => &[("izer", "ize")],
        b'l' => &[
            ("bli", "ble"),
            ("alli", "al"),
            ("entli", "ent"),
            ("eli", "e"),
            ("ousli", "ous"),
        ],
        b'o' => &[("ization", "ize"), ("ation", "ate"), ("ator", "ate")],
        b's' => &[
            ("alism", "al"),
            ("iveness", "ive"),
            ("fulness", "ful"),
            ("ousness", "ous"),
        ],
        b't' => &[("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")],
        _ => &[],
    }
}

fn step_3_rules(letter: u8) -> &'static [Rule] {
    match letter {
        b'a' => &[("ical", "ic")],
        b's' => &[("ness", "")],
        b't' => &[("icate", "ic"), ("iciti", "ic")],
        b'u' => &[("ful", "")],
        b'v' => &[("ative", "")],
        b'z' => &[("alize", "al")],
        _ => &[],
    }
}

fn step_4(word: &mut Vec<u8>) {
    if word.ends_with(b"ion") {
        let stem = &word[..word.len() - 3];
        if measure(stem) > 1 && matches!(stem.last(), Some(b's' | b't')) {
            replace(word, 3, "");
        }
        return;
    }
    apply(word, step_4_rules, |stem| measure(stem) > 1);
}

fn step_4_rules(letter: u8) -> &'static [Rule] {
    match letter {
        b'a' => &[("al", "")],
        b'c' => &[("ance", ""), ("ence", "")],
        b'e' => &[("er", "")],
        b'i' => &[("ic", "")],
        b'l' => &[("able", ""), ("ible", "")],
        b'n' => &[("ant", ""), ("ement", ""), ("ment", ""), ("ent", "")],
        b'o' => &[("ou", "")],
        b's' => &[("ism", "")],
        b't' => &[("ate", ""), ("iti", "")],
        b'u' => &[("ous", "")],
        b'v' => &[("ive", "")],
        b'z' => &[("ize", "")],
        _ => &[],
    }
}

/// A last `e`, and `ll`.
fn step_5(word: &mut Vec<u8>, mode: Mode) {
    if let [stem @ .., b'e'] = &word[..] {
        let m = measure(stem);
        if m > 1 || (m == 1 && !ends_cvc(stem, mode)) {
            word.pop();
        }
    }
    if word.ends_with(b"ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, stem};

    #[test]
    fn stems_are_nltks_in_each_mode() {
        // word, NLTK_EXTENSIONS, MARTIN_EXTENSIONS, ORIGINAL_ALGORITHM; from nltk 3.10.4.
        for (word, nltk, martin, original) in include!("porter/cases.in") {
            assert_eq!(stem(word, Mode::Nltk), nltk, "{word}");
            assert_eq!(stem(word, Mode::Martin), martin, "{word}");
            assert_eq!(stem(word, Mode::Original), original, "{word}");
        }
    }
}
