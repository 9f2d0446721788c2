"""Times the Python package: import, first model, `pipe` beside the same batches in Rust, metrics over lists beside
the same metrics in Rust, and both beside other programs called from Python. Writes docs/src/python-benchmarks.md.

CPU seconds, and wall seconds of `pipe` too, the best of several passes in which both sides take turns: other work on
the machine only ever adds time. Ends with 1 where a line is missed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/bench_metrics"))

import botsmith  # noqa: E402
from botsmith import metrics, nlp  # noqa: E402
from floors import Line, over_lists, piped  # noqa: E402
from peers import PEERS, forget  # noqa: E402

PAGE = ROOT / "docs/src/python-benchmarks.md"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
#: Pairs of texts, words of a text, and turns that both sides take.
PAIRS, WORDS, ROUNDS = 5_000, 25, 4
#: The line in crates/eval/benches/metrics/table.rs and scripts/bench_metrics/peers.py, our function, its options,
#: and the least share of Rust's speed (None: at most floors.SLOWER nanoseconds a pair more).
LINES: list[tuple[str, str, dict[str, Any], float | None]] = [
    ("bleu", "bleu", {}, 0.9),
    ("chrf", "chrf", {}, 0.9),
    ("ter", "ter", {}, 0.9),
    ("rouge-L", "rouge", {"variant": "L"}, 0.9),
    ("meteor", "meteor", {}, 0.9),
    ("wer", "wer", {}, 0.9),
    ("gleu", "gleu", {}, None),
    ("chrf++", "chrf", {"word_order": 2}, None),
    ("cer", "cer", {}, None),
    ("levenshtein", "edit_distance", {}, None),
    ("osa", "edit_distance", {"metric": "osa"}, None),
    ("indel", "edit_distance", {"metric": "indel"}, None),
    ("jaro-winkler", "edit_distance", {"metric": "jaro-winkler"}, None),
    ("token-set-ratio", "fuzzy", {"ratio": "token-set-ratio"}, None),
    ("rouge-1", "rouge", {"variant": 1}, None),
    ("rouge-2", "rouge", {"variant": 2}, None),
    ("rouge-Lsum", "rouge", {"variant": "Lsum"}, None),
    ("nltk-bleu", "nltk_bleu", {}, None),
    ("mer", "mer", {}, None),
    ("wil", "wil", {}, None),
    ("wip", "wip", {}, None),
    ("levenshtein-ratio", "levenshtein", {}, None),
    ("equals", "equals", {}, None),
    ("exact-match", "exact_match", {}, None),
    ("token-f1", "token_f1", {}, None),
    ("number-equals", "number_equals", {}, None),
    # Of the candidate alone.
    ("distinct-2", "distinct_n", {}, None),
    ("repetition-4", "repetition", {}, None),
]


def least(code: str, times: int = 15) -> float:
    """Milliseconds that a piece of code needs in a fresh process, the least of several: others only add."""
    return 1000 * min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(times)
    )


def timed(before: str, code: str) -> str:
    """A program that prints the wall seconds of `code`."""
    return f"import time\n{before}\nt = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"


def cpu(call: Callable[[], Any]) -> float:
    """CPU seconds of all threads for one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def word(rng: random.Random) -> str:
    """A pseudo-word."""
    return "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3)))


def other(rng: random.Random, of: str) -> str:
    """A word in the place of another, and a number in that of a number."""
    return str(rng.randrange(10_000)) if of.isdigit() else word(rng)


def pairs() -> tuple[list[str], list[str]]:
    """Candidates, and references of which about a fifth of the words differ. The last word is a number: one line looks
    for it."""
    rng = random.Random(1)
    references = [" ".join([*(word(rng) for _ in range(WORDS - 1)), str(rng.randrange(10_000))]) for _ in range(PAIRS)]
    candidates = [" ".join(w if rng.random() < 0.8 else other(rng, w) for w in text.split()) for text in references]
    return candidates, references


