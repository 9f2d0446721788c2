//! Sentence embedders that are decoders give what sentence-transformers gives: tiny models in the layouts of
//! Qwen3-Embedding and e5-mistral, and what cannot be one is refused by name.

use std::fs;
use std::path::Path;

use botsmith_core::chat::CancelToken;
use botsmith_core::engine::{
    ComputeDevice, CrossEncoder, EmbedOptions, Encoder, EngineError, ModelFiles, Pooling,
    SentenceEmbedder, Tensor, Tokenizer, Vectors, Weights,
};
use candle_core::quantized::gguf_file::{Value as Meta, write as write_gguf};
use candle_core::quantized::{GgmlDType, QTensor};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fixture;

#[derive(Deserialize)]
struct Cases {
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    plain: Vec<Vec<f32>>,
    query: Vec<Vec<f32>>,
}

fn cases(name: &str) -> Cases {
    serde_json::from_slice(&fs::read(fixture(name).join("cases.json")).expect("cases"))
        .expect("cases")
}

/// A copy of a fixture's files, and of those of others where it has none of its own.
fn folder(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("1_Pooling")).expect("a folder");
    let copy = |from: &Path, to: &str| {
        fs::copy(from, folder.path().join(to)).expect("a copy");
    };
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "modules.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "1_Pooling/config.json",
    ] {
        let own = fixture(name).join(file);
        match (own.is_file(), file) {
            (true, _) => copy(&own, file),
            (false, "tokenizer.json") => copy(&fixture("decoder-tokenizer.json"), file),
            (false, _) => copy(&fixture("decoder-mistral").join(file), file),
        }
    }
    folder
}

fn load(folder: &Path) -> Result<SentenceEmbedder, EngineError> {
    SentenceEmbedder::load(&ModelFiles::open(folder)?, &ComputeDevice::Cpu)
}

fn model(name: &str) -> SentenceEmbedder {
    load(folder(name).path()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A JSON file with some settings put there, or taken away where they are `null`.
fn set(path: &Path, with: &Value) {
    let mut settings: Value = match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).expect("settings"),
        Err(_) => json!({}),
    };
    for (key, value) in with.as_object().expect("settings") {
        match value {
            Value::Null => drop(settings.as_object_mut().expect("settings").remove(key)),
            value => settings[key] = value.clone(),
        }
    }
    fs::write(path, settings.to_string()).expect("a file");
}

fn close(ours: &Vectors, wanted: &[Vec<f32>]) {
    assert_eq!(ours.len(), wanted.len());
    for (at, (ours, wanted)) in ours.rows().zip(wanted).enumerate() {
        assert_eq!(ours.len(), wanted.len());
        for (a, b) in ours.iter().zip(wanted) {
            assert!((a - b).abs() < 1e-5, "vector {at}: {a} {b}");
        }
    }
}

#[test]
fn decoders_give_the_tokens_and_vectors_of_sentence_transformers() {
    for (name, pooling, width, limit, normalises) in [
        ("embedder-qwen3", Pooling::Last, 8, 60, true),
        ("embedder-mistral", Pooling::Mean, 16, 48, false),
    ] {
        let model = model(name);
        assert_eq!(
            (model.pooling(), model.width(), model.limit()),
            (pooling, width, limit)
        );
        assert_eq!(model.normalises(), normalises);
        let cases = cases(name);
        let cut = model.encoder().tokenizer().cut_at(limit).expect("a limit");
        for (text, ids) in cases.texts.iter().zip(&cases.ids) {
            assert_eq!(&cut.encode(text, true).expect("tokens"), ids, "{text}");
        }
        let mut options = EmbedOptions::default();
        let vectors = model.embed(&cases.texts, &options).expect("vectors");
        close(&vectors, &cases.plain);
        options.prompt_name = Some("query".into());
        let vectors = model.embed(&cases.texts, &options).expect("vectors");
        close(&vectors, &cases.query);
    }
}

