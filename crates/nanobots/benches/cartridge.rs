//! How long a cartridge takes to load: a small one, one as large as the largest of the corpus, and one
//! with every key. Without the time of the disk.

use std::fmt::Write as _;
use std::hint::black_box;

use botsmith_nanobots::cartridge::{Cartridge, Format, Options, Profile};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The largest cartridge of the corpus has 4 kB: a directive of 3 kB, an adapter, two tools.
fn large() -> String {
    let mut text = String::from(
        "meta: {symbol: 🧪, name: Large, author: Ada, version: 1.0.0, license: CC0-1.0}\n\
         behaviors:\n  interaction:\n    directive: |\n",
    );
    for line in 0..45 {
        let _ = writeln!(
            text,
            "      {line}. Say what you know, say what you do not know, and never mix the two."
        );
    }
    text.push_str(
        "interfaces:\n  repl:\n    prompt: [{text: '🤖', color: blue}, {text: '> '}]\n\
         tools:\n- name: a\n  description: A.\n  parameters: {type: object, properties: {x: {type: string}}}\n  lua: |\n    return parameters.x\n\
         provider:\n  id: openai\n  credentials: {access-token: ENV/OPENAI_API_KEY}\n  settings: {model: gpt-4o, temperature: 0}\n",
    );
    text
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("cartridge/load");
    let full = include_str!("../tests/data/full.yml");
    let small = "meta: {name: Small}\nprovider: {id: openai, settings: {model: gpt-4o}}\n";
    let large = large();
    let markdown = format!("# Large\n\n```yaml\n{large}```\n");
    let cases = [
        ("small", small, Format::Yaml),
        ("large", large.as_str(), Format::Yaml),
        ("large, Markdown", markdown.as_str(), Format::Markdown),
        ("every key", full, Format::Yaml),
    ];
    for (name, text, format) in cases {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |b, text| {
            let options = Options::default().profile(Profile::Native);
            b.iter(|| {
                Cartridge::parse(black_box(text), format, &options).expect("it is a cartridge")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