def fresh(part: str, path: Path) -> dict[str, float]:
    """What a part measures from Python in a process of its own, as Rust's are. Where the system puts the memory of a
    process decides about some percent of the time."""
    command = [sys.executable, __file__, f"--{part}", str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def pipe(path: Path) -> dict[str, float]:
    """The least CPU and wall seconds of `nlp.pipe` on two threads."""
    texts, en = json.loads(path.read_text()), nlp.load("en")
    best = {"cpu_s": float("inf"), "wall_s": float("inf")}
    for _ in range(6):
        wall = time.perf_counter()
        best["cpu_s"] = min(best["cpu_s"], cpu(lambda: [None for _ in en.pipe(texts, threads=2)]))
        best["wall_s"] = min(best["wall_s"], time.perf_counter() - wall)
    return best


def least_of(best: dict[str, float], more: dict[str, float]) -> None:
    """Keeps the lesser figure of each name."""
    for name, figure in more.items():
        best[name] = min(figure, best.get(name, figure))


def rust(path: Path) -> dict[str, float]:
    """CPU seconds a pair of the same metrics in Rust."""
    command = [str(TARGET / "dist/examples/bench_metrics"), *sorted({line for line, *_ in LINES}), str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {row["metric"]: row["cpu_s"] / row["pairs"] for row in map(json.loads, lines)}


def lists(path: Path) -> dict[str, float]:
    """CPU seconds a pair over lists, from Python."""
    candidates, references = map(list, zip(*json.loads(path.read_text()), strict=True))
    found: dict[str, float] = {}
    for line, name, options, _ in LINES:
        function = getattr(metrics, name)

        def call(function: Any = function, options: dict[str, Any] = options) -> Any:
            return function(candidates, references, threads=1, **options)

        call()
        passes = max(1, round(0.1 / max(cpu(call), 1e-4)))
        found[line] = min(cpu(lambda: [call() for _ in range(passes)]) for _ in range(5)) / passes / PAIRS
    return found


def others(candidates: list[str], references: list[str]) -> dict[str, tuple[str, float]]:
    """Program, and its CPU seconds a pair."""
    found: dict[str, tuple[str, float]] = {}
    for line, *_ in LINES:
        known = "rouge-1-2-L" if line == "rouge-L" else line
        if known not in PEERS:
            continue
        program, _, start = PEERS[known]
        score = start()
        if line == "rouge-L":
            from rouge_score.rouge_scorer import RougeScorer

            scorer = RougeScorer(["rougeL"])
            score = lambda a, b: scorer.score(b, a)  # noqa: E731
        few = list(zip(candidates, references, strict=True))[:500]
        score(*few[0])
        best = float("inf")
        for _ in range(2):
            forget()
            best = min(best, cpu(lambda: [score(a, b) for a, b in few]))
        found[line] = (f"{program} {version(program)}", best / len(few))
    return found


def english() -> list[str]:
    """Texts that people wrote: the paragraphs of the book."""
    texts: list[str] = []
    for path in sorted((ROOT / "docs/src").rglob("*.md")):
        if path.name.endswith("benchmarks.md"):
            continue
        prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
        texts += [" ".join(part.split()) for part in prose.split("\n\n") if part.strip() and part.strip()[0] not in "|#<-"]
    return texts * 2


def spacy_pipeline(texts: list[str]) -> Any:
    """spaCy's small kind of pipeline for the same columns, as it is before training: speed does not ask whether
    the tags are right. Its labels are those of our tags on the same texts."""
    import spacy
    from spacy.tokens import Doc
    from spacy.training import Example

    model = spacy.blank("en")
    for name in ("tok2vec", "tagger", "morphologizer", "trainable_lemmatizer", "senter"):
        model.add_pipe(name)
        if name != "tok2vec":
            model.get_pipe(name).cfg.setdefault("overwrite", True)
    examples: list[Any] = []
    for doc in nlp.load("en").pipe(texts[:300]):
        forms = doc.forms
        if not forms or any(not form.strip() for form in forms):
            continue
        starts = {sentence.words[0].index for sentence in doc.sentences}
        gold = Doc(
            model.vocab, words=forms, tags=doc.xpos, pos=doc.upos, lemmas=doc.lemmas,
            morphs=[feats if feats != "_" else "" for feats in doc.feats],
            sent_starts=[at in starts for at in range(len(forms))],
        )
        examples.append(Example(model.make_doc(doc.text), gold))
    model.initialize(lambda: examples)
    return model


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


#: What is measured in a process of its own.
PARTS = {"lists": lists, "pipe": pipe}


def main() -> None:
    """Measures, writes the page, and says which lines are missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    for part in PARTS:
        parser.add_argument(f"--{part}", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    for part, measure in PARTS.items():
        if path := getattr(args, part):
            print(json.dumps(measure(path)))
            return
    load = [os.getloadavg()[0]]
    #: What we promise.
    lines: list[Line] = []

    wheels = list((TARGET / "bench-python-wheel").glob("*.whl")) or list((ROOT / "target/bench-python-wheel").glob("*.whl"))
    if wheels:
        size = wheels[0].stat().st_size / 1e6
        lines.append(("size of the wheel", "under 25 MB", f"{size:.1f} MB", size < 25))
    took = least(timed("", "import botsmith"))
    lines.append(("`import botsmith`", "under 150 ms", f"{took:.0f} ms", took < 150))
    names = timed("import botsmith", "[getattr(botsmith, name) for name in botsmith.__all__]")
    took = least(f"{names}")
    lines.append(("every name of it beside", "–", f"{took:.0f} ms", True))
    took = least(timed("from botsmith import nlp", "nlp.load('en')"))
    lines.append(("first `nlp.load(\"en\")`", "under 100 ms", f"{took:.0f} ms", took < 100))
    audit = subprocess.run([sys.executable, str(ROOT / "crates/py/tests/audit_import.py")], capture_output=True, text=True, check=True)
    seen = json.loads(audit.stdout)
    quiet = seen == {"seen": [], "threads": 1}
    lines.append(("files, threads and sockets at import, by an audit hook", "none beyond our modules", "none" if quiet else str(seen), quiet))

    texts = english()
    en = nlp.load("en")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts))
        program = [str(TARGET / "dist/examples/bench_pipe"), str(path), "1.5"]
        direct: dict[str, float] = {}
        ours_piped: dict[str, float] = {}
        for _ in range(ROUNDS):
            row = json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout)
            least_of(direct, row)
            least_of(ours_piped, fresh("pipe", path))
        load.append(os.getloadavg()[0])
        count = int(direct["words"])
        lines += piped(direct, ours_piped)

        candidates, references = pairs()
        path = Path(folder) / "pairs.json"
        path.write_text(json.dumps(list(zip(candidates, references, strict=True))))
        base: dict[str, float] = {}
        ours: dict[str, float] = {}
        for _ in range(ROUNDS):
            least_of(base, rust(path))
            least_of(ours, fresh("lists", path))
        load.append(os.getloadavg()[0])
    theirs = others(candidates, references)

    model = spacy_pipeline(texts)
    few = texts[: len(texts) // 2]
    words = sum(len(doc.words) for doc in en.pipe(few))
    import spacy

    list(model.pipe(few[:50]))
    spacy_seconds = min(cpu(lambda: list(model.pipe(few, batch_size=256))) for _ in range(2))
    our_seconds = min(cpu(lambda: list(en.pipe(few, threads=1))) for _ in range(5))
    load.append(os.getloadavg()[0])

    rows: list[str] = []
    for line, name, options, least_share in LINES:
        alone, list_of = 1e9 * base[line], 1e9 * ours[line]
        lines.append(over_lists(name, options, least_share, alone, list_of))
        program, seconds = theirs.get(line, ("–", float("nan")))
        peer = f"{1e9 * seconds:,.0f}" if line in theirs else "–"
        ratio = f"{1e9 * seconds / list_of:,.1f}" if line in theirs else "–"
        rows.append(f"| {line} | {alone:,.0f} | {list_of:,.0f} | {100 * alone / list_of:.0f} % | {program} | {peer} | {ratio} |")
    rows.append(
        f"| tokens to lemmas, a word | {1e9 * direct['cpu_s'] / count:,.0f} | {1e9 * our_seconds / words:,.0f} |  "
        f"| spaCy {spacy.__version__} | {1e9 * spacy_seconds / words:,.0f} | {spacy_seconds / our_seconds:,.1f} |"
    )
    promised = [f"| {what} | {wanted} | {found} | {'' if kept else '**missed**'} |" for what, wanted, found, kept in lines]
    busy = max(load) > os.cpu_count() / 2 + 1  # type: ignore[operator]
    machine = f"shared with other work (load {min(load):.1f} to {max(load):.1f})" if busy else "quiet"
    page = f"""# Speed of the Python package

Made by one command, which ends with 1 where a line is missed:

```sh
scripts/bench-python
```

{datetime.date.today()}, botsmith {botsmith.__version__}, Python {platform.python_version()}, {processor()}, {os.cpu_count()} cores, {platform.system()}; the machine was {machine}.

**CPU seconds** of all threads together, the best of several passes in which Python and Rust take turns: other work
on the machine only ever adds to them. Import and first model are wall time, the least of 15 fresh processes; one line
of `nlp.pipe` is by the wall clock too, which alone tells two threads from one.

## What we promise

| what | wanted | found | |
|---|---|---:|---|
{chr(10).join(promised)}

`nlp.pipe` reads {count:,} words of this book in batches of 256 texts on two threads; Rust does the same with
`Pipeline::annotate_all`. Both take turns in fresh processes, and the best of each counts{'; by the wall clock that says little on a shared machine' if busy else ''}.

## Beside other programs

Nanoseconds of CPU a pair of texts ({PAIRS:,} pairs of {WORDS} words, one thread), and a word in the last line. Rust is a scorer that keeps its
memory; Python is one call with two lists; the peer is called once a pair, as its users do. The last column says how
many times as fast ours is, from Python both.

| what | Rust | Python, lists | Rust / Python | peer | peer | times as fast |
|---|---:|---:|---:|---|---:|---:|
{chr(10).join(rows)}

rapidfuzz and jiwer have C++ cores; sacrebleu, rouge-score and nltk are Python. spaCy's pipeline is its small kind for
the same columns (tokens, XPOS, UPOS with features, lemmas, sentences), as it is before training: speed does not ask
whether tags are right. [Speed and accuracy of language](language-benchmarks.md) has it trained.
"""
    args.page.write_text(page, encoding="utf-8")
    print(page)
    missed = [what for what, _, _, kept in lines if not kept]
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
