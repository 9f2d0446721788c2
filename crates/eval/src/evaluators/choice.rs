//! `choice`: which option of a multiple-choice question an answer picks.
//!
//! Read, in this order: the answer is a letter (`B`, `(B)`, `**B.**`) or the text of an option;
//! it states one (`the answer is B`, `B is correct`, `I'd go with B`, `\boxed{B}`), the last
//! statement counts; a line starts with one (`B. Paris`, `**C**: …`); letters in brackets or bold; the text
//! of just one option stands in it. What names two at once picks none.

mod stated;

use std::sync::LazyLock;

use botsmith_core::yaml::{Fields, Value as Yaml};
use regex::Regex;
use serde_json::Value;

use super::builtin::{Builtin, VALUE, Wanted, evidence};
use super::contains_many::field_texts;
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Case, Error, Result, Score, Verdict, text};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "choice",
        about: "Whether the answer picks the right option of a multiple-choice question, however it says so.",
        formula: "1 if the letter picked is the reference's, else 0; an answer that picks none or two gives 0",
        range: Range::UNIT,
        decides: true,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "choices",
                schema: r#"{"anyOf": [{"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 2, "maxItems": 26}, {"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"], "additionalProperties": false}]}"#,
                about: "the texts of the options A, B, …; or `{from: field}`; by default the case's field `choices`, if it has one",
                required: false,
            },
        ],
        example: "- choice   # reference B: \"I think the answer is (b).\" gives 1",
        scalar: Some("value"),
    },
    build,
};

/// What an answer picks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One option, by index (A is 0), and where in the text it is named, in bytes.
    One(usize, (usize, usize)),
    /// Several at once; the first two.
    Ambiguous(usize, usize),
    /// None.
    None,
}

/// Without a list of options, letters up to this one are read: `I` is a pronoun.
const LETTERS: usize = 8;

static LED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^[\s>#-]*(?:\*\*|__)?[(\[]?(?P<letter>[A-Z])(?:[)\].:]\S?|(?:\*\*|__)[).:]?)(?:\s|\*|$)").expect("the pattern is fixed")
});
static MARKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\((?P<a>[A-Za-z])\)|\[(?P<b>[A-Z])\]|\*\*\(?(?P<c>[A-Z])[).:]?\*\*")
        .expect("the pattern is fixed")
});

/// Which of the options A, B, … a text picks; `choices` are the options' texts, perhaps none.
///
/// ```
/// use botsmith_eval::evaluators::{Choice, choice};
/// assert_eq!(choice("The answer is **B**, not A.", &[]), Choice::One(1, (16, 17)));
/// assert_eq!(choice("Paris.", &["Rome", "Paris"]), Choice::One(1, (0, 5)));
/// assert_eq!(choice("Answer: A or B", &[]), Choice::Ambiguous(0, 1));
/// ```
pub fn choice(text: &str, choices: &[&str]) -> Choice {
    pick(
        text,
        choices,
        if choices.is_empty() {
            LETTERS
        } else {
            choices.len()
        },
    )
}

fn index(letter: &str, letters: usize) -> Option<usize> {
    let byte = letter.bytes().next()?.to_ascii_uppercase();
    let index = usize::from(byte.checked_sub(b'A')?);
    (index < letters.min(26)).then_some(index)
}

/// A text without the marks that people put around an answer, and where it starts.
fn bare(text: &str) -> (usize, &str) {
    let mark = |c: char| c.is_whitespace() || "()[]{}*_`'\"“”‘’$.,:;!".contains(c);
    let inner = text.trim_start_matches(mark);
    (text.len() - inner.len(), inner.trim_end_matches(mark))
}

fn pick<T: AsRef<str>>(text: &str, choices: &[T], letters: usize) -> Choice {
    let (start, inner) = bare(text);
    if inner.len() == 1
        && let Some(index) = index(inner, letters)
    {
        return Choice::One(index, (start, start + 1));
    }
    let same = |choice: &T| text::same_but_case(bare(choice.as_ref()).1, inner);
    if !inner.is_empty()
        && let Some(index) = choices.iter().position(same)
    {
        return Choice::One(index, (start, start + inner.len()));
    }
    if let Some(found) = stated::last(text, letters) {
        return found;
    }
    for (pattern, groups) in [(&LED, ["letter"].as_slice()), (&MARKED, &["a", "b", "c"])] {
        let found = pattern.captures_iter(text).filter_map(|captures| {
            let letter = groups.iter().find_map(|group| captures.name(group))?;
            Some((
                index(letter.as_str(), letters)?,
                (letter.start(), letter.end()),
            ))
        });
        match unique(found) {
            Choice::None => {}
            found => return found,
        }
    }
    unique(choices.iter().enumerate().filter_map(|(index, choice)| {
        let wanted = bare(choice.as_ref()).1;
        let span = if wanted.is_empty() {
            None
        } else {
            text::find_word(text, wanted)
        }?;
        Some((index, span))
    }))
}

