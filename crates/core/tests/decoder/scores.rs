//! What scores mean: borders, sums, whole texts.

use botsmith_core::chat::{Call, CancelToken, ChatRequest, Message};
use botsmith_core::engine::LocalModel;
use botsmith_core::score::ScoreRequest;
use serde_json::{Value, json};

use crate::models::{kept_template, load, load_with, load_with_template, options};

/// Log-softmax of one row, in double precision.
fn log_softmax(row: &[f32], token: u32) -> f64 {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row
        .iter()
        .map(|logit| f64::from(logit - highest).exp())
        .sum();
    f64::from(row[token as usize] - highest) - sum.ln()
}

#[test]
fn a_score_is_the_sum_over_the_tokens_after_the_border() {
    let model = load("llama3");
    // "the" and "re" make other tokens together than apart: the crossing token is the continuation's.
    for (prompt, continuation) in [
        ("The cat sat on th", "e mat"),
        ("Bots ", "are judged"),
        ("", "hello"),
        ("größ", "e"),
    ] {
        let request = ScoreRequest::text(prompt, [continuation]);
        let scores = model.score_now(&[request], &Call::default()).unwrap();
        let one = &scores[0].continuations[0];
        let encoded = model
            .tokenizer()
            .encode_with_offsets(&format!("{prompt}{continuation}"), None, true)
            .unwrap();
        let rows = model.logits(&encoded.ids, true).unwrap();
        let wanted: Vec<f64> = (1..encoded.ids.len())
            .filter(|at| encoded.offsets[*at].1 > prompt.len())
            .map(|at| log_softmax(&rows[at - 1], encoded.ids[at]))
            .collect();
        assert_eq!(one.tokens.len(), wanted.len(), "{prompt}|{continuation}");
        assert!((one.logprob - wanted.iter().sum::<f64>()).abs() < 1e-4);
    }
}

#[test]
fn choices_that_share_their_beginning_are_told_apart_in_one_reading() {
    let model = load("qwen3");
    let request = ScoreRequest::text("Is it so? ", ["yes", "no", "yes!"]);
    let scores = model
        .score_now(&[request], &Call::default())
        .unwrap()
        .remove(0);
    let shares = scores.shares();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(scores.continuations[2].logprob < scores.continuations[0].logprob);
    let value = scores.weighted(&[1.0, 0.0, 1.0]);
    assert!((value - shares[0] - shares[2]).abs() < 1e-12);
    let best = scores.best(false).unwrap();
    assert!(
        scores
            .continuations
            .iter()
            .all(|one| one.logprob <= scores.continuations[best].logprob)
    );
}

#[test]
fn a_whole_text_has_a_perplexity_and_bits_per_byte() {
    let model = load("llama2");
    let text = "The cat sat on the mat.".to_owned();
    let scores = model
        .score_texts(&[text.clone(), String::new()], &Call::default())
        .unwrap();
    let ids = model.tokenizer().encode(&text, true).unwrap();
    assert_eq!(
        (scores[0].tokens, scores[0].bytes),
        (ids.len() - 1, text.len())
    );
    let nats = -scores[0].logprob;
    assert!((scores[0].perplexity() - (nats / scores[0].tokens as f64).exp()).abs() < 1e-9);
    assert!((scores[0].bits_per_byte() - nats / 2f64.ln() / 23.0).abs() < 1e-9);
    assert_eq!((scores[1].tokens, scores[1].logprob), (0, 0.0));
}

#[test]
fn a_chat_is_scored_after_its_template() {
    let model = load("qwen2");
    let written = "<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n";
    let wanted = after(&model, written, "Yes");
    assert!((of_chat(&model, &json!({}), "Yes") - wanted).abs() < 1e-4);
    // A conversation that is the prompt as it stands has the tokenizer's special tokens.
    let raw = ScoreRequest::text("Is it so?", ["Yes"]);
    let raw = model.score_now(&[raw], &Call::default()).unwrap();
    let found = of_chat(&model, &json!({"raw": true}), "Yes");
    assert!((found - raw[0].continuations[0].logprob).abs() < 1e-4);
}

/// The log-likelihood of what comes next in the conversation `Is it so?`.
fn of_chat(model: &LocalModel, native: &Value, continuation: &str) -> f64 {
    let mut asked = ChatRequest::new(vec![Message::user("Is it so?")]);
    asked.native.clone_from(native.as_object().unwrap());
    let request = ScoreRequest::chat(asked, [continuation]);
    let scores = model.score_now(&[request], &Call::default()).unwrap();
    scores[0].continuations[0].logprob
}

/// The log-likelihood of a text after a prompt, by the model's logits; they part between two tokens.
fn after(model: &LocalModel, prompt: &str, continuation: &str) -> f64 {
    let encode = |text: &str| model.tokenizer().encode(text, false).unwrap();
    let ids = encode(&format!("{prompt}{continuation}"));
    let first = encode(prompt).len();
    assert_eq!(ids[..first], encode(prompt)[..]);
    let rows = model.logits(&ids, true).unwrap();
    let each = (first..ids.len()).map(|at| log_softmax(&rows[at - 1], ids[at]));
    each.sum()
}

