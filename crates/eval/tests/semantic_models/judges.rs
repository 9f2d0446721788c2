//! Judges whose verdict is read from the probabilities of their replies.

use std::path::Path;

use botsmith_core::chat::ChatResponse;
use botsmith_core::engine::{LoadOptions, LocalModel};
use botsmith_core::store;
use botsmith_eval::Verdict;
use botsmith_eval::ask::Given;
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::provider::{self, OpenOptions, ProviderConfig};
use botsmith_nanobots::{Bot, Cartridge};
use serde_json::{Value, json};

use crate::common::{self, Count, bot, cases, run};
use crate::decoder;

/// A model's template that thinks unless it is told not to, as Qwen3's.
const TEMPLATE: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
    {% if add_generation_prompt %}<|im_start|>assistant\n\
    {% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}";
/// What that makes of a message.
fn asked(words: &str, thinks: bool) -> String {
    let thought = if thinks {
        ""
    } else {
        "<think>\n\n</think>\n\n"
    };
    format!("<|im_start|>user\n{words}<|im_end|>\n<|im_start|>assistant\n{thought}")
}

fn loaded(folder: &Path) -> LocalModel {
    let mut load = LoadOptions::default();
    load.kv_bytes = Some(32 << 20);
    LocalModel::load(folder, &load).unwrap()
}

/// The probabilities of replies after a prompt, from the model's logits.
fn likely(model: &LocalModel, prompt: &str, replies: &[&str]) -> Vec<f64> {
    let first = model.tokenizer().encode(prompt, false).unwrap().len();
    let one = |reply: &&str| {
        let text = format!("{prompt}{reply}");
        let ids = model.tokenizer().encode(&text, false).unwrap();
        let rows = model.logits(&ids, true).unwrap();
        let each = (first..ids.len()).map(|at| {
            let row = rows[at - 1].iter().map(|logit| f64::from(*logit).exp());
            f64::from(rows[at - 1][ids[at] as usize]).exp() / row.sum::<f64>()
        });
        each.product()
    };
    replies.iter().map(one).collect()
}

/// The mean of values, weighted by probabilities.
fn mean(likely: &[f64], values: &[f64]) -> f64 {
    let sum: f64 = likely.iter().zip(values).map(|(p, value)| p * value).sum();
    sum / likely.iter().sum::<f64>()
}

