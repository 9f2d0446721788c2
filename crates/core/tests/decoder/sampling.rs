//! What is left of the next token's choices, beside transformers' logits processors and warpers (presence and frequency
//! penalties: `OpenAI`'s definition). `scripts/engine_fixtures/sampling.py` writes the expected values.

use std::collections::BTreeMap;

use botsmith_core::engine::{Sampler, SamplingOptions};
use serde::Deserialize;

use crate::models::fixtures;

#[derive(Deserialize)]
struct Fixture {
    logits: Vec<f32>,
    prompt: Vec<u32>,
    answer: Vec<u32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    settings: Settings,
    tokens: Vec<u32>,
    shares: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    temperature: f32,
    top_k: Option<usize>,
    top_p: Option<f32>,
    min_p: Option<f32>,
    repetition_penalty: Option<f32>,
    presence_penalty: Option<f32>,
    frequency_penalty: Option<f32>,
    #[serde(default)]
    logit_bias: BTreeMap<u32, f32>,
}

impl Settings {
    fn options(self) -> SamplingOptions {
        let mut options = SamplingOptions::default();
        options.temperature = self.temperature;
        options.top_k = self.top_k.unwrap_or(options.top_k);
        options.top_p = self.top_p.unwrap_or(options.top_p);
        options.min_p = self.min_p.unwrap_or(options.min_p);
        options.repetition_penalty = self.repetition_penalty.unwrap_or(1.0);
        options.presence_penalty = self.presence_penalty.unwrap_or(0.0);
        options.frequency_penalty = self.frequency_penalty.unwrap_or(0.0);
        options.logit_bias = self.logit_bias;
        options
    }
}

fn fixture() -> Fixture {
    let text = std::fs::read(fixtures().join("sampling.json")).expect("the cases");
    serde_json::from_slice(&text).expect("cases")
}

/// A sampler that has made the fixture's answer to its prompt.
fn sampler(fixture: &Fixture, options: SamplingOptions) -> Sampler {
    let mut sampler = Sampler::new(options, &fixture.prompt);
    for token in &fixture.answer {
        let only = |id: u32| id == *token;
        assert_eq!(sampler.pick(&fixture.logits, Some(&only)).token, *token);
    }
    sampler
}

#[test]
fn what_is_left_and_its_shares_are_those_of_transformers() {
    let fixture = fixture();
    assert!(fixture.cases.len() >= 25);
    for case in &fixture.cases {
        let sampler = sampler(&fixture, case.settings.clone().options());
        let left = sampler.candidates(&fixture.logits);
        let mut left: Vec<(u32, f64)> = left
            .iter()
            .map(|one| (one.token, one.probability))
            .collect();
        // Greedily only the likeliest has a share.
        left.retain(|(_, share)| *share > 0.0);
        let tokens: Vec<u32> = left.iter().map(|(token, _)| *token).collect();
        assert_eq!(tokens, case.tokens, "{:?}", case.settings);
        for ((token, ours), wanted) in left.iter().zip(&case.shares) {
            assert!(
                (ours - wanted).abs() < 1e-6,
                "{:?}: token {token} has {ours}, wanted {wanted}",
                case.settings
            );
        }
    }
}

#[test]
fn a_draw_comes_from_what_is_left_as_often_as_its_share_says() {
    let fixture = fixture();
    let draws = 400_u64;
    for case in &fixture.cases {
        let options = case.settings.clone().options();
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for seed in 0..draws {
            let mut options = options.clone();
            options.seed = seed;
            let token = sampler(&fixture, options).pick(&fixture.logits, None).token;
            assert!(case.tokens.contains(&token), "{:?}: {token}", case.settings);
            *counts.entry(token).or_default() += 1;
        }
        // Six standard deviations of a count.
        for (token, share) in case.tokens.iter().zip(&case.shares) {
            let wanted = share * draws as f64;
            let got = counts.get(token).copied().unwrap_or(0) as f64;
            let most = 6.0 * (wanted * (1.0 - share)).sqrt() + 1.0;
            assert!(
                (got - wanted).abs() <= most,
                "{:?}: token {token} came {got} times of {draws}, wanted {wanted}",
                case.settings
            );
        }
    }
}
