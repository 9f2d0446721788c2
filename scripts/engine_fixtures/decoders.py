"""Tiny decoders of every architecture: logits of every place, and 64 tokens of greedy decoding."""

import json
import shutil

import torch
import transformers
from common import FOLDER, corpus, scramble, write_json, write_tensors
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM

STEPS = 64
LEAD = 1e-3
torch.set_num_threads(1)
SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
VOCABULARY = 272


def tokenizer() -> Tokenizer:
    """One byte-level tokenizer for all of them, with a beginning of text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(corpus(), trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return made


SMALL = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "intermediate_size": 24, "max_position_embeddings": 256, "bos_token_id": 0, "eos_token_id": 1,
    "pad_token_id": None,
}
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
LONG = {
    "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.3, 1.7],
    "long_factor": [1.0, 2.0, 3.0, 4.0], "original_max_position_embeddings": 128,
}
GEMMA = {"sliding_window": 6, "query_pre_attn_scalar": 12, "hidden_activation": "gelu_pytorch_tanh"}

MODELS = {
    "llama2": (transformers.LlamaConfig, {"num_key_value_heads": 4, "tie_word_embeddings": False}),
    "llama3": (transformers.LlamaConfig, {"rope_parameters": LLAMA3, "tie_word_embeddings": True}),
    "qwen2": (transformers.Qwen2Config, {"tie_word_embeddings": True}),
    "qwen3": (transformers.Qwen3Config, {"tie_word_embeddings": True}),
    "qwen3-yarn": (transformers.Qwen3Config, {"rope_parameters": YARN, "tie_word_embeddings": True}),
    "mistral": (transformers.MistralConfig, {"sliding_window": 6, "tie_word_embeddings": False}),
    "phi3": (transformers.Phi3Config, {"num_hidden_layers": 1, "hidden_size": 32, "tie_word_embeddings": True}),
    "phi3-long": (
        transformers.Phi3Config,
        {
            "num_hidden_layers": 1, "hidden_size": 32, "rope_parameters": LONG, "tie_word_embeddings": True,
            "original_max_position_embeddings": 128,
        },
    ),
    "gemma2": (
        transformers.Gemma2Config,
        {**GEMMA, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 8.0},
    ),
    "gemma3": (
        transformers.Gemma3TextConfig,
        {
            **GEMMA, "num_hidden_layers": 3,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        },
    ),
    "smollm3": (
        transformers.SmolLM3Config,
        {"num_hidden_layers": 2, "no_rope_layers": [1, 0], "tie_word_embeddings": True, "use_sliding_window": False},
    ),
}
PROMPT = "Bots are judged by what they say: größe"


def greedy(model: torch.nn.Module, ids: list[int]) -> tuple[list[int], float]:
    """The likeliest tokens, and the smallest lead that one had over the next."""
    lead = float("inf")
    made = []
    past, new = None, ids
    with torch.no_grad():
        for _ in range(STEPS):
            result = model(torch.tensor([new]), past_key_values=past, use_cache=True)
            past, logits = result.past_key_values, result.logits[0, -1].float()
            best = torch.topk(logits, 2)
            lead = min(lead, float(best.values[0] - best.values[1]))
            made.append(int(best.indices[0]))
            new = made[-1:]
            if lead < LEAD:
                break
    return made, lead


def write_model(name: str, made: Tokenizer) -> None:
    kind, settings = MODELS[name]
    folder = FOLDER / f"decoder-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = kind(vocab_size=VOCABULARY, **{**SMALL, **settings})
    ids = made.encode(PROMPT).ids
    # A seed with which no step is close to a tie: another order of sums must not change a token.
    for seed in range(1000):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        scramble(model, seed)
        tokens, lead = greedy(model, ids)
        if lead >= LEAD and len(set(tokens)) > 4:
            break
    model.generation_config = transformers.GenerationConfig(eos_token_id=1)
    model.save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    assert greedy(model, ids)[0] == tokens
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    write_tensors(folder / "expected.safetensors", {"logits": logits[::2]})
    write_json(folder / "cases.json", {"prompt": PROMPT, "ids": ids, "greedy": tokens})


def write(names: list[str] | None = None) -> None:
    made = tokenizer()
    FOLDER.mkdir(parents=True, exist_ok=True)
    made.save(str(FOLDER / "decoder-tokenizer.json"), pretty=False)
    for name in names or MODELS:
        write_model(name, made)
        size = sum(file.stat().st_size for file in (FOLDER / f"decoder-{name}").iterdir())
        print(f"decoder-{name}: {size} bytes")


if __name__ == "__main__":
    write()
    print(json.dumps({"steps": STEPS}))
