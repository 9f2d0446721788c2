//! A batch is its members, and a shared beginning is a beginning: over ragged lengths.

use botsmith_core::chat::Call;
use botsmith_core::engine::{GenerateEvent, GenerateRequest, LocalModel, SamplingOptions};
use botsmith_core::score::{ScoreRequest, Scores};
use proptest::prelude::*;

use crate::models::{NAMES, load, load_with, options};

fn text() -> impl Strategy<Value = String> {
    "[a-e ]{0,60}"
}

/// Texts of other lengths are multiplied in other blocks, whose sums round otherwise: in single precision, through
/// every layer, by a few millionths.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-5 * a.abs().max(1.0)
}

fn same(a: &[Scores], b: &[Scores]) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        for (a, b) in a.continuations.iter().zip(&b.continuations) {
            prop_assert_eq!(a.tokens.len(), b.tokens.len());
            for ((_, a), (_, b)) in a.tokens.iter().zip(&b.tokens) {
                prop_assert!(close(*a, *b), "{} and {}", a, b);
            }
        }
    }
    Ok(())
}

fn score(model: &LocalModel, requests: &[ScoreRequest]) -> Vec<Scores> {
    let scores = model.score_now(requests, &Call::default());
    scores.expect("scores")
}

#[test]
fn a_batch_of_scores_is_each_alone_and_a_shared_beginning_changes_nothing() {
    for name in NAMES {
        let model = load(name);
        let mut small = options();
        small.step = 7;
        let steps = load_with(name, &small);
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(6));
        let strategy = (
            text(),
            prop::collection::vec((text(), prop::collection::vec("[a-e ]{1,12}", 1..4)), 1..6),
        );
        runner
            .run(&strategy, |(prefix, rest)| {
                let requests: Vec<ScoreRequest> = rest
                    .iter()
                    .map(|(own, continuations)| {
                        ScoreRequest::text(format!("{prefix}{own}"), continuations.clone())
                    })
                    .collect();
                let singles: Vec<Scores> = requests
                    .iter()
                    .flat_map(|request| {
                        // Nothing remembered: each is read from its beginning, alone.
                        let each: Vec<_> = request
                            .continuations
                            .iter()
                            .map(|continuation| {
                                model.forget();
                                let ScoreRequest { prompt, .. } = request.clone();
                                let one = ScoreRequest {
                                    prompt,
                                    continuations: vec![continuation.clone()],
                                };
                                score(&model, &[one]).remove(0).continuations.remove(0)
                            })
                            .collect();
                        [Scores {
                            continuations: each,
                        }]
                    })
                    .collect();
                model.forget();
                same(&score(&model, &requests), &singles)?;
                // Again, with everything remembered.
                same(&score(&model, &requests), &singles)?;
                // In steps that cut every text in pieces.
                steps.forget();
                same(&score(&steps, &requests), &singles)
            })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The tokens and log-probabilities of one answer.
fn answer(events: botsmith_core::engine::Generation) -> Vec<(u32, f64)> {
    events
        .filter_map(|event| match event.expect("an event") {
            GenerateEvent::Token { token, .. } => Some((token.token, token.logprob)),
            _ => None,
        })
        .collect()
}

#[test]
fn answers_made_together_are_those_made_alone() {
    for name in NAMES {
        together(name);
    }
}

fn together(name: &str) {
    let model = load(name);
    let request = |number: u64| {
        let prompt = "ab c de ".repeat(1 + number as usize * 3 % 7) + &number.to_string();
        GenerateRequest {
            prompt: model.tokenizer().encode(&prompt, true).unwrap(),
            max_tokens: Some(4 + number as usize % 5 * 4),
            ignore_end: true,
            sampling: {
                let mut sampling = SamplingOptions::default();
                sampling.temperature = 0.8;
                sampling.seed = number;
                sampling
            },
            ..GenerateRequest::default()
        }
    };
    let alone: Vec<_> = (0..12)
        .map(|number| {
            model.forget();
            answer(model.generate(request(number), Call::default()).unwrap())
        })
        .collect();
    model.forget();
    let together: Vec<_> = (0..12)
        .map(|number| model.generate(request(number), Call::default()).unwrap())
        .collect();
    for (alone, together) in alone.iter().zip(together) {
        let together = answer(together);
        assert_eq!(alone.len(), together.len(), "{name}");
        for (a, b) in alone.iter().zip(&together) {
            assert_eq!(a.0, b.0, "{name}");
            assert!(close(a.1, b.1), "{name}: {a:?} {b:?}");
        }
    }
}
