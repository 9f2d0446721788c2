//! Corrections -> few-shot examples: which of them to show.
//!
//! Examples are chosen one by one. Each takes the one whose question adds most to how well the questions
//! that the bot fails are covered (likeness to the most alike example), less its likeness to those that are
//! chosen already: few, near to what goes wrong, and different from each other. Drafts with 1, 2, 4, 8 and
//! 16 examples of this one order are proposed. Examples that the bot has stay, in front.
//!
//! Only a case of one question without a conversation becomes an example; a correction that would copy a
//! case of dev or gate is no part of the view.

use serde_json::{Value, json};

use super::likeness::Lemmas;
use super::{Draft, Proposer};
use crate::Result;
use crate::hone::view::Lesson;
use crate::hone::{Change, Parent, TrainView};

/// Sizes that are tried.
const SIZES: [usize; 5] = [1, 2, 4, 8, 16];
/// What likeness to the examples that are there costs, in coverage of one question.
const REPETITION: f64 = 0.5;
/// Questions that coverage looks at, at most: the choice is quadratic.
const LOOKED_AT: usize = 400;

/// Proposes corrections as examples.
#[derive(Clone, Copy, Debug, Default)]
pub struct Examples;

impl Proposer for Examples {
    fn name(&self) -> &'static str {
        "examples"
    }

    fn propose(&self, parent: &Parent, view: &TrainView<'_>) -> Result<Vec<Draft>> {
        let had = parent.at(&["botsmith", "examples"]);
        let had: Vec<Value> = had.and_then(Value::as_array).cloned().unwrap_or_default();
        let asked = |lesson: &Lesson<'_>| lesson.case.case().input.clone();
        let known: Vec<&str> = had.iter().filter_map(|e| e["user"].as_str()).collect();
        let lessons: Vec<&Lesson<'_>> = view
            .lessons()
            .iter()
            .filter(|lesson| lesson.correction.is_some())
            .filter(|lesson| lesson.case.case().messages.is_empty())
            .filter(|lesson| !known.contains(&lesson.case.case().input.as_str()))
            .take(LOOKED_AT)
            .collect();
        if lessons.is_empty() {
            return Ok(Vec::new());
        }
        let failing = view.lessons().iter().filter(|lesson| lesson.failed());
        let failing: Vec<Lemmas> = failing
            .take(LOOKED_AT)
            .map(|lesson| Lemmas::of(&asked(lesson)))
            .collect::<Result<_>>()?;
        let offered: Vec<Lemmas> = lessons
            .iter()
            .map(|lesson| Lemmas::of(&asked(lesson)))
            .collect::<Result<_>>()?;
        let order = order(&offered, &failing, *SIZES.last().expect("there are sizes"));
        let mut drafts: Vec<Draft> = Vec::new();
        for size in SIZES {
            let size = size.min(order.len());
            let name = format!("examples-{size}");
            if drafts.iter().any(|draft| draft.name == name) {
                continue;
            }
            let chosen = order[..size].iter().map(|at| {
                let lesson = lessons[*at];
                json!({"user": asked(lesson), "assistant": lesson.correction})
            });
            let examples: Vec<Value> = had.iter().cloned().chain(chosen).collect();
            drafts.push(Draft {
                about: match size {
                    1 => "1 correction as an example".to_owned(),
                    n => format!("{n} corrections as examples"),
                },
                name,
                changes: vec![Change::new(["botsmith", "examples"], examples.into())],
            });
        }
        Ok(drafts)
    }
}

/// The first `most` of what is offered, best first.
fn order(offered: &[Lemmas], failing: &[Lemmas], most: usize) -> Vec<usize> {
    let mut covered = vec![0.0_f64; failing.len()];
    let mut repeats = vec![0.0_f64; offered.len()];
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < most.min(offered.len()) {
        let gain = |at: usize| -> f64 {
            let gains = failing.iter().zip(&covered);
            let gained: f64 = gains
                .map(|(question, best)| (offered[at].likeness(question) - best).max(0.0))
                .sum();
            gained - REPETITION * repeats[at]
        };
        let left = (0..offered.len()).filter(|at| !chosen.contains(at));
        // Of equals the first: the order of the dataset decides, not chance.
        let best = left
            .map(|at| (at, gain(at)))
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((best, _)) = best else { break };
        for (question, covered) in failing.iter().zip(&mut covered) {
            *covered = covered.max(offered[best].likeness(question));
        }
        for (at, repeats) in repeats.iter_mut().enumerate() {
            *repeats = repeats.max(offered[at].likeness(&offered[best]));
        }
        chosen.push(best);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_covers_what_fails_and_does_not_say_one_thing_twice() {
        let read = |texts: &[&str]| -> Vec<Lemmas> {
            texts.iter().map(|text| Lemmas::of(text).unwrap()).collect()
        };
        let offered = read(&[
            "How do I open an account?",
            "Can I get a refund for my lamp?",
            "Can I get a refund for my chair?",
            "Where is my parcel now?",
        ]);
        let failing = read(&[
            "A refund for my broken table, please.",
            "I want a refund for the lamp.",
            "The parcel has not arrived.",
        ]);
        let order = order(&offered, &failing, 3);
        assert!(
            order[0] == 1 || order[0] == 2,
            "refunds fail most: {order:?}"
        );
        assert_eq!(order[1], 3, "then what is not covered: {order:?}");
    }
}
