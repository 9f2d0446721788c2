"""Statistics over lists, as suites use them: every number with n and its interval, every seed the same bytes.

Examples
--------
>>> from botsmith import stats
>>> stats.share(8, 10)
(0.49016247153664183, 0.9433178485456247)
>>> stats.compare([0, 0, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0]).p
0.0625
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from . import _native
from ._agreement import Agreement, RaterAgreement, agreement, fleiss
from ._calibration import (
    Calibration,
    Powered,
    calibrate,
    inclusion_probabilities,
    prediction_powered,
    prediction_powered_difference,
)
from ._labels import ClassScores, Confusion, confusion

__all__ = [
    "Agreement",
    "Calibration",
    "ClassScores",
    "Compared",
    "Confusion",
    "Correlation",
    "Mean",
    "Powered",
    "RaterAgreement",
    "Spread",
    "TestResult",
    "adjust",
    "agreement",
    "calibrate",
    "cases_for_width",
    "cases_needed",
    "compare",
    "confusion",
    "correlation",
    "detectable",
    "effect",
    "fleiss",
    "inclusion_probabilities",
    "mean",
    "mean_pass_at",
    "ndcg",
    "pass_at",
    "power",
    "prediction_powered",
    "prediction_powered_difference",
    "ranking",
    "share",
    "spread",
    "test",
]

Interval: TypeAlias = tuple[float, float]
Side: TypeAlias = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class Mean:
    """A mean with its interval; ``None`` where the values say nothing of their spread."""

    value: float
    n: int
    interval: Interval | None
    method: str


@dataclass(frozen=True)
class Compared:
    """mean(b) - mean(a) over the same cases, with its interval and test."""

    n: int
    difference: float
    interval: Interval | None
    method: str
    p: float
    test: str


@dataclass(frozen=True)
class TestResult:
    """What a test found."""

    __test__ = False  # not a test of pytest

    test: str
    statistic: float
    p: float
    n: int


@dataclass(frozen=True)
class Correlation:
    """A correlation with the p-value of none."""

    value: float
    p: float | None
    n: int


@dataclass(frozen=True)
class Spread:
    """How values spread: standard deviation (n - 1 below the root), standard error of the mean, Student's interval."""

    sd: float
    standard_error: float
    interval: Interval


def _floats(values: Iterable[Any]) -> list[float]:
    return [float(value) for value in values]


def _groups(groups: Iterable[Any] | None) -> list[str] | None:
    return None if groups is None else [str(group) for group in groups]


def _pair(interval: Sequence[float] | None) -> Interval | None:
    return None if interval is None else (interval[0], interval[1])


def share(
    passed: int,
    n: int,
    *,
    method: Literal["wilson", "clopper-pearson", "agresti-coull", "jeffreys", "wald"] = "wilson",
    confidence: float = 0.95,
) -> Interval:
    """The interval of a share: ``passed`` of ``n``.

    Parameters
    ----------
    passed, n : int
        How many of how many.
    method : {"wilson", "clopper-pearson", "agresti-coull", "jeffreys", "wald"}
        How it is made.
    confidence : float
        How often it holds the true share.

    Examples
    --------
    >>> from botsmith import stats
    >>> lo, hi = stats.share(8, 10, method="clopper-pearson")
    >>> round(lo, 4), round(hi, 4)
    (0.4439, 0.9748)
    """
    return _native.stats_share(method, passed, n, confidence)


