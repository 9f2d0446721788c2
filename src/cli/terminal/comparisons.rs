//! Comparisons for a terminal.

use std::fmt::Write as _;

use botsmith::eval::report::{
    Comparison, CorpusComparison, Report, Versus, percent, plain, signed,
};
use botsmith::eval::run::RunComparison;

use super::layout::{Paint, cut, grid, wrap};

/// Differences with intervals and p, pair by pair.
pub(super) fn table(comparisons: &[Comparison], paint: Paint) -> String {
    let mut rows = Vec::new();
    let mut pair = None;
    for c in comparisons {
        if pair != Some((&c.a, &c.b)) {
            pair = Some((&c.a, &c.b));
            rows.push(vec![paint.bold(&format!(
                "{} → {}",
                cut(&c.a, 36),
                cut(&c.b, 36)
            ))]);
        }
        rows.push(row(c));
        rows.extend(c.corpus.as_ref().map(|corpus| corpus_row(c, corpus)));
    }
    if rows.is_empty() {
        return String::new();
    }
    format!("{}\n", grid(&rows, &[1, 2, 3]))
}

fn row(c: &Comparison) -> Vec<String> {
    let share = c
        .effect
        .as_ref()
        .is_some_and(|effect| effect.name == "cohen-h");
    let number = |x: f64| match share {
        true if x > 0.0 => format!("+{:.1}", x * 100.0),
        true => format!("{:.1}", x * 100.0),
        false => signed(x),
    };
    let unit = if share { " pt" } else { "" };
    vec![
        format!("  {}", cut(&c.metric, 24)),
        c.difference
            .map_or("–".into(), |d| format!("{}{unit}", number(d))),
        c.interval
            .map(|i| format!("{} – {}", number(i.lo()), number(i.hi())))
            .unwrap_or_default(),
        c.p_adjusted.map_or(String::new(), p_value),
        ruling(c, c.better, c.p_adjusted),
    ]
}

fn ruling(c: &Comparison, better: Option<Versus>, p: Option<f64>) -> String {
    match better {
        Some(Versus::A) => format!("{} better", cut(&c.a, 17)),
        Some(Versus::B) => format!("{} better", cut(&c.b, 17)),
        None if p.is_none() => "not tested".into(),
        None if p.is_some_and(|p| p <= 0.05) => "differs".into(),
        None => "no difference shown".into(),
    }
}

/// The score of all answers together, under that of their mean.
fn corpus_row(c: &Comparison, corpus: &CorpusComparison) -> Vec<String> {
    vec![
        format!("  {} (corpus)", cut(&c.metric, 24)),
        signed(corpus.difference),
        corpus
            .interval
            .map(|i| format!("{} – {}", signed(i.lo()), signed(i.hi())))
            .unwrap_or_default(),
        corpus.p_adjusted.map_or(String::new(), p_value),
        ruling(c, corpus.better, corpus.p_adjusted),
    ]
}

/// `p 0.0040`, `p < 0.0001`.
fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "p < 0.0001".into()
    } else {
        format!("p {p:.4}")
    }
}

/// How the numbers were made, for the foot of a comparison.
fn how(comparisons: &[Comparison], correction: &str) -> String {
    let corpora = match comparisons.iter().any(|c| c.corpus.is_some()) {
        true => ", randomisation of the answers for corpora",
        false => "",
    };
    let correction = match correction {
        "benjamini-hochberg" => "corrected by Benjamini and Hochberg's rule",
        "benjamini-yekutieli" => "corrected by Benjamini and Yekutieli's rule",
        _ => "Holm-corrected",
    };
    let text = format!(
        "Differences are second minus first over the cases that both answered, with 95 % \
         intervals; pt is points of pass rate. p is of a paired test (exact McNemar for pass or \
         fail, sign-flip permutation else{corpora}), {correction} over all lines."
    );
    wrap(&text, "", "")
}

/// The bots of one run.
pub(in crate::cli) fn bots_compared(report: &Report, colored: bool) -> String {
    let paint = Paint { colored };
    let mut text = format!(
        "{} · {} cases\n\n",
        paint.bold(&report.suite),
        report.facts.cases
    );
    let mut rows = Vec::new();
    for bot in &report.bots {
        for (metric, score) in &bot.scores {
            let share = score.is_rate();
            let number = |x: f64| if share { percent(x) } else { plain(x) };
            rows.push(vec![
                cut(&bot.name, 24),
                cut(metric, 24),
                score.mean.map_or("–".into(), number),
                score
                    .interval
                    .map(|i| format!("{} – {}", number(i.lo()), number(i.hi())))
                    .unwrap_or_default(),
                format!("n {}", score.n),
            ]);
        }
    }
    let _ = writeln!(text, "{}", grid(&rows, &[2, 3]));
    if report.comparisons.is_empty() {
        text.push_str(
            "one bot: nothing to compare; `botsmith eval compare RUN RUN2` compares two runs\n",
        );
        return text;
    }
    text.push_str(&table(&report.comparisons, paint));
    text.push_str(&how(&report.comparisons, &report.facts.correction));
    text
}

/// Two runs.
pub(in crate::cli) fn runs_compared(comparison: &RunComparison, colored: bool) -> String {
    let paint = Paint { colored };
    let mut text = format!(
        "{} cases in both runs, {} only in the first, {} only in the second\n\n",
        comparison.shared, comparison.only_a, comparison.only_b
    );
    text.push_str(&table(&comparison.comparisons, paint));
    if !comparison.flips.is_empty() {
        let better = comparison.flips.iter().filter(|flip| flip.now).count();
        let _ = writeln!(
            text,
            "verdicts that changed: {better} to pass, {} to fail",
            comparison.flips.len() - better
        );
        let rows: Vec<_> = comparison
            .flips
            .iter()
            .take(20)
            .map(|flip| {
                let mark = if flip.now {
                    "✓ now passes"
                } else {
                    "✗ now fails"
                };
                vec![
                    format!("  {mark}"),
                    cut(&flip.case, 24),
                    cut(&flip.bot, 16),
                    cut(&flip.metric, 20),
                ]
            })
            .collect();
        text.push_str(&grid(&rows, &[]));
        if comparison.flips.len() > 20 {
            let _ = writeln!(text, "  … `--json` lists all {}", comparison.flips.len());
        }
        text.push('\n');
    }
    text.push_str(&how(
        &comparison.comparisons,
        comparison.correction.as_str(),
    ));
    text
}
