//! The examples of docs/src/metrics.md: every line of its tables is scored here.
//!
//! Expected numbers were made by the reference implementations, at four decimals.

use std::path::Path;

use botsmith_eval::Verdict;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::metric::Metric;

/// The cells of a line such as ``| `bleu {tokenize: zh}` | `a` | (empty) | 12.5 |``.
fn cells(line: &str) -> Option<[&str; 4]> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let cells: [&str; 4] = cells.try_into().ok()?;
    let example = line.starts_with("| `") && cells[3].parse::<f64>().is_ok();
    example.then_some(cells)
}

fn text(cell: &str) -> &str {
    match cell {
        "(empty)" => "",
        quoted => quoted.trim_matches('`'),
    }
}

#[test]
fn the_page_of_metrics_shows_what_they_give() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/metrics.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let registry = Registry::builtin();
    let mut kinds = Vec::new();
    let mut lines = 0;
    for [metric, candidate, reference, wanted] in page.lines().filter_map(cells) {
        let metric = text(metric);
        let (name, options) = match metric.split_once(' ') {
            Some((name, options)) => (name, Some(options)),
            None => (metric, None),
        };
        let evaluator = Metric::new(&registry, name, options).expect(metric);
        let verdict = evaluator.judge(text(candidate), &[text(reference).to_owned()]);
        let Ok(Verdict::Judged(score)) = verdict else {
            panic!("{metric} of {candidate} and {reference}: {verdict:?}");
        };
        let wanted: f64 = wanted.parse().expect("a number");
        assert!(
            (score.value - wanted).abs() < 5.1e-5,
            "{metric} of {candidate} and {reference} is {}, the page says {wanted}",
            score.value
        );
        lines += 1;
        kinds.push(name.to_owned());
    }
    kinds.dedup();
    assert!(
        lines >= 50 && kinds.len() >= 15,
        "{lines} lines of {kinds:?}"
    );
}
