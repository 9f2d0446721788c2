"""Times the text metrics beside their peers and writes docs/src/metrics-benchmarks.md.

Both sides score the same seeded pairs of pseudo-words on one thread; the time is CPU time, without
process start and reading the pairs, so that a busy machine changes it little.
"""

import argparse
import datetime
import json
import logging
import os
import platform
import random
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from peers import LONG, PEERS, SHORT, forget

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/src/metrics-benchmarks.md"
# Where other programs use more of the processors, how two threads compare with one says more about them.
QUIET = 0.05
OURS = ["--release", "--quiet", "--locked", "--package", "botsmith-eval", "--example", "bench_metrics"]
LENGTHS = {"short": (25, SHORT), "long": (2_000, LONG)}


def word(rng):
    return "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou")
                   for _ in range(rng.randint(1, 3)))


def pair(rng, words):
    """A reference, and a candidate with about a fifth of its words changed."""
    reference = [word(rng) + ("" if rng.random() < 0.9 else rng.choice(",.")) for _ in range(words)]
    candidate = []
    for one in reference:
        change = rng.randrange(20)
        if change == 1:
            candidate += [one, word(rng)]
        elif change == 2:
            candidate.append(word(rng))
        elif change == 3 and candidate:
            candidate.insert(-1, one)
        elif change:
            candidate.append(one)
    return " ".join(candidate), " ".join(reference)


def peer(name, pairs, most):
    """Pairs a CPU second: the best of up to three passes."""
    pairs = pairs[:most]
    if not pairs:
        return None
    score = PEERS[name][2]()
    score(*pairs[0])
    best, begin = float("inf"), time.process_time()
    for _ in range(3):
        forget()
        before = time.process_time()
        for candidate, reference in pairs:
            score(candidate, reference)
        best = min(best, time.process_time() - before)
        if time.process_time() - begin > 5:
            break
    return len(pairs) / best


def ours(files):
    """Pairs a CPU second, and how many times as fast two threads are as one, by length and metric that has a peer;
    `cargo bench` measures the others too."""
    command = ["cargo", "run", *OURS, "--", *PEERS, *map(str, files)]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in lines.splitlines()]
    return {(row["texts"], row["metric"]): (row["pairs"] / row["cpu_s"], row["wall_1_s"] / row["wall_2_s"])
            for row in rows}


def ours_built():
    subprocess.run(["cargo", "build", *OURS], cwd=ROOT, check=True)


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def shown(rate):
    if rate is None:
        return "–"
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def table(length, found, peers, quiet):
    rows = ["| metric | peer | peer, pairs/s | botsmith, pairs/s | ratio | two threads |",
            "|---|---|--:|--:|--:|--:|"]
    for (texts, name), (rate, two) in found.items():
        if texts != length:
            continue
        package = f"{PEERS[name][0]} {version(PEERS[name][0])}" if name in PEERS else "–"
        theirs = peers.get((length, name))
        ratio = f"{rate / theirs:,.1f}" if theirs else "–"
        rows.append(f"| {name} | {package} | {shown(theirs)} | {shown(rate)} | {ratio} | {f'{two:.2f}x' if quiet else 'busy'} |")
    return "\n".join(rows)


def used_by_others(seconds=3):
    """The share of all processors that is in use while this program sleeps; 1 where it cannot be told."""
    def ticks():
        numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]
    try:
        total, idle = ticks()
        time.sleep(seconds)
        later, idle_later = ticks()
    except (OSError, ValueError, IndexError):
        return 1.0
    return 1 - (idle_later - idle) / max(later - total, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    folder = ROOT / "target/bench-metrics"
    folder.mkdir(parents=True, exist_ok=True)
    rng, pairs, files = random.Random(7), {}, []
    for length, (words, count) in LENGTHS.items():
        pairs[length] = [pair(rng, words) for _ in range(count)]
        files.append(folder / f"{length}.json")
        files[-1].write_text(json.dumps(pairs[length]))
    ours_built()
    used = used_by_others()
    quiet = used <= QUIET
    found = ours(files)
    peers = {(length, name): peer(name, pairs[length], PEERS[name][1][i])
             for i, length in enumerate(LENGTHS)
             for name in PEERS if (length, name) in found}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    page = f"""# Speed of the text metrics

Made by `scripts/bench-metrics` on {datetime.date.today()} (commit {commit}): {processor()}, {platform.system()}, Python {platform.python_version()}.

Both sides score the same seeded pairs of pseudo-words. Rates are pairs a **CPU second on one
thread**, without process start and without reading the pairs; the peer is called once a pair, as its users
do. The ratio is ours to the peer's. sacrebleu's tokenizers remember lines that they have seen; its memory
is emptied before each pass, as nobody scores the same pair twice.

The last column is **wall time**: how many times as fast a batch is on two threads as on one, the best
of fifteen turns each. The machine had {os.cpu_count()} cores, of which other programs used {used:.0%} when the
measurement began; above {QUIET:.0%} the column says `busy`, as they take from this number, and caches that
they share take a little from the others.

rapidfuzz and jiwer have C++ cores; sacrebleu, rouge-score and nltk are Python.

## {LENGTHS['short'][0]} words, {SHORT:,} pairs

{table('short', found, peers, quiet)}

## {LENGTHS['long'][0]:,} words, {LONG} pairs

{table('long', found, peers, quiet)}

Slow peers were timed on fewer pairs (`scripts/bench_metrics/peers.py`); – is a peer that takes
minutes a pair there, or none.
"""
    print(page)
    args.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
