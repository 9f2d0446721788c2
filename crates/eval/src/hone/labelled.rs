//! What people said of both answers to the gate's cases -> labels that say something of all of them.
//!
//! Only blind labels of answers that were drawn at random, with the chance that they were, of the first round:
//! whoever picks what to label decides how it ends. The chance of a pair is that of its answers where both were
//! drawn together, as `feedback review RUN --beside RUN` does; where each was drawn by itself it is their
//! product. Draws whose chances are the same for both answers of every pair are taken to be together: then it
//! makes no difference to what a pair weighs beside others.

use std::collections::HashMap;

use botsmith_core::digest::Digest;

use crate::feedback::{Question, Reason, Record};
use crate::promotion::Labels;

/// What people say of one answer.
struct Word {
    /// The share of them that lets it pass.
    passes: f64,
    /// The chance that the answer had of being labelled.
    chance: f64,
    hash: String,
}

/// The chance with which a record's answer was drawn; `None` where its label cannot stand for others.
fn drawn(record: &Record) -> Option<f64> {
    let random = record.blind && record.round == 1 && record.chosen == Some(Reason::Random);
    record.probability.filter(|_| random)
}

/// The labels of a gate's cases: each with its id, and the texts that both bots answered.
pub(super) fn labels<'t>(
    (question, records): (&Question, &[Record]),
    answers: impl Iterator<Item = (&'t str, [Option<&'t str>; 2])>,
) -> Labels {
    let mut by: HashMap<(&str, &str), Vec<&Record>> = HashMap::new();
    for record in records {
        let counts = record.counts() && record.against.is_none();
        if counts && record.question == question.name {
            let key = (record.case.as_str(), record.answer_hash.as_str());
            by.entry(key).or_default().push(record);
        }
    }
    let mut left_out = 0;
    let mut word = |id: &str, text: Option<&str>| {
        let hash = Digest::of(text?.as_bytes()).to_string();
        let said = by.get(&(id, hash.as_str()))?;
        left_out += said.iter().filter(|record| drawn(record).is_none()).count();
        let (mut sum, mut n, mut chance) = (0.0, 0_usize, 0.0_f64);
        for record in said {
            if let Some((passes, drawn)) = question.passes(&record.value).zip(drawn(record)) {
                sum += f64::from(u8::from(passes));
                n += 1;
                chance = chance.max(drawn);
            }
        }
        (n > 0).then(|| Word {
            passes: sum / n as f64,
            chance,
            hash,
        })
    };
    let pairs: Vec<Option<(Word, Word)>> = answers
        .map(|(id, [own, theirs])| {
            let (own, theirs) = (word(id, own), word(id, theirs));
            own.zip(theirs)
        })
        .collect();
    let said = || pairs.iter().flatten();
    let together = said().all(|(a, b)| a.chance == b.chance);
    let chance = |(a, b): &(Word, Word)| match together || a.hash == b.hash {
        true => a.chance,
        false => a.chance * b.chance,
    };
    // Pairs that nobody was asked about had the least chance of those that somebody was, or a smaller one.
    let least = said().map(chance).fold(1.0, f64::min);
    Labels {
        inclusion: pairs
            .iter()
            .map(|pair| pair.as_ref().map_or(least, chance))
            .collect(),
        pairs: pairs
            .iter()
            .map(|pair| pair.as_ref().map(|(a, b)| (a.passes, b.passes)))
            .collect(),
        left_out,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(case: &str, text: &str, up: bool, chance: f64) -> Record {
        Record {
            case: case.into(),
            answer_hash: Digest::of(text.as_bytes()).to_string(),
            rater: "ana".into(),
            question: Question::verdict().name,
            value: json!(if up { "up" } else { "down" }),
            blind: true,
            chosen: Some(Reason::Random),
            probability: Some(chance),
            ..Record::default()
        }
    }

    fn of(records: &[Record]) -> Labels {
        let answers = [
            ("one", ["a", "b"]),
            ("two", ["a", "b"]),
            ("same", ["c", "c"]),
        ];
        let answers = answers.map(|(id, texts)| (id, texts.map(Some)));
        labels((&Question::verdict(), records), answers.into_iter())
    }

    #[test]
    fn answers_drawn_together_have_one_chance_and_those_drawn_apart_the_product() {
        let both = |chances: [f64; 2]| {
            let records = [
                said("one", "a", false, chances[0]),
                said("one", "b", true, chances[1]),
                said("same", "c", true, chances[0]),
            ];
            let found = of(&records);
            assert_eq!(found.pairs, [Some((0.0, 1.0)), None, Some((1.0, 1.0))]);
            found.inclusion
        };
        assert_eq!(both([0.25, 0.25]), [0.25, 0.25, 0.25]);
        // One text is one answer, drawn once.
        assert_eq!(both([0.5, 0.25]), [0.125, 0.125, 0.5]);
    }

    #[test]
    fn only_blind_labels_of_answers_drawn_at_random_in_the_first_round_count() {
        let mut wrong = vec![said("one", "a", true, 0.5); 5];
        wrong[0].blind = false;
        wrong[1].chosen = Some(Reason::Doubt);
        wrong[2].chosen = None;
        wrong[3].probability = None;
        wrong[4].round = 2;
        for record in wrong {
            let found = of(&[record.clone(), said("one", "b", true, 0.5)]);
            assert_eq!(
                (found.pairs, found.left_out),
                (vec![None; 3], 1),
                "{record:?}"
            );
        }
        let found = of(&[said("one", "a", true, 0.5), said("one", "b", false, 0.5)]);
        assert_eq!((found.pairs[0], found.left_out), (Some((1.0, 0.0)), 0));
    }

    #[test]
    fn several_people_of_one_answer_are_their_mean() {
        let records = [
            said("two", "a", true, 0.5),
            said("two", "a", false, 0.5),
            said("two", "b", true, 0.5),
        ];
        assert_eq!(of(&records).pairs[1], Some((0.5, 1.0)));
    }
}
