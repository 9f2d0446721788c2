//! What a pattern says of each word, and how often it may stand.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::flags::{Flag, shape};
use crate::Word;

/// The largest compiled regular expression, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A condition on a text: a form, a lemma, a tag, a shape.
#[derive(Clone, Debug)]
pub enum Text {
    /// One of these.
    In(Vec<String>),
    /// None of these.
    NotIn(Vec<String>),
    /// A regular expression matches somewhere in it (crate `regex`; linear time).
    Matches(Regex),
    /// A regular expression that does not compile: an error when the matcher is built.
    Invalid(String),
}

impl Text {
    /// One that does not hold for any of `texts`.
    pub fn not_in<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::NotIn(texts.into_iter().map(Into::into).collect())
    }

    /// A regular expression, which matches anywhere unless it is anchored.
    pub fn regex(pattern: &str) -> Self {
        let regex = RegexBuilder::new(pattern)
            .size_limit(SIZE_LIMIT)
            .nest_limit(64)
            .build();
        match regex {
            Ok(regex) => Self::Matches(regex),
            Err(regex::Error::CompiledTooBig(limit)) => {
                Self::Invalid(format!("`{pattern}` compiled is larger than {limit} bytes"))
            }
            Err(error) => {
                // The parser shows the pattern over several lines; the last line says why.
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default();
                let last = last.strip_prefix("error: ").unwrap_or(last);
                Self::Invalid(format!(
                    "`{pattern}` is not a valid regular expression: {last}"
                ))
            }
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::In(texts) => texts.iter().any(|wanted| wanted == text),
            Self::NotIn(texts) => texts.iter().all(|other| other != text),
            Self::Matches(regex) => regex.is_match(text),
            Self::Invalid(_) => false,
        }
    }

    fn lower(self) -> Self {
        let lower = |texts: Vec<String>| texts.iter().map(|text| text.to_lowercase()).collect();
        match self {
            Self::In(texts) => Self::In(lower(texts)),
            Self::NotIn(texts) => Self::NotIn(lower(texts)),
            other => other,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::In(vec![text.to_owned()])
    }
}

impl<const N: usize> From<[&str; N]> for Text {
    fn from(texts: [&str; N]) -> Self {
        Self::In(texts.map(str::to_owned).to_vec())
    }
}

impl From<Vec<String>> for Text {
    fn from(texts: Vec<String>) -> Self {
        Self::In(texts)
    }
}

/// A closed range of lengths, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Least.
    pub min: usize,
    /// Most.
    pub max: usize,
}

/// How often a word of a pattern stands.
///
/// ```
/// use botsmith_nlp::matcher::Times;
/// assert_eq!("{2,4}".parse::<Times>(), Ok(Times::between(2, Some(4))));
/// assert_eq!("+".parse::<Times>(), Ok(Times::SOME));
/// assert!("{4,2}".parse::<Times>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    pub(super) negated: bool,
}

impl Times {
    /// Once.
    pub const ONCE: Self = Self::between(1, Some(1));
    /// `?`: once or not at all.
    pub const OPTIONAL: Self = Self::between(0, Some(1));
    /// `*`: any number of times.
    pub const ANY: Self = Self::between(0, None);
    /// `+`: at least once.
    pub const SOME: Self = Self::between(1, None);
    /// `!`: one word that the conditions do not fit.
    pub const NOT: Self = Self {
        negated: true,
        ..Self::ONCE
    };

    /// `{min,max}`; without a greatest number, `{min,}`.
    pub const fn between(min: usize, max: Option<usize>) -> Self {
        Self {
            min,
            max,
            negated: false,
        }
    }
}

impl std::str::FromStr for Times {
    type Err = String;

