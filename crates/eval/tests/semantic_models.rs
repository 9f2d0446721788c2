//! Evaluators of meaning over models of this machine: the engine's tiny models with random weights, so that plumbing
//! is tested and meaning is not.
#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "live/common.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::chat::{Call, ChatResponse, Message};
use botsmith_core::engine::{
    ClassifyOptions, ComputeDevice, CrossEncoder, EmbedOptions, LoadOptions, LocalModel,
    ModelFiles, Pair, SentenceEmbedder,
};
use botsmith_core::score::{ScorePrompt, ScoreRequest};
use botsmith_core::store;
use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::ask::Given;
use botsmith_eval::calibration::Binding;
use botsmith_eval::evaluators::{Panel, Registry};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::run::Runs;
use botsmith_eval::{Answer, Case, Result, Score, Verdict};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::{Bot, Cartridge};
use serde_json::json;

use common::{Count, bot, cases, run, value};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/engine/models")
        .join(name)
}

fn entry(name: &str, options: &str, model: &str) -> String {
    let model = fixture(model).display().to_string();
    format!("{name}: {{model: {model:?}, device: cpu{options}}}")
}

fn verdict(entry: &str, case: &Case, answer: &str) -> Result<Verdict> {
    let source = Source::new("suite.yaml", format!("- {entry}"));
    let node = parse(&source)?;
    let panel = Panel::read(
        &Cursor::new(&source, &node),
        &Registry::builtin(),
        &Extract::default(),
    )?;
    let prepared = panel.prepare(case)?;
    Ok(panel.judge(&prepared, &Answer::text(answer))?.remove(0))
}

fn score(entry: &str, case: &Case, answer: &str) -> Score {
    match verdict(entry, case, answer).unwrap() {
        Verdict::Judged(score) => score,
        other => panic!("{entry}: {other:?}"),
    }
}

fn case() -> Case {
    Case {
        id: "c".into(),
        input: "where is the cat".into(),
        references: vec!["the cat sat on the mat".into()],
        context: vec!["the dog ran".into(), "the cat sat".into()],
        ..Case::default()
    }
}

