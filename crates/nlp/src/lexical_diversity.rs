//! Words -> how varied they are: type-token ratio and measures that depend less on length.
//!
//! - TTR, and its root (Guiraud 1954): different words / words, / the root of words.
//! - MATTR (Covington & `McFall` 2010, <https://doi.org/10.1080/09296171003643098>): the mean TTR of
//!   all windows of a fixed length.
//! - MTLD (`McCarthy` & Jarvis 2010, <https://doi.org/10.3758/BRM.42.2.381>): how many words a
//!   stretch holds on average before its TTR falls to a threshold, read forwards and backwards.
//! - HD-D (`McCarthy` & Jarvis 2007, <https://doi.org/10.1177/0265532207080767>): the mean TTR of
//!   samples of a fixed size, by the hypergeometric distribution instead of drawing.
//! - Yule's K (Yule 1944): how often two words drawn are the same, times 10,000; more is less varied.
//!
//! Words are compared as given; what counts as a word, and its case, is decided by who collects them
//! ([`Vocabulary::of_doc`] does). Values equal those of the Python package lexicalrichness 0.5.1.

use std::collections::HashMap;

use crate::doc::Doc;
use crate::readability::is_prose;

/// What of a document's words is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// The form, in lower case.
    #[default]
    Form,
    /// The lemma, in lower case: `goes` and `went` are one word.
    Lemma,
}

/// The words of a text in order, each different one by a number.
///
/// ```
/// use botsmith_nlp::lexical_diversity::Vocabulary;
///
/// let words = Vocabulary::of_words("to be or not to be".split(' '));
/// assert_eq!((words.len(), words.types()), (6, 4));
/// assert!((words.ttr().expect("there are words") - 4.0 / 6.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    words: Vec<u32>,
    frequencies: Vec<u32>,
}

impl Vocabulary {
    /// The usual window of [`Vocabulary::mattr`], in words.
    pub const WINDOW: usize = 50;
    /// The usual threshold of [`Vocabulary::mtld`].
    pub const THRESHOLD: f64 = 0.72;
    /// The usual sample of [`Vocabulary::hdd`], in words.
    pub const SAMPLE: usize = 42;

