//! `feedback estimate`: what people would let pass of all answers of a run.

use std::fmt::Write as _;

use botsmith::core::hint;
use botsmith::eval::Result;
use botsmith::eval::calibration::{Estimates, Estimating};
use botsmith::eval::report::percent;
use botsmith::eval::run::Runs;
use botsmith::eval::stats::{Interval, PredictionPowered};

use crate::cli::context::Context;
use crate::cli::terminal::{cut, grid, wrap};
use crate::cli::{Ended, output};

/// Arguments of `feedback estimate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Estimate {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// The metric that goes beside the labels; the suite's judge, where it has one, else the labels alone
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The question whose answers say what passes; the suite's first that does
    #[arg(long, value_name = "NAME")]
    question: Option<String>,
    /// Seed of the resamples by which raters are found to be at odds
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(context: &Context, args: &Estimate) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    let mut estimating = Estimating::default();
    estimating.metric.clone_from(&args.metric);
    estimating.question.clone_from(&args.question);
    estimating.seed = args.seed;
    let found = estimating.of(&*store, &run)?;
    match args.json {
        true => output::print_json(&found)?,
        false => output::print(&shown(&found))?,
    }
    Ok(Ended::Well)
}

fn shown(found: &Estimates) -> String {
    let beside = match &found.metric {
        Some(metric) => format!("and the scores of {}", hint::shown(metric)),
        None => "alone: the suite has no judge".to_owned(),
    };
    let line = format!(
        "what people would let pass of all answers (question {}), by the labels of {} {beside}",
        found.question,
        people(found.raters.len())
    );
    let mut text = wrap(&line, "", "");
    let head = [
        "  bot",
        "people",
        "interval, %",
        "labels",
        "labels alone, %",
        "judge",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for bot in &found.bots {
        let of = format!("{} of {}", bot.labels, bot.answers);
        let judge = bot.judge.map_or("–".to_owned(), percent);
        rows.push(row(&cut(&bot.bot, 16), bot.people.as_ref(), of, judge));
        notes.extend(note(&bot.bot, bot.why_not.as_deref()));
    }
    for pair in &found.differences {
        let name = format!("{} less {}", cut(&pair.b, 5), cut(&pair.a, 5));
        let of = format!("{} of {}", pair.labels, pair.cases);
        rows.push(row(&name, pair.people.as_ref(), of, String::new()));
        notes.extend(note(
            &format!("{} less {}", pair.b, pair.a),
            pair.why_not.as_deref(),
        ));
    }
    text.push('\n');
    text.push_str(&grid(&rows, &[1, 3, 5]));
    text.push('\n');
    let least = found
        .bots
        .iter()
        .filter_map(|bot| Some(bot.people.as_ref()?.least_inclusion));
    let least = least.fold(f64::INFINITY, f64::min);
    if least < 0.999 {
        notes.push(format!(
            "the least likely label had {least:.2} times the mean chance of being asked for"
        ));
    }
    notes.extend(left_out(found));
    for note in notes {
        text.push_str(&wrap(&note, "- ", "  "));
    }
    let _ = writeln!(
        text,
        "next: botsmith feedback review {} (more labels)",
        &found.run[..12.min(found.run.len())]
    );
    text
}

fn row(
    name: &str,
    people: Option<&PredictionPowered>,
    labels: String,
    judge: String,
) -> Vec<String> {
    let value = people.map_or("–".to_owned(), |people| percent(people.value));
    let interval = people.map_or(String::new(), |people| range(people.interval));
    let alone = people.map_or(String::new(), |people| range(people.labels_alone.1));
    vec![format!("  {name}"), value, interval, labels, alone, judge]
}

/// `36.0 to 50.1`, in percent.
fn range(interval: Interval) -> String {
    format!(
        "{:.1} to {:.1}",
        100.0 * interval.lo(),
        100.0 * interval.hi()
    )
}

fn note(name: &str, why_not: Option<&str>) -> Option<String> {
    Some(format!("{}: {}", hint::shown(name), why_not?))
}

fn left_out(found: &Estimates) -> Option<String> {
    let left_out = found.left_out;
    let counts = [
        (left_out.divided, "answers on which people are divided"),
        (left_out.stale, "labels of an answer that is not the run's"),
        (
            left_out.unweighted,
            "labels without a chance of having been asked for",
        ),
        (
            left_out.reworded,
            "labels given when the question read otherwise",
        ),
    ];
    let counted = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = counted
        .map(|(count, what)| format!("{count} {what}"))
        .chain(found.excluded.iter().map(|rater| {
            format!(
                "what {} said, who is at odds with the others",
                hint::shown(rater)
            )
        }))
        .collect();
    (!words.is_empty()).then(|| format!("left out: {}", words.join(", ")))
}

fn people(count: usize) -> String {
    match count {
        1 => "one person (one person's view)".into(),
        n => format!("{n} people"),
    }
}
