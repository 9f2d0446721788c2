//! How answers end, what they cost, and what holds them.

use std::time::Duration;

use botsmith_core::chat::{Call, CancelToken, FinishReason};
use botsmith_core::engine::{GenerateEvent, GenerateRequest, Grammar, LocalModel, SamplingOptions};
use serde_json::{Value, json};

use crate::models::{folder, load, load_with, options};
use crate::parity::greedy;

fn request(model: &LocalModel, prompt: &str, most: usize) -> GenerateRequest {
    GenerateRequest {
        prompt: model.tokenizer().encode(prompt, true).expect("tokens"),
        max_tokens: Some(most),
        ignore_end: true,
        ..GenerateRequest::default()
    }
}

/// Text and end of an answer.
fn whole(model: &LocalModel, request: GenerateRequest) -> (String, FinishReason) {
    let mut all = String::new();
    let events = model.generate(request, Call::default());
    for event in events.expect("an answer") {
        match event.expect("an event") {
            GenerateEvent::Token { text, .. } => all.push_str(&text),
            GenerateEvent::Done { text, finish, .. } => return (all + &text, finish),
            _ => {}
        }
    }
    panic!("no end")
}

#[test]
fn the_pieces_are_the_text_of_the_tokens() {
    let model = load("gemma3");
    let asked = request(&model, "größe 😀", 40);
    let ids = greedy(&model, &asked.prompt, 40);
    let (text, finish) = whole(&model, asked);
    assert_eq!(text, model.tokenizer().decode(&ids, true).unwrap());
    assert_eq!(finish, FinishReason::Length);
}

#[test]
fn an_answer_ends_before_a_stop_string() {
    let model = load("qwen3");
    let (text, _) = whole(&model, request(&model, "The cat", 40));
    let chars: Vec<char> = text.chars().collect();
    let stop: String = chars[chars.len() / 2..chars.len() / 2 + 3].iter().collect();
    let mut asked = request(&model, "The cat", 40);
    asked.stop = vec![stop.clone()];
    let (cut, finish) = whole(&model, asked);
    assert_eq!(cut, text[..text.find(&stop).unwrap()]);
    assert_eq!(finish, FinishReason::Stop);
}

#[test]
fn what_does_not_fit_says_the_numbers() {
    let model = load("llama2");
    let mut asked = request(&model, "a", 20);
    asked.prompt = vec![5; 250];
    let error = model.generate(asked, Call::default()).unwrap_err();
    assert_eq!(error.code(), "BS-ENG-016");
    let text = error.to_string();
    assert!(
        text.contains("250 tokens and the answer may have 20, the context holds 256"),
        "{text}"
    );
}

#[test]
fn a_cancelled_answer_ends_and_frees_what_it_held() {
    let model = load("llama3");
    let cancel = CancelToken::new();
    let call = Call::default().cancelled_by(cancel.clone());
    let mut answer = model
        .generate(request(&model, "The cat", 200), call)
        .unwrap();
    answer.next().unwrap().unwrap();
    cancel.cancel();
    let error = answer.find_map(Result::err).unwrap();
    assert_eq!(error.code(), "BS-ENG-014");
    // A dropped one as well.
    let mut dropped = model
        .generate(request(&model, "The dog", 200), Call::default())
        .unwrap();
    dropped.next().unwrap().unwrap();
    drop(dropped);
    let late = Call::within(Duration::ZERO);
    let error = model
        .generate(request(&model, "a", 200), late)
        .unwrap()
        .find_map(Result::err)
        .unwrap();
    assert_eq!(error.code(), "BS-ENG-026");
    // The next answer is made, and afterwards nothing is held but what is remembered.
    whole(&model, request(&model, "The end", 3));
    for _ in 0..200 {
        model.forget();
        if model.kv().tokens == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:?}", model.kv());
}

#[test]
fn a_small_budget_is_kept_and_all_answers_are_made() {
    let mut small = options();
    small.kv_bytes = Some(1);
    let tiny = load_with("llama3", &small);
    let bytes = tiny.kv().most_bytes / 2;
    small.kv_bytes = Some(bytes * 6);
    let model = load_with("llama3", &small);
    let roomy = load("llama3");
    let asked = |number: usize| request(&model, &format!("{number} The cat sat"), 30);
    let answers: Vec<_> = (0..8)
        .map(|number| model.generate(asked(number), Call::default()).unwrap())
        .collect();
    for (number, answer) in answers.into_iter().enumerate() {
        let mut tokens = Vec::new();
        for event in answer {
            assert!(model.kv().bytes <= bytes * 6);
            if let GenerateEvent::Token { token, .. } = event.unwrap() {
                tokens.push(token.token);
            }
        }
        assert_eq!(tokens, greedy(&roomy, &asked(number).prompt, 30));
    }
    let error = tiny
        .generate(request(&tiny, &"a b ".repeat(40), 5), Call::default())
        .unwrap()
        .find_map(Result::err);
    assert_eq!(error.unwrap().code(), "BS-ENG-017");
}

#[test]
fn a_budget_beyond_the_memory_is_refused_with_the_numbers() {
    let mut large = options();
    large.kv_bytes = Some(1 << 50);
    let error = LocalModel::load(folder("llama3").path(), &large).unwrap_err();
    assert_eq!(error.code(), "BS-ENG-009");
    let text = error.to_string();
    assert!(text.contains("1125899.9 GB of them are for keys"), "{text}");
}

