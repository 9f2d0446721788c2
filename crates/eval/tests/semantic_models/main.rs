//! Evaluators of meaning over models of this machine: the engine's tiny models with random weights, so that plumbing
//! is tested and meaning is not.
#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../live/common.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
mod common;
mod judges;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use botsmith_core::chat::CancelToken;
use botsmith_core::engine::{
    ClassifyOptions, ComputeDevice, CrossEncoder, EmbedOptions, LoadOptions, LocalModel,
    ModelFiles, Pair, SentenceEmbedder, TokenVectors,
};
use botsmith_core::store;
use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::ask::Given;
use botsmith_eval::calibration::Binding;
use botsmith_eval::evaluators::{Panel, Registry};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::run::Runs;
use botsmith_eval::{Answer, Case, Result, Score, Verdict};
use serde_json::{Value, json};

use common::{cases, run, value};

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
    let (answer, case) = ("a cat on a mat", case());
    // An encoder, and a decoder.
    let [found, _] = ["sentence", "embedder-qwen3"].map(|name| {
        let files = ModelFiles::open(fixture(name)).unwrap();
        let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).unwrap();
        let vectors = model
            .embed(&[answer, &case.references[0]], &EmbedOptions::default())
            .unwrap();
        let found = score(&entry("similarity", "", name), &case, answer).value;
        assert!(
            (found - vectors.cosine(0, 1).max(0.0)).abs() < 1e-6,
            "{name}"
        );
        found
    });
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

/// Precision and recall of `BERTScore`, straight from its paper: the mean, by weight, of each token's greatest cosine.
fn precision_and_recall(
    candidate: &TokenVectors,
    reference: &TokenVectors,
    weight: &dyn Fn(&TokenVectors, usize) -> f64,
) -> [f64; 2] {
    let cosine = |(a, i): (&TokenVectors, usize), (b, j): (&TokenVectors, usize)| {
        let (x, y) = (a.vectors.row(i), b.vectors.row(j));
        let dot = |x: &[f32], y: &[f32]| -> f64 {
            let each = x.iter().zip(y);
            each.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        dot(x, y) / (dot(x, x) * dot(y, y)).sqrt()
    };
    [(candidate, reference), (reference, candidate)].map(|(from, to)| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for i in 0..from.ids.len() {
            let all = (0..to.ids.len()).map(|j| cosine((from, i), (to, j)));
            sum += weight(from, i) * all.fold(f64::MIN, f64::max);
            weights += weight(from, i);
        }
        sum / weights
    })
}

#[test]
fn bertscore_by_a_model_is_that_of_its_token_vectors_without_the_special_ones() {
    let files = ModelFiles::open(fixture("sentence")).unwrap();
    let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).unwrap();
    let (case, answer) = (case(), "a dog sat down");
    let texts = [answer, &case.references[0]];
    let read = model
        .token_vectors(&texts, &CancelToken::default())
        .unwrap();
    let is_special = |of: &TokenVectors, at: usize| of.offsets[at].0 == of.offsets[at].1;
    let documents = ["the cat sat on the mat", "the dog ran", "", "the dog"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.txt");
    std::fs::write(&path, documents.join("\n")).unwrap();
    let tokenizer = model.encoder().tokenizer();
    let of_documents: Vec<HashSet<u32>> = documents
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| tokenizer.encode(text, false).unwrap().into_iter().collect())
        .collect();
    let alike = |of: &TokenVectors, at: usize| f64::from(u8::from(!is_special(of, at)));
    let rare = |of: &TokenVectors, at: usize| {
        let with = of_documents.iter().filter(|ids| ids.contains(&of.ids[at]));
        let (with, all) = (with.count() as f64, of_documents.len() as f64);
        alike(of, at) * ((all + 1.0) / (with + 1.0)).ln()
    };
    let idf = format!(", idf: {:?}", path.display().to_string());
    let (mut seen, mut specials): (Vec<f64>, _) = (Vec::new(), 0);
    for of in &read {
        specials += (0..of.ids.len()).filter(|at| is_special(of, *at)).count();
    }
    assert_eq!(specials, 4, "each text has two");
    for (options, weight) in [("", &alike as &dyn Fn(&_, _) -> f64), (&idf, &rare)] {
        let [p, r] = precision_and_recall(&read[0], &read[1], weight);
        for (measure, wanted) in [("p", p), ("r", r), ("f", 2.0 * p * r / (p + r))] {
            let options = format!(", measure: {measure}{options}");
            let found = score(&entry("bertscore", &options, "sentence"), &case, answer).value;
            assert!((found - wanted).abs() < 1e-6, "{options}: {found} {wanted}");
            seen.push(wanted);
        }
    }
    // Every number is another, and so is what special tokens would make of it.
    let [p, r] = precision_and_recall(&read[0], &read[1], &|_, _| 1.0);
    seen.extend([p, r]);
    for (at, one) in seen.iter().enumerate() {
        let others = seen[..at].iter();
        assert!(
            others.clone().all(|other| (other - one).abs() > 1e-5),
            "{seen:?}"
        );
    }
    let own = score(
        &entry("bertscore", "", "sentence"),
        &case,
        &case.references[0],
    );
    assert!((own.value - 1.0).abs() < 1e-5, "{own:?}");
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
}

