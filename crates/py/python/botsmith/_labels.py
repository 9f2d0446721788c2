"""Labels against labels: the confusion table, and what is read from it. Computed in Rust, as scikit-learn does;
what divides by zero is ``None``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from . import _native

__all__ = ["ClassScores", "Confusion", "confusion"]


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1, each 0 to 1, and how many cases have the label."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """How often each true label was given each label.

    ``counts[i][j]`` are cases with true label i that were given label j. ``kappa`` is Cohen's;
    ``kappa_linear`` and ``kappa_quadratic`` weigh a disagreement by how far its labels are apart in
    their order.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    accuracy: float
    balanced_accuracy: float
    per_class: Mapping[str, ClassScores] = field(hash=False)
    macro_average: ClassScores
    weighted_average: ClassScores
    matthews: float | None
    kappa: float | None
    kappa_linear: float | None
    kappa_quadratic: float | None

    def _repr_html_(self) -> str:
        from ._html import page, table

        head = ["true \\ given", *map(escape, self.labels), "precision", "recall", "F1"]
        rows = [
            [escape(label), *map(str, counts), f"{s.precision:.3g}", f"{s.recall:.3g}", f"{s.f1:.3g}"]
            for label, counts, s in zip(self.labels, self.counts, self.per_class.values(), strict=True)
        ]
        kappa = "–" if self.kappa is None else f"{self.kappa:.3g}"
        facts = f"n = {self.n} · accuracy {self.accuracy:.3g} · kappa {kappa}"
        return page(table(head, rows) + f'<div class="bs-dim">{facts}</div>')


def confusion(
    truth: Iterable[Any], given: Iterable[Any], *, order: Sequence[Any] | None = None
) -> Confusion:
    """Compares given labels with true ones, such as a judge's with people's.

    Parameters
    ----------
    truth, given : iterable
        Labels of the same cases; what is no text counts by its ``str``.
    order : sequence, optional
        The labels in their order, for the weighted kappas; by default they are sorted as texts.

    Examples
    --------
    >>> from botsmith import stats
    >>> found = stats.confusion(["no", "no", "yes", "yes", "yes"], ["no", "yes", "yes", "yes", "no"])
    >>> found.accuracy, found.counts, round(found.kappa, 4)
    (0.6, ((1, 1), (1, 2)), 0.1667)
    """
    ordered = None if order is None else list(map(str, order))
    found = json.loads(_native.stats_confusion(list(map(str, truth)), list(map(str, given)), ordered))
    classes = [ClassScores(**row) for row in found["per_class"]]
    return Confusion(**{
        **found, "labels": tuple(found["labels"]), "counts": tuple(map(tuple, found["counts"])),
        "per_class": dict(zip(found["labels"], classes, strict=True)),
        "macro_average": ClassScores(**found["macro_average"]),
        "weighted_average": ClassScores(**found["weighted_average"]),
    })
