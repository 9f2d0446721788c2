//! Annotated text -> the proper nouns in it, run by run.
//!
//! A run is proper nouns by their tag (`PROPN`) or shape (`OpenAI`, `NASA`), with capitalised
//! neighbours (`Great Britain`) and small words between (`Bank of Ireland`). A capital that only opens a
//! sentence, a list item or a heading makes no name: there the tag must be borne out by a second
//! sign. Months, weekdays and titles are no names. English; texts in capitals throughout hold none.

mod known;
mod lists;
mod shape;

use std::collections::BTreeSet;
use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
use super::folded;
use super::markup::{LineKind, Plain};
pub(crate) use known::{borne_out, initials_known, known_words};
use lists::{CALENDAR, COMMON, LINKS, TITLES};
use shape::{capital, inner_capital, opens, shouted};

/// One name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Its bytes, without titles before and possessives after.
    pub(crate) span: Range<usize>,
    /// Its words that matter, folded: `bank`, `ireland`.
    pub(crate) words: Vec<String>,
}

/// The names of a document; `plain` is the text that was annotated, with its lines.
pub(crate) fn names(doc: &Doc, plain: &Plain) -> Vec<Name> {
    let words: Vec<Word<'_>> = doc.words().collect();
    let mid: BTreeSet<String> = words
        .iter()
        .enumerate()
        .filter(|(at, word)| capital(word.form()) && !opens(&words, *at, plain))
        .map(|(_, word)| folded(word.form()))
        .collect();
    let small: BTreeSet<String> = words
        .iter()
        .filter(|word| word.form().starts_with(char::is_lowercase))
        .map(|word| word.form().to_owned())
        .collect();
    let reader = Reader {
        words,
        mid,
        small,
        plain,
    };
    reader.names()
}

struct Reader<'d, 'p> {
    words: Vec<Word<'d>>,
    /// Words that stand capitalised within a sentence.
    mid: BTreeSet<String>,
    /// Words that stand in small letters.
    small: BTreeSet<String>,
    plain: &'p Plain,
}

