"""How much several raters agree: alpha, kappa, and each rater against the others. Computed in Rust."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from . import _native

__all__ = ["Agreement", "RaterAgreement", "agreement", "fleiss"]


@dataclass(frozen=True)
class RaterAgreement:
    """One rater against the others: agreement beyond chance, and the others' alpha without them."""

    rater: int
    shared: int
    value: float | None
    interval: tuple[float, float] | None
    rest: float | None


@dataclass(frozen=True)
class Agreement:
    """Agreement over the ``n`` units that two raters or more rated; ``None`` where nothing can be said.

    ``raw`` is the share of equal pairs, ``alpha`` Krippendorff's with its bootstrap ``interval``.
    """

    n: int
    raw: float | None
    alpha: float | None
    interval: tuple[float, float] | None
    raters: tuple[RaterAgreement, ...]


def _pair(ends: Sequence[float] | None) -> tuple[float, float] | None:
    return None if ends is None else (ends[0], ends[1])


def _rating(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def agreement(
    raters: Iterable[Iterable[float | None]],
    level: Literal["nominal", "ordinal", "interval", "ratio"] = "nominal",
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Krippendorff's alpha of several raters, with its interval.

    Parameters
    ----------
    raters : iterable of iterables
        A list a rater, each with one place a unit; ``None`` or NaN where a rating is missing.
    level : {"nominal", "ordinal", "interval", "ratio"}
        What the distance between two ratings means.
    confidence : float
        How often the interval holds the true value.
    seed : int
        The seed of the bootstrap.

    Examples
    --------
    >>> from botsmith import stats
    >>> found = stats.agreement([[1, 2, 2, 1, 2], [1, 2, 1, 1, None]])
    >>> found.n, found.raw, round(found.alpha, 4)
    (4, 0.75, 0.5333)
    """
    rows = [[_rating(value) for value in row] for row in raters]
    found = json.loads(_native.stats_agreement(rows, level, confidence, seed))
    each = (RaterAgreement(**{**row, "interval": _pair(row["interval"])}) for row in found["raters"])
    return Agreement(**{**found, "interval": _pair(found["interval"]), "raters": tuple(each)})


def fleiss(table: Iterable[Iterable[int]]) -> tuple[float | None, float | None]:
    """Fleiss' and Randolph's kappa of a table: how many raters chose each category.

    Parameters
    ----------
    table : iterable of iterables of int
        A row a subject, a column a category.

    Examples
    --------
    >>> from botsmith import stats
    >>> fleiss, randolph = stats.fleiss([[3, 0], [0, 3], [2, 1], [3, 0]])
    >>> round(fleiss, 4), round(randolph, 4)
    (0.625, 0.6667)
    """
    return _native.stats_fleiss([list(row) for row in table])