/// A decoder that finds `yes`, `no`, `tie`, `A` and `B` likely, each a token: their rows are those of the tokens that
/// it finds likeliest after these prompts.
fn judge(prompts: &[String]) -> tempfile::TempDir {
    let folder = decoder();
    let about = json!({"eos_token": "<|im_end|>", "chat_template": TEMPLATE});
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("tokenizer_config.json"), about.to_string()).unwrap();
    // Words take the places of the last merges.
    let text = std::fs::read(file("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_slice(&text).unwrap();
    for (id, word) in [(271, "yes"), (270, "no"), (269, "tie")] {
        tokenizer["model"]["merges"].as_array_mut().unwrap().pop();
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        vocabulary.retain(|_, known| *known != json!(id));
        let token = json!({"id": id, "content": word, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": false});
        let added = tokenizer["added_tokens"].as_array_mut().unwrap();
        added.push(token);
    }
    std::fs::write(file("tokenizer.json"), tokenizer.to_string()).unwrap();
    let model = loaded(folder.path());
    let mut sums = vec![0.0; 272];
    for prompt in prompts {
        let ids = model.tokenizer().encode(prompt, false).unwrap();
        for (sum, logit) in sums.iter_mut().zip(&model.logits(&ids, false).unwrap()[0]) {
            *sum += logit;
        }
    }
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by(|a, b| sums[*b].total_cmp(&sums[*a]));
    // The embeddings, which are the head too, come first in the file: 16 numbers a token.
    let mut weights = std::fs::read(file("model.safetensors")).unwrap();
    let start = 8 + u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let rows = weights[start..start + 272 * 64].to_vec();
    let id = |text: &str| model.tokenizer().id(text).unwrap() as usize;
    for (to, from) in [
        (id("yes"), order[0]),
        (id("no"), order[1]),
        (id("A"), order[1]),
        (id("B"), order[2]),
        (id("tie"), order[0]),
    ] {
        weights[start + 64 * to..][..64].copy_from_slice(&rows[64 * from..][..64]);
    }
    std::fs::write(file("model.safetensors"), &weights).unwrap();
    folder
}

/// A judge on provider `local`, with these settings in its cartridge.
fn bot_on(folder: &Path, settings: &Value) -> Bot {
    let mut provider = json!({"id": "local", "options": {"device": "cpu", "kv-bytes": 32 << 20},
        "settings": {"model": folder}});
    for (name, value) in settings.as_object().unwrap() {
        provider["settings"][name] = value.clone();
    }
    let config = ProviderConfig::from_provider(&provider).unwrap();
    let model = provider::open(&config, &OpenOptions::new(folder.to_owned())).unwrap();
    let cartridge = Cartridge::from_value(&json!({}), Profile::Native).unwrap();
    Bot::new(cartridge, model).unwrap()
}

/// What a weighted judge says of the answers `cat` and `the dog`, whose reference is `a mat`.
fn judged(bot: Bot, options: &str) -> [f64; 2] {
    let suite = format!(
        "version: 1\ndataset: [{{input: q1, reference: a mat, a: cat}}, {{input: q2, reference: a mat, a: the dog}}]\n\
         bots: [{{name: a, recorded: {{answer: /a}}}}]\n\
         evaluators: [{{judge: {{cartridge: judge.yml, weighted: true, {options}}}}}]\n"
    );
    let bots = Given::default().with("judge.yml", bot);
    let store = store::open("memory:").unwrap();
    let finished = run(&*store, &suite, &bots).unwrap();
    let mut records = cases(&*store, &finished);
    records.sort_by(|a, b| a.answers[0].answer.text.cmp(&b.answers[0].answer.text));
    let found: Vec<f64> = records
        .iter()
        .map(|record| {
            let verdict = &record.answers[0].verdicts[0];
            let Verdict::Judged(score) = verdict else {
                panic!("{options}: {verdict:?}")
            };
            assert_eq!(score.passed, None, "only a threshold lets it pass");
            score.value
        })
        .collect();
    found.try_into().unwrap()
}

fn assert_near(found: [f64; 2], wanted: [f64; 2], what: &str) {
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-6, "{what}: {found} {wanted}");
        assert!(*found > 0.0 && *found < 1.0, "{what}: {found}");
    }
    assert_ne!(found[0], found[1], "another answer, another value");
}

#[test]
fn a_weighted_judge_is_the_mean_of_its_labels_by_the_models_probabilities() {
    let folder = decoder();
    let model = loaded(folder.path());
    let letters: Vec<String> = ('a'..='t').map(String::from).collect();
    let squares: Vec<f64> = (0..20).map(|at| (f64::from(at) / 19.0).powi(2)).collect();
    let choices: Vec<String> = (letters.iter().zip(&squares))
        .map(|(letter, value)| format!("{letter}: {value}"))
        .collect();
    let grades: Vec<String> = (1..=5).map(|grade| grade.to_string()).collect();
    let quarters: Vec<f64> = (0..5).map(|step| f64::from(step) / 4.0).collect();
    for (options, replies, values) in [
        (
            format!("kind: choice, choices: {{{}}}", choices.join(", ")),
            &letters,
            &squares,
        ),
        ("kind: score".to_owned(), &grades, &quarters),
    ] {
        let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
        let prompted = format!("prompt: \"{{{{ answer }}}}\", criteria: x, {options}");
        let found = judged(bot_on(folder.path(), &json!({})), &prompted);
        // The decoder's own template knows nothing of thoughts.
        let wanted = ["cat", "the dog"]
            .map(|answer| mean(&likely(&model, &asked(answer, true), &replies), values));
        assert_near(found, wanted, &options);
    }
}

#[test]
fn a_weighted_rubric_is_the_mean_of_yes_over_its_criteria() {
    let words = |answer: &str, criterion: &str| {
        format!(
            "{answer} What counts: {criterion}\nDoes the answer meet it? Reply with one word: yes or no."
        )
    };
    let mut prompts = Vec::new();
    for answer in ["cat", "the dog"] {
        for criterion in ["polite", "short"] {
            prompts.extend([true, false].map(|thinks| asked(&words(answer, criterion), thinks)));
        }
    }
    let folder = judge(&prompts);
    let model = loaded(folder.path());
    let options = "prompt: \"{{ answer }} {{ task }}\", criteria: [polite, short]";
    // With its cartridge's settings; the reply is read after a closed thought unless they want it otherwise.
    for (settings, thinks) in [
        (json!({}), false),
        (json!({"think": false}), false),
        (json!({"think": true}), true),
    ] {
        let wanted = ["cat", "the dog"].map(|answer| {
            let each = ["polite", "short"].map(|criterion| {
                let both = likely(
                    &model,
                    &asked(&words(answer, criterion), thinks),
                    &["yes", "no"],
                );
                mean(&both, &[1.0, 0.0])
            });
            assert!((each[0] - each[1]).abs() > 1e-5, "{each:?}");
            assert!(
                (each[0] + each[1] - 1.0).abs() > 1e-2,
                "yes and no differ: {each:?}"
            );
            f64::midpoint(each[0], each[1])
        });
        let found = judged(bot_on(folder.path(), &settings), options);
        assert_near(found, wanted, &settings.to_string());
    }
}

#[test]
fn a_weighted_comparison_is_the_mean_of_both_orders() {
    let prompts = ["cat: a mat", "a mat: the dog"].map(|words| asked(words, false));
    let folder = judge(&prompts);
    let model = loaded(folder.path());
    let options =
        "prompt: \"{{ answer }}: {{ other }}\", criteria: x, kind: pairwise, against: reference";
    let first_is_better = |first: &str, second: &str| {
        let words = format!("{first}: {second}");
        let each = likely(&model, &asked(&words, false), &["A", "B", "tie"]);
        mean(&each, &[1.0, 0.0, 0.5])
    };
    let wanted = ["cat", "the dog"].map(|answer| {
        let (first, second) = (
            first_is_better(answer, "a mat"),
            first_is_better("a mat", answer),
        );
        assert!((first - second).abs() > 1e-4 && (first - 0.5).abs() > 1e-3);
        f64::midpoint(first, 1.0 - second)
    });
    let found = judged(bot_on(folder.path(), &json!({})), options);
    assert_near(found, wanted, options);
}

#[test]
fn a_weighted_judge_fails_where_its_labels_are_unlikely_or_no_model_has_probabilities() {
    let folder = decoder();
    let judge = bot_on(folder.path(), &json!({}));
    let suite = |options: &str| {
        format!(
            "version: 1\ndataset: [{{input: q1, a: cat}}]\nbots: [{{name: a, recorded: {{answer: /a}}}}]\n\
             evaluators: [{{judge: {{cartridge: judge.yml, weighted: true, criteria: x, {options}}}}}]\n"
        )
    };
    // Three letters each to a model that knows nothing: one in millions.
    let store = store::open("memory:").unwrap();
    let bots = Given::default().with("judge.yml", judge);
    let finished = run(&*store, &suite("prompt: \"{{ answer }}\""), &bots).unwrap();
    let verdict = &cases(&*store, &finished)[0].answers[0].verdicts[0];
    assert!(
        matches!(verdict, Verdict::Failed(why) if why.contains("would say something else")),
        "{verdict:?}"
    );
    let error = run(&*store, &suite("kind: score, scale: [0, 0.5]"), &bots).unwrap_err();
    assert!(error.to_string().contains("whole ends"), "{error}");
    let parrot = bot(&Count::default(), |request| {
        Ok(ChatResponse::text(common::said(request)))
    });
    let bots = Given::default().with("judge.yml", parrot);
    let error = run(&*store, &suite("weight: 1"), &bots).unwrap_err();
    assert!(error.to_string().contains("provider `local`"), "{error}");
}
