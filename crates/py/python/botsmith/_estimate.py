"""What people would let pass of all answers of a run, from their labels on some and its judge's scores on all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ._calibration import Powered, _powered

__all__ = ["Estimate", "Estimates", "Gap"]


@dataclass(frozen=True)
class Estimate:
    """One bot."""

    bot: str
    #: Answers that count, and those of them that people have labelled.
    answers: int
    labels: int
    #: The mean of the judge's scores, from 0 to 1.
    judge: float | None
    #: The share that people would let pass; ``None`` where the labels give none.
    people: Powered | None
    #: Why they give none.
    why_not: str | None


@dataclass(frozen=True)
class Gap:
    """Two bots on the same cases."""

    a: str
    b: str
    #: Cases on which both count, and those of which people have labelled both answers.
    cases: int
    labels: int
    #: The share that people would let pass, ``b`` less ``a``; ``None`` where the labels give none.
    people: Powered | None
    why_not: str | None


@dataclass(frozen=True)
class Estimates:
    """What people would say of a run."""

    question: str
    #: The metric that went beside the labels.
    metric: str | None
    raters: tuple[str, ...]
    #: Raters whose labels do not count, since they are at odds with the others.
    excluded: tuple[str, ...]
    bots: tuple[Estimate, ...]
    gaps: tuple[Gap, ...]
    #: All of it, as `botsmith feedback estimate --json` prints it.
    report: Mapping[str, Any] = field(hash=False)

    def __getitem__(self, bot: str) -> Estimate:
        for one in self.bots:
            if one.bot == bot:
                return one
        raise KeyError(bot)

    def _repr_html_(self) -> str:
        from ._html import page, table

        rows = [
            [f"<b>{escape(one.bot)}</b>", *_shown(one.people), f"{one.labels} of {one.answers}", _share(one.judge)]
            for one in self.bots
        ]
        rows += [
            [f"{escape(gap.b)} less {escape(gap.a)}", *_shown(gap.people), f"{gap.labels} of {gap.cases}", ""]
            for gap in self.gaps
        ]
        return page(table(["", "people", "95 %", "labels", "judge"], rows))


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _shown(people: Powered | None) -> list[str]:
    if people is None:
        return ["–", ""]
    return [_share(people.value), f"{people.interval[0]:.1%} to {people.interval[1]:.1%}"]


def _people(found: Mapping[str, Any]) -> tuple[Powered | None, str | None]:
    people = found["people"]
    return None if people is None else _powered(people), found.get("why_not")


def estimates(found: Mapping[str, Any]) -> Estimates:
    """From what Rust says."""
    return Estimates(
        found["question"],
        found["metric"],
        tuple(found["raters"]),
        tuple(found["excluded"]),
        tuple(Estimate(one["bot"], one["answers"], one["labels"], one["judge"], *_people(one)) for one in found["bots"]),
        tuple(Gap(one["a"], one["b"], one["cases"], one["labels"], *_people(one)) for one in found["differences"]),
        found,
    )
