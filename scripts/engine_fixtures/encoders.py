"""Tiny encoders of every architecture, and what transformers computes with them."""

import json
import pathlib

import gguf
import numpy as np
import torch
import transformers
from common import FOLDER, PAIRS, TEXTS, corpus, scramble, write_compact, write_json, write_tensors
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForSequenceClassification

WORDS = 160


def around(tokenizer: Tokenizer, begin: str, end: str, second: int, middle: str = "") -> None:
    """Special tokens around a text and a pair; `second` is the type of the second text."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end}{middle} $B:{second} {end}:{second}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (begin, end)],
    )


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(corpus(), trainers.WordPieceTrainer(vocab_size=WORDS, special_tokens=special))
    around(tokenizer, "[CLS]", "[SEP]", 1)
    return tokenizer


def byte_level(special: list[str], begin: str, end: str, middle: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    around(tokenizer, begin, end, 0, middle)
    return tokenizer


def unigram(special: list[str], begin: str, end: str, second: int, middle: str) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=WORDS, special_tokens=special, unk_token="<unk>" if "<unk>" in special else "[UNK]")
    tokenizer.train_from_iterator(corpus(), trainer)
    around(tokenizer, begin, end, second, middle)
    return tokenizer


SENTENCE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
DEBERTA = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]

# Name, tokenizer, configuration class, settings.
MODELS = {
    "bert": (word_piece, transformers.BertConfig, {**SENTENCE, "max_position_embeddings": 96}),
    "roberta": (
        lambda: byte_level(ROBERTA, "<s>", "</s>", " </s>"),
        transformers.RobertaConfig,
        {**SENTENCE, "max_position_embeddings": 260, "type_vocab_size": 1, "pad_token_id": 1},
    ),
    "xlm-roberta": (
        lambda: unigram(ROBERTA, "<s>", "</s>", 0, " </s>"),
        transformers.XLMRobertaConfig,
        {**SENTENCE, "max_position_embeddings": 260, "type_vocab_size": 1, "pad_token_id": 1, "num_labels": 1},
    ),
    "distilbert": (
        word_piece,
        transformers.DistilBertConfig,
        {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 96},
    ),
    "modernbert": (
        lambda: byte_level(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"], "[CLS]", "[SEP]", ""),
        transformers.ModernBertConfig,
        {
            **SENTENCE, "num_hidden_layers": 4, "local_attention": 8, "max_position_embeddings": 512,
            "pad_token_id": 3, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2,
            "classifier_pooling": "mean",
        },
    ),
    "deberta-v3": (
        lambda: unigram(DEBERTA, "[CLS]", "[SEP]", 1, ""),
        transformers.DebertaV2Config,
        {
            **SENTENCE, "max_position_embeddings": 260, "relative_attention": True, "position_buckets": 16,
            "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": "p2c|c2p",
            "position_biased_input": False, "type_vocab_size": 0, "max_relative_positions": -1,
        },
    ),
}
LABELS = {0: "entailment", 1: "neutral", 2: "contradiction"}


def write_model(name: str, seed: int) -> None:
    make, kind, settings = MODELS[name]
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make()
    settings = dict(settings)
    if settings.get("num_labels") != 1:
        settings |= {"id2label": LABELS, "label2id": {label: n for n, label in LABELS.items()}}
    config = kind(vocab_size=tokenizer.get_vocab_size(), **settings)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
    scramble(model, seed)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    # Loaded anew, so that what is compared is what the files hold.
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    body = model.base_model
    pairs = [*((text, None) for text in TEXTS), *PAIRS]
    cases, expected, logits = [], [], []
    for first, second in pairs:
        encoding = tokenizer.encode(first, second) if second else tokenizer.encode(first)
        cases.append({"first": first, "second": second, "ids": encoding.ids, "types": encoding.type_ids})
        inputs = {"input_ids": torch.tensor([encoding.ids]), "attention_mask": torch.ones(1, len(encoding.ids), dtype=torch.long)}
        if name in ("bert",):
            inputs["token_type_ids"] = torch.tensor([encoding.type_ids])
        with torch.no_grad():
            expected.append(body(**inputs).last_hidden_state[0])
            logits.append(model(**inputs).logits[0])
    write_compact(folder / "cases.json", cases)
    write_tensors(folder / "expected.safetensors", {"hidden": torch.cat(expected), "logits": torch.stack(logits)})


def write_kept_kinds() -> None:
    """The BERT again with its numbers in 16 bits, split over two files, and as GGUF."""
    source = FOLDER / "bert"
    weights = load_file(source / "model.safetensors")
    for name, kind in (("bert-f16", torch.float16), ("bert-bf16", torch.bfloat16)):
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        for file in ("config.json", "tokenizer.json", "cases.json"):
            (folder / file).write_bytes((source / file).read_bytes())
        small = {key: value.to(kind) for key, value in weights.items()}
        model = AutoModelForSequenceClassification.from_pretrained(source, attn_implementation="eager")
        model.load_state_dict({key: value.float() for key, value in small.items()}, strict=False)
        model.eval()
        expected, logits = [], []
        for case in json.loads((source / "cases.json").read_text()):
            ids = torch.tensor([case["ids"]])
            types = torch.tensor([case["types"]])
            with torch.no_grad():
                expected.append(model.base_model(input_ids=ids, token_type_ids=types).last_hidden_state[0])
                logits.append(model(input_ids=ids, token_type_ids=types).logits[0])
        write_tensors(folder / "expected.safetensors", {"hidden": torch.cat(expected), "logits": torch.stack(logits)})
        names = sorted(small)
        shards = [names[: len(names) // 2], names[len(names) // 2 :]]
        places = {}
        for number, shard in enumerate(shards, 1):
            file = f"model-{number:05}-of-00002.safetensors"
            write_tensors(folder / file, {key: small[key] for key in shard})
            places |= {key: file for key in shard}
        write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})
    write_gguf(weights, source)


def write_gguf(weights: dict[str, torch.Tensor], source: pathlib.Path) -> None:
    """As convert_hf_to_gguf.py of llama.cpp writes a BERT: its names, its tokens, no classifier."""
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    theirs = [token if token in special else token[2:] if token.startswith("##") else "▁" + token for token in tokens]
    writer = gguf.GGUFWriter(FOLDER / "bert.gguf", "bert")
    writer.add_context_length(96)
    writer.add_embedding_length(16)
    writer.add_block_count(2)
    writer.add_feed_forward_length(24)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_pooling_type(gguf.PoolingType.CLS)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(theirs)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_bos_token_id(2)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, 2)
    for name, value in weights.items():
        if not name.startswith("bert.") or "pooler" in name or "position_ids" in name:
            continue
        new = names.get_name(name.removeprefix("bert."), try_suffixes=(".weight", ".bias"))
        writer.add_tensor(new, value.numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write() -> None:
    transformers.logging.set_verbosity_error()
    for seed, name in enumerate(MODELS):
        write_model(name, seed)
    write_kept_kinds()
