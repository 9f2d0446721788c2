//! Scores one answer against one reference, three ways.
//!
//! `cargo run --example score_one_pair`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use botsmith::eval::Verdict;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::metric::Metric;

fn main() -> botsmith::eval::Result<()> {
    let registry = Registry::builtin();
    let answer = "You can send it back within 30 days, free of charge.";
    let references = ["Returns are free within 30 days.".to_owned()];

    let metrics = [
        ("token-f1", None),
        ("levenshtein", None),
        ("contains", Some(r#"{"value": "30 days"}"#)),
    ];
    for (name, options) in metrics {
        let metric = Metric::new(&registry, name, options)?;
        match metric.judge(answer, &references)? {
            Verdict::Judged(score) => {
                println!("{name:12} {:.3}  passed: {:?}", score.value, score.passed);
                for span in &score.evidence {
                    println!("{:12} evidence: {:?}", "", &answer[span.start..span.end]);
                }
            }
            other => println!("{name:12} not judged: {other:?}"),
        }
    }
    Ok(())
}
