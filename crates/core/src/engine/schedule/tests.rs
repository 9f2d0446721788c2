//! What the scheduler promises, held against steps that a test lets through one by one.

mod gated;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use futures_core::Stream as _;

use super::super::error::Result;
use super::super::generate::{GenerateEvent, GenerateRequest, Generation};
use super::super::score::Scored;
use super::{Queue, Worker};
use crate::chat::{Call, CancelToken, Usage};
use gated::worker;

/// Long enough for anything that happens at all.
const EVER: Duration = Duration::from_secs(60);

/// So many tokens, others for each `seed`.
fn tokens(seed: u32, count: u32) -> Vec<u32> {
    (0..count).map(|at| 4 + (at * 7 + seed * 31) % 90).collect()
}

fn ask(worker: &Worker, prompt: Vec<u32>, most: usize, call: &Call) -> Generation {
    let request = GenerateRequest {
        prompt,
        max_tokens: Some(most),
        ..GenerateRequest::default()
    };
    worker.submit(request, call.clone()).expect("a request")
}

fn usage(answer: Generation) -> Result<Usage> {
    for event in answer {
        if let GenerateEvent::Done { usage, .. } = event? {
            return Ok(usage);
        }
    }
    panic!("no end")
}

/// Scores all tokens from `first` on, on a thread of its own.
fn score(
    worker: &Arc<Worker>,
    tokens: Vec<u32>,
    first: usize,
    call: &Call,
) -> JoinHandle<Result<Vec<Vec<f64>>>> {
    let (worker, call) = (Arc::clone(worker), call.clone());
    spawn(move || worker.score(vec![Scored { tokens, first }], &call))
}

