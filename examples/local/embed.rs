//! The vectors of a file's lines by a model of this machine, and the two lines that are nearest in meaning:
//! `cargo run --features engine --example local_embed -- models/all-MiniLM-L6-v2 questions.txt`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use botsmith::core::engine::{Device, EmbedOptions, ModelFiles, SentenceEmbedder};

/// A cosine, and the two lines that it is of.
type Pair = (f64, String, String);

/// The cosine and the two lines, of all pairs of different lines the nearest; `None` where there are fewer than two.
pub(crate) fn nearest(model: &str, text: &str) -> Result<Option<Pair>, Box<dyn Error>> {
    let files = ModelFiles::open(model)?;
    let model = SentenceEmbedder::load(&files, Device::Auto.start()?)?;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    // Sorted by length and packed inside; the rows come in the order of the lines.
    let vectors = model.embed(&lines, &EmbedOptions::default())?;
    let mut best: Option<(f64, &str, &str)> = None;
    for (a, first) in lines.iter().enumerate() {
        for (b, second) in lines.iter().enumerate().skip(a + 1) {
            let cosine = vectors.cosine(a, b);
            if first != second && best.is_none_or(|(highest, ..)| cosine > highest) {
                best = Some((cosine, first, second));
            }
        }
    }
    Ok(best.map(|(cosine, a, b)| (cosine, a.to_owned(), b.to_owned())))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(model), Some(file)) = (words.next(), words.next()) else {
        return Err("a model of embeddings and a file of lines are wanted".into());
    };
    match nearest(&model, &std::fs::read_to_string(file)?)? {
        Some((cosine, a, b)) => println!("{cosine:.3}\n{a}\n{b}"),
        None => println!("fewer than two lines"),
    }
    Ok(())
}
