//! `feedback agreement`: how far raters agree.

use std::fmt::Write as _;

use botsmith::eval::Result;
use botsmith::eval::feedback::agreement::{self, Agreement};
use botsmith::eval::feedback::{Filter, Log, Measured, Plan, Rules, Verdict, seed};
use botsmith::eval::report::percent;
use botsmith::eval::run::Runs;
use botsmith::eval::stats::Interval;
use serde_json::json;

use super::args::Agreement as Args;
use crate::cli::context::Context;
use crate::cli::terminal::{Paint, cut, grid, wrap};
use crate::cli::{Ended, output};

/// At most so many disputes are listed on a terminal.
const SHOWN: usize = 10;

pub(super) fn run(context: &Context, args: &Args) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    let plan = Plan::of_run(&run.manifest, args.suite.as_deref())?;
    let mut filter = Filter::default();
    match args.all_runs {
        true => filter.suite = Some(run.manifest.suite.clone()),
        false => filter.run = Some(run.manifest.id.clone()),
    }
    let records = Log::open(&*store).current(&filter)?;
    let seed = args.seed.unwrap_or_else(|| seed(&run.manifest));
    let wanted = (&plan, args.questions.as_slice());
    let found = agreement::of_plan(wanted, records, &*store, &Rules::default(), seed)?;
    if args.json {
        output::print_json(&json!({
            "run": run.manifest.id, "suite": run.manifest.suite, "seed": seed, "questions": found,
        }))?;
    } else {
        let paint = Paint {
            colored: context.colored(),
        };
        for agreement in &found {
            output::print(&shown(agreement, paint))?;
        }
    }
    match found.iter().any(|agreement| agreement.standing.halted()) {
        true => Ok(Ended::GateFailed),
        false => Ok(Ended::Well),
    }
}

fn shown(found: &Agreement, paint: Paint) -> String {
    let standing = &found.standing;
    let mut text = String::new();
    let verdict = match standing.verdict {
        Verdict::Sound => paint.green("raters agree"),
        Verdict::Undecided => paint.yellow("not known yet"),
        Verdict::OneView => paint.yellow("one person's view"),
        Verdict::Halted => paint.red("stop: the rubric is the defect"),
    };
    let _ = writeln!(text, "{}  {verdict}", paint.bold(&standing.question));
    let raters = standing.raters.len();
    let _ = writeln!(
        text,
        "  {} labels of {} answers by {raters} rater{}, {} answers by two or more",
        found.labels,
        found.answers,
        if raters == 1 { "" } else { "s" },
        standing.doubles
    );
    if found.reworded > 0 {
        let words = format!(
            "{} more labels were given when the question read otherwise; they do not count: \
             `botsmith feedback review` asks again",
            found.reworded
        );
        text.push_str(&wrap(&words, "  ", "  "));
    }
    for reason in &standing.reasons {
        text.push_str(&wrap(reason, "  ", "  "));
    }
    let level = format!("{:?}", found.level).to_lowercase();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<22}{value}");
    };
    if let Some(raw) = standing.raw {
        let interval = standing.raw_interval.map(|i| {
            let [lo, hi] = [i.lo(), i.hi()].map(percent);
            format!(" [{lo}, {hi}]")
        });
        line(
            "equal labels",
            &format!("{}{}", percent(raw), interval.unwrap_or_default()),
        );
    }
    if let Some(alpha) = &standing.alpha {
        line(
            "Krippendorff's alpha",
            &format!("{} ({level})", number(alpha)),
        );
    }
    let kappa = |value: Option<f64>, interval: Option<Interval>| {
        value.map_or("-".into(), |value| number(&Measured { value, interval }))
    };
    if let Some(cohen) = &found.cohen {
        line("Cohen's kappa", &kappa(cohen.plain, cohen.plain_interval));
        if cohen.linear.is_some() {
            line(
                "  linear weights",
                &kappa(cohen.linear, cohen.linear_interval),
            );
            line(
                "  quadratic weights",
                &kappa(cohen.quadratic, cohen.quadratic_interval),
            );
        }
    }
    if let Some(fleiss) = &found.fleiss {
        let over = format!("{} answers with {} labels", fleiss.n, fleiss.raters);
        let value = kappa(fleiss.fleiss, fleiss.fleiss_interval);
        line("Fleiss' kappa", &format!("{value} ({over})"));
        line(
            "Randolph's kappa",
            &kappa(fleiss.randolph, fleiss.randolph_interval),
        );
    }
    text.push_str(&raters_of(found, paint));
    text.push_str(&disputes(found));
    text.push('\n');
    text
}

fn number(measured: &Measured) -> String {
    match measured.interval {
        Some(interval) => format!("{:.2} {interval:.2}", measured.value),
        None => format!("{:.2}", measured.value),
    }
}

fn raters_of(found: &Agreement, paint: Paint) -> String {
    let mut rows = vec![
        ["  rater", "labels", "shared", "with others", "again", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(found.standing.raters.iter().map(|rater| {
        let again = rater.again.as_ref().map_or(String::new(), |again| {
            format!("{} of {}", percent(again.raw), again.n)
        });
        let word = match (rater.excluded, rater.doubtful) {
            (true, _) => paint.red("excluded"),
            (false, true) if found.standing.raters.len() > 1 => paint.yellow("not sure"),
            _ => String::new(),
        };
        vec![
            format!("  {}", cut(&rater.rater, 20)),
            rater.labels.to_string(),
            rater.shared.to_string(),
            rater.agreement.as_ref().map(number).unwrap_or_default(),
            again,
            word,
        ]
    }));
    match rows.len() {
        1 => String::new(),
        _ => grid(&rows, &[1, 2]),
    }
}

fn disputes(found: &Agreement) -> String {
    let mut text = String::new();
    if found.disputes.is_empty() {
        return text;
    }
    let _ = writeln!(text, "  on {} answers raters differ", found.disputes.len());
    for dispute in found.disputes.iter().take(SHOWN) {
        let said: Vec<_> = dispute
            .said
            .iter()
            .map(|said| format!("{} {}", said.rater, super::list::value(&said.value)))
            .collect();
        let line = format!("{} {}: {}", dispute.case, dispute.bot, said.join(", "));
        text.push_str(&wrap(&line, "    ", "      "));
    }
    if found.disputes.len() > SHOWN {
        let more = found.disputes.len() - SHOWN;
        let _ = writeln!(text, "    … and {more} more (`--json` lists them all)");
    }
    text
}
