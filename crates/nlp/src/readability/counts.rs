//! Text or [`Doc`] -> what readability is computed from: sentences, words, letters, syllables.
//!
//! Two ways to find words and sentences: [`Counts::of_text`] by textstat's rules over the bare text;
//! [`Counts::of_doc`] by a document's sentences, without code, addresses and other tokens that are
//! no words of the language. Syllables and easy words are English.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::{syllables, words};
use crate::doc::Doc;

/// Words that the formula of Linsear Write looks at.
const SAMPLE: usize = 100;

/// What a text is made of, as counts.
///
/// ```
/// use botsmith_nlp::readability::Counts;
///
/// let counts = Counts::of_text("The carrier delayed your order. It will arrive on Tuesday.");
/// assert_eq!((counts.sentences, counts.words, counts.syllables), (2, 10, 16));
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Counts {
    /// Sentences.
    pub sentences: usize,
    /// Words: what is left between white space when punctuation is taken out.
    pub words: usize,
    /// Stretches between white space, punctuation alone too.
    pub stretches: usize,
    /// Characters but white space.
    pub characters: usize,
    /// Letters, digits and underscores.
    pub letters: usize,
    /// Syllables.
    pub syllables: usize,
    /// Words of one syllable.
    pub monosyllables: usize,
    /// Words of three syllables or more.
    pub polysyllables: usize,
    /// Words of more than six letters.
    pub long_words: usize,
    /// Words of three letters or fewer.
    pub short_words: usize,
    /// Words that are not on the list of easy words.
    pub unlisted_words: usize,
    /// Words of two syllables or more that are not on the list.
    pub difficult_words: usize,
    /// Words of three syllables or more that are not on the list.
    pub complex_words: usize,
    /// Different words among [`Counts::difficult_words`].
    pub different_difficult_words: usize,
    /// Words, words of three syllables or more, and sentences of the first hundred words.
    #[serde(skip)]
    pub(super) sample: Sample,
}

/// The first hundred words, as Linsear Write counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    pub(super) easy: usize,
    pub(super) difficult: usize,
    pub(super) sentences: usize,
}

/// What is known of one word.
#[derive(Clone, Copy)]
struct Known {
    syllables: usize,
    /// What it adds to the syllables of the text: as it is, not cleaned once more in lower case (`İ`
    /// gets a mark there).
    spoken: usize,
    listed: bool,
}

/// Words are looked up once a text.
#[derive(Default)]
struct Counter {
    counts: Counts,
    known: HashMap<String, Known>,
    difficult: HashSet<String>,
    lower: String,
}

/// The list of easy words, in lower case.
fn easy_words() -> &'static HashSet<&'static str> {
    static EASY: OnceLock<HashSet<&str>> = OnceLock::new();
    EASY.get_or_init(|| include_str!("../../data/easy-words.txt").lines().collect())
}

/// Syllables of a piece of text; most often of one word that needs no cleaning.
fn syllables_of(text: &str) -> usize {
    if text.bytes().all(|b| b.is_ascii_lowercase()) {
        return syllables::of_word(text);
    }
    let cleaned = words::clean(text, true).to_lowercase();
    words::split(&cleaned).map(syllables::of_word).sum()
}

impl Counts {
    /// The counts of a text, by the rules of textstat 0.7.7.
    pub fn of_text(text: &str) -> Self {
        let mut counter = Counter::default();
        counter.add(text);
        let mut counts = counter.counts;
        counts.different_difficult_words = counter.difficult.len();
        counts.sentences = words::sentences(text);
        counts.sample = sample(text, &counter.known);
        counts
    }

    /// The counts of a document: its own sentences where they hold a word; of its tokens those that
    /// are no code, address or formula. A word is what is left of tokens without white space between
    /// them when punctuation is taken out, so that `well-known` and `don't` are one.
    ///
    /// ```
    /// use botsmith_nlp::{Pipeline, readability::Counts};
    ///
    /// let doc = Pipeline::english()?.annotate("Dr. Smith isn't well-known. Ask him at reception.")?;
    /// let counts = Counts::of_doc(&doc);
    /// assert_eq!((counts.sentences, counts.words), (2, 8));
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    pub fn of_doc(doc: &Doc) -> Self {
        let mut counter = Counter::default();
        let mut text = String::new();
        for sentence in doc.sentences() {
            sentence_text(sentence, &mut text);
            let before = counter.counts.words;
            let sampled = before < SAMPLE;
            counter.add(&text);
            let told = usize::from(counter.counts.words > before);
            counter.counts.sentences += told;
            if sampled {
                counter.counts.sample.sentences += told;
                let cleaned = words::clean(&text, true);
                for word in words::split(&cleaned).take(SAMPLE - before) {
                    counter.counts.sample.add(counter.known[word].syllables);
                }
            }
        }
        counter.counts.different_difficult_words = counter.difficult.len();
        counter.counts
    }
}

