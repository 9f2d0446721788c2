//! Numbers in digits and in words, with scale words and units: text -> [`Quantity`]s.
//!
//! Digits are those of [`crate::number`]; a grammar of a few lines puts number words, scales (`3
//! million`, `1.2k`), fractions (`two thirds`, `half an hour`) and units (`5 km`, `20-minute`) to them.

mod spelled;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::units::{Unit, currency, unit};
use super::words::glued_scale;
use super::{Number, Quantity, Value};
use crate::language::border;
use crate::language::markup::pattern;
use crate::number::{Style, numbers};

static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}°²³µ]+(?:/[hs]\b)?|%"));
/// `U.S. $`, `US$`, `EUR` before an amount.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\b(?:USD|EUR|GBP|JPY|INR|CHF|CAD|AUD|BRL|CNY)\s?|(?:\b(?:US|U\.S\.\s?))?\$\s?|[€£¥₹₩₽₺₪฿₫₴]\s?)$",
    )
});

/// A number in digits, or a word.
#[derive(Debug)]
enum Atom<'t> {
    Digits { value: f64, percent: bool },
    Word(&'t str),
}

#[derive(Debug)]
struct Placed<'t> {
    span: Range<usize>,
    atom: Atom<'t>,
}

/// Numbers of a text in order. What is blank in `text` is not read.
pub(super) fn read(text: &str) -> Vec<Quantity> {
    let atoms = atoms(text);
    let mut list = Vec::new();
    let mut at = 0;
    while at < atoms.len() {
        let reader = Reader {
            text,
            atoms: &atoms,
        };
        match reader.quantity(at) {
            Some((quantity, next)) => {
                list.extend(quantity);
                at = next;
            }
            None => at += 1,
        }
    }
    list
}

fn atoms(text: &str) -> Vec<Placed<'_>> {
    let mut atoms: Vec<_> = numbers(text, Style::default())
        .filter(|number| number.value().is_finite() && !in_name(text, number.start))
        .map(|number| {
            let sign = number.as_str().trim_end().strip_suffix('%');
            let end = number.start + sign.unwrap_or(number.as_str()).trim_end().len();
            Placed {
                span: number.start..if number.percent { number.end } else { end },
                atom: Atom::Digits {
                    value: number.value(),
                    percent: number.percent,
                },
            }
        })
        .collect();
    let digits: Vec<_> = atoms.iter().map(|atom| atom.span.clone()).collect();
    for word in WORD.find_iter(text) {
        let next = digits.partition_point(|span| span.end <= word.start());
        if digits.get(next).is_none_or(|span| word.end() <= span.start) {
            atoms.push(Placed {
                span: word.range(),
                atom: Atom::Word(word.as_str()),
            });
        }
    }
    atoms.sort_by_key(|atom| atom.span.start);
    atoms
}

/// Whether the digits at `start` belong to a name: `GPT-4`, `COVID-19`.
fn in_name(text: &str, start: usize) -> bool {
    let mut before = text[..start].chars().rev();
    matches!(before.next(), Some('-' | '–' | '#' | '_'))
        && before.next().is_some_and(char::is_uppercase)
}

struct Reader<'a, 't> {
    text: &'t str,
    atoms: &'a [Placed<'t>],
}