/// All mentions must agree; the last is the place.
fn unique(found: impl Iterator<Item = (usize, (usize, usize))>) -> Choice {
    let mut choice = Choice::None;
    for (index, span) in found {
        choice = match choice {
            Choice::One(other, _) if other != index => return Choice::Ambiguous(other, index),
            _ => Choice::One(index, span),
        };
    }
    choice
}

#[derive(Debug)]
enum Choices {
    Listed(Vec<String>),
    Field(String),
    /// The case's `choices`, if there are any.
    Default,
}

#[derive(Debug)]
struct Picks {
    wanted: Wanted,
    choices: Choices,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let choices = match options.get("choices") {
        None => Choices::Default,
        Some(at) if matches!(at.node().value, Yaml::Map(_)) => {
            let fields = at.fields()?;
            let field = fields.required("from")?.name()?.to_owned();
            fields.finish()?;
            Choices::Field(field)
        }
        Some(at) => {
            let texts: Vec<_> = at
                .items()?
                .iter()
                .map(|item| item.name().map(str::to_owned))
                .collect::<Result<_, _>>()?;
            if !(2..=26).contains(&texts.len()) {
                return Err(at
                    .error(format!("expected 2 to 26 options, found {}", texts.len()))
                    .into());
            }
            Choices::Listed(texts)
        }
    };
    Ok(Box::new(Picks {
        wanted: Wanted::read(options)?,
        choices,
    }))
}

/// The options in a field of a case: a list, or a mapping as data sets have them, of letters to
/// texts or with the list under `text`.
fn choice_texts(case: &Case, field: &str) -> Result<Vec<String>, String> {
    let Some(Value::Object(map)) = case.vars.get(field) else {
        return field_texts(case, field);
    };
    let texts: Option<Vec<_>> = match map.get("text") {
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        _ => map.values().map(Value::as_str).collect(),
    };
    let texts = texts
        .ok_or_else(|| format!("field `{field}` of the case holds something else than texts"))?;
    Ok(texts.into_iter().map(str::to_owned).collect())
}

fn letter(index: usize) -> char {
    // Indices are below 26 by construction.
    char::from(b'A' + index as u8)
}

impl Evaluator for Picks {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "choice")?;
        let of_case;
        let choices = match &self.choices {
            Choices::Listed(texts) => texts.as_slice(),
            Choices::Default if !subject.case.vars.contains_key("choices") => &[],
            Choices::Default | Choices::Field(_) => {
                let field = match &self.choices {
                    Choices::Field(field) => field.as_str(),
                    _ => "choices",
                };
                let failed = |reason| Error::Template {
                    case: subject.case.id.clone(),
                    reason,
                };
                of_case = choice_texts(subject.case, field).map_err(failed)?;
                of_case.as_slice()
            }
        };
        let mut letters = if choices.is_empty() {
            LETTERS
        } else {
            choices.len().min(26)
        };
        let mut right = 0_u32;
        for text in wanted.iter() {
            // A reference may be beyond the letters that answers are otherwise read for.
            match pick(text, choices, if choices.is_empty() { 26 } else { letters }) {
                Choice::One(index, _) => {
                    letters = letters.max(index + 1);
                    right |= 1 << index;
                }
                _ => {
                    return Err(Error::EmptyReference {
                        case: subject.case.id.clone(),
                        step: "choice".to_owned(),
                        reference: text::line(text, 60).into_owned(),
                    });
                }
            }
        }
        let expected = || {
            let letters: Vec<_> = (0..26)
                .filter(|i| right >> i & 1 == 1)
                .map(|i| letter(i).to_string())
                .collect();
            letters.join(" or ")
        };
        Ok(match pick(subject.text, choices, letters) {
            Choice::One(index, span) => {
                let passed = right >> index & 1 == 1;
                let score = evidence(Score::pass_fail(passed), subject, span, passed);
                if passed {
                    score
                } else {
                    score.because(format!("expected {}, found {}", expected(), letter(index)))
                }
            }
            Choice::Ambiguous(a, b) => Score::pass_fail(false).because(format!(
                "expected {}, the answer names both {} and {}",
                expected(),
                letter(a),
                letter(b)
            )),
            Choice::None => Score::pass_fail(false)
                .because(format!("expected {}, the answer picks none", expected())),
        }
        .into())
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
