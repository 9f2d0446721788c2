//! `eval power`: how many cases does it take?

mod gate;

use std::fmt::Write as _;

use botsmith::eval::report::{Report, percent};
use botsmith::eval::run::Runs;
use botsmith::eval::stats::{PairedRates, Side, detectable_difference};
use botsmith::eval::{Error, Result};
use serde_json::json;

use super::args::Power;
use super::context::Context;
use super::{Ended, output};

pub(super) fn run(context: &Context, args: &Power) -> Result<Ended> {
    if args.gate {
        return gate::run(context, args);
    }
    let (discordance, from) = discordance(context, args)?;
    if discordance < args.effect {
        return Err(Error::Invalid(format!(
            "two bots that differ by {} must disagree on at least as many cases: --discordance {} is too small",
            percent(args.effect),
            percent(discordance)
        )));
    }
    let rates = PairedRates::new(args.effect, discordance)?;
    let needed = rates.cases_needed(args.alpha, args.power, Side::TwoSided)?;
    let with = args
        .cases
        .map(|n| {
            let power = rates.power(n, args.alpha, Side::TwoSided)?;
            let least =
                detectable_difference(n, discordance, args.alpha, args.power, Side::TwoSided)?;
            Ok::<_, Error>((n, power, least))
        })
        .transpose()?;
    if args.json {
        output::print_json(&json!({
            "effect": args.effect, "discordance": discordance, "discordance_from": from,
            "alpha": args.alpha, "power": args.power, "test": "mcnemar-exact", "cases": needed,
            "with": with.map(|(n, power, least)| json!({
                "cases": n, "power": power, "detectable": least,
            })),
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{needed} cases show a difference of {} points in {} of experiments",
        percent(args.effect).trim_end_matches(" %"),
        percent(args.power)
    );
    let _ = writeln!(
        text,
        "  exact McNemar test, two-sided, alpha {}; the bots disagree on {} of cases ({from})",
        args.alpha,
        percent(discordance)
    );
    if let Some((n, power, least)) = with {
        let _ = writeln!(text, "  with {n} cases: power {}", percent(power));
        if let Some(least) = least {
            let _ = writeln!(
                text,
                "  with {n} cases the smallest difference seen that often is {} points",
                percent(least).trim_end_matches(" %")
            );
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

/// The share of cases on which the bots disagree, and where it is from.
fn discordance(context: &Context, args: &Power) -> Result<(f64, String)> {
    if let Some(given) = args.discordance {
        return Ok((given, "given".into()));
    }
    let Some(name) = &args.run else {
        let (a, b) = (args.baseline, args.baseline + args.effect);
        if b > 1.0 {
            return Err(Error::Invalid(format!(
                "{} points above a baseline of {} is more than 100 %: give a lower --baseline",
                percent(args.effect).trim_end_matches(" %"),
                percent(a)
            )));
        }
        // Two bots that err independently of each other: a cautious guess.
        let independent = a * (1.0 - b) + b * (1.0 - a);
        return Ok((
            independent,
            format!(
                "a guess: independent bots at {} and {}",
                percent(a),
                percent(b)
            ),
        ));
    };
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(name)?)?;
    let metric = metric(run.complete()?, args.metric.as_deref())?;
    observed(&run, &metric)
}

fn metric(report: &Report, wanted: Option<&str>) -> Result<String> {
    let bot = report.bots.first();
    let decides = |name: &str| {
        bot.and_then(|bot| bot.scores.get(name))
            .is_some_and(|score| score.pass_rate.is_some())
    };
    let names = || {
        report
            .metrics
            .iter()
            .map(|m| m.name.as_str())
            .filter(|name| decides(name))
    };
    match wanted {
        Some(name) if decides(name) => Ok(name.to_owned()),
        Some(name) => Err(Error::NotFound {
            what: "metric that passes or fails",
            name: name.into(),
            hint: Some(format!(
                "the run has {}",
                botsmith::core::hint::list(names())
            )),
        }),
        None => names().next().map(str::to_owned).ok_or_else(|| {
            Error::Invalid("no metric of the run passes or fails: give --discordance".into())
        }),
    }
}

fn observed(run: &botsmith::eval::run::StoredRun<'_>, metric: &str) -> Result<(f64, String)> {
    if run.manifest.bots.len() < 2 {
        return Err(Error::Invalid(
            "the run has one bot: give --discordance".into(),
        ));
    }
    let index = run
        .manifest
        .metrics
        .iter()
        .position(|m| m == metric)
        .unwrap_or(0);
    let (mut both, mut differ) = (0usize, 0usize);
    for record in run.cases() {
        let record = record?;
        let passed = |bot: usize| {
            let answer = record.answers.iter().find(|a| a.bot == bot)?;
            match answer.verdicts.get(index)? {
                botsmith::eval::Verdict::Judged(score) => score.passed,
                _ => None,
            }
        };
        if let (Some(a), Some(b)) = (passed(0), passed(1)) {
            both += 1;
            differ += usize::from(a != b);
        }
    }
    if differ == 0 {
        return Err(Error::Invalid(format!(
            "the first two bots never disagree on {metric} in this run: give --discordance"
        )));
    }
    let [a, b] = [&run.manifest.bots[0], &run.manifest.bots[1]];
    Ok((
        differ as f64 / both as f64,
        format!("observed between {a} and {b} on {metric}, {both} cases"),
    ))
}
