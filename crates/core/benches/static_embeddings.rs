//! Static embeddings: sentences a second on one thread, by words in a sentence.
//!
//! `cargo bench -p botsmith-core --features static-embeddings --bench static_embeddings`. Tokenising is in it. `BENCH_TEXTS`
//! names a file of more texts, one a line; `scripts/bench-engine` writes one.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use botsmith_core::static_embeddings::StaticEmbeddings;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Words of a pangram or two, over and over.
const WORDS: [&str; 16] = [
    "the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "judges",
    "quietly", "vexed", "boxers", "pack", "liquor.",
];

fn embed(criterion: &mut Criterion) {
    let table = StaticEmbeddings::english();
    let mut group = criterion.benchmark_group("static_embeddings");
    for words in [12, 50, 200] {
        let texts: Vec<String> = (0..1000)
            .map(|at| {
                (0..words)
                    .map(|word| WORDS[(at + word * 7) % 16])
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(words), |bencher| {
            bencher.iter(|| table.embed(black_box(&texts)));
        });
    }
    if let Some(path) = std::env::var_os("BENCH_TEXTS") {
        let text = std::fs::read_to_string(path).expect("a file of texts");
        let texts: Vec<String> = text.lines().map(str::to_owned).collect();
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_function("mixed", |bencher| {
            bencher.iter(|| table.embed(black_box(&texts)));
        });
    }
    group.finish();
}

criterion_group!(benches, embed);
criterion_main!(benches);