impl<'t> Reader<'_, 't> {
    fn word(&self, at: usize) -> Option<String> {
        match self.atoms.get(at)?.atom {
            Atom::Word(word) => Some(word.to_lowercase()),
            Atom::Digits { .. } => None,
        }
    }

    /// What stands between an atom and the next.
    fn gap(&self, at: usize) -> &'t str {
        match (self.atoms.get(at), self.atoms.get(at + 1)) {
            (Some(one), Some(next)) => &self.text[one.span.end..next.span.start],
            _ => "\n\n",
        }
    }

    /// Whether an atom and the next may be one expression: a space, a hyphen, or nothing.
    fn joined(&self, at: usize) -> bool {
        matches!(
            self.gap(at),
            "" | " " | "-" | "\u{a0}" | "\u{202f}" | "\u{2011}"
        )
    }

    /// A quantity that starts at an atom, and the atom after it.
    fn quantity(&self, at: usize) -> Option<(Option<Quantity>, usize)> {
        let mut weak = false;
        let (mut plain, mut last, mut ordinal_number, mut unit);
        let mut start = self.atoms[at].span.start;
        match self.atoms[at].atom {
            Atom::Digits { value, percent } => {
                plain = value;
                last = at;
                ordinal_number = false;
                unit = None;
                let head = &self.text[..start];
                let head = head.strip_suffix(['-', '−']).unwrap_or(head);
                let near = &head[border(head, head.len().saturating_sub(12))..];
                if let Some(code) = CODE.find(near) {
                    unit = money(code.as_str());
                    start = head.len() - code.as_str().len();
                } else if let Some(inner) = inner_sign(&self.text[self.atoms[at].span.clone()]) {
                    unit = Some(inner);
                }
                if percent {
                    unit = super::units::unit("%");
                }
                if !percent {
                    self.scaled(&mut plain, &mut last, &mut ordinal_number, unit.is_some());
                }
            }
            Atom::Word(_) => {
                let (value, end, is_weak, is_ordinal) = self.words(at)?;
                (plain, last, weak, ordinal_number) = (value, end, is_weak, is_ordinal);
                unit = None;
            }
        }
        let mut end = self.atoms[last].span.end;
        let mut next = last + 1;
        if unit.is_none() && !ordinal_number {
            if let Some((found, after)) = self.unit(last) {
                unit = Some(found);
                next = after;
                end = self.atoms[after - 1].span.end;
                // `one day` and `one hour` are amounts; `a day` claims little.
                weak = weak && matches!(self.word(at).as_deref(), Some("a" | "an"));
            } else if let Some((found, length)) = self.sign_after(end) {
                unit = Some(found);
                end += length;
            }
        } else if matches!(unit, Some((super::Dimension::Money(_), _))) {
            // `$3 million dollars`: the name of the currency says nothing new.
            if let Some((found, after)) = self.unit(last)
                && unit.is_some_and(|unit| unit.0 == found.0)
            {
                next = after;
                end = self.atoms[after - 1].span.end;
            }
        }
        if matches!(self.word(at).as_deref(), Some("a" | "an")) && unit.is_none() && last == at {
            return None;
        }
        let quantity = Quantity {
            span: start..end,
            value: Value::Number(Number {
                plain,
                unit,
                ordinal: ordinal_number,
            }),
            weak,
        };
        Some((Some(quantity), next))
    }

    /// Scales, `and a half` and ordinal endings after digits.
    fn scaled(&self, plain: &mut f64, last: &mut usize, is_ordinal: &mut bool, money: bool) {
        let glued = self.gap(*last).is_empty();
        let exact = match self.atoms.get(*last + 1).map(|next| &next.atom) {
            Some(Atom::Word(word)) => *word,
            _ => return,
        };
        if glued {
            if matches!(exact, "st" | "nd" | "rd" | "th") {
                *is_ordinal = true;
                *last += 1;
                return;
            }
            if exact == "s" && *plain >= 1000.0 {
                *last += 1;
                return;
            }
            if let Some(factor) = glued_scale(exact, money) {
                *plain *= factor;
                *last += 1;
                return;
            }
        } else if !self.joined(*last) {
            return;
        }
        self.and_a_half(plain, last);
        self.scales(plain, last);
    }

    /// The unit after an atom, and the atom after the unit.
    fn unit(&self, last: usize) -> Option<(Unit, usize)> {
        if !self.joined(last) {
            return None;
        }
        let exact = |at: usize| match self.atoms.get(at)?.atom {
            Atom::Word(word) => Some(word),
            Atom::Digits { .. } => None,
        };
        let first = exact(last + 1)?;
        if let Some(second) = exact(last + 2)
            && matches!(self.gap(last + 1), " " | "-")
            && let Some(found) = unit(&format!("{first} {second}"))
        {
            return Some((found, last + 3));
        }
        // A letter alone is a unit where nothing else can be meant.
        let glued = self.gap(last).is_empty();
        let letter = first.chars().count() == 1 && first.is_ascii();
        // `5 m.` ends a sentence, `5 m.p.h.` goes on.
        let mut after = self.text[self.atoms[last + 1].span.end..].chars();
        let goes_on = after.next() == Some('.') && after.next().is_some_and(char::is_alphanumeric);
        if letter && first != "%" && (first == "B" || (!glued && goes_on)) {
            return None;
        }
        unit(first).map(|found| (found, last + 2))
    }

    /// A currency sign after a number: `5 €`.
    fn sign_after(&self, end: usize) -> Option<(Unit, usize)> {
        let rest = &self.text[end..];
        let bare = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        let space = rest.len() - bare.len();
        let sign = bare.chars().next().filter(|_| space <= 3)?;
        let length = sign.len_utf8();
        let found = currency(&bare[..length])?;
        // `5 $10`: the sign belongs to what follows.
        let next_is_digit = bare[length..].starts_with(|c: char| c.is_ascii_digit());
        (!next_is_digit).then_some((found, space + length))
    }
}

/// The currency inside a number's span: `-$5`.
fn inner_sign(number: &str) -> Option<Unit> {
    number
        .char_indices()
        .take(3)
        .find_map(|(at, c)| currency(&number[at..at + c.len_utf8()]))
}

fn money(code: &str) -> Option<Unit> {
    let code = code.trim();
    match code.strip_suffix('$') {
        Some(_) => currency("$"),
        None => currency(code).or_else(|| unit(code)),
    }
}