def mean(
    values: Iterable[float],
    *,
    groups: Iterable[Any] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Mean:
    """The mean with its interval: Wilson's where all values are 0 or 1, else a bootstrap.

    Parameters
    ----------
    values : iterable of float
        The values.
    groups : iterable, optional
        The group of each value: values of one group are not independent.
    confidence, seed
        Level of the interval, and seed of the bootstrap.

    Examples
    --------
    >>> from botsmith import stats
    >>> found = stats.mean([1, 0, 1, 1])
    >>> found.value, found.n, found.method
    (0.75, 4, 'wilson')
    """
    found = json.loads(_native.stats_mean(_floats(values), _groups(groups), confidence, seed))
    return Mean(found["value"], found["n"], _pair(found["interval"]), found["method"])


def compare(
    a: Iterable[float],
    b: Iterable[float],
    *,
    groups: Iterable[Any] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Compared:
    """Two lists of scores of the same cases: McNemar's exact test where all are 0 or 1, else sign flips.

    Parameters
    ----------
    a, b : iterable of float
        Scores of the same cases, in the same order.
    groups : iterable, optional
        The group of each case: cases of one group are not independent.
    confidence, seed
        Level of the interval, and seed of bootstrap and sign flips.

    Examples
    --------
    >>> from botsmith import stats
    >>> found = stats.compare([0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1])
    >>> round(found.difference, 3), round(found.p, 4)
    (0.833, 0.0625)
    """
    text = _native.stats_compare(_floats(a), _floats(b), _groups(groups), confidence, seed)
    found = json.loads(text)
    return Compared(
        found["n"], found["difference"], _pair(found["interval"]), found["method"], found["p"], found["test"]
    )


def test(
    a: Iterable[float],
    b: Iterable[float],
    *,
    method: Literal[
        "sign-flip", "wilcoxon", "wilcoxon-exact", "paired-t", "sign", "mcnemar", "mcnemar-exact"
    ] = "sign-flip",
    side: Side = "two-sided",
    seed: int = 0,
) -> TestResult:
    """A paired test of no difference.

    Parameters
    ----------
    a, b : iterable of float
        Scores of the same cases, in the same order.
    method : str
        The test.
    side : {"two-sided", "greater", "less"}
        ``"greater"`` is b above a.
    seed : int
        Seed of the sign flips, where there are too many to try all.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.test([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]).p
    0.0625
    """
    found = json.loads(_native.stats_test(method, _floats(a), _floats(b), side, seed))
    return TestResult(found["test"], found["statistic"], found["p"], found["n"])


test.__test__ = False  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]


def correlation(
    a: Iterable[float],
    b: Iterable[float],
    *,
    method: Literal["pearson", "spearman", "kendall"] = "spearman",
) -> Correlation:
    """How two lists go together, such as a judge's scores and people's.

    Parameters
    ----------
    a, b : iterable of float
        Scores of the same cases, in the same order.
    method : {"pearson", "spearman", "kendall"}
        Of values, of their ranks, or of pairs in order.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.correlation([1, 2, 3, 4], [2, 4, 6, 9], method="kendall").value
    1.0
    """
    found = json.loads(_native.stats_correlation(method, _floats(a), _floats(b)))
    return Correlation(found["value"], found.get("p"), found["n"])


def effect(
    a: Iterable[float],
    b: Iterable[float],
    *,
    method: Literal[
        "cohens-dz", "cohens-h", "cliffs-delta", "superiority", "dominance"
    ] = "cohens-dz",
) -> float:
    """How large a difference is, apart from how sure one is of it.

    Parameters
    ----------
    a, b : iterable of float
        Scores of the same cases, in the same order.
    method : {"cohens-dz", "cohens-h", "cliffs-delta", "superiority", "dominance"}
        In standard deviations, of two rates, or as the share of pairs in which b is above a.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.effect([1, 2, 3], [4, 5, 6], method="cliffs-delta")
    1.0
    """
    return _native.stats_effect(method, _floats(a), _floats(b))


def adjust(
    p_values: Iterable[float],
    *,
    correction: Literal["holm", "bonferroni", "benjamini-hochberg", "benjamini-yekutieli"] = "holm",
) -> list[float]:
    """P-values corrected for their number, in the order given.

    Parameters
    ----------
    p_values : iterable of float
        One a test.
    correction : {"holm", "bonferroni", "benjamini-hochberg", "benjamini-yekutieli"}
        The first two hold the chance of any false finding, the others the share of false ones.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.adjust([0.01, 0.04])
    [0.02, 0.04]
    """
    return _native.stats_adjust(_floats(p_values), correction)


def ranking(
    truth: Iterable[bool],
    scores: Iterable[float],
    *,
    method: Literal["roc-auc", "average-precision", "brier", "log-loss", "reciprocal-rank"] = "roc-auc",
) -> float:
    """How well scores tell true from false.

    Parameters
    ----------
    truth : iterable of bool
        What is true.
    scores : iterable of float
        What was said of each, higher for true.
    method : {"roc-auc", "average-precision", "brier", "log-loss", "reciprocal-rank"}
        Of the last three, ``brier`` and ``log-loss`` take probabilities.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.ranking([True, False, True], [0.9, 0.2, 0.8])
    1.0
    """
    return _native.stats_ranking(method, [bool(value) for value in truth], _floats(scores))


def pass_at(n: int, c: int, k: int, *, every: bool = False) -> float:
    """The chance that one of ``k`` tries passes (with ``every``: that each does), of ``c`` of ``n`` that did.

    Parameters
    ----------
    n, c, k : int
        Tries that were made, how many of them passed, and tries that are asked about.
    every : bool
        Whether each of them has to pass.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.pass_at(4, 2, 1)
    0.5
    """
    return _native.stats_pass_at(n, c, k, every)


def mean_pass_at(cases: Iterable[tuple[int, int]], k: int, *, every: bool = False) -> float:
    """The mean of :func:`pass_at` over cases.

    Parameters
    ----------
    cases : iterable of (int, int)
        The tries of each case, and how many of them passed.
    k : int
        Tries that are asked about.
    every : bool
        Whether each of them has to pass.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.mean_pass_at([(2, 2), (2, 1), (2, 0)], 1)
    0.5
    """
    return _native.stats_mean_pass_at([(n, c) for n, c in cases], k, every)


def cases_needed(
    difference: float, sd: float, *, alpha: float = 0.05, power: float = 0.8, side: Side = "two-sided"
) -> int:
    """How many cases show a difference of means.

    Parameters
    ----------
    difference, sd : float
        The difference, and the standard deviation of the differences case by case.
    alpha, power, side
        Level of the test, its power, and its side.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.cases_needed(0.1, 0.4)
    128
    """
    return _native.stats_cases_needed(difference, sd, alpha, power, side)


def cases_for_width(rate: float, half_width: float, *, confidence: float = 0.95) -> int:
    """How many cases give a pass rate of about ``rate`` an interval of ``half_width`` to either side.

    Parameters
    ----------
    rate, half_width : float
        Shares from 0 to 1.
    confidence : float
        The level of the interval.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.cases_for_width(0.5, 0.05)
    381
    """
    return _native.stats_cases_for_width(rate, half_width, confidence)


def power(n: int, difference: float, sd: float, *, alpha: float = 0.05, side: Side = "two-sided") -> float:
    """The chance that ``n`` cases show a difference of means.

    Parameters
    ----------
    n : int
        Cases.
    difference, sd : float
        The difference, and the standard deviation of the differences case by case.
    alpha, side
        Level of the test, and its side.

    Examples
    --------
    >>> from botsmith import stats
    >>> round(stats.power(34, 0.5, 1.0), 2)
    0.81
    """
    return _native.stats_power(n, difference, sd, alpha, side)


def detectable(
    n: int, discordance: float, *, alpha: float = 0.05, power: float = 0.8, side: Side = "two-sided"
) -> float | None:
    """The smallest difference of pass rates that ``n`` cases show; ``None`` where they are too few for any.

    Parameters
    ----------
    n : int
        Cases.
    discordance : float
        The share of cases on which the two bots differ.
    alpha, power, side
        Level of the test, its power, and its side.

    Examples
    --------
    >>> from botsmith import stats
    >>> round(stats.detectable(200, 0.2), 2)
    0.09
    """
    return _native.stats_detectable(n, discordance, alpha, power, side)


def spread(values: Iterable[float], *, confidence: float = 0.95) -> Spread:
    """How values spread, taken as independent.

    Parameters
    ----------
    values : iterable of float
        The values.
    confidence : float
        The level of Student's interval.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.spread([1.0, 2.0, 3.0]).sd
    1.0
    """
    sd, error, lo, hi = _native.stats_spread(_floats(values), confidence)
    return Spread(sd, error, (lo, hi))


def ndcg(gains: Iterable[float], scores: Iterable[float], *, k: int | None = None) -> float:
    """nDCG of scored items with their gains; for ranked lists of ids see :func:`botsmith.metrics.ndcg`.

    Parameters
    ----------
    gains, scores : iterable of float
        What each item is worth, and the score by which it is ranked.
    k : int, optional
        Only so many of the best ranked count.

    Examples
    --------
    >>> from botsmith import stats
    >>> stats.ndcg([3, 2, 0], [0.9, 0.5, 0.1])
    1.0
    """
    return _native.stats_ndcg(_floats(gains), _floats(scores), k)
