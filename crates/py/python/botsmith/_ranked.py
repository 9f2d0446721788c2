"""Ranked lists of ids against the relevant ones, and sets of texts beside each other, computed in Rust.

A ranked list holds ids, the best first. What is relevant is a list of ids, or a mapping of ids to gains.
What is relevant and was not retrieved lowers nDCG and average precision, as in ``trec_eval`` 9.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast, overload

from . import _native
from ._metric import Tokenizer

__all__ = ["Relevant", "average_precision", "hit", "hit_rate", "mean_average_precision", "mrr", "ndcg",
           "reciprocal_rank", "self_bleu"]

#: Ids that are relevant, or each with its gain (0 is not relevant).
Relevant: TypeAlias = Iterable[str] | Mapping[str, float]

_Measure: TypeAlias = Literal["reciprocal-rank", "ndcg", "average-precision", "hit"]


def _relevant(relevant: Any) -> Any:
    if isinstance(relevant, str):
        raise TypeError("what is relevant is a list of ids, or a mapping of ids to gains, not one text")
    if isinstance(relevant, Mapping):
        gains = cast("Mapping[str, Any]", relevant)
        return {key: float(gain) for key, gain in gains.items()}
    return list(relevant)


def _scores(measure: _Measure, ranked: Any, relevant: Any, k: int | None, threads: int) -> Any:
    """One number for one list of ids, a list of numbers for a list of lists."""
    if isinstance(ranked, str):
        raise TypeError("a ranked list holds ids, the best first; one text is none")
    lists = list(cast("Iterable[Any]", ranked))
    if lists and all(isinstance(first, str) for first in lists):
        return _native.retrieval_scores(measure, [lists], [_relevant(relevant)], k, 1)[0]
    if not lists and (isinstance(relevant, Mapping) or any(isinstance(one, str) for one in relevant)):
        # One query that nothing was found for.
        return _native.retrieval_scores(measure, [[]], [_relevant(relevant)], k, 1)[0]
    wanted = [_relevant(one) for one in relevant]
    return _native.retrieval_scores(measure, [list(one) for one in lists], wanted, k, threads)


@overload
def reciprocal_rank(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    ranked: Sequence[str], relevant: Relevant, *, k: int | None = None, threads: int = 0
) -> float: ...
@overload
def reciprocal_rank(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = None, threads: int = 0
) -> list[float]: ...
def reciprocal_rank(ranked: Any, relevant: Any, *, k: int | None = None, threads: int = 0) -> Any:
    """One over the rank of the first relevant id among the first ``k``, else 0.

    Parameters
    ----------
    ranked : sequence of str, or a list of such
        Ids as they were retrieved, the best first.
    relevant : iterable of str or mapping, or a list of such
        Ids that are relevant.
    k : int, optional
        Ranks that are looked at; all by default.
    threads : int
        Working threads; 0 is one a core.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.reciprocal_rank(["a", "b", "c"], ["b"])
    0.5
    >>> metrics.reciprocal_rank([["a", "b"], ["c"]], [["b"], ["c"]])
    [0.5, 1.0]
    """
    return _scores("reciprocal-rank", ranked, relevant, k, threads)


@overload
def ndcg(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    ranked: Sequence[str], relevant: Relevant, *, k: int | None = None, threads: int = 0
) -> float: ...
@overload
def ndcg(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = None, threads: int = 0
) -> list[float]: ...
def ndcg(ranked: Any, relevant: Any, *, k: int | None = None, threads: int = 0) -> Any:
    """Discounted gain of the first ``k`` ids over that of the best order, 0 to 1 (Järvelin & Kekäläinen 2002).

    Parameters
    ----------
    ranked : sequence of str, or a list of such
        Ids as they were retrieved, the best first.
    relevant : iterable of str or mapping, or a list of such
        Ids that are relevant (gain 1), or ids with their gains.
    k : int, optional
        Ranks that are looked at; all by default.
    threads : int
        Working threads; 0 is one a core.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.ndcg(["news", "faq", "intro"], {"intro": 1, "faq": 3}, k=3), 4)
    0.659
    """
    return _scores("ndcg", ranked, relevant, k, threads)


@overload
def average_precision(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    ranked: Sequence[str], relevant: Relevant, *, k: int | None = None, threads: int = 0
) -> float: ...
@overload
def average_precision(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = None, threads: int = 0
) -> list[float]: ...
def average_precision(ranked: Any, relevant: Any, *, k: int | None = None, threads: int = 0) -> Any:
    """The mean precision at the ranks of the relevant ids; those not found among the first ``k`` count 0.

    Parameters
    ----------
    ranked, relevant, k, threads
        As in :func:`reciprocal_rank`.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.average_precision(["a", "b", "c"], ["a", "c"]), 4)
    0.8333
    """
    return _scores("average-precision", ranked, relevant, k, threads)


@overload
def hit(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    ranked: Sequence[str], relevant: Relevant, *, k: int | None = 10, threads: int = 0
) -> float: ...
@overload
def hit(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = 10, threads: int = 0
) -> list[float]: ...
def hit(ranked: Any, relevant: Any, *, k: int | None = 10, threads: int = 0) -> Any:
    """1 if a relevant id is among the first ``k``, else 0.

    Parameters
    ----------
    ranked, relevant, threads
        As in :func:`reciprocal_rank`.
    k : int, optional
        Ranks that are looked at, 10 unless told; ``None`` for all.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.hit(["a", "b"], ["b"], k=1), metrics.hit(["a", "b"], ["b"], k=2)
    (0.0, 1.0)
    """
    return _scores("hit", ranked, relevant, k, threads)


def _mean(measure: _Measure, ranked: Any, relevant: Any, k: int | None, threads: int) -> float | None:
    lists = [list(one) if not isinstance(one, str) else _one() for one in ranked]
    wanted = [_relevant(one) for one in relevant]
    scores = _native.retrieval_scores(measure, lists, wanted, k, threads)
    return sum(scores) / len(scores) if scores else None


def _one() -> Any:
    raise TypeError("a mean wants many ranked lists: give a list of lists of ids")


def mrr(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = None, threads: int = 0
) -> float | None:
    """MRR: the mean of :func:`reciprocal_rank` over queries; ``None`` where there are none.

    Parameters
    ----------
    ranked : iterable of sequences of str
        Ids of each query, the best first.
    relevant : iterable
        Of each query the ids that are right, or a mapping of ids to gains.
    k : int, optional
        Only so many of the first count.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.mrr([["a", "b"], ["c"]], [["b"], ["c"]])
    0.75
    """
    return _mean("reciprocal-rank", ranked, relevant, k, threads)


def mean_average_precision(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = None, threads: int = 0
) -> float | None:
    """MAP: the mean of :func:`average_precision` over queries; ``None`` where there are none.

    Parameters
    ----------
    ranked : iterable of sequences of str
        Ids of each query, the best first.
    relevant : iterable
        Of each query the ids that are right, or a mapping of ids to gains.
    k : int, optional
        Only so many of the first count.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.mean_average_precision([["a", "b"], ["c"]], [["b"], ["c"]])
    0.75
    """
    return _mean("average-precision", ranked, relevant, k, threads)


def hit_rate(
    ranked: Iterable[Sequence[str]], relevant: Iterable[Relevant], *, k: int | None = 10, threads: int = 0
) -> float | None:
    """Hit rate at ``k``: the share of queries with a relevant id among the first ``k``; ``None`` without any.

    Parameters
    ----------
    ranked : iterable of sequences of str
        Ids of each query, the best first.
    relevant : iterable
        Of each query the ids that are right, or a mapping of ids to gains.
    k : int, optional
        Only so many of the first count.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.hit_rate([["a", "b"], ["c"]], [["b"], ["c"]], k=1)
    0.5
    """
    return _mean("hit", ranked, relevant, k, threads)


@overload
def self_bleu(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    texts: Sequence[str],
    *,
    lowercase: bool = False,
    tokenize: Tokenizer = "13a",
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp",
    smooth_value: float | None = None,
    max_order: int = 4,
    effective_order: bool = True,
    threads: int = 0,
) -> float | None: ...
@overload
def self_bleu(
    texts: Iterable[Sequence[str]],
    *,
    lowercase: bool = False,
    tokenize: Tokenizer = "13a",
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp",
    smooth_value: float | None = None,
    max_order: int = 4,
    effective_order: bool = True,
    threads: int = 0,
) -> list[float | None]: ...
def self_bleu(
    texts: Any,
    *,
    lowercase: bool = False,
    tokenize: Tokenizer = "13a",
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp",
    smooth_value: float | None = None,
    max_order: int = 4,
    effective_order: bool = True,
    threads: int = 0,
) -> Any:
    """Self-BLEU (Zhu et al. 2018): the mean BLEU of each text with all others as references, 0 to 100.

    High is little varied. ``None`` for fewer than two texts.

    Parameters
    ----------
    texts : sequence of str, or a list of such
        A set of texts, such as the answers of one bot; or many sets.
    lowercase, tokenize, smooth, smooth_value, max_order, effective_order
        As in :func:`bleu`.
    threads : int
        Working threads for many sets; 0 is one a core.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.self_bleu(["the cat sat down", "the cat sat down"]), 6)
    100.0
    >>> metrics.self_bleu([["alone"], ["one two", "three four"]])
    [None, 0.0]
    """
    if isinstance(texts, str):
        raise TypeError("self-BLEU is of many texts: give a list of them")
    sets = list(texts)
    one = all(isinstance(text, str) for text in sets)
    options: dict[str, Any] = {
        "lowercase": lowercase, "tokenize": tokenize, "smooth": smooth, "max-order": max_order,
        "effective-order": effective_order,
    }
    if smooth_value is not None:
        options["smooth-value"] = smooth_value
    given = [sets] if one else [list(texts) if not isinstance(texts, str) else _one() for texts in sets]
    scores = _native.self_bleu(given, json.dumps(options, allow_nan=False), threads)
    return scores[0] if one else scores
