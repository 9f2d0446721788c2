//! Asks a model of this machine, as any other chat model is asked:
//! `cargo run --features engine --example local_chat -- models/Qwen3-0.6B-Q4_K_M.gguf "Why is the sky blue?"`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use botsmith::core::chat::{Call, ChatModel, ChatRequest, Message};
use botsmith::core::engine::{LoadOptions, LocalModel};

/// The answer, with what it cost.
pub(crate) async fn answer(model: &str, question: &str) -> Result<String, Box<dyn Error>> {
    let model = LocalModel::load(model, &LoadOptions::default())?;
    let mut request = ChatRequest::new(vec![
        Message::system("You answer in one sentence."),
        Message::user(question),
    ]);
    request.sampling.max_tokens = Some(60);
    request.sampling.seed = Some(1);
    // Any other provider takes the same request: the trait is all that is used from here on.
    let model: &dyn ChatModel = &model;
    let response = model.chat(&request, &Call::default()).await?;
    let usage = response.usage.unwrap_or_default();
    Ok(format!(
        "{}\n({} tokens read, {} made)",
        response.text, usage.input_tokens, usage.output_tokens
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let model = words.next().ok_or("a folder or a .gguf file is wanted")?;
    let question = words.next().unwrap_or("Why is the sky blue?".into());
    println!("{}", answer(&model, &question).await?);
    Ok(())
}
