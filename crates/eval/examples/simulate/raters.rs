//! One rater in three who answers at random, turns every answer round, or always says yes: how often
//! the loop would go on from what they said.
//!
//! Two raters are right in nine of ten answers; six in ten answers are good. All three label every
//! answer. Safe is a loop that halts, excludes the one, or does nothing without a person's yes.
//!
//! Beside that, two raters who are looked at after every answer: how often labelling would ever have
//! been halted, without a least number of answers and with it.

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
    let usual = Rules::default().least_doubles;
    for (word, rater, wanted) in [
        ("two good raters", Rater::Good, Wanted::AtMost(0.1)),
        ("two raters at random", Rater::Random, Wanted::AtLeast(0.9)),
    ] {
        let setting = format!("{word}, looked at after each of 50 answers");
        let last = plan.each(loops, |index| {
            last_halt(&[rater; 2], &mut plan.chance(&setting, index))
        })?;
        for (least, wanted) in [(2, Wanted::Nothing), (usual, wanted)] {
            let halted = last.iter().filter(|at| **at >= least).count();
            let name = format!("{setting}: ever halted, from {least}");
            figures.push(Figure::share(name, halted, loops, wanted)?);
        }
    }
    Ok(figures)
}

/// The last number of answers, of 2 to 50, at which labelling is halted; 0 where it never is.
fn last_halt(raters: &[Rater], chance: &mut Chance) -> Result<usize, Failure> {
    let records = records(raters, 50, chance);
    let mut rules = Rules::default();
    (rules.draws, rules.least_doubles) = (200, 2);
    for answers in (2..=50).rev() {
        let seen = &records[..answers * raters.len()];
        if Standing::of(&Question::verdict(), seen, &rules, 7)?.halted() {
            return Ok(answers);
        }
    }
    Ok(0)
}

fn stand(raters: &[Rater], answers: usize, chance: &mut Chance) -> Result<Standing, Failure> {
    let records = records(raters, answers, chance);
    let mut rules = Rules::default();
    rules.draws = 200;
    Ok(Standing::of(&Question::verdict(), &records, &rules, 7)?)
}

fn records(raters: &[Rater], answers: usize, chance: &mut Chance) -> Vec<Record> {
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
    records
}