#[test]
fn a_text_is_cut_where_the_files_say() {
    let long = "one two three four five ".repeat(20);
    let folder = folder("embedder-mistral");
    let ends = |folder: &Path| {
        let tokenizer = Tokenizer::open(&ModelFiles::open(folder).expect("a model"));
        let tokenizer = tokenizer.expect("a tokenizer");
        let whole = tokenizer.encode(&long, true).expect("tokens");
        let cut = tokenizer.cut_at(9).expect("a limit");
        let cut = cut.encode(&long, true).expect("tokens");
        assert_eq!((cut.len(), cut[0]), (9, whole[0]));
        (
            cut[1..] == whole[1..9],
            cut[1..] == whole[whole.len() - 8..],
        )
    };
    let about = folder.path().join("tokenizer_config.json");
    let json = folder.path().join("tokenizer.json");
    assert_eq!(ends(folder.path()), (false, true));
    set(&about, &json!({"truncation_side": null}));
    assert_eq!(ends(folder.path()), (true, false));
    // The tokenizer's own file has a word too, and the last one is the other's.
    let how =
        json!({"direction": "Left", "max_length": 7, "strategy": "LongestFirst", "stride": 0});
    set(&json, &json!({"truncation": how}));
    assert_eq!(ends(folder.path()), (false, true));
    set(&about, &json!({"truncation_side": "right"}));
    assert_eq!(ends(folder.path()), (true, false));
    set(&about, &json!({"truncation_side": "middle"}));
    let error = load(folder.path()).expect_err("no side");
    assert_eq!(error.code(), "BS-ENG-011", "{error}");
}

#[test]
fn an_ending_token_that_is_said_and_not_put_is_no_guess() {
    let folder = folder("embedder-mistral");
    let about = folder.path().join("tokenizer_config.json");
    set(&about, &json!({"add_eos_token": true}));
    load(folder.path()).expect("the mean needs no end");
    set(
        &folder.path().join("1_Pooling/config.json"),
        &json!({"pooling_mode_mean_tokens": false, "pooling_mode_lasttoken": true}),
    );
    let error = load(folder.path()).expect_err("no end");
    assert_eq!(error.code(), "BS-ENG-011", "{error}");
    assert!(error.to_string().contains("`add_eos_token`"), "{error}");
    set(&about, &json!({"add_eos_token": false}));
    load(folder.path()).expect("the last token of the text");
    let folder = self::folder("embedder-qwen3");
    let about = folder.path().join("tokenizer_config.json");
    set(&about, &json!({"add_eos_token": true}));
    load(folder.path()).expect("its template puts one");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_batch_is_its_singles_in_order(
        texts in proptest::collection::vec("[a-zé ]{0,40}|[a-z]{1,5}( [a-z]{1,5}){0,40}", 1..12),
        which in 0..2_usize,
    ) {
        use std::sync::LazyLock;
        static MODELS: LazyLock<[SentenceEmbedder; 2]> =
            LazyLock::new(|| ["embedder-qwen3", "embedder-mistral"].map(model));
        let (model, options) = (&MODELS[which], EmbedOptions::default());
        let together = model.embed(&texts, &options).expect("vectors");
        prop_assert_eq!(together.len(), texts.len());
        for (text, vector) in texts.iter().zip(together.rows()) {
            let alone = model.embed(&[text], &options).expect("a vector");
            for (a, b) in alone.row(0).iter().zip(vector) {
                prop_assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{} {}", a, b);
            }
        }
    }
}

#[test]
fn many_texts_go_through_in_several_batches_and_a_stopped_caller_gets_none() {
    let model = model("embedder-qwen3");
    let texts: Vec<String> = (0..150)
        .map(|at| format!("{at} {}", "the cat sat ".repeat(at % 7)))
        .collect();
    let options = EmbedOptions::default();
    let together = model.embed(&texts, &options).expect("vectors");
    for (text, vector) in texts.iter().zip(together.rows()) {
        let alone = model.embed(&[text], &options).expect("a vector");
        for (a, b) in alone.row(0).iter().zip(vector) {
            assert!((a - b).abs() < 1e-5, "{text}: {a} {b}");
        }
    }
    options.cancel.cancel();
    let error = model.embed(&texts, &options).expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}

