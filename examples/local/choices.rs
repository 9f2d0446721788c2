//! Which answer a model of this machine finds likelier, and how sure it is, in one reading and without any decoding:
//! `cargo run --features engine --example local_choices -- models/Qwen3-0.6B-Q4_K_M.gguf`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use botsmith::core::chat::Call;
use botsmith::core::engine::{LoadOptions, LocalModel};
use botsmith::core::score::ScoreRequest;

pub(crate) const QUESTIONS: [(&str, &str); 2] = [
    ("How long does delivery take?", "Three to five days."),
    ("How long does delivery take?", "We sell plants."),
];

/// Of each question and answer, the probability that the answer is one, as the model sees it: in `[0, 1]`.
pub(crate) fn verdicts(model: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let model = LocalModel::load(model, &LoadOptions::default())?;
    // The beginning that all requests share is read once.
    let requests: Vec<ScoreRequest> = QUESTIONS
        .iter()
        .map(|(question, answer)| {
            let prompt = format!(
                "Does the answer say what was asked? Reply yes or no.\nQuestion: {question}\nAnswer: {answer}\nReply:"
            );
            ScoreRequest::text(prompt, [" yes", " no"])
        })
        .collect();
    let scores = model.score_now(&requests, &Call::default())?;
    Ok(scores.iter().map(|one| one.weighted(&[1.0, 0.0])).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1);
    let found = verdicts(&model.ok_or("a folder or a .gguf file is wanted")?)?;
    for ((question, answer), yes) in QUESTIONS.iter().zip(found) {
        println!("{yes:.3}  {question} {answer}");
    }
    Ok(())
}