/// A folder with a decoder as `botsmith model` reads it.
fn decoder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(
            fixture("decoder-qwen2").join(file),
            folder.path().join(file),
        )
        .unwrap();
    }
    std::fs::copy(
        fixture("decoder-tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .unwrap();
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
                    {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let about = json!({"eos_token": "<|im_end|>", "chat_template": template});
    std::fs::write(
        folder.path().join("tokenizer_config.json"),
        about.to_string(),
    )
    .unwrap();
    folder
}

#[test]
fn similarity_is_the_cosine_that_the_model_gives() {
    let files = ModelFiles::open(fixture("sentence")).unwrap();
    let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).unwrap();
    let (answer, case) = ("a cat on a mat", case());
    let vectors = model
        .embed(&[answer, &case.references[0]], &EmbedOptions::default())
        .unwrap();
    let found = score(&entry("similarity", "", "sentence"), &case, answer).value;
    assert!((found - vectors.cosine(0, 1).max(0.0)).abs() < 1e-6);
    let options = format!(
        "{{\"model\": {:?}, \"device\": \"cpu\"}}",
        fixture("sentence").display().to_string()
    );
    let metric = Metric::new(&Registry::builtin(), "similarity", Some(&options)).unwrap();
    let pairs = [
        (answer, [case.references[0].clone()]),
        ("mat", ["mat".to_owned()]),
    ];
    let all = metric.scores(&pairs, 0, |(text, of)| (text, of)).unwrap();
    assert!((all[0].unwrap() - found).abs() < 1e-6);
    assert_eq!(all[1], Some(1.0));
}

#[test]
fn bertscore_of_a_text_with_itself_is_1_by_a_model_too() {
    let case = case();
    let same = score(
        &entry("bertscore", "", "sentence"),
        &case,
        &case.references[0],
    );
    assert!((same.value - 1.0).abs() < 1e-5, "{same:?}");
    let other = score(&entry("bertscore", "", "sentence"), &case, "dogs");
    assert!(other.value < same.value);
}

#[test]
fn faithfulness_is_the_share_of_sentences_that_some_passage_entails() {
    let files = ModelFiles::open(fixture("bert")).unwrap();
    let model = CrossEncoder::load(&files, &ComputeDevice::Cpu).unwrap();
    let case = case();
    let answer = "The cat sat. A dog ran!";
    let at = model.label("entailment").unwrap();
    let most = |sentence: &str| {
        let pairs: Vec<Pair<'_>> = case
            .context
            .iter()
            .map(|first| Pair {
                first,
                second: Some(sentence),
            })
            .collect();
        let rows = model
            .probabilities(&pairs, &ClassifyOptions::default())
            .unwrap();
        rows.iter().map(|row| row[at]).fold(0.0, f64::max)
    };
    let each = ["The cat sat.", "A dog ran!"].map(most);
    let cutoff = f64::midpoint(each[0], each[1]);
    let found = score(
        &entry("nli", &format!(", cutoff: {cutoff}"), "bert"),
        &case,
        answer,
    );
    assert_eq!(found.value, 0.5, "{each:?}");
    let spans: Vec<(&str, bool)> = found
        .evidence
        .iter()
        .map(|span| (&answer[span.start..span.end], span.supports))
        .collect();
    assert_eq!(
        spans,
        [
            ("The cat sat.", each[0] >= cutoff),
            ("A dog ran!", each[1] >= cutoff)
        ]
    );
    assert!(
        found
            .explanation
            .unwrap()
            .contains("1 of 2 sentences follow from no passage")
    );
    let whole = score(
        &entry("nli", ", check: entailment", "bert"),
        &case,
        "The cat sat.",
    );
    assert!((whole.value - each[0]).abs() < 1e-6);
    let against = score(
        &entry("nli", ", check: contradiction, against: references", "bert"),
        &case,
        "no cat",
    );
    assert!((0.0..=1.0).contains(&against.value));
    for part in ["context-recall", "context-precision"] {
        let found = score(&entry(part, ", with: nli, cutoff: 0", "bert"), &case, "");
        assert_eq!(
            found.value, 1.0,
            "{part}: every passage is good enough for 0"
        );
    }
}

#[test]
fn a_model_that_cannot_do_it_is_named_at_its_place() {
    for (entry, said) in [
        (entry("similarity", "", "no-such-folder"), "no-such-folder"),
        (
            entry("nli", ", labels: {entailment: yes-it-does}", "bert"),
            "yes-it-does",
        ),
        (entry("nli", "", "sentence"), "suite.yaml:1"),
        (entry("perplexity", "", "bert"), "suite.yaml:1"),
    ] {
        let error = verdict(&entry, &case(), "An answer.").unwrap_err();
        assert!(
            error.to_string().contains(said) && error.to_string().contains("suite.yaml:1"),
            "{error}"
        );
        assert!(error.code().starts_with("BS-ENG"), "{error}");
    }
}

#[test]
fn relevance_by_a_reranker_is_the_probability_of_its_last_class() {
    let files = ModelFiles::open(fixture("xlm-roberta")).unwrap();
    let model = CrossEncoder::load(&files, &ComputeDevice::Cpu).unwrap();
    let pair = [Pair {
        first: "where is the cat",
        second: Some("on the mat"),
    }];
    let wanted = model
        .probabilities(&pair, &ClassifyOptions::default())
        .unwrap()[0][0];
    let found = score(
        &entry("relevance", ", with: reranker", "xlm-roberta"),
        &case(),
        "on the mat",
    );
    assert!((found.value - wanted).abs() < 1e-6);
}

#[test]
fn perplexity_is_that_of_the_decoder() {
    let folder = decoder();
    let mut load = LoadOptions::default();
    load.kv_bytes = Some(32 << 20);
    let model = LocalModel::load(folder.path(), &load).unwrap();
    let text = "the cat sat on the mat";
    let wanted = &model
        .score_texts(&[text.to_owned()], &botsmith_core::chat::Call::default())
        .unwrap()[0];
    let path = folder.path().display().to_string();
    let of = |options: &str| {
        score(
            &format!("perplexity: {{model: {path:?}, device: cpu{options}}}"),
            &case(),
            text,
        )
    };
    let plain = of("");
    assert!((plain.value - wanted.perplexity()).abs() < 1e-6 * wanted.perplexity());
    let bits = of(", unit: bits-per-byte, max: 0.001");
    assert!((bits.value - wanted.bits_per_byte()).abs() < 1e-6);
    assert_eq!(bits.passed, Some(false));
    assert_ne!(of(", after: \"{{ input }} \"").value, plain.value);
}

#[test]
fn a_calibration_does_not_hold_for_other_weights_under_the_same_path() {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(fixture("sentence")).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        } else {
            let inside = folder.path().join(file.file_name());
            std::fs::create_dir(&inside).unwrap();
            for inner in std::fs::read_dir(file.path()).unwrap() {
                let inner = inner.unwrap();
                std::fs::copy(inner.path(), inside.join(inner.file_name())).unwrap();
            }
        }
    }
    let model = folder.path().display().to_string();
    let suite = format!(
        "version: 1\ndataset: [{{id: c, input: q, reference: \"cat 1\", a: \"cat 2\"}}]\n\
         bots: [{{name: a, recorded: {{answer: /a}}}}]\n\
         evaluators: [similarity, {{similarity: {{model: {model:?}, device: cpu, name: by-model}}}}]\n"
    );
    let bound = || {
        let store = store::open("memory:").unwrap();
        let finished = run(&*store, &suite, &Given::default()).unwrap();
        let manifest = Runs::new(&*store)
            .open(&finished.report.run)
            .unwrap()
            .manifest;
        ["similarity", "by-model"].map(|metric| Binding::of(&manifest, metric).unwrap())
    };
    let before = bound();
    assert_eq!(before[1].model, std::slice::from_ref(&model));
    assert!(
        before[0].model.is_empty(),
        "the table inside is of this version"
    );
    for (binding, same) in before.iter().zip(bound()) {
        assert!(binding.changes(&same).is_empty());
    }
    // Another training: a file of the same name and size.
    let weights = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&0.75_f32.to_le_bytes());
    std::fs::write(&weights, bytes).unwrap();
    let after = bound();
    assert!(before[0].changes(&after[0]).is_empty());
    assert_eq!(before[1].changes(&after[1]), ["the model"]);
}

