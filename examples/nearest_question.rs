//! The nearest of some known questions, without a model: `cargo run --example nearest_question -- "my parcel is late"`.
//!
//! Vectors come from the table of English token vectors inside; they are made once, and a question costs microseconds.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use botsmith::core::Vectors;
use botsmith::core::static_embeddings::StaticEmbeddings;

const KNOWN: [&str; 5] = [
    "How long does delivery take?",
    "How do I return something I bought?",
    "Which payment methods do you accept?",
    "When are you open?",
    "How do I change my password?",
];

fn main() {
    let asked = std::env::args().nth(1);
    let asked = asked.as_deref().unwrap_or("I want to send my shoes back");
    let table = StaticEmbeddings::english();
    let mut rows = table.embed(&KNOWN).into_values();
    rows.extend(table.embed(&[asked]).into_values());
    let vectors = Vectors::from_rows(table.width(), rows);
    let mut found: Vec<(f64, &str)> = KNOWN
        .iter()
        .enumerate()
        .map(|(at, known)| (vectors.cosine(at, KNOWN.len()), *known))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{asked}");
    for (cosine, known) in found {
        println!("{cosine:6.3}  {known}");
    }
}
