"""What the parts found, as a page of the book."""

import json
import pathlib
import platform

from common import WORK
from floors import FLOORS


def machine() -> str:
    """The processor's name and the number of its cores that are here."""
    import os

    info = pathlib.Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def encoder(found: dict) -> list[str]:
    mine = found["botsmith"]
    lines = [
        "## Embeddings",
        "",
        "all-MiniLM-L6-v2 in f32 over 2,000 sentences of 3 to 150 words, tokenising included, loading not. Each engine in",
        "a process of its own; the peers get the better of two batch sizes. The last two columns are how many times as",
        f"fast ours is; the floor beside ONNX Runtime is {FLOORS['onnxruntime']}.",
        "",
        row("engine", "sentences/s", "CPU s", "peak MiB", "largest difference from ours", "wall", "CPU"),
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in found.items():
        same = "" if each is mine else f"{each['largest_difference']:.1e}"
        wall = "" if each is mine else f"{each['seconds'] / mine['seconds']:.2f} x"
        cpu = "" if each is mine else f"{each['cpu_seconds'] / mine['cpu_seconds']:.2f} x"
        rate = f"{2000 / each['seconds']:.1f}"
        lines.append(row(name, rate, f"{each['cpu_seconds']:.1f}", f"{each['peak_mib']:.0f}", same, wall, cpu))
    return lines


def decoder(found: dict) -> list[str]:
    lines = [
        "## Decoders",
        "",
        "Qwen3-0.6B's sizes with seeded random weights (`scripts/make-bench-model`): 512 tokens read, 32 answered after",
        "them; 16 answers of 32 together; 200 questions of 400 shared and 60 own tokens, two answers of each scored, beside",
        "reading every question from its beginning. Floors: reading "
        f"{FLOORS['prefill']} and answering {FLOORS['decode']} of llama.cpp,",
        f"{FLOORS['together']} times one answer together, {FLOORS['questions']} times the questions one by one; Q4_K_M's memory at 512",
        f"tokens is to be at most {FLOORS['memory']} GB. Ctrl-C is to end `botsmith model run` within {FLOORS['stop']} ms, at moments all over",
        "loading, reading 2,000 tokens and answering.",
        "",
        row("file", "work", "ours", "llama.cpp", "wall", "CPU"),
        "|---|---|---:|---:|---:|---:|",
    ]
    for path, each in found.items():
        name, mine, peer = pathlib.Path(path).stem.upper(), each["botsmith"], each["llama.cpp"]
        for key, work in (("prefill", "reading"), ("decode", "answering")):
            one, other = mine[key], peer and peer[key]
            lines.append(row(
                name, work, f"{one['tokens_per_second']:.1f} tokens/s",
                f"{other['tokens_per_second']:.1f} tokens/s" if other else "",
                f"{one['tokens_per_second'] / other['tokens_per_second']:.2f} x" if other else "",
                f"{other['cpu_seconds'] / one['cpu_seconds']:.2f} x" if other else "",
            ))
        together = mine["together"]["tokens_per_second"]
        times = together / mine["decode"]["tokens_per_second"]
        lines.append(row(name, "16 answers together", f"{together:.1f} tokens/s, {times:.1f} times one", "", "", ""))
        if questions := mine.get("questions"):
            took = f"{questions['seconds']:.1f} s, {questions['times']:.1f} times one by one"
            lines.append(row(name, f"{questions['count']} questions", took, "", "", ""))
        lines.append(row(name, "memory, 512 tokens", f"{mine['alone_mib'] * 2**20 / 1e9:.2f} GB at most", "", "", ""))
        lines.append(row(name, "memory, all of this", f"{mine['peak_mib'] * 2**20 / 1e9:.2f} GB at most", "", "", ""))
        ends = mine["stops"]
        most = f"{max(ends['reading_ms']):.0f} ms, answering {max(ends['answering_ms']):.0f} ms at most"
        lines.append(row(name, "Ctrl-C", most, "", "", ""))
    return lines


def static(found: dict) -> list[str]:
    lines = [
        "## Static embeddings",
        "",
        f"The table inside, one core, tokenising included; the floor is {FLOORS['static']:,} sentences of 12 words a second.",
        "",
        row("sentences", "a second"),
        "|---|---:|",
    ]
    for name, rate in found.items():
        lines.append(row("2,000 mixed ones" if name == "mixed" else f"of {name} words", f"{rate:,.0f}"))
    return lines


#: What holds by how the engine is written; figures of a run stand in the table below it.
GOES = """
- **Reading a prompt** is products of many rows with quantised matrices. Where the CPU has AVX-512 VNNI, a piece of sixteen
  rows of a matrix is unpacked into registers once for up to sixteen tokens, and one instruction does four products of each
  row. A token costs the same products in any prompt; its attention grows with the tokens before it.
- **Answering** is one row a token: every matrix is read once for it, so the bytes of the file and the speed of memory
  bound it, and answers that are made together share the reading.
- **MiniLM** in f32 is dense products of all tokens of a batch (no padding), then attention text by text, then norms and
  activations, each in one pass.
- **Between products** the threads that multiply also do what is left. Handing it to other threads was, at a context of
  500 tokens, a quarter of the time of an answer's token (`engine/ops/spread.rs`).
"""


def shares(found: dict) -> list[str]:
    lines = ["## Where the time goes", *GOES.rstrip().splitlines(), ""]
    if not found:
        return [*lines, "Shares were not measured in this run: they need Linux's `perf`."]
    kinds = list(dict.fromkeys(kind for each in found.values() for kind in each))
    lines += [
        "Shares of CPU time by samples of `perf` (`scripts/bench-engine shares`), loading left out:",
        "",
        row("work", *kinds),
        "|---|" + "---:|" * len(kinds),
    ]
    for work, each in found.items():
        lines.append(row(work, *(f"{each[kind]:.0%}" if kind in each else "" for kind in kinds)))
    return lines


def run(arguments: list[str]) -> None:
    every = json.loads((WORK / "results.json").read_text())
    lines = [
        "# Benchmarks of local models",
        "",
        "Made by `scripts/bench-engine --page FILE`, which runs the peers beside ours on the same machine, and ends with 1 where",
        "a floor is missed. What a GPU does is [a page of its own](gpu-benchmarks.md).",
        "",
        "Machine: " + machine() + ". " + "; ".join(
            f"{part}: {one['date']}, {one['threads']} threads" for part, one in every.items() if part not in ("static", "shares")
        ) + ".",
    ]
    for part, show in (("encoder", encoder), ("decoder", decoder), ("static", static)):
        if part in every:
            lines += ["", *show(every[part]["result"])]
    lines += ["", *shares(every.get("shares", {}).get("result", {}))]
    pathlib.Path(arguments[0]).write_text("\n".join(lines) + "\n")
