"""What the Python package promises of its speed beside Rust, and whether figures keep it. Nothing is measured here."""

from __future__ import annotations

from typing import Any, NamedTuple

#: The least share of Rust's speed of `nlp.pipe`.
PIPED = 0.85
#: Nanoseconds a pair.
SLOWER = 200


class Line(NamedTuple):
    """One promise: what, what was wanted and found, and whether it is kept."""

    what: str
    wanted: str
    found: str
    kept: bool


def piped(rust: dict[str, float], python: dict[str, float]) -> list[Line]:
    """`nlp.pipe` on two threads, from seconds of a pass. By CPU seconds alone one thread would do as well as two."""
    lines = []
    for key, second in (("cpu_s", "CPU second"), ("wall_s", "second by the wall clock")):
        share = rust[key] / python[key]
        what = f"`nlp.pipe` on two threads, words a {second} beside Rust's"
        lines.append(Line(what, f"at least {100 * PIPED:.0f} %", f"{100 * share:.1f} %", share >= PIPED))
    return lines


def over_lists(name: str, options: dict[str, Any], least_share: float | None, rust: float, python: float) -> Line:
    """A metric over lists, from nanoseconds a pair: a share of Rust's speed, or so many nanoseconds more."""
    if least_share is not None:
        share = rust / python
        what = f"`metrics.{name}` over lists beside Rust"
        return Line(what, f"at least {100 * least_share:.0f} %", f"{100 * share:.1f} %", share >= least_share)
    said = ", ".join(f"{key}={value!r}" for key, value in options.items())
    more = python - rust
    return Line(f"`metrics.{name}({said})` over Rust", f"at most {SLOWER} ns a pair", f"{more:.0f} ns", more <= SLOWER)
