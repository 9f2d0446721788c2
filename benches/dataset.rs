//! Reading data files: bytes to rows, in rows a second.

mod texts;

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use botsmith::eval::dataset::{Format, Place, read_rows};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn dataset(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dataset");
    for rows in [1_000, 20_000] {
        group.throughput(Throughput::Elements(rows));
        group.sample_size(20);
        let forms = [
            ("jsonl", Format::Jsonl, jsonl(rows)),
            ("csv", Format::Csv, csv(rows)),
        ];
        for (name, format, text) in forms {
            let place = Place::new(Path::new(name));
            let text: &'static [u8] = text.into_bytes().leak();
            group.bench_function(BenchmarkId::new(name, rows), |bench| {
                bench.iter(|| {
                    let mut source = read_rows(&place, Cursor::new(text), format).expect("opens");
                    while let Some(batch) = source.next_batch().expect("reads") {
                        black_box(batch.rows().expect("parses"));
                    }
                });
            });
        }
    }
    group.finish();
}

fn jsonl(rows: u64) -> String {
    let mut texts = texts::Texts::new(rows);
    (0..rows).fold(String::new(), |mut file, i| {
        let [input, reference, answer] = [12, 20, 20].map(|n| texts.words(n));
        let _ = writeln!(
            file,
            r#"{{"id": "q{i}", "input": "{input}", "reference": "{reference}", "answer": "{answer}"}}"#
        );
        file
    })
}

fn csv(rows: u64) -> String {
    let mut texts = texts::Texts::new(rows);
    let header = String::from("id,input,reference,answer\n");
    (0..rows).fold(header, |mut file, i| {
        let [input, reference, answer] = [12, 20, 20].map(|n| texts.words(n));
        let _ = writeln!(file, r#"q{i},"{input}?",{reference},"{answer}, ""so""""#);
        file
    })
}

criterion_group!(benches, dataset);
criterion_main!(benches);
