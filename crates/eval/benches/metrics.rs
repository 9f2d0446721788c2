//! Text metrics: pairs a second, by the length of the texts.
//!
//! `cargo bench -p botsmith-eval --bench metrics`. One thread, memory used again from pair to pair;
//! throughput is in bytes of candidate and reference. `scripts/bench-metrics` compares with others.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    unreachable_pub,
    reason = "its modules are shared with a test and an example"
)]

#[path = "metrics/table.rs"]
mod table;
#[path = "metrics/texts.rs"]
mod texts;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn metrics(criterion: &mut Criterion) {
    for line in table::TABLE {
        let mut group = criterion.benchmark_group(line.name);
        for words in [16, 256, 2_048] {
            let (candidate, reference) = texts::Texts::new(7).pair(words);
            let bytes = candidate.len() + reference.len();
            let mut score = (line.start)();
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::from_parameter(words), |bencher| {
                bencher.iter(|| score(black_box(&candidate), black_box(&reference)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, metrics);
criterion_main!(benches);
