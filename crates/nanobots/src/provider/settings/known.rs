//! The names of settings that each provider's interface knows.
//!
//! What the reference implementation sends of them, and what has come since.

use super::super::ProviderKind;

/// What the reference implementation sends, by its version 3.4.
pub(super) fn reference(kind: ProviderKind) -> Option<&'static [&'static str]> {
    Some(match kind {
        ProviderKind::OpenAi => &[
            "model",
            "stream",
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "max_tokens",
            "n",
            "presence_penalty",
            "response_format",
            "seed",
            "stop",
            "temperature",
            "top_p",
            "tool_choice",
        ],
        ProviderKind::Ollama => &["model", "template", "stream", "format", "raw", "options"],
        ProviderKind::Mistral => &[
            "model",
            "temperature",
            "top_p",
            "max_tokens",
            "stream",
            "safe_prompt",
            "random_seed",
            "safe_mode",
        ],
        ProviderKind::Anthropic => &[
            "model",
            "stream",
            "max_tokens",
            "temperature",
            "top_k",
            "top_p",
            "tool_choice",
            "metadata",
            "stop_sequences",
        ],
        ProviderKind::Cohere => &[
            "model",
            "stream",
            "prompt_truncation",
            "connectors",
            "search_queries_only",
            "documents",
            "citation_quality",
            "temperature",
            "max_tokens",
            "max_input_tokens",
            "k",
            "p",
            "seed",
            "stop_sequences",
            "frequency_penalty",
            "presence_penalty",
            "force_single_step",
        ],
        ProviderKind::Maritaca => &[
            "max_tokens",
            "model",
            "stream",
            "do_sample",
            "temperature",
            "top_p",
            "repetition_penalty",
            "stopping_tokens",
        ],
        ProviderKind::Google => &["generationConfig", "safetySettings"],
        _ => return None,
    })
}

/// Settings that the interfaces have and the reference does not send.
pub(super) fn newer(kind: ProviderKind) -> &'static [&'static str] {
    match kind {
        ProviderKind::OpenAi => &[
            "user",
            "stream_options",
            "service_tier",
            "parallel_tool_calls",
            "max_completion_tokens",
            "reasoning_effort",
            "verbosity",
            "metadata",
            "store",
            "modalities",
            "prediction",
            "top_k",
            "min_p",
            "repetition_penalty",
            "chat_template_kwargs",
        ],
        ProviderKind::Ollama => &["keep_alive", "think"],
        ProviderKind::Mistral => &[
            "stop",
            "presence_penalty",
            "frequency_penalty",
            "n",
            "response_format",
            "tool_choice",
            "parallel_tool_calls",
            "prompt_mode",
        ],
        ProviderKind::Anthropic => &["thinking", "service_tier", "container", "output_config"],
        ProviderKind::Cohere => &["safety_mode", "response_format", "raw_prompting"],
        ProviderKind::Maritaca => &["num_tokens_per_message"],
        ProviderKind::Google => &["toolConfig", "cachedContent", "model", "stream", "labels"],
        _ => &[],
    }
}

pub(super) const OLLAMA_OPTIONS: [&str; 31] = [
    "num_keep",
    "seed",
    "num_predict",
    "top_k",
    "top_p",
    "tfs_z",
    "typical_p",
    "repeat_last_n",
    "temperature",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "mirostat",
    "mirostat_tau",
    "mirostat_eta",
    "penalize_newline",
    "numa",
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "low_vram",
    "f16_kv",
    "vocab_only",
    "use_mmap",
    "use_mlock",
    "num_thread",
    "stop",
    // The last three are newer than the reference.
    "min_p",
    "num_gqa",
    "logits_all",
];

const GENERATION_CONFIG: [&str; 16] = [
    "temperature",
    "maxOutputTokens",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
    "topK",
    "topP",
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    // The rest is newer than the reference.
    "seed",
    "responseLogprobs",
    "logprobs",
    "thinkingConfig",
    "responseJsonSchema",
    "responseModalities",
];

/// Keys of a nested map that are known, and how many of them the reference sends.
pub(super) fn nested(kind: ProviderKind, key: &str) -> Option<(&'static [&'static str], usize)> {
    match (kind, key) {
        (ProviderKind::Ollama, "options") => Some((&OLLAMA_OPTIONS, OLLAMA_OPTIONS.len() - 3)),
        (ProviderKind::Google, "generationConfig") => Some((&GENERATION_CONFIG, 10)),
        _ => None,
    }
}
