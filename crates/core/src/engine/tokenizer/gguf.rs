//! A tokenizer from a GGUF file's metadata, written as the `tokenizer.json` that it stands for.
//!
//! Four kinds: `gpt2` (byte-level BPE, split as `tokenizer.ggml.pre` names), `llama` (BPE of SentencePiece: merges
//! follow from the scores of the pieces), `t5` (unigram), `bert` (WordPiece). What a converter leaves out, such as
//! exact normalisation of rare pre-tokenisers, cannot be had back: of byte-level BPE an unknown `pre`, or none, is an
//! error, not a guess (`gguf/pre.rs`). The other kinds are split in one way each.

mod pre;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde_json::{Value, json};

use self::pre::Pre;
use crate::engine::error::{EngineError, Result};
use crate::engine::gguf::Gguf;

/// The token kinds of llama.cpp.
const CONTROL: i64 = 3;
const USER: i64 = 4;
/// The longest piece that merges are sought for, in bytes, and the most bytes of all pieces together: the largest
/// vocabularies have pieces of 100 and 3 MB together.
const PIECE: usize = 256;
const PIECES: usize = 1 << 25;

/// What the kinds share.
struct Head<'a> {
    path: &'a Path,
    gguf: &'a Gguf,
    tokens: &'a [String],
}

/// The `tokenizer.json` of a file.
pub(super) fn tokenizer_json(path: &Path, gguf: &Gguf) -> Result<Value> {
    let tokens = gguf
        .texts("tokenizer.ggml.tokens")
        .ok_or_else(|| EngineError::Tokenizer {
            path: path.to_owned(),
            reason: "the metadata has no `tokenizer.ggml.tokens`".into(),
        })?;
    let head = Head { path, gguf, tokens };
    match gguf.text("tokenizer.ggml.model").unwrap_or_default() {
        "gpt2" => head.byte_level(),
        "llama" => head.sentence_piece(),
        "t5" => head.unigram(),
        "bert" => Ok(head.word_piece()),
        other => Err(EngineError::Unsupported {
            what: "GGUF tokenizer",
            found: crate::hint::shown(other),
            known: "gpt2, llama, t5, bert".into(),
        }),
    }
}

