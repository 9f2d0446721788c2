//! What one call of a function costs: time per call, each in a virtual machine of its own.
//!
//! `cargo bench -p botsmith-nanobots --bench sandbox`

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use botsmith_nanobots::sandbox::{Function, Language, Limits, run};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;

fn one(language: Language, source: &str) -> String {
    let values = [("content", json!("The quick brown fox"))];
    let function = Function::new(language, source);
    run(&function, &values, true, &Limits::default()).expect("the function is harmless")
}

fn calls(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("sandbox");
    group.bench_function("lua", |b| {
        b.iter(|| one(Language::Lua, black_box("return content:upper()")));
    });
    group.bench_function("lua-patterns", |b| {
        let source = "return (content:gsub('(%a)(%a*)', function(a, b) return a:upper() .. b end))";
        b.iter(|| one(Language::Lua, black_box(source)));
    });
    group.bench_function("fennel-cached", |b| {
        b.iter(|| one(Language::Fennel, black_box("(string.upper content)")));
    });
    let mut number = 0_u64;
    group.bench_function("fennel-compiled", |b| {
        b.iter(|| {
            number += 1;
            one(
                Language::Fennel,
                &format!("(.. (string.upper content) {number})"),
            )
        });
    });
    group.finish();
}

fn million(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("sandbox-instructions");
    group.sample_size(10);
    // Four instructions a round.
    group.throughput(criterion::Throughput::Elements(4_000_000));
    group.bench_function("loop", |b| {
        let source =
            "local n = 0 for i = 1, 1000000 do if i % 2 == 0 then n = n + i end end return n";
        b.iter(|| one(Language::Lua, black_box(source)));
    });
    group.finish();
}

criterion_group!(benches, calls, million);
criterion_main!(benches);
