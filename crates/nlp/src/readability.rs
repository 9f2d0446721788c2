//! How hard an English text is to read: 22 figures, as textstat 0.7.7 gives them.
//!
//! [`Counts`] of a text or of a [`crate::Doc`] -> [`Readability`] -> a number for each [`Figure`], and the
//! grade that most formulas agree on. Of a bare text the numbers equal textstat's; of a document they come
//! from the same formulas over better sentences and words. Other languages have other formulas,
//! which are not here.
//!
//! Formulas measure length of words and sentences, and nothing else: a low grade is no promise that
//! a text is clear.

mod counts;
mod formulas;
mod hyphens;
mod syllables;
mod words;

pub use counts::Counts;
pub(crate) use counts::is_prose;

use crate::doc::Doc;

macro_rules! figures {
    ($($variant:ident $name:literal $about:literal $value:expr;)*) => {
        /// A number that says how hard a text is to read, or that goes into one that does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(clippy::doc_markdown, reason = "names of authors are no code")]
        pub enum Figure {
            $(#[doc = $about] $variant,)*
        }

        impl Figure {
            /// All figures that are numbers, in the order of the page on readability.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that suites use: `flesch-reading-ease`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// One line: what it is, and where it comes from.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)*
                }
            }
        }

        impl Readability {
            /// The value of a figure.
            pub fn get(&self, figure: Figure) -> f64 {
                let value: fn(&Counts) -> f64 = match figure {
                    $(Figure::$variant => $value,)*
                };
                value(&self.counts)
            }
        }
    };
}

figures! {
    FleschReadingEase "flesch-reading-ease"
        "Ease of reading, about 0 to 100, more is easier (Flesch 1948)."
        formulas::flesch_reading_ease;
    FleschKincaidGrade "flesch-kincaid-grade"
        "School grade by words a sentence and syllables a word (Kincaid et al. 1975)."
        formulas::flesch_kincaid_grade;
    SmogIndex "smog-index"
        "School grade by words of three syllables or more (McLaughlin 1969)."
        formulas::smog_index;
    ColemanLiauIndex "coleman-liau-index"
        "School grade by letters and sentences a hundred words (Coleman & Liau 1975)."
        formulas::coleman_liau_index;
    AutomatedReadabilityIndex "automated-readability-index"
        "School grade by characters a word and words a sentence (Smith & Senter 1967)."
        formulas::automated_readability_index;
    DaleChall "dale-chall-readability-score"
        "Score by words that are not on the list of easy words: 4.9 and less for grade 4, 9 and more for college (Dale & Chall 1948)."
        formulas::dale_chall;
    DifficultWords "difficult-words"
        "Different words of two syllables or more that are not on the list of easy words."
        |counts| counts.different_difficult_words as f64;
    LinsearWrite "linsear-write-formula"
        "School grade by easy and hard words among the first hundred (O'Hayre 1966)."
        formulas::linsear_write;
    GunningFog "gunning-fog"
        "School grade by words a sentence and complex words (Gunning 1952)."
        formulas::gunning_fog;
    Spache "spache-readability"
        "School grade of texts for young readers (Spache 1953)."
        formulas::spache;
    McAlpineEflaw "mcalpine-eflaw"
        "Words and short words a sentence, for readers whose first language is another: 20 and less is very easy, 30 and more is confusing (McAlpine 1997)."
        formulas::mcalpine_eflaw;
    Lix "lix"
        "Words a sentence plus percent of words of more than six letters: 20 is very easy, 60 very hard (Björnsson 1968)."
        formulas::lix;
    Rix "rix"
        "Words of more than six letters a sentence (Anderson 1983)."
        formulas::rix;
    Syllables "syllable-count"
        "Syllables."
        |counts| counts.syllables as f64;
    Words "lexicon-count"
        "Words."
        |counts| counts.words as f64;
    Sentences "sentence-count"
        "Sentences."
        |counts| counts.sentences as f64;
    Characters "char-count"
        "Characters but white space."
        |counts| counts.characters as f64;
    Letters "letter-count"
        "Letters, digits and underscores."
        |counts| counts.letters as f64;
    Polysyllables "polysyllabcount"
        "Words of three syllables or more."
        |counts| counts.polysyllables as f64;
    Monosyllables "monosyllabcount"
        "Words of one syllable."
        |counts| counts.monosyllables as f64;
    ReadingTime "reading-time"
        "Seconds to read, at 14.69 ms a character (Demberg & Keller 2008)."
        formulas::reading_time;
    TextStandard "text-standard"
        "The upper end of the school grade that most of eight formulas name."
        |counts| formulas::consensus(counts) as f64;
}

/// Which end of a figure means easier to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Easier {
    /// Greater values.
    More,
    /// Smaller values.
    Less,
    /// A plain count: neither.
    Neither,
}

impl Figure {
    /// The figure of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|figure| figure.name() == name)
    }

    /// Which end is easier to read.
    pub fn easier(self) -> Easier {
        match self {
            Self::FleschReadingEase => Easier::More,
            Self::Syllables
            | Self::Words
            | Self::Sentences
            | Self::Characters
            | Self::Letters
            | Self::Polysyllables
            | Self::Monosyllables => Easier::Neither,
            _ => Easier::Less,
        }
    }
}

/// All readability figures of one text.
///
/// ```
/// use botsmith_nlp::readability::{Figure, Readability};
///
/// let of = Readability::of_text("The cat sat on the mat. It was a warm day, and the cat was glad.");
/// assert!(of.get(Figure::FleschKincaidGrade) < 2.0);
/// assert_eq!(of.get(Figure::Words), 16.0);
/// assert_eq!(of.text_standard(), "2nd and 3rd grade");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Readability {
    counts: Counts,
}

impl Readability {
    /// The figures of a text; textstat 0.7.7 gives the same.
    pub fn of_text(text: &str) -> Self {
        Counts::of_text(text).into()
    }

    /// The figures of a document: by its sentences, without code and addresses.
    pub fn of_doc(doc: &Doc) -> Self {
        Counts::of_doc(doc).into()
    }

    /// What the figures are computed from.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The school grades that most formulas name, in words: `7th and 8th grade`.
    pub fn text_standard(&self) -> String {
        let upper = formulas::consensus(&self.counts);
        let (lower, upper) = (formulas::ordinal(upper - 1), formulas::ordinal(upper));
        format!("{lower} and {upper} grade")
    }

    /// All figures with their names.
    pub fn figures(&self) -> impl Iterator<Item = (Figure, f64)> + '_ {
        Figure::ALL.iter().map(|&figure| (figure, self.get(figure)))
    }
}

impl From<Counts> for Readability {
    fn from(counts: Counts) -> Self {
        Self { counts }
    }
}

impl serde::Serialize for Readability {
    /// One key a figure, and `text-standard` in words.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(Figure::ALL.len()))?;
        for (figure, value) in self.figures() {
            match figure {
                Figure::TextStandard => {
                    map.serialize_entry(figure.name(), &self.text_standard())?;
                }
                _ => map.serialize_entry(figure.name(), &value)?,
            }
        }
        map.end()
    }
}
