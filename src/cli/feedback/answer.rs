//! Keys as answers: a key and what was begun -> an answer, or what to do.

use std::collections::BTreeSet;

use botsmith::eval::feedback::{Kind, Record, Span};
use serde_json::{Value, json};

use super::keys::Key;

/// What a rater has begun to say to the question of now.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun {
    /// Labels that are ticked.
    pub(super) ticked: BTreeSet<usize>,
    /// Parts that are marked.
    pub(super) spans: Vec<Span>,
    /// Digits of a rating of several.
    pub(super) digits: String,
    /// Why.
    pub(super) comment: Option<String>,
    /// The answer as it should have been.
    pub(super) correction: Option<String>,
}

/// What a key does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// It answers.
    Give(Value),
    /// A line is to be typed.
    Type(Line),
    Draft(Value),
    Skip,
    Discard,
    Undo,
    Help,
    Leave,
    /// Lines down, or up.
    Scroll(isize),
    /// It changed what was begun, or nothing.
    Nothing,
}

/// What a typed line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The answer to the question.
    Answer,
    /// Why.
    Comment,
    /// The answer as it should have been, beside what is said of it.
    Correction,
    /// A part of the answer.
    Part,
}

/// Keys of options; those of commands are not among them.
const OPTIONS: &str = "1234567890abefhijklnoprtvyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The key of an option.
pub(super) fn option_key(at: usize) -> char {
    OPTIONS.chars().nth(at).unwrap_or('?')
}

fn option_at(key: Key, options: &[String]) -> Option<usize> {
    let Key::Char(c) = key else { return None };
    OPTIONS
        .chars()
        .position(|known| known == c)
        .filter(|at| *at < options.len())
}

impl Begun {
    /// What a draft holds.
    pub(super) fn of(kind: &Kind, draft: &Record) -> Self {
        let mut begun = Self {
            comment: draft.comment.clone(),
            correction: draft.correction.clone(),
            ..Self::default()
        };
        match kind {
            Kind::MultiLabel { options } => {
                let words = draft.value.as_array().into_iter().flatten();
                let place = |word: &Value| options.iter().position(|o| word.as_str() == Some(o));
                begun.ticked = words.filter_map(place).collect();
            }
            Kind::Span { .. } => {
                begun.spans = serde_json::from_value(draft.value.clone()).unwrap_or_default();
            }
            _ => {}
        }
        begun
    }

    fn ticked(&self, options: &[String]) -> Value {
        let words = self.ticked.iter().filter_map(|at| options.get(*at));
        json!(words.collect::<Vec<_>>())
    }

    /// What a key does to a question of this kind.
    pub(super) fn press(&mut self, kind: &Kind, key: Key) -> Act {
        match self.answer(kind, key) {
            Act::Nothing => command(kind, key),
            act => act,
        }
    }

    fn answer(&mut self, kind: &Kind, key: Key) -> Act {
        match (kind, key) {
            (Kind::Thumb, Key::Char('y' | '+' | '1') | Key::Right) => Act::Give(json!("up")),
            (Kind::Thumb, Key::Char('n' | '-' | '0') | Key::Left) => Act::Give(json!("down")),
            (Kind::Rating { min, max, .. }, key) => self.rating(*min, *max, key),
            (Kind::Label { options, .. }, key) => match option_at(key, options) {
                Some(at) => Act::Give(json!(options[at])),
                None => Act::Nothing,
            },
            (Kind::MultiLabel { options }, Key::Enter) => Act::Give(self.ticked(options)),
            (Kind::MultiLabel { options }, Key::Char('w')) => Act::Draft(self.ticked(options)),
            (Kind::MultiLabel { options }, key) => {
                if let Some(at) = option_at(key, options)
                    && !self.ticked.remove(&at)
                {
                    self.ticked.insert(at);
                }
                Act::Nothing
            }
            (Kind::Pairwise { .. }, Key::Char('a' | '1') | Key::Left) => Act::Give(json!("a")),
            (Kind::Pairwise { .. }, Key::Char('b' | '2') | Key::Right) => Act::Give(json!("b")),
            (Kind::Pairwise { ties: true }, Key::Char('t' | '=' | '0')) => Act::Give(json!("tie")),
            (Kind::Span { .. }, Key::Enter) => Act::Give(json!(self.spans)),
            (Kind::Span { .. }, Key::Char('w')) => Act::Draft(json!(self.spans)),
            (Kind::Span { .. }, Key::Char('m')) => Act::Type(Line::Part),
            (Kind::Span { .. }, Key::Backspace) => {
                self.spans.pop();
                Act::Nothing
            }
            (Kind::Correction | Kind::Comment, Key::Enter | Key::Char('e')) => {
                Act::Type(Line::Answer)
            }
            _ => Act::Nothing,
        }
    }

