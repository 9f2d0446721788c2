//! Each string evaluator on its own, in answers a second, on answers of 25 and of 2,000 words.

mod texts;

use botsmith::core::yaml::{Cursor, Source, parse};
use botsmith::eval::evaluators::{Panel, Registry};
use botsmith::eval::extract::Extract;
use botsmith::eval::{Answer, Case};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// How evaluators are written in a suite; each is measured by itself.
const EVALUATORS: [&str; 16] = [
    "equals",
    "exact-match",
    "token-f1",
    "number-equals",
    "contains: refund",
    "icontains: POLICY",
    "starts-with: The",
    "ends-with: '.'",
    "contains-any: [refund, invoice]",
    "contains-all: [refund, invoice]",
    "regex: '\\d{2,}'",
    "json-schema: {schema: {type: object}}",
    "words: {max: 40}",
    "contains: {value: '{{ reference }}', name: template}",
    "contains: {value: refund, when: 'input != reference', name: when}",
    "levenshtein",
];
const ANSWERS: usize = 64;

fn evaluators(criterion: &mut Criterion) {
    for words in [25, 2_000] {
        let mut group = criterion.benchmark_group(format!("evaluators/{words}-words"));
        group.throughput(Throughput::Elements(ANSWERS as u64));
        group.sample_size(20);
        let pairs = pairs(words);
        for written in EVALUATORS {
            // Quadratic: 64 long pairs would take minutes.
            if words > 100 && written == "levenshtein" {
                continue;
            }
            let panel = panel(written);
            group.bench_function(BenchmarkId::from_parameter(written), |bench| {
                bench.iter(|| {
                    for (case, answer) in &pairs {
                        let prepared = panel.prepare(case).expect("the case can be judged");
                        black_box(panel.judge(&prepared, answer).expect("no template fails"));
                    }
                });
            });
        }
        group.finish();
    }
}

fn panel(written: &str) -> Panel {
    let source = Source::new("evaluators", format!("- {written}"));
    let node = parse(&source).expect("valid YAML");
    let registry = Registry::builtin();
    Panel::read(&Cursor::new(&source, &node), &registry, &Extract::default())
        .expect("a valid evaluator")
}

fn pairs(words: usize) -> Vec<(Case, Answer)> {
    let mut texts = texts::Texts::new(words as u64);
    let pair = |i| {
        let reference = format!("{} {i}.", texts.words(words));
        let answer = match i % 3 {
            0 => reference.clone(),
            _ => format!("{} {i}.", texts.words(words)),
        };
        let case = Case {
            id: format!("case-{i}"),
            input: texts.words(12),
            references: vec![reference],
            ..Case::default()
        };
        (case, Answer::text(answer))
    };
    (0..ANSWERS).map(pair).collect()
}

criterion_group!(benches, evaluators);
criterion_main!(benches);
