//! Raters that are made up: answers with their truth in, labels out, with errors that are known because they are made.

use std::fmt::Write as _;

use botsmith::core::digest::Digest;
use serde_json::{Value, json};

use super::world;

/// How many answers are labelled, each by everybody.
pub const LABELLED: usize = 160;

/// One of them.
pub struct Person {
    pub name: &'static str,
    /// How it is made, in words.
    pub made: &'static str,
    /// How often it says that a good answer is bad, and that a bad one is good.
    wrong: (f64, f64),
    /// Whether it says what would have been right.
    corrects: bool,
}

pub const PEOPLE: [Person; 3] = [
    Person {
        name: "ana",
        made: "careful: wrong on 4 % of the answers",
        wrong: (0.04, 0.04),
        corrects: true,
    },
    Person {
        name: "ben",
        made: "strict: calls 10 % of the good answers bad, 3 % of the bad ones good",
        wrong: (0.1, 0.03),
        corrects: true,
    },
    Person {
        name: "cleo",
        made: "answers at random",
        wrong: (0.5, 0.5),
        corrects: false,
    },
];

/// A number in `[0, 1)` that depends on the seed and the words alone.
pub fn chance(seed: u64, words: &[&str]) -> f64 {
    let digest = Digest::of(format!("{seed} {}", words.join("\u{1f}")).as_bytes());
    let (first, _) = digest
        .as_bytes()
        .split_first_chunk::<8>()
        .expect("a digest has 32 bytes");
    (u64::from_be_bytes(*first) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The cases that are labelled: a random part of all.
pub fn labelled(seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..world::CASES).collect();
    numbers.sort_by(|a, b| {
        let of = |n: &usize| chance(seed, &["label", &world::id(*n)]);
        of(a).total_cmp(&of(b))
    });
    numbers.truncate(LABELLED);
    numbers
}

/// What a person says of an answer.
fn says(person: &Person, seed: u64, case: &str, good: bool) -> bool {
    let wrong = if good { person.wrong.0 } else { person.wrong.1 };
    good != (chance(seed, &[person.name, case]) < wrong)
}

/// Labels as lines for `botsmith feedback import`; `answers` are those on record, by the number of their case.
pub fn labels(seed: u64, answers: &[(usize, String)]) -> String {
    let mut lines = String::new();
    let chosen = labelled(seed);
    for number in &chosen {
        let Some((_, answer)) = answers.iter().find(|(of, _)| of == number) else {
            continue;
        };
        let (case, right) = (world::id(*number), world::right(*number));
        for person in &PEOPLE {
            let up = says(person, seed, &case, *answer == right);
            let mut record = json!({
                "at": "2026-01-05T09:00:00Z", "case": case, "bot": world::RECORDED, "rater": person.name, "source": "expert",
                "question": "verdict", "value": if up { "up" } else { "down" }, "blind": true,
                "chosen": "random", "probability": LABELLED as f64 / world::CASES as f64,
                "comment": "simulated",
            });
            if !up && person.corrects && *answer != right {
                record["correction"] = Value::from(right.as_str());
            }
            let _ = writeln!(lines, "{record}");
        }
    }
    lines
}
