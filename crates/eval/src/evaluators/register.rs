//! `register`: how formal the answer is.
//!
//! English. What makes a text formal is said in [`crate::language::register`]. Politeness is another
//! thing and is not looked at.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, evidence};
use super::limits::{Limits, MAX, MIN};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::language::register::{Mark, register};
use crate::reading::read_answer;
use crate::{Error, Result, Verdict};

/// The value from which a text counts as formal.
const FORMAL: f64 = 0.55;

/// Places that are shown as evidence at most.
const SHOWN: usize = 50;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "register",
        about: "How formal the answer is; with `want`, `min` or `max` it passes or fails. English.",
        formula: "F + 1.5 f - 3 i, cut to 0 to 1: F is half of 1 plus the shares of nouns, adjectives, prepositions and articles less those of pronouns, verbs, adverbs and interjections (Heylighen & Dewaele 2002); f (passives, formal words, words of Latin make) and i (contractions, casual words, exclamation marks, emoji, stretched words, I and you) are marks a word, and add 0.25 and take 0.5 at most; skipped without words",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "want",
                schema: r#"{"enum": ["formal", "informal"]}"#,
                about: "`formal` passes from 0.55 on, `informal` below",
                required: false,
            },
            MIN,
            MAX,
        ],
        example: "- register: {want: formal}   # \"Hey! Your order's on its way :)\" gives 0 and fails",
        scalar: Some("want"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Formal,
    Informal,
}

#[derive(Debug)]
struct RegisterOf {
    want: Option<Want>,
    limits: Limits,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let limits = Limits::read(options)?;
    let want = options
        .get("want")
        .map(|at| {
            let want = at.one_of(&[("formal", Want::Formal), ("informal", Want::Informal)])?;
            match limits.any() {
                true => Err(Error::from(
                    at.error("`want` is a limit of its own: leave out `min` and `max`"),
                )),
                false => Ok(want),
            }
        })
        .transpose()?;
    Ok(Box::new(RegisterOf { want, limits }))
}

impl Evaluator for RegisterOf {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = read_answer(subject.text)?;
        let Some(register) = register(&doc) else {
            return Ok(Verdict::Skipped("the answer has no words".into()));
        };
        let value = register.value;
        let mut score = self.limits.score(value, "formality");
        if let Some(want) = self.want {
            let formal = value >= FORMAL;
            score.passed = Some(formal == (want == Want::Formal));
            if score.passed == Some(false) {
                let (is, side) = match formal {
                    true => ("formal", "below"),
                    false => ("informal", "at least"),
                };
                let marks = told(&register.marks, formal);
                score = score.because(format!("{is}: {value:.3}, {side} {FORMAL} wanted; {marks}"));
            }
        }
        // What is wanted speaks for the answer; without a wish, what is formal does.
        let wanted = self.want != Some(Want::Informal);
        for mark in register.marks.iter().take(SHOWN) {
            let span = (mark.span.start, mark.span.end);
            score = evidence(score, subject, span, mark.formal == wanted);
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.want.is_some() || self.limits.any()
    }
}

/// "2 contractions, 1 emoji", or what stands in their place.
fn told(marks: &[Mark], formal: bool) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for mark in marks.iter().filter(|mark| mark.formal == formal) {
        match kinds.iter_mut().find(|(what, _)| *what == mark.what) {
            Some((_, count)) => *count += 1,
            None => kinds.push((mark.what, 1)),
        }
    }
    if kinds.is_empty() {
        return "by its parts of speech".to_owned();
    }
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    kinds.join(", ")
}
