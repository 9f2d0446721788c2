//! An answer that is JSON of a schema, whatever the model would rather say:
//! `cargo run --features engine --example local_json -- models/Qwen3-0.6B-Q4_K_M.gguf`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use botsmith::core::chat::{Call, ChatModel, ChatRequest, Message, OutputFormat};
use botsmith::core::engine::{LoadOptions, LocalModel};
use serde_json::{Value, json};

/// The verdict on an answer, as the schema has it.
pub(crate) async fn verdict(model: &str) -> Result<Value, Box<dyn Error>> {
    let model = LocalModel::load(model, &LoadOptions::default())?;
    let mut request = ChatRequest::new(vec![Message::user(
        "A customer asked how long delivery takes. The bot said: three to five days. Judge the answer.",
    )]);
    request.output = OutputFormat::JsonSchema {
        name: "verdict".into(),
        schema: json!({
            "type": "object",
            "properties": {"helpful": {"enum": ["yes", "no"]}, "score": {"enum": [1, 2, 3, 4, 5]}},
            "required": ["helpful", "score"],
            "additionalProperties": false,
            // No blanks between the parts: a model that is unsure could write them for ever.
            "x-guidance": {"whitespace_flexible": false},
        }),
    };
    request.sampling.max_tokens = Some(60);
    let response = model.chat(&request, &Call::default()).await?;
    Ok(serde_json::from_str(&response.text)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1);
    let found = verdict(&model.ok_or("a folder or a .gguf file is wanted")?).await?;
    println!("helpful: {}, score: {}", found["helpful"], found["score"]);
    Ok(())
}