#[test]
fn chats_that_are_asked_together_read_their_common_beginning_once() {
    let model = load("qwen3");
    let asked = request(&model, &"The cat sat on the mat. ".repeat(5), 4);
    let whole = asked.prompt.len() as u64 / 16 * 16;
    assert!(whole >= 64, "{whole}");
    let together: Vec<_> = (0..4)
        .map(|_| model.generate(asked.clone(), Call::default()).unwrap())
        .collect();
    let mut cached = Vec::new();
    let mut answers = Vec::new();
    for answer in together {
        let mut tokens = Vec::new();
        for event in answer {
            match event.unwrap() {
                GenerateEvent::Token { token, .. } => tokens.push(token.token),
                GenerateEvent::Done { usage, .. } => cached.push(usage.cached_tokens),
                _ => {}
            }
        }
        answers.push(tokens);
    }
    assert_eq!(cached[0], 0);
    assert!(cached.iter().sum::<u64>() >= 3 * (whole - 16), "{cached:?}");
    model.forget();
    let alone = greedy(&model, &asked.prompt, 4);
    assert!(answers.iter().all(|answer| *answer == alone), "{answers:?}");
}

#[test]
fn a_grammar_holds_the_answer() {
    let model = load("qwen2");
    let with = |grammar: Grammar, seed: u64| {
        let mut asked = request(&model, "Answer:", 120);
        asked.ignore_end = false;
        asked.grammar = Some(grammar);
        let mut sampling = SamplingOptions::default();
        sampling.temperature = 1.0;
        sampling.seed = seed;
        asked.sampling = sampling;
        whole(&model, asked)
    };
    let schema = json!({
        "type": "object",
        "properties": {"verdict": {"enum": ["yes", "no"]}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["verdict", "score"],
        "additionalProperties": false,
    });
    for seed in 0..5 {
        let (text, finish) = with(Grammar::JsonSchema(schema.clone()), seed);
        // A random model may fill the answer with blanks.
        if finish == FinishReason::Stop {
            let value: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(["yes", "no"].contains(&value["verdict"].as_str().unwrap()));
            assert!((1..=5).contains(&value["score"].as_i64().unwrap()));
        }
        let (text, _) = with(Grammar::Regex("(ab|c){2}[0-9]{3}".into()), seed);
        assert!(
            text.len() >= 5 && text.ends_with(|c: char| c.is_ascii_digit()),
            "{text}"
        );
        let (text, _) = with(
            Grammar::Lark("start: \"yes\" | \"no\" \" \" /[a-c]{2}/".into()),
            seed,
        );
        assert!(
            text == "yes" || (text.starts_with("no ") && text.len() == 5),
            "{text}"
        );
    }
    let mut asked = request(&model, "a", 5);
    asked.grammar = Some(Grammar::Regex("(".into()));
    assert_eq!(
        model.generate(asked, Call::default()).unwrap_err().code(),
        "BS-ENG-025"
    );
}

#[test]
fn grammars_that_nest_deep_are_read_or_refused_and_overflow_no_stack() {
    let model = load("qwen2");
    let with = |grammar: Grammar| {
        let mut asked = request(&model, "a", 1);
        asked.grammar = Some(grammar);
        let mut events = model.generate(asked, Call::default())?;
        events.try_for_each(|event| event.map(drop))
    };
    let rules = |count: usize| {
        let each = (1..count).map(|at| format!("a{at}: \"x\" | a{} \"y\"\n", at + 1));
        Grammar::Lark(format!(
            "start: a1\n{}a{count}: \"x\"",
            each.collect::<String>()
        ))
    };
    let references = |count: usize| {
        let next = |at: usize| json!({"anyOf": [{"$ref": format!("#/$defs/a{}", at + 1)}, {"type": "null"}]});
        let mut each: serde_json::Map<_, _> =
            (0..count).map(|at| (format!("a{at}"), next(at))).collect();
        each.insert(format!("a{count}"), json!({"type": "string"}));
        Grammar::JsonSchema(json!({"anyOf": [next(0)], "$defs": each}))
    };
    // A schema may stand in a grammar, on one line.
    let inside = |count: usize| match references(count) {
        Grammar::JsonSchema(schema) => Grammar::Lark(format!("start: %json {schema}")),
        other => other,
    };
    let nested = |levels: usize| {
        let outside = (0..levels).fold(json!({}), |inside, _| json!({"items": inside}));
        Grammar::JsonSchema(outside)
    };
    for fine in [rules(900), references(400), inside(400), nested(120)] {
        let result = with(fine);
        assert!(result.is_ok(), "{result:?}");
    }
    for (deep, wanted) in [
        (rules(4000), "max is"),
        (
            rules(9000),
            "the grammar has 9001 colons, at most 4096 are read",
        ),
        (references(1000), "max is"),
        (inside(1000), "max is"),
        (inside(2000), "colons, at most 4096 are read"),
        (references(2000), "references, at most 1024 are read"),
        (nested(200), "the schema nests deeper than 128 levels"),
    ] {
        let error = with(deep).unwrap_err();
        assert_eq!(error.code(), "BS-ENG-025");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
