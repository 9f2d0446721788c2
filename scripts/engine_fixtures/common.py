"""What the parts share: where fixtures go, seeded weights, texts in many scripts."""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "crates/core/tests/engine/models"

# Texts of many lengths and scripts; the first are short, the last is longer than the windows of the models.
TEXTS = [
    "a",
    "Hello, world!",
    "The cat sat on the mat and looked at the other cat.",
    "Bots are judged by what they say: 3.5 times out of 10, wrongly?",
    "Größe, café, naïve, Ångström, İstanbul",
    "Привет, мир! Это проверка.",
    "今日は良い天気です。 你好 世界",
    "مرحبا بالعالم",
    "emoji 😀🚀 and\ttabs\n\nand   spaces",
    "one two three four five six seven eight nine ten " * 4,
]
PAIRS = [
    ("A man is eating pizza.", "A man eats something."),
    ("What is the capital of France?", "Paris is the capital and largest city of France."),
    ("Yes", "No"),
]


def scramble(model: torch.nn.Module, seed: int) -> None:
    """Seeded random weights, larger than a fresh model's, so that every part of the graph shows in the result."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.copy_(1.0 + 0.2 * noise)
            elif parameter.dim() == 1:
                parameter.copy_(0.2 * noise)
            else:
                parameter.copy_(0.4 * noise)


def corpus() -> list[str]:
    """Text to train tiny tokenizers on."""
    return [*TEXTS, *(text for pair in PAIRS for text in pair)] * 4


def write_json(path: pathlib.Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_compact(path: pathlib.Path, value: object) -> None:
    """JSON without blanks, for what is long and read by nobody."""
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_tensors(path: pathlib.Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
