//! `eval power --gate`: how many cases does the promotion gate need? By simulation of the gate itself.

use std::fmt::Write as _;

use botsmith::eval::promotion::{
    Cases, Design, JudgeDesign, Power as Simulated, alpha_at, needed_cases,
};
use botsmith::eval::report::percent;
use botsmith::eval::run::Runs;
use botsmith::eval::{Error, Result};
use serde_json::json;

use crate::cli::args::Power;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Power) -> Result<Ended> {
    let (design, from) = design(context, args)?;
    let (found, last) = needed_cases(&design)?;
    let with = args
        .cases
        .map(|n| design.power(usize::try_from(n).unwrap_or(usize::MAX).min(1_000_000)))
        .transpose()?;
    let alpha = alpha_at(design.rules.alpha, design.look);
    if args.json {
        output::print_json(&json!({
            "gate": true, "drawn": if design.is_observed() { "pairs" } else { "assumed" }, "effect": design.effect, "discordance": design.discordance,
            "discordance_from": from, "alpha": design.rules.alpha, "look": design.look,
            "alpha_of_look": alpha, "power": design.rules.power, "margin": design.rules.margin,
            "baseline": design.baseline, "must_pass": design.must_pass, "slices": design.slices,
            "errors": design.errors, "labelled": design.judge.map(|judge| judge.labelled),
            "cases": found.map(|power| power.cases), "simulated": last, "with": with,
            "seed": design.seed,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    let effect = percent(design.effect);
    let effect = effect.trim_end_matches(" %");
    match found {
        Some(power) => {
            let _ = writeln!(
                text,
                "{} gate cases: a variant that is {effect} points better is promoted in {} of experiments",
                power.cases,
                shown(&power)
            );
        }
        None => {
            let _ = writeln!(
                text,
                "no number of gate cases promotes a variant that is {effect} points better in {} of experiments: \
                 with {} cases it is {}",
                percent(design.rules.power),
                last.cases,
                shown(&last)
            );
        }
    }
    let _ = writeln!(
        text,
        "  look {}, one-sided, alpha {alpha:.4}; the bots differ on {} of cases ({from})",
        design.look,
        percent(design.discordance)
    );
    if let Some(judge) = design.judge {
        let _ = writeln!(
            text,
            "  a judge makes the scores (it passes {} of what people pass, fails {} of what they fail); people \
             label {} of the cases, {} here",
            percent(judge.tpr),
            percent(judge.tnr),
            percent(judge.labelled),
            (judge.labelled * last.cases as f64).round()
        );
    }
    let how = match design.is_observed() {
        true => {
            "drawn from the run's pairs, whole groups, with their scores, slices, latency and cost"
        }
        false => "drawn one by one, pass or fail; groups, latency and cost are left out",
    };
    let _ = writeln!(text, "  cases are {how}");
    let _ = writeln!(text, "  refused otherwise by {}", refusals(&last));
    if let Some(power) = &with {
        let _ = writeln!(
            text,
            "  with {} cases: {}, refused otherwise by {}",
            power.cases,
            shown(power),
            refusals(power)
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn shown(power: &Simulated) -> String {
    format!(
        "{} [{}, {}]",
        percent(power.rate),
        percent(power.interval.lo()),
        percent(power.interval.hi())
    )
}

fn refusals(power: &Simulated) -> String {
    let parts = [
        ("the test", power.by_test),
        ("a case that must pass", power.by_must_pass),
        ("a slice", power.by_slices),
        ("failures", power.by_errors),
        ("latency", power.by_latency),
        ("cost", power.by_cost),
        ("not being cheaper", power.by_cheaper),
    ];
    let shown: Vec<_> = parts
        .iter()
        .filter(|(name, share)| *share > 0.0 || *name == "the test")
        .map(|(name, share)| format!("{name} {}", percent(*share)))
        .collect();
    shown.join(", ")
}

/// What is assumed: the flags, over what the run shows, over a guess.
fn design(context: &Context, args: &Power) -> Result<(Design, String)> {
    let given = &args.of_gate;
    let observed = args
        .run
        .as_ref()
        .map(|run| observed(context, args, run))
        .transpose()?;
    // What is said besides takes the place of what was seen: then cases are drawn one by one, as assumed.
    let assumed = args.discordance.is_some()
        || given.must_pass.is_some()
        || given.slices.is_some()
        || given.errors.is_some()
        || given.labels.is_some();
    let (mut design, mut from) = if let Some((cases, from)) = observed {
        match assumed {
            true => (Design::like(args.effect, &cases)?, from),
            false => (Design::observed(args.effect, &cases)?, from),
        }
    } else {
        let (discordance, from) = super::discordance(context, args)?;
        let mut design = Design::new(args.effect, discordance);
        if args.discordance.is_none() {
            design.baseline = args.baseline;
        }
        (design, from)
    };
    if let Some(discordance) = args.discordance {
        (design.discordance, from) = (discordance, "given".into());
    }
    if !design.is_observed() && design.discordance < args.effect {
        return Err(Error::Invalid(format!(
            "two bots that differ by {} must disagree on at least as many cases: --discordance {} is too small",
            percent(args.effect),
            percent(design.discordance)
        )));
    }
    design.rules.alpha = args.alpha;
    design.rules.power = args.power;
    design.rules.margin = given.margin;
    design.look = given.look;
    design.loops = given.loops;
    design.seed = given.seed;
    design.must_pass = given.must_pass.unwrap_or(design.must_pass);
    design.errors = given.errors.unwrap_or(design.errors);
    if let Some(slices) = &given.slices {
        design.slices.clone_from(slices);
    }
    design.judge = given.labels.map(|labelled| JudgeDesign {
        labelled,
        tpr: given.tpr,
        tnr: given.tnr,
    });
    (design.rules.p95_latency, design.rules.cost) = (given.p95_latency, given.cost);
    // A variant that is only assumed has no cost: the margin is taken to be for a cheaper one.
    if design.rules.margin.is_some() && !design.is_observed() {
        design.cheaper = true;
    }
    Ok((design, from))
}

/// The first two bots of a run on all its cases.
fn observed(context: &Context, args: &Power, name: &str) -> Result<(Cases, String)> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(name)?)?;
    let metric = super::metric(run.complete()?, args.metric.as_deref())?;
    let [a, b, ..] = &run.manifest.bots[..] else {
        return Err(Error::Invalid(
            "the run has one bot: give --discordance".into(),
        ));
    };
    let cases = Cases::of_run(&run, a, b, &metric, &|_| true)?;
    let from = format!(
        "observed between {a} and {b} on {metric}, {} cases",
        cases.len()
    );
    Ok((cases, from))
}
