"""Runs: what :func:`evaluate` gives, and what a store keeps."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Literal, cast

from . import _native
from ._values import Answer, BotResult, CaseResult, Comparison, Difference

_KINDS = {
    ".json": "json", ".jsonl": "jsonl", ".csv": "csv", ".md": "markdown", ".xml": "junit", ".html": "html",
}


#: Columns of a row that no metric may take the place of.
_FIXED = (
    "case", "input", "reference", "tags", "bot", "repeat", "outcome", "text", "error", "latency", "cost", "overall",
)


def _columns(metrics: Iterable[str]) -> dict[str, str]:
    """The column of each metric."""
    taken, columns = set(_FIXED), cast("dict[str, str]", {})
    for name in metrics:
        column = name
        while {column, f"{column}.passed"} & taken:
            column += ".value"
        taken |= {column, f"{column}.passed"}
        columns[name] = column
    return columns


class Store:
    """Where runs and sessions are kept.

    Parameters
    ----------
    url : str, optional
        ``"memory:"``, ``"sqlite:PATH"``, ``"redis://HOST"``; without it the store of the configuration,
        which is ``sqlite:.botsmith/state.db`` unless told otherwise.

    Examples
    --------
    >>> import botsmith as bs
    >>> with bs.Store("memory:") as store:
    ...     bs.runs(store)
    []
    """

    def __init__(self, url: str | None = None) -> None:
        self._native = _native.Store(url)

    @property
    def url(self) -> str:
        """Its URL."""
        return self._native.url

    @property
    def closed(self) -> bool:
        """Whether it was closed; whatever uses it then raises :class:`StoreError`.

        Bots that were made with it, and their sessions, hold it open and go on.
        """
        return self._native.closed

    def close(self) -> None:
        """Lets go of it."""
        self._native.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self.url!r}{' closed' if self.closed else ''}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.url.startswith("memory:"):
            raise TypeError("a store in memory cannot be pickled: use sqlite:PATH to share runs")
        return Store, (self.url,)


class Run:
    """A complete run: a suite's bots over its cases, each answer judged.

    Iterating gives a :class:`CaseResult` a case, read from the store as it is needed; ``run["id"]`` gives
    one. Numbers over all cases are in :attr:`bots` and :attr:`comparisons`.

    Examples
    --------
    >>> import botsmith as bs
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}, {"id": "b", "input": "ho", "reference": "oh"}]
    >>> run = bs.evaluate(bots=str.upper, dataset=rows, evaluators=["equals"], progress=False)
    >>> run.bot("upper").scores["equals"].mean, len(run), "a" in run
    (0.5, 2, True)
    >>> run["b"].answers[0].text, [case.id for case in run.filter(passed=False)]
    ('HO', ['b'])
    """

    def __init__(self, native: _native.Run, store: Store) -> None:
        self._native = native
        self._store = store

    @cached_property
    def report(self) -> dict[str, Any]:
        """The whole report, as ``botsmith eval --json`` prints it."""
        found: dict[str, Any] = json.loads(self._native.report_json())
        return found

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run is of: suite, data, versions, by their hashes."""
        found: dict[str, Any] = json.loads(self._native.manifest_json())
        return found

    @property
    def id(self) -> str:
        """The hash of all that decides its scores."""
        return self._native.id

    @property
    def store(self) -> Store:
        """Where it is kept."""
        return self._store

    @property
    def name(self) -> str:
        """The suite's name."""
        return cast("str", self.report["suite"])

    @property
    def passed(self) -> bool:
        """Whether the gate passed; without a gate, true."""
        return cast("bool", self.report["gate"]["passed"])

    @property
    def gate(self) -> list[dict[str, Any]]:
        """The rules of the gate, each with what was wanted and observed."""
        return cast("list[dict[str, Any]]", self.report["gate"]["rules"])

    @property
    def warnings(self) -> list[str]:
        """What the reader should know."""
        return cast("list[str]", self.report["warnings"])

    @cached_property
    def bots(self) -> tuple[BotResult, ...]:
        """Each bot with its summary of each metric."""
        return tuple(map(BotResult.of, self.report["bots"]))

    @cached_property
    def comparisons(self) -> tuple[Difference, ...]:
        """Every pair of bots on every metric."""
        return tuple(map(Difference.of, self.report["comparisons"]))

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, in the suite's order."""
        return cast("list[str]", self.manifest["metrics"])

    def bot(self, name: str) -> BotResult:
        """One bot's summary."""
        for bot in self.bots:
            if bot.name == name:
                return bot
        raise KeyError(f"no bot {name!r}; there are {[bot.name for bot in self.bots]}")

    def __len__(self) -> int:
        return cast("int", self.report["facts"]["cases"])

    def __iter__(self) -> Iterator[CaseResult]:
        for batch in self._native.cases():
            yield from map(CaseResult.of, json.loads(batch))

    def __getitem__(self, case: str) -> CaseResult:
        if not isinstance(case, str):
            raise TypeError(f"a case's id is a text, not {type(case).__name__}")
        from ._errors import NotFoundError

        try:
            return CaseResult.of(json.loads(self._native.case(case)))
        except NotFoundError as error:
            raise KeyError(str(error)) from error

    def __contains__(self, case: object) -> bool:
        """Whether there is a case of this id (or one that begins so), or a case as this run has it."""
        if isinstance(case, CaseResult):
            return case.id in self and self[case.id] == case
        if not isinstance(case, str):
            return False
        try:
            self[case]
        except KeyError:
            return False
        return True

    def filter(
        self,
        condition: Callable[[CaseResult], bool] | None = None,
        *,
        bot: str | None = None,
        metric: str | None = None,
        passed: bool | None = None,
        outcome: Literal["answered", "refused", "failed"] | None = None,
        tag: str | None = None,
    ) -> list[CaseResult]:
        """The cases that some answer of fits all that is said.

        Parameters
        ----------
        condition : callable, optional
            Called with each case.
        bot, metric, passed, outcome
            What one answer must be: of this bot, with this outcome; judged by this metric (or any), with
            this verdict.
        tag : str, optional
            A tag of the case.
        """

        def fits(answer: Answer) -> bool:
            if bot not in (None, answer.bot) or outcome not in (None, answer.outcome):
                return False
            if metric is None and passed is None:
                return True
            scores = [v for name, v in answer.scores.items() if metric in (None, name)]
            return any(v.value is not None and passed in (None, v.passed) for v in scores)

        return [
            case
            for case in self
            if (tag is None or tag in case.tags)
            and any(map(fits, case.answers))
            and (condition is None or condition(case))
        ]

    def rows(self) -> Iterator[dict[str, Any]]:
        """A flat row an answer: the case, the answer, and each metric's value and verdict.

        A metric is a column of its name, with ``NAME.passed`` beside it. Where the name is taken, as by ``text`` or
        ``bot``, the columns are ``NAME.value`` and ``NAME.value.passed``.
        """
        columns = _columns(self.metrics)
        for case in self:
            for answer in case.answers:
                row: dict[str, Any] = {
                    "case": case.id, "input": case.input,
                    "reference": case.references[0] if case.references else None,
                    "tags": list(case.tags), "bot": answer.bot, "repeat": answer.repeat,
                    "outcome": answer.outcome, "text": answer.text, "error": answer.error,
                    "latency": answer.latency, "cost": answer.cost, "overall": answer.overall,
                }
                for name, column in columns.items():
                    verdict = answer.scores.get(name)
                    row[column] = None if verdict is None else verdict.value
                    row[f"{column}.passed"] = None if verdict is None else verdict.passed
                yield row

    def columns(self) -> dict[str, list[Any]]:
        """The rows as columns; all have the same length."""
        columns: dict[str, list[Any]] = {}
        for row in self.rows():
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
        return columns

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``; pandas must be there."""
        import pandas

        return pandas.DataFrame(self.columns())

    def to_polars(self) -> Any:
        """The rows as a ``polars.DataFrame``; polars must be there."""
        import polars

        return polars.DataFrame(self.columns(), strict=False, infer_schema_length=None)

    def to_arrow(self) -> Any:
        """The rows as a ``pyarrow.Table``; pyarrow must be there."""
        import pyarrow

        return cast("Any", pyarrow).table(self.columns())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows for any library that reads Arrow's PyCapsules; pyarrow must be there, which makes them."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def plot(self, metric: str | None = None) -> Any:
        """Means with their intervals as inline SVG: of one metric, or of all."""
        from ._plot import Picture, means

        return Picture(means(self, metric))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a report; its kind is told by the ending.

        Parameters
        ----------
        path : str or path
            ``.html`` (one file, with charts and every answer), ``.json``, ``.jsonl``, ``.csv``, ``.md``
            or ``.xml`` (JUnit).
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in _KINDS:
            raise ValueError(f"no report ends in {ending!r}; {', '.join(_KINDS)} do")
        self._native.write(_KINDS[ending], os.fspath(path))

    def compare(self, other: Run, *, correction: str = "holm") -> Comparison:
        """This run against a later one; see :func:`compare`."""
        return compare(self, other, correction=correction)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Run {self.id[:12]} of {self.name!r}, {len(self)} cases, {len(self.bots)} bots>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.run(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return open_run, (self.id, self._store)


def open_run(name: str = "latest", store: Store | str | None = None) -> Run:
    """A run of a store.

    Parameters
    ----------
    name : str
        ``"latest"``, an id, or the beginning of one.
    store : Store or str, optional
        The store or its URL; the configuration's by default.

    Raises
    ------
    NotFoundError
        If there is none.

    Examples
    --------
    >>> import botsmith as bs
    >>> store = bs.Store("memory:")
    >>> made = bs.evaluate(bots=str.upper, dataset=[{"input": "a"}], evaluators=["words"], store=store, progress=False)
    >>> bs.open_run("latest", store) == made == bs.open_run(made.id[:8], store)
    True
    """
    held = opened(store)
    return Run(_native.open_run(held._native, name), held)


def runs(store: Store | str | None = None) -> list[dict[str, Any]]:
    """The runs of a store, newest first: ``id``, ``suite``, ``complete``, ``passed``, ``cases``.

    Parameters
    ----------
    store : Store or str, optional
        The store or its URL; the configuration's by default.

    Examples
    --------
    >>> import botsmith as bs
    >>> store = bs.Store("memory:")
    >>> _ = bs.evaluate(
    ...     bots=str.upper, dataset=[{"input": "a"}], evaluators=["words"], store=store, name="first", progress=False
    ... )
    >>> [(run["suite"], run["cases"]) for run in bs.runs(store)]
    [('first', 1)]
    """
    held = opened(store)
    found: list[dict[str, Any]] = json.loads(_native.list_runs(held._native))
    return found


def compare(a: Run, b: Run, *, correction: str = "holm") -> Comparison:
    """Two runs over the cases that both have: the same bots on the same metrics.

    Parameters
    ----------
    a, b : Run
        The earlier and the later one.
    correction : {"holm", "bonferroni", "benjamini-hochberg", "benjamini-yekutieli"}
        How p-values are corrected for their number.

    Examples
    --------
    >>> import botsmith as bs
    >>> rows = [{"id": f"c{n}", "input": f"{n}", "reference": f"{n}"} for n in range(20)]
    >>> given = {"dataset": rows, "evaluators": ["equals"], "progress": False}
    >>> before = bs.evaluate(bots={"bot": lambda text: "7"}, **given)
    >>> after = bs.evaluate(bots={"bot": lambda text: text}, **given)
    >>> (difference,) = bs.compare(before, after)
    >>> difference.difference, difference.better, len(bs.compare(before, after).flips)
    (0.95, 'b', 19)
    """
    for run in (a, b):
        if not isinstance(cast("object", run), Run):
            raise TypeError(f"compare wants two runs, not {type(run).__name__}")
    text = _native.compare(a._native, b._native, correction)
    return Comparison.of(json.loads(text))


def opened(store: Store | str | None) -> Store:
    """A store, by itself or by its URL."""
    return store if isinstance(store, Store) else Store(store)