/// The words of a sentence, with a space where white space stands between them.
fn sentence_text(sentence: crate::Sentence<'_>, out: &mut String) {
    out.clear();
    for token in sentence.tokens() {
        if is_prose(token) {
            out.push_str(token.form());
        }
        if token.space_after().contains(words::is_space) {
            out.push(' ');
        }
    }
}

/// Whether a token is a word or punctuation of the language: not code or an address, which are `X`
/// without a tag of the treebank's own ([`crate::stages::Hidden::Token`]), nor another `X` with signs in it.
pub(crate) fn is_prose(token: crate::Token<'_>) -> bool {
    let hidden = |word: crate::Word<'_>| {
        word.upos() == "X" && (word.xpos() == "_" || !word.form().chars().all(char::is_alphabetic))
    };
    !token.words().all(hidden)
}

impl Sample {
    fn add(&mut self, syllables: usize) {
        match syllables {
            0 => {}
            1 | 2 => self.easy += 1,
            _ => self.difficult += 1,
        }
    }
}

/// The first hundred words of a text, and the sentences of that part of it.
fn sample(text: &str, known: &HashMap<String, Known>) -> Sample {
    let mut sample = Sample::default();
    if words::split(text).nth(SAMPLE).is_none() {
        let cleaned = words::clean(text, true);
        words::split(&cleaned).for_each(|word| sample.add(known[word].syllables));
        sample.sentences = words::sentences(&joined(words::split(text)));
        return sample;
    }
    let mut read = 0;
    let mut stretches = 0;
    for stretch in words::split(text) {
        if read == SAMPLE {
            break;
        }
        stretches += 1;
        let word = words::clean(stretch, true);
        if !word.is_empty() {
            read += 1;
            sample.add(known[&word].syllables);
        }
    }
    sample.sentences = words::sentences(&joined(words::split(text).take(stretches)));
    sample
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

impl Counter {
    /// Adds everything but sentences.
    fn add(&mut self, text: &str) {
        let counts = &mut self.counts;
        counts.stretches += words::split(text).count();
        for c in text.chars().filter(|&c| !words::is_space(c)) {
            counts.characters += 1;
            counts.letters += usize::from(words::is_word(c));
        }
        for word in words::split(&words::clean(text, false)) {
            // Seven letters tell a long word, four that it is not short.
            let letters = word.chars().take(7).count();
            counts.long_words += usize::from(letters > 6);
            counts.short_words += usize::from(letters <= 3);
        }
        let cleaned = words::clean(text, true);
        for word in words::split(&cleaned) {
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        let known = if let Some(known) = self.known.get(word) {
            *known
        } else {
            self.lower.clear();
            self.lower.push_str(&word.to_lowercase());
            let syllables = syllables_of(&self.lower);
            let known = Known {
                syllables,
                spoken: match self.lower.is_ascii() {
                    true => syllables,
                    false => syllables::of_word(&self.lower),
                },
                listed: easy_words().contains(self.lower.as_str()),
            };
            self.known.insert(word.to_owned(), known);
            known
        };
        let Known {
            syllables,
            spoken,
            listed,
        } = known;
        let counts = &mut self.counts;
        counts.words += 1;
        counts.syllables += spoken;
        counts.monosyllables += usize::from(syllables == 1);
        counts.polysyllables += usize::from(syllables >= 3);
        if !listed {
            counts.unlisted_words += 1;
            counts.difficult_words += usize::from(syllables >= 2);
            counts.complex_words += usize::from(syllables >= 3);
            if syllables >= 2 && !self.difficult.contains(word) {
                self.difficult.insert(word.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_word_counts_nothing_but_its_characters() {
        assert_eq!(Counts::of_text(""), Counts::default());
        let counts = Counts::of_text(" ?! ");
        assert_eq!((counts.words, counts.characters, counts.letters), (0, 2, 0));
        assert_eq!((counts.sentences, counts.stretches), (1, 1));
    }

    #[test]
    fn a_word_that_gets_a_mark_in_lower_case_counts_as_textstat_counts_it() {
        let counts = Counts::of_text("İstanbul is big.");
        assert_eq!((counts.syllables, counts.monosyllables), (5, 2));
    }

    #[test]
    fn hand_counted_words() {
        let counts =
            Counts::of_text("I don't like extraordinary mathematics. Do you? We really do.");
        let wanted = Counts {
            sentences: 2,
            words: 10,
            stretches: 10,
            characters: 52,
            letters: 48,
            syllables: 19,
            monosyllables: 7,
            polysyllables: 2,
            long_words: 2,
            short_words: 5,
            unlisted_words: 2,
            difficult_words: 2,
            complex_words: 2,
            different_difficult_words: 2,
            sample: Sample {
                easy: 8,
                difficult: 2,
                sentences: 2,
            },
        };
        assert_eq!(counts, wanted);
    }
}
