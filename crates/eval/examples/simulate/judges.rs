//! Made-up judges whose true chances are known.
//!
//! A judge sees something of each answer (a normal number); the true chance that a person lets the answer
//! pass is one curve of it, the judge's score another. Judges differ in how sure they are, in which
//! direction they lean, in how often people decide otherwise whatever the judge sees, and in whether they
//! give any number, tenths or five grades.

use botsmith_eval::calibration::Label;

use super::frame::Chance;

/// One judge.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// How strongly true chances follow what it sees, and where they lean.
    truth: (f64, f64),
    /// The share on which people decide whatever it sees.
    lapse: f64,
    /// How strongly its scores do, and where they lean; `None`: it says the true chance.
    score: Option<(f64, f64)>,
    /// How many different scores it gives; `None`: any.
    grades: Option<f64>,
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Judge {
    /// Any judge: most are too sure or too timid, too kind or too harsh.
    pub fn any(chance: &mut Chance) -> Self {
        Self {
            truth: (chance.between(0.8, 3.0), chance.between(-0.5, 1.5)),
            lapse: chance.between(0.0, 0.15),
            score: Some((chance.between(0.5, 5.0), chance.between(-2.0, 2.0))),
            grades: [None, Some(10.0), Some(4.0)][chance.below(3)],
        }
    }

    /// A judge that says the true chance.
    pub fn right(chance: &mut Chance) -> Self {
        Self {
            score: None,
            grades: None,
            ..Self::any(chance)
        }
    }

    /// One answer: the judge's score and the true chance that a person lets it pass.
    pub fn answer(&self, chance: &mut Chance) -> (f64, f64) {
        let seen = chance.normal();
        let (slope, lean) = self.truth;
        let truth = self.lapse / 2.0 + (1.0 - self.lapse) * logistic(slope * seen + lean);
        let score = match self.score {
            None => truth,
            Some((slope, lean)) => logistic(slope * seen + lean),
        };
        let score = match self.grades {
            None => score,
            Some(steps) => (score * steps).round() / steps,
        };
        (score, truth)
    }

    /// So many answers that a person has judged.
    pub fn labels(&self, chance: &mut Chance, count: usize) -> Vec<Label> {
        (0..count)
            .map(|_| {
                let (score, truth) = self.answer(chance);
                Label::new(score, chance.happens(truth))
            })
            .collect()
    }
}
