//! Reports for a terminal: 80 columns, readable without colours.

mod case;
mod comparisons;
mod layout;
mod list;
mod plot;

use std::fmt::Write as _;
use std::path::PathBuf;

use botsmith::eval::report::{Report, ScoreReport, percent, plain};
use botsmith::eval::run::Finished;

pub(super) use case::{case, failure};
pub(super) use comparisons::{bots_compared, runs_compared};
pub(super) use list::list;

use layout::WIDTH;
pub(super) use layout::{Paint, clean, cut, grid, wrap};

/// The whole report.
pub(super) fn report(report: &Report, colored: bool) -> String {
    let paint = Paint { colored };
    let mut text = headline(report, paint);
    text.push_str(&outcomes(report));
    text.push_str(&totals(report));
    text.push_str(&scores(report));
    if report.bots.len() > 1 {
        text.push_str(&comparisons::table(&report.comparisons, paint));
    }
    text.push_str(&gate(report, paint));
    for warning in &report.warnings {
        text.push_str(&paint.yellow(&wrap(warning, "! ", "  ")));
    }
    text
}

fn headline(report: &Report, paint: Paint) -> String {
    let verdict = match (report.gate.rules.is_empty(), report.gate.passed) {
        (true, _) => String::new(),
        (false, true) => "gate passed ✓".into(),
        (false, false) => "gate failed ✗".into(),
    };
    let left = format!(
        "{} · {} cases · {} {}",
        cut(&report.suite, 34),
        report.facts.cases,
        report.bots.len(),
        if report.bots.len() == 1 {
            "bot"
        } else {
            "bots"
        }
    );
    let gap = WIDTH
        .saturating_sub(layout::width(&left) + layout::width(&verdict))
        .max(2);
    let colour = if report.gate.passed {
        paint.green(&verdict)
    } else {
        paint.red(&verdict)
    };
    let line = format!("{}{}{}", paint.bold(&left), " ".repeat(gap), colour);
    format!("{}\n\n", line.trim_end())
}

/// Answers by outcome; only where some were not given, for else it says nothing.
fn outcomes(report: &Report) -> String {
    if report.bots.iter().all(|bot| bot.refused + bot.failed == 0) {
        return String::new();
    }
    let mut rows = vec![
        ["", "answered", "refused", "failed"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for bot in &report.bots {
        rows.push(vec![
            cut(&bot.name, 30),
            bot.answered.to_string(),
            bot.refused.to_string(),
            bot.failed.to_string(),
        ]);
    }
    format!("{}\n", grid(&rows, &[1, 2, 3]))
}

/// What the answers of each bot used, where they say so.
fn totals(report: &Report) -> String {
    let used = report.bots.iter().filter_map(|bot| {
        let totals = bot.totals.as_ref()?;
        let words = totals.words(bot.answered + bot.refused + bot.failed);
        let line = format!("{} used {}", cut(&bot.name, 30), words.join(", "));
        Some(wrap(&line, "", "  "))
    });
    let text: String = used.collect();
    match text.is_empty() {
        true => text,
        false => format!("{text}\n"),
    }
}

/// Each metric, a line a bot, with a plot of its interval.
fn scores(report: &Report) -> String {
    let mut rows = Vec::new();
    for metric in &report.metrics {
        let scores: Vec<_> = report
            .bots
            .iter()
            .filter_map(|bot| bot.scores.get(&metric.name))
            .collect();
        let axis = plot::Axis::of(metric, &scores);
        let title = match (metric.higher_is_better, metric.threshold) {
            (Some(false), _) => format!("{} (less is better)", cut(&metric.name, 30)),
            _ => cut(&metric.name, 46),
        };
        rows.push(vec![title]);
        for (bot, score) in report.bots.iter().zip(&scores) {
            rows.push(vec![
                format!("  {}", cut(&bot.name, 22)),
                value(score),
                interval(score),
                axis.draw(score),
                format!("n {}", score.n),
            ]);
            rows.extend(repeats(score));
        }
    }
    format!("{}\n", grid(&rows, &[1, 2]))
}

fn value(score: &ScoreReport) -> String {
    match score.mean {
        None => "–".into(),
        Some(mean) if score.is_rate() => percent(mean),
        Some(mean) => plain(mean),
    }
}

fn interval(score: &ScoreReport) -> String {
    let Some(interval) = score.interval else {
        return String::new();
    };
    if score.is_rate() {
        format!(
            "{:.1} – {:.1}",
            interval.lo() * 100.0,
            interval.hi() * 100.0
        )
    } else {
        format!("{} – {}", plain(interval.lo()), plain(interval.hi()))
    }
}

/// Lines below a score: pass rate of a graded metric, pass@k of repeats.
fn repeats(score: &ScoreReport) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    if let (Some(rate), false) = (score.pass_rate, score.is_rate()) {
        let range = score
            .pass_interval
            .map(|i| format!("{:.1} – {:.1}", i.lo() * 100.0, i.hi() * 100.0));
        rows.push(vec![
            "    passed".into(),
            percent(rate),
            range.unwrap_or_default(),
        ]);
    }
    if let Some(repeats) = &score.repeats {
        for (name, by_k) in [("one of", &repeats.pass_at), ("all of", &repeats.pass_all)] {
            if let Some((k, share)) = by_k.iter().last() {
                rows.push(vec![format!("    {name} {k} passes"), percent(*share)]);
            }
        }
    }
    rows
}

fn gate(report: &Report, paint: Paint) -> String {
    if report.gate.rules.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint.bold("gate"));
    for rule in &report.gate.rules {
        let (mark, colour): (_, fn(Paint, &str) -> String) = match rule.passed {
            true => ("✓", Paint::green),
            false => ("✗", Paint::red),
        };
        let share = rule.wanted.contains('%');
        let observed = match rule.observed {
            None => "nothing to measure".into(),
            Some(x) if share => percent(x),
            Some(x) => plain(x),
        };
        // The mark takes the place of the third column, once colours no longer count.
        let line = wrap(&format!("{}: {observed}", rule.rule), "     ", "      ");
        let _ = write!(text, "  {}{}", colour(paint, mark), &line[3..]);
        if let Some(reason) = &rule.advisory {
            let line = wrap(&format!("advisory: {reason}"), "      ", "      ");
            text.push_str(&paint.yellow(&line));
        }
    }
    text.push('\n');
    text
}