/// The stream's next event, polled as an async runtime would, which may not come by itself.
fn polled(answer: &mut Generation) -> Result<GenerateEvent> {
    let mut context = TaskContext::from_waker(Waker::noop());
    let end = Instant::now() + EVER;
    loop {
        match Pin::new(&mut *answer).poll_next(&mut context) {
            Poll::Ready(Some(event)) => return event,
            Poll::Ready(None) => panic!("it ends with an event"),
            Poll::Pending if Instant::now() > end => panic!("pending for ever"),
            Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[test]
fn a_request_that_waits_ends_when_it_is_called_off() {
    let (worker, gated) = worker(20, 64, 1);
    gated.allow(0);
    let first = ask(&worker, tokens(1, 20), 3, &Call::default());
    gated.begun(1);
    let cancel = CancelToken::new();
    let call = Call::default().cancelled_by(cancel.clone());
    let mut cancelled = ask(&worker, tokens(2, 20), 3, &call);
    let soon = Call::within(Duration::from_millis(30));
    let mut late = ask(&worker, tokens(3, 20), 3, &soon);
    let mut context = TaskContext::from_waker(Waker::noop());
    let pending = Pin::new(&mut cancelled).poll_next(&mut context);
    assert!(pending.is_pending());
    cancel.cancel();
    // The first is still at its first step: nothing can be admitted.
    assert_eq!(polled(&mut cancelled).unwrap_err().code(), "BS-ENG-014");
    assert_eq!(polled(&mut late).unwrap_err().code(), "BS-ENG-026");
    assert_eq!(gated.tokens(), 20);
    gated.open();
    assert_eq!(usage(first).unwrap().output_tokens, 3);
}

#[test]
fn an_answer_that_is_called_off_need_not_wait_for_those_beside_it() {
    let (worker, gated) = worker(20, 64, 2);
    gated.allow(0);
    let cancel = CancelToken::new();
    let call = Call::default().cancelled_by(cancel.clone());
    let first = ask(&worker, tokens(1, 20), 3, &Call::default());
    gated.begun(1);
    let mut second = ask(&worker, tokens(2, 20), 3, &call);
    // One step of the first, one of both; then both are in the third, which does not end.
    gated.allow(2);
    gated.begun(3);
    assert!(polled(&mut second).is_ok());
    cancel.cancel();
    assert_eq!(polled(&mut second).unwrap_err().code(), "BS-ENG-014");
    assert_eq!(gated.steps().len(), 3);
    gated.open();
    assert_eq!(usage(first).unwrap().output_tokens, 3);
}

#[test]
fn prompts_that_begin_alike_are_read_once() {
    for step in [512, 32] {
        let (worker, gated) = worker(200, step, 64);
        gated.allow(0);
        let prompt = tokens(1, 100);
        let mut prompts = vec![prompt.clone(); 4];
        // Another that parts from them in its fourth block, and one that shares nothing.
        prompts.push([&prompt[..57], &tokens(5, 20)].concat());
        prompts.push(tokens(2, 50));
        let answers: Vec<Generation> = prompts
            .into_iter()
            .map(|prompt| ask(&worker, prompt, 2, &Call::default()))
            .collect();
        gated.open();
        let cached: Vec<u64> = answers
            .into_iter()
            .map(|answer| usage(answer).unwrap().cached_tokens)
            .collect();
        assert_eq!(cached[0], 0, "step {step}");
        for more in &cached[1..4] {
            assert!((96..100).contains(more), "step {step}: {cached:?}");
        }
        assert!((48..=57).contains(&cached[4]), "step {step}: {cached:?}");
        assert!(cached[5] < 16, "step {step}: {cached:?}");
        // What was read, and the first of each answer's tokens.
        let prompts = 4 * 100 + 77 + 50;
        let read = prompts - cached.iter().sum::<u64>() + 6;
        assert_eq!(gated.tokens() as u64, read, "step {step}");
    }
}

#[test]
fn a_prompt_that_is_held_up_goes_on_when_the_one_it_waits_for_is_called_off() {
    let (worker, gated) = worker(200, 32, 64);
    gated.allow(0);
    let cancel = CancelToken::new();
    let call = Call::default().cancelled_by(cancel.clone());
    let mut first = ask(&worker, tokens(1, 100), 2, &call);
    gated.begun(1);
    let second = ask(&worker, tokens(1, 100), 2, &Call::default());
    cancel.cancel();
    assert_eq!(polled(&mut first).unwrap_err().code(), "BS-ENG-014");
    gated.open();
    assert_eq!(usage(second).unwrap().output_tokens, 2);
}

#[test]
fn calls_that_score_texts_of_one_beginning_read_it_once() {
    let (worker, gated) = worker(200, 64, 64);
    gated.allow(0);
    let text = |seed: u32| [tokens(1, 80), tokens(seed, 10)].concat();
    let calls: Vec<_> = (2..6)
        .map(|seed| score(&worker, text(seed), 85, &Call::default()))
        .collect();
    gated.begun(1);
    gated.open();
    let together: Vec<_> = calls
        .into_iter()
        .map(|call| call.join().unwrap().expect("scores"))
        .collect();
    // The last token of each is not read.
    assert_eq!(gated.tokens(), 80 + 4 * 9);
    for (seed, found) in (2..6).zip(together) {
        worker.context.pool.forget();
        let alone = score(&worker, text(seed), 85, &Call::default());
        let alone = alone.join().unwrap().expect("scores");
        for (a, b) in found[0].iter().zip(&alone[0]) {
            assert!((a - b).abs() < 1e-4, "{seed}: {a} {b}");
        }
    }
}

#[test]
fn scores_and_answers_that_fit_alone_all_come_through_a_small_memory() {
    // Six blocks: a text of 90 tokens takes all of them.
    let (worker, _) = worker(6, 32, 8);
    let (roomy, _) = gated::worker(200, 32, 8);
    let wanted = |seed: u32| {
        let found = score(&roomy, tokens(seed, 90), 60, &Call::default());
        found.join().unwrap().expect("scores")
    };
    for round in 0..3 {
        let scores: Vec<_> = (0..6)
            .map(|seed| score(&worker, tokens(seed, 90), 60, &Call::default()))
            .collect();
        let answers: Vec<_> = (0..6)
            .map(|seed| ask(&worker, tokens(10 + seed, 40), 50, &Call::default()))
            .collect();
        for (seed, found) in (0..6).zip(scores) {
            let found = found.join().unwrap().expect("scores");
            for (a, b) in found[0].iter().zip(&wanted(seed)[0]) {
                assert!((a - b).abs() < 1e-4, "round {round}, {seed}: {a} {b}");
            }
        }
        for answer in answers {
            assert_eq!(usage(answer).expect("an answer").output_tokens, 50);
        }
    }
    // What does not fit alone is an error, and nobody else's.
    let long = score(&worker, tokens(1, 120), 60, &Call::default());
    let short = score(&worker, tokens(2, 30), 20, &Call::default());
    let error = long.join().unwrap().unwrap_err();
    assert_eq!(error.code(), "BS-ENG-017");
    assert!(short.join().unwrap().is_ok());
}

#[test]
fn a_score_that_waits_for_memory_can_be_called_off() {
    let (worker, gated) = worker(6, 64, 8);
    gated.allow(0);
    let answer = ask(&worker, tokens(1, 60), 20, &Call::default());
    gated.begun(1);
    let cancel = CancelToken::new();
    let call = Call::default().cancelled_by(cancel.clone());
    let cancelled = score(&worker, tokens(2, 90), 60, &call);
    while Queue::lock(&worker.queue).scores.is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // After its first step, for whose second there is no block left beside the answer.
    gated.allow(4);
    gated.begun(5);
    let soon = Call::within(Duration::from_millis(30));
    let late = score(&worker, tokens(3, 90), 60, &soon);
    assert_eq!(late.join().unwrap().unwrap_err().code(), "BS-ENG-026");
    cancel.cancel();
    assert_eq!(cancelled.join().unwrap().unwrap_err().code(), "BS-ENG-014");
    assert_eq!(gated.steps(), [60, 1, 16, 1, 1]);
    gated.open();
    assert_eq!(usage(answer).unwrap().output_tokens, 20);
}

#[test]
fn a_panic_ends_all_that_is_open_and_the_next_request_starts_anew() {
    let (worker, gated) = worker(40, 64, 1);
    gated.allow(0);
    let first = ask(&worker, tokens(1, 20), 5, &Call::default());
    gated.begun(1);
    // One that waits, as a stream; and a score.
    let mut waits = ask(&worker, tokens(2, 20), 5, &Call::default());
    let scored = score(&worker, tokens(3, 20), 10, &Call::default());
    while Queue::lock(&worker.queue).scores.is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    gated.set(|gate| {
        gate.breaks = true;
        gate.allowed = usize::MAX;
    });
    let error = usage(first).unwrap_err();
    assert_eq!(error.code(), "BS-ENG-028");
    assert!(error.to_string().contains("a row too many"), "{error}");
    assert_eq!(polled(&mut waits).unwrap_err().code(), "BS-ENG-028");
    assert_eq!(scored.join().unwrap().unwrap_err().code(), "BS-ENG-028");
    let again = ask(&worker, tokens(1, 20), 5, &Call::default());
    assert_eq!(usage(again).unwrap().output_tokens, 5);
    let again = score(&worker, tokens(3, 20), 10, &Call::default());
    assert_eq!(again.join().unwrap().unwrap()[0].len(), 10);
}

#[test]
fn threads_of_the_pool_that_all_wait_get_what_they_wait_for() {
    use rayon::prelude::*;
    let (worker, _) = worker(40, 64, 8);
    let many = 4 * rayon::current_num_threads() as u32;
    // The engine computes with these very threads.
    let found: Vec<usize> = (0..many)
        .into_par_iter()
        .map(|seed| {
            let text = Scored {
                tokens: tokens(seed, 20),
                first: 10,
            };
            let found = worker.score(vec![text], &Call::default());
            let answer = ask(&worker, tokens(seed, 9), 2, &Call::default());
            usage(answer).unwrap().output_tokens as usize + found.unwrap()[0].len()
        })
        .collect();
    assert!(found.iter().all(|count| *count == 12), "{found:?}");
}

#[test]
fn a_token_that_the_model_does_not_know_is_refused_before_it_stands_beside_others() {
    let (worker, _) = worker(40, 64, 8);
    let request = GenerateRequest {
        prompt: vec![5, u32::MAX],
        ..GenerateRequest::default()
    };
    let error = worker.submit(request, Call::default()).unwrap_err();
    assert_eq!(error.code(), "BS-ENG-012");
    let found = score(&worker, vec![5, 6, u32::MAX], 1, &Call::default());
    assert_eq!(found.join().unwrap().unwrap_err().code(), "BS-ENG-012");
}