    /// One digit answers where ratings have one; else Enter ends the number.
    fn rating(&mut self, min: i64, max: i64, key: Key) -> Act {
        match key {
            Key::Char(c) if c.is_ascii_digit() && min >= 0 && max <= 9 => {
                let n = i64::from(c.to_digit(10).unwrap_or(0));
                match (min..=max).contains(&n) {
                    true => Act::Give(json!(n)),
                    false => Act::Nothing,
                }
            }
            Key::Char(c) if c.is_ascii_digit() || c == '-' && self.digits.is_empty() => {
                self.digits.push(c);
                Act::Nothing
            }
            Key::Backspace => {
                self.digits.pop();
                Act::Nothing
            }
            Key::Enter if !self.digits.is_empty() => {
                let digits = std::mem::take(&mut self.digits);
                Act::Give(json!(digits))
            }
            _ => Act::Nothing,
        }
    }
}

fn command(kind: &Kind, key: Key) -> Act {
    match key {
        Key::Char('s') => Act::Skip,
        Key::Char('d') => Act::Discard,
        Key::Char('u') => Act::Undo,
        Key::Char('c') if !matches!(kind, Kind::Comment) => Act::Type(Line::Comment),
        Key::Char('x') if !kind.of_two() && !matches!(kind, Kind::Correction) => {
            Act::Type(Line::Correction)
        }
        Key::Char('g' | '?') => Act::Help,
        Key::Char('q') | Key::Leave => Act::Leave,
        Key::Down => Act::Scroll(1),
        Key::Up => Act::Scroll(-1),
        Key::Char(' ') | Key::PageDown => Act::Scroll(10),
        Key::PageUp => Act::Scroll(-10),
        _ => Act::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_answers_and_commands_stay_commands() {
        let tones = vec!["kind".to_owned(), "curt".to_owned()];
        let label = Kind::Label {
            options: tones.clone(),
            pass: vec![],
        };
        let rating = |max| Kind::Rating {
            min: 1,
            max,
            pass: None,
        };
        for (kind, keys, wanted) in [
            (Kind::Thumb, "y", Act::Give(json!("up"))),
            (Kind::Thumb, "n", Act::Give(json!("down"))),
            (Kind::Thumb, "u", Act::Undo),
            (rating(5), "4", Act::Give(json!(4))),
            (rating(5), "7", Act::Nothing),
            (rating(100), "42\r", Act::Give(json!("42"))),
            (label.clone(), "2", Act::Give(json!("curt"))),
            (label, "3", Act::Nothing),
            (
                Kind::MultiLabel {
                    options: tones.clone(),
                },
                "211\r",
                Act::Give(json!(["curt"])),
            ),
            (
                Kind::MultiLabel { options: tones },
                "1w",
                Act::Draft(json!(["kind"])),
            ),
            (Kind::Pairwise { ties: true }, "=", Act::Give(json!("tie"))),
            (Kind::Pairwise { ties: false }, "=", Act::Nothing),
            (Kind::Pairwise { ties: true }, "x", Act::Nothing),
            (Kind::Span { options: vec![] }, "\r", Act::Give(json!([]))),
            (Kind::Correction, "\r", Act::Type(Line::Answer)),
        ] {
            let mut begun = Begun::default();
            let press = |c| match c {
                '\r' => Key::Enter,
                c => Key::Char(c),
            };
            let last = keys.chars().map(|c| begun.press(&kind, press(c))).last();
            assert_eq!(last, Some(wanted), "{kind:?} {keys:?}");
        }
    }

    #[test]
    fn no_option_has_the_key_of_a_command() {
        for key in "sduxcgqwm? ".chars() {
            assert!(!OPTIONS.contains(key), "{key}");
        }
        assert!(OPTIONS.len() >= 50);
    }
}
