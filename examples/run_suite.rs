//! Runs the quickstart suite from a program, and asks what it found.
//!
//! `cargo run --example run_suite`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use botsmith::prelude::*;

fn main() -> Result<()> {
    let suite = Suite::load(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/quickstart/suite.yaml"
    ))?;
    let store = botsmith::core::store::open("memory:")?;
    let run = Runner::new(&*store).run(&suite)?;

    for bot in &run.report.bots {
        let score = &bot.scores["states-the-fact"];
        let interval = score.interval.map(|i| (i.lo(), i.hi()));
        println!(
            "{:8} {:?} of {} right, 95 % interval {interval:.3?}",
            bot.name, score.passed, score.n
        );
    }
    for c in run
        .report
        .comparisons
        .iter()
        .filter(|c| c.metric == "states-the-fact")
    {
        println!(
            "{} -> {}: difference {:.3?}, adjusted p {:.4?}",
            c.a, c.b, c.difference, c.p_adjusted
        );
    }

    // Every case is in the store, with what each evaluator said and why.
    let stored = Runs::new(&*store).open(&run.report.run)?;
    let failures = stored.cases().filter(|case| {
        case.as_ref().is_ok_and(|case| {
            case.answers
                .iter()
                .flat_map(|a| &a.verdicts)
                .any(|v| matches!(v, Verdict::Judged(score) if score.passed == Some(false)))
        })
    });
    println!("{} cases have something to look at", failures.count());
    std::process::exit(i32::from(!run.report.gate.passed));
}
