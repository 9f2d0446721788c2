//! How byte-level BPE splits a text before it merges: the names that converters write, and what they stand for.
//!
//! The expressions are those of the models' own `tokenizer.json`, which llama.cpp quotes beside each name
//! (`src/llama-vocab.cpp`). A name that is not here is an error, not a guess; so is `default`, or no name at all,
//! which old converters left where they did not know the split: llama.cpp warns then and takes one that is no
//! model's own.

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The names that are known, for messages.
pub(super) const KNOWN: &str = "gpt-2, smollm, llama-bpe, dbrx, qwen2, tekken, gpt-4o";

/// How a text is split, and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pre {
    pub(super) pattern: &'static str,
    /// Whether every digit is split off first.
    pub(super) digits: bool,
    /// Whether the text is put into NFC first.
    pub(super) composed: bool,
    /// Whether a piece that is a token is not merged together; then a token comes first, if nothing else is said.
    pub(super) whole_pieces: bool,
}

impl Pre {
    /// What a name stands for.
    pub(super) fn of(name: &str) -> Option<Self> {
        let plain = Self {
            pattern: GPT2,
            digits: false,
            composed: false,
            whole_pieces: false,
        };
        Some(match name {
            "gpt-2" | "gpt2" => plain,
            "smollm" => Self {
                digits: true,
                ..plain
            },
            "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" => Self {
                pattern: LLAMA3,
                whole_pieces: true,
                ..plain
            },
            "dbrx" => Self {
                pattern: LLAMA3,
                ..plain
            },
            "qwen2" | "deepseek-r1-qwen" => Self {
                pattern: QWEN2,
                composed: true,
                ..plain
            },
            "tekken" => Self {
                pattern: TEKKEN,
                whole_pieces: true,
                ..plain
            },
            "gpt-4o" => Self {
                pattern: GPT4O,
                ..plain
            },
            _ => return None,
        })
    }
}
