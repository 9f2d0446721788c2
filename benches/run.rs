//! A whole run, from a suite and its data file to the report, in a store in memory: cases a second.

mod texts;

use std::fmt::Write as _;

use botsmith::eval::run::RunOptions;
use botsmith::prelude::*;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const CASES: u64 = 5_000;
const SUITE: &str = "
version: 1
dataset: {path: cases.jsonl, id: /id, input: /input, reference: /reference}
bots: [{name: one, recorded: {answer: /answer}}]
evaluators: [{contains: refund}, token-f1]
";

fn run(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut texts = texts::Texts::new(CASES);
    let cases = (0..CASES).fold(String::new(), |mut file, i| {
        let [input, reference, answer] = [12, 20, 20].map(|n| texts.words(n));
        let _ = writeln!(
            file,
            r#"{{"id": "q{i}", "input": "{input}", "reference": "{reference}", "answer": "{answer}"}}"#
        );
        file
    });
    std::fs::write(folder.path().join("cases.jsonl"), cases).expect("writes");
    let path = folder.path().join("suite.yaml");
    std::fs::write(&path, SUITE).expect("writes");
    let suite = Suite::load(&path).expect("a valid suite");

    let mut group = criterion.benchmark_group("run");
    group.throughput(Throughput::Elements(CASES));
    group.sample_size(10);
    for threads in [1, 2] {
        group.bench_function(BenchmarkId::new("threads", threads), |bench| {
            bench.iter(|| {
                let store = botsmith::core::store::open("memory:").expect("memory is there");
                let mut options = RunOptions::default();
                options.threads = threads;
                let finished = Runner::new(&*store).with(options).run(&suite);
                black_box(finished.expect("it runs"));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);
