//! The points that `instruction` can state, and how each is checked against an answer as it was read.

use std::ops::Range;

use botsmith_nlp::Word;
use unicode_segmentation::UnicodeSegmentation;

use crate::language::folded;
use crate::language::markup::{LineKind, Plain};
use crate::language::steps::{Sentence, first_person, order};
use crate::metrics::porter::{Mode, stem};
use crate::reading::read;
use crate::template::Template;
use crate::text::quote;
use crate::{Case, Result};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Sentences,
    Words,
    Bullets,
}

/// What a text may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Verb,
    Noun,
    Adjective,
    Adverb,
    Pronoun,
    Number,
    Name,
    Interjection,
}

/// One thing that is asked of an answer.
#[derive(Debug)]
pub(super) enum Point {
    AtLeast(Unit, usize),
    AtMost(Unit, usize),
    List(bool),
    FirstPerson(bool),
    Questions(bool),
    Imperatives(bool),
    Mentions(Template),
    Avoids(Template),
    StartsWith(Begin),
}

/// An answer as it was read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) plain: &'a Plain,
    pub(super) words: Vec<Word<'a>>,
    pub(super) sentences: Vec<Sentence>,
}

/// What became of a point: where, and why it is broken if it is.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) spans: Vec<Range<usize>>,
    pub(super) broken: Option<String>,
}

impl Finding {
    fn kept(spans: Vec<Range<usize>>) -> Self {
        Self {
            spans,
            broken: None,
        }
    }

    fn broken(spans: Vec<Range<usize>>, why: String) -> Self {
        Self {
            spans,
            broken: Some(why),
        }
    }
}

impl Unit {
    fn name(self, count: usize) -> String {
        let name = match self {
            Self::Sentences => "sentence",
            Self::Words => "word",
            Self::Bullets => "list item",
        };
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {name}{plural}")
    }

    fn spans(self, reading: &Reading<'_>) -> Vec<Range<usize>> {
        let lines = reading.plain.lines.iter();
        match self {
            Self::Sentences => reading
                .sentences
                .iter()
                .map(|sentence| sentence.span.clone())
                .collect(),
            // Lines, not the whole text: what is blank in it was code or markup.
            Self::Words => lines
                .filter(|line| line.kind != LineKind::Code)
                .flat_map(|line| {
                    let words = reading.plain.text[line.span.clone()].unicode_word_indices();
                    words.map(|(at, word)| line.span.start + at..line.span.start + at + word.len())
                })
                .collect(),
            Self::Bullets => lines
                .filter(|line| line.kind == LineKind::Item)
                .map(|line| line.span.clone())
                .collect(),
        }
    }
}

impl Begin {
    fn name(self) -> &'static str {
        match self {
            Self::Verb => "a verb",
            Self::Noun => "a noun",
            Self::Adjective => "an adjective",
            Self::Adverb => "an adverb",
            Self::Pronoun => "a pronoun",
            Self::Number => "a number",
            Self::Name => "a name",
            Self::Interjection => "an interjection",
        }
    }

    fn fits(self, words: &[Word<'_>], at: usize) -> bool {
        let tag = words[at].upos();
        match self {
            Self::Verb => {
                matches!(tag, "VERB" | "AUX") || order(words, at..words.len()) == Some(at)
            }
            Self::Noun => tag == "NOUN",
            Self::Adjective => tag == "ADJ",
            Self::Adverb => tag == "ADV",
            Self::Pronoun => tag == "PRON",
            Self::Number => tag == "NUM",
            Self::Name => tag == "PROPN",
            Self::Interjection => tag == "INTJ",
        }
    }
}