    /// Collects words.
    pub fn of_words<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut vocabulary = Self::default();
        for word in words {
            let word = word.as_ref();
            let number = if let Some(number) = numbers.get(word) {
                *number
            } else {
                let number = numbers.len() as u32;
                numbers.insert(word.to_owned(), number);
                vocabulary.frequencies.push(0);
                number
            };
            vocabulary.words.push(number);
            vocabulary.frequencies[number as usize] += 1;
        }
        vocabulary
    }

    /// The words of a document, without punctuation, symbols, code and addresses.
    pub fn of_doc(doc: &Doc, unit: Unit) -> Self {
        let words = doc
            .tokens()
            .filter(|token| is_prose(*token))
            .flat_map(crate::Token::words)
            .filter(|word| {
                !matches!(word.upos(), "PUNCT" | "SYM")
                    && word.form().contains(char::is_alphanumeric)
            })
            .map(|word| match unit {
                Unit::Lemma if word.lemma() != "_" => word.lemma().to_lowercase(),
                _ => word.form().to_lowercase(),
            });
        Self::of_words(words)
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many different words there are.
    pub fn types(&self) -> usize {
        self.frequencies.len()
    }

    /// Different words / words, above 0 and at most 1; none without words.
    pub fn ttr(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.types() as f64 / self.len() as f64)
    }

    /// Different words / root of words; none without words.
    pub fn root_ttr(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.types() as f64 / (self.len() as f64).sqrt())
    }

    /// The mean type-token ratio of all windows of `window` words, above 0 and at most 1; none if
    /// there are fewer words, or `window` is 0.
    pub fn mattr(&self, window: usize) -> Option<f64> {
        if window == 0 || self.len() < window {
            return None;
        }
        let mut inside = vec![0_u32; self.types()];
        let (mut types, mut sum) = (0_usize, 0_usize);
        for (at, &word) in self.words.iter().enumerate() {
            inside[word as usize] += 1;
            types += usize::from(inside[word as usize] == 1);
            if let Some(left) = at.checked_sub(window) {
                let gone = &mut inside[self.words[left] as usize];
                *gone -= 1;
                types -= usize::from(*gone == 0);
            }
            if at + 1 >= window {
                sum += types;
            }
        }
        let windows = self.len() - window + 1;
        Some(sum as f64 / windows as f64 / window as f64)
    }

    /// The mean number of words before the type-token ratio falls to `threshold` (between 0 and 1,
    /// both out), read forwards and backwards; at least 1, and the number of words if none comes
    /// twice. None without words, or for a threshold out of its range.
    pub fn mtld(&self, threshold: f64) -> Option<f64> {
        if self.is_empty() || !(threshold > 0.0 && threshold < 1.0) {
            return None;
        }
        let forwards = self.stretches(self.words.iter(), threshold);
        let backwards = self.stretches(self.words.iter().rev(), threshold);
        let words = self.len() as f64;
        Some(f64::midpoint(words / forwards, words / backwards))
    }

    /// How many stretches there are, the last one by the part of the way that it went.
    fn stretches<'a>(&self, words: impl Iterator<Item = &'a u32>, threshold: f64) -> f64 {
        // The stretch in which a word was seen last.
        let mut seen = vec![0_usize; self.types()];
        let (mut stretch, mut length, mut types) = (1, 0_usize, 0_usize);
        let mut ratio = 1.0;
        for &word in words {
            length += 1;
            types += usize::from(seen[word as usize] != stretch);
            seen[word as usize] = stretch;
            ratio = types as f64 / length as f64;
            if ratio <= threshold {
                stretch += 1;
                (length, types) = (0, 0);
            }
        }
        let whole = (stretch - 1) as f64;
        let part = match length {
            0 => 0.0,
            _ => (1.0 - ratio) / (1.0 - threshold),
        };
        match whole + part {
            0.0 => 1.0,
            stretches => stretches,
        }
    }

    /// The expected type-token ratio of a sample of `sample` words drawn without putting back, above
    /// 0 and at most 1; none if there are fewer words, or `sample` is 0.
    pub fn hdd(&self, sample: usize) -> Option<f64> {
        if sample == 0 || self.len() < sample {
            return None;
        }
        let words = self.len();
        // Words of the same frequency have the same chance.
        let mut of_frequency: HashMap<u32, f64> = HashMap::new();
        let mut sum = 0.0;
        for &frequency in &self.frequencies {
            let missed = *of_frequency.entry(frequency).or_insert_with(|| {
                (0..sample)
                    .map(|drawn| {
                        let others = (words - drawn).saturating_sub(frequency as usize);
                        others as f64 / (words - drawn) as f64
                    })
                    .product()
            });
            sum += 1.0 - missed;
        }
        Some(sum / sample as f64)
    }

    /// Yule's K, 0 and up, more is less varied; none without words.
    pub fn yules_k(&self) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        let words = self.len() as f64;
        let squares: f64 = self.frequencies.iter().map(|&f| f64::from(f).powi(2)).sum();
        Some(10_000.0 * (squares / (words * words) - 1.0 / words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vocabulary {
        Vocabulary::of_words(text.split_whitespace())
    }

    fn near(ours: Option<f64>, wanted: f64) {
        let ours = ours.expect("a value");
        assert!((ours - wanted).abs() < 1e-12, "{ours} is not {wanted}");
    }

    #[test]
    fn values_computed_by_hand() {
        let words = of("a b a c");
        near(words.ttr(), 0.75);
        near(words.root_ttr(), 1.5);
        // a b, b a, a c.
        near(words.mattr(2), 1.0);
        // a b a, b a c.
        near(words.mattr(3), f64::midpoint(2.0 / 3.0, 1.0));
        near(words.mattr(4), 0.75);
        // Forwards: a b a falls to 2/3, one stretch; c is no part of a second. Backwards: c a b a
        // has 3/4, (1 - 0.75) / (1 - 0.72) of a stretch.
        near(
            words.mtld(0.72),
            f64::midpoint(4.0 / 1.0, 4.0 / (0.25 / 0.28)),
        );
        // Two of four drawn: a is missed with 2/4 * 1/3, b and c with 3/4 * 2/3.
        near(words.hdd(2), (5.0 / 6.0 + 0.5 + 0.5) / 2.0);
        near(words.hdd(4), 0.75);
        // 2^2 + 1 + 1 = 6; 6/16 - 1/4.
        near(words.yules_k(), 1250.0);
    }

    #[test]
    fn words_that_all_differ_and_words_that_are_all_the_same() {
        let differ = of("a b c d e");
        near(differ.ttr(), 1.0);
        near(differ.mtld(0.72), 5.0);
        near(differ.hdd(3), 1.0);
        near(differ.yules_k(), 0.0);
        let same = of("a a a a");
        near(same.ttr(), 0.25);
        near(same.mtld(0.72), 2.0);
        near(same.hdd(2), 0.5);
        near(same.yules_k(), 7500.0);
    }

    #[test]
    fn too_few_words_have_no_value() {
        let none = of("");
        assert_eq!(
            (none.ttr(), none.root_ttr(), none.yules_k()),
            (None, None, None)
        );
        assert_eq!(
            (none.mtld(0.72), none.mattr(1), none.hdd(1)),
            (None, None, None)
        );
        let one = of("a");
        assert_eq!(
            (one.mattr(2), one.hdd(2), one.mattr(0), one.hdd(0)),
            (None, None, None, None)
        );
        assert_eq!(
            (one.mtld(0.0), one.mtld(1.0), one.mtld(f64::NAN)),
            (None, None, None)
        );
    }
}
