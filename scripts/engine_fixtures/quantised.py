"""Decoders of quantised matrices: logits and 64 greedy tokens that transformers computes with the values of the blocks.

The blocks are not kept: both sides make them of seeded bits by one rule (`bits`, and `block_bytes` in
crates/core/tests/decoder/quantised.rs), so a model of a million weights takes no room. Only the values of the blocks,
which the package `gguf` computes, reach transformers.
"""

import contextlib

import gguf
import numpy as np
import torch
import transformers
from common import FOLDER, write_compact, write_tensors
from decoders import PROMPT, STEPS, VOCABULARY, tokenizer
from gguf import GGMLQuantizationType as Kind
from transformers import AutoModelForCausalLM

# Of each type, where a block has 16-bit scales: byte, exponent, and the bits that stay as they are drawn. Where there are
# two, their signs are off, so that what one adds the other takes away. A block of F16 is one number. The exponents make
# values that are spread by about 0.05: with larger ones attention hangs on a few tokens, and grows what rounding does to
# queries and keys.
SCALES = {
    "Q4_0": [(0, 8, 0x83FF)],
    "Q8_0": [(0, 4, 0x83FF)],
    "Q4_K": [(0, 2, 0x03FF), (2, 5, 0x03FF)],
    "Q5_K": [(0, 1, 0x03FF), (2, 5, 0x03FF)],
    "Q6_K": [(208, 0, 0x83FF)],
    "F16": [(0, 10, 0x83FF)],
}
# The kernels round what they multiply to eight bits. Kept are the logits that transformers computes with inputs of
# matrices rounded so, and seeds with which the 64 tokens are the same with and without: then a step's likeliest token
# leads by this share of the spread of the logits at least.
LEAD = 0.03
BLOCK = 256
ROWS = 12

SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 512, "max_position_embeddings": 256,
    "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None,
}
# With random weights a tied head says the last token again, because Gemma's embeddings are large.
GEMMA = {
    "sliding_window": 16, "query_pre_attn_scalar": 64, "hidden_activation": "gelu_pytorch_tanh",
    "tie_word_embeddings": False,
}
ARCHITECTURES = {
    "llama": (transformers.LlamaConfig, {"tie_word_embeddings": False}),
    "qwen2": (transformers.Qwen2Config, {"tie_word_embeddings": True}),
    "qwen3": (transformers.Qwen3Config, {"tie_word_embeddings": True}),
    "phi3": (transformers.Phi3Config, {"tie_word_embeddings": False, "original_max_position_embeddings": 256}),
    "gemma2": (
        transformers.Gemma2Config,
        {**GEMMA, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    ),
    "gemma3": (
        transformers.Gemma3TextConfig,
        {**GEMMA, "layer_types": ["sliding_attention"] * 2},
    ),
    "smollm3": (
        transformers.SmolLM3Config,
        {"no_rope_layers": [1, 1], "tie_word_embeddings": True, "use_sliding_window": False},
    ),
}
# `Q4_K_M` is the mixture that llama.cpp calls so.
MODELS = [("llama", kind) for kind in (*SCALES, "Q4_K_M")] + [
    (name, "Q4_K_M") for name in ARCHITECTURES if name != "llama"
]
KEPT = [
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
    "max_position_embeddings", "original_max_position_embeddings", "rms_norm_eps", "rope_parameters", "sliding_window",
    "attn_logit_softcapping", "final_logit_softcapping",
]


def bits(name: str, count: int) -> np.ndarray:
    """SplitMix64 from the FNV-1a hash of a name: `count` bytes, little endian (Steele et al. 2014)."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % (1 << 64)
    with np.errstate(over="ignore"):
        steps = np.arange(1, (count + 7) // 8 + 1, dtype=np.uint64)
        z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return z.astype("<u8").view(np.uint8)[:count]


def kind_of(mix: str, name: str, tied: bool) -> str:
    """The type of a matrix in a model of this mixture."""
    if mix != "Q4_K_M":
        return mix
    finer = ("v_proj" in name or "down_proj" in name or "lm_head" in name) or (tied and "embed_tokens" in name)
    return "Q6_K" if finer else "Q4_K"


def matrix(name: str, kind: str, rows: int, columns: int) -> np.ndarray:
    """The values of a matrix as it stands in the file."""
    per_block, size = gguf.GGML_QUANT_SIZES[Kind[kind]]
    blocks = bits(name, rows * columns // per_block * size).reshape(-1, size).copy()
    for at, exponent, keep in SCALES[kind]:
        drawn = blocks[:, at].astype(np.uint16) | blocks[:, at + 1].astype(np.uint16) << 8
        scale = drawn & keep | exponent << 10
        blocks[:, at], blocks[:, at + 1] = scale & 0xFF, scale >> 8
    return gguf.quants.dequantize(blocks.reshape(rows, -1), Kind[kind]).astype(np.float32).reshape(rows, columns)


def vector(name: str, count: int) -> np.ndarray:
    """Gains around 1 and biases around 0, as they stand in the file."""
    drawn = bits(name, count).astype(np.float32) - 128
    return drawn / 640 if name.endswith("bias") else 1 + drawn / 512


def turned_back(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys in the order of transformers; llama.cpp's converter interleaves the halves of a head."""
    split = rows.reshape(heads, rows.shape[0] // heads // 2, 2, rows.shape[1])
    return split.swapaxes(1, 2).reshape(rows.shape)


def fill(model: torch.nn.Module, architecture: str, mix: str, salt: int) -> None:
    config = model.config
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            label = f"{salt}/{mix}/{name}"
            if parameter.dim() == 1:
                values = vector(label, parameter.shape[0])
                if architecture.startswith("gemma") and name.endswith("norm.weight"):
                    values = values - 1
            else:
                values = matrix(label, kind_of(mix, name, config.tie_word_embeddings), *parameter.shape)
                if architecture in ("llama", "smollm3") and "q_proj" in name:
                    values = turned_back(values, config.num_attention_heads)
                if architecture in ("llama", "smollm3") and "k_proj" in name:
                    values = turned_back(values, config.num_key_value_heads)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def rounded(x: torch.Tensor) -> torch.Tensor:
    """Blocks of 256 numbers as multiples of a 127th of the largest (`BlockQ8K`; GGML's `quantize_row_q8_K`)."""
    blocks = x.reshape(-1, BLOCK)
    largest = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = torch.where(largest == 0, torch.zeros_like(largest), -127 / largest)
    whole = (torch.sign(blocks) * torch.sign(scale) * torch.floor((scale * blocks).abs() + 0.5)).clamp(-128, 127)
    return torch.where(scale == 0, torch.zeros_like(blocks), whole / scale).reshape(x.shape)


class Rounding:
    """Rounds what every matrix of a model is given, while it is open."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.maps = [part for part in model.modules() if isinstance(part, torch.nn.Linear)]

    def __enter__(self) -> None:
        self.hooks = [part.register_forward_pre_hook(lambda _, given: (rounded(given[0]),)) for part in self.maps]

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()


def greedy(model: torch.nn.Module, ids: list[int]) -> tuple[list[int], float]:
    """The likeliest tokens, and the smallest lead, as a share of the spread of its logits."""
    lead, made, past, new = float("inf"), [], None, ids
    with torch.no_grad():
        for _ in range(STEPS):
            result = model(torch.tensor([new]), past_key_values=past, use_cache=True)
            past, logits = result.past_key_values, result.logits[0, -1].float()
            best = torch.topk(logits, 2)
            lead = min(lead, float((best.values[0] - best.values[1]) / logits.std()))
            new = [int(best.indices[0])]
            made += new
            if lead < LEAD:
                break
    return made, lead


def steady(model: torch.nn.Module, ids: list[int], exact: bool) -> tuple[list[int], float]:
    """Greedy tokens and their lead, where rounding does not change them; else a lead of 0."""
    tokens, lead = greedy(model, ids)
    if lead < LEAD or len(set(tokens)) < 3 or exact:
        return tokens, lead if len(set(tokens)) > 2 else 0.0
    with Rounding(model):
        again, other = greedy(model, ids)
    return tokens, min(lead, other) if again == tokens else 0.0


def salts(_name: str, _mix: str) -> range:
    """The seeds that are tried, in order, until one makes a model of which no step is close to a tie."""
    return range(3000)


def write() -> None:
    ids = tokenizer().encode(PROMPT).ids
    folder = FOLDER / "quantised"
    folder.mkdir(parents=True, exist_ok=True)
    architectures, models, expected = {}, [], {}
    for name, mix in MODELS:
        kind, settings = ARCHITECTURES[name]
        config = kind(**{**SIZES, **settings})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
        told = config.to_dict()
        architectures[name] = {
            "config": {key: told[key] for key in KEPT if told.get(key) is not None},
            "tied": config.tie_word_embeddings,
            "tensors": {key: list(value.shape) for key, value in model.named_parameters()},
        }
        for salt in salts(name, mix):
            fill(model, name, mix, salt)
            tokens, lead = steady(model, ids, mix == "F16")
            if lead >= LEAD:
                break
        assert lead >= LEAD, f"{name} {mix}: no seed leads by {LEAD}"
        with torch.no_grad(), contextlib.nullcontext() if mix == "F16" else Rounding(model):
            logits = model(torch.tensor([ids])).logits[0].float()
        expected[f"{name}-{mix}"] = logits[::ROWS]
        models.append({"architecture": name, "kind": mix, "salt": salt, "greedy": tokens})
        print(f"{name} {mix}: seed {salt}, lead {lead:.3f}, spread {float(logits.std()):.2f}", flush=True)
    write_compact(folder / "cases.json", {
        "ids": ids, "step": ROWS, "scales": SCALES, "architectures": architectures, "models": models,
    })
    write_tensors(folder / "expected.safetensors", expected)
