//! Adds an evaluator of your own, that a suite names like any other.
//!
//! `cargo run --example own_evaluator`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use botsmith::core::yaml::Fields;
use botsmith::eval::evaluators::{Docs, Scope};
use botsmith::prelude::*;

/// Passes where the answer has no exclamation mark; the marks are the evidence.
#[derive(Debug)]
struct Calm;

impl Evaluator for Calm {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let marks = subject.answer.text.match_indices('!');
        let score = Score::pass_fail(!subject.answer.text.contains('!'));
        Ok(marks
            .fold(score, |score, (at, mark)| {
                score.with(at, at + mark.len(), false)
            })
            .into())
    }
}

impl Kind for Calm {
    fn docs(&self) -> &Docs {
        const DOCS: Docs =
            Docs::pass_fail("calm", "Passes where the answer has no exclamation mark.");
        &DOCS
    }

    fn build(&self, _: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
        Ok(Box::new(Calm))
    }
}

fn main() -> Result<()> {
    let text = "
version: 1
dataset: [{input: 'Hello?', said: 'Hello!!'}, {input: 'Open today?', said: 'Until six.'}]
bots: [{name: shop, recorded: {answer: /said}}]
evaluators: [calm]
";
    let mut registry = Registry::builtin();
    registry.register(Calm);
    let suite = Suite::read(
        &Source::new("calm.yaml", text),
        &registry,
        &Overrides::default(),
    )?;
    let store = botsmith::core::store::open("memory:")?;
    let run = Runner::new(&*store).run(&suite)?;
    println!("calm: {:?} of 2", run.report.bots[0].scores["calm"].passed);
    Ok(())
}
