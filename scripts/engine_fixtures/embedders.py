"""Tiny sentence embedders that are decoders, in the layout of sentence-transformers: one as Qwen3-Embedding is
published (last token, an ending token of the tokenizer's template, prompts, norm), and Mistral with the mean of a
text's tokens without those of its prompt, and texts cut at their beginning.

The second has no weights and no tokenizer of its own: they are those of `decoder-mistral`, which `decoders` has
written.
"""

import json
import pathlib
import shutil
import tempfile

import numpy as np
import torch
import transformers
from common import FOLDER, TEXTS, corpus, scramble, write_compact, write_json
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

END = "<|endoftext|>"
VOCABULARY = 272
# The last is longer than the models read.
ALL = ["", *TEXTS]
QUERY = "Instruct: Find what answers\nQuery:"


def tokenizer() -> Tokenizer:
    """Splits as Qwen's does, and ends each text as that of Qwen3-Embedding does."""
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), "isolated")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END, "<|im_end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(corpus(), trainer)
    template = processors.TemplateProcessing(single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, 0)])
    made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return made


def write_layout(folder: pathlib.Path, pooling: dict, modules: list[str], limit: int, prompts: dict[str, str]) -> None:
    """The files as older versions have written them, which most published models still have."""
    names = ["", *(f"{at + 1}_{name}" for at, name in enumerate(modules[1:]))]
    write_json(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{name}"}
            for at, (name, path) in enumerate(zip(modules, names))
        ],
    )
    (folder / "1_Pooling").mkdir()
    write_json(folder / "1_Pooling/config.json", {"word_embedding_dimension": pooling.pop("width"), **pooling})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": limit, "do_lower_case": False})
    write_json(folder / "config_sentence_transformers.json", {"prompts": prompts, "similarity_fn_name": "cosine"})


def rows(vectors: np.ndarray) -> list[list[float]]:
    return [[round(float(value), 7) for value in row] for row in vectors]


def opened(folder: pathlib.Path):
    from sentence_transformers import SentenceTransformer

    # The weights are stored in half the bytes; the numbers are those of single precision.
    kwargs = {"dtype": torch.float32, "attn_implementation": "eager"}
    return SentenceTransformer(str(folder), device="cpu", model_kwargs=kwargs).eval()


def write_qwen3() -> None:
    folder = FOLDER / "embedder-qwen3"
    shutil.rmtree(folder, ignore_errors=True)
    config = transformers.Qwen3Config(
        vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        head_dim=6, intermediate_size=12, max_position_embeddings=256, bos_token_id=0, eos_token_id=0,
        tie_word_embeddings=True,
    )
    model = transformers.Qwen3Model(config).eval()
    scramble(model, 3)
    # Without `model.` in its names, and with no output layer: `AutoModel`'s.
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"), pretty=False)
    write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>", "pad_token": END, "model_max_length": 131072},
    )
    pooling = {"width": 8, "pooling_mode_mean_tokens": False, "pooling_mode_lasttoken": True, "include_prompt": True}
    prompts = {"query": QUERY, "document": ""}
    write_layout(folder, pooling, ["Transformer", "Pooling", "Normalize"], 60, prompts)
    model = opened(folder)
    ids = [model.tokenizer(text, truncation=True)["input_ids"] for text in ALL]
    assert all(each[-1] == 0 for each in ids) and ids[0] == [0] and len(ids[-1]) == 60 > len(ids[-2])
    write_compact(
        folder / "cases.json",
        {
            "texts": ALL,
            "ids": ids,
            "plain": rows(model.encode(ALL)),
            "query": rows(model.encode(ALL, prompt_name="query")),
        },
    )


def write_mistral() -> None:
    folder = FOLDER / "embedder-mistral"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>",
            "truncation_side": "left",
        },
    )
    pooling = {"width": 16, "pooling_mode_mean_tokens": True, "include_prompt": False}
    write_layout(folder, pooling, ["Transformer", "Pooling"], 48, {"query": "query: "})
    with tempfile.TemporaryDirectory() as whole:
        whole = pathlib.Path(whole) / "model"
        shutil.copytree(folder, whole)
        for file in ["config.json", "model.safetensors"]:
            shutil.copy(FOLDER / "decoder-mistral" / file, whole / file)
        shutil.copy(FOLDER / "decoder-tokenizer.json", whole / "tokenizer.json")
        model = opened(whole)
        texts = ALL[:5] + ALL[-1:]
        ids = [model.tokenizer(text, truncation=True)["input_ids"] for text in texts]
        assert ids[0] == [0] and len(ids[-1]) == 48 and ids[-1][0] == 0, ids[-1]
        write_compact(
            folder / "cases.json",
            {
                "texts": texts,
                "ids": ids,
                "plain": rows(model.encode(texts)),
                "query": rows(model.encode(texts, prompt_name="query")),
            },
        )


def write() -> None:
    write_qwen3()
    write_mistral()
    for name in ["embedder-qwen3", "embedder-mistral"]:
        size = sum(file.stat().st_size for file in (FOLDER / name).rglob("*") if file.is_file())
        print(f"{name}: {size} bytes")


if __name__ == "__main__":
    write()
    print(json.dumps({"texts": len(ALL)}))