#[test]
fn answers_of_a_run_wait_for_a_model_together_and_are_kept() {
    let model = fixture("sentence").display().to_string();
    let rows: Vec<String> = (0..30)
        .map(|at| {
            format!(
                "{{id: c{at}, input: q, reference: \"cat 1\", a: \"cat {}\"}}",
                at % 5
            )
        })
        .collect();
    let suite = format!(
        "version: 1\ndataset: [{}]\nbots: [{{name: a, recorded: {{answer: /a}}}}]\n\
         evaluators: [{{similarity: {{model: {model:?}, device: cpu}}}}]\n",
        rows.join(", ")
    );
    let store = store::open("memory:").unwrap();
    let finished = run(&*store, &suite, &Given::default()).unwrap();
    let mut seen = 0;
    for record in cases(&*store, &finished) {
        let answer = &record.answers[0];
        let found = value(&answer.verdicts[0]).unwrap();
        assert_eq!(
            found == 1.0,
            answer.answer.text == "cat 1",
            "{}",
            answer.answer.text
        );
        seen += 1;
    }
    assert_eq!(seen, 30);
}

#[test]
fn a_weighted_judge_is_the_mean_of_its_labels_by_the_models_probabilities() {
    let folder = decoder();
    let mut load = LoadOptions::default();
    load.kv_bytes = Some(32 << 20);
    let model = Arc::new(LocalModel::load(folder.path(), &load).unwrap());
    let cartridge = || Cartridge::from_value(&json!({}), Profile::Native).unwrap();
    let suite = |options: &str| {
        format!(
            "version: 1\ndataset: [{{input: q1, a: cat}}, {{input: q2, a: the dog}}]\n\
             bots: [{{name: a, recorded: {{answer: /a}}}}]\n\
             evaluators: [{{judge: {{cartridge: judge.yml, weighted: true, criteria: x, {options}}}}}]\n"
        )
    };
    // What the model alone says of these replies to this answer.
    let wanted = |answer: &str, labels: &[(String, f64)]| {
        let request = ScoreRequest {
            prompt: ScorePrompt::Chat(vec![Message::user(answer)]),
            continuations: labels.iter().map(|(label, _)| label.clone()).collect(),
        };
        let scores = model.score_now(&[request], &Call::default()).unwrap();
        let likely = scores[0].continuations.iter().map(|one| one.logprob.exp());
        let sum: f64 = likely.clone().sum();
        likely.zip(labels).map(|(p, (_, v))| p * v).sum::<f64>() / sum
    };
    let letters: Vec<(String, f64)> = ('a'..='t')
        .enumerate()
        .map(|(at, letter)| (letter.to_string(), (at as f64 / 19.0).powi(2)))
        .collect();
    let choices: Vec<String> = letters
        .iter()
        .map(|(letter, value)| format!("{letter}: {value}"))
        .collect();
    let grades: Vec<(String, f64)> = (1..=5)
        .map(|grade| (grade.to_string(), f64::from(grade - 1) / 4.0))
        .collect();
    for (options, labels) in [
        (
            format!("kind: choice, choices: {{{}}}", choices.join(", ")),
            &letters,
        ),
        ("kind: score".to_owned(), &grades),
    ] {
        let judge = Bot::new(cartridge(), Arc::clone(&model) as _).unwrap();
        let bots = Given::default().with("judge.yml", judge);
        let store = store::open("memory:").unwrap();
        let prompted = format!("prompt: \"{{{{ answer }}}}\", {options}");
        let finished = run(&*store, &suite(&prompted), &bots).unwrap();
        let mut seen = Vec::new();
        for record in cases(&*store, &finished) {
            let answer = &record.answers[0];
            let found = value(&answer.verdicts[0]).unwrap();
            let wanted = wanted(&answer.answer.text, labels);
            assert!((found - wanted).abs() < 1e-6, "{options}: {found} {wanted}");
            assert!(found > 0.0 && found < 1.0);
            let Verdict::Judged(score) = &answer.verdicts[0] else {
                unreachable!("it has a value")
            };
            assert_eq!(score.passed, None, "only a threshold lets it pass");
            seen.push(found);
        }
        assert_eq!(seen.len(), 2);
        assert_ne!(seen[0], seen[1], "another answer, another value");
    }
}