#[test]
fn what_comes_next_in_a_chat_is_scored_after_a_closed_thought() {
    let asked = "<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n";
    let closed = format!("{asked}<think>\n\n</think>\n\n");
    let qwen3 = kept_template("qwen3");
    // Qwen3-Thinking has this template, but for its end: it opens the thought itself.
    let at = qwen3.rfind("{%- if add_generation_prompt %}").unwrap();
    let thinks = "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\n<think>\n' }}\n{%- endif %}";
    let qwen3_thinking = format!("{}{thinks}", &qwen3[..at]);
    // DeepSeek-R1 does, too, right after its mark.
    let r1 = "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}\
        {{ bos_token }}{%- for message in messages %}{%- if message['role'] == 'user' %}\
        {{'<｜User｜>' + message['content']}}{%- endif %}{%- endfor -%}\
        {% if add_generation_prompt %}{{'<｜Assistant｜><think>\\n'}}{% endif %}";
    let after_r1 = "<s><｜User｜>Is it so?<｜Assistant｜><think>\n\n</think>\n\n".to_owned();
    for (name, template, native, wanted) in [
        ("Qwen3", &qwen3, json!({}), &closed),
        ("Qwen3", &qwen3, json!({"think": false}), &closed),
        // Who wants it otherwise gets it.
        ("Qwen3", &qwen3, json!({"think": true}), &asked.to_owned()),
        (
            "Qwen3",
            &qwen3,
            json!({"chat_template_kwargs": {"enable_thinking": true}}),
            &asked.to_owned(),
        ),
        ("Qwen3-Thinking", &qwen3_thinking, json!({}), &closed),
        (
            "Qwen3-Thinking",
            &qwen3_thinking,
            json!({"think": true}),
            &closed,
        ),
        ("DeepSeek-R1", &r1.to_owned(), json!({}), &after_r1),
    ] {
        let model = load_with_template("qwen3", template);
        for continuation in ["yes", "no"] {
            let found = of_chat(&model, &native, continuation);
            let wanted = after(&model, wanted, continuation);
            assert!(
                (found - wanted).abs() < 1e-4,
                "{name} {native}: {found} {wanted}"
            );
        }
    }
}

#[test]
fn a_setting_that_is_none_is_an_error_where_a_chat_is_scored() {
    let mut asked = ChatRequest::new(vec![Message::user("Is it so?")]);
    asked.native = json!({"thinks": false}).as_object().unwrap().clone();
    let request = ScoreRequest::chat(asked, ["yes"]);
    let error = load("qwen3").score_now(&[request], &Call::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("did you mean `think`?"), "{error}");
}

#[test]
fn a_text_beyond_the_context_and_a_cancelled_call_are_errors() {
    let model = load("llama3");
    let long = ScoreRequest::text("a b c d ".repeat(200), ["e"]);
    let error = model.score_now(&[long], &Call::default()).unwrap_err();
    assert_eq!(error.code(), "BS-ENG-013");
    assert!(error.to_string().contains("at most 256"), "{error}");
    let cancel = CancelToken::new();
    cancel.cancel();
    let call = Call::default().cancelled_by(cancel);
    let error = model
        .score_now(&[ScoreRequest::text("a", ["b"])], &call)
        .unwrap_err();
    assert_eq!(error.code(), "BS-ENG-014");
    assert_eq!(model.kv().tokens, 0);
}

#[test]
fn threads_that_score_with_a_small_memory_wait_for_each_other() {
    let mut small = options();
    small.kv_bytes = Some(1);
    let block = load_with("llama3", &small).kv().most_bytes / 2;
    small.kv_bytes = Some(block * 5);
    // Short steps, so that calls take turns in the middle of their texts.
    small.step = 24;
    let model = load_with("llama3", &small);
    let roomy = load("llama3");
    let request = |thread: usize, call: usize| {
        let prompt = format!("{thread} {call} ").repeat(9);
        ScoreRequest::text(prompt, ["yes, and so on", "no"])
    };
    let tokens = model.tokenizer().encode(&"0 0 ".repeat(9), true).unwrap();
    assert!(tokens.len() > 33, "{} tokens: two do not fit", tokens.len());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (model, roomy) = (&model, &roomy);
            scope.spawn(move || {
                for call in 0..8 {
                    let asked = [request(thread, call)];
                    let found = model.score_now(&asked, &Call::default()).unwrap();
                    let wanted = roomy.score_now(&asked, &Call::default()).unwrap();
                    assert!(model.kv().bytes <= block * 5);
                    let (found, wanted) = (&found[0].continuations, &wanted[0].continuations);
                    for (found, wanted) in found.iter().zip(wanted) {
                        assert!((found.logprob - wanted.logprob).abs() < 1e-4);
                    }
                }
            });
        }
    });
}
