//! What a model's files say of how it is asked: recommended sampling, and the tokens that end an answer.

use std::fs;

use botsmith_core::chat::{Call, FinishReason};
use botsmith_core::engine::{GenerateEvent, GenerateRequest, LocalModel, SamplingOptions};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value as Meta;
use serde_json::{Value, json};

use crate::models::{cases, folder, load, options};
use crate::parity::greedy;
use crate::stored::{config, convert_with, tensors};

const NAME: &str = "llama2";

/// The model with this `generation_config.json`.
fn with(generation: &Value) -> LocalModel {
    let folder = folder(NAME);
    let path = folder.path().join("generation_config.json");
    fs::write(path, generation.to_string()).expect("a file");
    LocalModel::load(folder.path(), &options()).expect("the model")
}

#[test]
fn the_makers_settings_are_those_that_are_recommended() {
    let model = with(
        &json!({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.05,
        "repetition_penalty": 1.1}),
    );
    let mut wanted = SamplingOptions::default();
    (wanted.temperature, wanted.top_k) = (0.6, 20);
    (wanted.top_p, wanted.min_p) = (0.95, 0.05);
    wanted.repetition_penalty = 1.1;
    assert_eq!(*model.recommended(), wanted);
    // Drawn without a word on how: from all tokens, at 1.
    let mut wanted = SamplingOptions::default();
    wanted.temperature = 1.0;
    assert_eq!(*with(&json!({"do_sample": true})).recommended(), wanted);
    // Not drawn, whatever else stands there, as Gemma's and Qwen's files have it; and what is out of range.
    for greedy in [
        json!({"do_sample": false, "temperature": 0.6, "top_k": 20, "top_p": 0.95}),
        json!({"temperature": 0.6, "top_k": 20}),
        json!({"do_sample": true, "temperature": -1.0}),
        json!({"do_sample": true, "top_p": 1.5, "top_k": 20}),
        json!({}),
    ] {
        let model = with(&greedy);
        assert_eq!(*model.recommended(), SamplingOptions::default(), "{greedy}");
    }
}

/// How many tokens an answer has, and why it ends.
fn answer(model: &LocalModel, prompt: &[u32]) -> (usize, FinishReason) {
    let request = GenerateRequest {
        prompt: prompt.to_vec(),
        max_tokens: Some(5),
        ..GenerateRequest::default()
    };
    let mut tokens = 0;
    for event in model.generate(request, Call::default()).expect("an answer") {
        match event.expect("an event") {
            GenerateEvent::Token { .. } => tokens += 1,
            GenerateEvent::Done { finish, .. } => return (tokens, finish),
            other => panic!("{other:?}"),
        }
    }
    panic!("it has no end");
}

/// Tokens of the model's own greedy answer: three of them, each with how much of the answer stands before it.
fn three() -> [(usize, u32); 3] {
    let greedy = cases(NAME).greedy;
    [2, 4, 8].map(|at| {
        assert!(!greedy[..at].contains(&greedy[at]), "its first place");
        (at, greedy[at])
    })
}

/// Each of these tokens ends the answer in which it is the likeliest, and none of them stands in it.
fn ends_at(model: &LocalModel, ends: &[(usize, u32)]) {
    let cases = cases(NAME);
    for (at, end) in ends {
        assert!(model.ends().contains(end), "{end} of {:?}", model.ends());
        let prompt = [&cases.ids, &cases.greedy[..*at]].concat();
        assert_eq!(answer(model, &prompt), (0, FinishReason::Stop), "{end}");
        // One token before, where that ends nothing itself.
        let before = &prompt[..prompt.len() - 1];
        assert_eq!(answer(model, before), (1, FinishReason::Stop), "{end}");
        assert_eq!(greedy(model, &prompt, 1), [*end], "ends can be ignored");
    }
}

#[test]
fn an_answer_ends_at_each_token_of_the_list() {
    let ends = three();
    let plain = load(NAME);
    for (at, end) in ends {
        let cases = cases(NAME);
        let prompt = [&cases.ids, &cases.greedy[..at]].concat();
        assert!(!plain.ends().contains(&end));
        assert_eq!(answer(&plain, &prompt), (5, FinishReason::Length), "{end}");
    }
    let list = ends.map(|(_, end)| end);
    ends_at(&with(&json!({"eos_token_id": list})), &ends);
    ends_at(&with(&json!({"eos_token_id": list[1]})), &ends[1..2]);
    // The configuration says it where the other file does not.
    let folder = folder(NAME);
    let mut settings = config(NAME);
    settings["eos_token_id"] = json!(list);
    fs::write(folder.path().join("config.json"), settings.to_string()).expect("a file");
    let model = LocalModel::load(folder.path(), &options()).expect("the model");
    ends_at(&model, &ends);
}

#[test]
fn an_answer_of_a_gguf_file_ends_at_the_end_of_a_turn_and_of_a_message_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let ends = three();
    let more = [
        ("tokenizer.ggml.eot_token_id", Meta::U32(ends[0].1)),
        ("tokenizer.ggml.eom_token_id", Meta::U32(ends[1].1)),
    ];
    convert_with(
        NAME,
        &config(NAME),
        &tensors(NAME),
        GgmlDType::F32,
        &more,
        &path,
    );
    let model = LocalModel::load(&path, &options()).expect("the model");
    ends_at(&model, &ends[..2]);
    // And at the end of the text, which each file names.
    assert_eq!(model.ends(), {
        let mut all = vec![1, ends[0].1, ends[1].1];
        all.sort_unstable();
        all
    });
}