    /// Reads an operator as spaCy writes it: `1`, `!`, `?`, `*`, `+`, `{n}`, `{n,}`, `{,m}`, `{n,m}`.
    fn from_str(op: &str) -> Result<Self, String> {
        let op = op.trim();
        let bad = || {
            format!(
                "`{op}` is no operator; there are `!`, `?`, `*`, `+`, `{{n}}`, `{{n,}}`, `{{,m}}`, `{{n,m}}`"
            )
        };
        match op {
            "1" => return Ok(Self::ONCE),
            "!" => return Ok(Self::NOT),
            "?" => return Ok(Self::OPTIONAL),
            "*" => return Ok(Self::ANY),
            "+" => return Ok(Self::SOME),
            _ => {}
        }
        let inside = op.strip_prefix('{').and_then(|op| op.strip_suffix('}'));
        let inside = inside.ok_or_else(bad)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| bad());
        let times = match inside.split_once(',') {
            None => Self::between(number(inside)?, Some(number(inside)?)),
            Some((min, max)) if max.trim().is_empty() => Self::between(number(min)?, None),
            Some((min, max)) if min.trim().is_empty() => Self::between(0, Some(number(max)?)),
            Some((min, max)) => Self::between(number(min)?, Some(number(max)?)),
        };
        let most = times.max.unwrap_or(times.min);
        if most < times.min || times.max == Some(0) {
            return Err(format!("`{op}` stands for no number of words"));
        }
        if most > super::MAX_WORDS {
            return Err(format!(
                "`{op}` is more than a match can hold: {} words",
                super::MAX_WORDS
            ));
        }
        Ok(times)
    }
}

#[derive(Clone, Debug)]
enum Test {
    Form(Text),
    Lower(Text),
    Lemma(Text),
    Upos(Text),
    Xpos(Text),
    Shape(Text),
    /// `Name=Value` pairs that must all be there.
    Feats(Vec<String>),
    /// At least one of the pairs.
    AnyFeat(Vec<String>),
    /// None of the pairs.
    NoFeat(Vec<String>),
    Length(Count),
    Flag(Flag, bool),
}

/// Conditions on one word, which must all hold, and how often such a word stands.
///
/// ```
/// use botsmith_nlp::matcher::{Flag, Text, Times, WordPattern};
/// let names = WordPattern::any().upos("PROPN").flag(Flag::Title).times(Times::SOME);
/// let no_be = WordPattern::any().upos(["VERB", "AUX"]).lemma(Text::not_in(["be"]));
/// let adverb = WordPattern::any().lower(Text::regex("ly$"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WordPattern {
    tests: Vec<Test>,
    times: Times,
}

impl WordPattern {
    /// Any word, once.
    pub fn any() -> Self {
        Self {
            tests: Vec::new(),
            times: Times::ONCE,
        }
    }

    fn with(mut self, test: Test) -> Self {
        self.tests.push(test);
        self
    }

    /// Its form as written.
    pub fn form(self, text: impl Into<Text>) -> Self {
        self.with(Test::Form(text.into()))
    }

    /// Its form in lower case; texts to compare with are lower-cased, regular expressions are not.
    pub fn lower(self, text: impl Into<Text>) -> Self {
        self.with(Test::Lower(text.into().lower()))
    }

    /// Its lemma.
    pub fn lemma(self, text: impl Into<Text>) -> Self {
        self.with(Test::Lemma(text.into()))
    }

    /// Its universal part of speech.
    pub fn upos(self, text: impl Into<Text>) -> Self {
        self.with(Test::Upos(text.into()))
    }

    /// Its part of speech in the treebank's own tags.
    pub fn xpos(self, text: impl Into<Text>) -> Self {
        self.with(Test::Xpos(text.into()))
    }

    /// Its [`shape`].
    pub fn shape(self, text: impl Into<Text>) -> Self {
        self.with(Test::Shape(text.into()))
    }

    /// Features that it must all have, as `Name=Value`.
    pub fn feats<T: Into<String>>(self, pairs: impl IntoIterator<Item = T>) -> Self {
        self.with(Test::Feats(pairs.into_iter().map(Into::into).collect()))
    }

    /// Features of which it must have at least one.
    pub fn any_feat<T: Into<String>>(self, pairs: impl IntoIterator<Item = T>) -> Self {
        self.with(Test::AnyFeat(pairs.into_iter().map(Into::into).collect()))
    }

