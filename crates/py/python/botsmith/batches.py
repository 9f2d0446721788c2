"""Steps over batches of rows, for Ray Data's ``map_batches``, ``datasets.map(batched=True)`` and loops of your own.

A step is called with a batch and gives the same batch with more columns. A batch is a mapping of columns (of
lists, or of NumPy arrays as Ray has them by default), or a data frame of pandas, polars or pyarrow; what comes
out is of the kind that went in. Steps are pickled by what they are made of, never with models or connections, so
that each worker makes its own.

``ray_dataset.map_batches(batches.Score("rouge"))`` is all that Ray needs; with actors,
``map_batches(batches.Annotate, fn_constructor_kwargs={"text": "body"}, compute=ActorPoolStrategy(size=2))``.

Examples
--------
>>> from botsmith import batches
>>> batches.Score("levenshtein")({"answer": ["flaw", "same"], "reference": ["lawn", "same"]})["levenshtein"]
[0.5, 1.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from . import _native
from ._batch import column, length, with_columns

__all__ = ["Annotate", "Ask", "Judge", "Score"]


@dataclass(frozen=True)
class Annotate:
    """Reads language: adds a list a row for each column of words that is asked for.

    Parameters
    ----------
    columns : sequence of str
        Of ``forms``, ``lemmas``, ``upos``, ``xpos``, ``feats``.
    text : str
        The column that holds the texts; a missing text is an empty one.
    pipeline : Pipeline or str
        A pipeline, or its name for :func:`botsmith.nlp.load`.
    threads : int
        Working threads; one by default, as Ray runs a step on every core.

    Examples
    --------
    >>> from botsmith import batches
    >>> batches.Annotate(["lemmas"])({"text": ["She was late."]})["lemmas"]
    [['she', 'be', 'late', '.']]
    """

    columns: Sequence[str] = ("lemmas", "upos")
    text: str = "text"
    pipeline: Any = "en"
    threads: int = 1

    def __post_init__(self) -> None:
        known = ("forms", "lemmas", "upos", "xpos", "feats")
        if isinstance(self.columns, str):
            raise TypeError(f"columns wants a list of names, such as [{self.columns!r}]")
        for name in self.columns:
            if name not in known:
                raise ValueError(f"no column {name!r}; there are {', '.join(known)}")

    def __call__(self, batch: Any) -> Any:
        """The batch with the columns."""
        from . import nlp

        pipeline = nlp.load(self.pipeline) if isinstance(self.pipeline, str) else self.pipeline
        texts = ["" if text is None else text for text in column(batch, self.text)]
        docs = list(pipeline.pipe(texts, threads=self.threads))
        return with_columns(batch, {name: [getattr(doc, name) for doc in docs] for name in self.columns})


@dataclass(frozen=True)
class Score:
    """Judges each row by a text metric, or any other evaluator that needs a text and a reference only.

    Parameters
    ----------
    metric : str
        Its name, as :func:`botsmith.metrics.names` gives them.
    options : mapping
        Its options, as in a suite.
    candidate, reference : str
        The columns that hold the answers and the references; a row that lacks either gets ``None``.
    output : str, optional
        The new column; named like the metric by default.
    threads : int
        Working threads; one by default, as Ray runs a step on every core.

    Examples
    --------
    >>> from botsmith import batches
    >>> batches.Score("rouge", {"variant": "L"}, output="l")({"answer": ["a b"], "reference": ["a c"]})["l"]
    [0.5]
    """

    metric: str
    options: dict[str, Any] = field(default_factory=lambda: cast("dict[str, Any]", {}))
    candidate: str = "answer"
    reference: str = "reference"
    output: str | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        # What is wrong with the options is said here, not on a worker.
        self._scorer()

    def _scorer(self) -> _native.Metric:
        import json

        options = {key.replace("_", "-"): value for key, value in self.options.items()}
        return _native.Metric(self.metric, json.dumps(options, allow_nan=False) if options else None)

    def __call__(self, batch: Any) -> Any:
        """The batch with the scores."""
        pairs = list(zip(column(batch, self.candidate), column(batch, self.reference), strict=True))
        there = [pair for pair in pairs if pair[0] is not None and pair[1] is not None]
        references = [one if isinstance(one, str) else list(one) for _, one in there]
        scores = iter(self._scorer().scores([text for text, _ in there], references, self.threads))
        found = [None if None in (text, of) else next(scores) for text, of in pairs]
        return with_columns(batch, {self.output or self.metric: found})


@dataclass(frozen=True)
class Ask:
    """Asks a bot about each row: adds ``answer``, ``answer.outcome`` and ``answer.error``.

    Parameters
    ----------
    bot
        A :class:`botsmith.Bot`, the path of a cartridge, or any callable, as in :func:`botsmith.evaluate`.
    input : str
        The column that holds the questions.
    output : str
        The name of the new columns.
    concurrency : int
        Questions at once.

    Examples
    --------
    >>> from botsmith import batches
    >>> batches.Ask(str.upper)({"input": ["ahoy"]})["answer"]
    ['AHOY']
    """

    bot: Any
    input: str = "input"
    output: str = "answer"
    concurrency: int = 4

    def __call__(self, batch: Any) -> Any:
        """The batch with the answers."""
        questions = column(batch, self.input)
        from ._eval import evaluate

        answers: list[Any] = []
        if questions:
            dataset = [{"id": str(at), "input": text} for at, text in enumerate(questions)]
            run = evaluate(
                bots=[self.bot], dataset=dataset, evaluators=["words"], concurrency=self.concurrency,
                progress=False, warn=False,
            )
            answers = [case.answers[0] for case in run]
        answered = [answer.outcome == "answered" for answer in answers]
        return with_columns(batch, {
            self.output: [a.text if done else None for a, done in zip(answers, answered, strict=True)],
            f"{self.output}.outcome": [answer.outcome for answer in answers],
            f"{self.output}.error": [answer.error for answer in answers],
        })


@dataclass(frozen=True)
class Judge:
    """Judges recorded answers: adds each evaluator's value, and ``NAME.passed`` with its verdict.

    Parameters
    ----------
    evaluators
        As in :func:`botsmith.evaluate`: names, mappings, callables.
    answer : str
        The column that holds the answers; all others are fields of the case (``input``, ``reference``, …).
    fields : mapping, optional
        Which column is what, where names differ.

    Examples
    --------
    >>> from botsmith import batches
    >>> judge = batches.Judge(["equals", "words"])
    >>> judge({"input": ["2 + 2?"], "answer": ["4"], "reference": ["4"]})["equals.passed"]
    [True]
    """

    evaluators: Any
    answer: str = "answer"
    fields: dict[str, str] | None = None

    def __call__(self, batch: Any) -> Any:
        """The batch with the scores."""
        from ._batch import rows
        from ._eval import evaluate

        found: dict[str, list[Any]] = {}
        if length(batch):
            pointer = "/" + self.answer.replace("~", "~0").replace("/", "~1")
            dataset = [{**row, "id": str(at)} for at, row in enumerate(rows(batch))]
            run = evaluate(
                bots=[{"name": "answer", "recorded": {"answer": pointer}}], dataset=dataset,
                evaluators=self.evaluators, fields=self.fields, progress=False, warn=False,
            )
            for name in run.metrics:
                scores = [case.answers[0].scores.get(name) for case in run]
                found[name] = [None if score is None else score.value for score in scores]
                found[f"{name}.passed"] = [None if score is None else score.passed for score in scores]
        return with_columns(batch, found)
