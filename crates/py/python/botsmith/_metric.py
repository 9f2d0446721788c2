"""What every function of :mod:`botsmith.metrics` is: options in, scores out, computed in Rust."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar, overload

from . import _native

__all__ = ["MetricFunction", "Reference", "Tokenizer", "metric", "metric_or_none"]

P = ParamSpec("P")
#: A score: a number, or ``None`` too.
V = TypeVar("V")

#: A right answer, or several of which the best counts.
Reference: TypeAlias = str | Sequence[str]

#: How BLEU and its kin make tokens of a text.
Tokenizer: TypeAlias = Literal["13a", "intl", "zh", "char", "none"]


class MetricFunction(Generic[P, V]):
    """A text metric. Call it with two texts, or with two lists of the same length.

    The interpreter is let go while it works, Ctrl-C is heard, and lists are judged on ``threads``
    threads, one a core by default. A few metrics give ``None`` where there is nothing to judge; their words
    say so.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.wer("a b", "a c"), metrics.wer(["a b", "a"], ["a c", "a"])
    (0.5, [0.5, 0.0])
    >>> round(metrics.bleu.corpus(["the cat sat here"], ["the cat sat here"]), 6), metrics.bleu.signature()[:9]
    (100.0, 'nrefs:var')
    """

    def __init__(self, kind: str, options: Callable[P, dict[str, Any]]) -> None:
        self._kind = kind
        self._options = options
        self.__doc__ = options.__doc__
        self.__name__ = self.__qualname__ = options.__name__
        self.__module__ = options.__module__
        given = list(inspect.signature(options).parameters.values())
        texts = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for name in ("candidate", "reference")
        ]
        self.__signature__ = inspect.Signature([*texts, *given])

    @overload
    def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, candidate: str, reference: Reference, /, *args: P.args, **options: P.kwargs
    ) -> V: ...
    @overload
    def __call__(
        self,
        candidate: Iterable[str],
        reference: Iterable[Reference],
        /,
        *args: P.args,
        **options: P.kwargs,
    ) -> list[V]: ...
    def __call__(self, candidate: Any, reference: Any, /, *args: P.args, **options: P.kwargs) -> Any:
        threads, scorer = self._scorer(args, options)
        if isinstance(candidate, str):
            return scorer.scores([candidate], [reference], 1)[0]
        return scorer.scores(_many("candidate", candidate), _many("reference", reference), threads)

    def corpus(
        self,
        candidates: Iterable[str],
        references: Iterable[Reference],
        /,
        *args: P.args,
        **options: P.kwargs,
    ) -> float | None:
        """One score of all texts together; ``None`` where there are none.

        Where the metric has a score of a corpus (BLEU adds up counts, not scores) it is that,
        otherwise the mean.
        """
        _, scorer = self._scorer(args, options)
        return scorer.corpus(_many("candidate", candidates), _many("reference", references))

    def signature(self, *args: P.args, **options: P.kwargs) -> str:
        """Name, settings and version in one line, where the field has a custom for it; else empty."""
        return self._scorer(args, options)[1].signature()

    def _scorer(self, args: Any, options: dict[str, Any]) -> tuple[int, _native.Metric]:
        chosen = self._options(*args, **options)
        threads: int = chosen.pop("threads")
        given = {name.replace("_", "-"): value for name, value in chosen.items() if value is not None}
        return threads, _native_metric(self._kind, json.dumps(given, allow_nan=False) if given else None)

    def __repr__(self) -> str:
        options = (p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in self.__signature__.parameters.values())
        return f"<metric {self.__name__}({', '.join(options)})>"

    def __reduce__(self) -> str:
        return self.__qualname__


@functools.lru_cache(maxsize=256)
def _native_metric(kind: str, options: str | None) -> _native.Metric:
    return _native.Metric(kind, options)


def _many(what: str, texts: Any) -> list[Any]:
    if isinstance(texts, str):
        raise TypeError(f"one {what} for a list of texts: give as many as the other list has")
    return texts if type(texts) is list else list(texts)


def metric(kind: str) -> Callable[[Callable[P, dict[str, Any]]], MetricFunction[P, float]]:
    """Makes a metric of a function that gives its options; the function's words are its words."""

    def made(options: Callable[P, dict[str, Any]]) -> MetricFunction[P, float]:
        return MetricFunction(kind, options)

    return made


def metric_or_none(kind: str) -> Callable[[Callable[P, dict[str, Any]]], MetricFunction[P, float | None]]:
    """The same for a metric that cannot judge every pair."""

    def made(options: Callable[P, dict[str, Any]]) -> MetricFunction[P, float | None]:
        return MetricFunction(kind, options)

    return made