    /// Features of which it must have none.
    pub fn no_feat<T: Into<String>>(self, pairs: impl IntoIterator<Item = T>) -> Self {
        self.with(Test::NoFeat(pairs.into_iter().map(Into::into).collect()))
    }

    /// The length of its form, in characters.
    pub fn length(self, count: Count) -> Self {
        self.with(Test::Length(count))
    }

    /// A flag that it has.
    pub fn flag(self, flag: Flag) -> Self {
        self.with(Test::Flag(flag, true))
    }

    /// A flag that it has not.
    pub fn not_flag(self, flag: Flag) -> Self {
        self.with(Test::Flag(flag, false))
    }

    /// How often such a word stands.
    pub fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    pub(super) fn how_often(&self) -> Times {
        self.times
    }

    pub(super) fn is_any(&self) -> bool {
        self.tests.is_empty()
    }

    /// Whether a word fits the conditions.
    pub fn fits(&self, word: Word<'_>) -> bool {
        self.tests.iter().all(|test| test.fits(word))
    }

    /// Why it cannot be compiled.
    pub(super) fn error(&self) -> Option<String> {
        self.tests.iter().find_map(|test| match test.text() {
            Some(Text::Invalid(reason)) => Some(reason.clone()),
            _ => None,
        })
    }
}

impl Test {
    fn text(&self) -> Option<&Text> {
        match self {
            Self::Form(text)
            | Self::Lower(text)
            | Self::Lemma(text)
            | Self::Upos(text)
            | Self::Xpos(text)
            | Self::Shape(text) => Some(text),
            _ => None,
        }
    }

    fn fits(&self, word: Word<'_>) -> bool {
        match self {
            Self::Form(text) => text.fits(word.form()),
            Self::Lower(text) => text.fits(&word.form().to_lowercase()),
            Self::Lemma(text) => text.fits(word.lemma()),
            Self::Upos(text) => text.fits(word.upos()),
            Self::Xpos(text) => text.fits(word.xpos()),
            Self::Shape(text) => text.fits(&shape(word.form())),
            Self::Feats(pairs) => pairs.iter().all(|pair| word.feats().has(pair)),
            Self::AnyFeat(pairs) => pairs.iter().any(|pair| word.feats().has(pair)),
            Self::NoFeat(pairs) => !pairs.iter().any(|pair| word.feats().has(pair)),
            Self::Length(count) => (count.min..=count.max).contains(&word.form().chars().count()),
            Self::Flag(flag, wanted) => flag.of(word) == *wanted,
        }
    }
}

/// Words in a row, with a name.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) name: String,
    pub(super) words: Vec<WordPattern>,
}

impl Pattern {
    /// A pattern of these words.
    pub fn new(name: impl Into<String>, words: impl IntoIterator<Item = WordPattern>) -> Self {
        Self {
            name: name.into(),
            words: words.into_iter().collect(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What must be known of a document for patterns to be run.
#[derive(Clone, Copy, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says whether one column is needed"
)]
pub(super) struct Needs {
    pub(super) sentences: bool,
    tags: bool,
    feats: bool,
    lemmas: bool,
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.facts()).finish()
    }
}

impl Needs {
    pub(super) fn add(&mut self, word: &WordPattern) {
        for test in &word.tests {
            match test {
                Test::Lemma(_) => self.lemmas = true,
                Test::Upos(_) | Test::Xpos(_) => self.tags = true,
                Test::Feats(_) | Test::AnyFeat(_) | Test::NoFeat(_) => self.feats = true,
                Test::Flag(Flag::SentenceStart | Flag::SentenceEnd, _) => self.sentences = true,
                _ => {}
            }
        }
    }

    pub(super) fn facts(self) -> Vec<&'static str> {
        let given = [
            ("tokens", true),
            ("sentences", self.sentences),
            ("tags", self.tags),
            ("morphology", self.feats),
            ("lemmas", self.lemmas),
        ];
        let needed = given.iter().filter(|(_, needed)| *needed);
        needed.map(|(fact, _)| *fact).collect()
    }
}
