//! Patterns over words -> where they match, as spaCy's `Matcher` does it
//! (<https://spacy.io/api/matcher>).
//!
//! A [`Pattern`] is a list of [`WordPattern`]s: conditions on the form, lower-cased form, lemma, UPOS, XPOS,
//! FEATS, length, shape and flags of one word, each with how many words it stands for ([`Times`]). Patterns
//! run as automata without backtracking: time grows with words times pattern length, whatever the
//! pattern. A match is at least one and at most [`MAX_WORDS`] words long, and never goes over the end of a
//! sentence unless asked ([`MatcherBuilder::across_sentences`]).
//!
//! Not here: relations between words, since no syntax is computed.

mod flags;
mod pattern;
mod phrases;
mod run;
mod yaml;

pub use flags::{Flag, shape};
pub use pattern::{Count, Pattern, Text, Times, WordPattern};
pub use phrases::{Compare, PhraseMatcher};

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::stages::{Layers, Stage};
use crate::{Doc, Error, Result, Span};
use pattern::Needs;
use run::Slot;

/// The longest match, in words.
pub const MAX_WORDS: usize = 256;
/// The longest pattern, in words that it stands for at most; a repetition without an end counts one more.
pub const MAX_SLOTS: usize = 1024;

/// Which matches of one pattern are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Of matches that overlap, the longest; of equally long ones, the first.
    #[default]
    Longest,
    /// Of matches that overlap, the first; of those that begin together, the longest.
    First,
    /// Every stretch that matches.
    All,
}

/// One match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Match {
    /// The name of the pattern.
    #[serde(serialize_with = "write_name")]
    pub name: Arc<str>,
    /// Where.
    #[serde(flatten)]
    pub span: Span,
}

fn write_name<S: Serializer>(name: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name)
}

/// Finds patterns in documents.
///
/// ```
/// use botsmith_nlp::matcher::{Matcher, Pattern, Times, WordPattern};
/// use botsmith_nlp::conllu;
///
/// let doc = conllu::read("a.conllu", "\
/// 1\tdark\tdark\tADJ\tJJ\t_\t_\t_\t_\t_\n\
/// 2\tblue\tblue\tADJ\tJJ\t_\t_\t_\t_\t_\n\
/// 3\tcars\tcar\tNOUN\tNNS\tNumber=Plur\t_\t_\t_\t_\n\n")?;
/// let pattern = Pattern::new("described", [
///     WordPattern::any().upos("ADJ").times(Times::SOME),
///     WordPattern::any().lemma(["car", "bike"]).feats(["Number=Plur"]),
/// ]);
/// let matcher = Matcher::builder().pattern(pattern).build()?;
/// let found = matcher.find(&doc);
/// assert_eq!(found[0].span.text(&doc), "dark blue cars");
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Debug)]
pub struct Matcher {
    layer: String,
    rules: Vec<Rule>,
    tests: Vec<WordPattern>,
    keep: Keep,
    across: bool,
    needs: Needs,
}

#[derive(Debug)]
struct Rule {
    name: Arc<str>,
    slots: Vec<Slot>,
}

/// Puts a [`Matcher`] together.
#[derive(Debug, Default)]
pub struct MatcherBuilder {
    layer: Option<String>,
    patterns: Vec<Pattern>,
    keep: Keep,
    across: bool,
}

impl MatcherBuilder {
    /// Adds a pattern. Several may have one name.
    #[must_use]
    pub fn pattern(mut self, pattern: Pattern) -> Self {
        self.patterns.push(pattern);
        self
    }

    /// Which matches are kept; [`Keep::Longest`] unless said.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Lets matches go over ends of sentences.
    #[must_use]
    pub fn across_sentences(mut self) -> Self {
        self.across = true;
        self
    }

    /// The name of its layer in a pipeline; `matches` unless said.
    #[must_use]
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layer = Some(name.into());
        self
    }

    /// Checks and compiles the patterns.
    ///
    /// # Errors
    /// [`Error::Pattern`] for a pattern without words, with a regular expression that is none, or that
    /// stands for more than [`MAX_SLOTS`] words.
    pub fn build(self) -> Result<Matcher> {
        let (mut tests, mut rules, mut needs) = (Vec::new(), Vec::new(), Needs::default());
        for pattern in self.patterns {
            let bad = |reason: String| Error::Pattern {
                reason: format!("pattern `{}`: {reason}", pattern.name),
            };
            if pattern.words.is_empty() {
                return Err(bad("holds no word".into()));
            }
            let mut slots = Vec::new();
            for word in pattern.words {
                if let Some(reason) = word.error() {
                    return Err(bad(reason));
                }
                run::unroll(tests.len(), word.how_often(), &mut slots);
                if slots.len() > MAX_SLOTS {
                    return Err(bad(format!("stands for more than {MAX_SLOTS} words")));
                }
                needs.add(&word);
                tests.push(word);
            }
            rules.push(Rule {
                name: pattern.name.into(),
                slots,
            });
        }
        needs.sentences |= !self.across;
        Ok(Matcher {
            layer: self.layer.unwrap_or_else(|| "matches".into()),
            rules,
            tests,
            keep: self.keep,
            across: self.across,
            needs,
        })
    }
}

impl Matcher {
    /// Begins without patterns.
    pub fn builder() -> MatcherBuilder {
        MatcherBuilder::default()
    }

    /// All matches, in order of where they begin, then of where they end, then of the patterns.
    pub fn find(&self, doc: &Doc) -> Vec<Match> {
        let mut found = Vec::new();
        if self.across {
            self.stretch(doc, 0..doc.words().len(), &mut found);
        } else {
            for sentence in doc.sentences() {
                self.stretch(doc, sentence.word_range(), &mut found);
            }
        }
        found
    }
}

impl Stage for Matcher {
    fn name(&self) -> &'static str {
        "matcher"
    }

    fn needs(&self) -> Vec<&str> {
        self.needs.facts()
    }

    fn gives(&self) -> Vec<&str> {
        vec![self.layer.as_str()]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put(&self.layer, self.find(doc));
        Ok(())
    }
}