/// What to do next, and where things are.
pub(super) fn footer(finished: &Finished, files: &[PathBuf], store: &str) -> String {
    let report = &finished.report;
    let short = &report.run[..12.min(report.run.len())];
    let how = if finished.already {
        "judged before, nothing to do".to_owned()
    } else if finished.resumed > 0 {
        format!(
            "{} cases were judged before, the rest now",
            finished.resumed
        )
    } else {
        format!("{:.2} s", report.timings.wall_s)
    };
    let mut text = format!("run {short} · {how}\n");
    text.push_str(&written(files));
    if store == "memory:" {
        return text;
    }
    // With its id: a run that was complete before need not be the latest.
    let _ = writeln!(text, "next: botsmith eval show {short} --failures");
    if files.is_empty() {
        let _ = writeln!(text, "      botsmith eval show {short} --html report.html");
    }
    text
}

/// Report files that were written.
pub(super) fn written(files: &[PathBuf]) -> String {
    files.iter().fold(String::new(), |mut text, path| {
        let _ = writeln!(text, "wrote {}", path.display());
        text
    })
}

/// Scores by slice.
pub(super) fn slices(report: &Report) -> String {
    if report.slices.is_empty() {
        return String::new();
    }
    let mut rows = Vec::new();
    let mut last = None;
    for slice in &report.slices {
        let key = (&slice.slice, &slice.value);
        if last != Some(key) {
            rows.push(vec![cut(&format!("{}: {}", slice.slice, slice.value), 46)]);
            last = Some(key);
        }
        let share = slice.is_rate();
        let number = |x: f64| if share { percent(x) } else { plain(x) };
        rows.push(vec![
            format!("  {}", cut(&slice.bot, 20)),
            cut(&slice.metric, 24),
            slice.mean.map_or("–".into(), number),
            slice
                .interval
                .map(|i| format!("{} – {}", number(i.lo()), number(i.hi())))
                .unwrap_or_default(),
            format!("n {}", slice.n),
        ]);
    }
    format!("{}\n", grid(&rows, &[2, 3]))
}
