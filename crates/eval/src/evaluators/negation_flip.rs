//! `negation-flip`: whether the answer denies what the reference states, or states what it denies.
//!
//! English. How negation is read and statements are put beside each other is said in
//! [`crate::language::negation`]. Antonyms, quantities and modality are not compared.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted, evidence};
use super::{Docs, Evaluator, Range, Scope, Subject};
use crate::language::markup::plain;
use crate::language::negation::{align, statements};
use crate::language::yes_no::yes_or_no;
use crate::reading::read;
use crate::stats::Scale;
use crate::text::line;
use crate::{Result, Score, Verdict};

const NAME: &str = "negation-flip";

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: NAME,
        about: "Whether the answer denies what a reference states, or states what it denies (English: not, never, no longer, without, fails to); passes where it does not.",
        formula: "statements that agree / statements of the reference that the answer speaks of; skipped where it speaks of none. With several references the best one counts",
        range: Range::UNIT,
        decides: true,
        compares: true,
        options: &[VALUE],
        example: "- negation-flip   # the reference \"Gift cards are not refundable\" and the answer \"You can have gift cards refunded\" give 0 and fail",
        scalar: Some("value"),
    },
    build,
};

#[derive(Debug)]
struct NegationFlip {
    wanted: Wanted,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(NegationFlip {
        wanted: Wanted::read(options)?,
    }))
}

impl Evaluator for NegationFlip {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let answer_plain = plain(subject.text);
        let answer_doc = read(&answer_plain.text)?;
        let answer = statements(&answer_doc, &answer_plain);
        let answer_word = yes_or_no(&answer_plain.text);
        let mut best: Option<Score> = None;
        for text in self.wanted.texts(subject, NAME)?.iter() {
            let reference_plain = plain(text);
            let reference_doc = read(&reference_plain.text)?;
            let reference = statements(&reference_doc, &reference_plain);
            let pairs = align(&reference, &answer);
            let words = answer_word.as_ref().zip(yes_or_no(&reference_plain.text));
            let aligned = pairs.len() + usize::from(words.is_some());
            if aligned == 0 {
                continue;
            }
            let mut score = Score::pass_fail(true);
            let mut reasons = Vec::new();
            if let Some((given, wanted)) = &words {
                let flipped = given.0 != wanted.0;
                score = evidence(score, subject, (given.1.start, given.1.end), !flipped);
                if flipped {
                    let (given, wanted) = (&subject.text[given.1.clone()], &text[wanted.1.clone()]);
                    reasons.push(format!("it says {given:?}, the reference {wanted:?}"));
                }
            }
            for pair in &pairs {
                let (wanted, given) = (&reference[pair.reference], &answer[pair.answer]);
                score = evidence(
                    score,
                    subject,
                    (given.span.start, given.span.end),
                    !pair.flipped,
                );
                if pair.flipped {
                    let verb = if given.negative() {
                        "denies"
                    } else {
                        "affirms"
                    };
                    reasons.push(format!(
                        "it {verb} what the reference does not: {:?} against {:?}",
                        line(&subject.text[given.span.clone()], 80),
                        line(&text[wanted.span.clone()], 80),
                    ));
                }
            }
            score.value = (aligned - reasons.len()) as f64 / aligned as f64;
            score.passed = Some(reasons.is_empty());
            if let Some(first) = reasons.first() {
                let more = match reasons.len() - 1 {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                score = score.because(format!("{first}{more}"));
            }
            if best.as_ref().is_none_or(|best| score.value > best.value) {
                best = Some(score);
            }
        }
        Ok(match best {
            Some(score) => score.into(),
            None => {
                Verdict::Skipped("the answer speaks of nothing that the reference states".into())
            }
        })
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
