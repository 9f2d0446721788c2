"""Times the Python package: import, first model, `pipe` beside one call of Rust for all texts, metrics over lists
beside the same metrics in Rust and beside other programs. CPU seconds of one thread, but for `pipe`; the best of
several passes. Prints Markdown.

spaCy is timed by scripts/bench-nlp, which trains a model for it; name that model in SPACY_MODEL to have it here.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botsmith
from botsmith import _native, metrics, nlp

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 4_000
#: Our function, its line in crates/eval/benches/metrics/table.rs, the options of each call that makes the same.
LINES: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("bleu", "bleu", [{}]),
    ("chrf", "chrf", [{}]),
    ("ter", "ter", [{}]),
    ("rouge", "rouge-1-2-L", [{"variant": 1}, {"variant": 2}, {"variant": "L"}]),
    ("meteor", "meteor", [{}]),
    ("wer", "wer", [{}]),
    ("edit_distance", "levenshtein", [{}]),
    ("fuzzy", "token-set-ratio", [{"ratio": "token-set-ratio"}]),
]


def median(numbers: list[float]) -> float:
    """The middle one."""
    return sorted(numbers)[len(numbers) // 2]


def begun(code: str) -> float:
    """Milliseconds that a piece of code says it took, in a fresh process; median of 9."""
    run = [sys.executable, "-c", f"import time\nt = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"]
    return 1000 * median([float(subprocess.run(run, capture_output=True, text=True, check=True).stdout) for _ in range(9)])


def cpu(call: Callable[[], Any], passes: int = 5) -> float:
    """CPU seconds of the best pass."""
    call()
    best = float("inf")
    for _ in range(passes):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def wall(call: Callable[[], Any], passes: int = 5) -> float:
    """Wall seconds of the best pass."""
    call()
    best = float("inf")
    for _ in range(passes):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def words(rng: random.Random, count: int) -> str:
    """Pseudo-words."""
    return " ".join("".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))) for _ in range(count))


def pairs() -> tuple[list[str], list[str]]:
    """Candidates, and references of which about a fifth of the words differ."""
    rng = random.Random(1)
    references = [words(rng, 25) for _ in range(PAIRS)]
    candidates = [" ".join(word if rng.random() < 0.8 else words(rng, 1) for word in text.split()) for text in references]
    return candidates, references


def rust(candidates: list[str], references: list[str]) -> dict[str, float]:
    """CPU seconds of the same metrics in Rust."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.json"
        path.write_text(json.dumps(list(zip(candidates, references, strict=True))))
        command = [str(ROOT / "target/release/examples/bench_metrics"), *{line for _, line, _ in LINES}, str(path)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {row["metric"]: row["cpu_s"] for row in map(json.loads, lines)}


def peers() -> dict[str, Callable[[str, str], Any]]:
    """The same by other programs, called from Python."""
    import jiwer
    from rapidfuzz import fuzz
    from rapidfuzz.distance import Levenshtein
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU, CHRF, TER

    bleu, chrf, ter, rouge = BLEU(effective_order=True), CHRF(), TER(), RougeScorer(["rouge1", "rouge2", "rougeL"])
    return {
        "bleu": lambda a, b: bleu.sentence_score(a, [b]),
        "chrf": lambda a, b: chrf.sentence_score(a, [b]),
        "ter": lambda a, b: ter.sentence_score(a, [b]),
        "rouge": lambda a, b: rouge.score(b, a),
        "wer": lambda a, b: jiwer.wer(b, a),
        "edit_distance": Levenshtein.distance,
        "fuzzy": fuzz.token_set_ratio,
    }


def main() -> None:
    """Measures and prints."""
    print(f"botsmith {botsmith.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    wheels = list((ROOT / "target/bench-python-wheel").glob("*.whl"))
    if wheels:
        print(f"- wheel: {wheels[0].stat().st_size / 1e6:.1f} MB")
    print(f"- `import botsmith`: {begun('import botsmith'):.0f} ms")
    print(f"- first `nlp.load(\"en\")`: {begun('pass') and begun('import botsmith.nlp as nlp, time; t = time.perf_counter(); nlp.load()'):.0f} ms")
    rng = random.Random(2)
    texts = [f"{words(rng, 12).capitalize()}. It was {n} km, and she didn't go." for n in range(3_000)]
    en = nlp.load("en")
    count = sum(len(doc.words) for doc in en.pipe(texts))
    whole = wall(lambda: en._native.annotate_all(texts, "nothing", 2, _native.Stop()))
    piped = wall(lambda: [None for _ in en.pipe(texts, threads=2)])
    print(f"- two threads, words a second: one call of Rust {count / whole:,.0f}, `pipe` {count / piped:,.0f} ({100 * whole / piped:.0f} %)")
    if os.environ.get("SPACY_MODEL"):
        import spacy

        model = spacy.load(os.environ["SPACY_MODEL"])
        theirs, ours = cpu(lambda: list(model.pipe(texts)), 2), cpu(lambda: list(en.pipe(texts, threads=1)), 2)
        print(f"- spaCy {spacy.__version__}, CPU seconds: {theirs:.2f}, ours {ours:.2f} ({theirs / ours:.1f} times)")
    candidates, references = pairs()
    direct, others = rust(candidates, references), peers()
    print("\n| metric | Rust, ns a pair | Python list, ns a pair | Rust / Python | over Rust, ns | peer, ns a pair | peer / Python |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, line, calls in LINES:
        function = getattr(metrics, name)

        def call(function: Any = function, calls: list[dict[str, Any]] = calls) -> None:
            for options in calls:
                function(candidates, references, threads=1, **options)

        ours = cpu(call) / PAIRS * 1e9
        alone = direct[line] / PAIRS * 1e9 if line in direct else float("nan")
        peer = others.get(name)
        theirs = cpu(lambda p=peer: [p(a, b) for a, b in zip(candidates[:400], references[:400], strict=True)], 2) / 400 * 1e9 if peer else float("nan")
        print(f"| {name} | {alone:,.0f} | {ours:,.0f} | {100 * alone / ours:.0f} % | {ours - alone:,.0f} | {theirs:,.0f} | {theirs / ours:.1f} |")


if __name__ == "__main__":
    main()