impl Head<'_> {
    fn error(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Tokenizer {
            path: self.path.to_owned(),
            reason: reason.into(),
        }
    }

    fn kinds(&self) -> &[i64] {
        self.gguf
            .integers("tokenizer.ggml.token_type")
            .unwrap_or_default()
    }

    fn id(&self, name: &str) -> Option<usize> {
        let id = self
            .gguf
            .integer(&format!("tokenizer.ggml.{name}_token_id"))?;
        usize::try_from(id)
            .ok()
            .filter(|id| *id < self.tokens.len())
    }

    fn added(&self) -> Vec<Value> {
        (self.kinds().iter().zip(self.tokens).enumerate())
            .filter(|(_, (kind, _))| matches!(**kind, CONTROL | USER))
            .map(|(id, (kind, token))| {
                json!({
                    "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": *kind == CONTROL,
                })
            })
            .collect()
    }

    /// Ids by token; where two ids have one token, the first.
    fn vocabulary(&self) -> HashMap<&str, usize> {
        let mut vocabulary = HashMap::with_capacity(self.tokens.len());
        for (id, token) in self.tokens.iter().enumerate() {
            vocabulary.entry(token.as_str()).or_insert(id);
        }
        vocabulary
    }

    /// What is put around a text.
    fn template(&self, begin: Option<usize>, end: Option<usize>) -> Value {
        let mut around = [vec![], vec![]];
        let mut specials = serde_json::Map::new();
        for (list, id) in around.iter_mut().zip([begin, end]) {
            if let Some(id) = id {
                let token = &self.tokens[id];
                list.push(json!({"SpecialToken": {"id": token, "type_id": 0}}));
                specials.insert(
                    token.clone(),
                    json!({"id": token, "ids": [id], "tokens": [token]}),
                );
            }
        }
        let [begin, end] = around;
        let text = |name: &str, kind: u8| vec![json!({"Sequence": {"id": name, "type_id": kind}})];
        let single = [begin.clone(), text("A", 0), end.clone()].concat();
        let pair = [begin, text("A", 0), end.clone(), text("B", 1), end].concat();
        json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": specials})
    }

    fn whole(
        &self,
        model: &Value,
        normalizer: &Value,
        pre: &Value,
        post: &Value,
        decoder: &Value,
    ) -> Value {
        json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": self.added(),
            "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": post, "decoder": decoder,
            "model": model,
        })
    }

    fn wants(&self, name: &str, default: bool) -> Option<usize> {
        let wanted = self
            .gguf
            .bool(&format!("tokenizer.ggml.add_{name}_token"))
            .unwrap_or(default);
        self.id(name).filter(|_| wanted)
    }

    /// How a byte-level tokenizer splits.
    fn pre(&self) -> Result<Pre> {
        match self.gguf.text("tokenizer.ggml.pre") {
            name @ (None | Some("" | "default")) => Err(self.error(format!(
                "how texts are split is not said: `tokenizer.ggml.pre` is {}; convert the model again with a newer \
                 llama.cpp, or load it as safetensors with its tokenizer.json",
                name.map_or("missing".to_owned(), |name| format!("`{name}`"))
            ))),
            Some(name) => Pre::of(name).ok_or_else(|| EngineError::Unsupported {
                what: "GGUF pre-tokeniser",
                found: crate::hint::shown(name),
                known: format!(
                    "{}; or load the model as safetensors with its tokenizer.json",
                    pre::KNOWN
                ),
            }),
        }
    }

    fn byte_level(&self) -> Result<Value> {
        let merges = self.gguf.texts("tokenizer.ggml.merges").unwrap_or_default();
        let merges: Vec<Value> = merges
            .iter()
            .map(|merge| {
                // The first character may be a space of its own in no vocabulary: the split is after the first word.
                let (left, right) = merge.split_once(' ').ok_or_else(|| {
                    self.error(format!(
                        "the merge `{}` has no space",
                        crate::hint::shown(merge)
                    ))
                })?;
                Ok(json!([left, right]))
            })
            .collect::<Result<_>>()?;
        let pre = self.pre()?;
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
        let split = json!({"type": "Split", "pattern": {"Regex": pre.pattern}, "behavior": "Isolated", "invert": false});
        let digits = json!({"type": "Digits", "individual_digits": true});
        let steps = match pre.digits {
            true => vec![digits, split, bytes.clone()],
            false => vec![split, bytes.clone()],
        };
        let normalizer = match pre.composed {
            true => json!({"type": "NFC"}),
            false => Value::Null,
        };
        let model = json!({
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": pre.whole_pieces,
            "vocab": self.vocabulary(), "merges": merges,
        });
        let begin = self.wants("bos", pre.whole_pieces);
        let post = self.template(begin, self.wants("eos", false));
        Ok(self.whole(
            &model,
            &normalizer,
            &json!({"type": "Sequence", "pretokenizers": steps}),
            &post,
            &bytes,
        ))
    }

    fn scores(&self) -> Result<&[f32]> {
        let scores = self
            .gguf
            .floats("tokenizer.ggml.scores")
            .unwrap_or_default();
        if scores.len() != self.tokens.len() {
            return Err(self.error(format!(
                "{} tokens and {} scores",
                self.tokens.len(),
                scores.len()
            )));
        }
        match scores.iter().all(|score| score.is_finite()) {
            true => Ok(scores),
            false => Err(self.error("a score is not finite")),
        }
    }

    fn sentence_piece(&self) -> Result<Value> {
        let scores = self.scores()?;
        let bytes: usize = self.tokens.iter().map(String::len).sum();
        if bytes > PIECES {
            return Err(self.error(format!(
                "its pieces have {bytes} bytes, at most {PIECES} are read"
            )));
        }
        let vocabulary = self.vocabulary();
        let prefix = self
            .gguf
            .bool("tokenizer.ggml.add_space_prefix")
            .unwrap_or(true);
        let mut steps =
            vec![json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})];
        let mut back = vec![
            json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
            json!({"type": "ByteFallback"}),
            json!({"type": "Fuse"}),
        ];
        if prefix {
            steps.insert(0, json!({"type": "Prepend", "prepend": "▁"}));
            back.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        let unknown = self.id("unknown").map(|id| self.tokens[id].as_str());
        let model = json!({
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocabulary, "merges": merges(self.tokens, scores, self.kinds(), &vocabulary),
        });
        let post = self.template(self.wants("bos", true), self.wants("eos", false));
        let normalizer = json!({"type": "Sequence", "normalizers": steps});
        Ok(self.whole(
            &model,
            &normalizer,
            &Value::Null,
            &post,
            &json!({"type": "Sequence", "decoders": back}),
        ))
    }

    fn unigram(&self) -> Result<Value> {
        use base64::Engine as _;
        let scores = self.scores()?;
        let pieces: Vec<Value> = self
            .tokens
            .iter()
            .zip(scores)
            .map(|(token, score)| json!([token, score]))
            .collect();
        let mut steps = Vec::new();
        if let Some(map) = self.gguf.integers("tokenizer.ggml.precompiled_charsmap") {
            let bytes: Vec<u8> = map.iter().map(|byte| *byte as u8).collect();
            let map = base64::engine::general_purpose::STANDARD.encode(bytes);
            steps.push(json!({"type": "Precompiled", "precompiled_charsmap": map}));
        }
        if self
            .gguf
            .bool("tokenizer.ggml.remove_extra_whitespaces")
            .unwrap_or(true)
        {
            steps.push(json!({"type": "Strip", "strip_left": false, "strip_right": true}));
            steps.push(json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}));
        }
        let prepend = match self
            .gguf
            .bool("tokenizer.ggml.add_space_prefix")
            .unwrap_or(true)
        {
            true => "always",
            false => "never",
        };
        let space = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": prepend, "split": true});
        let model = json!({
            "type": "Unigram", "unk_id": self.id("unknown"), "vocab": pieces, "byte_fallback": false,
        });
        let post = self.template(self.wants("bos", false), self.wants("eos", true));
        let normalizer = json!({"type": "Sequence", "normalizers": steps});
        Ok(self.whole(&model, &normalizer, &space, &post, &space))
    }

    /// Converters write `▁word` for a whole word and `piece` for `##piece`.
    fn word_piece(&self) -> Value {
        let mut vocabulary = HashMap::with_capacity(self.tokens.len());
        for (id, token) in self.tokens.iter().enumerate() {
            let special = self.kinds().get(id).is_some_and(|kind| *kind == CONTROL)
                || (token.starts_with('[') && token.ends_with(']') && token.len() > 2);
            let name = match (special, token.strip_prefix('▁')) {
                (true, _) => token.clone(),
                (false, Some(word)) => word.to_owned(),
                (false, None) => format!("##{token}"),
            };
            vocabulary.entry(name).or_insert(id);
        }
        let find =
            |name: &str, token: &str| self.id(name).or_else(|| vocabulary.get(token).copied());
        let begin = find("cls", "[CLS]").or_else(|| self.id("bos"));
        let end = find("seperator", "[SEP]").or_else(|| self.id("separator"));
        let unknown = find("unknown", "[UNK]").map_or("[UNK]", |id| self.tokens[id].as_str());
        let model = json!({
            "type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        });
        let normalizer = json!({
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": true,
        });
        let pre = json!({"type": "BertPreTokenizer"});
        let decoder = json!({"type": "WordPiece", "prefix": "##", "cleanup": true});
        self.whole(
            &model,
            &normalizer,
            &pre,
            &self.template(begin, end),
            &decoder,
        )
    }
}

/// The merges that a SentencePiece BPE stands for: every way to put a piece together from two others, the best pieces
/// first (`generate_merges` of transformers).
fn merges(
    tokens: &[String],
    scores: &[f32],
    kinds: &[i64],
    vocabulary: &HashMap<&str, usize>,
) -> Vec<Value> {
    let mut merges: Vec<(f32, &str, &str)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (id, piece) in tokens.iter().enumerate() {
        let plain = kinds
            .get(id)
            .is_none_or(|kind| !matches!(*kind, CONTROL | USER));
        if !plain || piece.len() > PIECE || vocabulary.get(piece.as_str()) != Some(&id) {
            continue;
        }
        let mut local: Vec<(usize, usize, &str, &str)> = piece
            .char_indices()
            .skip(1)
            .filter_map(|(at, _)| {
                let (left, right) = piece.split_at(at);
                Some((*vocabulary.get(left)?, *vocabulary.get(right)?, left, right))
            })
            .collect();
        local.sort_unstable();
        merges.extend(
            (local.into_iter())
                .filter(|(left, right, ..)| seen.insert((*left, *right)))
                .map(|(.., left, right)| (scores[id], left, right)),
        );
    }
    merges.sort_by(|a, b| {
        let length = |text: &str| text.chars().count();
        (b.0.total_cmp(&a.0))
            .then_with(|| length(b.1).cmp(&length(a.1)))
            .then_with(|| length(b.2).cmp(&length(a.2)))
    });
    merges
        .into_iter()
        .map(|(_, left, right)| json!([left, right]))
        .collect()
}
