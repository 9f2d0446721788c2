"""How byte-level BPE splits a text under the names that GGUF files have for it, and the ids of 500 strings under each.

The merges join what stands on the two sides of a border (a letter and a digit, a small letter and a capital, two digits):
a split that is made where the original makes none, or left out, shows in the ids. The originals are the pre-tokenizers of the models' own
tokenizer.json (SmolLM2, phi-4, Mistral Nemo, Phi-4-mini), run by the crate behind transformers.
"""

import collections
import json
import unicodedata

import gguf
from common import FOLDER, write_compact
from gguf_tokenizers import LLAMA3, check, strings, write_head
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
WORD = r"[^\r\n\p{L}\p{N}]?"
ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = rf"{WORD}{UPPER}*{LOWER}+|{WORD}{UPPER}+{LOWER}*|\p{{N}}{REST}"
GPT4O = rf"{WORD}{UPPER}*{LOWER}+{ENDING}|{WORD}{UPPER}+{LOWER}*{ENDING}|\p{{N}}{{1,3}}{REST}"

# What the 500 strings have little of.
MORE = [
    "CamelCase and HTTPServer, XMLHttpRequest2, iPhone15ProMax ÉCOLEnormale ǅungla", "don't I'LL we'Ve they'd IT'S 's 't",
    "1234567 12345 1 22 333 4444 ½²³ ⅣⅧ ٣٤٥٦ १२३४ 3.14159e-10", "a/b//c/\n/d path/to/file.txt\n\nhttp://x.y/z?q=1",
    "e\u0301a\u0308 नमस्ते दुनिया ก็ ʰʲ ªº", "   lots   of \t\t spaces \n \n\n end  ",
]


def splits() -> dict[str, list]:
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def by(pattern: str, behavior: str, invert: bool = False) -> list:
        return [pre_tokenizers.Split(Regex(pattern), behavior, invert), bytes_only]

    return {
        "smollm": [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)],
        "dbrx": by(LLAMA3, "removed", True),
        "tekken": by(TEKKEN, "isolated"),
        "gpt-4o": by(GPT4O, "removed", True),
    }


def side(char: str) -> str:
    """What a border is a border of."""
    return char if char in " '/\n\r" else unicodedata.category(char)


def borders(texts: list[str], most: int) -> list[tuple[str, str]]:
    """Pairs of letters that stand for the bytes around a border, or between two numbers: of each kind the commonest.

    Of numbers there are eight times as many: some originals part all of them, some every three.
    """
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def bytes_of(char: str) -> str:
        return letters.pre_tokenize_str(char)[0][0]

    counts = collections.defaultdict(collections.Counter)
    for text in texts:
        for left, right in zip(text, text[1:]):
            if side(left) != side(right) or side(left)[0] == "N":
                counts[side(left), side(right)][bytes_of(left)[-1], bytes_of(right)[0]] += 1
    ranked = [
        (rank // 8 if kind == ("Nd", "Nd") else rank, kind, pair)
        for kind, of in counts.items()
        for rank, (pair, _) in enumerate(sorted(of.items(), key=lambda entry: (-entry[1], entry[0])))
    ]
    return list(dict.fromkeys(pair for _, _, pair in sorted(ranked)))[:most]


def write() -> None:
    texts = strings(500)
    merges = borders([*MORE, *texts], 300)
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *dict.fromkeys("".join(pair) for pair in merges)]
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, merges))
    tokenizer.add_special_tokens([AddedToken("<|begin|>", special=True)])
    begin = tokenizer.token_to_id("<|begin|>")
    model = json.loads(tokenizer.to_str())["model"]
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]

    def fill(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("unsplit")
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
        writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
        writer.add_bos_token_id(begin)

    write_head("unsplit", "llama", fill)
    made = {}
    for name, steps in splits().items():
        own = json.loads(tokenizer.to_str())
        # A text that begins with a token of its own, as llama.cpp has it for this name where nothing else is said.
        own["model"]["ignore_merges"] = name == "tekken"
        own = Tokenizer.from_str(json.dumps(own))
        own.pre_tokenizer = pre_tokenizers.Sequence(steps)
        if name == "tekken":
            own.post_processor = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", begin)])
        made[name] = [check(own.encode(text).ids) for text in [*texts, *MORE]]
    for name, sums in made.items():
        if name == "tekken":
            continue
        other = {n: sum(a != b for a, b in zip(sums, made[n])) for n in made if n != name}
        print(name, "differs from the others in", other)
    write_compact(FOLDER / "splits.json", {
        "more": MORE,
        "names": {name: check(sums) for name, sums in made.items()},
        "strings": [check(list(row)) for row in zip(*(made[name] for name in sorted(made)))],
    })
