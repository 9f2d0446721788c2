//! Names of tensors in a GGUF file and what they are called in the model that it was made from.
//!
//! The engine's graphs ask for the names of the original (`model.layers.0.self_attn.q_proj.weight`). The converters
//! of llama.cpp (`gguf-py/gguf/tensor_mapping.py`, `convert_hf_to_gguf.py`) rename, and change two things that are
//! changed back on reading: rows of queries and keys are interleaved for the Llama family (`SmolLM3` too), and Gemma's
//! norms have one added. A name that is not known stays as it is.

use std::borrow::Cow;

/// What a converter did to a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// The two halves of each head's rows are interleaved.
    InterleavedQueries,
    /// The same, with the heads of keys.
    InterleavedKeys,
    /// One was added.
    PlusOne,
}

/// The names of one architecture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    layers: &'static str,
    whole: &'static [(&'static str, &'static str)],
    layer: &'static [(&'static str, &'static str)],
    interleaved: bool,
    plus_one: bool,
}

const DECODER: &[(&str, &str)] = &[
    ("token_embd", "model.embed_tokens"),
    ("output_norm", "model.norm"),
    ("output", "lm_head"),
];

const LAYER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Phi-3 keeps gate and up in one matrix.
const PHI_LAYER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_up", "mlp.gate_up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Gemma 2 and 3 have a norm before and after each half.
const GEMMA_LAYER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("attn_output", "self_attn.o_proj"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const BERT: &[(&str, &str)] = &[
    ("token_embd", "embeddings.word_embeddings"),
    ("token_types", "embeddings.token_type_embeddings"),
    ("position_embd", "embeddings.position_embeddings"),
    ("token_embd_norm", "embeddings.LayerNorm"),
    ("cls", "classifier.dense"),
    ("cls.output", "classifier.out_proj"),
];

const BERT_LAYER: &[(&str, &str)] = &[
    ("attn_q", "attention.self.query"),
    ("attn_k", "attention.self.key"),
    ("attn_v", "attention.self.value"),
    ("attn_output", "attention.output.dense"),
    ("attn_output_norm", "attention.output.LayerNorm"),
    ("ffn_up", "intermediate.dense"),
    ("ffn_down", "output.dense"),
    ("layer_output_norm", "output.LayerNorm"),
];

impl Names {
    /// The names of an architecture, as `general.architecture` says it.
    pub(crate) fn of(architecture: &str) -> Self {
        let decoder = Self {
            layers: "model.layers",
            whole: DECODER,
            layer: LAYER,
            interleaved: false,
            plus_one: false,
        };
        match architecture {
            "llama" | "smollm3" => Self {
                interleaved: true,
                ..decoder
            },
            "phi3" => Self {
                layer: PHI_LAYER,
                ..decoder
            },
            "gemma2" | "gemma3" => Self {
                layer: GEMMA_LAYER,
                plus_one: true,
                ..decoder
            },
            "bert" => Self {
                layers: "encoder.layer",
                whole: BERT,
                layer: BERT_LAYER,
                ..decoder
            },
            _ => decoder,
        }
    }

    /// What the tensor is called in the original.
    pub(crate) fn original<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let Some((stem, end)) = name.rsplit_once('.') else {
            return name.into();
        };
        let find = |table: &[(&str, &'static str)], stem: &str| {
            table
                .iter()
                .find(|(theirs, _)| *theirs == stem)
                .map(|(_, ours)| *ours)
        };
        if let Some(whole) = find(self.whole, stem) {
            return format!("{whole}.{end}").into();
        }
        let layer = stem
            .strip_prefix("blk.")
            .and_then(|rest| rest.split_once('.'))
            .filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
        match layer.and_then(|(number, part)| Some((number, find(self.layer, part)?))) {
            Some((number, part)) => format!("{}.{number}.{part}.{end}", self.layers).into(),
            None => name.into(),
        }
    }

    /// What was done to the tensor that the original calls `name`.
    pub(crate) fn change(&self, name: &str) -> Change {
        if self.interleaved && name.contains("self_attn.q_proj.") {
            Change::InterleavedQueries
        } else if self.interleaved && name.contains("self_attn.k_proj.") {
            Change::InterleavedKeys
        } else if self.plus_one && name.ends_with("norm.weight") {
            Change::PlusOne
        } else {
            Change::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_file_become_names_of_the_original() {
        for (architecture, theirs, ours) in [
            ("llama", "token_embd.weight", "model.embed_tokens.weight"),
            (
                "qwen2",
                "blk.11.attn_q.bias",
                "model.layers.11.self_attn.q_proj.bias",
            ),
            (
                "phi3",
                "blk.0.ffn_up.weight",
                "model.layers.0.mlp.gate_up_proj.weight",
            ),
            (
                "gemma3",
                "blk.0.ffn_norm.weight",
                "model.layers.0.pre_feedforward_layernorm.weight",
            ),
            (
                "bert",
                "blk.3.layer_output_norm.bias",
                "encoder.layer.3.output.LayerNorm.bias",
            ),
            ("llama", "rope_freqs.weight", "rope_freqs.weight"),
            ("llama", "blk.x.attn_q.weight", "blk.x.attn_q.weight"),
        ] {
            assert_eq!(Names::of(architecture).original(theirs), ours);
        }
    }

    #[test]
    fn what_a_converter_changed_is_known() {
        let change = |architecture: &str, name: &str| Names::of(architecture).change(name);
        assert_eq!(
            change("llama", "model.layers.0.self_attn.q_proj.weight"),
            Change::InterleavedQueries
        );
        assert_eq!(
            change("smollm3", "model.layers.0.self_attn.k_proj.weight"),
            Change::InterleavedKeys
        );
        assert_eq!(
            change("qwen2", "model.layers.0.self_attn.q_proj.weight"),
            Change::None
        );
        assert_eq!(change("gemma2", "model.norm.weight"), Change::PlusOne);
        assert_eq!(
            change("gemma3", "model.layers.0.self_attn.q_norm.weight"),
            Change::PlusOne
        );
    }
}