#[test]
fn a_tokenizer_that_puts_nothing_around_a_text_gives_an_empty_one_zeros() {
    let folder = folder("embedder-qwen3");
    let json = folder.path().join("tokenizer.json");
    set(&json, &json!({"post_processor": null}));
    let model = load(folder.path()).expect("an embedder");
    let texts = ["", "a cat", "", "b"];
    let vectors = model.embed(&texts, &EmbedOptions::default());
    let vectors = vectors.expect("vectors");
    assert_eq!(
        (vectors.row(0), vectors.row(2)),
        ([0.0; 8].as_slice(), [0.0; 8].as_slice())
    );
    let alone = model.embed(&["b"], &EmbedOptions::default());
    for (a, b) in alone.expect("a vector").row(0).iter().zip(vectors.row(3)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let none = model.embed(&[""], &EmbedOptions::default());
    assert_eq!(none.expect("a vector").row(0), [0.0; 8]);
}

#[test]
fn tokens_of_a_decoder_have_vectors_too() {
    let model = model("embedder-qwen3");
    let text = "The cat sat on the mat";
    let tokens = model.token_vectors(&[text, ""], &CancelToken::new());
    let tokens = tokens.expect("vectors");
    // Nothing that comes after a token changes it, and the last is the text's vector before it is normed.
    let mut options = EmbedOptions::default();
    options.normalise = Some(false);
    let whole = model.embed(&[text], &options).expect("a vector");
    let last = tokens[0].vectors.row(tokens[0].ids.len() - 1);
    for (a, b) in whole.row(0).iter().zip(last) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let longer = model.token_vectors(&[format!("{text} and slept")], &CancelToken::new());
    let longer = longer.expect("vectors");
    for (a, b) in tokens[0]
        .vectors
        .row(1)
        .iter()
        .zip(longer[0].vectors.row(1))
    {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn a_head_that_is_there_or_is_missing_and_names_before_the_body_change_nothing() {
    let cases = cases("embedder-qwen3");
    let folder = folder("embedder-qwen3");
    let path = folder.path().join("model.safetensors");
    let plain = candle_core::safetensors::load(&path, &ComputeDevice::Cpu).expect("tensors");
    let config = folder.path().join("config.json");
    for prefix in ["", "model.", "language_model."] {
        for head in [true, false] {
            let mut tensors: std::collections::HashMap<String, Tensor> = plain
                .iter()
                .map(|(name, tensor)| (format!("{prefix}{name}"), tensor.clone()))
                .collect();
            if head {
                let other = Tensor::ones((272, 8), candle_core::DType::F32, &ComputeDevice::Cpu);
                tensors.insert("lm_head.weight".into(), other.expect("a head"));
            }
            candle_core::safetensors::save(&tensors, &path).expect("a file");
            for tied in [true, false] {
                let kind = ["Qwen3Model", "Qwen3ForCausalLM"][usize::from(head)];
                set(
                    &config,
                    &json!({"tie_word_embeddings": tied, "architectures": [kind]}),
                );
                let model = load(folder.path()).expect("an embedder");
                let vectors = model.embed(&cases.texts, &EmbedOptions::default());
                close(&vectors.expect("vectors"), &cases.plain);
            }
        }
    }
}

#[test]
fn a_dense_step_follows_a_decoder_as_it_does_an_encoder() {
    let folder = folder("embedder-qwen3");
    let cases = cases("embedder-qwen3");
    let dense = folder.path().join("2_Dense");
    fs::create_dir(&dense).expect("a folder");
    let weight = Tensor::new(
        &[
            [0.0_f32, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0],
        ],
        &ComputeDevice::Cpu,
    )
    .expect("a matrix");
    let tensors = std::collections::HashMap::from([("linear.weight".to_owned(), weight)]);
    candle_core::safetensors::save(&tensors, dense.join("model.safetensors")).expect("a file");
    let function = "torch.nn.modules.linear.Identity";
    let about = json!({"in_features": 8, "out_features": 2, "bias": false, "activation_function": function});
    fs::write(dense.join("config.json"), about.to_string()).expect("a file");
    let kind = |name: &str| format!("sentence_transformers.models.{name}");
    let modules = json!([
        {"type": kind("Transformer"), "path": ""},
        {"type": kind("Pooling"), "path": "1_Pooling"},
        {"type": kind("Normalize"), "path": "3_Normalize"},
        {"type": kind("Dense"), "path": "2_Dense"},
    ]);
    fs::write(folder.path().join("modules.json"), modules.to_string()).expect("a file");
    let model = load(folder.path()).expect("an embedder");
    assert_eq!(model.width(), 2);
    let mut options = EmbedOptions::default();
    options.normalise = Some(true);
    let vectors = model.embed(&cases.texts, &options).expect("vectors");
    for (ours, of) in vectors.rows().zip(&cases.plain) {
        let (x, y) = (2.0 * of[1], -of[7]);
        let length = x.hypot(y);
        assert!((ours[0] - x / length).abs() < 1e-4, "{ours:?} {of:?}");
        assert!((ours[1] - y / length).abs() < 1e-4, "{ours:?} {of:?}");
    }
}

#[test]
fn what_would_give_other_vectors_is_refused_by_name() {
    let own_code = json!({"auto_map": {"AutoModel": "modeling_qwen.Qwen2Model"}});
    let rank = json!({"architectures": ["Qwen3ForSequenceClassification"]});
    let chat = json!({"modality_config": {"text": {}, "message": {"method": "forward"}}});
    for (file, with, code, said) in [
        (
            "config.json",
            json!({"is_causal": false}),
            "BS-ENG-004",
            "`is_causal` is false",
        ),
        (
            "config.json",
            json!({"use_bidirectional_attention": true}),
            "BS-ENG-004",
            "those after them too",
        ),
        ("config.json", own_code, "BS-ENG-004", "code of its own"),
        (
            "config.json",
            rank,
            "BS-ENG-005",
            "`Qwen3ForSequenceClassification`",
        ),
        (
            "sentence_bert_config.json",
            json!({"transformer_task": "text-generation"}),
            "BS-ENG-005",
            "task of an embedder `text-generation`",
        ),
        (
            "sentence_bert_config.json",
            chat,
            "BS-ENG-004",
            "chat template",
        ),
        (
            "1_Pooling/config.json",
            json!({"pooling_mode_mean_tokens": true}),
            "BS-ENG-005",
            "pooling `mean + lasttoken`",
        ),
    ] {
        let folder = folder("embedder-qwen3");
        set(&folder.path().join(file), &with);
        let error = load(folder.path()).expect_err(said);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    // A decoder that answers is none, whatever could be made of it.
    let folder = folder("embedder-qwen3");
    fs::remove_file(folder.path().join("modules.json")).expect("removed");
    let error = load(folder.path()).expect_err("no pooling");
    assert_eq!(error.code(), "BS-ENG-005", "{error}");
    let said = "embedder `qwen3` is not supported; known: bert";
    assert!(error.to_string().contains(said), "{error}");
    assert!(error.to_string().contains("`modules.json`"), "{error}");
    // Its tokens have vectors all the same.
    let files = ModelFiles::open(folder.path()).expect("a model");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    Encoder::load(&files, &weights).expect("an encoder");
    // None reranks.
    let error = CrossEncoder::load(&files, &ComputeDevice::Cpu).expect_err("a decoder");
    assert_eq!(error.code(), "BS-ENG-005", "{error}");
    let said = "classifier `qwen3` is not supported; known: bert";
    assert!(error.to_string().contains(said), "{error}");
    assert!(error.to_string().contains("reranks no text"), "{error}");
}

/// The fixture as llama.cpp's converter writes it, with this pooling and other metadata.
fn gguf(pooling: Option<u32>, more: &[(&str, Meta)]) -> TempDir {
    let from = fixture("embedder-qwen3");
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(from.join(file)).expect("a file")).expect("JSON")
    };
    let (config, json) = (read("config.json"), read("tokenizer.json"));
    let mut meta = vec![(
        "general.architecture".to_owned(),
        Meta::String("qwen3".into()),
    )];
    for (ours, theirs) in [
        ("hidden_size", "embedding_length"),
        ("num_hidden_layers", "block_count"),
        ("intermediate_size", "feed_forward_length"),
        ("num_attention_heads", "attention.head_count"),
        ("num_key_value_heads", "attention.head_count_kv"),
        ("max_position_embeddings", "context_length"),
        ("head_dim", "attention.key_length"),
    ] {
        let number = config[ours].as_u64().expect("a number") as u32;
        meta.push((format!("qwen3.{theirs}"), Meta::U32(number)));
    }
    let epsilon = "qwen3.attention.layer_norm_rms_epsilon".to_owned();
    meta.push((epsilon, Meta::F32(1e-6)));
    meta.push(("qwen3.rope.freq_base".to_owned(), Meta::F32(1e4)));
    meta.extend(pooling.map(|kind| ("qwen3.pooling_type".to_owned(), Meta::U32(kind))));
    let mut ids: Vec<(u64, String)> = json["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
        .iter()
        .map(|(token, id)| (id.as_u64().expect("an id"), token.clone()))
        .collect();
    ids.sort_unstable();
    let kinds = (0..ids.len()).map(|id| Meta::I32(if id < 2 { 3 } else { 1 }));
    let merges = json["model"]["merges"].as_array().expect("merges").iter();
    let merges = merges.map(|pair| {
        let part = |at: usize| pair[at].as_str().expect("a part");
        Meta::String(format!("{} {}", part(0), part(1)))
    });
    for (key, value) in [
        ("model", Meta::String("gpt2".into())),
        ("pre", Meta::String("qwen2".into())),
        ("eos_token_id", Meta::U32(0)),
        ("add_eos_token", Meta::Bool(true)),
        ("merges", Meta::Array(merges.collect())),
        ("token_type", Meta::Array(kinds.collect())),
        (
            "tokens",
            Meta::Array(
                ids.into_iter()
                    .map(|(_, token)| Meta::String(token))
                    .collect(),
            ),
        ),
    ] {
        meta.push((format!("tokenizer.ggml.{key}"), value));
    }
    meta.extend((more.iter()).map(|(key, value)| ((*key).to_owned(), value.clone())));
    let parts = [
        ("layers.", "blk."),
        ("post_attention_layernorm", "ffn_norm"),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("embed_tokens", "token_embd"),
    ];
    let tensors =
        candle_core::safetensors::load(from.join("model.safetensors"), &ComputeDevice::Cpu);
    let tensors: Vec<(String, QTensor)> = tensors
        .expect("tensors")
        .into_iter()
        .map(|(name, tensor)| {
            let name = match name.as_str() {
                "norm.weight" => "output_norm.weight".to_owned(),
                _ => (parts.iter()).fold(name, |name, (ours, theirs)| name.replace(ours, theirs)),
            };
            let tensor = tensor.to_dtype(candle_core::DType::F32).expect("numbers");
            (
                name,
                QTensor::quantize(&tensor, GgmlDType::F32).expect("a tensor"),
            )
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = fs::File::create(folder.path().join("model.gguf")).expect("a file");
    let meta: Vec<(&str, &Meta)> = meta
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let tensors: Vec<(&str, &QTensor)> = (tensors.iter())
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    write_gguf(&mut file, &meta, &tensors).expect("a file");
    folder
}

#[test]
fn a_gguf_file_that_names_its_pooling_is_the_embedder_that_it_was_made_from() {
    let cases = cases("embedder-qwen3");
    let model = load(gguf(Some(3), &[]).path()).expect("an embedder");
    // Such a file has no longest text but the model's, and no word on lengths of vectors.
    assert_eq!((model.pooling(), model.limit()), (Pooling::Last, 256));
    assert!(!model.normalises());
    let (last, short) = cases.texts.split_last().expect("texts");
    let mut options = EmbedOptions::default();
    options.normalise = Some(true);
    let vectors = model.embed(short, &options).expect("vectors");
    close(&vectors, &cases.plain[..short.len()]);
    let folder = folder("embedder-qwen3");
    set(
        &folder.path().join("sentence_bert_config.json"),
        &json!({"max_seq_length": null}),
    );
    let uncut = load(folder.path()).expect("an embedder");
    let wanted = uncut.embed(&[last], &options).expect("a vector");
    close(
        &model.embed(&[last], &options).expect("a vector"),
        &[wanted.row(0).to_vec()],
    );
    let causal = |causal| [("qwen3.attention.causal", Meta::Bool(causal))];
    load(gguf(Some(1), &causal(true)).path()).expect("an embedder by the mean");
    let error = load(gguf(Some(1), &causal(false)).path()).expect_err("both ways");
    assert_eq!(error.code(), "BS-ENG-004", "{error}");
    assert!(
        error.to_string().contains("`is_causal` is false"),
        "{error}"
    );
    for (pooling, said) in [
        (None, "its GGUF file, by `qwen3.pooling_type`"),
        (Some(0), "its GGUF file, by `qwen3.pooling_type`"),
        (Some(4), "pooling `4` is not supported"),
    ] {
        let error = load(gguf(pooling, &[]).path()).expect_err(said);
        assert_eq!(error.code(), "BS-ENG-005", "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}
