//! Markdown: for people and pull requests.

use std::fmt::Write as _;

use super::{Comparison, Report, ScoreReport, Versus, percent, plain, signed};
use crate::stats::Interval;

/// The report as Markdown.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    let gate = if report.gate.rules.is_empty() {
        "no gate"
    } else if report.gate.passed {
        "gate passed ✅"
    } else {
        "gate failed ❌"
    };
    let _ = writeln!(text, "## {}: {gate}\n", escape(&report.suite));
    let _ = writeln!(
        text,
        "{} cases, seed {}, run `{}`\n",
        report.facts.cases,
        report.seed,
        short(&report.run)
    );
    summary(&mut text, report);
    totals(&mut text, report);
    if !report.gate.rules.is_empty() {
        text.push_str("\n| gate rule | observed | |\n|---|---|---|\n");
        for rule in &report.gate.rules {
            let mark = if rule.passed { "✅" } else { "❌" };
            let observed = rule.observed.map_or("nothing".into(), plain);
            let advisory = rule.advisory.as_ref();
            let advisory = advisory.map_or(String::new(), |why| format!("; advisory: {why}"));
            let rule = escape(&format!("{}{advisory}", rule.rule));
            let _ = writeln!(text, "| {rule} | {observed} | {mark} |");
        }
    }
    comparisons(&mut text, report);
    slices(&mut text, report);
    for warning in &report.warnings {
        let _ = writeln!(text, "\n> {}", escape(warning));
    }
    let facts = &report.facts;
    let _ = writeln!(
        text,
        "\n<sub>botsmith {}, suite `{}` ({}), data `{}` ({}), {} intervals, p by paired tests, \
         {}-corrected, {} draws</sub>",
        facts.botsmith,
        escape(&facts.suite_file),
        short(&facts.suite_hash),
        escape(&facts.dataset),
        short(&facts.dataset_hash),
        percent(facts.confidence),
        facts.correction,
        facts.draws
    );
    text
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn summary(text: &mut String, report: &Report) {
    text.push_str("| bot | answered | refused | failed |");
    for metric in &report.metrics {
        let _ = write!(text, " {} |", escape(&metric.name));
    }
    text.push_str("\n|---|---|---|---|");
    text.push_str(&"---|".repeat(report.metrics.len()));
    text.push('\n');
    for bot in &report.bots {
        let _ = write!(
            text,
            "| {} | {} | {} | {} |",
            escape(&bot.name),
            bot.answered,
            bot.refused,
            bot.failed
        );
        for score in bot.scores.values() {
            let _ = write!(text, " {} |", cell(score));
        }
        text.push('\n');
    }
}

/// What each bot's answers used, where they say so.
fn totals(text: &mut String, report: &Report) {
    for bot in &report.bots {
        if let Some(totals) = &bot.totals {
            let words = totals.words(bot.answered + bot.refused + bot.failed);
            let _ = writeln!(text, "\n{}: {}", escape(&bot.name), words.join(", "));
        }
    }
}

/// `93.1 % [84.2, 97.6]`: the mean, as a share where it is one, with its interval.
fn cell(score: &ScoreReport) -> String {
    let Some(mean) = score.mean else {
        return "–".into();
    };
    let share = score.is_rate();
    let number = |x: f64| {
        if share {
            format!("{:.1}", x * 100.0)
        } else {
            plain(x)
        }
    };
    let unit = if share { " %" } else { "" };
    let interval = score
        .interval
        .map(|i| format!(" [{}, {}]", number(i.lo()), number(i.hi())))
        .unwrap_or_default();
    let rate = match (share, score.pass_rate) {
        (false, Some(rate)) => format!(", {} passed", percent(rate)),
        _ => String::new(),
    };
    format!("{}{unit}{interval}{rate}", number(mean))
}

fn comparisons(text: &mut String, report: &Report) {
    if report.comparisons.is_empty() {
        return;
    }
    text.push_str("\n| comparison | metric | n | difference | 95 % interval | p (Holm) | |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for c in &report.comparisons {
        let difference = c.difference.map_or("–".into(), signed);
        let interval = c.interval.map(interval_of).unwrap_or_default();
        let p = c.p_adjusted.map_or("–".into(), p_value);
        let verdict = verdict(c, c.better, c.p_adjusted);
        let sides = format!("{} → {}", escape(&c.a), escape(&c.b));
        let metric = escape(&c.metric);
        let _ = writeln!(
            text,
            "| {sides} | {metric} | {} | {difference} | {interval} | {p} | {verdict} |",
            c.n
        );
        if let Some(corpus) = &c.corpus {
            let verdict = self::verdict(c, corpus.better, corpus.p_adjusted);
            let _ = writeln!(
                text,
                "| {sides} | {metric} (corpus) | {} | {} | {} | {} | {verdict} |",
                c.n,
                signed(corpus.difference),
                corpus.interval.map(interval_of).unwrap_or_default(),
                corpus.p_adjusted.map_or("–".into(), p_value),
            );
        }
    }
}

fn interval_of(interval: Interval) -> String {
    format!("[{}, {}]", signed(interval.lo()), signed(interval.hi()))
}

fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p => format!("{p:.4}"),
    }
}

fn verdict(c: &Comparison, better: Option<Versus>, p: Option<f64>) -> String {
    match better {
        Some(Versus::A) => format!("**{}** better", escape(&c.a)),
        Some(Versus::B) => format!("**{}** better", escape(&c.b)),
        None if p.is_none() => "not tested".into(),
        None if p.is_some_and(|p| p <= 0.05) => "differs".into(),
        None => "no difference shown".into(),
    }
}

fn slices(text: &mut String, report: &Report) {
    if report.slices.is_empty() {
        return;
    }
    text.push_str("\n<details><summary>Slices</summary>\n\n");
    text.push_str("| slice | bot | metric | n | mean |\n|---|---|---|---|---|\n");
    for s in &report.slices {
        let interval = s
            .interval
            .map(|i| format!(" [{}, {}]", plain(i.lo()), plain(i.hi())))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "| {}: {} | {} | {} | {} | {}{interval} |",
            escape(&s.slice),
            escape(&s.value),
            escape(&s.bot),
            escape(&s.metric),
            s.n,
            s.mean.map_or("–".into(), plain)
        );
    }
    text.push_str("\n</details>\n");
}

/// Text inside a table cell.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
