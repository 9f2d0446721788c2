//! Shows an answer while it is made, and stops when it has seen enough:
//! `cargo run --features engine --example local_stream -- models/Qwen3-0.6B-Q4_K_M.gguf "Tell me a story."`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::io::Write as _;

use botsmith::core::chat::{Call, CancelToken, ChatRequest, Message};
use botsmith::core::engine::{GenerateEvent, GenerateRequest, LoadOptions, LocalModel};

/// Hands out the answer's pieces, whole characters each, up to `most` tokens; gives the number of tokens.
pub(crate) fn stream(
    model: &str,
    question: &str,
    most: usize,
    mut show: impl FnMut(&str),
) -> Result<usize, Box<dyn Error>> {
    let model = LocalModel::load(model, &LoadOptions::default())?;
    let text = model.chat_text(&ChatRequest::new(vec![Message::user(question)]))?;
    let request = GenerateRequest {
        prompt: model.tokenizer().encode(&text, false)?,
        sampling: model.recommended().clone(),
        ..GenerateRequest::default()
    };
    // Another thread may hold a clone of the token, such as one that waits for Ctrl-C.
    let cancel = CancelToken::new();
    let mut tokens = 0;
    for event in model.generate(request, Call::default().cancelled_by(cancel.clone()))? {
        match event {
            Ok(GenerateEvent::Token { text, .. }) => {
                show(&text);
                tokens += 1;
                if tokens == most {
                    cancel.cancel();
                    // The model works ahead of us: what it has sent until now is not shown.
                    break;
                }
            }
            Ok(GenerateEvent::Done { text, .. }) => show(&text),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(tokens)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let model = words.next().ok_or("a folder or a .gguf file is wanted")?;
    let question = words.next().unwrap_or("Tell me a story.".into());
    stream(&model, &question, 200, |piece| {
        print!("{piece}");
        let _ = std::io::stdout().flush();
    })?;
    println!();
    Ok(())
}