#[test]
fn a_weighted_judge_fails_where_its_labels_are_unlikely_or_no_model_has_probabilities() {
    let folder = decoder();
    let mut load = LoadOptions::default();
    load.kv_bytes = Some(32 << 20);
    let model = LocalModel::load(folder.path(), &load).unwrap();
    let cartridge = Cartridge::from_value(&json!({}), Profile::Native).unwrap();
    let judge = Bot::new(cartridge, Arc::new(model)).unwrap();
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

#[test]
fn a_metric_judges_together_what_it_judges_alone_and_names_the_pair_that_fails() {
    let options = format!(
        "{{\"model\": {:?}, \"device\": \"cpu\"}}",
        fixture("sentence").display().to_string()
    );
    for name in ["similarity", "bertscore"] {
        let metric = Metric::new(&Registry::builtin(), name, Some(&options)).unwrap();
        assert!(metric.in_batches());
        let mut pairs: Vec<(String, Vec<String>)> = (0..90)
            .map(|at| {
                (
                    format!("the cat {}", "sat on ".repeat(at % 13)),
                    vec!["a dog".to_owned(), format!("the mat {at}")],
                )
            })
            .collect();
        let together = metric.judge_all(&pairs);
        let mut sum = 0.0;
        for ((text, of), found) in pairs.iter().zip(together) {
            let (alone, found) = (metric.judge(text, of).unwrap(), found.unwrap());
            let (alone, found) = (value(&alone).unwrap(), value(&found).unwrap());
            assert!(
                (alone - found).abs() < 1e-5,
                "{name}: {text}: {alone} {found}"
            );
            sum += found;
        }
        let mut corpus = metric.corpus();
        assert_eq!(corpus.judge_all(&pairs).len(), 90);
        assert!((corpus.score().unwrap() - sum / 90.0).abs() < 1e-9);
        pairs[40].1.clear();
        let failed: Vec<usize> = metric
            .judge_all(&pairs)
            .iter()
            .enumerate()
            .filter(|(_, verdict)| verdict.is_err())
            .map(|(at, _)| at)
            .collect();
        assert_eq!(failed, [40], "{name}: no reference");
    }
}