impl Point {
    /// Checks one answer.
    ///
    /// # Errors
    /// If a template fails on the case, or the text of a phrase cannot be read.
    pub(super) fn check(&self, reading: &Reading<'_>, case: &Case) -> Result<Finding> {
        Ok(match self {
            Self::AtMost(unit, most) => {
                let spans = unit.spans(reading);
                let count = spans.len();
                match (spans.get(*most), spans.last()) {
                    (Some(first), Some(last)) => {
                        let beyond = first.start..last.end;
                        let why = format!("{}, at most {most} wanted", unit.name(count));
                        Finding::broken(vec![beyond], why)
                    }
                    _ => Finding::default(),
                }
            }
            Self::AtLeast(unit, least) => {
                let spans = unit.spans(reading);
                let why = || format!("{}, at least {least} wanted", unit.name(spans.len()));
                match spans.len() < *least {
                    true => Finding::broken(Vec::new(), why()),
                    false => Finding::default(),
                }
            }
            Self::List(wanted) => {
                let spans = Unit::Bullets.spans(reading);
                match (wanted, spans.is_empty()) {
                    (true, true) => Finding::broken(spans, "no list, one wanted".to_owned()),
                    (false, false) => Finding::broken(spans, "a list, none wanted".to_owned()),
                    _ => Finding::kept(spans),
                }
            }
            Self::FirstPerson(wanted) => {
                let found = where_words(reading, |word| first_person(*word));
                match (wanted, found.first()) {
                    (true, None) => Finding::broken(found, "no first person, wanted".to_owned()),
                    (false, Some(first)) => {
                        let word = quote(&reading.plain.text[first.clone()]);
                        Finding::broken(found, format!("first person ({word}), none wanted"))
                    }
                    _ => Finding::kept(found),
                }
            }
            Self::Questions(wanted) => {
                let asks = |sentence: &&Sentence| {
                    let end = reading.words[sentence.words.clone()].iter().rev().take(3);
                    end.into_iter().any(|word| word.form().contains('?'))
                };
                let found: Vec<_> = reading
                    .sentences
                    .iter()
                    .filter(asks)
                    .map(|sentence| sentence.span.clone())
                    .collect();
                match (wanted, found.is_empty()) {
                    (true, true) => Finding::broken(found, "no question, one wanted".to_owned()),
                    (false, false) => Finding::broken(found, "a question, none wanted".to_owned()),
                    _ => Finding::kept(found),
                }
            }
            Self::Imperatives(_) => imperatives(reading),
            Self::Mentions(template) => {
                let phrase = template.render(case)?;
                match find(reading, &phrase)?.into_iter().next() {
                    Some(span) => Finding::kept(vec![span]),
                    None => {
                        Finding::broken(Vec::new(), format!("{} is not mentioned", quote(&phrase)))
                    }
                }
            }
            Self::Avoids(template) => {
                let phrase = template.render(case)?;
                let spans = find(reading, &phrase)?;
                match spans.is_empty() {
                    true => Finding::default(),
                    false => Finding::broken(
                        spans,
                        format!("{} is mentioned, and must not be", quote(&phrase)),
                    ),
                }
            }
            Self::StartsWith(begin) => {
                let first = reading.sentences.first().and_then(|sentence| {
                    let mut words = sentence.words.clone();
                    words.find(|at| {
                        let form = reading.words[*at].form();
                        form.chars().any(char::is_alphanumeric)
                    })
                });
                match first {
                    Some(at) if begin.fits(&reading.words, at) => {
                        Finding::kept(vec![reading.words[at].span()])
                    }
                    Some(at) => Finding::broken(
                        vec![reading.words[at].span()],
                        format!(
                            "starts with {}, {} wanted",
                            quote(reading.words[at].form()),
                            begin.name()
                        ),
                    ),
                    None => Finding::broken(
                        Vec::new(),
                        format!("no words, {} wanted first", begin.name()),
                    ),
                }
            }
        })
    }
}

/// The places of words that fit.
fn where_words(reading: &Reading<'_>, fits: impl Fn(&Word<'_>) -> bool) -> Vec<Range<usize>> {
    let words = reading.words.iter().filter(|word| fits(word));
    words.map(|word| word.span()).collect()
}

/// Each list item, or without a list each sentence, begins as an order.
fn imperatives(reading: &Reading<'_>) -> Finding {
    let items: Vec<&Sentence> = reading
        .sentences
        .iter()
        .filter(|sentence| {
            // The first sentence of an item speaks for it.
            sentence.kind == LineKind::Item
                && reading
                    .plain
                    .line_at(sentence.span.start)
                    .is_some_and(|line| sentence.span.start <= line.span.start + 2)
        })
        .collect();
    let steps = match items.is_empty() {
        true => reading
            .sentences
            .iter()
            .filter(|sentence| sentence.kind != LineKind::Heading)
            .collect(),
        false => items,
    };
    let (mut verbs, mut others) = (Vec::new(), Vec::new());
    for step in steps {
        match order(&reading.words, step.words.clone()) {
            Some(at) => verbs.push(reading.words[at].span()),
            None => others.push(step.span.clone()),
        }
    }
    match others.first() {
        None if verbs.is_empty() => {
            Finding::broken(Vec::new(), "no steps, imperatives wanted".to_owned())
        }
        None => Finding::kept(verbs),
        Some(first) => {
            let first = quote(&reading.plain.text[first.clone()]);
            Finding::broken(others, format!("{first} is no imperative"))
        }
    }
}

/// Where a phrase stands, in any inflection.
fn find(reading: &Reading<'_>, phrase: &str) -> Result<Vec<Range<usize>>> {
    let doc = read(phrase)?;
    let wanted: Vec<[String; 3]> = doc.words().filter_map(forms).collect();
    let given: Vec<(usize, [String; 3])> = reading
        .words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| Some((at, forms(*word)?)))
        .collect();
    let mut spans = Vec::new();
    if wanted.is_empty() {
        return Ok(spans);
    }
    for window in given.windows(wanted.len()) {
        let same = window.iter().zip(&wanted).all(|((_, given), wanted)| {
            given[0] == wanted[0] || given[1] == wanted[1] || given[2] == wanted[2]
        });
        if same {
            let (first, last) = (window[0].0, window[window.len() - 1].0);
            spans.push(reading.words[first].span().start..reading.words[last].span().end);
        }
    }
    Ok(spans)
}

/// A word as it is compared: its form, its lemma, its lemma's stem. Punctuation has none.
fn forms(word: Word<'_>) -> Option<[String; 3]> {
    let bare = |text: &str| {
        folded(text.trim_matches(|c: char| !c.is_alphanumeric() && !"$€£%".contains(c)))
    };
    let form = bare(word.form());
    if form.is_empty() {
        return None;
    }
    let lemma = match word.lemma() {
        "_" => form.clone(),
        lemma => bare(lemma),
    };
    let stem = stem(&lemma, Mode::Nltk);
    Some([form, lemma, stem])
}