/// The probability of a class, of each second text after each first one: a row for each second one.
fn probabilities(class: &str, firsts: &[&str], seconds: &[&str]) -> Vec<Vec<f64>> {
    let files = ModelFiles::open(fixture("bert")).unwrap();
    let model = CrossEncoder::load(&files, &ComputeDevice::Cpu).unwrap();
    let at = model.label(class).unwrap();
    let row = |second: &&str| {
        let pair = |first| Pair {
            first,
            second: Some(*second),
        };
        let pairs: Vec<Pair<'_>> = firsts.iter().copied().map(pair).collect();
        let rows = model.probabilities(&pairs, &ClassifyOptions::default());
        rows.unwrap().iter().map(|row| row[at]).collect()
    };
    seconds.iter().map(row).collect()
}

#[test]
fn contradiction_is_what_is_left_by_the_reference_that_contradicts_most() {
    let mut case = case();
    case.references.push("nobody saw a cat on any mat".into());
    let references: Vec<&str> = case.references.iter().map(String::as_str).collect();
    for answer in ["no cat", "A dog ran!", "the mat"] {
        let each = &probabilities("contradiction", &references, &[answer])[0];
        assert!((each[0] - each[1]).abs() > 1e-4, "{each:?}");
        let wanted = 1.0 - each[0].max(each[1]);
        let options = ", check: contradiction, against: references";
        let found = score(&entry("nli", options, "bert"), &case, answer).value;
        assert!((found - wanted).abs() < 1e-6, "{answer}: {found} {wanted}");
    }
}

#[test]
fn a_passage_bears_out_the_sentences_that_it_entails() {
    let case = Case {
        references: vec!["The cat sat. A dog ran away! Nobody was there.".into()],
        context: vec![
            "the dog ran".into(),
            "the cat sat on the mat".into(),
            "one two three".into(),
        ],
        ..case()
    };
    let passages: Vec<&str> = case.context.iter().map(String::as_str).collect();
    let sentences = ["The cat sat.", "A dog ran away!", "Nobody was there."];
    let rows = probabilities("entailment", &passages, &sentences);
    // Between every two numbers that this, the wrong direction or the wrong class give, so that neither passes.
    let mut cutoffs: Vec<f64> = rows.concat();
    cutoffs.extend(probabilities("entailment", &sentences, &passages).concat());
    cutoffs.extend(probabilities("contradiction", &passages, &sentences).concat());
    cutoffs.extend([0.0, 1.0]);
    cutoffs.sort_by(f64::total_cmp);
    let mut seen = HashSet::new();
    for pair in cutoffs.windows(2).filter(|pair| pair[1] - pair[0] > 1e-6) {
        let cutoff = f64::midpoint(pair[0], pair[1]);
        let borne = rows.iter().filter(|row| row.iter().any(|p| *p >= cutoff));
        let recall = borne.count() as f64 / 3.0;
        let (mut found, mut precision) = (0.0, 0.0);
        for at in 0..passages.len() {
            if rows.iter().any(|row| row[at] >= cutoff) {
                found += 1.0;
                precision += found / (at + 1) as f64;
            }
        }
        let precision = precision / f64::max(found, 1.0);
        for (name, wanted) in [("context-recall", recall), ("context-precision", precision)] {
            let options = format!(", with: nli, cutoff: {cutoff}");
            let found = score(&entry(name, &options, "bert"), &case, "").value;
            assert!(
                (found - wanted).abs() < 1e-9,
                "{name} {cutoff}: {found} {wanted}"
            );
            seen.insert(format!("{name} {wanted:.3}"));
        }
    }
    assert!(seen.len() >= 6, "{seen:?}");
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

/// A file, and what changes it.
type Change<'a> = (&'a str, &'a dyn Fn(&str));

#[test]
fn a_calibration_does_not_hold_for_other_files_under_the_same_path() {
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
    // Every file that decides a number, changed as another version of the model would have it.
    let json = |name: &str, change: &dyn Fn(&mut Value)| {
        let path = folder.path().join(name);
        let mut value = std::fs::read(&path).map_or_else(
            |_| json!({}),
            |bytes| serde_json::from_slice(&bytes).unwrap(),
        );
        change(&mut value);
        std::fs::write(&path, value.to_string()).unwrap();
    };
    // Another training: a file of the same name and size.
    let training = |name: &str| {
        let path = folder.path().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len() - 4;
        bytes[end..].copy_from_slice(&0.75_f32.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
    };
    let changes: [Change<'_>; 9] = [
        ("model.safetensors", &training),
        ("2_Dense/model.safetensors", &training),
        ("1_Pooling/config.json", &|name| {
            json(name, &|value| value["pooling_mode"] = json!("max"));
        }),
        ("2_Dense/config.json", &|name| {
            json(name, &|value| {
                value["activation_function"] = json!("torch.nn.modules.linear.Identity");
            });
        }),
        ("modules.json", &|name| {
            json(name, &|value| {
                value.as_array_mut().unwrap().pop();
            });
        }),
        ("sentence_bert_config.json", &|name| {
            json(name, &|value| value["max_seq_length"] = json!(5));
        }),
        ("config_sentence_transformers.json", &|name| {
            json(name, &|value| value["default_prompt_name"] = json!("query"));
        }),
        ("tokenizer_config.json", &|name| {
            json(name, &|value| value["model_max_length"] = json!(5));
        }),
        ("special_tokens_map.json", &|name| {
            json(name, &|value| value["cls_token"] = json!("[CLS]"));
        }),
    ];
    let mut before = before;
    for (name, change) in changes {
        change(name);
        let after = bound();
        assert!(before[0].changes(&after[0]).is_empty());
        assert_eq!(before[1].changes(&after[1]), ["the model"], "{name}");
        before = after;
    }
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
