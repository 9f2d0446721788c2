"""Judges held against people: calibrations, and estimates on the scale of people. Computed in Rust."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _native

__all__ = [
    "Calibration",
    "Powered",
    "calibrate",
    "inclusion_probabilities",
    "prediction_powered",
    "prediction_powered_difference",
]


@dataclass(frozen=True)
class Powered:
    """An estimate of what people would say, from a judge's scores on all cases and people's on some."""

    value: float
    interval: tuple[float, float]
    n: int
    labels: int
    #: How much of the judge is used; 0: the labels alone.
    judge_used: float
    standard_error: float
    df: float
    #: The estimate from the labels alone, and its interval.
    labels_alone: tuple[float, tuple[float, float]]
    least_inclusion: float


def _scores(judge: Iterable[float], human: Iterable[float | None]) -> tuple[list[float], list[float | None]]:
    return [float(x) for x in judge], [None if x is None else float(x) for x in human]


def _powered(found: Mapping[str, Any]) -> Powered:
    alone, (lo, hi) = found["labels_alone"]
    return Powered(
        found["value"],
        (found["interval"][0], found["interval"][1]),
        found["n"],
        found["labels"],
        found["lambda"],
        found["standard_error"],
        found["df"],
        (alone, (lo, hi)),
        found["least_inclusion"],
    )


def _named(groups: Iterable[Any] | None) -> list[str] | None:
    return None if groups is None else [str(group) for group in groups]


def _chances(inclusion: Iterable[float] | None) -> list[float] | None:
    return None if inclusion is None else [float(chance) for chance in inclusion]


def prediction_powered(
    judge: Iterable[float],
    human: Iterable[float | None],
    *,
    inclusion: Iterable[float] | None = None,
    groups: Iterable[Any] | None = None,
    confidence: float = 0.95,
) -> Powered:
    """The mean of people's scores, from a judge's scores on all cases and people's on some.

    Parameters
    ----------
    judge : iterable of float
        The judge's score of each case.
    human : iterable of float or None
        The person's, on the same scale, where one was asked.
    inclusion : iterable of float, optional
        The chance that each case had of being labelled; without it, all had the same.
    groups : iterable, optional
        The group of each case: cases of one group are not independent.
    confidence : float
        Level of the interval.

    Examples
    --------
    >>> from botsmith import stats
    >>> judge = [1.0, 0.0, 1.0, 1.0] * 50
    >>> human = [1.0, 0.0, 1.0, 0.0] * 10 + [None] * 160
    >>> found = stats.prediction_powered(judge, human)
    >>> found.labels, round(found.value, 2)
    (40, 0.5)
    """
    text = _native.stats_prediction_powered(
        _scores(judge, human), None, _chances(inclusion), _named(groups), confidence
    )
    return _powered(json.loads(text))


def prediction_powered_difference(
    a: tuple[Iterable[float], Iterable[float | None]],
    b: tuple[Iterable[float], Iterable[float | None]],
    *,
    inclusion: Iterable[float] | None = None,
    groups: Iterable[Any] | None = None,
    confidence: float = 0.95,
) -> Powered:
    """The mean difference ``b - a`` of people's scores of two bots on the same cases.

    Parameters
    ----------
    a, b : pair of iterables
        The judge's scores and people's, as in :func:`prediction_powered`.
    inclusion, groups, confidence
        As there.

    Examples
    --------
    >>> from botsmith import stats
    >>> judge, people = [0.0, 1.0] * 20, [0.0, 1.0] * 10 + [None] * 20
    >>> better = [1.0 if score is not None else None for score in people]
    >>> found = stats.prediction_powered_difference((judge, people), ([1.0] * 40, better))
    >>> round(found.value, 2), found.n, found.labels
    (0.5, 40, 20)
    """
    text = _native.stats_prediction_powered(
        _scores(*a), _scores(*b), _chances(inclusion), _named(groups), confidence
    )
    return _powered(json.loads(text))


def inclusion_probabilities(
    priorities: Iterable[float], budget: int, *, random_share: float = 0.5
) -> list[float]:
    """The chance of each case to be labelled: a share of the budget at random, the rest by priority.

    Parameters
    ----------
    priorities : iterable of float
        How much is to be learnt of each case; 0 or more.
    budget : int
        How many are labelled.
    random_share : float
        The part of the budget that is drawn at random.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.inclusion_probabilities([0, 1, 1, 2], 2)
    [0.25, 0.5, 0.5, 0.75]
    """
    return _native.stats_inclusion([float(x) for x in priorities], budget, random_share)


@dataclass(frozen=True)
class Calibration:
    """What labels say of a judge; shown as its reliability diagram in a notebook."""

    #: Whether the judge may gate.
    gates: bool
    #: Why it may not.
    reasons: tuple[str, ...]
    #: The map's shape: ``identity``, ``platt``, ``beta`` or ``isotonic``.
    shape: str
    #: Agreement, rates, kappa, Brier score and calibration error, as in the JSON of `feedback calibrate`.
    quality: Mapping[str, Any] = field(hash=False)
    #: All of it.
    report: Mapping[str, Any] = field(hash=False)
    svg: str

    def apply(self, scores: Iterable[float]) -> list[float]:
        """The chances that people let answers of these scores pass."""
        return _native.stats_apply_map(json.dumps(self.report["map"]), [float(x) for x in scores])

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self.svg)


def calibrate(
    scores: Sequence[float],
    human: Sequence[bool],
    *,
    passed: Sequence[bool | None] | None = None,
    weights: Sequence[float] | None = None,
    groups: Sequence[Any] | None = None,
    seed: int = 0,
) -> Calibration:
    """Calibrates a judge against people's verdicts on the same answers.

    Parameters
    ----------
    scores : sequence of float
        The judge's scores, 0 to 1.
    human : sequence of bool
        Whether people let each answer pass.
    passed : sequence of bool or None, optional
        Whether the judge itself does; where it does not say, a calibrated score of at least 1/2 counts.
    weights : sequence of float, optional
        One over each answer's chance of being labelled.
    groups : sequence, optional
        The case or conversation of each answer.
    seed : int
        Seed of folds and resamples.

    Examples
    --------
    >>> from botsmith import stats
    >>> human = [i % 2 == 0 for i in range(200)]
    >>> scores = [0.9 if h == (i % 20 > 1) else 0.1 for i, h in enumerate(human)]
    >>> found = stats.calibrate(scores, human)
    >>> found.gates, round(found.apply([0.9])[0], 1)
    (True, 0.9)
    """
    n = len(scores)
    lists = {"human": human, "passed": passed, "weights": weights, "groups": groups}
    for name, values in lists.items():
        if values is not None and len(values) != n:
            raise ValueError(f"there are {n} scores but {len(values)} of {name}")
    labels = [
        (
            float(scores[i]),
            bool(human[i]),
            None if passed is None else passed[i],
            1.0 if weights is None else float(weights[i]),
            "" if groups is None else str(groups[i]),
        )
        for i in range(n)
    ]
    found = json.loads(_native.stats_calibrate(labels, seed))
    calibration, permission = found["calibration"], found["permission"]
    return Calibration(
        permission["permission"] == "gates",
        tuple(permission.get("reasons", ())),
        calibration["map"]["shape"],
        calibration["quality"],
        calibration,
        found["svg"],
    )
