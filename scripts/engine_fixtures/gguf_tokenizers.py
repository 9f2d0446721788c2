"""Tiny tokenizers of every kind that GGUF files hold, and the ids that their originals give to 500 strings.

The originals are the crate behind transformers (byte-level BPE with the patterns of GPT-2, Qwen 2 and Llama 3) and
sentencepiece itself (BPE with bytes as in Llama 2, unigram as in T5 and XLM-R).
"""

import io
import json
import pathlib
import random
import tempfile
import zlib

import gguf
import sentencepiece
from common import FOLDER, corpus, write_json
from sentencepiece import sentencepiece_model_pb2 as model_proto
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

# First and last characters of alphabets, digits, marks, emoji.
SCRIPTS = [
    (0x20, 0x7E), (0xA1, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x531, 0x587), (0x5D0, 0x5EA), (0x621, 0x64A),
    (0x905, 0x939), (0x985, 0x9B9), (0xE01, 0xE3A), (0x10D0, 0x10FF), (0x1E00, 0x1EFF), (0x3041, 0x3096),
    (0x30A1, 0x30FA), (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0x1F300, 0x1F5FF), (0x660, 0x669), (0x2000, 0x206F),
]


def strings(count: int) -> list[str]:
    """Seeded strings: words of all fixtures, and words of one script each, with spaces, line ends and numbers between."""
    generator = random.Random(11)
    words = sorted({word for text in corpus() for word in text.split()})
    made = ["", " ", "  ", "\n", "a", " a", "a ", "  two  spaces  ", "Don't STOP'LL", "1234567 89", "a\r\n\r\nb", "\tx\t"]
    while len(made) < count:
        first, last = generator.choice(SCRIPTS)
        pieces = []
        for _ in range(generator.randint(1, 8)):
            if generator.random() < 0.5:
                pieces.append(generator.choice(words))
            else:
                pieces.append("".join(chr(generator.randint(first, last)) for _ in range(generator.randint(1, 6))))
            pieces.append(generator.choice([" ", " ", " ", "  ", "\n", ", ", ". ", str(generator.randint(0, 99999))]))
        made.append("".join(pieces))
    return made


def check(ids: list[int]) -> int:
    """A short sum over ids, so that 500 lists take little room."""
    return zlib.crc32(",".join(map(str, ids)).encode())


def write_head(name: str, architecture: str, fill) -> None:
    writer = gguf.GGUFWriter(FOLDER / f"tokenizer-{name}.gguf", architecture)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_level(name: str, pattern: str | None, architecture: str, ignore_merges: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    if pattern is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ])
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_special_tokens([AddedToken("<|begin|>", special=True), AddedToken("<|end|>", special=True)])
    begin = tokenizer.token_to_id("<|begin|>")
    if architecture == "llama":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
        )
    model = json.loads(tokenizer.to_str())["model"]
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]

    def fill(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre({"gpt2": "gpt-2", "qwen2": "qwen2", "llama3": "llama-bpe"}[name])
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
        writer.add_token_merges([" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]])
        writer.add_bos_token_id(begin)
        writer.add_eos_token_id(tokenizer.token_to_id("<|end|>"))
        writer.add_add_bos_token(architecture == "llama")

    write_head(name, architecture, fill)
    return tokenizer


def rules(folder: str) -> str:
    """A small table of normalisation: the whole one of nmt_nfkc takes 240 KB."""
    pairs = {0x9: 0x20, 0xA: 0x20, 0xD: 0x20, 0xA0: 0x20, 0x3000: 0x20, 0x2026: (0x2E, 0x2E, 0x2E), 0xFB01: (0x66, 0x69)}
    pairs |= {0x2000 + n: 0x20 for n in range(11)}
    pairs |= {0xFF21 + n: 0x41 + n for n in range(26)}
    pairs |= {0x200B: (), 0xAD: ()}
    path = pathlib.Path(folder) / "rules.tsv"
    lines = (
        f"{key:X}\t{' '.join(f'{code:X}' for code in (value if isinstance(value, tuple) else (value,)))}"
        for key, value in pairs.items()
    )
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def train(kind: str, out: io.BytesIO, folder: str) -> None:
    normalisation = {"normalization_rule_name": "identity"} if kind == "bpe" else {"normalization_rule_tsv": rules(folder)}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=out, model_type=kind, vocab_size=420 if kind == "bpe" else 140,
        byte_fallback=kind == "bpe", hard_vocab_limit=False, num_threads=1, minloglevel=2,
        remove_extra_whitespaces=kind != "bpe", allow_whitespace_only_pieces=kind == "bpe",
        split_digits=kind == "bpe", add_dummy_prefix=True, **normalisation,
    )


def pieces(name: str, kind: str, architecture: str) -> sentencepiece.SentencePieceProcessor:
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        train(kind, out, folder)
    processor = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    proto = model_proto.ModelProto.FromString(out.getvalue())

    def fill(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("llama" if kind == "bpe" else "t5")
        writer.add_tokenizer_pre("default")
        writer.add_token_list([piece.piece for piece in proto.pieces])
        writer.add_token_scores([piece.score for piece in proto.pieces])
        writer.add_token_types([piece.type for piece in proto.pieces])
        writer.add_unk_token_id(processor.unk_id())
        writer.add_bos_token_id(processor.bos_id())
        writer.add_eos_token_id(processor.eos_id())
        writer.add_add_bos_token(kind == "bpe")
        writer.add_add_eos_token(kind != "bpe")
        writer.add_add_space_prefix(proto.normalizer_spec.add_dummy_prefix)
        writer.add_remove_extra_whitespaces(proto.normalizer_spec.remove_extra_whitespaces)
        if proto.normalizer_spec.precompiled_charsmap:
            writer.add_precompiled_charsmap(proto.normalizer_spec.precompiled_charsmap)

    write_head(name, architecture, fill)
    return processor


def write() -> None:
    texts = strings(500)
    write_json(FOLDER / "strings.json", texts)
    sums = {}
    for name, pattern, architecture, ignore in (
        ("gpt2", None, "gpt2", False), ("qwen2", QWEN2, "qwen2", False), ("llama3", LLAMA3, "llama", True),
    ):
        tokenizer = byte_level(name, pattern, architecture, ignore)
        sums[name] = [check(tokenizer.encode(text).ids) for text in texts]
    bpe = pieces("llama2", "bpe", "llama")
    sums["llama2"] = [check([bpe.bos_id(), *bpe.encode(text)]) for text in texts]
    unigram = pieces("t5", "unigram", "t5")
    sums["t5"] = [check([*unigram.encode(text), unigram.eos_id()]) for text in texts]
    (FOLDER / "strings-sums.json").write_text(
        "{" + ",\n".join(f'"{name}": {of}'.replace(" ", "") for name, of in sums.items()) + "}\n"
    )
