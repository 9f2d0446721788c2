"""What all tests share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import botsmith as bs
from botsmith import nlp

#: Tiny models with seeded random weights, and what transformers computes with them.
MODELS = Path(__file__).resolve().parents[2] / "core" / "tests" / "engine" / "models"

#: How a conversation is written for the tiny decoders, in short.
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@pytest.fixture(scope="session")
def en() -> nlp.Pipeline:
    """The English pipeline."""
    return nlp.load("en")


def put_decoder(folder: Path, name: str = "qwen3") -> Path:
    """A tiny decoder as a folder that can be loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "model.safetensors"):
        shutil.copy(MODELS / f"decoder-{name}" / file, folder / file)
    shutil.copy(MODELS / "decoder-tokenizer.json", folder / "tokenizer.json")
    about = {"eos_token": "<|im_end|>", "bos_token": "<s>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny decoder."""
    return put_decoder(tmp_path_factory.mktemp("models") / "qwen3")


@pytest.fixture(scope="session")
def model(decoder: Path) -> bs.Model:
    """A tiny decoder."""
    return bs.Model(decoder, device="cpu", kv_bytes=64 << 20)


@pytest.fixture(scope="session")
def embedder() -> bs.Embedder:
    """A tiny model of sentence embeddings."""
    return bs.Embedder(MODELS / "sentence", device="cpu")


@pytest.fixture(scope="session")
def nli() -> bs.CrossEncoder:
    """A tiny model of entailment."""
    return bs.CrossEncoder(MODELS / "bert", device="cpu")
