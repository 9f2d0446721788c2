//! Annotated answer -> the phrase that answers a question of some kind, if one is there.
//!
//! It looks at the kind of phrase alone: a date for `when`, a number for `how many`. Whether it is the
//! right one is not asked. Sentences that put the question off (`I don't know`) hold no answer.

mod patterns;

use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
use super::clauses::finite;
use super::markup::Plain;
use super::names::names;

use super::quantity::{Dimension, Quantity, Value, quantities};
use super::question::{Kind, Question};
use super::yes_no::yes_or_no;
use patterns::{ADDRESS, HOW, LONG, MANY, MUCH, OFTEN, PERSONS, PLACE, PUT_OFF, WHEN, WHY};
use regex::Regex;

/// An answer as it was read.
pub(crate) struct Reply<'a> {
    doc: &'a Doc,
    plain: &'a Plain,
    /// The text with its markup: places may be addresses.
    original: &'a str,
    words: Vec<Word<'a>>,
    quantities: Vec<Quantity>,
    /// Bytes of sentences that put the question off.
    put_off: Vec<Range<usize>>,
}

impl std::fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("bytes", &self.original.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Reply<'a> {
    /// Reads an answer: `doc` annotates `plain.text`, which is `original` without markup.
    pub(crate) fn new(doc: &'a Doc, plain: &'a Plain, original: &'a str) -> Self {
        let put_off = doc
            .sentences()
            .filter(|sentence| PUT_OFF.is_match(sentence.text()))
            .map(botsmith_nlp::Sentence::span)
            .collect();
        Self {
            doc,
            plain,
            original,
            words: doc.words().collect(),
            quantities: quantities(&plain.text),
            put_off,
        }
    }

    /// Where the question is put off.
    pub(crate) fn put_off(&self) -> &[Range<usize>] {
        &self.put_off
    }

    /// The bytes of the first phrase that answers the question, or nothing. `asked` are the words of
    /// the document that holds the question.
    pub(crate) fn answer(&self, question: &Question, asked: &[Word<'_>]) -> Option<Range<usize>> {
        let text = &self.plain.text;
        match question.kind {
            Kind::YesNo => self.yes_no(question, asked),
            Kind::Who => self.name().or_else(|| self.found(&PERSONS)).or_else(|| self.pronoun()),
            // `Where is my parcel?` asks how it is getting on.
            Kind::Where if mine(question, asked) => self.place().or_else(|| self.time()),
            Kind::Where => self.place(),
            Kind::When => self.time(),
            Kind::HowMany => self
                .quantity(|quantity| matches!(quantity.value, Value::Number(_)))
                .or_else(|| self.found(&MANY)),
            Kind::HowMuch => self
                .quantity(|quantity| matches!(quantity.value, Value::Number(number) if !number.unit.is_some_and(|(dimension, _)| dimension.is_time())))
                .or_else(|| self.found(&MUCH)),
            Kind::HowLong => self
                .quantity(|quantity| match quantity.value {
                    Value::Number(number) => number.unit.is_some_and(|(dimension, _)| {
                        dimension.is_time() || matches!(dimension, Dimension::Length)
                    }),
                    _ => false,
                })
                .or_else(|| {
                    // `2 to 3 working days`: the unit is a few words on.
                    self.quantity(|quantity| {
                        let after = &text[quantity.span.end..super::border(text, (quantity.span.end + 40).min(text.len()))];
                        matches!(quantity.value, Value::Number(_)) && LONG.is_match(after)
                    })
                })
                .or_else(|| self.found(&LONG))
                .or_else(|| self.quantity(|quantity| matches!(quantity.value, Value::Date(_)))),
            Kind::HowOften => self.found(&OFTEN).or_else(|| {
                self.quantity(|quantity| matches!(quantity.value, Value::Number(number) if number.unit.is_some_and(|(dimension, _)| dimension.is_time())))
            }),
            Kind::Why => self.found(&WHY),
            Kind::Which => self.choice(question, asked),
            Kind::How => self.found(&HOW).or_else(|| self.order()),
            Kind::What => self.thing(),
        }
    }

    fn time(&self) -> Option<Range<usize>> {
        self.quantity(|quantity| match quantity.value {
            Value::Date(_) | Value::Time(_) => true,
            Value::Number(number) => match number.unit {
                Some((dimension, _)) => dimension.is_time(),
                None => {
                    number.plain.fract() == 0.0
                        && ((1000.0..=2199.0).contains(&number.plain)
                            || number.ordinal && !quantity.weak)
                }
            },
        })
        .or_else(|| self.found(&WHEN))
    }

    fn open(&self, span: &Range<usize>) -> bool {
        let next = self.put_off.partition_point(|off| off.end <= span.start);
        let off = self.put_off.get(next);
        off.is_none_or(|off| span.end <= off.start)
    }

    fn found(&self, pattern: &Regex) -> Option<Range<usize>> {
        pattern
            .find_iter(&self.plain.text)
            .map(|found| found.range())
            .find(|span| self.open(span))
    }

    fn quantity(&self, fits: impl Fn(&Quantity) -> bool) -> Option<Range<usize>> {
        self.quantities
            .iter()
            .find(|quantity| self.open(&quantity.span) && fits(quantity))
            .map(|quantity| quantity.span.clone())
    }

    fn name(&self) -> Option<Range<usize>> {
        names(self.doc, self.plain)
            .into_iter()
            .map(|name| name.span)
            .find(|span| self.open(span))
            .or_else(|| {
                // A name alone opens its sentence.
                self.word(|word| {
                    word.upos() == "PROPN" && word.form().chars().any(char::is_uppercase)
                })
            })
    }

    fn word(&self, fits: impl Fn(&Word<'a>) -> bool) -> Option<Range<usize>> {
        self.words
            .iter()
            .find(|word| self.open(&word.span()) && fits(word))
            .map(|word| word.span())
    }

    /// `We do.`, `You, as the buyer.`: a pronoun that is the subject of the first sentence.
    fn pronoun(&self) -> Option<Range<usize>> {
        let first = self.words.iter().find(|word| {
            self.open(&word.span()) && word.form().chars().any(char::is_alphanumeric)
        })?;
        matches!(
            first.form().to_lowercase().as_str(),
            "we" | "you" | "they" | "he" | "she" | "me" | "us"
        )
        .then(|| first.span())
    }

    fn place(&self) -> Option<Range<usize>> {
        const BEFORE: &str = "\
    in at on under near behind inside outside beside between to from into onto through via \
    above below around across within over along opposite";
        let phrase = self.words.iter().enumerate().find_map(|(at, word)| {
            let preposition = among(&word.form().to_lowercase(), BEFORE) && self.open(&word.span());
            if !preposition {
                return None;
            }
            // The noun that it is before, over articles and adjectives.
            let noun = self.words[at + 1..]
                .iter()
                .take(5)
                .take_while(|next| {
                    matches!(
                        next.upos(),
                        "NOUN" | "PROPN" | "DET" | "ADJ" | "PRON" | "NUM" | "PART"
                    ) && next.form() != "to"
                })
                .find(|next| matches!(next.upos(), "NOUN" | "PROPN"))?;
            let span = word.span().start..noun.span().end;
            let next = self
                .quantities
                .partition_point(|quantity| quantity.span.end <= span.start);
            let inside = self.quantities[next..]
                .iter()
                .take_while(|quantity| quantity.span.start < span.end);
            let time = inside.into_iter().any(|quantity| match quantity.value {
                Value::Date(_) | Value::Time(_) => true,
                Value::Number(number) => number.unit.is_some(),
            });
            let timely = matches!(
                noun.lemma(),
                "time"
                    | "moment"
                    | "day"
                    | "week"
                    | "month"
                    | "year"
                    | "hour"
                    | "minute"
                    | "morning"
                    | "evening"
                    | "fact"
                    | "case"
                    | "order"
                    | "advance"
                    | "general"
                    | "addition"
                    | "reason"
                    | "question"
                    | "mind"
                    | "term"
                    | "way"
            );
            (!time && !timely).then_some(span)
        });
        phrase
            .or_else(|| {
                ADDRESS
                    .find(self.original)
                    .map(|found| found.range())
                    .filter(|span| self.open(span))
            })
            .or_else(|| self.found(&PLACE))
            .or_else(|| self.name())
    }

    /// Yes or no, or a statement with the question's verb or auxiliary.
    fn yes_no(&self, question: &Question, asked: &[Word<'_>]) -> Option<Range<usize>> {
        const HEDGES: &str = "\
    maybe perhaps probably possibly unfortunately likely depends unlikely definitely \
    certainly absolutely not n't no never yes exactly correct";
        if let Some((_, span)) = yes_or_no(&self.plain.text)
            && self.open(&span)
        {
            return Some(span);
        }
        if let Some(span) = self.word(|word| among(&word.form().to_lowercase(), HEDGES)) {
            return Some(span);
        }
        let wanted: Vec<String> = asked[question.words.clone()]
            .iter()
            .filter(|word| matches!(word.upos(), "VERB" | "AUX" | "NOUN" | "ADJ" | "PROPN"))
            .map(|word| super::folded(word.lemma()))
            .collect();
        let verb = self.words.iter().find(|word| {
            self.open(&word.span())
                && matches!(word.upos(), "VERB" | "AUX")
                && (finite(**word) || word.upos() == "VERB")
                && wanted.contains(&super::folded(word.lemma()))
        });
        // A statement that speaks of what was asked says it as well.
        let noun = || {
            let verb = self
                .words
                .iter()
                .any(|word| self.open(&word.span()) && finite(*word));
            verb.then(|| {
                self.word(|word| {
                    matches!(word.upos(), "NOUN" | "ADJ" | "PROPN")
                        && wanted.contains(&super::folded(word.lemma()))
                })
            })
            .flatten()
        };
        verb.map(|word| word.span()).or_else(noun)
    }

    /// One of the things that the question names, or any thing.
    fn choice(&self, question: &Question, asked: &[Word<'_>]) -> Option<Range<usize>> {
        let words = &asked[question.words.clone()];
        let or = words
            .iter()
            .position(|word| word.form().eq_ignore_ascii_case("or"));
        let Some(or) = or else { return self.thing() };
        // The last word before `or` and its commas, and the words after it.
        let start = words[..or]
            .iter()
            .rposition(|word| matches!(word.form(), "," | ":" | "?"))
            .map_or(or.saturating_sub(2), |at| at + 1);
        let options: Vec<String> = words[start..]
            .iter()
            .filter(|word| {
                !matches!(
                    word.upos(),
                    "PUNCT" | "CCONJ" | "DET" | "ADP" | "AUX" | "PRON"
                )
            })
            .map(|word| super::folded(word.form()))
            .collect();
        self.word(|word| {
            let form = super::folded(word.form());
            options.contains(&form)
                || matches!(form.as_str(), "both" | "neither" | "either" | "none")
        })
    }

    /// Steps: a verb in its plain form that opens a line, a sentence, or what stands after a comma.
    fn order(&self) -> Option<Range<usize>> {
        let opens = |at: usize| match at.checked_sub(1) {
            None => true,
            Some(before) => {
                let (before, word) = (self.words[before], self.words[at]);
                !before.form().chars().any(char::is_alphanumeric)
                    || before.token().ends_sentence()
                    || self.plain.breaks(before.span().start, word.span().start)
            }
        };
        let found = (0..self.words.len()).find(|at| {
            let word = self.words[*at];
            let plain = word.upos() == "VERB"
                && !word.feats().has("Tense=Past")
                && !word.feats().has("VerbForm=Ger");
            plain && opens(*at) && self.open(&word.span())
        })?;
        Some(self.words[found].span())
    }

    fn thing(&self) -> Option<Range<usize>> {
        self.word(|word| matches!(word.upos(), "NOUN" | "PROPN" | "NUM" | "SYM" | "X"))
            .or_else(|| self.word(|word| matches!(word.upos(), "VERB" | "ADJ" | "INTJ")))
    }
}

/// Whether a question is about the asker's own things.
fn mine(question: &Question, asked: &[Word<'_>]) -> bool {
    asked[question.words.clone()]
        .iter()
        .any(|word| matches!(word.form().to_lowercase().as_str(), "my" | "our" | "mine"))
}