impl Reader<'_, '_> {
    fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            if !self.is_core(at) {
                at += 1;
                continue;
            }
            let end = self.run_end(at);
            let start = self.run_start(at, names.last().map_or(0, |name: &Name| name.span.end));
            names.extend(self.name(start, end));
            at = end;
        }
        names
    }

    /// Whether a word is a part of a call, such as `Foo.bar()`: that is code.
    fn is_called(&self, word: Word<'_>) -> bool {
        let rest = self.plain.text.get(word.span().end..).unwrap_or_default();
        let stretch = rest.split(char::is_whitespace).next().unwrap_or_default();
        stretch.contains("()")
    }

    /// Whether a word is by itself sign enough of a name.
    fn is_core(&self, at: usize) -> bool {
        let word = self.words[at];
        let form = word.form().trim_matches(|c: char| !c.is_alphanumeric());
        let lower = folded(form);
        if form.chars().count() < 2
            || among(lower.as_str(), CALENDAR)
            || among(lower.as_str(), TITLES)
            || self.is_called(word)
        {
            return false;
        }
        let tagged = word.upos() == "PROPN";
        if shouted(form) {
            // A text that shouts: its neighbours have no small letters either.
            let quiet = |at: Option<usize>| {
                let Some(word) = at.and_then(|at| self.words.get(at)) else {
                    return false;
                };
                word.form().chars().any(char::is_lowercase)
            };
            let loud = !quiet(at.checked_sub(1))
                && !quiet(Some(at + 1))
                && self.words.len() > 2
                && (at
                    .checked_sub(1)
                    .is_some_and(|at| shouted(self.words[at].form()))
                    || self
                        .words
                        .get(at + 1)
                        .is_some_and(|word| shouted(word.form())));
            let known = among(lower.as_str(), COMMON) || self.small.contains(&lower);
            return !known
                && !loud
                && (tagged || matches!(word.upos(), "NOUN" | "X" | "ADJ"))
                && form.len() <= 12;
        }
        if inner_capital(form)
            && !form.contains(['-', '/', '\'', '’', '.'])
            && form.chars().any(char::is_alphabetic)
        {
            return true;
        }
        if !capital(form) || among(lower.as_str(), COMMON) || self.small.contains(&lower) {
            return false;
        }
        if !tagged {
            return self.is_title_case(at);
        }
        if !opens(&self.words, at, self.plain) {
            return true;
        }
        // A second sign: the lemma keeps its capital, it stands capitalised elsewhere, or a
        // capitalised proper noun follows.
        let follows = self.words.get(at + 1).is_some_and(|next| {
            next.upos() == "PROPN"
                && capital(next.form())
                && !opens(&self.words, at + 1, self.plain)
        });
        let heading = self
            .plain
            .line_at(word.span().start)
            .is_some_and(|line| line.kind == LineKind::Heading);
        // `Brrr!` cries.
        let cry = self
            .words
            .get(at + 1)
            .is_some_and(|next| next.form().starts_with('!'));
        self.mid.contains(&lower) || follows || (capital(word.lemma()) && !heading && !cry)
    }

    /// Whether two words in capitals stand where small letters were before: `with Amazon Web
    /// Services`. Headings and lead-ins (`Key Benefits:`) have none before.
    fn is_title_case(&self, at: usize) -> bool {
        let fits = |at: usize| {
            self.words.get(at).is_some_and(|word| {
                capital(word.form())
                    && matches!(word.upos(), "PROPN" | "NOUN" | "ADJ")
                    && !opens(&self.words, at, self.plain)
            })
        };
        let start = self.words[at].span().start;
        let line = self
            .plain
            .line_at(start)
            .map_or(start, |line| line.span.start);
        let small_before = || {
            self.words[..at]
                .iter()
                .rev()
                .take(40)
                .take_while(|word| word.span().start >= line)
                .any(|word| word.form().starts_with(char::is_lowercase))
        };
        fits(at) && fits(at + 1) && self.near(at + 1) && small_before()
    }

    /// Whether a word goes on with a name: capitalised, in the same line, whatever its tag.
    fn goes_on(&self, at: usize) -> bool {
        let Some(word) = self.words.get(at) else {
            return false;
        };
        let form = word.form();
        let nominal = matches!(word.upos(), "PROPN" | "NOUN" | "ADJ" | "NUM" | "X" | "VERB");
        let lower = folded(form);
        self.near(at)
            && !among(lower.as_str(), CALENDAR)
            && ((capital(form) && nominal && form.chars().any(char::is_alphabetic))
                || (word.upos() == "PROPN"
                    && form.chars().any(char::is_alphanumeric)
                    && capital(form)))
    }

    /// Whether a word goes on where the one before ends: `WELCOME10` is two tokens.
    fn glued(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        self.words.get(at).is_some_and(|word| {
            word.span().start == self.words[before].span().end
                && word.form().starts_with(char::is_alphanumeric)
        })
    }

    /// Whether only a space or a hyphen is between a word and the one before.
    fn near(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let (from, to) = (self.words[before].span().end, self.words[at].span().start);
        from > to
            || self.plain.text.get(from..to).is_some_and(|gap| {
                gap.is_empty() || (gap.trim().is_empty() && !gap.contains('\n') && gap.len() <= 3)
            })
    }

    fn run_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        loop {
            let hyphen = self.words.get(end).is_some_and(|word| word.form() == "-")
                && self.near(end)
                && self
                    .words
                    .get(end + 1)
                    .is_some_and(|word| word.form().chars().any(char::is_alphanumeric))
                && self.near(end + 1);
            let dotted = self.words.get(end).is_some_and(|word| word.form() == ".");
            let link = self.words.get(end).is_some_and(|word| among(word.form(), LINKS))
                && self.near(end)
                // `Paris and Rome` are two names; `Data Protection and Safety Board` is cut too.
                && !self.words.get(end).is_some_and(|word| matches!(word.form(), "and" | "for" | "&"));
            if self.goes_on(end) || self.glued(end) {
                end += 1;
            } else if (hyphen || link) && !dotted && (hyphen || self.goes_on(end + 1)) {
                end += 2;
            } else if link
                && self
                    .words
                    .get(end + 1)
                    .is_some_and(|word| word.form() == "the")
                && self.goes_on(end + 2)
            {
                end += 3;
            } else {
                return end;
            }
        }
    }

    /// Capitalised words before the core that are not there by their place: `Great` Britain.
    fn run_start(&self, at: usize, floor: usize) -> usize {
        let mut start = at;
        while let Some(before) = start.checked_sub(1) {
            let word = self.words[before];
            let fits = self.near(start)
                && word.span().start >= floor
                && capital(word.form())
                && matches!(word.upos(), "PROPN" | "NOUN" | "ADJ")
                && !opens(&self.words, before, self.plain);
            if !fits {
                break;
            }
            start = before;
        }
        start
    }

    fn name(&self, mut start: usize, end: usize) -> Option<Name> {
        let is_title = |at: usize| {
            let word = folded(self.words[at].form().trim_end_matches('.'));
            among(word.as_str(), TITLES)
        };
        while start < end && is_title(start) {
            start += 1;
        }
        let mut words: Vec<String> = Vec::new();
        for at in start..end {
            let form = self.words[at].form();
            let word = folded(form.trim_matches(|c: char| !c.is_alphanumeric()));
            match words.last_mut() {
                Some(last) if at > start && self.glued(at) => last.push_str(&word),
                _ => words.push(word),
            }
        }
        words.retain(|word| {
            !word.is_empty() && !among(word, LINKS) && !among(word, TITLES) && word != "s"
        });
        if words.is_empty() {
            return None;
        }
        let from = self.words[start].span().start;
        let to = self.words[end - 1].span().end;
        let text = self.plain.text.get(from..to)?;
        // `Corp**` was one token: the end is the last letter's.
        let end = from
            + text
                .trim_end_matches(|c: char| !c.is_alphanumeric() && c != '.')
                .len();
        Some(Name {
            span: from..end,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::markup::plain;
    use crate::reading::read;

    fn found(text: &str) -> Vec<String> {
        let plain = plain(text);
        let doc = read(&plain.text).expect("the model is inside");
        let names = names(&doc, &plain);
        names
            .into_iter()
            .map(|name| text[name.span].to_owned())
            .collect()
    }

    #[test]
    fn names_are_found_whole() {
        for (text, wanted) in [
            (
                "**Barack Obama** was born in Honolulu, Hawaii.",
                &["Barack Obama", "Honolulu", "Hawaii"][..],
            ),
            ("Obama's wife is Michelle.", &["Obama", "Michelle"]),
            ("We no longer ship to Great Britain.", &["Great Britain"]),
            ("Sure! Plants are great.", &[]),
            ("- Open the app.\n- Call NASA's servers.", &["NASA"]),
            ("Ask Dr. Smith about it.", &["Smith"]),
            ("It was made by OpenAI in March.", &["OpenAI"]),
            ("Please do NOT unplug it.", &[]),
            ("We fly to Paris and Rome.", &["Paris", "Rome"]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_known_bears_names_out() {
        let mut known = BTreeSet::new();
        known_words(
            "The National Aeronautics and Space Administration paid Barack Obama's friend José in New-York.",
            &mut known,
        );
        let name = |words: &[&str]| Name {
            span: 0..1,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        for words in [
            &["nasa"][..],
            &["obama"],
            &["barack", "obama"],
            &["jose"],
            &["new", "york"],
            &["york"],
        ] {
            assert!(borne_out(&name(words), &known), "{words:?}");
        }
        for words in [&["esa"][..], &["michelle", "obama"], &["washington"]] {
            assert!(!borne_out(&name(words), &known), "{words:?}");
        }
    }
}
