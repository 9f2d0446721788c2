"""What the engine promises, and which of it a run has kept: results -> lines. Nothing is measured or read here."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import NamedTuple

#: Shares of a peer's speed, times one by one, sentences a second on a core, gigabytes, milliseconds.
FLOORS = {
    "onnxruntime": 0.6, "prefill": 0.6, "decode": 0.8, "together": 3, "questions": 5, "static": 50_000, "memory": 0.9,
    "stop": 200,
}
#: How many questions share their prefix.
QUESTIONS = 200
#: The kinds of quantised weights that llama.cpp's share is promised for, and the file whose memory is.
KINDS = ("Q4_K_M", "Q8_0")
SMALL = "Q4_K_M"


class Line(NamedTuple):
    """One promise: what, what was wanted and found, and whether it is kept; None where the run does not tell."""

    what: str
    wanted: str
    found: str
    kept: bool | None


def at_least(what: str, floor: float, found: float | None, unit: str) -> Line:
    """`unit` has a place for the figure. What is no number is not kept."""
    if found is None:
        return Line(what, f"at least {unit.format(floor)}", "not measured", None)
    return Line(what, f"at least {unit.format(floor)}", unit.format(found), found >= floor)


def at_most(what: str, ceiling: float, found: float, unit: str) -> Line:
    return Line(what, f"at most {unit.format(ceiling)}", unit.format(found), found <= ceiling)


def encoder(found: dict) -> Iterator[Line]:
    peer = found.get("onnxruntime")
    share = peer and peer["seconds"] / found["botsmith"]["seconds"]
    yield at_least("MiniLM in f32", FLOORS["onnxruntime"], share, "{:.3g} of ONNX Runtime")


def decoder(found: dict) -> Iterator[Line]:
    for path, each in found.items():
        name, mine, peer = pathlib.Path(path).stem.upper(), each["botsmith"], each["llama.cpp"]
        if any(kind in name for kind in KINDS):
            for key, work in (("prefill", "reading"), ("decode", "answering")):
                share = peer and mine[key]["tokens_per_second"] / peer[key]["tokens_per_second"]
                yield at_least(f"{name}, {work}", FLOORS[key], share, "{:.3g} of llama.cpp")
        times = mine["together"]["tokens_per_second"] / mine["decode"]["tokens_per_second"]
        yield at_least(f"{name}, 16 answers together", FLOORS["together"], times, "{:.3g} times one")
        # Fewer of them share less.
        asked = mine.get("questions") or {"count": 0}
        times = asked["times"] if asked["count"] >= QUESTIONS else None
        yield at_least(f"{name}, {QUESTIONS} questions", FLOORS["questions"], times, "{:.3g} times one by one")
        if name == SMALL:
            gigabytes = mine["alone_mib"] * 2**20 / 1e9
            yield at_most(f"{name}, memory at 512 tokens", FLOORS["memory"], gigabytes, "{:.3g} GB")
        for key, work in (("reading_ms", "loads and reads"), ("answering_ms", "answers")):
            yield at_most(f"{name}, Ctrl-C while it {work}", FLOORS["stop"], max(mine["stops"][key]), "{:.0f} ms")


def static(found: dict) -> Iterator[Line]:
    yield at_least("static embeddings of 12 words", FLOORS["static"], found.get("12", float("nan")), "{:,.0f} sentences a second")


PARTS = {"encoder": encoder, "decoder": decoder, "static": static}


def lines(results: dict, parts: list[str]) -> list[Line]:
    """What is promised of these parts, beside what they gave; nothing is of parts without floors."""
    return [line for part in parts if part in PARTS for line in PARTS[part](results[part]["result"])]
