//! One rater in three who answers at random, turns every answer round, or always says yes: how often
//! the loop would go on from what they said.
//!
//! Two raters are right in nine of ten answers; six in ten answers are good. All three label every
//! answer. Safe is a loop that halts, excludes the one, or does nothing without a person's yes.

use botsmith_eval::feedback::{Question, Record, Rules, Standing};

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

const LOOPS: (usize, usize) = (600, 8);
const GOOD: f64 = 0.6;
const RIGHT: f64 = 0.9;

/// What a rater does.
#[derive(Clone, Copy, Debug)]
enum Rater {
    Good,
    Random,
    Inverted,
    Constant,
}

/// Runs it.
///
/// # Errors
/// Labels that do not count.
pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let mut figures = Vec::new();
    for (word, bad) in [
        ("at random", Rater::Random),
        ("inverted", Rater::Inverted),
        ("always yes", Rater::Constant),
    ] {
        for answers in [30, 60] {
            let setting = format!("one rater in three {word}, {answers} answers");
            let found = plan.each(loops, |index| {
                let mut chance = plan.chance(&setting, index);
                stand(&[Rater::Good, bad, Rater::Good], answers, &mut chance)
            })?;
            let count = |of: &dyn Fn(&Standing) -> bool| found.iter().filter(|s| of(s)).count();
            let caught = |s: &Standing| s.halted() || !s.counts("r1");
            let promoted = count(&|s| s.may_be_automatic() && !caught(s));
            let wanted = Wanted::AtMost(0.0);
            let name = format!("{setting}: trusted");
            figures.push(Figure::share(name, promoted, loops, wanted)?);
            let wanted = match answers {
                60 => Wanted::AtLeast(0.95),
                _ => Wanted::Nothing,
            };
            let name = format!("{setting}: halted or excluded");
            figures.push(Figure::share(name, count(&caught), loops, wanted)?);
        }
    }
    let setting = "three good raters, 60 answers";
    let found = plan.each(loops, |index| {
        stand(&[Rater::Good; 3], 60, &mut plan.chance(setting, index))
    })?;
    let wronged = found.iter().filter(|s| s.raters.iter().any(|r| r.excluded));
    let name = format!("{setting}: one excluded");
    figures.push(Figure::share(
        name,
        wronged.count(),
        loops,
        Wanted::AtMost(0.05),
    )?);
    let halted = found.iter().filter(|s| s.halted()).count();
    let name = format!("{setting}: halted");
    figures.push(Figure::share(name, halted, loops, Wanted::AtMost(0.05))?);
    Ok(figures)
}

fn stand(raters: &[Rater], answers: usize, chance: &mut Chance) -> Result<Standing, Failure> {
    let mut records = Vec::with_capacity(answers * raters.len());
    for answer in 0..answers {
        let truth = chance.happens(GOOD);
        for (at, rater) in raters.iter().enumerate() {
            let right = chance.happens(RIGHT);
            let up = match rater {
                Rater::Good => truth == right,
                Rater::Random => chance.happens(0.5),
                Rater::Inverted => truth != right,
                Rater::Constant => true,
            };
            records.push(Record {
                case: answer.to_string(),
                rater: format!("r{at}"),
                question: "verdict".into(),
                value: if up { "up" } else { "down" }.into(),
                ..Record::default()
            });
        }
    }
    let mut rules = Rules::default();
    rules.draws = 200;
    Ok(Standing::of(&Question::verdict(), &records, &rules, 7)?)
}
