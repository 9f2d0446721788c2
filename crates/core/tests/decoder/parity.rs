//! Logits and greedy tokens of every architecture, beside those of transformers.

use botsmith_core::chat::Call;
use botsmith_core::engine::{
    ComputeDevice, GenerateEvent, GenerateRequest, LocalModel, ModelFiles, Weights,
};

use crate::models::{NAMES, cases, fixtures, load};

pub(crate) fn greedy(model: &LocalModel, prompt: &[u32], most: usize) -> Vec<u32> {
    let request = GenerateRequest {
        prompt: prompt.to_vec(),
        max_tokens: Some(most),
        ignore_end: true,
        ..GenerateRequest::default()
    };
    model
        .generate(request, Call::default())
        .expect("an answer")
        .filter_map(|event| match event.expect("an event") {
            GenerateEvent::Token { token, .. } => Some(token.token),
            _ => None,
        })
        .collect()
}

#[test]
fn logits_of_every_place_are_those_of_transformers() {
    for name in NAMES {
        let model = load(name);
        let cases = cases(name);
        assert_eq!(
            model.tokenizer().encode(&cases.prompt, true).unwrap(),
            cases.ids,
            "{name}"
        );
        let path = fixtures().join(format!("decoder-{name}/expected.safetensors"));
        let files = ModelFiles::open(&path).unwrap();
        let weights = Weights::open(&files, &ComputeDevice::Cpu).unwrap();
        let shape = weights.about("logits").unwrap().1.to_vec();
        let expected = weights
            .tensor("logits", &shape)
            .unwrap()
            .to_vec2::<f32>()
            .unwrap();
        let logits = model.logits(&cases.ids, true).unwrap();
        // Every second place is kept.
        let logits: Vec<Vec<f32>> = logits.into_iter().step_by(2).collect();
        assert_eq!(logits.len(), expected.len());
        let mut worst = 0.0_f32;
        for (got, wanted) in logits.iter().flatten().zip(expected.iter().flatten()) {
            worst = worst.max((got - wanted).abs() / wanted.abs().max(1.0));
        }
        assert!(worst < 1e-4, "{name}: {worst}");
    }
}

#[test]
fn sixty_four_greedy_tokens_are_those_of_transformers() {
    for name in NAMES {
        let cases = cases(name);
        assert_eq!(cases.greedy.len(), 64);
        assert_eq!(greedy(&load(name), &cases.ids, 64), cases.greedy, "{name}");
    }
}
